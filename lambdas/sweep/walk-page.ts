import { OPERATIONAL_GROUP } from '../../shared/catalogue/operational.ts';
import { noticeOfDead } from '../../shared/domain/dead-letter.ts';
import { travelling } from '../../shared/domain/event.ts';
import { deliveryId } from '../../shared/domain/id.ts';
import type { Subscription } from '../../shared/domain/subscription.ts';
import { goingBefore, plan, type Past, type Plan } from '../../shared/domain/walk.ts';
import type { DeadLetter, Letter } from '../../shared/store/attempts.ts';
import type { Placed } from '../../shared/store/events.ts';
import type { Whom } from '../../shared/store/health.ts';
import type { Replay, Step } from '../../shared/store/replays.ts';
import type { Outgoing } from './shelf.ts';
import type { WalkWorld } from './walk.ts';
import { readFor, Unreadable } from './wanted.ts';

/** What one piece sends goes out over this time, and the next piece comes when it is over. */
export const PIECE_SECONDS = 30;
/**
 * For so long the timeline may still lack an event whose delivery was dropped. Environments drop by what they knew of the subscription
 * ten seconds ago, and match may need its whole time-out between sending a delivery and entering its event. So a walk leaves alone
 * what was accepted later than that, and does not begin sooner after a release, for match may be behind.
 */
export const SETTLED_MS = 45_000;
/** Queues are not exact. Whoever comes earlier than this before the next piece is one walker too many. */
export const EARLY_MS = 5_000;
const PAGE = { least: 20, most: 500 };
const FETCHED_AT_ONCE = 8;

export interface Walker {
  replay: Replay;
  subscription: Subscription;
  world: WalkWorld;
}

const justAfter = (time: string): string => new Date(Date.parse(time) + 1).toISOString();
const inMs = (now: Date, ms: number): string => new Date(now.getTime() + ms).toISOString();
const whomOf = ({ tenant, subscription_id: subscriptionId }: Replay): Whom => ({ tenant, subscriptionId });

const goingIn = (world: WalkWorld): string => goingBefore(world.now(), world.retentionMs);

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
  const going = goingIn(world);
  return events.flatMap((placed) => {
    const past = { attempts: attempts.get(placed.event_id) ?? [], letter: letters.get(placed.event_id) };
    const planned = plan({ event: placed, past, subscription, errand: replay, goingBefore: going });
    return planned.kind === 'skip' ? [] : { placed, past, plan: planned };
  });
}

type Letters = DeadLetter & { event: Placed };

/** What comes of a delivery: a message that has no delay yet, a dead letter, or nothing. */
type Outcome = { message: Omit<Outgoing, 'delay'> } | { letter: Letters } | undefined;

function lastOf({ attempts }: Past): Letter['last'] {
  const last = attempts.at(-1);
  if (last === undefined || last.next === 'cancelled') return undefined;
  const { outcome, at, attempt, status, reason } = last;
  return { outcome, at, attempt, ...(status !== undefined && { status }), ...(reason !== undefined && { reason }) };
}

function letterFor(
  { placed, past, plan: planned }: Decided,
  { replay, world }: Walker,
  why: 'planned' | 'fault' = 'planned',
): Letters {
  const { tenant, event_id: eventId, accepted_at: acceptedAt } = placed;
  const subscriptionId = replay.subscription_id;
  const last = lastOf(past);
  const { run } = planned.kind === 'bury' ? planned : planned.step;
  const reason = planned.kind === 'bury' ? planned.reason : 'retention';
  return {
    event: placed,
    subscriptionId,
    deliveryId: deliveryId({ tenant, eventId, acceptedAt, subscriptionId }),
    run,
    ...(why === 'fault' ? { kind: 'fault', reason: 'fault' } : { kind: 'delivery', reason }),
    at: world.now().toISOString(),
    ...(last !== undefined && { last }),
  };
}

/** What one event makes our own code throw must not stop the walk for all that come after it: it becomes a dead letter. */
async function outcomeOrFault(decided: Decided, walker: Walker): Promise<Outcome> {
  try {
    return await outcomeOf(decided, walker);
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error;
    const { tenant, event_id } = decided.placed;
    const { subscription_id } = walker.replay;
    walker.world.noteFailure('delivery.fault', error, { tenant, event_id, subscription_id });
    return { letter: letterFor(decided, walker, 'fault') };
  }
}

async function outcomeOf(decided: Decided, walker: Walker): Promise<Outcome> {
  const { replay, subscription, world } = walker;
  const { placed, plan: planned } = decided;
  const { event, isWanted } = await readFor(subscription, placed, world);
  if (!isWanted) return undefined;
  if (planned.kind === 'bury') return { letter: letterFor(decided, walker) };
  // What was held must not vanish with its data; what somebody asks for again has had its end.
  if (event === undefined) return replay.kind === 'catch_up' ? { letter: letterFor(decided, walker) } : undefined;
  const body = { v: 1 as const, event: { ...travelling(event), doubt: true as const }, deliveries: [planned.step] };
  return { message: { body, group: planned.step.subscription_id } };
}

/** Some at a time, for each may ask the table for an event with all its data. */
export async function inParts<T, R>(items: readonly T[], handle: (item: T) => Promise<R>): Promise<R[]> {
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
export interface Piece {
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

export const pieceOf = ({ replay, subscription, world }: Walker): Piece => {
  const most = subscription.rate_limit_per_second ?? world.ceilingPerSecond;
  const settled = inMs(world.now(), -SETTLED_MS);
  const pace = Math.min(replay.pace, most);
  const until = settled < replay.to ? settled : replay.to;
  return { until, pace, nextPace: Math.min(pace * 2, most), looked: 0, sent: 0, dead: 0 };
};

/** What is given up costs the subscriber nothing, and must not wait for its turn: its event would be gone by then. */
export const leftIn = ({ pace, sent }: Piece): number => Math.max(Math.floor(pace * PIECE_SECONDS), 1) - sent;

/** As many deliveries as may go now, with what is given up before the next one. */
function untilFull(decided: readonly Decided[], left: number): readonly Decided[] {
  const next = decided.filter((one) => one.plan.kind === 'send')[left];
  return next === undefined ? decided : decided.slice(0, decided.indexOf(next));
}

/** A page of what is about to go is a whole one, however slow the walk. */
const pageSize = ({ replay, world }: Walker, left: number): number =>
  replay.cursor < goingIn(world) ? PAGE.most : Math.min(Math.max(left, PAGE.least), PAGE.most);

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
export async function takePage(
  walker: Walker,
  piece: Piece,
): Promise<{ replay: Replay; isAtEnd: boolean } | undefined> {
  const { replay, world } = walker;
  const left = leftIn(piece);
  const page = await world.timeline(replay.tenant, {
    from: replay.from,
    to: piece.until,
    after: replay.cursor,
    limit: pageSize(walker, left),
  });
  const all = await decide(page.events, walker);
  const taken = untilFull(all, left);
  const outcomes = await inParts(taken, (one) => outcomeOrFault(one, walker));
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
