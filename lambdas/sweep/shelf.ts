import type { DeliveryMessage, DeliveryStep } from '../../shared/domain/delivery.ts';
import type { Job } from '../../shared/domain/job.ts';
import type { Whom } from '../../shared/store/health.ts';
import type { Resting } from '../../shared/store/shelf.ts';
import { AHEAD_MS } from './tick.ts';

/** A delivery for the queue of what is late or slow. */
export interface Outgoing {
  body: DeliveryMessage;
  group: string;
  /** Seconds. */
  delay: number;
}

export interface ShelfWorld {
  now(): Date;
  due(shard: number, before: Date): AsyncIterable<Resting>;
  waiting(whom: Whom): AsyncIterable<Resting>;
  /** Answers what could not be sent. */
  send(messages: readonly Outgoing[]): Promise<Outgoing[]>;
  /** They are in a queue now and no more on the shelf. */
  taken(resting: readonly Resting[]): Promise<void>;
  /** They wait no more, wherever it was. */
  removed(resting: readonly Resting[]): Promise<void>;
  /** Asks the sweep for something, in so many seconds. */
  ask(job: Job, delay: number): Promise<void>;
  note(what: string, line: Record<string, string | number>): void;
}

/** The paces of those that come at once are spread over so many seconds. */
const SPREAD_SECONDS = 60;
/** A piece of work: sent, then taken off. */
const MOST_AT_ONCE = 100;
/** What is left of the function's time when it stops looking for more. */
const SPARE_MS = 15_000;

/** In doubt: whoever dies between the sending and the taking off makes two of it, which meet at the attempt's claim. */
const messageOf = ({ event, step }: Resting, delay: number): Outgoing => ({
  body: { v: 1, event: { ...event, doubt: true }, deliveries: [step] },
  group: step.subscription_id,
  delay,
});

/** When it goes: at its time, and what is overdue spread over the coming minute, in the order it comes. */
function delayOf({ due }: Resting, { index, now }: { index: number; now: number }): number {
  const early = Math.ceil((due - now) / 1000);
  return early > 0 ? early : Math.floor(index / SENT_A_SECOND) % SPREAD_SECONDS;
}
/** What one shard sends in a second at most: all of them together, sixteen times as much. */
const SENT_A_SECOND = 50;

interface Going {
  resting: Resting;
  delay: number;
}

async function send(part: readonly Going[], world: ShelfWorld): Promise<void> {
  const unsent = await world.send(part.map(({ resting, delay }) => messageOf(resting, delay)));
  if (unsent.length > 0) throw new Error(`${unsent.length} of ${part.length} deliveries could not be sent`);
}

/** Sends what is due on one part of the shelf. What it has not the time for, the next minute does. */
export async function sendDue(shard: number, world: ShelfWorld, remainingMs: () => number): Promise<void> {
  const now = world.now().getTime();
  let part: Going[] = [];
  let sent = 0;
  const flush = async (): Promise<void> => {
    await send(part, world);
    await world.taken(part.map(({ resting }) => resting));
    sent += part.length;
    part = [];
  };
  for await (const resting of world.due(shard, new Date(now + AHEAD_MS))) {
    part.push({ resting, delay: delayOf(resting, { index: sent + part.length, now }) });
    if (part.length < MOST_AT_ONCE) continue;
    await flush();
    if (remainingMs() < SPARE_MS || sent >= SENT_A_SECOND * SPREAD_SECONDS) break;
  }
  if (part.length > 0) await flush();
  world.note('sweep.shelf', { shard, sent });
}

/** What was held back only until its subscription is released. */
const isHeld = ({ why }: Resting): boolean => why === 'circuit' || why === 'paused';

export type Release = Extract<Job, { kind: 'release' }>;

const isMeant = (resting: Resting, { what, event_id }: Release): boolean =>
  (what === 'all' || isHeld(resting)) && (event_id === undefined || resting.event.event_id === event_id);

/**
 * Sends what waits for one subscription now, at a pace. What waits in a queue comes twice, and once only gets through. What it has not
 * the time for, or what would have to be delayed for too long, is left to the same job, asked for again.
 */
export async function release(job: Release, world: ShelfWorld, remainingMs: () => number): Promise<void> {
  const { tenant, subscription_id } = job;
  let part: Going[] = [];
  let sent = 0;
  const flush = async (): Promise<void> => {
    // Without its time, or it would wait for that again; what stands in the table still goes by it.
    await send(
      part.map(({ resting, delay }) => ({ resting: { ...resting, step: atOnce(resting.step) }, delay })),
      world,
    );
    await world.removed(part.map(({ resting }) => resting));
    sent += part.length;
    part = [];
  };
  for await (const resting of world.waiting({ tenant, subscriptionId: subscription_id })) {
    if (!isMeant(resting, job)) continue;
    part.push({ resting, delay: Math.floor((sent + part.length) / RELEASED_A_SECOND) });
    if (part.length < MOST_AT_ONCE) continue;
    await flush();
    const delay = Math.floor(sent / RELEASED_A_SECOND);
    if (remainingMs() > SPARE_MS && delay < LONGEST_DELAY) continue;
    await world.ask(job, delay);
    break;
  }
  if (part.length > 0) await flush();
  world.note('sweep.release', { tenant, subscription_id, sent });
}

/** The step as one that need not wait for its time. */
export const atOnce = ({ not_before: _time, slot: _slot, ...step }: DeliveryStep): DeliveryStep => step;

const RELEASED_A_SECOND = 20;
const LONGEST_DELAY = 900;
