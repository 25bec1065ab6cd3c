import { GetCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import * as z from 'zod';
import { unlessRefused } from './conditional.ts';
import { readAll, readRange, writeAll, type ItemKey, type Table } from './database.ts';
import { keys } from './keys.ts';

const Whose = z.object({ tenant: z.string(), subscription_id: z.string() });
type Whose = z.infer<typeof Whose>;

/** A walk over the events of a stretch of time, to bring a subscription what it missed or what somebody asks for again. */
const Replay = Whose.extend({
  replay_id: z.string(),
  /** `catch_up`: what was held, in the first run. `replay`: asked for, in a run of its own. */
  kind: z.enum(['catch_up', 'replay']),
  only: z.enum(['unsettled', 'dead', 'missed', 'all']),
  run: z.number().int(),
  from: z.string(),
  to: z.string(),
  /** The position in the timeline that it has come to; empty at first. */
  cursor: z.string(),
  state: z.enum(['running', 'done', 'cancelled', 'failed']),
  matched: z.number(),
  sent: z.number(),
  delivered: z.number(),
  dead: z.number(),
  /** Deliveries a second. */
  pace: z.number(),
  started_at: z.string(),
  finished_at: z.string().optional(),
  touched_at: z.string(),
});
export type Replay = z.infer<typeof Replay>;

/** Slowly at first: whoever has just come back must not be pushed over again. */
const FIRST_PACE = 10;

/** A walk that begins; a catch-up unless somebody asks for more. */
export const replayFrom = (
  given: Pick<Replay, 'tenant' | 'subscription_id' | 'replay_id' | 'kind' | 'from' | 'to' | 'started_at'> &
    Partial<Pick<Replay, 'only' | 'run'>>,
): Replay => ({
  only: 'unsettled',
  run: 1,
  cursor: '',
  state: 'running',
  matched: 0,
  sent: 0,
  delivered: 0,
  dead: 0,
  pace: FIRST_PACE,
  touched_at: given.started_at,
  ...given,
});

const Running = Whose.extend({ replay_id: z.string() });

export type Replays = ReturnType<typeof replaysIn>;

/** Catch-ups and replays, with how far each is, and the list of those that are under way. */
export function replaysIn(table: Table, retentionDays: number) {
  const { db, name: TableName } = table;
  const keyOf = ({ tenant, subscription_id }: Whose, replayId: string): ItemKey => ({
    pk: keys.replayPartition(tenant, subscription_id),
    sk: replayId,
  });
  const runningKey = ({ tenant, subscription_id }: Whose, replayId: string): ItemKey => ({
    ...keys.running,
    sk: `${tenant}#${subscription_id}#${replayId}`,
  });
  const expiryAfter = (at: string): number => Math.ceil(Date.parse(at) / 1000) + retentionDays * 86_400;

  async function find(of: Whose, replayId: string): Promise<Replay | undefined> {
    const { Item } = await db.send(new GetCommand({ TableName, Key: keyOf(of, replayId), ConsistentRead: true }));
    return Item === undefined ? undefined : Replay.parse(Item);
  }

  const isRunning = { '#state': 'state' };

  return {
    /** Durable, and in the list of those under way, when it resolves. */
    async create(replay: Replay): Promise<void> {
      const { tenant, subscription_id, replay_id, started_at } = replay;
      const expires_at = expiryAfter(started_at);
      await writeAll(table, [
        { put: { ...keyOf(replay, replay_id), v: 1, ...replay, expires_at } },
        { put: { ...runningKey(replay, replay_id), v: 1, tenant, subscription_id, replay_id } },
      ]);
    },

    find,

    /** A page of a subscription's, newest first. */
    async list(
      { tenant, subscription_id }: Whose,
      page: { limit: number; after?: string | undefined },
    ): Promise<{ replays: Replay[]; after: string | undefined }> {
      const { items, after } = await readRange(table, {
        pk: keys.replayPartition(tenant, subscription_id),
        order: 'newest',
        ...page,
      });
      return { replays: items.map((item) => Replay.parse(item)), after };
    },

    /** Moves it on; undefined where somebody else did, or it is not running any more. */
    async advance(
      replay: Replay,
      to: { cursor: string; matched: number; sent: number; pace: number; at: string },
    ): Promise<Replay | undefined> {
      const output = await unlessRefused(
        db.send(
          new UpdateCommand({
            TableName,
            Key: keyOf(replay, replay.replay_id),
            UpdateExpression:
              'SET #cursor = :cursor, matched = matched + :matched, sent = sent + :sent, pace = :pace, touched_at = :at, expires_at = :expiry',
            ConditionExpression: '#state = :running AND #cursor = :before',
            ExpressionAttributeNames: { ...isRunning, '#cursor': 'cursor' },
            ExpressionAttributeValues: {
              ':running': 'running',
              ':before': replay.cursor,
              ':cursor': to.cursor,
              ':matched': to.matched,
              ':sent': to.sent,
              ':pace': to.pace,
              ':at': to.at,
              ':expiry': expiryAfter(to.at),
            },
            ReturnValues: 'ALL_NEW',
          }),
        ),
      );
      return output && Replay.parse(output.Attributes);
    },

    /** Ends it, once. What is not running leaves the list of those under way in any case. */
    async finish(replay: Replay, { state, at }: { state: 'done' | 'cancelled' | 'failed'; at: string }): Promise<void> {
      await unlessRefused(
        db.send(
          new UpdateCommand({
            TableName,
            Key: keyOf(replay, replay.replay_id),
            UpdateExpression: 'SET #state = :state, finished_at = :at',
            ConditionExpression: '#state = :running',
            ExpressionAttributeNames: isRunning,
            ExpressionAttributeValues: { ':state': state, ':at': at, ':running': 'running' },
          }),
        ),
      );
      await writeAll(table, [{ remove: runningKey(replay, replay.replay_id) }]);
    },

    /** Counts what became of its deliveries. A delivery whose handling is repeated may be counted twice. */
    async count(
      { tenant, subscriptionId: subscription_id }: { tenant: string; subscriptionId: string },
      replayId: string,
      { delivered, dead }: { delivered: number; dead: number },
    ): Promise<void> {
      await unlessRefused(
        db.send(
          new UpdateCommand({
            TableName,
            Key: keyOf({ tenant, subscription_id }, replayId),
            UpdateExpression: 'ADD delivered :delivered, dead :dead',
            ConditionExpression: 'attribute_exists(pk)',
            ExpressionAttributeValues: { ':delivered': delivered, ':dead': dead },
          }),
        ),
      );
    },

    /** Those that are under way, as the list says, and that nobody has touched since then. */
    async *stalled(before: Date): AsyncGenerator<{ tenant: string; subscriptionId: string; replayId: string }> {
      for await (const item of readAll(table, { ...keys.running, consistent: 'yes' })) {
        const { tenant, subscription_id, replay_id } = Running.parse(item);
        const replay = await find({ tenant, subscription_id }, replay_id);
        if (replay === undefined) await writeAll(table, [{ remove: runningKey({ tenant, subscription_id }, replay_id) }]);
        else if (replay.state !== 'running' || Date.parse(replay.touched_at) < before.getTime()) {
          yield { tenant, subscriptionId: subscription_id, replayId: replay_id };
        }
      }
    },
  };
}
