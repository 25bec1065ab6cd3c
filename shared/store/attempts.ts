import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import { Attempt } from '../domain/attempt.ts';
import type { EventFacts } from '../domain/event.ts';
import { DEATHS, type Death } from '../domain/retry.ts';
import { gatheredWrites, readAll, readRange, type Item, type Table } from './database.ts';
import { ATTEMPT_SHARDS, keys, type StepOf } from './keys.ts';

/** Who may make this attempt: we until the lease ends, somebody else until then, or nobody since it is made. */
export type Claim = { kind: 'ours' } | { kind: 'held'; until: number } | { kind: 'settled' };

export interface DeadLetter {
  event: EventFacts;
  subscriptionId: string;
  deliveryId: string;
  reason: Death;
  at: string;
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

const toAttempt = (item: Item): Attempt | undefined => Attempt.safeParse(item).data;

export type Attempts = ReturnType<typeof attemptsIn>;

/** The record of every attempt, which is also the claim to make it. */
export function attemptsIn(table: Table, retentionDays: number) {
  const { db, name: TableName } = table;
  const write = gatheredWrites(table);
  /** A late attempt is kept as long as an early one, and a letter that dies of old age must not be born expired. */
  const expiry = (at: string): number => Math.ceil(Date.parse(at) / 1000) + retentionDays * 86_400;

  async function standing(step: StepOf): Promise<Claim> {
    const { Item } = await db.send(new GetCommand({ TableName, Key: keys.attempt(step), ConsistentRead: true }));
    return Item?.outcome === undefined ? { kind: 'held', until: Number(Item?.lease_until ?? 0) } : { kind: 'settled' };
  }

  return {
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
      await write({ put: { ...keys.attempt(step), v: 1, ...attempt, expires_at: expiry(attempt.at) } });
    },

    /** Keeps a delivery that is given up, with its reason. */
    async bury({ event, subscriptionId, deliveryId, reason, at }: DeadLetter): Promise<void> {
      const { tenant, event_id, type, accepted_at } = event;
      const about = {
        tenant,
        event_id,
        event_type: type,
        accepted_at,
        subscription_id: subscriptionId,
        delivery_id: deliveryId,
      };
      await write({
        put: {
          ...keys.deadLetter(event, subscriptionId),
          v: 1,
          ...about,
          reason,
          died_at: at,
          expires_at: expiry(at),
        },
      });
    },

    /** Why the delivery was given up, or undefined while it was not. */
    async deathOf(event: EventFacts, subscriptionId: string): Promise<Death | undefined> {
      const { Item } = await db.send(new GetCommand({ TableName, Key: keys.deadLetter(event, subscriptionId) }));
      return DEATHS.find((death) => death === Item?.reason);
    },

    /** All attempts of one delivery, oldest first. */
    async ofDelivery(event: EventFacts, subscriptionId: string): Promise<Attempt[]> {
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
      const shards = await Promise.all(
        Array.from({ length: ATTEMPT_SHARDS }, (_, shard) =>
          readRange(table, {
            pk: keys.attemptPartition(of.tenant, of.subscriptionId, shard),
            order: 'newest',
            limit: page.limit,
            from: momentOf(of.from),
            after: page.after ?? momentOf(of.to),
          }),
        ),
      );
      // Every shard is read down to where its own page ended, so all is known only above the highest of these ends.
      const end = shards.reduce((highest, { after = '' }) => (after > highest ? after : highest), '');
      const known = shards
        .flatMap(({ items }) => items.map((item) => ({ item, sk: String(item.sk) })))
        .filter(({ sk }) => sk >= end)
        .toSorted((a, b) => (a.sk < b.sk ? 1 : -1));
      const shown = known.slice(0, page.limit);
      const after = shown.length < known.length ? shown.at(-1)?.sk : end;
      return {
        attempts: shown.map(({ item }) => toAttempt(item)).filter((attempt) => attempt !== undefined),
        after: after === '' ? undefined : after,
      };
    },
  };
}
