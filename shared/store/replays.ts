import { GetCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import * as z from 'zod';
import { unlessRefused } from './conditional.ts';
import { readAll, readRange, writeAll, type Item, type ItemKey, type Table } from './database.ts';
import type { Whom } from './health.ts';
import { keys } from './keys.ts';
import { readable, warn, type Report } from './readable.ts';

const Whose = z.object({ tenant: z.string(), subscription_id: z.string() });
type Whose = z.infer<typeof Whose>;

/** A walk over the events of a stretch of time, to bring a subscription what it missed or what somebody asks for again. */
const Replay = Whose.extend({
  replay_id: z.string(),
  /** `catch_up`: what was held, in the first run. `replay`: asked for, in a run of its own. */
  kind: z.enum(['catch_up', 'replay']),
  only: z.enum(['unsettled', 'dead', 'missed', 'all']),
  run: z.number().int(),
  /** The events accepted from then on, RFC 3339 UTC with milliseconds. */
  from: z.string(),
  /** And before then. */
  to: z.string(),
  /** The position in the timeline that it has come to; `from` at first. */
  cursor: z.string(),
  state: z.enum(['running', 'done', 'cancelled', 'failed']),
  matched: z.number(),
  sent: z.number(),
  delivered: z.number(),
  dead: z.number(),
  /** Deliveries a second. */
  pace: z.number(),
  /** Until then, in milliseconds since 1970, the deliveries of the piece before are going out. */
  next_at: z.number().default(0),
  started_at: z.string(),
  finished_at: z.string().optional(),
  touched_at: z.string(),
});
export type Replay = z.infer<typeof Replay>;

/** How far a walk has come. The counts are what this step adds. */
export interface Step {
  cursor: string;
  matched: number;
  sent: number;
  dead: number;
  pace: number;
  next_at: number;
  at: string;
}

/** Slowly at first: whoever has just come back must not be pushed over again. */
const FIRST_PACE = 10;

const spelled = (time: string): string => new Date(time).toISOString();

/** A walk that begins; a catch-up unless somebody asks for more. */
export function replayFrom(
  given: Pick<Replay, 'tenant' | 'subscription_id' | 'replay_id' | 'kind' | 'from' | 'to' | 'started_at'> &
    Partial<Pick<Replay, 'only' | 'run'>>,
): Replay {
  // As sort keys spell it, with which it is compared.
  const [from, to] = [spelled(given.from), spelled(given.to)];
  return {
    only: 'unsettled',
    run: 1,
    state: 'running',
    matched: 0,
    sent: 0,
    delivered: 0,
    dead: 0,
    pace: FIRST_PACE,
    next_at: 0,
    touched_at: given.started_at,
    ...given,
    from,
    to,
    cursor: from,
  };
}

const Running = Whose.extend({ replay_id: z.string(), started_at: z.string() });

export type Replays = ReturnType<typeof replaysIn>;

/**
 * Catch-ups and replays, with how far each is, and the list of those that are under way. The list may name some that are not: an
 * entry is written first and goes last, so that whoever dies in between leaves one that a later look takes away.
 *
 * @param report hears of items that cannot be read; they are left out of lists
 */
export function replaysIn(table: Table, retentionDays: number, report: Report = warn) {
  const { db, name: TableName } = table;
  const keyOf = ({ tenant, subscription_id }: Whose, replayId: string): ItemKey => ({
    pk: keys.replayPartition(tenant, subscription_id),
    sk: replayId,
  });
  const entryKey = ({ tenant, subscription_id }: Whose, replayId: string): ItemKey => ({
    ...keys.running,
    sk: `${tenant}#${subscription_id}#${replayId}`,
  });
  /** From the last time it was touched: one that waits for a subscription may run for longer than events are kept. */
  const expiryAfter = (at: string): number => Math.ceil(Date.parse(at) / 1000) + retentionDays * 86_400;
  const unlist = (of: Whose, replayId: string): Promise<void> => writeAll(table, [{ remove: entryKey(of, replayId) }]);

  async function itemOf(of: Whose, replayId: string): Promise<Item | undefined> {
    const { Item } = await db.send(new GetCommand({ TableName, Key: keyOf(of, replayId), ConsistentRead: true }));
    return Item === undefined || Number(Item.expires_at) * 1000 <= table.now().getTime() ? undefined : Item;
  }

  async function find(of: Whose, replayId: string): Promise<Replay | undefined> {
    const item = await itemOf(of, replayId);
    return item && Replay.parse(item);
  }

  /** Changes one where `only` holds. Undefined where it does not. */
  async function update(
    key: ItemKey,
    { change, only, values }: { change: string; only: string; values: Item },
  ): Promise<Replay | undefined> {
    const names = { '#state': 'state', '#cursor': 'cursor' };
    const used = Object.entries(names).filter(([name]) => `${change} ${only}`.includes(name));
    const output = await unlessRefused(
      db.send(
        new UpdateCommand({
          TableName,
          Key: key,
          UpdateExpression: change,
          ConditionExpression: only,
          ...(used.length > 0 && { ExpressionAttributeNames: Object.fromEntries(used) }),
          ExpressionAttributeValues: values,
          ReturnValues: 'ALL_NEW',
        }),
      ),
    );
    return output && Replay.parse(output.Attributes);
  }

  return {
    async create(replay: Replay): Promise<void> {
      const { tenant, subscription_id, replay_id, started_at } = replay;
      const entry = { ...entryKey(replay, replay_id), v: 1, tenant, subscription_id, replay_id, started_at };
      await writeAll(table, [{ put: entry }]);
      const item = { ...keyOf(replay, replay_id), v: 1, ...replay, expires_at: expiryAfter(started_at) };
      await writeAll(table, [{ put: item }]);
    },

    find,

    /** A page of a subscription's, newest first. */
    async list(
      { tenant, subscription_id }: Whose,
      page: { limit: number; after?: string | undefined },
    ): Promise<{ replays: Replay[]; after: string | undefined }> {
      const pk = keys.replayPartition(tenant, subscription_id);
      // Consistent: whoever starts one looks first whether there is another.
      const { items, after } = await readRange(table, { pk, order: 'newest', consistent: 'yes', ...page });
      return { replays: items.flatMap((item) => readable(Replay, item, report) ?? []), after };
    },

    /** Moves it on; undefined where somebody else did, or it is not running any more. */
    advance(replay: Replay, { cursor, matched, sent, dead, pace, next_at, at }: Step): Promise<Replay | undefined> {
      return update(keyOf(replay, replay.replay_id), {
        change:
          'SET #cursor = :cursor, pace = :pace, next_at = :next, touched_at = :at, expires_at = :expiry ' +
          'ADD matched :matched, sent :sent, dead :dead',
        only: '#state = :running AND #cursor = :before',
        values: {
          ':running': 'running',
          ':before': replay.cursor,
          ':cursor': cursor,
          ':matched': matched,
          ':sent': sent,
          ':dead': dead,
          ':pace': pace,
          ':next': next_at,
          ':at': at,
          ':expiry': expiryAfter(at),
        },
      });
    },

    /** Ends it, once. What is not running leaves the list of those under way in any case. */
    async finish(replay: Replay, { state, at }: { state: 'done' | 'cancelled' | 'failed'; at: string }): Promise<void> {
      await update(keyOf(replay, replay.replay_id), {
        change: 'SET #state = :state, finished_at = :at, touched_at = :at, expires_at = :expiry',
        only: '#state = :running',
        values: { ':running': 'running', ':state': state, ':at': at, ':expiry': expiryAfter(at) },
      });
      await unlist(replay, replay.replay_id);
    },

    /** Counts what became of its deliveries. A delivery whose handling is repeated may be counted twice. */
    async count(
      { tenant, subscriptionId: subscription_id }: Whom,
      replayId: string,
      { delivered, dead }: { delivered: number; dead: number },
    ): Promise<void> {
      await update(keyOf({ tenant, subscription_id }, replayId), {
        change: 'ADD delivered :delivered, dead :dead',
        only: 'attribute_exists(pk)',
        values: { ':delivered': delivered, ':dead': dead },
      });
    },

    /**
     * Those of the list that nobody has touched since then, and those that are over and still in it. What is no more, or never
     * came to be, is taken off. One that only another release can read is that one's to look after.
     */
    async *stalled(before: Date): AsyncGenerator<Whom & { replayId: string }> {
      for await (const item of readAll(table, { ...keys.running, consistent: 'yes' })) {
        const entry = readable(Running, item, report);
        // Its replay may be about to be written.
        if (entry === undefined || Date.parse(entry.started_at) >= before.getTime()) continue;
        const { tenant, subscription_id, replay_id: replayId } = entry;
        const found = await itemOf(entry, replayId);
        if (found === undefined) await unlist(entry, replayId);
        const replay = found && readable(Replay, found, report);
        if (replay === undefined) continue;
        if (replay.state !== 'running' || Date.parse(replay.touched_at) < before.getTime()) {
          yield { tenant, subscriptionId: subscription_id, replayId };
        }
      }
    },
  };
}
