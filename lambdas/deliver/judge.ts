import type { DeliveryStep } from '../../shared/domain/delivery.ts';
import type { Outcome } from '../../shared/domain/outcome.ts';
import { decide, restUntil, type Next } from '../../shared/domain/retry.ts';
import type { Subscription } from '../../shared/domain/subscription.ts';
import type { Health } from '../../shared/store/health.ts';
import { close, openIfFailing, probeFailed } from './circuit.ts';
import { isExpired, whomOf, withoutProbe } from './work.ts';
import type { Work, World } from './world.ts';

/** Answers that take longer than this do not show that a suspect is well again. */
const IN_TIME_MS = 1_000;

/** A request that was made. */
export interface Made {
  outcome: Outcome;
  at: Date;
  /** It probed an open circuit. */
  isProbe: boolean;
}

/** The delivery's next attempt as the schedule has it; probes are not counted. */
function scheduled(work: Work, subscription: Subscription, { made, world }: { made: Made; world: World }): Next {
  const { attempt, probes = 0 } = work.step;
  const now = world.now().getTime();
  const policy = subscription.retry;
  return decide({ outcome: made.outcome, attempt: attempt - probes, policy, now, jitter: world.jitter() });
}

/** The subscriber took it: closes his circuit, and tells that he answers where somebody may think otherwise. */
async function taken(work: Work, { outcome, isProbe }: Made, world: World): Promise<void> {
  const whom = whomOf(work);
  const answered = { at: world.now(), inTime: outcome.duration_ms < IN_TIME_MS ? 'yes' : 'no' } as const;
  if (isProbe) {
    await close(whom, world);
    await world.recovered(whom, answered);
  } else if ((await world.troubleOf(whom.tenant, whom.subscriptionId)) !== undefined) {
    await world.answered(whom, answered);
  }
}

/** How soon a circuit is probed again that could not be written down. */
const PROBED_AGAIN_MS = 60_000;

/** How a probe that failed goes on: as the next probe, unless there is no more circuit or it is too old. */
async function afterProbe(work: Work, subscription: Subscription, { health, next, world }: Judging): Promise<Next> {
  const at = world.now();
  const after = await unlessBroken(work, () => probeFailed(whomOf(work), health, world), world);
  if (after?.kind === 'no circuit') return next;
  if (after?.kind === 'disabled') return { kind: 'dead', because: 'subscription_disabled' };
  if (isExpired(work, subscription, at)) return { kind: 'dead', because: 'expired' };
  return { kind: 'wait', notBefore: after?.at ?? at.getTime() + PROBED_AGAIN_MS, why: 'circuit' };
}

interface Judging {
  health: Health;
  next: Next;
  world: World;
}

/** The request has been made. What cannot be learnt or written down now must not make it a second time: the next one does it. */
async function unlessBroken<T>(work: Work, act: () => Promise<T>, world: World): Promise<T | undefined> {
  try {
    return await act();
  } catch (error) {
    const { tenant, subscriptionId: subscription_id } = whomOf(work);
    world.noteFailure('circuit.not_changed', error, { tenant, subscription_id });
    return undefined;
  }
}

/**
 * How the delivery goes on, and what the answer means for its subscription beyond that: its health, its circuit, whether it is
 * over.
 */
export async function judge(
  work: Work,
  subscription: Subscription,
  { made, world }: { made: Made; world: World },
): Promise<Next> {
  const { outcome, isProbe } = made;
  const next = scheduled(work, subscription, { made, world });
  if (outcome.kind === 'accepted') {
    await unlessBroken(work, () => taken(work, made, world), world);
    return next;
  }
  const slowUntil = restUntil(outcome, world.now().getTime());
  const health = await world.failed({ whom: whomOf(work), slowUntil });
  if (next.kind === 'dead' && next.because === 'gone') return next;
  if (isProbe) return afterProbe(work, subscription, { health, next, world });
  const again = next.kind === 'wait' ? { ...withoutProbe(work.step), attempt: work.step.attempt + 1 } : undefined;
  await unlessBroken(work, () => openIfFailing(work, { health, next: again, world }), world);
  return next;
}

/** What the next step is: a probe that failed comes back as a probe, and is not counted by the schedule. */
export function following({ step }: Work, { isProbe }: Made): DeliveryStep {
  const attempt = step.attempt + 1;
  if (!isProbe) return { ...withoutProbe(step), attempt };
  return { ...withoutProbe(step), attempt, probes: (step.probes ?? 0) + 1, probe: true };
}
