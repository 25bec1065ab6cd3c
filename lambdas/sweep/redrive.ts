import * as z from 'zod';
import { DeliveryMessage, type DeliveryStep } from '../../shared/domain/delivery.ts';
import { TravellingEvent } from '../../shared/domain/event.ts';
import { Job } from '../../shared/domain/job.ts';
import { deliveryId } from '../../shared/domain/id.ts';
import { heldOf, type Stretch } from '../../shared/domain/hold.ts';
import { isOfErased } from '../../shared/domain/tenancy.ts';
import type { Subscription } from '../../shared/domain/subscription.ts';
import type { Tried } from '../../shared/domain/walk.ts';
import type { DeadLetter } from '../../shared/store/attempts.ts';
import type { Whom } from '../../shared/store/health.ts';
import type { Tenant } from '../../shared/store/tenants.ts';

/** A message of a queue of last resort. */
export interface Last {
  body: string;
  /** Takes it out of its queue. */
  remove(): Promise<void>;
}

export interface RedriveWorld {
  now(): Date;
  /** A few at a time, until there are no more that can be seen. */
  last(queue: 'undeliverable' | 'dead'): AsyncIterable<Last>;
  tenant(tenant: string): Promise<Tenant | undefined>;
  isMatched(tenant: string, eventId: string): Promise<boolean>;
  /** Answers what the bus did not take. */
  publish(events: readonly TravellingEvent[]): Promise<TravellingEvent[]>;
  subscription(tenant: string, id: string): Promise<Subscription | undefined>;
  attemptsBetween(whom: Whom, stretch: Stretch): Promise<ReadonlyMap<string, readonly Tried[]>>;
  bury(letter: DeadLetter): Promise<void>;
  noteFailure(what: string, error: unknown, line: Record<string, string | number>): void;
  note(what: string, line: Record<string, string | number>): void;
}

const FromBus = z.object({ detail: TravellingEvent });
/** A tick that did not come in its time: the next one did all that it would have asked for. */
const Tick = Job.options[0];
const Letter = z.union([DeliveryMessage, FromBus, Tick]);

const parsedLetter = (body: string): z.infer<typeof Letter> | undefined => {
  try {
    return Letter.safeParse(JSON.parse(body)).data;
  } catch {
    return undefined;
  }
};

/** Publishes an event again that never came to be matched. True where it need not be kept any more. */
async function publishAgain(event: TravellingEvent, world: RedriveWorld): Promise<boolean> {
  if (await world.isMatched(event.tenant, event.event_id)) return true;
  return (await world.publish([{ ...event, doubt: true }])).length === 0;
}

/**
 * Whether the message has nothing to do any more for this delivery: its step was made, although that of another delivery in the
 * message was not, or the walk after its subscription's release finds it.
 */
async function isSettled({ event }: DeliveryMessage, step: DeliveryStep, world: RedriveWorld): Promise<boolean> {
  const { tenant, event_id, accepted_at: from } = event;
  const to = new Date(Date.parse(from) + 1).toISOString();
  const attempts = await world.attemptsBetween({ tenant, subscriptionId: step.subscription_id }, { from, to });
  const isMade = attempts
    .get(event_id)
    ?.some((tried) => tried.run === step.run && (tried.next === 'cancelled' || tried.attempt >= step.attempt));
  if (isMade === true) return true;
  const subscription = await world.subscription(tenant, step.subscription_id);
  const held = subscription && heldOf(subscription);
  return held !== undefined && step.run === 1 && from >= held.since;
}

/** What our own code failed at five times becomes a dead letter of each delivery, which can be listed and replayed. */
async function buryFaults(message: DeliveryMessage, world: RedriveWorld): Promise<void> {
  const { event, deliveries } = message;
  const { tenant, event_id: eventId, accepted_at: acceptedAt } = event;
  for (const step of deliveries) {
    if (await isSettled(message, step, world)) continue;
    const { subscription_id: subscriptionId, run } = step;
    const id = deliveryId({ tenant, eventId, acceptedAt, subscriptionId });
    const letter = { event, subscriptionId, deliveryId: id, run, kind: 'fault' as const, reason: 'fault' as const };
    await world.bury({ ...letter, at: world.now().toISOString() });
    world.noteFailure('delivery.fault', new Error('our own code failed five times'), {
      tenant,
      event_id: eventId,
      subscription_id: subscriptionId,
    });
  }
}

/** True where the message need not be kept any more. */
async function goOn(letter: z.infer<typeof Letter>, world: RedriveWorld): Promise<boolean> {
  if (!('deliveries' in letter || 'detail' in letter)) return true;
  // Neither is there anybody to get it, nor a letter.
  if (await isOfErased('detail' in letter ? letter.detail : letter.event, world)) return true;
  if ('detail' in letter) return publishAgain(letter.detail, world);
  await buryFaults(letter, world);
  return true;
}

/**
 * Takes from a queue of last resort what can go on. EventBridge's own dead letters cannot be moved back by SQS, for their source is
 * no queue, so they are published again here. What nobody can read stays for a person.
 */
export async function redrive(queue: 'undeliverable' | 'dead', world: RedriveWorld): Promise<void> {
  let done = 0;
  let kept = 0;
  for await (const { body, remove } of world.last(queue)) {
    const letter = parsedLetter(body);
    if (letter === undefined || !(await goOn(letter, world))) {
      kept += 1;
      continue;
    }
    await remove();
    done += 1;
  }
  if (done + kept > 0) world.note('sweep.redrive', { queue, done, kept });
}
