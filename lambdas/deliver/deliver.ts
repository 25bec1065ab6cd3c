import { verdict, type Attempt } from '../../shared/domain/attempt.ts';
import type { DeliveryMessage, DeliveryStep } from '../../shared/domain/delivery.ts';
import {
  envelopeText,
  filterView,
  standardText,
  type AcceptedEvent,
  type TravellingEvent,
} from '../../shared/domain/event.ts';
import { matches } from '../../shared/domain/filter.ts';
import { deliveryId } from '../../shared/domain/id.ts';
import { takes } from '../../shared/domain/interest.ts';
import { filterIn } from '../../shared/domain/known-filters.ts';
import type { Outcome } from '../../shared/domain/outcome.ts';
import { decide, nextHop, type Death, type Next } from '../../shared/domain/retry.ts';
import type { Subscription } from '../../shared/domain/subscription.ts';
import type { Received } from '../../shared/runtime/batch.ts';
import type { Claim, DeadLetter } from '../../shared/store/attempts.ts';
import type { StepOf } from '../../shared/store/keys.ts';

/** One delivery for the lane's retries queue, fair by subscription. */
export interface Outgoing {
  body: DeliveryMessage;
  group: string;
  delay: number;
}

/** One request to a subscriber. */
export interface Sending {
  subscription: Subscription;
  id: string;
  text: string;
  traceparent: string | undefined;
  at: Date;
  /** Ends the request when the function's own time is nearly over; `post` then rejects. */
  signal: AbortSignal;
}

/** What deliver touches outside. */
export interface World {
  now(): Date;
  /** 0 to 1. */
  jitter(): number;
  /** The subscription as it stands, `lately` at most ten seconds old; undefined only where there is none. */
  subscription(tenant: string, id: string, as: 'lately' | 'now'): Promise<Subscription | undefined>;
  /** Whether an event of that moment is still kept. */
  isRetained(acceptedAt: string): boolean;
  /** The event with its data, for those whose data stayed behind. */
  find(tenant: string, eventId: string): Promise<AcceptedEvent | undefined>;
  claim(step: StepOf, lease: { now: Date; seconds: number }): Promise<Claim>;
  /** Signs and sends. What the subscriber does is the outcome; it throws only for a failure of ours. */
  post(sending: Sending): Promise<Outcome>;
  /** Resolves when the retry is durable. */
  enqueue(message: Outgoing): Promise<void>;
  record(step: StepOf, attempt: Attempt): Promise<void>;
  bury(letter: DeadLetter): Promise<void>;
  note(what: string, line: Record<string, string | number | boolean | undefined>): void;
  /** A failure of ours: the message comes again. */
  noteFailure(what: string, error: unknown, line: Record<string, string | number>): void;
}

/** Beyond an attempt's own time-out: for what stands around it. The lease must outlast the attempt. */
const MARGIN_SECONDS = 10;
/** How long a paused subscription's delivery rests until it is looked at again. */
const PAUSE_SECONDS = 60;
/** How long a delivery rests whose request was cut off because the function's time was over. */
const CUT_SECONDS = 5;

/** One delivery of a message, with what its next attempt needs. */
interface Work {
  event: TravellingEvent;
  step: DeliveryStep;
  /** The exact text of the event's data, read once a message; undefined where it is no more. */
  body: () => Promise<string | undefined>;
  signal: AbortSignal;
}

const stepOf = ({ event, step }: Work): StepOf => ({
  event,
  subscriptionId: step.subscription_id,
  run: step.run,
  attempt: step.attempt,
});

const idOf = ({ event, step }: Work): string =>
  deliveryId({
    tenant: event.tenant,
    eventId: event.event_id,
    acceptedAt: event.accepted_at,
    subscriptionId: step.subscription_id,
  });

/**
 * Puts the delivery back, to come again as `step` in `delay` seconds. Always in doubt: if we die before the message we hold
 * is acked, both of them are there.
 */
const again = ({ event }: Work, world: World, { step, delay }: { step: DeliveryStep; delay: number }): Promise<void> =>
  world.enqueue({
    body: { v: 1, event: { ...event, doubt: true }, deliveries: [step] },
    group: step.subscription_id,
    delay,
  });

/** Gives the delivery up. What is not asked for any more, or is too old, must not vanish without a reason. */
async function bury(work: Work, reason: Death, world: World): Promise<void> {
  const { event, step } = work;
  const at = world.now().toISOString();
  await world.bury({ event, subscriptionId: step.subscription_id, deliveryId: idOf(work), reason, at });
  const { tenant, event_id, type: event_type } = event;
  world.note('delivery.died', { tenant, event_id, event_type, subscription_id: step.subscription_id, reason });
}

/** Whether the subscription takes this event, by its types and filter: what match knew may be older. */
async function wants(subscription: Subscription, { event, body }: Work): Promise<boolean> {
  if (!takes(subscription.event_types, event)) return false;
  if (subscription.filter === null) return true;
  const text = await body();
  // Data that is no more tells nothing: match saw it and said yes, so the delivery dies with a reason and does not vanish.
  return (
    text === undefined || matches(filterIn(JSON.stringify(subscription.filter)), filterView(event, JSON.parse(text)))
  );
}

/** The subscription, where it is to get the event now or later. A no is never said from memory: it may just have changed. */
async function addressee(work: Work, world: World): Promise<Subscription | undefined> {
  const { event, step } = work;
  for (const as of ['lately', 'now'] as const) {
    const subscription = await world.subscription(event.tenant, step.subscription_id, as);
    if (subscription === undefined) continue;
    if (subscription.status !== 'disabled' && (await wants(subscription, work))) return subscription;
    // What never was attempted is missed, and can be asked for later; what was under way is given up.
    if (as === 'now' && subscription.status === 'disabled' && step.attempt > 1) {
      await bury(work, 'subscription_disabled', world);
    }
  }
  return undefined;
}

/** A first attempt that cannot have been made before needs no claim: the happy path is one write. */
async function claimed(work: Work, subscription: Subscription, world: World): Promise<boolean> {
  if (work.step.attempt === 1 && work.event.doubt !== true) return true;
  const now = world.now();
  const claim = await world.claim(stepOf(work), { now, seconds: subscription.timeout_seconds + MARGIN_SECONDS });
  if (claim.kind === 'held') {
    await again(work, world, { step: work.step, delay: Math.max(nextHop(claim.until, now.getTime()), 1) });
  }
  return claim.kind === 'ours';
}

const textFor = (subscription: Subscription, event: AcceptedEvent, id: string): string =>
  subscription.format === 'standard' ? standardText(event) : envelopeText(event, id);

/** Makes what follows from the attempt durable, and only then the attempt itself: a crash repeats a step and skips none. */
async function settle(work: Work, attempt: Attempt, { next, world }: { next: Next; world: World }): Promise<void> {
  const { step } = work;
  if (next.kind === 'wait') {
    const retry = { ...step, attempt: step.attempt + 1, not_before: next.notBefore };
    await again(work, world, { step: retry, delay: nextHop(next.notBefore, world.now().getTime()) });
  }
  if (next.kind === 'dead') await bury(work, next.because, world);
  await world.record(stepOf(work), attempt);
}

/** One request, or undefined where our own time was over before the answer came. */
async function posted(work: Work, subscription: Subscription, { body, world }: { body: string; world: World }) {
  const { event, signal } = work;
  const id = idOf(work);
  const at = world.now();
  const text = textFor(subscription, { ...event, body }, id);
  try {
    const outcome = await world.post({ subscription, id, text, traceparent: event.traceparent, at, signal });
    return { at, outcome };
  } catch (error) {
    if (signal.aborted) return undefined;
    throw error;
  }
}

async function attempt(work: Work, subscription: Subscription, world: World): Promise<void> {
  const { event, step } = work;
  const body = await work.body();
  if (body === undefined) return bury(work, 'retention', world);
  const made = await posted(work, subscription, { body, world });
  if (made === undefined) return again(work, world, { step, delay: CUT_SECONDS });

  const now = world.now().getTime();
  const { outcome } = made;
  const next = decide({ outcome, attempt: step.attempt, policy: subscription.retry, now, jitter: world.jitter() });
  const record: Attempt = {
    event_id: event.event_id,
    event_type: event.type,
    subscription_id: step.subscription_id,
    delivery_id: idOf(work),
    run: step.run,
    attempt: step.attempt,
    at: made.at.toISOString(),
    ...verdict(outcome, next),
  };
  await settle(work, record, { next, world });
  const { response_excerpt: _excerpt, ...line } = record;
  world.note('delivery.attempted', { ...line, tenant: event.tenant, group: event.group, doubt: event.doubt === true });
}

/** Makes the next attempt of one delivery, and arranges what comes after it. */
async function deliverOne(work: Work, world: World): Promise<void> {
  const { event, step } = work;
  const early = nextHop(step.not_before ?? 0, world.now().getTime());
  if (early > 0) return again(work, world, { step, delay: early });
  if (!world.isRetained(event.accepted_at)) return bury(work, 'retention', world);

  const subscription = await addressee(work, world);
  if (subscription === undefined) {
    const { tenant, event_id } = event;
    const { subscription_id, attempt: number } = step;
    return world.note('delivery.dropped', { tenant, event_id, subscription_id, attempt: number });
  }
  if (subscription.status === 'paused') return again(work, world, { step, delay: PAUSE_SECONDS });
  if (await claimed(work, subscription, world)) await attempt(work, subscription, world);
}

interface Batch {
  world: World;
  signal: AbortSignal;
}

function worksIn({ message, receiveCount }: Received<DeliveryMessage>, { world, signal }: Batch): Work[] {
  const event: TravellingEvent = receiveCount > 1 ? { ...message.event, doubt: true } : message.event;
  let read: Promise<string | undefined> | undefined;
  const body = (): Promise<string | undefined> =>
    (read ??=
      event.body === undefined
        ? world.find(event.tenant, event.event_id).then((found) => found?.body)
        : Promise.resolve(event.body));
  return message.deliveries.map((step) => ({ event, step, body, signal }));
}

/** Makes the attempts of one message, all at once. False where one of them failed for a reason of ours. */
async function deliverMessage(received: Received<DeliveryMessage>, batch: Batch): Promise<boolean> {
  const { world } = batch;
  const results = await Promise.allSettled(worksIn(received, batch).map((work) => deliverOne(work, world)));
  const failures = results.filter((result) => result.status === 'rejected');
  for (const { reason } of failures) {
    const { tenant, event_id } = received.message.event;
    world.noteFailure('delivery.failed', reason, { tenant, event_id, message_id: received.id });
  }
  return failures.length === 0;
}

/**
 * Makes the attempts of a batch, all at once, so that ten that hang cost the time of one.
 *
 * @param signal says when the function's time is nearly over: what is not answered then goes back to the queue
 * @returns the ids of the messages that must come again; what they had settled before is not made again
 */
export async function deliver(
  records: readonly Received<DeliveryMessage>[],
  world: World,
  signal: AbortSignal,
): Promise<Set<string>> {
  const done = await Promise.all(records.map((received) => deliverMessage(received, { world, signal })));
  return new Set(records.filter((_, i) => done[i] === false).map(({ id }) => id));
}
