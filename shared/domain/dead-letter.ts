import type { Job } from './job.ts';

/** What a notice needs to know of a dead letter. */
export interface Died {
  event: { tenant: string };
  subscriptionId: string;
  deliveryId: string;
  run: number;
  reason: string;
  at: string;
}

/** A notice that named them all could be longer than a message. */
const MOST_NAMED = 100;

/** Tells of deliveries to one subscription that died of one reason. @param letters at least one */
export function noticeOfDead(letters: readonly Died[]): Job {
  const [first] = letters;
  if (first === undefined) throw new Error('nobody died');
  return {
    v: 1,
    kind: 'notice',
    tenant: first.event.tenant,
    subscription_id: first.subscriptionId,
    id: `${first.deliveryId}-${first.run}`,
    event_type: 'DeadLetter.Created',
    at: first.at,
    data: {
      subscription_id: first.subscriptionId,
      reason: first.reason,
      count: letters.length,
      delivery_ids: letters.slice(0, MOST_NAMED).map(({ deliveryId }) => deliveryId),
    },
  };
}
