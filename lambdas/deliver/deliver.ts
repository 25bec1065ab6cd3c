import { verdict, type Attempt } from '../../shared/domain/attempt.ts';
import type { DeliveryMessage } from '../../shared/domain/delivery.ts';
import { heldOf, type Held } from '../../shared/domain/hold.ts';
import { takes } from '../../shared/domain/interest.ts';
import { passes } from '../../shared/domain/known-filters.ts';
import type { Outcome } from '../../shared/domain/outcome.ts';
import { payloadOf } from '../../shared/domain/payload.ts';
import { nextHop, type Next } from '../../shared/domain/retry.ts';
import type { Subscription } from '../../shared/domain/subscription.ts';
import type { Received } from '../../shared/runtime/batch.ts';
import type { Trouble } from '../../shared/store/health.ts';
import { disable, isCarrier, takeProbe } from './circuit.ts';
import { following, judge, type Made } from './judge.ts';
import { bury, idOf, isExpired, messageOf, over, putOff, shelve, stepOf, whomOf, withoutProbe } from './work.ts';
import type { Work, World } from './world.ts';

/** Beyond an attempt's own time-out: for what stands around it. The lease must outlast the attempt. */
const MARGIN_SECONDS = 10;
/** How long a delivery rests whose request was cut off because the function's time was over. */
const CUT_SECONDS = 5;
/** How long a held subscription's delivery stays on the shelf at a time: its release comes for it sooner. */
const HELD_MS = 6 * 60 * 60_000;
/** The dead letter must be there before the event goes. */
const BEFORE_RETENTION_MS = 60 * 60_000;
/**
 * How long a suspect's delivery rests that found all its places taken, at least; at most twice as long. Twice that the next time, and so
 * on: who takes less than he is sent would fill the shelves of everybody with what comes and goes in vain.
 */
const CROWDED_MS = 60_000;
const MOST_DOUBLINGS = 5;
/** Slots closer than this are waited for here: a queue knows whole seconds only. */
const NEAR_SLOT_MS = 1_000;

/** Whether the subscription takes this event, by its types and filter: what match knew may be older. */
async function wants(subscription: Subscription, { event, body }: Work): Promise<boolean> {
  if (!takes(subscription.event_types, event)) return false;
  if (subscription.filter === null) return true;
  const text = await body();
  // Data that is no more tells nothing: match saw it and said yes, so the delivery dies with a reason and does not vanish.
  return text === undefined || passes(subscription.filter, event, text);
}

/**
 * The subscription, where it takes the event, and whether it is held. A no is never said from memory: it may just have
 * changed. That it is held is, for what nobody sent before: the walk after its release covers that time and more.
 */
async function addressee(work: Work, world: World): Promise<{ subscription: Subscription; held?: Held } | undefined> {
  const { event, step } = work;
  const isFirst = event.doubt !== true && step.attempt === 1;
  for (const as of ['lately', 'now'] as const) {
    const subscription = await world.subscription(event.tenant, step.subscription_id, as);
    if (subscription === undefined || !(await wants(subscription, work))) continue;
    const held = heldOf(subscription);
    if (held === undefined) return { subscription };
    if (as === 'now' || (isFirst && held.reason !== 'disabled')) return { subscription, held };
  }
  return undefined;
}

/** It will not be delivered now, and nothing has to be written down: it is not wanted any more, or is found again later. */
async function drop(
  work: Work,
  why: 'unwanted' | 'held' | 'missed' | 'settled' | 'erased',
  world: World,
): Promise<void> {
  const { event, step } = work;
  await over(work, world);
  const { tenant, event_id } = event;
  world.note('delivery.dropped', {
    tenant,
    event_id,
    subscription_id: step.subscription_id,
    attempt: step.attempt,
    why,
  });
}

interface Holding {
  subscription: Subscription;
  held: Held;
}

/** What becomes of a delivery whose subscription is held, and that is not the probe. */
async function hold(work: Work, { subscription, held }: Holding, world: World): Promise<void> {
  const { event, step } = work;
  const now = world.now();
  // A catch-up looks for what was never made, and not for what somebody wants made again.
  const isFound = step.run === 1 && event.accepted_at >= held.since;
  if (held.reason === 'disabled') {
    // What never was attempted is missed, and can be asked for later; what was under way is given up.
    return isFound && step.attempt === 1 ? drop(work, 'missed', world) : bury(work, 'subscription_disabled', { world });
  }
  if (held.reason === 'circuit' && isExpired(work, subscription, now)) return bury(work, 'expired', { world });
  if (isFound) return drop(work, 'held', world);
  const until = Math.min(now.getTime() + HELD_MS, world.keptUntil(event.accepted_at) - BEFORE_RETENTION_MS);
  if (until <= now.getTime()) return bury(work, 'retention', { world });
  return shelve(work, { step: withoutProbe(step), until, why: held.reason }, world);
}

/** A first attempt that cannot have been made before needs no claim: the happy path is one write. */
async function claimed(work: Work, subscription: Subscription, world: World): Promise<boolean> {
  if (isCertain(work, subscription)) return true;
  const now = world.now();
  const claim = await world.claim(stepOf(work), { now, seconds: subscription.timeout_seconds + MARGIN_SECONDS });
  if (claim.kind === 'held') {
    const delay = Math.max(nextHop(claim.until, now.getTime()), 1);
    await world.enqueue(messageOf(work, work.step, delay));
  }
  if (claim.kind === 'settled') await drop(work, 'settled', world);
  return claim.kind === 'ours';
}

/** Nobody else can be about to make this attempt: no second copy of the message, no earlier try, no catch-up. */
const isCertain = ({ event, step }: Work, { catch_up }: Subscription): boolean =>
  step.attempt === 1 &&
  step.run === 1 &&
  event.doubt !== true &&
  (catch_up === undefined || event.accepted_at < catch_up.from || event.accepted_at > catch_up.to);

/** One request, or undefined where our own time was over before the answer came. */
async function posted(work: Work, subscription: Subscription, { body, world }: { body: string; world: World }) {
  const { event, signal } = work;
  const id = idOf(work);
  const at = world.now();
  const payload = payloadOf(subscription.format, { ...event, body }, id);
  const ended = world.watch(whomOf(work));
  let outcome: Outcome | undefined;
  try {
    outcome = await world.post({ subscription, id, payload, traceparent: event.traceparent, at, signal });
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    await ended(isAnswer(outcome) ? 'answered' : 'failed');
  }
  return outcome === undefined ? undefined : { at, outcome };
}

const isAnswer = (outcome: Outcome | undefined): boolean =>
  outcome?.kind === 'accepted' || outcome?.kind === 'rejected';

/** Makes what follows from the attempt durable, and only then the attempt itself: a crash repeats a step and skips none. */
async function settle(work: Work, made: Made, { next, world }: { next: Next; world: World }): Promise<void> {
  const { event, step } = work;
  const record: Attempt = {
    event_id: event.event_id,
    event_type: event.type,
    subscription_id: step.subscription_id,
    delivery_id: idOf(work),
    run: step.run,
    attempt: step.attempt,
    at: made.at.toISOString(),
    ...verdict(made.outcome, next),
    ...(made.isProbe && { probe: true as const }),
  };
  if (next.kind === 'wait')
    await putOff(work, { step: following(work, made), until: next.notBefore, why: next.why }, world);
  if (next.kind === 'dead') await bury(work, next.because, { world, last: lastOf(record) });
  if (next.kind === 'done') await doneAgain(work, world);
  await world.record(stepOf(work), record);
  await over(work, world);
  const { response_excerpt: _excerpt, ...line } = record;
  world.note('delivery.attempted', { ...line, tenant: event.tenant, group: event.group, doubt: event.doubt === true });
}

/** A delivery that was given up once and is made now: its letter goes, and whoever asked for it can count it. */
async function doneAgain(work: Work, world: World): Promise<void> {
  const { event, step } = work;
  if (step.run > 1) await world.acknowledge(event, step.subscription_id);
  if (step.replay_id !== undefined) await world.count(whomOf(work), step.replay_id, 'delivered');
}

const lastOf = ({ outcome, status, reason, at, attempt }: Attempt) => ({
  outcome,
  at,
  attempt,
  ...(status !== undefined && { status }),
  ...(reason !== undefined && { reason }),
});

/** Its event was erased, which settles it, or is no more, which is a reason to give it up. */
async function withoutBody(work: Work, world: World): Promise<void> {
  const { tenant, event_id } = work.event;
  const isErased = (await world.find(tenant, event_id)) !== undefined;
  return isErased ? drop(work, 'erased', world) : bury(work, 'retention', { world });
}

async function attempt(
  work: Work,
  subscription: Subscription,
  { isProbe, world }: { isProbe: boolean; world: World },
): Promise<void> {
  const body = await work.body();
  if (body === undefined) return withoutBody(work, world);
  const request = await posted(work, subscription, { body, world });
  if (request === undefined) return world.enqueue(messageOf(work, work.step, CUT_SECONDS));
  const made = { ...request, isProbe };
  const next = await judge(work, subscription, { made, world });
  await settle(work, made, { next, world });
  // Last: a delivery that comes again after a crash must find its own end, and not that its subscription is disabled. Whoever dies
  // in between leaves the disabling to the next 410.
  if (next.kind === 'dead' && next.because === 'gone') await disable(whomOf(work), { why: 'gone', failures: 1, world });
}

/** A held subscription's delivery is its probe where one is due, and otherwise waits or is dropped. */
async function probeOrHold(work: Work, holding: Holding, world: World): Promise<void> {
  const { subscription, held } = holding;
  const { circuit } = subscription;
  if (held.reason !== 'circuit' || circuit === undefined) return hold(work, holding, world);
  return circuit.probe_at <= world.now().getTime() ? probe(work, holding, world) : awaitProbe(work, holding, world);
}

/** The next probe is not due yet: the delivery that is to be it comes back then. */
async function awaitProbe(work: Work, holding: Holding, world: World): Promise<void> {
  const { circuit } = holding.subscription;
  if (circuit === undefined || !isCarrier(work, circuit)) return hold(work, holding, world);
  const delay = Math.max(nextHop(circuit.probe_at, world.now().getTime()), 1);
  return world.defer(messageOf(work, work.step, delay));
}

/**
 * Probes the circuit, where that is still to be done: what is known of it may be ten seconds old, and of the thousand events of
 * such a time one is to be the probe. The look is shared with all that come after.
 */
async function probe(work: Work, holding: Holding, world: World): Promise<void> {
  const { tenant, id } = holding.subscription;
  const subscription = await world.subscription(tenant, id, 'now');
  if (subscription === undefined) return drop(work, 'unwanted', world);
  const held = heldOf(subscription);
  if (held === undefined) return send(work, { subscription, trouble: undefined }, world);
  const isDue = subscription.circuit !== undefined && subscription.circuit.probe_at <= world.now().getTime();
  if (!isDue) return awaitProbe(work, { subscription, held }, world);

  const doubtful = { ...work, event: { ...work.event, doubt: true as const } };
  if (!(await claimed(doubtful, subscription, world))) return;
  const probing = await takeProbe(work, subscription, world);
  if (probing === undefined) return hold(work, { subscription, held }, world);
  return attempt(work, probing, { isProbe: true, world });
}

/** Whom it goes to, and what is known against them. */
interface Addressed {
  subscription: Subscription;
  trouble: Trouble | undefined;
}

/** When the delivery may go, or undefined where it may now: a rate was reserved for it, or its endpoint asked for a rest. */
async function later(
  work: Work,
  { subscription, trouble }: Addressed,
  world: World,
): Promise<{ until: number; slot?: number } | undefined> {
  const now = world.now().getTime();
  if (trouble !== undefined && trouble.slowUntil > now) {
    // Spread, or all that waited would come in the same second.
    return { until: trouble.slowUntil + Math.round(world.jitter() * CUT_SECONDS * 1000) };
  }
  const slot = work.step.slot ?? (await world.slotFor(subscription));
  if (slot === undefined) return undefined;
  if (slot - now >= NEAR_SLOT_MS) return { until: slot, slot };
  if (slot > now) await world.pause(slot - now);
  return undefined;
}

/** Sends now, or arranges that it is sent when the subscription's rate allows. */
async function send(work: Work, addressed: Addressed, world: World): Promise<void> {
  const { subscription } = addressed;
  const waits = await later(work, addressed, world);
  if (waits !== undefined) {
    const { until, slot } = waits;
    const step = { ...work.step, ...(slot !== undefined && { slot }) };
    return putOff(work, { step, until, why: 'rate_limit' }, world);
  }
  if (await claimed(work, subscription, world)) await attempt(work, subscription, { isProbe: false, world });
}

/**
 * A suspect may let requests hang, so it gets few at a time, and none where others wait behind it: they go through the queue for
 * what is late or slow, and what finds no place there rests on the shelf.
 */
async function sendToSuspect(work: Work, addressed: Addressed, world: World): Promise<void> {
  const { subscription } = addressed;
  if (world.place === 'lane') return world.defer(messageOf(work, work.step, 0));
  const now = world.now();
  const lease = await world.lease(whomOf(work), { now, seconds: subscription.timeout_seconds + MARGIN_SECONDS });
  if (lease === undefined) {
    const { crowded = 0 } = work.step;
    const until =
      now.getTime() + Math.round(CROWDED_MS * 2 ** Math.min(crowded, MOST_DOUBLINGS) * (1 + world.jitter()));
    return shelve(work, { step: { ...work.step, crowded: crowded + 1 }, until, why: 'rate_limit' }, world);
  }
  try {
    await send(work, addressed, world);
  } finally {
    await world.giveBack(lease);
  }
}

/** Makes the next attempt of one delivery, and arranges what comes after it. */
async function deliverOne(work: Work, world: World): Promise<void> {
  const { event, step } = work;
  const now = world.now().getTime();
  const early = step.slot === undefined ? nextHop(step.not_before ?? 0, now) : secondsUntil(step.slot, now);
  if (early > 0) return world.enqueue(messageOf(work, step, early));
  if (world.keptUntil(event.accepted_at) <= now) return bury(work, 'retention', { world });

  const found = await addressee(work, world);
  if (found === undefined) return drop(work, 'unwanted', world);
  const { subscription, held } = found;
  if (held !== undefined) return probeOrHold(work, { subscription, held }, world);
  const trouble = await world.troubleOf(event.tenant, step.subscription_id);
  if (trouble?.open === true) return recheck(work, world);
  const addressed = { subscription, trouble };
  return trouble?.suspect === true ? sendToSuspect(work, addressed, world) : send(work, addressed, world);
}

/** Its circuit opened a moment ago: what is known of the subscription is older than that. */
async function recheck(work: Work, world: World): Promise<void> {
  const { event, step } = work;
  const subscription = await world.subscription(event.tenant, step.subscription_id, 'now');
  if (subscription === undefined) return drop(work, 'unwanted', world);
  const held = heldOf(subscription);
  if (held !== undefined) return probeOrHold(work, { subscription, held }, world);
  return send(work, { subscription, trouble: undefined }, world);
}

/** So that it comes a little early rather than late: the rest is waited for here. */
const secondsUntil = (slot: number, now: number): number => Math.min(Math.max(Math.floor((slot - now) / 1000), 0), 900);

interface Batch {
  world: World;
  signal: AbortSignal;
}

function worksIn({ message, receiveCount }: Received<DeliveryMessage>, { world, signal }: Batch): Work[] {
  const event = receiveCount > 1 ? { ...message.event, doubt: true as const } : message.event;
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
  world.expectRecords(records.reduce((sum, { message }) => sum + message.deliveries.length, 0));
  const done = await Promise.all(records.map((received) => deliverMessage(received, { world, signal })));
  // Where all of them were recorded, their counts have gone along with the last one.
  await world.keepCounts();
  return new Set(records.filter((_, i) => done[i] === false).map(({ id }) => id));
}
