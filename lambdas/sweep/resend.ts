import { travelling, type AcceptedEvent, type ErasedEvent } from '../../shared/domain/event.ts';
import type { Job } from '../../shared/domain/job.ts';
import type { Outgoing } from './shelf.ts';

export interface ResendWorld {
  find(tenant: string, eventId: string): Promise<AcceptedEvent | ErasedEvent | undefined>;
  /** Answers what could not be sent. */
  send(messages: readonly Outgoing[]): Promise<Outgoing[]>;
  note(what: string, line: Record<string, string | number>): void;
}

/** Makes one delivery once more, in a run of its own: its earlier attempts are not in its way, and its webhook-id is the same. */
export async function resend(job: Extract<Job, { kind: 'resend' }>, world: ResendWorld): Promise<void> {
  const { tenant, subscription_id, event_id, run } = job;
  const event = await world.find(tenant, event_id);
  // What was erased meanwhile is not sent.
  if (event?.body !== undefined) {
    const body = {
      v: 1 as const,
      event: { ...travelling(event), doubt: true as const },
      deliveries: [{ subscription_id, run, attempt: 1 }],
    };
    const unsent = await world.send([{ body, group: subscription_id, delay: 0 }]);
    if (unsent.length > 0) throw new Error('the delivery could not be sent');
  }
  world.note('sweep.resend', { tenant, subscription_id, event_id, run });
}
