import { filterView, travelling, type AcceptedEvent } from '../../shared/domain/event.ts';
import { matches } from '../../shared/domain/filter.ts';
import { heldOf } from '../../shared/domain/hold.ts';
import { deliveryId } from '../../shared/domain/id.ts';
import { takes } from '../../shared/domain/interest.ts';
import type { Job } from '../../shared/domain/job.ts';
import { filterIn } from '../../shared/domain/known-filters.ts';
import type { Subscription } from '../../shared/domain/subscription.ts';
import { plan, type Plan, type Tried } from '../../shared/domain/walk.ts';
import type { DeadLetter, Letter, Stretch } from '../../shared/store/attempts.ts';
import type { Timed } from '../../shared/store/events.ts';
import type { Whom } from '../../shared/store/health.ts';
import type { Replay } from '../../shared/store/replays.ts';
import type { Outgoing } from './shelf.ts';

/** An event and where in the timeline it stands. */
export type Placed = Timed & { position: string };

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
  find(tenant: string, eventId: string): Promise<AcceptedEvent | undefined>;
  /** Answers what could not be sent. */
  send(messages: readonly Outgoing[]): Promise<Outgoing[]>;
  bury(letter: DeadLetter): Promise<void>;
  advance(
    replay: Replay,
    to: { cursor: string; matched: number; sent: number; pace: number; at: string },
  ): Promise<Replay | undefined>;
  finish(replay: Replay, end: { state: 'done' | 'cancelled' | 'failed'; at: string }): Promise<void>;
  ask(job: Job, delay: number): Promise<void>;
  /** The most deliveries a second to a subscription without a rate of its own. */
  ceilingPerSecond: number;
  note(what: string, line: Record<string, string | number>): void;
}

/** What one piece sends goes out over this time, and the next piece comes when it is over. */
const PIECE_SECONDS = 30;
/** An event so young may be on its way for the first time, which nobody writes down before it is over. */
const SETTLED_MS = 45_000;
/** What is left of the function's time when no more is looked for. */
const SPARE_MS = 20_000;
const LOOKED_AT_ONCE = 500;
const FETCHED_AT_ONCE = 8;
/** How long a replay waits for a subscription that is held. */
const HELD_SECONDS = 60;

interface Walker {
  replay: Replay;
  subscription: Subscription;
  world: WalkWorld;
}

/** An event with what is to be done about it. */
interface Decided {
  placed: Placed;
  plan: Plan;
  /** With its data, where that was needed or is to be sent. */
  event?: AcceptedEvent | undefined;
}

async function inParts<T, R>(items: readonly T[], handle: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  for (let i = 0; i < items.length; i += FETCHED_AT_ONCE) {
    results.push(...(await Promise.all(items.slice(i, i + FETCHED_AT_ONCE).map(handle))));
  }
  return results;
}

const justAfter = (time: string): string => new Date(Date.parse(time) + 1).toISOString();

/** What is to be done about a page of events. Attempts and letters are read for all of them at once, not for each. */
async function decide(events: readonly Placed[], { replay, subscription, world }: Walker): Promise<Decided[]> {
  const [first, last] = [events[0], events.at(-1)];
  if (first === undefined || last === undefined) return [];
  const whom = { tenant: replay.tenant, subscriptionId: replay.subscription_id };
  const stretch = { from: first.accepted_at, to: justAfter(last.accepted_at) };
  const [attempts, letters] = await Promise.all([
    world.attemptsBetween(whom, stretch),
    world.lettersBetween(whom, stretch),
  ]);
  const now = world.now();
  return events.map((placed) => {
    const past = { attempts: attempts.get(placed.event_id) ?? [], letter: letters.get(placed.event_id) };
    if (!takes(subscription.event_types, placed)) return { placed, plan: { kind: 'skip' } };
    return { placed, plan: plan({ acceptedAt: placed.accepted_at, past, subscription, errand: replay, now }) };
  });
}

/** With the event itself; one that the filter does not let through is left out after all, and so is one that is no more. */
async function fetched(decided: Decided, { subscription: { tenant, filter }, world }: Walker): Promise<Decided> {
  if (decided.plan.kind === 'skip') return decided;
  const event = await world.find(tenant, decided.placed.event_id);
  const isMeant =
    event !== undefined &&
    (filter === null || matches(filterIn(JSON.stringify(filter)), filterView(event, JSON.parse(event.body))));
  return isMeant ? { ...decided, event } : { ...decided, plan: { kind: 'skip' } };
}

interface Piece {
  /** Where the walk has come to; undefined where it has looked at nothing. */
  position: string | undefined;
  todo: Decided[];
  /** Whether nothing is left in the stretch that may be looked at now. */
  isAtEnd: boolean;
}

/** Looks at events until there are enough to send for one piece. */
async function look(walker: Walker, until: string, remainingMs: () => number): Promise<Piece> {
  const { replay, world } = walker;
  const most = Math.max(Math.round(replay.pace * PIECE_SECONDS), 1);
  const stretch = { from: replay.from, to: until };
  let after = replay.cursor === '' ? undefined : replay.cursor;
  let position: string | undefined;
  const todo: Decided[] = [];
  for (;;) {
    const page = await world.timeline(replay.tenant, { ...stretch, after, limit: LOOKED_AT_ONCE });
    const decided = await decide(page.events, walker);
    for (let i = 0; i < decided.length; i += FETCHED_AT_ONCE) {
      const part = await inParts(decided.slice(i, i + FETCHED_AT_ONCE), (one) => fetched(one, walker));
      todo.push(...part.filter((one) => one.plan.kind !== 'skip'));
      position = part.at(-1)?.placed.position ?? position;
      if (todo.length >= most) return { position, todo, isAtEnd: false };
    }
    after = page.after;
    if (after === undefined) return { position, todo, isAtEnd: true };
    // A page without an event of this stretch still moves the walk on.
    position = page.events.length === 0 ? after : position;
    if (remainingMs() < SPARE_MS) return { position, todo, isAtEnd: false };
  }
}

function messageOf({ event, plan: planned }: Decided, { index, pace }: { index: number; pace: number }): Outgoing[] {
  if (event === undefined || planned.kind !== 'send') return [];
  const delay = Math.min(Math.floor(index / pace), PIECE_SECONDS);
  const doubtful = { ...travelling(event), doubt: true as const };
  return [
    { body: { v: 1, event: doubtful, deliveries: [planned.step] }, group: planned.step.subscription_id, delay },
  ];
}

/** Too old: it would have died on its schedule long ago, had its subscription not been held. */
async function expire({ placed, plan: planned }: Decided, { replay, world }: Walker): Promise<void> {
  if (planned.kind !== 'expire') return;
  const { tenant, event_id: eventId, accepted_at: acceptedAt } = placed;
  const subscriptionId = replay.subscription_id;
  await world.bury({
    event: placed,
    subscriptionId,
    deliveryId: deliveryId({ tenant, eventId, acceptedAt, subscriptionId }),
    run: planned.run,
    kind: 'delivery',
    reason: 'expired',
    at: world.now().toISOString(),
  });
}

/** Sends what a piece found, and only then moves the walk on: a crash repeats a piece and skips none. */
async function sendPiece({ position, todo }: Piece, walker: Walker): Promise<Replay | undefined> {
  const { replay, subscription, world } = walker;
  await inParts(todo, (one) => expire(one, walker));
  const messages = todo
    .filter(({ plan: { kind } }) => kind === 'send')
    .flatMap((one, index) => messageOf(one, { index, pace: replay.pace }));
  const unsent = messages.length === 0 ? [] : await world.send(messages);
  if (unsent.length > 0) throw new Error(`${unsent.length} of ${messages.length} deliveries could not be sent`);
  const most = subscription.rate_limit_per_second ?? world.ceilingPerSecond;
  const pace = messages.length === 0 ? replay.pace : Math.max(Math.min(replay.pace * 2, most), 0.1);
  const at = world.now().toISOString();
  const counts = { matched: todo.length, sent: messages.length };
  world.note('sweep.walk', { ...lineOf(replay), ...counts, pace });
  return world.advance(replay, { cursor: position ?? replay.cursor, ...counts, pace, at });
}

const lineOf = ({ tenant, subscription_id, replay_id, kind }: Replay) => ({
  tenant,
  subscription_id,
  replay_id,
  replay_kind: kind,
});

const MOST_TRIES = 5;

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

/** Whether the walk has still to do with the subscription as it is; `held`: later. */
function stands(replay: Replay, subscription: Subscription | undefined): 'yes' | 'no' | 'held' {
  if (subscription === undefined) return 'no';
  if (replay.kind === 'replay') {
    const reason = heldOf(subscription)?.reason;
    return reason === undefined ? 'yes' : reason === 'disabled' ? 'no' : 'held';
  }
  // Held again, what is left of it belongs to that hold.
  const isNamed = subscription.catch_up?.replay_id === replay.replay_id;
  return isNamed && heldOf(subscription) === undefined ? 'yes' : 'no';
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
  const at = world.now().toISOString();
  if (replay.state !== 'running') return world.finish(replay, { state: 'cancelled', at });
  const subscription = await world.subscription(tenant, subscription_id);
  const standing = stands(replay, subscription);
  if (standing === 'held') return world.ask(job, HELD_SECONDS);
  if (standing === 'no' || subscription === undefined) return world.finish(replay, { state: 'cancelled', at });

  const settled = new Date(world.now().getTime() - SETTLED_MS).toISOString();
  const isLast = settled >= replay.to;
  const walker = { replay, subscription, world };
  const piece = await look(walker, isLast ? replay.to : settled, remainingMs);
  const moved = await sendPiece(piece, walker);
  if (moved === undefined) return; // somebody else goes on with it, or it was cancelled
  if (piece.isAtEnd && isLast) {
    if (replay.kind === 'catch_up') await clearCatchUp(replay, world);
    return world.finish(moved, { state: 'done', at: world.now().toISOString() });
  }
  const rest = piece.isAtEnd || piece.todo.length > 0 ? PIECE_SECONDS : 0;
  await world.ask(job, rest);
}
