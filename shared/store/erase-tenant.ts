import { keyPages, readRange, writeAll, type ItemKey, type Range, type Table } from './database.ts';
import { ATTEMPT_SHARDS, DEAD_SHARDS, keys, MARKER_SHARDS, TIME_SHARDS, TROUBLE_COPIES, WAIT_SHARDS } from './keys.ts';
import type { Tenants } from './tenants.ts';

/** What a step took away. */
export interface Gone {
  events: number;
  subscriptions: number;
  /** How far the ledger of open events is looked through, where a step did that. */
  place?: string;
}

type Stretch = Pick<Range, 'pk' | 'prefix'>;

const times = <T>(count: number, make: (n: number) => T): T[] => Array.from({ length: count }, (_, n) => make(n));

/*
 * Where a tenant's things are. This is the list to add to when keys.ts gets a new one.
 */

/** Partitions and stretches of the flow table with nothing else in them, apart from events and subscriptions. */
const ofTenant = (tenant: string): Stretch[] => [
  { pk: keys.madeOncePartition(tenant) },
  { pk: keys.ingestRate(tenant).pk },
  { pk: keys.usePartition(tenant) },
  ...[keys.running, keys.held].map((list) => ({ ...list, prefix: `${tenant}#` })),
  ...times(TROUBLE_COPIES, (copy) => ({ pk: keys.troublePartition(copy), prefix: `${tenant}#` })),
];

/** The same of one of its subscriptions, apart from what waits. */
const ofSubscription = (tenant: string, id: string): Stretch[] => [
  ...times(ATTEMPT_SHARDS, (shard) => ({ pk: keys.attemptPartition(tenant, id, shard) })),
  { pk: keys.earlierDeadLetterPartition(tenant, id) },
  { pk: keys.healthPartition(tenant, id) },
  { pk: keys.rate(tenant, id).pk },
  { pk: keys.replayPartition(tenant, id) },
  { pk: keys.statPartition(tenant, id) },
];

/** What it still has in the control table when its subscriptions are gone. */
const inControl = (tenant: string): Stretch[] => [{ pk: keys.dataKey(tenant).pk }];

/* ---- */

const PAGE = 100;
/** Nearly all of them are looked at and left alone. */
const MARKERS_A_PAGE = 1_000;
const AT_ONCE = 10;
const NONE: Gone = { events: 0, subscriptions: 0 };

const removeAll = (table: Table, all: readonly ItemKey[]): Promise<void> =>
  writeAll(
    table,
    all.map((remove) => ({ remove })),
  );

/** Takes away a stretch, page by page. What has expired goes as well: the table itself is days late. */
async function* wipe(table: Table, stretch: Stretch): AsyncGenerator<Gone> {
  for await (const page of keyPages(table, stretch, PAGE)) {
    await removeAll(table, page);
    yield NONE;
  }
}

async function* wipeAll(table: Table, stretches: readonly Stretch[]): AsyncGenerator<Gone> {
  for (const stretch of stretches) yield* wipe(table, stretch);
}

async function drained(steps: AsyncGenerator<Gone>): Promise<void> {
  for await (const _step of steps);
}

/** Where the delivery of this entry of the list of what waits rests on the shelf, if it does. */
function shelfKeyOf({ sk }: ItemKey, { tenant, subscriptionId }: { tenant: string; subscriptionId: string }): ItemKey {
  const [due = '', event_id = '', run = ''] = sk.split('#');
  return keys.shelved({ event: { tenant, event_id, accepted_at: '' }, subscriptionId, run: Number(run) }, due);
}

export interface TenantTables {
  control: Table;
  flow: Table;
  tenants: Pick<Tenants, 'noteGone'>;
}

/** A shard, and the position in it, which has the same sign in it. */
function splitOnce(place: string): [shard: string, position: string] {
  const [shard = '', ...rest] = place.split('#');
  return [shard === '' ? '0' : shard, rest.join('#')];
}

/**
 * Takes away all that there is of a tenant. Everything goes in steps, of which none has to know of the one before: each takes what it
 * finds, and the list that it was found by last. So whoever is cut off begins again, and comes to the place where he was; of the ledger of
 * open events, which is not the tenant's alone, he is told the place.
 *
 * @param wishes all that a subscription can ask for: an interest may stand without its subscription
 */
export function tenantEraser({ control, flow, tenants }: TenantTables, wishes: readonly string[]) {
  /** A key that was made in the moment when the erasure began. */
  async function* keysOf(tenant: string): AsyncGenerator<Gone> {
    for await (const page of keyPages(control, { pk: keys.tenantKeysPartition(tenant) }, PAGE)) {
      const both = page.flatMap(({ sk }) => [keys.accessKey(sk), keys.accessKeyListed(sk)]);
      for (const part of [both, page]) {
        await removeAll(control, part);
      }
      await removeAll(
        flow,
        page.map(({ sk }) => keys.keyUse(sk)),
      );
      yield NONE;
    }
  }

  async function wipeInterest(tenant: string, wanted: Iterable<string>): Promise<void> {
    for (const wish of wanted) await drained(wipe(control, { pk: keys.interestPartition(tenant, wish) }));
  }

  /** Unlike anybody who deletes one: its interest goes first, for all of the tenant's do, and nobody may look for it any more. */
  async function* subscriptionsOf(tenant: string): AsyncGenerator<Gone> {
    const pk = keys.subscriptionPartition(tenant);
    let after: string | undefined;
    do {
      const page = await readRange(control, { pk, after, limit: PAGE, only: ['event_types'], consistent: 'yes' });
      const ids = page.items.map(({ sk }) => String(sk));
      await Promise.all(ids.map((id) => tenants.noteGone(tenant, id)));
      await wipeInterest(tenant, new Set(page.items.flatMap(({ event_types: types }) => [types].flat().map(String))));
      await removeAll(
        control,
        ids.map((id) => keys.subscription(tenant, id)),
      );
      after = page.after;
      if (ids.length > 0) yield { events: 0, subscriptions: ids.length };
    } while (after !== undefined);
    await wipeInterest(tenant, wishes);
  }

  /** What the event is made of, and then what it was found by. */
  async function wipeEvent(tenant: string, foundBy: ItemKey, of: { event_id: string; accepted_at: string }) {
    await drained(wipe(flow, { pk: keys.eventPartition(tenant, of.event_id) }));
    await removeAll(flow, [keys.marker({ tenant, ...of }), foundBy]);
  }

  async function wipeEvents(tenant: string, foundBy: readonly ItemKey[]): Promise<Gone> {
    for (let i = 0; i < foundBy.length; i += AT_ONCE) {
      await Promise.all(
        foundBy.slice(i, i + AT_ONCE).map((one) => {
          const [accepted_at = ''] = one.sk.split('#');
          const event_id = one.sk.split('#').at(-1) ?? '';
          return wipeEvent(tenant, one, { event_id, accepted_at });
        }),
      );
    }
    return { events: foundBy.length, subscriptions: 0 };
  }

  async function* eventsOf(tenant: string): AsyncGenerator<Gone> {
    for (const pk of times(TIME_SHARDS, (shard) => keys.timePartition(tenant, shard))) {
      for await (const page of keyPages(flow, { pk }, PAGE)) yield wipeEvents(tenant, page);
    }
  }

  /**
   * Open markers of all tenants share their partitions. Usually there are few of them, but in an outage millions, which stay where they
   * are: so this is the one list that is not found emptied by whoever goes on, and he has to know how far it was looked through.
   */
  async function* openOf(tenant: string, after: string): AsyncGenerator<Gone> {
    const [done, from] = splitOnce(after);
    for (let shard = Number(done); shard < MARKER_SHARDS; shard++) {
      const range = { pk: keys.markerPartition(shard), ...(shard === Number(done) && { from }) };
      for await (const page of keyPages(flow, range, MARKERS_A_PAGE)) {
        const ours = page.filter(({ sk }) => sk.split('#')[1] === tenant);
        yield { ...(await wipeEvents(tenant, ours)), place: `${shard}#${page.at(-1)?.sk ?? ''}` };
      }
    }
    yield { ...NONE, place: String(MARKER_SHARDS) };
  }

  /** What waits has an entry in its list, and one on the shelf that only that entry leads to. */
  async function* waitingOf(tenant: string, subscriptionId: string): AsyncGenerator<Gone> {
    for (const pk of times(WAIT_SHARDS, (shard) => keys.waitingPartition(tenant, subscriptionId, shard))) {
      for await (const page of keyPages(flow, { pk }, PAGE)) {
        const shelved = page.map((key) => shelfKeyOf(key, { tenant, subscriptionId }));
        for (const part of [shelved, page]) {
          await removeAll(flow, part);
        }
        yield NONE;
      }
    }
  }

  /** A dead letter stands in the list of all tenants as well, where only this one leads to it. */
  async function* deadOf(tenant: string, subscriptionId: string): AsyncGenerator<Gone> {
    for (const pk of times(DEAD_SHARDS, (shard) => keys.deadLetterPartition(tenant, subscriptionId, shard))) {
      for await (const page of keyPages(flow, { pk }, PAGE)) {
        const listed = page.map(({ sk }) => {
          const [accepted_at = '', event_id = ''] = sk.split('#');
          return keys.deadLetterOfAll({ tenant, event_id, accepted_at }, subscriptionId);
        });
        for (const part of [listed, page]) {
          await removeAll(flow, part);
        }
        yield NONE;
      }
    }
  }

  /** What all subscriptions left behind that the tenant ever had. */
  async function* leftoversOf(tenant: string): AsyncGenerator<Gone> {
    for await (const page of keyPages(flow, keys.goneOf(tenant), PAGE)) {
      for (const gone of page) {
        const id = gone.sk.slice(keys.goneOf(tenant).prefix.length);
        yield* waitingOf(tenant, id);
        yield* deadOf(tenant, id);
        yield* wipeAll(flow, ofSubscription(tenant, id));
        await removeAll(flow, [gone]);
        yield NONE;
      }
    }
  }

  return {
    async *subscriptions(tenant: string): AsyncGenerator<Gone> {
      yield* keysOf(tenant);
      yield* subscriptionsOf(tenant);
    },

    /** `after` is the place that an earlier look through the ledger of open events ended at. */
    async *rest(tenant: string, after = ''): AsyncGenerator<Gone> {
      yield* eventsOf(tenant);
      yield* openOf(tenant, after);
      yield* leftoversOf(tenant);
      yield* wipeAll(flow, ofTenant(tenant));
      yield* wipeAll(control, inControl(tenant));
    },
  };
}
export type TenantEraser = ReturnType<typeof tenantEraser>;
