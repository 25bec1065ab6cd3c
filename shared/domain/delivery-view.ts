import type { Attempt } from './attempt.ts';
import type { DeliveryState, WaitingFor } from './delivery.ts';
import type { EventFacts } from './event.ts';
import { deliveryId } from './id.ts';
import type { Death } from './retry.ts';
import type { Subscription } from './subscription.ts';

/** What is known of one delivery: the event, whom it is for, and its attempts so far, oldest first. */
export interface Known {
  event: EventFacts;
  subscriptionId: string;
  /** Undefined where it is deleted. */
  subscription: Subscription | undefined;
  attempts: readonly Attempt[];
  /** Why it was given up, where it was. */
  death: Death | undefined;
  /** Whether the subscription, by its types and filter as they are now, takes the event. */
  isWanted: boolean;
}

interface Standing {
  state: DeliveryState;
  waiting_for?: WaitingFor;
  due_at?: string;
  reason?: string;
}

function standingOf({ subscription, attempts, death, isWanted }: Known): Standing {
  const last = attempts.at(-1);
  if (last?.next === 'done') return { state: 'delivered' };
  // These two are the verdict on an attempt, whose record follows the letter by a moment: until then it is under way.
  const isVerdict = death === 'exhausted' || death === 'gone';
  const reason = last?.died ?? (isVerdict ? undefined : death);
  if (reason !== undefined) return { state: 'dead', reason };
  if (subscription === undefined || !isWanted) return { state: 'cancelled' };
  if (subscription.status === 'disabled') return { state: 'missed' };
  if (subscription.status === 'paused') return { state: 'waiting', waiting_for: 'paused' };
  if (last === undefined) return { state: 'pending' };
  return { state: 'waiting', waiting_for: 'schedule', ...(last.next_at !== undefined && { due_at: last.next_at }) };
}

/** An attempt as callers see it. */
export const shownAttempt = ({ run: _run, died: _died, ...attempt }: Attempt): Omit<Attempt, 'run' | 'died'> => attempt;

/** A delivery as callers see it. */
export function shownDelivery(known: Known): Record<string, unknown> {
  const { event, subscriptionId, attempts } = known;
  const [first, last] = [attempts[0], attempts.at(-1)];
  return {
    delivery_id: deliveryId({
      tenant: event.tenant,
      eventId: event.event_id,
      acceptedAt: event.accepted_at,
      subscriptionId,
    }),
    event_id: event.event_id,
    event_type: event.type,
    subscription_id: subscriptionId,
    ...standingOf(known),
    attempts: attempts.length,
    first_at: first?.at ?? null,
    last_at: last?.at ?? null,
    ...(last !== undefined && { last: shownAttempt(last) }),
  };
}
