import type { Attempt } from './attempt.ts';
import type { DeliveryStep } from './delivery.ts';
import { ageOf, heldOf, isMissed } from './hold.ts';
import { takes } from './interest.ts';
import { oldestOf } from './retry.ts';
import type { Subscription } from './subscription.ts';

/** One attempt of a delivery, or what stands in the place of one that was cancelled. */
export type Tried = Attempt | { run: number; next: 'cancelled' };

/** What is known of one delivery when a walk comes to its event. */
export interface Past {
  /** Of all runs, oldest first. */
  attempts: readonly Tried[];
  /** That it was given up, in which run. */
  letter: { run: number } | undefined;
}

/** Whether it is given up as things stand: the letter of an earlier run says nothing of this one. */
const isDead = ({ attempts, letter }: Past): boolean =>
  letter !== undefined && letter.run >= (attempts.at(-1)?.run ?? 1);

/** The step that a delivery still has to make, or undefined where it is over: made, given up, or taken back. */
export function stepAfter(subscriptionId: string, past: Past): DeliveryStep | undefined {
  const { attempts } = past;
  const last = attempts.at(-1);
  if (isDead(past)) return undefined;
  if (last === undefined) return { subscription_id: subscriptionId, run: 1, attempt: 1 };
  if (last.next !== 'wait') return undefined;
  const { run } = last;
  const probes = attempts.filter((tried) => tried.run === run && 'probe' in tried && tried.probe === true).length;
  const step = { subscription_id: subscriptionId, run, attempt: last.attempt + 1 };
  return probes > 0 ? { ...step, probes } : step;
}

/** What a walk is for. */
export interface Errand {
  kind: 'catch_up' | 'replay';
  only: 'unsettled' | 'dead' | 'missed' | 'all';
  /** The run of a replay's deliveries. */
  run: number;
  replay_id: string;
  started_at: string;
}

export type Plan =
  | { kind: 'send'; step: DeliveryStep }
  | { kind: 'skip' }
  | { kind: 'bury'; run: number; reason: 'expired' | 'retention' };

const SKIP: Plan = { kind: 'skip' };

export interface Planned {
  event: { type: string; group: string; accepted_at: string };
  past: Past;
  subscription: Subscription;
  errand: Errand;
  /** What was accepted before then is about to go. */
  goingBefore: string;
}

/** So long before its event goes a delivery that was not made becomes a dead letter, which outlives it. */
const BEFORE_RETENTION_MS = 12 * 60 * 60_000;

/** What was accepted before then is about to be taken by a retention of so many milliseconds. RFC 3339. */
export const goingBefore = (now: Date, retentionMs: number): string =>
  new Date(now.getTime() - retentionMs + BEFORE_RETENTION_MS).toISOString();

/** Whether a replay is about this delivery. What has an attempt of its run is on its way already. */
function isMeant({ event, past, subscription, errand }: Planned): boolean {
  const { attempts, letter } = past;
  if (Math.max(letter?.run ?? 0, ...attempts.map(({ run }) => run)) >= errand.run) return false;
  if (errand.only === 'dead') return isDead(past);
  if (errand.only === 'missed') {
    const isNew = attempts.length === 0 && letter === undefined;
    return isNew && isMissed(event.accepted_at, { gaps: subscription.gaps, held: heldOf(subscription) });
  }
  return true;
}

/**
 * Whether it would have died on its schedule by the time its subscription was released. From then on it waits for its turn in the
 * walk, and that makes it no older.
 */
const isTooOld = ({ event, subscription, errand }: Planned): boolean =>
  ageOf(event.accepted_at, { pauses: subscription.pauses }, new Date(errand.started_at)) > oldestOf(subscription.retry);

/** What a walk does with the delivery of one event to the subscription, as that is now. Its filter is not looked at. */
export function plan(planned: Planned): Plan {
  const { event, past, subscription, errand } = planned;
  const { replay_id } = errand;
  if (!takes(subscription.event_types, event)) return SKIP;
  if (errand.kind === 'replay') {
    const step = { subscription_id: subscription.id, run: errand.run, attempt: 1, replay_id };
    return isMeant(planned) ? { kind: 'send', step } : SKIP;
  }
  const step = stepAfter(subscription.id, past);
  if (step === undefined) return SKIP;
  const { run } = step;
  if (isTooOld(planned)) return { kind: 'bury', run, reason: 'expired' };
  // A catch-up that is slower than the retention would find the event gone, and nothing to say that it was there.
  if (event.accepted_at < planned.goingBefore) return { kind: 'bury', run, reason: 'retention' };
  return { kind: 'send', step: { ...step, replay_id } };
}
