import { createHash } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { travelling, type AcceptedEvent } from '../../shared/domain/event.ts';
import { newId, type IdPrefix } from '../../shared/domain/id.ts';
import { attemptsIn } from '../../shared/store/attempts.ts';
import { countsIn } from '../../shared/store/counts.ts';
import { writeAll, type Item } from '../../shared/store/database.ts';
import { eventsIn } from '../../shared/store/events.ts';
import { figuresIn } from '../../shared/store/figures.ts';
import { healthIn } from '../../shared/store/health.ts';
import {
  ATTEMPT_SHARDS,
  COUNT_SHARDS,
  DEAD_SHARDS,
  keys,
  MARKER_SHARDS,
  SHELF_SHARDS,
  TENANT_SHARDS,
  TIME_SHARDS,
  TROUBLE_COPIES,
  WAIT_SHARDS,
} from '../../shared/store/keys.ts';
import { shelfIn, type Resting } from '../../shared/store/shelf.ts';
import { subscriptionsIn } from '../../shared/store/subscriptions.ts';
import { tenantsIn } from '../../shared/store/tenants.ts';
import { startDynalite, type Call, type DynamoDb, type Reply, type TestTable } from '../support/dynamodb.ts';
import { AT, later, make } from '../support/make.ts';

/*
 * What the partitions of the tables have to take in a second, in units of a table that is paid by the request: a write unit is
 * up to 1 KB of an item, a read unit up to 4 KB of it, half of one where the answer may be a moment old.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-design.html
 */
const MOST_WRITES = 1_000;
const MOST_READS = 3_000;

let dynalite: DynamoDb;
beforeAll(async () => {
  dynalite = await startDynalite();
});
afterEach(() => dynalite.leaveAlone());
afterAll(() => dynalite.close());

/** Ids as they are in earnest, with all their characters. */
const idOf = (prefix: IdPrefix, n: number): string =>
  newId(prefix, new Date(Date.parse(AT) + n), createHash('sha256').update(`${prefix}${n}`).digest());

const TENANT = 'org_5f0c7c2e-7f1e-4b52-9c4b-0f8a5f6f3c11';
const SUB = idOf('sub', 0);
const WHOM = { tenant: TENANT, subscriptionId: SUB };

/** Events of one second. */
const events = (count: number, changes: Partial<AcceptedEvent> = {}): AcceptedEvent[] =>
  Array.from({ length: count }, (_, n) =>
    make.event({
      tenant: TENANT,
      event_id: idOf('evt', n),
      accepted_at: later((n % 1_000) / 1_000),
      type: 'GuestMembership.Created',
      group: 'GuestMembership',
      resource: 'GuestMembership',
      ...changes,
    }),
  );

const subscriptionIds = (count: number): string[] => Array.from({ length: count }, (_, n) => idOf('sub', n));

type Wire = Record<string, unknown>;

const bytes = (text: string): number => Buffer.byteLength(text);

/** As DynamoDB counts them: names and values; a number has about a byte for two digits, a list or map three of its own. */
function sizeOf(value: unknown): number {
  const [type, content] = Object.entries(value as Wire)[0]!;
  if (type === 'S') return bytes(String(content));
  if (type === 'N') return Math.ceil(String(content).length / 2) + 1;
  if (type === 'L') return (content as unknown[]).reduce((sum: number, one) => sum + 1 + sizeOf(one), 3);
  if (type === 'M') return Object.keys(content as Wire).length + 3 + itemSize(content as Wire);
  return 1;
}
const itemSize = (item: Wire): number =>
  Object.entries(item).reduce((sum, [name, value]) => sum + bytes(name) + sizeOf(value), 0);

const textOf = (key: unknown): string => String((key as Wire)['S']);
const writeUnits = (size: number): number => Math.max(1, Math.ceil(size / 1024));

interface Load {
  writes: number;
  reads: number;
  items: number;
  bytes: number;
}

/** What each partition has had to take. */
class Meter {
  readonly partitions = new Map<string, Load>();
  readonly #sizes = new Map<string, number>();

  #add(pk: string, load: Partial<Load>): void {
    const { writes = 0, reads = 0, items = 0, bytes: size = 0 } = load;
    const before = this.partitions.get(pk) ?? { writes: 0, reads: 0, items: 0, bytes: 0 };
    this.partitions.set(pk, {
      writes: before.writes + writes,
      reads: before.reads + reads,
      items: before.items + items,
      bytes: before.bytes + size,
    });
  }

  /** A write costs what the larger of the two items costs, the one before and the one after. */
  #write(key: Wire, size: number): void {
    const [pk, name] = [textOf(key['pk']), `${textOf(key['pk'])} ${textOf(key['sk'])}`];
    this.#add(pk, { writes: writeUnits(Math.max(size, this.#sizes.get(name) ?? 0)) });
    this.#sizes.set(name, size);
  }

  async see(call: Call, pass: (input: Wire) => Promise<Reply>): Promise<Reply> {
    const { operation, input } = call;
    if (operation === 'UpdateItem') return this.#update(input, pass);
    const reply = await pass(input);
    const output = reply.output as Wire;
    if (operation === 'PutItem') this.#write(input['Item'] as Wire, itemSize(input['Item'] as Wire));
    if (operation === 'DeleteItem') this.#write(input['Key'] as Wire, 0);
    if (operation === 'BatchWriteItem') this.#batch(input['RequestItems'] as Wire);
    if (operation === 'Query') {
      const values = input['ExpressionAttributeValues'] as Wire;
      this.#read(textOf(values[':pk']), (output['Items'] ?? []) as Wire[], input);
    }
    if (operation === 'GetItem') {
      const item = output['Item'] as Wire | undefined;
      this.#read(textOf((input['Key'] as Wire)['pk']), item === undefined ? [] : [item], input);
    }
    return reply;
  }

  async #update(input: Wire, pass: (input: Wire) => Promise<Reply>): Promise<Reply> {
    const reply = await pass({ ...input, ReturnValues: 'ALL_NEW' });
    this.#write(input['Key'] as Wire, itemSize(((reply.output as Wire)['Attributes'] ?? {}) as Wire));
    return reply;
  }

  #batch(requests: Wire): void {
    for (const request of Object.values(requests).flat() as Wire[]) {
      const put = request['PutRequest'] as Wire | undefined;
      const item = put?.['Item'] as Wire | undefined;
      const key = item ?? ((request['DeleteRequest'] as Wire)['Key'] as Wire);
      this.#write(key, item === undefined ? 0 : itemSize(item));
    }
  }

  #read(pk: string, items: readonly Wire[], { ConsistentRead }: Wire): void {
    const size = items.reduce((sum, item) => sum + itemSize(item), 0);
    const units = Math.max(1, Math.ceil(size / 4096)) / (ConsistentRead === true ? 1 : 2);
    this.#add(pk, { reads: units, items: items.length, bytes: size });
  }

  /** The load of all partitions whose key begins so. */
  of(prefix: string): Load[] {
    return [...this.partitions].filter(([pk]) => pk.startsWith(prefix)).map(([, load]) => load);
  }

  writes(prefix: string): number[] {
    return this.of(prefix).map(({ writes }) => writes);
  }
}

/** Without a table behind it, for what is only written. */
const taken = async (): Promise<Reply> => ({ status: 200, output: {} });

async function metered(act: () => Promise<unknown>, { by }: { by?: () => Promise<Reply> } = {}): Promise<Meter> {
  const meter = new Meter();
  dynalite.meddle((call, pass) => meter.see(call, by ?? pass));
  await act();
  dynalite.leaveAlone();
  return meter;
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, one) => total + one, 0);
const mean = (numbers: readonly number[]): number => sum(numbers) / numbers.length;

/** How many of them go to each partition. */
function shares<T>(all: readonly T[], partitionOf: (one: T) => string): number[] {
  const counts = new Map<string, number>();
  for (const one of all) counts.set(partitionOf(one), (counts.get(partitionOf(one)) ?? 0) + 1);
  return [...counts.values()];
}

/** How many there can be in a second before the busiest partition is full. */
const mostASecond = (counts: readonly number[], unitsEach: number): number =>
  Math.floor((MOST_WRITES / unitsEach) * (sum(counts) / Math.max(...counts)));

function resting(event: AcceptedEvent, { subscription = SUB, due = later(3_600) } = {}): Resting {
  const { body: _body, ...facts } = travelling(event);
  const time = Date.parse(due);
  const step = { ...make.deliveryStep({ subscription_id: subscription, attempt: 3, not_before: time }), slot: time };
  return { event: { ...facts, doubt: true }, step, due: time, why: 'rate_limit' };
}

/** As many come as go: they are laid there, taken off by the sweep, delivered, and wait no more. */
const throughTheShelf = (table: TestTable, all: readonly Resting[]): Promise<Meter> => {
  const shelf = shelfIn(table, 14);
  const act = async (): Promise<void> => {
    await Promise.all(all.map(shelf.rest));
    await shelf.taken(all);
    await Promise.all(
      all.map(({ event, step, due }) =>
        shelf.over({ event, subscriptionId: step.subscription_id, run: step.run }, due),
      ),
    );
  };
  return metered(act, { by: taken });
};

function expectEven(writes: readonly number[], partitions: number): void {
  expect(writes).toHaveLength(partitions);
  expect(Math.max(...writes)).toBeLessThanOrEqual(2 * mean(writes));
  expect(Math.min(...writes)).toBeGreaterThanOrEqual(mean(writes) / 2);
}

describe('a thousand deliveries a second that rest', () => {
  const longest = { tenant: 'T'.repeat(64), resource: 'r'.repeat(256) };
  const longNamed = events(1_000, longest).map((event, n) => ({
    ...event,
    event_id: `${'e'.repeat(124)}${1_000 + n}`,
  }));

  test.each<[string, readonly Resting[], number]>([
    ['of one subscription', events(1_000).map((event) => resting(event)), 1],
    [
      'of a thousand subscriptions, for one event',
      subscriptionIds(1_000).map((subscription) => resting(make.event({ tenant: TENANT }), { subscription })),
      1,
    ],
    [
      'of as many subscriptions as events',
      events(1_000).map((event, n) => resting(event, { subscription: idOf('sub', n) })),
      1,
    ],
    ['of one subscription, with the longest names there are', longNamed.map((event) => resting(event)), 2],
  ])('%s', async (_, all, unitsEach) => {
    const meter = await throughTheShelf(await dynalite.open(), all);
    const onShelf = meter.writes('SHELF#');
    expect(sum(onShelf)).toBe(all.length * 2 * unitsEach);
    expectEven(onShelf, SHELF_SHARDS);
    expect(Math.max(...onShelf)).toBeLessThan(MOST_WRITES / 3);
    expect(sum(meter.writes('WAIT#'))).toBe(all.length * 2 * unitsEach);
    if (unitsEach === 1) expect(Math.max(...meter.writes('WAIT#'))).toBeLessThan(0.6 * MOST_WRITES);
  });

  test('of one subscription: the list of those that wait takes 1,700 a second of them', () => {
    const counts = shares(events(1_000), (event) => keys.waiting({ event, subscriptionId: SUB, run: 1 }, AT).pk);
    expectEven(counts, WAIT_SHARDS);
    expect(mostASecond(counts, 2)).toBeGreaterThan(1_700);
    // With the longest names there are it is less than a thousand.
    expect(mostASecond(counts, 4)).toBeGreaterThan(850);
  });
});

describe('what waits for one subscription', () => {
  const waiting = async (count: number) => {
    const shelf = shelfIn(await dynalite.open(), 14);
    const all = events(count).map((event) => resting(event));
    await Promise.all(all.map(shelf.expect));
    return { shelf, all };
  };

  test('is listed at the same price however much it is', async () => {
    const { shelf } = await waiting(400);
    const meter = await metered(() => shelf.waiting(WHOM, { limit: 25 }));
    expect(sum(meter.of('WAIT#').map(({ reads }) => reads))).toBe(10);
  });

  // A partition hands out 3,000 read units a second: the waiting deliveries of one event among 70,000 take one.
  test('is found by its event at the price of a fourth of it: 4 units for each hundred that wait', async () => {
    const { shelf, all } = await waiting(400);
    const meter = await metered(() => shelf.find(WHOM, all[0]!.event.event_id));
    const [load] = meter.of('WAIT#');
    expect(load?.bytes).toBeLessThan(700 * load!.items);
    const unitsEach = load!.reads / load!.items / WAIT_SHARDS;
    expect(100 * unitsEach).toBeLessThan(4.5);
    expect(MOST_READS / unitsEach).toBeGreaterThan(65_000);
    expect(MOST_READS / unitsEach).toBeLessThan(75_000);
  });
});

describe('attempts', () => {
  const garbage = '\ufffd'.repeat(1_024);
  /** What the attempts of one subscription's deliveries cost, each claimed and then recorded. */
  async function unitsOf(response_excerpt: string): Promise<number> {
    const attempts = attemptsIn(await dynalite.open(), 14);
    const some = events(40).map((event) => ({ event, subscriptionId: SUB, run: 1, attempt: 2 }));
    const meter = await metered(async () => {
      for (const step of some) {
        await attempts.claim(step, { now: new Date(AT), seconds: 25 });
        const { event_id, type: event_type } = step.event;
        const about = { event_id, event_type, subscription_id: SUB, delivery_id: `dlv_${event_id}` };
        const next = { next: 'wait', next_at: later(300), waits_for: 'schedule' } as const;
        await attempts.record(
          step,
          make.attempt({ ...about, outcome: 'rejected', status: 503, duration_ms: 1_234.5, response_excerpt, ...next }),
        );
      }
    });
    return sum(meter.writes('AT#')) / some.length;
  }
  const toOne = shares(events(1_000), (event) => keys.attempt({ event, subscriptionId: SUB, run: 1, attempt: 1 }).pk);

  test('of a thousand deliveries a second to one subscription, all of which fail and were claimed', async () => {
    expectEven(toOne, ATTEMPT_SHARDS);
    const units = await unitsOf(`<html>${'Service Unavailable '.repeat(50)}`);
    expect(units).toBe(3);
    expect(Math.max(...toOne) * units).toBeLessThan(MOST_WRITES);
  });

  test('whose answers are a kilobyte of no text at all fit in for 700 a second to one subscription, not for a thousand', async () => {
    const units = await unitsOf(garbage);
    expect(units).toBe(5);
    expect(mostASecond(toOne, units)).toBeGreaterThan(700);
    expect(mostASecond(toOne, units)).toBeLessThan(1_000);
  });

  test('of one event for ten thousand subscriptions meet nowhere', () => {
    const [event] = events(1);
    const counts = shares(subscriptionIds(10_000), (subscriptionId) => {
      return keys.attempt({ event: event!, subscriptionId, run: 1, attempt: 1 }).pk;
    });
    expect(Math.max(...counts)).toBe(1);
  });
});

describe('what is counted', () => {
  /** A batch of so many deliveries, one for each subscription. */
  const batchOf = (count: number, n: number) => {
    const [event] = events(1, { event_id: idOf('evt', n) });
    return subscriptionIds(count).map((subscriptionId) => ({ event: event!, subscriptionId, run: 1, attempt: 1 }));
  };
  async function countedBy(batches: number, deliveries: number): Promise<Meter> {
    const attempts = attemptsIn(await dynalite.open(), 14);
    const act = async (): Promise<void> => {
      for (let n = 0; n < batches; n++) {
        attempts.expectRecords(deliveries);
        const steps = batchOf(deliveries, n);
        await Promise.all(steps.map((step) => attempts.record(step, make.attempt({ duration_ms: 1_234 }))));
        await attempts.keepCounts();
      }
    };
    return metered(act, { by: taken });
  }

  test.each([
    // A lone delivery costs a write more; of ten to ten subscriptions it is a tenth of one, and of a full message less.
    [1, 1],
    [10, 1],
    [25, 2],
    // All that one invocation can hold: 10 messages of 25.
    [250, 18],
  ])('of a batch of %i deliveries is one item of %i write units', async (deliveries, units) => {
    const meter = await countedBy(2, deliveries);
    expect(sum(meter.writes('COUNT#'))).toBe(2 * units);
  });

  test('a thousand batches a second are spread over its partitions', async () => {
    const meter = await countedBy(1_000, 1);
    expectEven(meter.writes('COUNT#'), COUNT_SHARDS);
    // They hold five thousand full messages, 125,000 deliveries.
    expect(mostASecond(meter.writes('COUNT#'), 2)).toBeGreaterThan(5_000);
  });

  test('grows a figure once a minute, whatever is delivered, and the list of windows by two writes', async () => {
    const table = await dynalite.open();
    const [attempts, counts, figures] = [attemptsIn(table, 14), countsIn(table), figuresIn(table, 14)];
    for (const step of batchOf(40, 1)) await attempts.record(step, make.attempt());
    const meter = await metered(async () => {
      const window = (await counts.nextWindow(new Date(later(1))))!;
      await figures.grow(
        { ...WHOM, at: AT.slice(0, 13), sums: { accepted: 40, ms: 1_000, took_08: 40 } },
        window.number,
      );
      await counts.folded(window);
    });
    expect(meter.writes('STAT#')).toEqual([1]);
    expect(meter.writes('FOLD')).toEqual([2]);
    expect(meter.writes('COUNT#').filter((units) => units > 0)).toEqual([]);
  });
});

describe('dead letters', () => {
  test('of a thousand deliveries a second to one subscription', async () => {
    const attempts = attemptsIn(await dynalite.open(), 14);
    const last = { outcome: 'unreachable', at: AT, attempt: 10, reason: 'connection_refused' };
    const bury = () =>
      Promise.all(
        events(1_000).map((event) =>
          attempts.bury({
            ...{ event, subscriptionId: SUB, deliveryId: idOf('evt', 1), run: 1, kind: 'delivery' as const },
            ...{ reason: 'exhausted' as const, at: AT, last },
          }),
        ),
      );
    const meter = await metered(bury, { by: taken });
    expectEven(meter.writes('DEAD#'), DEAD_SHARDS);
    expect(sum(meter.writes('DEAD#'))).toBe(1_000);
  });

  test('of one event for ten thousand subscriptions meet nowhere', () => {
    const [event] = events(1);
    const counts = shares(subscriptionIds(10_000), (subscriptionId) => keys.deadLetter(event!, subscriptionId).pk);
    expect(Math.max(...counts)).toBe(1);
  });
});

describe('three thousand events a second of one tenant', () => {
  const all = events(3_000);
  /** What one of them costs from its acceptance until it is matched, wherever that is written. */
  const measured = async () => {
    const store = eventsIn(await dynalite.open(), 14);
    const some = events(40);
    const meter = await metered(async () => {
      for (const event of some) {
        await store.accept(event);
        await store.open(event);
      }
      await store.close(some.map((event) => ({ event, matched: { at: AT, subscriptions: subscriptionIds(10) } })));
    });
    return (prefix: string): number => sum(meter.writes(prefix)) / some.length;
  };

  test('are spread over the partitions of its timeline and of the open markers', async () => {
    const unitsOf = await measured();
    const [inTime, markers] = [
      shares(all, (event) => keys.time(event).pk),
      shares(all, (event) => keys.marker(event).pk),
    ];
    expectEven(inTime, TIME_SHARDS);
    expectEven(markers, MARKER_SHARDS);
    expect(unitsOf('TIME#')).toBe(1);
    expect(mostASecond(inTime, unitsOf('TIME#'))).toBeGreaterThan(7_000);
    // One write that opens it and one that closes it; the markers are those of all tenants together.
    expect(unitsOf('OPEN#')).toBe(2);
    expect(mostASecond(markers, unitsOf('OPEN#'))).toBeGreaterThan(6_500);
  });

  test('have partitions of their own, in which each is written twice', async () => {
    const unitsOf = await measured();
    expect(Math.max(...shares(all, ({ event_id }) => keys.eventPartition(TENANT, event_id)))).toBe(1);
    expect(unitsOf('EV#')).toBe(2);
  });
});

describe('one event of 256 KiB for ten thousand subscriptions', () => {
  const event = events(1, { body: `{"text":"${'x'.repeat(256 * 1024 - 11)}"}` })[0]!;

  test('is written in one second with room to spare', async () => {
    const store = eventsIn(await dynalite.open(), 14);
    const meter = await metered(async () => {
      await store.accept(event);
      await store.close([{ event, matched: { at: AT, subscriptions: subscriptionIds(10_000) } }]);
    });
    const [writes = 0] = meter.writes('EV#');
    expect(writes).toBeGreaterThan(500);
    expect(writes).toBeLessThan(0.65 * MOST_WRITES);
  });

  test('can be read 46 times a second, once for each message of up to 25 deliveries, and not once for each of all', async () => {
    const store = eventsIn(await dynalite.open(), 14);
    await store.accept(event);
    const meter = await metered(() => store.find(TENANT, event.event_id));
    const [load] = meter.of('EV#');
    expect(load?.reads).toBe(65);
    const reads = Math.floor(MOST_READS / load!.reads);
    expect(reads).toBe(46);
    // So all ten thousand take nine seconds at least where they come packed, and longer where they come one by one.
    expect(10_000 / 25 / reads).toBeLessThan(9);
  });
});

describe('subscriptions of one tenant that want everything', () => {
  /** So many of them, with the interest of the first as the store wrote it. */
  async function interested(count: number, filter: Record<string, unknown> | null): Promise<Load> {
    const table = await dynalite.open();
    const store = subscriptionsIn(table);
    const first = { tenant: TENANT, id: SUB, interest: idOf('itr', 0), event_types: ['*'], filter };
    await store.create(make.subscription(first));
    const sample = (await table.scan()).find(({ pk }) => String(pk).startsWith('INT#')) as Item;
    await writeAll(
      table,
      subscriptionIds(count).map((subscription, n) => ({
        put: { ...sample, ...keys.interest(TENANT, '*', { subscription, interest: idOf('itr', n) }), subscription },
      })),
    );
    const meter = await metered(() => store.interested(TENANT, { type: 'Guest.Created', group: 'Guest' }));
    return meter.of(`INT#${TENANT}#*`)[0]!;
  }

  // Every match reads them: a batch of like events once, others once each.
  test('are, where there are ten thousand, 1.7 MB that a table hands out seven times a second', async () => {
    const { items, bytes: size, reads } = await interested(10_000, null);
    // And one more, with which a page begins again.
    expect(items).toBe(10_001);
    expect(size).toBeLessThan(1_700_000);
    expect(Math.floor(MOST_READS / reads)).toBe(7);
  }, 30_000);

  test('are, with a filter of half a kilobyte each, three times as much', async () => {
    const filter = { data: { center_id: Array.from({ length: 10 }, (_, n) => idOf('evt', n)) } };
    const { bytes: size, reads } = await interested(1_000, filter);
    expect(10 * size).toBeGreaterThan(5_000_000);
    expect(Math.floor(MOST_READS / (10 * reads))).toBe(2);
  });
});

describe('tenants', () => {
  const names = Array.from({ length: 300 }, (_, n) => `org_${createHash('sha256').update(String(n)).digest('hex')}`);
  const shardsOfList = (meter: Meter): number[] => meter.writes('TENANTS#');

  test('that are new in the same second are spread over the list, with a write each', async () => {
    const store = tenantsIn(await dynalite.open(), 14);
    const meter = await metered(() => Promise.all(names.map((name) => store.enter(name))));
    expect(sum(shardsOfList(meter))).toBe(names.length);
    expectEven(shardsOfList(meter), TENANT_SHARDS);
    expect(meter.of('TENANT#')).toHaveLength(names.length);
  });

  test('are looked at by a thousand environments each half minute, each in a partition of its own', async () => {
    const store = tenantsIn(await dynalite.open(), 14);
    await store.enter(TENANT);
    const meter = await metered(() => store.enter(TENANT));
    expect(meter.partitions.size).toBe(1);
    // Even if all of them did it in the same second.
    expect(1_000 * meter.of('TENANT#')[0]!.reads).toBeLessThanOrEqual(MOST_READS / 3);
  });
});

describe('a subscription that is dead', () => {
  const stores = (table: TestTable, count: number) => {
    let tokens = 0;
    const token = () => idOf('evt', ++tokens);
    return Array.from({ length: count }, (_, n) => healthIn(table, { copy: n % TROUBLE_COPIES, token }));
  };
  const fails = (all: ReturnType<typeof stores>, seconds: number) =>
    Promise.all(all.map((health) => health.failed(WHOM, { count: 20, at: new Date(later(seconds)) })));

  test('is counted by fifty invocations at once with a write each, once it is listed', async () => {
    const table = await dynalite.open();
    const fifty = stores(table, 50);
    const first = await metered(() => fails(fifty, 0));
    // All of them may find it unlisted: a write and a mark in the truth, and one in each copy.
    expect(sum(first.writes('HEALTH#'))).toBeLessThanOrEqual(100);
    expect(Math.max(...first.writes('TROUBLE#'))).toBeLessThanOrEqual(50);
    const then = await metered(() => fails(fifty, 1));
    expect(then.writes('HEALTH#')).toEqual([50]);
    expect(then.writes('TROUBLE#')).toEqual([]);
  });

  test('is asked by a thousand a second for places that it has not, without a write', async () => {
    const table = await dynalite.open();
    const [health] = stores(table, 1);
    const now = new Date(AT);
    const ask = () => health!.lease(WHOM, { now, seconds: 25 });
    await Promise.all(Array.from({ length: 10 }, ask));
    const meter = await metered(ask);
    expect(meter.of('HEALTH#')).toEqual([expect.objectContaining({ writes: 0, reads: 0.5, items: 10 })]);
  });

  test('is one of a thousand at most that get into trouble in the same second', async () => {
    const [health] = stores(await dynalite.open(), 1);
    const meter = await metered(() => health!.failed(WHOM, { count: 1, at: new Date(AT) }));
    expect(meter.writes('TROUBLE#')).toEqual(Array.from({ length: TROUBLE_COPIES }, () => 1));
    expect(meter.writes('HEALTH#')).toEqual([2]);
  });

  test('is one of a list that two hundred environments can read once a second up to two thousand entries', async () => {
    const [health] = stores(await dynalite.open(), 1);
    await health!.suspected(WHOM, new Date(AT));
    const meter = await metered(() => health!.troubled());
    const [entry] = meter.of('TROUBLE#');
    const reads = Math.ceil((2_000 * entry!.bytes) / 4096) / 2;
    expect((200 / TROUBLE_COPIES) * reads).toBeLessThan(MOST_READS);
  });
});
