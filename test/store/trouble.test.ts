import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import type { Subscription } from '../../shared/domain/subscription.ts';
import { accessKeysIn } from '../../shared/store/access-keys.ts';
import { attemptsIn } from '../../shared/store/attempts.ts';
import { gatheredWrites, readAll, writeAll, type Table } from '../../shared/store/database.ts';
import { eventsIn } from '../../shared/store/events.ts';
import { subscriptionsIn, type Interest } from '../../shared/store/subscriptions.ts';
import { vaultIn } from '../../shared/store/vault.ts';
import { startDynalite, type DynamoDb, type Meddler } from '../support/dynamodb.ts';
import { startKms, type TestKms } from '../support/kms.ts';
import { later, make } from '../support/make.ts';

let dynalite: DynamoDb;
let kms: TestKms;
beforeAll(async () => {
  dynalite = await startDynalite();
  kms = await startKms();
});
afterEach(() => dynalite.leaveAlone());
afterAll(async () => {
  await kms.close();
  await dynalite.close();
});

const puts = (count: number) =>
  Array.from({ length: count }, (_, i) => ({ put: { pk: 'P', sk: `k${String(i).padStart(2, '0')}` } }));
const sortKeys = async (table: Table): Promise<unknown[]> =>
  Array.fromAsync(readAll(table, { pk: 'P', consistent: 'yes' }), ({ sk }) => sk);
const allOf = (count: number): string[] => puts(count).map(({ put }) => put.sk);

/** The operation is carried out the first time, and its answer never arrives. */
function loseAnswerOf(operation: string): void {
  let lost = false;
  dynalite.meddle(async (call, pass) => {
    const reply = await pass(call.input);
    if (lost || call.operation !== operation) return reply;
    lost = true;
    return undefined;
  });
}

/** The table takes so many of each batch and names the others as unprocessed. */
function takeOnly(count: number): string[] {
  const sizes: string[] = [];
  dynalite.meddle(async (call, pass) => {
    if (call.operation !== 'BatchWriteItem') return pass(call.input);
    const [[name, requests] = ['', []]] = Object.entries(call.input['RequestItems'] as Record<string, unknown[]>);
    sizes.push(String(requests.length));
    const taken = requests.slice(0, count);
    if (taken.length > 0) await pass({ RequestItems: { [name]: taken } });
    const left = requests.slice(count);
    return { status: 200, output: { UnprocessedItems: left.length > 0 ? { [name]: left } : {} } };
  });
  return sizes;
}

/** What others wait at until it is opened. */
function gate(): { opened: Promise<void>; open: () => void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { opened: promise, open: resolve };
}

/** The table refuses the first so many calls. */
function refuse(calls: number): void {
  let refused = 0;
  dynalite.meddle(async (call, pass) => (refused++ < calls ? refuseAll(call, pass) : pass(call.input)));
}
const refuseAll: Meddler = async () => ({
  status: 400,
  output: { __type: 'com.amazon.coral.validate#ValidationException', message: 'no such thing' },
});

describe('a table that does not take all of a batch', () => {
  test('is given the rest again, and only that', async () => {
    const table = await dynalite.open();
    const sizes = takeOnly(10);
    await writeAll(table, puts(30));
    expect(sizes).toEqual(['25', '15', '5', '5']);
    expect(await sortKeys(table)).toEqual(allOf(30));
  });

  test('is given removals again as well', async () => {
    const table = await dynalite.open();
    await writeAll(table, puts(12));
    takeOnly(5);
    await writeAll(
      table,
      puts(12).map(({ put }) => ({ remove: put })),
    );
    expect(await sortKeys(table)).toEqual([]);
  });

  test('is not given it for ever: whoever writes hears that it was not written', async () => {
    const table = await dynalite.open();
    const sizes = takeOnly(0);
    await expect(writeAll(table, puts(3))).rejects.toThrow('3 items were not written');
    expect(sizes).toEqual(['3', '3', '3', '3', '3', '3']);
  });

  test('closes an event all the same, marker and all', async () => {
    const events = eventsIn(await dynalite.open(), 14);
    const subscriptions = Array.from({ length: 2_500 }, (_, i) => `sub_${i}`);
    await events.open(make.event());
    takeOnly(1);
    await events.close([{ event: make.event(), matched: { at: later(1), subscriptions } }]);
    expect(await events.matched('acme', 'evt_1')).toEqual({ at: later(1), subscriptions });
    expect(await Array.fromAsync(events.overdue(new Date(later(9)), new Date(later(9))))).toEqual([]);
  });
});

describe('writes from all sides', () => {
  test('share calls, 24 in each, and leave a place for what goes along', async () => {
    const table = await dynalite.open();
    const sizes = takeOnly(25);
    const write = gatheredWrites(table);
    await Promise.all(puts(60).map(write));
    expect(sizes).toEqual(['24', '24', '12']);
  });

  test('fail when their call fails, and those after them do not', async () => {
    const table = await dynalite.open();
    const write = gatheredWrites(table);
    dynalite.meddle(refuseAll);
    const failed = await Promise.allSettled(puts(3).map(write));
    expect(failed.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
    dynalite.leaveAlone();
    await Promise.all(puts(3).map(write));
    expect(await sortKeys(table)).toEqual(allOf(3));
  });
});

describe('a call that fails is no answer', () => {
  const key = make.accessKey();
  test.each<[string, (table: Table) => Promise<unknown>]>([
    ['an event is neither accepted nor known', (table) => eventsIn(table, 14).accept(make.event())],
    ['a marker is neither written nor there', (table) => eventsIn(table, 14).open(make.event())],
    ['an event is not unknown', (table) => eventsIn(table, 14).find('acme', 'evt_1')],
    ['an event is not unmatched', (table) => eventsIn(table, 14).isMatched('acme', 'evt_1')],
    [
      'a marker is not postponed',
      (table) =>
        eventsIn(table, 14).postpone({ tenant: 'acme', eventId: 'evt_1', acceptedAt: later(0), tries: 0 }, new Date()),
    ],
    ['nobody is interested, or somebody', (table) => subscriptionsIn(table).interested('acme', make.event())],
    [
      'an attempt is neither ours nor held',
      (table) => attemptsIn(table, 14).claim(make.step(), { now: new Date(later(0)), seconds: 25 }),
    ],
    ['an attempt is not recorded', (table) => attemptsIn(table, 14).record(make.step(), make.attempt())],
    [
      'a change is neither made nor too late',
      (table) => subscriptionsIn(table).replace(make.subscription(), make.subscription({ version: 2 })),
    ],
    ['a key is neither the last one nor gone', (table) => accessKeysIn(table, async () => '').remove(key)],
    [
      'a caller is not unknown',
      (table) => accessKeysIn(table, async () => '').authenticate(`${key.id}.${'A'.repeat(43)}`, 'now'),
    ],
    [
      'a secret is not sealed',
      (table) =>
        vaultIn(table, { client: kms.client, keyArn: 'arn:aws:kms:us-east-1:1:key/k' }).seal(
          { tenant: 'acme', subscription: 'sub_1', field: 'secret' },
          'x',
        ),
    ],
  ])('%s', async (_, act) => {
    const table = await dynalite.open();
    refuse(1);
    await expect(act(table)).rejects.toThrow('no such thing');
  });
});

/** What a call did is done, though the caller heard nothing of it; the client tries it again by itself. */
describe('an answer that gets lost', () => {
  test('does not make the winner of a change take his own interest back', async () => {
    const table = await dynalite.open();
    const subscriptions = subscriptionsIn(table);
    const before = make.subscription();
    const after = make.subscription({ version: 2, interest: 'itr_2', event_types: ['Guest.*'] });
    await subscriptions.create(before);
    loseAnswerOf('PutItem');
    expect(await subscriptions.replace(before, after)).toBe(true);
    expect(await subscriptions.find('acme', 'sub_1')).toEqual(after);
    expect(await subscriptions.interested('acme', make.event())).toEqual([{ subscription: 'sub_1', filter: null }]);
  });

  test('does not make a loser think that he won', async () => {
    const table = await dynalite.open();
    const subscriptions = subscriptionsIn(table);
    const before = make.subscription();
    await subscriptions.create(before);
    const winner = make.subscription({ version: 2, interest: 'itr_2', name: 'winner' });
    await subscriptions.replace(before, winner);
    loseAnswerOf('PutItem');
    const loser = make.subscription({ version: 2, interest: 'itr_3', name: 'loser' });
    expect(await subscriptions.replace(before, loser)).toBe(false);
    expect(await subscriptions.find('acme', 'sub_1')).toEqual(winner);
    expect(await subscriptions.interested('acme', make.event())).toHaveLength(1);
  });

  test('costs a claim its lease, and not the attempt', async () => {
    const attempts = attemptsIn(await dynalite.open(), 14);
    loseAnswerOf('PutItem');
    const lease = (seconds: number) => ({ now: new Date(later(seconds)), seconds: 25 });
    expect(await attempts.claim(make.step(), lease(0))).toEqual({ kind: 'held', until: Date.parse(later(25)) });
    expect(await attempts.claim(make.step(), lease(25))).toEqual({ kind: 'ours' });
  });

  test('leaves an event accepted, and its marker open', async () => {
    const events = eventsIn(await dynalite.open(), 14);
    loseAnswerOf('PutItem');
    expect(await events.accept(make.event())).toBe(false);
    expect(await events.find('acme', 'evt_1')).toEqual(make.event());
    loseAnswerOf('PutItem');
    expect(await events.open(make.event())).toBe(false);
    expect(await Array.fromAsync(events.overdue(new Date(later(121)), new Date(later(121))))).toHaveLength(1);
  });

  test('does not let the last admin key go', async () => {
    const keys = accessKeysIn(await dynalite.open(), async () => '');
    const admins = [0, 1].map((n) => make.accessKey({ id: `key_${n}`, scopes: ['admin'], sha256: String(n) }));
    const [one, two] = admins;
    if (one === undefined || two === undefined) throw new Error('there are two');
    await keys.create(one);
    await keys.create(two);
    loseAnswerOf('UpdateItem');
    expect(await keys.remove(one)).toBe(true);
    loseAnswerOf('UpdateItem');
    expect(await keys.remove(two)).toBe(false);
    expect(await keys.find('key_1')).toEqual(two);
  });
});

describe('a change of what a subscription wants', () => {
  const before = make.subscription({ event_types: ['Guest.*'], filter: { data: { a: [1] } } });
  const changes: [name: string, after: Subscription][] = [
    ['its event types', { ...before, version: 2, interest: 'itr_2', event_types: ['Guest.Created', 'group:Class'] }],
    ['its filter', { ...before, version: 2, interest: 'itr_2', filter: null }],
    ['both', { ...before, version: 2, interest: 'itr_2', event_types: ['*'], filter: { data: { b: [2] } } }],
    ['neither', { ...before, version: 2, name: 'new' }],
  ];

  test.each(changes)('is found at every moment while it changes: %s', async (_, after) => {
    const subscriptions = subscriptionsIn(await dynalite.open());
    await subscriptions.create(before);
    const seen: number[] = [];
    dynalite.meddle(async (call, pass) => {
      const reply = await pass(call.input);
      if (['PutItem', 'BatchWriteItem'].includes(call.operation)) {
        seen.push((await subscriptions.interested('acme', make.event())).length);
      }
      return reply;
    });
    await subscriptions.replace(before, after);
    expect(seen.length).toBeGreaterThan(0);
    expect(Math.min(...seen)).toBeGreaterThan(0);
    expect(seen.at(-1)).toBe(1);
  });

  test.each(changes.flatMap(([name, after]) => [1, 2, 3].map((call) => ({ name, after, call }))))(
    'is found as it stands when the change breaks off at call $call: $name',
    async ({ after, call: at }) => {
      const subscriptions = subscriptionsIn(await dynalite.open());
      await subscriptions.create(before);
      let calls = 0;
      dynalite.meddle((call, pass) => (++calls >= at ? refuseAll(call, pass) : pass(call.input)));
      await subscriptions.replace(before, after).catch(() => undefined);
      dynalite.leaveAlone();

      const standing = await subscriptions.find('acme', 'sub_1');
      const filter = standing?.filter ? JSON.stringify(standing.filter) : null;
      expect(await subscriptions.interested('acme', make.event())).toContainEqual({ subscription: 'sub_1', filter });
    },
  );

  test('is found by a match that reads the new event type before the change and the old one after it', async () => {
    const table = await dynalite.open();
    const [newWasRead, oldMayBeRead] = [gate(), gate()];
    let found: Promise<Interest[]> = Promise.resolve([]);
    const subscriptions = subscriptionsIn(table, async () => {
      oldMayBeRead.open();
      await found;
    });
    await subscriptions.create(before);

    dynalite.meddle(async (call, pass) => {
      const about = JSON.stringify(call.input);
      if (call.operation === 'Query' && about.includes('Guest.*')) await oldMayBeRead.opened;
      const reply = await pass(call.input);
      if (call.operation === 'Query' && about.includes('Guest.Created')) newWasRead.open();
      if (about.includes('DeleteRequest')) oldMayBeRead.open();
      return reply;
    });
    found = subscriptions.interested('acme', make.event());
    await newWasRead.opened;
    const after = { ...before, version: 2, interest: 'itr_2', event_types: ['Guest.Created'] };
    expect(await subscriptions.replace(before, after)).toBe(true);
    expect(await found).toEqual([{ subscription: 'sub_1', filter: '{"data":{"a":[1]}}' }]);
    expect(await subscriptions.interested('acme', make.event())).toHaveLength(1);
  });
});

test('a new subscription is wanted before it is there, so that it misses nothing once it is', async () => {
  const subscriptions = subscriptionsIn(await dynalite.open());
  const operations: string[] = [];
  dynalite.meddle(async (call, pass) => {
    operations.push(call.operation);
    return pass(call.input);
  });
  await subscriptions.create(make.subscription());
  expect(operations).toEqual(['BatchWriteItem', 'PutItem']);
});

test('a removed subscription is gone before what it wanted is, so that match never sends what nobody can stop', async () => {
  const subscriptions = subscriptionsIn(await dynalite.open());
  await subscriptions.create(make.subscription());
  const operations: string[] = [];
  dynalite.meddle(async (call, pass) => {
    operations.push(call.operation);
    return pass(call.input);
  });
  await subscriptions.remove(make.subscription());
  expect(operations).toEqual(['DeleteItem', 'BatchWriteItem']);
});

test('two processes that find no data key at the same moment make two, keep one, and both use it', async () => {
  const table = await dynalite.open();
  const open = () => vaultIn(table, { client: kms.client, keyArn: 'arn:aws:kms:us-east-1:1:key/k' });
  const [one, two] = [open(), open()];
  const place = { tenant: 'acme', subscription: 'sub_1', field: 'secret' } as const;

  let looked = 0;
  const bothLooked = gate();
  dynalite.meddle(async (call, pass) => {
    const reply = await pass(call.input);
    if (call.operation === 'GetItem' && ++looked === 2) bothLooked.open();
    if (call.operation === 'GetItem') await bothLooked.opened;
    return reply;
  });
  kms.calls.length = 0;
  const sealed = await Promise.all([one.seal(place, 'by one'), two.seal(place, 'by two')]);
  expect(kms.calls.filter((call) => call === 'GenerateDataKey')).toHaveLength(2);
  expect(await two.open(place, sealed[0])).toBe('by one');
  expect(await one.open(place, sealed[1])).toBe('by two');
  expect(await open().open(place, sealed[1])).toBe('by two');
});
