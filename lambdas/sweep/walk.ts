import { heldOf } from '../../shared/domain/hold.ts';
import type { Job } from '../../shared/domain/job.ts';
import type { Subscription } from '../../shared/domain/subscription.ts';
import type { Tried } from '../../shared/domain/walk.ts';
import type { DeadLetter, Letter, Stretch } from '../../shared/store/attempts.ts';
import type { Placed } from '../../shared/store/events.ts';
import type { Whom } from '../../shared/store/health.ts';
import type { Replay, Step } from '../../shared/store/replays.ts';
import type { Outgoing } from './shelf.ts';
import type { WantedWorld } from './wanted.ts';
import {
  EARLY_MS,
  leftIn,
  PIECE_SECONDS,
  pieceOf,
  SETTLED_MS,
  takePage,
  type Piece,
  type Walker,
} from './walk-page.ts';

export interface WalkWorld extends WantedWorld {
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
  /** Answers what could not be sent. */
  send(messages: readonly Outgoing[]): Promise<Outgoing[]>;
  bury(letter: DeadLetter): Promise<void>;
  /** Undefined where somebody else moved it on, or it is not running any more. */
  advance(replay: Replay, step: Step): Promise<Replay | undefined>;
  finish(replay: Replay, end: { state: 'done' | 'cancelled' | 'failed'; at: string }): Promise<void>;
  ask(job: Job, delay: number): Promise<void>;
  /** For how long events are kept, in milliseconds. */
  retentionMs: number;
  /** The most deliveries a second to a subscription without a rate of its own. */
  ceilingPerSecond: number;
  note(what: string, line: Record<string, string | number>): void;
  noteFailure(what: string, error: unknown, line: Record<string, string | number>): void;
}

/** What is left of the function's time when no further page is begun. */
const SPARE_MS = 15_000;
/** How long a replay waits for a subscription that is held. */
const HELD_SECONDS = 60;
const MOST_TRIES = 5;

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
