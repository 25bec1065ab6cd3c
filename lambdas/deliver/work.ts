import type { DeliveryStep, WaitingFor } from '../../shared/domain/delivery.ts';
import { OPERATIONAL_GROUP } from '../../shared/catalogue/operational.ts';
import { deliveryId } from '../../shared/domain/id.ts';
import { ageOf } from '../../shared/domain/hold.ts';
import { nextHop, oldestOf, type Death } from '../../shared/domain/retry.ts';
import type { Subscription } from '../../shared/domain/subscription.ts';
import type { Letter } from '../../shared/store/attempts.ts';
import type { Whom } from '../../shared/store/health.ts';
import type { StepOf } from '../../shared/store/keys.ts';
import type { Outgoing, Work, World } from './world.ts';

export const whomOf = ({ event, step }: Work): Whom => ({
  tenant: event.tenant,
  subscriptionId: step.subscription_id,
});

export const stepOf = ({ event, step }: Work): StepOf => ({
  event,
  subscriptionId: step.subscription_id,
  run: step.run,
  attempt: step.attempt,
});

export const idOf = ({ event, step }: Work): string =>
  deliveryId({
    tenant: event.tenant,
    eventId: event.event_id,
    acceptedAt: event.accepted_at,
    subscriptionId: step.subscription_id,
  });

/**
 * The delivery's message, to come again as `step` in `delay` seconds. Always in doubt: if we die before the message we hold is
 * acked, both of them are there.
 */
export const messageOf = ({ event }: Work, step: DeliveryStep, delay: number): Outgoing => ({
  body: { v: 1, event: { ...event, doubt: true }, deliveries: [step] },
  group: step.subscription_id,
  delay,
});

/** It waits no more. What is listed as waiting, and is not, would be shown to people. */
export async function over(work: Work, world: World): Promise<void> {
  if (work.step.not_before !== undefined) await world.over(stepOf(work), work.step.not_before);
}

export interface Wait {
  step: DeliveryStep;
  /** Milliseconds since 1970. */
  until: number;
  why: WaitingFor;
}

/** Puts the delivery on the shelf, from where the sweep sends it. The shelf keeps no data: it is read again when it goes. */
export async function shelve(work: Work, { step, until, why }: Wait, world: World): Promise<void> {
  const { body: _body, ...event } = work.event;
  await world.rest({ event: { ...event, doubt: true }, step: { ...step, not_before: until }, due: until, why });
  if (work.step.not_before !== until) await over(work, world);
}

const LONGEST_IN_QUEUE_MS = 900_000;

/** Arranges that the delivery comes again: by a queue where that can hold it for so long, else by the shelf. */
export async function putOff(work: Work, wait: Wait, world: World): Promise<void> {
  const { step, until, why } = wait;
  const now = world.now().getTime();
  if (until - now > LONGEST_IN_QUEUE_MS) return shelve(work, wait, world);
  const { body: _body, ...event } = work.event;
  const again = { ...step, not_before: until };
  await world.enqueue(messageOf(work, again, nextHop(until, now)));
  await world.expect({ event, step: again, due: until, why });
  if (work.step.not_before !== until) await over(work, world);
}

/** Gives the delivery up. What is not asked for any more, or is too old, must not vanish without a reason. */
export async function bury(work: Work, reason: Death, { world, last }: { world: World; last?: Letter['last'] }) {
  const { event, step } = work;
  const { subscription_id, run, replay_id } = step;
  const letter = {
    event,
    subscriptionId: subscription_id,
    deliveryId: idOf(work),
    run,
    kind: 'delivery' as const,
    reason,
    at: world.now().toISOString(),
    ...(last !== undefined && { last }),
  };
  await world.bury(letter);
  // A notice about a notice that died could go on for ever.
  if (event.group !== OPERATIONAL_GROUP) await world.tellDead(letter);
  if (replay_id !== undefined) await world.count(whomOf(work), replay_id, 'dead');
  await over(work, world);
  const { tenant, event_id, type: event_type } = event;
  world.note('delivery.died', { tenant, event_id, event_type, subscription_id, run, reason });
}

/** Older than its schedule is long. What somebody wants made again was older than that from the start. */
export const isExpired = ({ event, step }: Work, subscription: Subscription, now: Date): boolean =>
  step.run === 1 && ageOf(event.accepted_at, subscription, now) > oldestOf(subscription.retry);

/** The step as one that waits like any other. */
export const withoutProbe = ({ probe: _probe, slot: _slot, crowded: _crowded, ...step }: DeliveryStep): DeliveryStep =>
  step;
