import type { Attempt } from './attempt.ts';
import type { DeliveryStep } from './delivery.ts';
import { ageOf, isMissed, heldOf } from './hold.ts';
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

/** The step that a delivery still has to make, or undefined where it is over: made, given up, or taken back. */
export function stepAfter(subscriptionId: string, { attempts, letter }: Past): DeliveryStep | undefined {
  const last = attempts.at(-1);
  const run = last?.run ?? 1;
  if (letter !== undefined && letter.run >= run) return undefined;
  if (last === undefined) return { subscription_id: subscriptionId, run: 1, attempt: 1 };
  if (last.next !== 'wait') return undefined;
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
}

export type Plan = { kind: 'send'; step: DeliveryStep } | { kind: 'skip' } | { kind: 'expire'; run: number };

const SKIP: Plan = { kind: 'skip' };

export interface Planned {
  acceptedAt: string;
  past: Past;
  subscription: Subscription;
  errand: Errand;
  now: Date;
}

/** Whether a replay is about this delivery. */
function isMeant({ acceptedAt, past, subscription, errand }: Planned): boolean {
  const isNew = past.attempts.length === 0 && past.letter === undefined;
  if (errand.only === 'dead') return past.letter !== undefined;
  if (errand.only === 'missed') {
    return isNew && isMissed(acceptedAt, { gaps: subscription.gaps, held: heldOf(subscription) });
  }
  return true;
}

/** What a walk does with one delivery of an event that the subscription takes. */
export function plan(planned: Planned): Plan {
  const { acceptedAt, past, subscription, errand, now } = planned;
  const { replay_id, run } = errand;
  if (errand.kind === 'replay') {
    const step = { subscription_id: subscription.id, run, attempt: 1, replay_id };
    return isMeant(planned) ? { kind: 'send', step } : SKIP;
  }
  const step = stepAfter(subscription.id, past);
  if (step === undefined) return SKIP;
  if (ageOf(acceptedAt, subscription, now) > oldestOf(subscription.retry)) return { kind: 'expire', run: step.run };
  return { kind: 'send', step: { ...step, replay_id } };
}
