import * as z from 'zod';
import { DeliveryStep, WAITING_FOR } from '../domain/delivery.ts';
import { TravellingEvent } from '../domain/event.ts';
import { gather } from '../domain/gather.ts';
import { readAll, readRange, writeAll, type Item, type Table, type Write } from './database.ts';
import type { Whom } from './health.ts';
import { keys, WAIT_SHARDS, type StepOf } from './keys.ts';
import { mergedPage } from './merged.ts';
import { readable, warn, type Report } from './readable.ts';

/** A delivery that waits: its event without the data, its next step, until when (ms since 1970) and why. */
const Resting = z.object({
  event: TravellingEvent.omit({ body: true }),
  step: DeliveryStep,
  due: z.number(),
  // A later release may know more reasons. They are about pace: whatever it is, it comes when it is due.
  why: z.enum(WAITING_FOR).catch('schedule'),
});
export type Resting = z.infer<typeof Resting>;

type DeliveryOf = Omit<StepOf, 'attempt'>;

/** A delivery has two items here, and 24 writes fit into a call of 25: so both always go in one. */
const MOST_PAIRS_A_CALL = 12;
/** Much of a shelf is not due, and a page that is cut by nothing else is a megabyte. */
const DUE_A_PAGE = 100;
const DAY_SECONDS = 86_400;
/** Nobody sent it for so long, so nobody will. */
const OVERDUE_DAYS = 3;

const deliveryOf = ({ event, step }: Resting): DeliveryOf => ({
  event,
  subscriptionId: step.subscription_id,
  run: step.run,
});
const momentOf = (due: number): string => new Date(due).toISOString();
const shelfKey = (resting: Resting) => keys.shelved(deliveryOf(resting), momentOf(resting.due));
const partitionsOf = ({ tenant, subscriptionId }: Whom): string[] =>
  Array.from({ length: WAIT_SHARDS }, (_, shard) => keys.waitingPartition(tenant, subscriptionId, shard));
const waitingKey = (resting: Resting) => keys.waiting(deliveryOf(resting), momentOf(resting.due));

/** Where to look for what waits. */
export interface Search {
  due?: string | undefined;
  most?: number;
}

export type Shelf = ReturnType<typeof shelfIn>;

/**
 * The shelf, where deliveries rest until they are due, and the list of all that wait, there or in a queue. What is repeated
 * writes the same again; a delivery that goes on waiting under another due time is another item, and the old one is `over`.
 *
 * @param report hears of items that cannot be read; they are left where they are, and out of every answer
 */
export function shelfIn(table: Table, retentionDays: number, report: Report = warn) {
  const write = gather<readonly Write[]>({
    most: MOST_PAIRS_A_CALL,
    handle: (deliveries) => writeAll(table, deliveries.flat()).then(() => []),
  });

  /** Parsed, for that leaves out the body of whoever has one. */
  const itemOf = (resting: Resting): Item => ({
    v: 1,
    ...Resting.parse(resting),
    expires_at: Math.max(
      Math.ceil(resting.due / 1000) + OVERDUE_DAYS * DAY_SECONDS,
      Math.ceil(Date.parse(resting.event.accepted_at) / 1000) + retentionDays * DAY_SECONDS,
    ),
  });
  const read = (item: Item): Resting | undefined => readable(Resting, item, report);

  /** What waits in one partition of a subscription's list, the soonest first. */
  async function* waitingIn(pk: string): AsyncGenerator<Resting> {
    for await (const item of readAll(table, { pk, consistent: 'yes' })) {
      const resting = read(item);
      if (resting !== undefined) yield resting;
    }
  }

  return {
    /** Puts the delivery on the shelf and lists it. */
    async rest(resting: Resting): Promise<void> {
      const item = itemOf(resting);
      await write([{ put: { ...shelfKey(resting), ...item } }, { put: { ...waitingKey(resting), ...item } }]);
    },

    /** Lists a delivery that waits in a queue. */
    async expect(resting: Resting): Promise<void> {
      await write([{ put: { ...waitingKey(resting), ...itemOf(resting) } }]);
    },

    /** The delivery waits no more until `due`. Harmless where it never did. */
    async over(of: DeliveryOf, due: number): Promise<void> {
      await write([{ remove: keys.waiting(of, momentOf(due)) }]);
    },

    /** Whether anything on that part of the shelf is due before then: a read of half a unit. */
    async isDue(shard: number, before: Date): Promise<boolean> {
      const range = { pk: keys.shelfPartition(shard), only: [], limit: 1 };
      for await (const { sk } of readAll(table, range)) return String(sk) < before.toISOString();
      return false;
    },

    /** What is due before then on that part of the shelf, oldest first. */
    async *due(shard: number, before: Date): AsyncGenerator<Resting> {
      const end = before.toISOString();
      const range = { pk: keys.shelfPartition(shard), limit: DUE_A_PAGE, consistent: 'yes' } as const;
      for await (const item of readAll(table, range)) {
        if (String(item.sk) >= end) return;
        const resting = read(item);
        if (resting !== undefined) yield resting;
      }
    },

    /** They are in a queue now, and go on waiting there. */
    async taken(resting: readonly Resting[]): Promise<void> {
      await writeAll(
        table,
        resting.map((one) => ({ remove: shelfKey(one) })),
      );
    },

    /** A page of what waits for a subscription, the soonest first. `after` is the position that an earlier page ended at. */
    async waiting(
      of: Whom,
      page: { limit: number; after?: string | undefined },
    ): Promise<{ waiting: Resting[]; after: string | undefined }> {
      const { items, after } = await mergedPage(table, partitionsOf(of), { order: 'oldest', ...page });
      return { waiting: items.flatMap((item) => read(item) ?? []), after };
    },

    /** All that waits for a subscription, in no order. */
    async *all(of: Whom): AsyncGenerator<Resting> {
      for (const pk of partitionsOf(of)) yield* waitingIn(pk);
    },

    /**
     * What waits of one event for a subscription. Reads a fourth of all that waits for it, whatever its time, or the first `most` of
     * that; `due`, RFC 3339, is where to look first.
     */
    async find(of: Whom, eventId: string, { due, most = Infinity }: Search = {}): Promise<Resting[]> {
      const pk = keys.waitingPartitionOf(of, eventId);
      if (due !== undefined) {
        const there = await readRange(table, { pk, prefix: `${due}#${eventId}#`, consistent: 'yes' });
        if (there.items.length > 0) return there.items.flatMap((item) => read(item) ?? []);
      }
      const found: Resting[] = [];
      let looked = 0;
      for await (const resting of waitingIn(pk)) {
        if (resting.event.event_id === eventId) found.push(resting);
        if (++looked >= most) break;
      }
      return found;
    },

    /** The delivery is neither on the shelf nor listed any more. */
    async remove(resting: Resting): Promise<void> {
      await write([{ remove: shelfKey(resting) }, { remove: waitingKey(resting) }]);
    },
  };
}
