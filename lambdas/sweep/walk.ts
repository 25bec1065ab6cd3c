import { OPERATIONAL_GROUP } from '../../shared/catalogue/operational.ts';
import { noticeOfDead } from '../../shared/domain/dead-letter.ts';
import { filterView, travelling, type AcceptedEvent } from '../../shared/domain/event.ts';
import { matches } from '../../shared/domain/filter.ts';
import { heldOf } from '../../shared/domain/hold.ts';
import { deliveryId } from '../../shared/domain/id.ts';
import type { Job } from '../../shared/domain/job.ts';
import { filterIn } from '../../shared/domain/known-filters.ts';
import type { Subscription } from '../../shared/domain/subscription.ts';
import { plan, type Past, type Plan, type Tried } from '../../shared/domain/walk.ts';
import type { DeadLetter, Letter, Stretch } from '../../shared/store/attempts.ts';
import type { Placed } from '../../shared/store/events.ts';
import type { Whom } from '../../shared/store/health.ts';
import type { Replay, Step } from '../../shared/store/replays.ts';
import type { Outgoing } from './shelf.ts';

export interface WalkWorld {
  now(): Date;
  findReplay(of: { tenant: string; subscription_id: string }, replayId: string): Promise<Replay | undefined>;
  subscription(tenant: string, id: string): Promise<Subscription | undefined>;
  /** Changes it if nobody did in the meantime. */
  replace(before: Subscription, after: Subscription): Promise<boolean>;
  timeline(
    tenant: string,
    page: Stretch & { after?: string | undefined; limit: number },
  ): Promise<{ events: Placed[]; after: string | undefined }>;
  attemptsBetween(whom: Whom, stretch: Stretch): Promise<ReadonlyMap<string, readonly Tried[]>>;
  lettersBetween(whom: Whom, stretch: Stretch): Promise<ReadonlyMap<string, Letter>>;
  /** The event with its data. */
  find(tenant: string, eventId: string): Promise<AcceptedEvent | undefined>;
  /** Answers what could not be sent. */
  send(messages: readonly Outgoing[]): Promise<Outgoing[]>;
  bury(letter: DeadLetter): Promise<void>;
  /** Undefined where somebody else moved it on, or it is not running any more. */
  advance(replay: Replay, step: Step): Promise<Replay | undefined>;
  finish(replay: Replay, end: { state: 'done' | 'cancelled' | 'failed'; at: string }): Promise<void>;
  ask(job: Job, delay: number): Promise<void>;
  /** The most deliveries a second to a subscription without a rate of its own. */
  ceilingPerSecond: number;
  note(what: string, line: Record<string, string | number>): void;
}

/** What one piece sends goes out over this time, and the next piece comes when it is over. */
const PIECE_SECONDS = 30;
/**
 * How old knowledge becomes here, at the most: an environment drops a delivery by what it knew of the subscription ten seconds
 * ago, and match may need its whole time-out between sending that and entering the event in the timeline. So an event that
 * is younger may be missing there, however late it was matched; and so may any, that soon after a release.
 */
const SETTLED_MS = 45_000;
/** Queues are not exact. Whoever comes earlier than this before the next piece is one walker too many. */
const EARLY_MS = 5_000;
/** What is left of the function's time when no further page is begun. */
const SPARE_MS = 15_000;
const PAGE = { least: 20, most: 500 };
const FETCHED_AT_ONCE = 8;
/** How long a replay waits for a subscription that is held. */
const HELD_SECONDS = 60;
const MOST_TRIES = 5;

interface Walker {
  replay: Replay;
  subscription: Subscription;
  world: WalkWorld;
}

const justAfter = (time: string): string => new Date(Date.parse(time) + 1).toISOString();
const inMs = (now: Date, ms: number): string => new Date(now.getTime() + ms).toISOString();
const whomOf = ({ tenant, subscription_id: subscriptionId }: Replay): Whom => ({ tenant, subscriptionId });

/* ---- One page of events ---- */

/** An event of which a delivery is to be made or given up, and what is known of that. */
interface Decided {
  placed: Placed;
  past: Past;
  plan: Exclude<Plan, { kind: 'skip' }>;
}

/** What is to be done about a page of events. Attempts and letters are read for all of them at once, not for each. */
async function decide(events: readonly Placed[], { replay, subscription, world }: Walker): Promise<Decided[]> {
  const [first, last] = [events[0], events.at(-1)];
  if (first === undefined || last === undefined) return [];
  const stretch = { from: first.accepted_at, to: justAfter(last.accepted_at) };
  const [attempts, letters] = await Promise.all([
    world.attemptsBetween(whomOf(replay), stretch),
    world.lettersBetween(whomOf(replay), stretch),
  ]);
  return events.flatMap((placed) => {
    const past = { attempts: attempts.get(placed.event_id) ?? [], letter: letters.get(placed.event_id) };
    const planned = plan({ event: placed, past, subscription, errand: replay });
    return planned.kind === 'skip' ? [] : { placed, past, plan: planned };
  });
}

type Letters = DeadLetter & { event: Placed; reason: 'expired' | 'retention' };

/** What comes of a delivery: a message that has no delay yet, a dead letter, or nothing. */
type Outcome = { message: Omit<Outgoing, 'delay'> } | { letter: Letters } | undefined;

function lastOf({ attempts }: Past): Letter['last'] {
  const last = attempts.at(-1);
  if (last === undefined || last.next === 'cancelled') return undefined;
  const { outcome, at, attempt, status, reason } = last;
  return { outcome, at, attempt, ...(status !== undefined && { status }), ...(reason !== undefined && { reason }) };
}

function letterFor({ placed, past, plan: planned }: Decided, { replay, world }: Walker): Letters {
  const { tenant, event_id: eventId, accepted_at: acceptedAt } = placed;
  const subscriptionId = replay.subscription_id;
  const last = lastOf(past);
  const [run, reason] =
    planned.kind === 'expire' ? [planned.run, 'expired' as const] : [planned.step.run, 'retention' as const];
  return {
    event: placed,
    subscriptionId,
    deliveryId: deliveryId({ tenant, eventId, acceptedAt, subscriptionId }),
    run,
    kind: 'delivery',
    reason,
    at: world.now().toISOString(),
    ...(last !== undefined && { last }),
  };
}

const passes = ({ filter }: Subscription, event: AcceptedEvent): boolean =>
  filter === null || matches(filterIn(JSON.stringify(filter)), filterView(event, JSON.parse(event.body)));

async function outcomeOf(decided: Decided, walker: Walker): Promise<Outcome> {
  const { replay, subscription, world } = walker;
  const { placed, plan: planned } = decided;
  const event = await world.find(placed.tenant, placed.event_id);
  if (event !== undefined && !passes(subscription, event)) return undefined;
  if (planned.kind === 'expire') return { letter: letterFor(decided, walker) };
  // What was held must not vanish with its data; what somebody asks for again has had its end.
  if (event === undefined) return replay.kind === 'catch_up' ? { letter: letterFor(decided, walker) } : undefined;
  const body = { v: 1 as const, event: { ...travelling(event), doubt: true as const }, deliveries: [planned.step] };
  return { message: { body, group: planned.step.subscription_id } };
}

async function inParts<T, R>(items: readonly T[], handle: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  for (let i = 0; i < items.length; i += FETCHED_AT_ONCE) {
    results.push(...(await Promise.all(items.slice(i, i + FETCHED_AT_ONCE).map(handle))));
  }
  return results;
}

/** Told first: what is a dead letter already is not found, and so not told, when all this is done again. */
async function buryAll(letters: readonly Letters[], { world }: Walker): Promise<void> {
  for (const reason of ['expired', 'retention'] as const) {
    // A notice about a notice that died could go on for ever.
    const told = letters.filter((letter) => letter.reason === reason && letter.event.group !== OPERATIONAL_GROUP);
    if (told.length > 0) await world.ask(noticeOfDead(told), 0);
  }
  await Promise.all(letters.map((letter) => world.bury(letter)));
}

/** The part of a walk that one call does. */
interface Piece {
  /** Events accepted before then may be looked at. */
  until: string;
  /** Deliveries a second. */
  pace: number;
  /** The same after this piece, while nothing is wrong. */
  nextPace: number;
  looked: number;
  sent: number;
  dead: number;
}

const pieceOf = ({ replay, subscription, world }: Walker): Piece => {
  const most = subscription.rate_limit_per_second ?? world.ceilingPerSecond;
  const settled = inMs(world.now(), -SETTLED_MS);
  const pace = Math.min(replay.pace, most);
  const until = settled < replay.to ? settled : replay.to;
  return { until, pace, nextPace: Math.min(pace * 2, most), looked: 0, sent: 0, dead: 0 };
};

const leftIn = ({ pace, sent, dead }: Piece): number => Math.max(Math.floor(pace * PIECE_SECONDS), 1) - sent - dead;

/** Sends the page's deliveries, spread over the time of the piece. */
async function sendAll(messages: readonly Omit<Outgoing, 'delay'>[], { sent, pace }: Piece, world: WalkWorld) {
  const delayOf = (index: number): number => Math.min(Math.floor((sent + index) / pace), PIECE_SECONDS);
  const unsent =
    messages.length === 0 ? [] : await world.send(messages.map((one, i) => ({ ...one, delay: delayOf(i) })));
  if (unsent.length > 0) throw new Error(`${unsent.length} of ${messages.length} deliveries could not be sent`);
}

/**
 * Does what is to be done about the next page, and only then moves the walk on: a crash repeats a page and skips none. Undefined
 * where the walk is somebody else's by now, or over.
 */
async function takePage(walker: Walker, piece: Piece): Promise<{ replay: Replay; isAtEnd: boolean } | undefined> {
  const { replay, world } = walker;
  const left = leftIn(piece);
  const page = await world.timeline(replay.tenant, {
    from: replay.from,
    to: piece.until,
    after: replay.cursor,
    limit: Math.min(Math.max(left, PAGE.least), PAGE.most),
  });
  const all = await decide(page.events, walker);
  const taken = all.slice(0, left);
  const outcomes = await inParts(taken, (one) => outcomeOf(one, walker));
  const messages = outcomes.flatMap((outcome) => (outcome && 'message' in outcome ? outcome.message : []));
  const letters = outcomes.flatMap((outcome) => (outcome && 'letter' in outcome ? outcome.letter : []));
  await sendAll(messages, piece, world);
  await buryAll(letters, walker);

  piece.looked += page.events.length;
  piece.sent += messages.length;
  piece.dead += letters.length;
  const position = taken.length < all.length ? taken.at(-1)?.placed.position : page.after;
  const moved = await moveOn(walker, piece, {
    cursor: position ?? piece.until,
    matched: messages.length + letters.length,
    sent: messages.length,
    dead: letters.length,
  });
  return moved && { replay: moved, isAtEnd: position === undefined };
}

function moveOn(
  { replay, world }: Walker,
  { sent, nextPace }: Piece,
  step: Pick<Step, 'cursor' | 'matched' | 'sent' | 'dead'>,
): Promise<Replay | undefined> {
  const now = world.now();
  const rest = sent > 0 ? { pace: nextPace, next_at: now.getTime() + PIECE_SECONDS * 1000 - EARLY_MS } : undefined;
  return world.advance(replay, { pace: replay.pace, next_at: 0, ...rest, ...step, at: now.toISOString() });
}

/* ---- One piece, and what comes after it ---- */

/** Takes pages until enough was sent for a piece, or the time is over. */
async function takePiece(walker: Walker, piece: Piece, remainingMs: () => number) {
  let at: { replay: Replay; isAtEnd: boolean } | undefined = { replay: walker.replay, isAtEnd: false };
  do {
    if (at.replay.cursor >= piece.until) return { ...at, isAtEnd: true };
    at = await takePage({ ...walker, replay: at.replay }, piece);
  } while (at !== undefined && !at.isAtEnd && leftIn(piece) > 0 && remainingMs() > SPARE_MS);
  return at;
}

/** The catch-up is over: deliveries of that time need not be claimed any more. */
async function clearCatchUp({ tenant, subscription_id, replay_id }: Replay, world: WalkWorld): Promise<void> {
  for (let round = 0; round < MOST_TRIES; round++) {
    const before = await world.subscription(tenant, subscription_id);
    if (before?.catch_up?.replay_id !== replay_id) return;
    const { catch_up: _over, ...rest } = before;
    if (await world.replace(before, { ...rest, version: before.version + 1 })) return;
  }
  throw new Error(`${subscription_id} changes faster than it can be read`);
}

/** Ends the walk. Whoever dies in between comes again, finds that it is over, and does the rest. */
async function end(replay: Replay, state: 'done' | 'cancelled', world: WalkWorld): Promise<void> {
  await world.finish(replay, { state, at: world.now().toISOString() });
  if (replay.kind === 'catch_up') await clearCatchUp(replay, world);
}

/**
 * How long a walk has to wait before it may begin: what was dropped up to its start must have come into the timeline, and a catch-up
 * must have had the time to be named by its subscription.
 */
function waitFor({ only, started_at }: Replay, now: Date): number {
  const isAboutDropped = only === 'unsettled' || only === 'missed';
  return isAboutDropped ? Date.parse(started_at) + SETTLED_MS - now.getTime() : 0;
}

/** Whether the subscription is still to be walked for: yes, no, or not as long as it is held. */
function stands(replay: Replay, subscription: Subscription): 'yes' | 'no' | 'held' {
  const held = heldOf(subscription);
  // Held again, what is left of a catch-up belongs to that hold.
  if (replay.kind === 'catch_up')
    return held === undefined && subscription.catch_up?.replay_id === replay.replay_id ? 'yes' : 'no';
  if (held === undefined) return 'yes';
  return held.reason === 'disabled' ? 'no' : 'held';
}

/** A replay waits for a subscription that is held. It is touched, or it would be taken for one that nobody works on. */
async function waitHeld(replay: Replay, job: WalkJob, world: WalkWorld): Promise<void> {
  const now = world.now();
  const { cursor, pace } = replay;
  const next_at = now.getTime() + HELD_SECONDS * 1000 - EARLY_MS;
  const still = { cursor, pace, matched: 0, sent: 0, dead: 0, next_at, at: now.toISOString() };
  if ((await world.advance(replay, still)) !== undefined) await world.ask(job, HELD_SECONDS);
}

/** Seconds until there is something to do again: what was sent has gone out, or events have become old enough. */
function pauseAfter({ sent }: Piece, { replay, isAtEnd }: { replay: Replay; isAtEnd: boolean }, now: Date): number {
  if (sent > 0) return PIECE_SECONDS;
  const left = Math.ceil((Date.parse(replay.to) + SETTLED_MS - now.getTime()) / 1000);
  return isAtEnd ? Math.min(Math.max(left, 1), PIECE_SECONDS) : 0;
}

type WalkJob = Extract<Job, { kind: 'walk' }>;

/**
 * Goes on with a catch-up or replay for one piece. New events do not wait behind it: what it sends has a queue of its own, at a pace
 * that begins low and doubles.
 */
export async function walk(job: WalkJob, world: WalkWorld, remainingMs: () => number): Promise<void> {
  const { tenant, subscription_id, replay_id } = job;
  const replay = await world.findReplay({ tenant, subscription_id }, replay_id);
  if (replay === undefined) return;
  if (replay.state !== 'running') return end(replay, 'cancelled', world);
  const now = world.now();
  // Another walker is at it: two would send everything twice as fast.
  if (now.getTime() < replay.next_at) return;
  const wait = waitFor(replay, now);
  if (wait > 0) return world.ask(job, Math.ceil(wait / 1000));

  const subscription = await world.subscription(tenant, subscription_id);
  const standing = subscription === undefined ? 'no' : stands(replay, subscription);
  if (standing === 'held') return waitHeld(replay, job, world);
  if (subscription === undefined || standing === 'no') return end(replay, 'cancelled', world);

  const walker = { replay, subscription, world };
  const piece = pieceOf(walker);
  const at = await takePiece(walker, piece, remainingMs);
  const isDone = at?.isAtEnd === true && piece.until === replay.to;
  const { looked, sent, dead, pace } = piece;
  const { cursor, kind } = at?.replay ?? replay;
  world.note('sweep.walk', {
    tenant,
    subscription_id,
    replay_id,
    walk: kind,
    cursor,
    looked,
    sent,
    dead,
    pace,
    then: at === undefined ? 'nothing' : isDone ? 'done' : 'more',
  });
  if (at === undefined) return;
  if (isDone) return end(at.replay, 'done', world);
  await world.ask(job, pauseAfter(piece, at, world.now()));
}
