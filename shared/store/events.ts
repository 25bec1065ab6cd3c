import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { GetCommand, PutCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import * as z from 'zod';
import type { AcceptedEvent, ErasedEvent, EventFacts } from '../domain/event.ts';
import { unlessRefused } from './conditional.ts';
import { countedOf } from '../domain/count.ts';
import { countingIn } from './counts.ts';
import { readAll, readRange, writeAll, type Item, type ItemKey, type Table, type Write } from './database.ts';
import { keys, MARKER_SHARDS, TIME_SHARDS } from './keys.ts';
import { mergedPage } from './merged.ts';
import { readable, warn, type Reports } from './readable.ts';

const Facts = z.object({
  tenant: z.string(),
  event_id: z.string(),
  type: z.string(),
  group: z.string(),
  accepted_at: z.string(),
  sha256: z.string(),
  timestamp: z.string(),
  schema: z.string(),
  resource: z.string().nullable(),
  traceparent: z.string().optional(),
  expires_at: z.number(),
});
const Erased = Facts.extend({ erased_at: z.string() });
const Head = z.union([Facts.extend({ body: z.string() }), Erased]);

const MatchedPart = z.object({ matched_at: z.string(), matched: z.number(), subscriptions: z.array(z.string()) });

/** A matched event in the order of time, with how many wanted it: what a walk reads. */
const Timed = z.object({
  tenant: z.string(),
  event_id: z.string(),
  type: z.string(),
  group: z.string(),
  accepted_at: z.string(),
  matched: z.number(),
});
export type Timed = z.infer<typeof Timed>;

/** With its position in the timeline, which `after` goes on from. */
export type Placed = Timed & { position: string };

/** What match found out: when, and which subscriptions wanted it. */
export interface Matched {
  at: string;
  subscriptions: readonly string[];
}

/** A marker that is due to be published again. */
export interface OpenMarker {
  tenant: string;
  eventId: string;
  acceptedAt: string;
  /** How often it was published again already. */
  tries: number;
}

/** About 30 bytes an id: a part stays far below an item's 400 KB, and the first ones below a write unit. */
const IDS_A_PART = 1_000;

const ifAbsent = { ConditionExpression: 'attribute_not_exists(pk)' };

/** Whether the write happened; false where its condition failed. */
async function happened(write: Promise<unknown>): Promise<boolean> {
  try {
    await write;
    return true;
  } catch (error) {
    if (error instanceof ConditionalCheckFailedException) return false;
    throw error;
  }
}

export type Events = ReturnType<typeof eventsIn>;

/**
 * The ledger of accepted events: their heads with data, what is still open, and what match found.
 *
 * @param reports hear of items in the timeline that cannot be read; they are left out of it
 */
export function eventsIn(table: Table, retentionDays: number, { unreadable: report = warn, uncounted }: Reports = {}) {
  const { db, name: TableName } = table;
  const counting = countingIn(table, uncounted);
  const expiry = (acceptedAt: string): number => Math.ceil(Date.parse(acceptedAt) / 1000) + retentionDays * 86_400;
  const markerKey = (marker: OpenMarker): ItemKey =>
    keys.marker({ tenant: marker.tenant, event_id: marker.eventId, accepted_at: marker.acceptedAt });
  const timePartitions = (tenant: string): string[] =>
    Array.from({ length: TIME_SHARDS }, (_, shard) => keys.timePartition(tenant, shard));

  const timeItem = (event: Omit<Timed, 'matched'>, { subscriptions }: Matched): Item => {
    const { tenant, event_id, type, group, accepted_at } = event;
    const timed: Timed = { tenant, event_id, type, group, accepted_at, matched: subscriptions.length };
    return { ...keys.time(event), v: 1, ...timed, expires_at: expiry(accepted_at) };
  };

  const matchedItems = (event: Omit<Timed, 'matched'>, { at, subscriptions }: Matched): Item[] =>
    Array.from({ length: Math.max(1, Math.ceil(subscriptions.length / IDS_A_PART)) }, (_, part) => ({
      ...keys.matched(event, part),
      v: 1,
      matched_at: at,
      matched: subscriptions.length,
      subscriptions: subscriptions.slice(part * IDS_A_PART, (part + 1) * IDS_A_PART),
      expires_at: expiry(event.accepted_at),
    }));

  const matchedParts = (event: Omit<Timed, 'matched'>, matched: Matched): Write[] =>
    matchedItems(event, matched).map((put) => ({ put }));

  const placed = (item: Item): Placed | undefined => {
    const timed = readable(Timed, item, report);
    return timed && { ...timed, position: String(item.sk) };
  };

  /** The head without all that may be personal, whatever a publisher put there. */
  async function blanked(tenant: string, eventId: string, at: Date): Promise<ErasedEvent | undefined> {
    const output = await unlessRefused(
      db.send(
        new UpdateCommand({
          TableName,
          Key: keys.head(tenant, eventId),
          UpdateExpression:
            'SET erased_at = if_not_exists(erased_at, :at), #timestamp = accepted_at, #resource = :none REMOVE body, traceparent',
          ConditionExpression: 'attribute_exists(pk) AND expires_at > :now',
          ExpressionAttributeNames: { '#timestamp': 'timestamp', '#resource': 'resource' },
          ExpressionAttributeValues: {
            ':at': at.toISOString(),
            ':none': null,
            ':now': Math.floor(at.getTime() / 1000),
          },
          ReturnValues: 'ALL_NEW',
        }),
      ),
    );
    if (output === undefined) return undefined;
    const { expires_at: _expiry, ...event } = Erased.parse(output.Attributes);
    return event;
  }

  /** As if match had found nobody. Where it was there, or comes now, what it says stands. */
  async function closeUnmatched(event: ErasedEvent, at: Date): Promise<void> {
    const nobody = { at: at.toISOString(), subscriptions: [] };
    for (const Item of [timeItem(event, nobody), ...matchedItems(event, nobody)]) {
      await happened(db.send(new PutCommand({ TableName, Item, ...ifAbsent })));
    }
    await writeAll(table, [{ remove: keys.marker(event) }]);
  }

  return {
    /**
     * Takes the event's id for it. False where an event has it already, however long ago within the retention. One that was accepted
     * before its tenant `began` is what an erasure could not find of another tenant, and has no id any more.
     */
    async accept(event: AcceptedEvent, began = '0'): Promise<boolean> {
      const Item = {
        ...keys.head(event.tenant, event.event_id),
        v: 1,
        ...event,
        expires_at: expiry(event.accepted_at),
      };
      return happened(
        db.send(
          new PutCommand({
            TableName,
            Item,
            // An expired head may stand for days until it is removed, and must not refuse its id for longer than promised.
            ConditionExpression: 'attribute_not_exists(pk) OR expires_at <= :now OR accepted_at < :began',
            ExpressionAttributeValues: { ':now': Math.floor(Date.parse(event.accepted_at) / 1000), ':began': began },
          }),
        ),
      );
    },

    /** The event of this id as it was accepted, or what is left of it once it was erased; undefined where there is none. */
    async find(tenant: string, eventId: string): Promise<AcceptedEvent | ErasedEvent | undefined> {
      const { Item } = await db.send(
        new GetCommand({ TableName, Key: keys.head(tenant, eventId), ConsistentRead: true }),
      );
      if (Item === undefined) return undefined;
      const { expires_at, ...event } = Head.parse(Item);
      return expires_at * 1000 > table.now().getTime() ? event : undefined;
    },

    /** Writes down that the event is accepted and not yet matched. False where that is written already. */
    async open(event: EventFacts): Promise<boolean> {
      const { tenant, event_id, accepted_at } = event;
      const Item = { ...keys.marker(event), v: 1, tenant, event_id, accepted_at, tries: 0 };
      return happened(db.send(new PutCommand({ TableName, Item, ...ifAbsent })));
    },

    /**
     * Writes down whom match found for each event, and closes their markers. First of all it enters them in the timeline: once
     * it is known that match was there, nobody comes back for one that is missing there, and no walk would ever find it. What they
     * count for goes along last.
     */
    async close(found: readonly { event: Omit<Timed, 'matched'>; matched: Matched }[]): Promise<void> {
      await writeAll(
        table,
        found.map(({ event, matched }) => ({ put: timeItem(event, matched) })),
      );
      await writeAll(
        table,
        found.flatMap(({ event, matched }) => [...matchedParts(event, matched), { remove: keys.marker(event) }]),
        counting(
          found.map(({ event, matched }) => countedOf(event, matched.subscriptions.length)),
          found[0] && keys.marker(found[0].event),
        ),
      );
    },

    /**
     * A page of a tenant's matched events, oldest first: those accepted at `from` or later and before `to`. `after` is the
     * position that an earlier page ended at, or any moment. A page may be short, or empty, and still go on.
     */
    async timeline(
      tenant: string,
      { from, to, after, limit }: { from: string; to: string; after?: string | undefined; limit: number },
    ): Promise<{ events: Placed[]; after: string | undefined }> {
      const page = await mergedPage(table, timePartitions(tenant), {
        order: 'oldest',
        limit,
        // Events are spread evenly, so twice its share of a page is nearly always enough of a partition.
        each: Math.ceil((2 * limit) / TIME_SHARDS),
        from,
        after,
        consistent: 'yes',
      });
      const within = page.items.filter(({ sk }) => String(sk) < to);
      const isOver = within.length < page.items.length || (page.after ?? '') >= to;
      return { events: within.flatMap((item) => placed(item) ?? []), after: isOver ? undefined : page.after };
    },

    /** A page of a tenant's matched events, newest first, of those accepted at `from` or later and before `to`. */
    async ofTenant(
      tenant: string,
      { from, to }: { from?: string | undefined; to?: string | undefined },
      page: { limit: number; after?: string | undefined },
    ): Promise<{ events: Timed[]; after: string | undefined }> {
      const { items, after } = await mergedPage(table, timePartitions(tenant), {
        order: 'newest',
        limit: page.limit,
        from,
        after: page.after ?? to,
      });
      return { events: items.flatMap((item) => readable(Timed, item, report) ?? []), after };
    },

    /** The events of a tenant that were accepted in that very millisecond. */
    async ofMoment(tenant: string, acceptedAt: string): Promise<Timed[]> {
      const shards = await Promise.all(
        timePartitions(tenant).map((pk) =>
          Array.fromAsync(readAll(table, { pk, prefix: `${acceptedAt}#`, consistent: 'yes' })),
        ),
      );
      return shards.flat().flatMap((item) => readable(Timed, item, report) ?? []);
    },

    /** What match found for the event; undefined while it has not been there. */
    async matched(tenant: string, eventId: string): Promise<Matched | undefined> {
      const range = { ...keys.matchedOf(tenant, eventId), consistent: 'yes' } as const;
      const parts = await Array.fromAsync(readAll(table, range), (item) => MatchedPart.parse(item));
      const [first] = parts;
      if (first === undefined) return undefined;
      // Match may have been there twice and found others: parts of both times may stand, and one id in several.
      const subscriptions = new Set(parts.flatMap((part) => part.subscriptions));
      return { at: first.matched_at, subscriptions: [...subscriptions] };
    },

    /** Whether match has been there: one small read. */
    async isMatched(tenant: string, eventId: string): Promise<boolean> {
      const range = {
        ...keys.matchedOf(tenant, eventId),
        limit: 1,
        consistent: 'yes',
        only: ['matched_at'],
      } as const;
      return (await readRange(table, range)).items.length > 0;
    },

    /** Open markers of events accepted before `acceptedBefore` whose next try is due, oldest first in each shard. */
    async *overdue(acceptedBefore: Date, now: Date): AsyncGenerator<OpenMarker> {
      for (let shard = 0; shard < MARKER_SHARDS; shard++) {
        for await (const item of readAll(table, { pk: keys.markerPartition(shard), consistent: 'yes' })) {
          const marker = z
            .object({
              tenant: z.string(),
              event_id: z.string(),
              accepted_at: z.string(),
              tries: z.number(),
              next_at: z.number().default(0),
            })
            .parse(item);
          if (Date.parse(marker.accepted_at) >= acceptedBefore.getTime()) break;
          if (marker.next_at > now.getTime()) continue;
          yield {
            tenant: marker.tenant,
            eventId: marker.event_id,
            acceptedAt: marker.accepted_at,
            tries: marker.tries,
          };
        }
      }
    },

    /** Notes that the marker was published again, and when it is due next. Never brings back a marker that match closed. */
    async postpone(marker: OpenMarker, nextAt: Date): Promise<void> {
      await happened(
        db.send(
          new UpdateCommand({
            TableName,
            Key: markerKey(marker),
            UpdateExpression: 'SET tries = :tries, next_at = :next',
            ConditionExpression: 'attribute_exists(pk)',
            ExpressionAttributeValues: { ':tries': marker.tries + 1, ':next': nextAt.getTime() },
          }),
        ),
      );
    },

    /**
     * Takes away what the event said and leaves a tombstone, which keeps its id for as long as the event would have. Where match has
     * not been there, nobody has to come for it any more. Done again, it changes nothing. Undefined where there is no such event.
     */
    async erase(tenant: string, eventId: string, at: Date): Promise<ErasedEvent | undefined> {
      const event = await blanked(tenant, eventId, at);
      if (event !== undefined) await closeUnmatched(event, at);
      return event;
    },

    /** Closes a marker whose event is matched, or is no more. */
    async forget(marker: OpenMarker): Promise<void> {
      await writeAll(table, [{ remove: markerKey(marker) }]);
    },
  };
}
