import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { GetCommand, PutCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import * as z from 'zod';
import { Attempt } from '../domain/attempt.ts';
import type { EventFacts } from '../domain/event.ts';
import { sumsOf } from '../domain/figures.ts';
import { DEATHS, type Death } from '../domain/retry.ts';
import { removeIf, unlessRefused } from './conditional.ts';
import { tallyIn } from './counts.ts';
import { gatheredWrites, readAll, readRange, type Item, type ItemKey, type Table } from './database.ts';
import type { Whom } from './health.ts';
import { ALL_DEAD_SHARDS, ATTEMPT_SHARDS, DEAD_SHARDS, keys, type StepOf } from './keys.ts';
import { mergedPage } from './merged.ts';
import { readable, warn, type Reports } from './readable.ts';

/** Who may make this attempt: we until the lease ends, somebody else until then, or nobody since it is made. */
export type Claim = { kind: 'ours' } | { kind: 'held'; until: number } | { kind: 'settled' };

/** What came of the last request of a delivery that was given up. */
const Last = z.object({
  outcome: z.string(),
  at: z.string(),
  attempt: z.number(),
  status: z.number().optional(),
  reason: z.string().optional(),
});

/** A dead letter as it is kept. */
const Letter = z.object({
  tenant: z.string(),
  event_id: z.string(),
  event_type: z.string(),
  accepted_at: z.string(),
  subscription_id: z.string(),
  delivery_id: z.string(),
  run: z.number().int().default(1),
  /** `delivery`: the subscriber did not take it. `fault`: our own code failed at it, five times. */
  kind: z.enum(['delivery', 'fault']).default('delivery'),
  reason: z.enum([...DEATHS, 'fault']),
  died_at: z.string(),
  last: Last.optional(),
});
export type Letter = z.infer<typeof Letter>;

export interface DeadLetter {
  event: Pick<EventFacts, 'tenant' | 'event_id' | 'type' | 'accepted_at'>;
  subscriptionId: string;
  deliveryId: string;
  run: number;
  kind: Letter['kind'];
  reason: Death | 'fault';
  at: string;
  last?: Letter['last'];
}

type OfEvent = Pick<EventFacts, 'tenant' | 'event_id' | 'accepted_at'>;

/** From its first moment to the first that is no more in it. */
export interface Stretch {
  from: string;
  to: string;
}

/** Whose attempts, of events accepted when. Times are RFC 3339. */
export interface Listed {
  tenant: string;
  subscriptionId: string;
  from?: string | undefined;
  to?: string | undefined;
}

/** As sort keys spell it, whatever its zone. */
const momentOf = (time: string | undefined): string | undefined =>
  time === undefined ? undefined : new Date(time).toISOString();

/** Stands in the place of an attempt that will not be made. It is none, so it is in no list of them. */
const CANCELLED = 'cancelled';
export interface Cancelled {
  run: number;
  next: 'cancelled';
}

const toAttempt = (item: Item): Attempt | undefined => Attempt.safeParse(item).data;

export type Attempts = ReturnType<typeof attemptsIn>;

/**
 * The record of every attempt, which is also the claim to make it, and of every delivery that was given up. What they count for goes
 * along with the last of them.
 */
export function attemptsIn(
  table: Table,
  retentionDays: number,
  { unreadable: report = warn, uncounted }: Reports = {},
) {
  const { db, name: TableName } = table;
  const tally = tallyIn(table, uncounted);
  const write = gatheredWrites(table, tally.take);
  /** A late attempt is kept as long as an early one, and a letter that dies of old age must not be born expired. */
  const expiry = (at: string): number => Math.ceil(Date.parse(at) / 1000) + retentionDays * 86_400;

  const attemptPartitions = ({ tenant, subscriptionId }: Whom): string[] =>
    Array.from({ length: ATTEMPT_SHARDS }, (_, shard) => keys.attemptPartition(tenant, subscriptionId, shard));
  /** The earlier one first, so that of two letters of one delivery the later one counts. */
  const deadLetterPartitions = ({ tenant, subscriptionId }: Whom): string[] => [
    keys.earlierDeadLetterPartition(tenant, subscriptionId),
    ...Array.from({ length: DEAD_SHARDS }, (_, shard) => keys.deadLetterPartition(tenant, subscriptionId, shard)),
  ];

  async function standing(step: StepOf): Promise<Claim> {
    const { Item } = await db.send(new GetCommand({ TableName, Key: keys.attempt(step), ConsistentRead: true }));
    return Item?.outcome === undefined ? { kind: 'held', until: Number(Item?.lease_until ?? 0) } : { kind: 'settled' };
  }

  const removeExcerpt = (Key: ItemKey): Promise<unknown> =>
    unlessRefused(
      db.send(
        new UpdateCommand({
          TableName,
          Key,
          UpdateExpression: 'REMOVE response_excerpt',
          // One that the table has just removed must not come back as an empty one.
          ConditionExpression: 'attribute_exists(pk)',
        }),
      ),
    );

  /** Backwards, for so a range ends at both ends: a walk goes through years of attempts and must not read past its page. */
  async function allBetween(pks: readonly string[], { from, to }: Stretch): Promise<Item[]> {
    const range = { order: 'newest', from, after: to, consistent: 'yes' } as const;
    const found = await Promise.all(pks.map((pk) => Array.fromAsync(readAll(table, { pk, ...range }))));
    return found.flatMap((items) => items.toReversed());
  }

  return {
    /** So many attempts are about to be recorded, or fewer: what they count for is kept with the last of them. */
    expectRecords: tally.expect,
    /** Resolves when all that was counted is kept, or lost. A batch ends so. */
    keepCounts: tally.keep,

    /**
     * Asks for the attempt. One caller gets 'ours' until the lease ends; the lease must outlast the attempt's time-out. A
     * crash in between costs a second request, never a lost one.
     */
    async claim(step: StepOf, lease: { now: Date; seconds: number }): Promise<Claim> {
      const until = lease.now.getTime() + lease.seconds * 1000;
      try {
        await db.send(
          new PutCommand({
            TableName,
            Item: { ...keys.attempt(step), v: 1, lease_until: until, expires_at: expiry(lease.now.toISOString()) },
            ConditionExpression: 'attribute_not_exists(pk) OR (attribute_not_exists(outcome) AND lease_until <= :now)',
            ExpressionAttributeValues: { ':now': lease.now.getTime() },
          }),
        );
        return { kind: 'ours' };
      } catch (error) {
        if (!(error instanceof ConditionalCheckFailedException)) throw error;
        // The embedded store does not hand back the item that stood in the way, so it is read.
        return standing(step);
      }
    },

    /** Settles an attempt for good. Writes made at about the same time share a call. */
    async record(step: StepOf, attempt: Attempt): Promise<void> {
      const { event, subscriptionId } = step;
      tally.add({ tenant: event.tenant, subscriptionId, sums: sumsOf(attempt) }, keys.attempt(step));
      tally.recorded();
      await write({ put: { ...keys.attempt(step), v: 1, ...attempt, expires_at: expiry(attempt.at) } });
    },

    /**
     * Settles an attempt that will not be made: whoever claims it finds it settled. False where one was made already.
     */
    async cancel(step: StepOf, at: Date): Promise<boolean> {
      const Item = {
        ...keys.attempt(step),
        v: 1,
        outcome: CANCELLED,
        at: at.toISOString(),
        expires_at: expiry(at.toISOString()),
      };
      const put = new PutCommand({
        TableName,
        Item,
        // The client sends a put again whose answer got lost, and must not be refused by its own work.
        ConditionExpression: 'attribute_not_exists(outcome) OR outcome = :cancelled',
        ExpressionAttributeValues: { ':cancelled': CANCELLED },
      });
      return (await unlessRefused(db.send(put))) !== undefined;
    },

    /** Whether the delivery's latest step is one that was cancelled. */
    async isCancelled(event: OfEvent, subscriptionId: string): Promise<boolean> {
      const range = { order: 'newest', limit: 1, consistent: 'yes', only: ['outcome'] } as const;
      const { items } = await readRange(table, { ...keys.attemptsOf(event, subscriptionId), ...range });
      return items[0]?.outcome === CANCELLED;
    },

    /** Keeps a delivery that is given up, with its reason. */
    async bury({ event, subscriptionId, deliveryId, run, kind, reason, at, last }: DeadLetter): Promise<void> {
      const { tenant, event_id, type, accepted_at } = event;
      const letter: Letter = {
        tenant,
        event_id,
        event_type: type,
        accepted_at,
        subscription_id: subscriptionId,
        delivery_id: deliveryId,
        run,
        kind,
        reason,
        died_at: at,
        ...(last !== undefined && { last }),
      };
      tally.add({ tenant, subscriptionId, sums: { dead: 1 } }, keys.deadLetter(event, subscriptionId));
      const places = [keys.deadLetter(event, subscriptionId), keys.deadLetterOfAll(event, subscriptionId)];
      await Promise.all(places.map((key) => write({ put: { ...key, v: 1, ...letter, expires_at: expiry(at) } })));
    },

    /** The dead letter of a delivery, or undefined while it was not given up. */
    async letterOf(event: OfEvent, subscriptionId: string): Promise<Letter | undefined> {
      for (const Key of [keys.deadLetter(event, subscriptionId), keys.earlierDeadLetter(event, subscriptionId)]) {
        const { Item } = await db.send(new GetCommand({ TableName, Key, ConsistentRead: true }));
        if (Item !== undefined && Number(Item.expires_at) * 1000 > table.now().getTime()) {
          return readable(Letter, Item, report);
        }
      }
      return undefined;
    },

    /** Takes a dead letter away; false where there is none. */
    async acknowledge(event: OfEvent, subscriptionId: string): Promise<boolean> {
      const places = [keys.deadLetter(event, subscriptionId), keys.earlierDeadLetter(event, subscriptionId)];
      // First out of the list of all, which nothing else leads to: whoever dies in between leaves a letter that is still found.
      await write({ remove: keys.deadLetterOfAll(event, subscriptionId) });
      const removed = await Promise.all(places.map((key) => removeIf(table, key, { only: 'v = :it', it: 1 })));
      return removed.some((one) => one !== undefined);
    },

    /** A page of a subscription's dead letters, by the moment their events were accepted, newest first. */
    async deadLetters(
      of: Listed,
      page: { limit: number; after?: string | undefined },
    ): Promise<{ letters: Letter[]; after: string | undefined }> {
      const { items, after } = await mergedPage(table, deadLetterPartitions(of), {
        order: 'newest',
        limit: page.limit,
        from: momentOf(of.from),
        after: page.after ?? momentOf(of.to),
      });
      return { letters: items.flatMap((item) => readable(Letter, item, report) ?? []), after };
    },

    /** A page of the dead letters of all tenants, in the same order. */
    async allDeadLetters(
      { from, to }: Partial<Stretch>,
      page: { limit: number; after?: string | undefined },
    ): Promise<{ letters: Letter[]; after: string | undefined }> {
      const partitions = Array.from({ length: ALL_DEAD_SHARDS }, (_, shard) => keys.allDeadPartition(shard));
      const { items, after } = await mergedPage(table, partitions, {
        order: 'newest',
        limit: page.limit,
        each: Math.ceil((2 * page.limit) / ALL_DEAD_SHARDS),
        from: momentOf(from),
        after: page.after ?? momentOf(to),
      });
      return { letters: items.flatMap((item) => readable(Letter, item, report) ?? []), after };
    },

    /** The attempts at a subscription's deliveries of events accepted in that time, by event, oldest first; with those cancelled. */
    async attemptsBetween(whom: Whom, stretch: Stretch): Promise<Map<string, (Attempt | Cancelled)[]>> {
      const found = new Map<string, (Attempt | Cancelled)[]>();
      for (const item of await allBetween(attemptPartitions(whom), stretch)) {
        const [, eventId = '', run = '1'] = String(item.sk).split('#');
        const attempt =
          item.outcome === CANCELLED ? ({ run: Number(run), next: 'cancelled' } as const) : toAttempt(item);
        if (attempt !== undefined) found.set(eventId, [...(found.get(eventId) ?? []), attempt]);
      }
      return found;
    },

    /** The dead letters of events accepted in that time, by event. */
    async lettersBetween(whom: Whom, stretch: Stretch): Promise<Map<string, Letter>> {
      const items = await allBetween(deadLetterPartitions(whom), stretch);
      const letters = items.flatMap((item) => readable(Letter, item, report) ?? []);
      return new Map(letters.map((letter) => [letter.event_id, letter]));
    },

    /** Takes away what the subscriber answered; that he was asked stays. Answers the delivery's attempts, oldest first. */
    async blank(event: OfEvent, subscriptionId: string): Promise<Attempt[]> {
      const range = { ...keys.attemptsOf(event, subscriptionId), consistent: 'yes' } as const;
      const items = await Array.fromAsync(readAll(table, range));
      const told = items.filter((item) => item.response_excerpt !== undefined);
      await Promise.all(told.map(({ pk, sk }) => removeExcerpt({ pk: String(pk), sk: String(sk) })));
      return items.flatMap((item) => toAttempt(item) ?? []);
    },

    /** All attempts of one delivery, oldest first. */
    async ofDelivery(event: OfEvent, subscriptionId: string): Promise<Attempt[]> {
      const found: Attempt[] = [];
      for await (const item of readAll(table, { ...keys.attemptsOf(event, subscriptionId), consistent: 'yes' })) {
        const attempt = toAttempt(item);
        if (attempt !== undefined) found.push(attempt);
      }
      return found;
    },

    /**
     * A page of a subscription's attempts, by the moment their events were accepted, newest first. `after` is the position
     * that an earlier page ended at; `from` is the first moment that counts, `to` the first that does not.
     */
    async ofSubscription(
      of: Listed,
      page: { limit: number; after?: string | undefined },
    ): Promise<{ attempts: Attempt[]; after: string | undefined }> {
      const { items, after } = await mergedPage(table, attemptPartitions(of), {
        order: 'newest',
        limit: page.limit,
        from: momentOf(of.from),
        after: page.after ?? momentOf(of.to),
      });
      return { attempts: items.map(toAttempt).filter((attempt) => attempt !== undefined), after };
    },
  };
}
