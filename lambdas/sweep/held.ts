import type { DeliveryStep } from '../../shared/domain/delivery.ts';
import { travelling, type TravellingEvent } from '../../shared/domain/event.ts';
import { carrierName, heldOf, type Held } from '../../shared/domain/hold.ts';
import { deliveryId } from '../../shared/domain/id.ts';
import { takes } from '../../shared/domain/interest.ts';
import type { Job } from '../../shared/domain/job.ts';
import type { Subscription } from '../../shared/domain/subscription.ts';
import { goingBefore, stepAfter, type Tried } from '../../shared/domain/walk.ts';
import type { DeadLetter, Letter, Stretch } from '../../shared/store/attempts.ts';
import type { Placed } from '../../shared/store/events.ts';
import type { Whom } from '../../shared/store/health.ts';
import type { Listed } from '../../shared/store/held.ts';
import type { Resting } from '../../shared/store/shelf.ts';
import { atOnce, type Outgoing } from './shelf.ts';
import { inParts } from './walk-page.ts';
import { readFor, Unreadable, type WantedWorld } from './wanted.ts';

export interface HeldWorld extends WantedWorld {
  now(): Date;
  /** Everyone who may be held, or those behind that place in the list. */
  held(after?: string): AsyncIterable<Listed>;
  /** He is not, as somebody found who looked at that moment: the list need not name him. */
  unlist(whom: Whom, at: Date): Promise<void>;
  /** So far the timeline was searched for his next probe. */
  searched(whom: Whom, position: string): Promise<void>;
  subscription(tenant: string, id: string): Promise<Subscription | undefined>;
  replace(before: Subscription, after: Subscription): Promise<boolean>;
  timeline(
    tenant: string,
    page: Stretch & { after?: string | undefined; limit: number },
  ): Promise<{ events: Placed[]; after: string | undefined }>;
  attemptsBetween(whom: Whom, stretch: Stretch): Promise<ReadonlyMap<string, readonly Tried[]>>;
  lettersBetween(whom: Whom, stretch: Stretch): Promise<ReadonlyMap<string, Letter>>;
  bury(letter: DeadLetter): Promise<void>;
  waiting(whom: Whom): AsyncIterable<Resting>;
  /** They wait no more, wherever it was. */
  removed(resting: readonly Resting[]): Promise<void>;
  send(messages: readonly Outgoing[]): Promise<Outgoing[]>;
  ask(job: Job, delay: number): Promise<void>;
  /** For how long events are kept, in milliseconds. */
  retentionMs: number;
  note(what: string, line: Record<string, string | number>): void;
  noteFailure(what: string, error: unknown, line: Record<string, string | number>): void;
}

/** A probe that is so late has no delivery to make it. */
const LATE_PROBE_MS = 60_000;
const PAGE = 200;
/** Pages that a minute's search for a probe looks through: a busy tenant's timeline is long, and most of it nobody here wants. */
const MOST_SEARCHED = 10;
const READ_AT_ONCE = 8;
/** What is left of the function's time when nothing further is begun. */
const SPARE_MS = 15_000;

/** Somebody who is held. */
interface Looked {
  listed: Listed;
  subscription: Subscription;
  held: Held;
}

interface Attending {
  world: HeldWorld;
  remainingMs: () => number;
}

/** A delivery that the subscription still has to get, if its filter takes the event. */
interface Owed {
  event: Placed;
  step: DeliveryStep;
}

const justAfter = (time: string): string => new Date(Date.parse(time) + 1).toISOString();
const lineOf = ({ tenant, subscriptionId }: Whom) => ({ tenant, subscription_id: subscriptionId });
const whomOf = ({ tenant, id: subscriptionId }: Subscription): Whom => ({ tenant, subscriptionId });

async function owedOf(events: readonly Placed[], subscription: Subscription, world: HeldWorld): Promise<Owed[]> {
  const [first, last] = [events[0], events.at(-1)];
  if (first === undefined || last === undefined) return [];
  const part = { from: first.accepted_at, to: justAfter(last.accepted_at) };
  const [attempts, letters] = await Promise.all([
    world.attemptsBetween(whomOf(subscription), part),
    world.lettersBetween(whomOf(subscription), part),
  ]);
  return events.flatMap((event) => {
    if (!takes(subscription.event_types, event)) return [];
    const past = { attempts: attempts.get(event.event_id) ?? [], letter: letters.get(event.event_id) };
    const step = stepAfter(subscription.id, past);
    return step === undefined ? [] : { event, step };
  });
}

/** What a stretch owes the subscription, oldest first, page by page. `after` is where the next page begins, undefined at the end. */
async function* pagesOf(
  subscription: Subscription,
  stretch: Stretch & { after?: string | undefined },
  world: HeldWorld,
): AsyncGenerator<{ owed: Owed[]; after: string | undefined }> {
  let { after } = stretch;
  do {
    const page = await world.timeline(subscription.tenant, { ...stretch, after, limit: PAGE });
    after = page.after;
    yield { owed: await owedOf(page.events, subscription, world), after };
  } while (after !== undefined);
}

/* ---- What the retention is about to take ---- */

/** The dead letter of a delivery whose event is about to go; none where the filter never wanted it. */
async function letterFor(
  { event, step }: Owed,
  subscription: Subscription,
  world: HeldWorld,
): Promise<DeadLetter | undefined> {
  const { tenant, event_id: eventId, accepted_at: acceptedAt } = event;
  const subscriptionId = subscription.id;
  const id = deliveryId({ tenant, eventId, acceptedAt, subscriptionId });
  const letter = { event, subscriptionId, deliveryId: id, run: step.run, at: world.now().toISOString() };
  try {
    const { isWanted } = await readFor(subscription, event, world);
    return isWanted ? { ...letter, kind: 'delivery', reason: 'retention' } : undefined;
  } catch (error) {
    // Nobody will be able to read it later: what cannot be looked at must not keep all that come after it from being buried.
    if (!(error instanceof Unreadable)) throw error;
    world.noteFailure('delivery.fault', error, { event_id: eventId, ...lineOf({ tenant, subscriptionId }) });
    return { ...letter, kind: 'fault', reason: 'fault' };
  }
}

/** What the retention is about to take becomes dead letters, and is held no more. Answers the subscription as it is then. */
async function bringToRetention(
  { subscription, held }: Looked,
  { world, remainingMs }: Attending,
): Promise<Subscription> {
  const to = goingBefore(world.now(), world.retentionMs);
  if (held.reason === 'disabled' || held.since >= to) return subscription;
  let buried = 0;
  let since = to;
  for await (const { owed, after } of pagesOf(subscription, { from: held.since, to }, world)) {
    const letters = await inParts(owed, (one) => letterFor(one, subscription, world));
    const due = letters.filter((letter) => letter !== undefined);
    await Promise.all(due.map((letter) => world.bury(letter)));
    buried += due.length;
    if (after === undefined || remainingMs() > SPARE_MS) continue;
    // The next minute goes on from there.
    since = momentOf(after);
    break;
  }
  const changed = { ...subscription, held: { ...held, since }, version: subscription.version + 1 };
  // Whoever changed it meanwhile did not change that; the next minute does it.
  const isChanged = await world.replace(subscription, changed);
  world.note('sweep.retention', { ...lineOf(whomOf(subscription)), buried });
  return isChanged ? changed : subscription;
}

/** Of a position in the timeline. */
const momentOf = (position: string): string => position.slice(0, position.indexOf('#'));

/* ---- Probes that nobody makes ---- */

interface Probe {
  event: TravellingEvent;
  step: DeliveryStep;
}

/** One of the timeline. */
type Found = Probe & { position: string };

/** False where somebody else changed the subscription meanwhile, who may have found one. */
async function sendProbe({ event, step }: Probe, subscription: Subscription, world: HeldWorld): Promise<boolean> {
  const { id: group, circuit } = subscription;
  const carrier = carrierName(event.event_id, step.run);
  if (circuit === undefined) return false;
  const changed = { ...subscription, circuit: { ...circuit, carrier }, version: subscription.version + 1 };
  if (!(await world.replace(subscription, changed))) return false;
  const body = {
    v: 1 as const,
    event: { ...event, doubt: true as const },
    deliveries: [{ ...step, probe: true as const }],
  };
  if ((await world.send([{ body, group, delay: 0 }])).length > 0) throw new Error('the probe could not be sent');
  world.note('sweep.probe', lineOf(whomOf(subscription)));
  return true;
}

/**
 * Of what waits, the first. It is sent as a release does it: without its time, and then taken off, so that one that comes to nothing
 * does not stand in front of the next minute's. False where nothing waits.
 */
async function probeWithWaiting(subscription: Subscription, world: HeldWorld): Promise<boolean> {
  for await (const resting of world.waiting(whomOf(subscription))) {
    const { event, step } = resting;
    if (await sendProbe({ event, step: atOnce(step) }, subscription, world)) await world.removed([resting]);
    return true;
  }
  return false;
}

/** It, where the filter takes it. One that our own code fails at is no probe; the retention makes a dead letter of it. */
async function probeOf({ event, step }: Owed, subscription: Subscription, world: HeldWorld): Promise<Found[]> {
  try {
    const { event: found, isWanted } = await readFor(subscription, event, world);
    return found === undefined || !isWanted ? [] : [{ event: travelling(found), step, position: event.position }];
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error;
    world.noteFailure('probe.fault', error, { event_id: event.event_id, ...lineOf(whomOf(subscription)) });
    return [];
  }
}

/** The first of them that the filter takes. */
async function firstWanted(
  owed: readonly Owed[],
  subscription: Subscription,
  world: HeldWorld,
): Promise<Found | undefined> {
  for (let i = 0; i < owed.length; i += READ_AT_ONCE) {
    const part = owed.slice(i, i + READ_AT_ONCE);
    const [first] = (await Promise.all(part.map((one) => probeOf(one, subscription, world)))).flat();
    if (first !== undefined) return first;
  }
  return undefined;
}

/**
 * Of what was dropped since it is held, the oldest. A minute looks at so many pages, and the next one goes on from there; at the end it
 * begins again, for events come into the timeline late, and what is wanted may change.
 */
async function probeWithDropped(
  { listed, subscription, held }: Looked,
  { world, remainingMs }: Attending,
): Promise<void> {
  const stretch = { from: held.since, to: world.now().toISOString() };
  const start = listed.searchedTo > held.since ? listed.searchedTo : undefined;
  let searched = 0;
  for await (const { owed, after } of pagesOf(subscription, { ...stretch, after: start }, world)) {
    const found = await firstWanted(owed, subscription, world);
    if (found !== undefined) {
      // Whatever becomes of this one, the next search begins behind it.
      if (await sendProbe(found, subscription, world)) await world.searched(listed, found.position);
      return;
    }
    searched += 1;
    if (after !== undefined && (searched >= MOST_SEARCHED || remainingMs() < SPARE_MS)) {
      await world.searched(listed, after);
      return;
    }
  }
  if (start !== undefined) await world.searched(listed, '');
}

/** The delivery that was to probe the circuit is gone: another one that waits or was dropped takes its place. */
async function findProbe(looked: Looked, attending: Attending): Promise<void> {
  const { circuit } = looked.subscription;
  const { world } = attending;
  if (circuit === undefined || circuit.probe_at > world.now().getTime() - LATE_PROBE_MS) return;
  if (!(await probeWithWaiting(looked.subscription, world))) await probeWithDropped(looked, attending);
}

/* ---- One after the other ---- */

async function lookAfter(listed: Listed, { at, attending }: { at: Date; attending: Attending }): Promise<void> {
  const { world } = attending;
  const subscription = await world.subscription(listed.tenant, listed.subscriptionId);
  const held = subscription && heldOf(subscription);
  if (subscription === undefined || held === undefined) return world.unlist(listed, at);
  const looked = { listed, subscription, held };
  const now = await bringToRetention(looked, attending);
  await findProbe({ ...looked, subscription: now, held: heldOf(now) ?? held }, attending);
}

/**
 * Looks after everyone who is held. One who cannot be looked after keeps nobody behind him from it. Whom it has not the time for is left
 * to the same job, asked for again.
 */
export async function lookAfterHeld(
  { after }: Extract<Job, { kind: 'held' }>,
  world: HeldWorld,
  remainingMs: () => number,
): Promise<void> {
  const attending = { world, remainingMs };
  // Before the list is read: whoever comes onto it later stays there.
  const at = world.now();
  const failures: unknown[] = [];
  for await (const listed of world.held(after)) {
    try {
      await lookAfter(listed, { at, attending });
    } catch (error) {
      world.noteFailure('held.failed', error, lineOf(listed));
      failures.push(error);
    }
    if (remainingMs() > SPARE_MS) continue;
    await world.ask({ v: 1, kind: 'held', after: listed.position }, 0);
    break;
  }
  const [cause] = failures;
  if (cause !== undefined)
    throw new Error(`${failures.length} of those who are held could not be looked after`, { cause });
}
