import type { Attempt } from './attempt.ts';
import type { DeliveryState, WaitingFor } from './delivery.ts';
import type { EventFacts } from './event.ts';
import { heldOf, isMissed } from './hold.ts';
import { deliveryId } from './id.ts';
import type { Subscription } from './subscription.ts';

/** What is known of one delivery: the event, whom it is for, and its attempts so far, oldest first. */
export interface Known {
  event: Pick<EventFacts, 'tenant' | 'event_id' | 'type' | 'accepted_at'>;
  subscriptionId: string;
  /** Undefined where it is deleted. */
  subscription: Subscription | undefined;
  attempts: readonly Attempt[];
  /** That it was given up, in which run and why, where it was. */
  letter: { run: number; reason: string } | undefined;
  /** Somebody took back what was still to come. */
  isCancelled: boolean;
  /** Whether the subscription, by its types and filter as they are now, takes the event. */
  isWanted: boolean;
  /** What it waits for, and until when in milliseconds since 1970, where that is listed. */
  waiting?: { why: WaitingFor; due: number } | undefined;
}

interface Standing {
  state: DeliveryState;
  waiting_for?: WaitingFor;
  due_at?: string;
  reason?: string;
}

/** These two are the verdict on an attempt, whose record follows the letter by a moment: until then it is under way. */
const isVerdict = (reason: string | undefined): boolean => reason === 'exhausted' || reason === 'gone';

function deathOf({ attempts, letter }: Known): string | undefined {
  const last = attempts.at(-1);
  if (last?.died !== undefined) return last.died;
  // The letter of an earlier run says nothing of this one.
  const isOfThisRun = letter !== undefined && letter.run >= (last?.run ?? 1);
  return isOfThisRun && !isVerdict(letter.reason) ? letter.reason : undefined;
}

/** What a delivery waits for that is neither over nor missed. */
function waitOf({ event, subscription, attempts, waiting }: Known): Standing {
  const last = attempts.at(-1);
  const held = subscription && heldOf(subscription);
  if (held?.reason === 'paused') return { state: 'waiting', waiting_for: 'paused' };
  if (held?.reason === 'circuit' && (last !== undefined || event.accepted_at >= held.since)) {
    return { state: 'waiting', waiting_for: 'circuit' };
  }
  if (waiting !== undefined) {
    return { state: 'waiting', waiting_for: waiting.why, due_at: new Date(waiting.due).toISOString() };
  }
  if (last === undefined) return { state: 'pending' };
  return {
    state: 'waiting',
    waiting_for: last.waits_for ?? 'schedule',
    ...(last.next_at !== undefined && { due_at: last.next_at }),
  };
}

function standingOf(known: Known): Standing {
  const { event, subscription, attempts, isCancelled, isWanted } = known;
  const last = attempts.at(-1);
  if (last?.next === 'done') return { state: 'delivered' };
  const reason = deathOf(known);
  if (reason !== undefined) return { state: 'dead', reason };
  if (isCancelled || subscription === undefined || !isWanted) return { state: 'cancelled' };
  const holding = { gaps: subscription.gaps, held: heldOf(subscription) };
  if (last === undefined && isMissed(event.accepted_at, holding)) return { state: 'missed' };
  return waitOf(known);
}

/** An attempt as callers see it. */
export const shownAttempt = ({
  run: _run,
  died: _died,
  waits_for: _waits,
  ...attempt
}: Attempt): Omit<Attempt, 'run' | 'died' | 'waits_for'> => attempt;

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
