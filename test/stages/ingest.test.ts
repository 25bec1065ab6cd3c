import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import catalogue from '#catalogue';
import {
  ingestBatch,
  ingestOne,
  type BatchAnswer,
  type Origin,
  type Receipt,
  type World,
} from '../../lambdas/ingest/ingest.ts';
import { Problem } from '../../shared/domain/problem.ts';
import { budgetOf } from '../../shared/store/rates.ts';
import guestCreated from '../fixtures/zenoti/Guest.Created.json' with { type: 'json' };
import { startDynalite, type DynamoDb } from '../support/dynamodb.ts';
import { AT, later } from '../support/make.ts';
import { openWorlds, posted, TENANT, TRACE, type Opened } from '../support/stage-world.ts';

let dynamo: DynamoDb;
let opened: Opened;
let world: World;
beforeAll(async () => {
  dynamo = await startDynalite();
});
beforeEach(async () => {
  opened = await openWorlds(dynamo);
  world = opened.worlds.ingest;
});
afterAll(() => dynamo.close());

const ingest = (text: string, origin: Partial<Origin> = {}): Promise<Receipt> =>
  ingestOne(text, { tenant: TENANT, ...origin }, world);
const ingestAll = (...events: string[]): Promise<BatchAnswer> =>
  ingestBatch(`{"events":[${events.join()}]}`, { tenant: TENANT }, world);

/** What the events queue holds: each event as it travels. */
const published = (): Record<string, unknown>[] =>
  opened.queues.events.bodies.map((body) => (JSON.parse(body) as { detail: Record<string, unknown> }).detail);

async function refusal(promise: Promise<unknown>): Promise<Problem> {
  const error: unknown = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (error instanceof Problem) return error;
  if (error instanceof Error) throw error;
  throw new Error('it was accepted');
}

describe('an event that is accepted', () => {
  test('is kept and published with the tokens of its data as they were posted', async () => {
    const data =
      '{ "id":"g\\u00e91",\n "price": 199.00, "rate":1.0e2,\t"big":820982911946154508, "b":[ 1 , {} ],"a":"😀" }';
    await ingest(posted({ event_id: 'e1', data }));
    const exact = '{"id":"g\\u00e91","price":199.00,"rate":1.0e2,"big":820982911946154508,"b":[1,{}],"a":"😀"}';
    expect((await opened.events.find(TENANT, 'e1'))?.body).toBe(exact);
    expect(published()).toMatchObject([{ event_id: 'e1', body: exact }]);
  });

  test('says what it is, when it was accepted, and that it is the first', async () => {
    expect(await ingest(posted({ event_id: 'e1' }))).toEqual({
      event_id: 'e1',
      event_type: 'Guest.Created',
      accepted_at: AT,
      duplicate: false,
    });
  });

  test('may be an envelope as the provider publishes it', async () => {
    await ingest(JSON.stringify(guestCreated));
    const { event_id, event_timestamp, data } = guestCreated;
    const event = await opened.events.find(TENANT, event_id);
    expect(event).toMatchObject({ timestamp: event_timestamp, schema: 'v1', resource: 'Guest', group: 'Guest' });
    expect(event?.body).toBe(JSON.stringify(data));
  });

  test.each([
    ['without a timestamp has that of its acceptance', {}, { timestamp: AT }],
    [
      'keeps the timestamp it was sent with',
      { event_timestamp: '2022-03-11T14:59:50.8745837+05:30' },
      { timestamp: '2022-03-11T14:59:50.8745837+05:30' },
    ],
    ['without a schema has v1', {}, { schema: 'v1' }],
    ['without a resource has its group’s', {}, { resource: 'Guest' }],
    ['may have no resource', { event_resource: null }, { resource: null }],
  ])('%s', async (_, changes, expected) => {
    await ingest(posted({ event_id: 'e1', ...changes }));
    expect(await opened.events.find(TENANT, 'e1')).toMatchObject(expected);
  });

  test.each([
    ['its own id', { event_id: 'e1' }, 'k1', 'e1'],
    ['its idempotency key without one', {}, 'k1', 'k1'],
    ['a made one without either', {}, undefined, expect.stringMatching(/^evt_[0-9a-z]{26}$/)],
  ])('is known by %s', async (_, changes, idempotencyKey, expected) => {
    expect(await ingest(posted(changes), { idempotencyKey })).toMatchObject({ event_id: expected });
  });

  test('carries the trace of its publisher, or a new one', async () => {
    const traceparent = '00-11111111111111111111111111111111-2222222222222222-01';
    await ingest(posted(), { traceparent });
    await ingest(posted());
    expect(published()).toMatchObject([{ traceparent }, { traceparent: TRACE }]);
  });

  test('leaves long data behind, to be fetched where it is needed', async () => {
    await ingest(posted({ event_id: 'e1', data: JSON.stringify({ id: 'g1', note: 'x'.repeat(70_000) }) }));
    expect(published()[0]).not.toHaveProperty('body');
    expect((await opened.events.find(TENANT, 'e1'))?.body?.length).toBe(70_021);
  });

  test('costs the same whether nobody wants events or fifty do', async () => {
    const callsOf = async (event_id: string): Promise<string[]> => {
      const calls: string[] = [];
      dynamo.meddle(({ operation, input }, pass) => {
        calls.push(operation);
        return pass(input);
      });
      await ingest(posted({ event_id }));
      dynamo.leaveAlone();
      return calls;
    };
    await ingest(posted()); // the tenant's first, after which it is known for half a minute
    const withNone = await callsOf('e1');
    await opened.subscribe(...Array.from({ length: 50 }, () => ({ event_types: ['Guest.Created', '*'] })));
    expect(await callsOf('e2')).toEqual(withNone);
    expect(withNone).toEqual(['PutItem', 'PutItem']);
  });
});

describe('an event posted again', () => {
  const DATA = '{"id":"g1","n":{"a":1,"b":[2]}}';
  const FIRST = {
    event_id: 'e1',
    event_timestamp: '2026-01-01T00:00:00Z',
    event_schema: 'v2',
    event_resource: 'Guest',
  };
  const without = (name: keyof typeof FIRST) =>
    Object.fromEntries(Object.entries(FIRST).filter(([key]) => key !== name));

  test.each([
    ['as it was', { ...FIRST, data: DATA }],
    ['with other white space', { ...FIRST, data: ' {\n"id" : "g1",\t"n":{ "a":1 ,"b":[ 2 ] } } ' }],
    ['with another id of the provider’s call', { ...FIRST, data: DATA, id: 'other' }],
    ['without its timestamp', { ...without('event_timestamp'), data: DATA }],
    ['without its schema', { ...without('event_schema'), data: DATA }],
    ['without its resource', { ...without('event_resource'), data: DATA }],
  ])('%s is a duplicate', async (_, again) => {
    await ingest(posted({ ...FIRST, id: 'first', data: DATA }));
    opened.clock.advance(60);
    expect(await ingest(posted(again))).toEqual({
      event_id: 'e1',
      event_type: 'Guest.Created',
      accepted_at: AT,
      duplicate: true,
    });
    expect(published()).toHaveLength(1);
  });

  test.each([
    ['another type', { ...FIRST, data: DATA, event_type: 'Guest.Updated' }],
    ['other data', { ...FIRST, data: '{"id":"g2","n":{"a":1,"b":[2]}}' }],
    ['its members in another order', { ...FIRST, data: '{"n":{"a":1,"b":[2]},"id":"g1"}' }],
    ['a number spelt otherwise', { ...FIRST, data: '{"id":"g1","n":{"a":1.0,"b":[2]}}' }],
    ['a text escaped otherwise', { ...FIRST, data: '{"id":"\\u00671","n":{"a":1,"b":[2]}}' }],
    ['another timestamp', { ...FIRST, data: DATA, event_timestamp: '2026-01-01T00:00:01Z' }],
    ['another schema', { ...FIRST, data: DATA, event_schema: 'v1' }],
    ['another resource', { ...FIRST, data: DATA, event_resource: 'Center' }],
    ['no resource', { ...FIRST, data: DATA, event_resource: null }],
  ])('with %s is a conflict', async (_, again) => {
    await ingest(posted({ ...FIRST, data: DATA }));
    expect(await refusal(ingest(posted(again)))).toMatchObject({ status: 409, code: 'event_id_conflict' });
    expect(published()).toHaveLength(1);
  });

  test('with a timestamp that its first post did not give is a conflict, unless it is the one it was given', async () => {
    await ingest(posted({ event_id: 'e1' }));
    opened.clock.advance(5);
    expect(await ingest(posted({ event_id: 'e1', event_timestamp: AT }))).toMatchObject({ duplicate: true });
    const other = ingest(posted({ event_id: 'e1', event_timestamp: later(5) }));
    expect(await refusal(other)).toMatchObject({ status: 409 });
  });

  test('while match is closing it is not published again', async () => {
    await ingest(posted({ event_id: 'e1' }));
    const { open } = world;
    world.open = async (event) => {
      await opened.events.close([{ event, matched: { at: AT, subscriptions: [] } }]);
      return open(event);
    };
    expect(await ingest(posted({ event_id: 'e1' }))).toMatchObject({ duplicate: true });
    expect(published()).toHaveLength(1);
  });

  test('by another tenant is another event', async () => {
    await ingest(posted({ event_id: 'e1' }));
    expect(await ingest(posted({ event_id: 'e1' }), { tenant: 'other' })).toMatchObject({ duplicate: false });
    expect(published()).toMatchObject([{ tenant: 'acme' }, { tenant: 'other' }]);
  });

  test('after it was matched is still a duplicate, and nothing is published', async () => {
    await ingest(posted({ event_id: 'e1' }));
    const event = (await opened.events.find(TENANT, 'e1'))!;
    await opened.events.close([{ event, matched: { at: AT, subscriptions: [] } }]);
    expect(await ingest(posted({ event_id: 'e1' }))).toMatchObject({ duplicate: true });
    expect(published()).toHaveLength(1);
    expect(await Array.fromAsync(opened.events.overdue(new Date(8e15), new Date(8e15)))).toEqual([]);
  });

  test('after the retention is a new event', async () => {
    await ingest(posted({ event_id: 'e1' }));
    opened.clock.advance(13 * 86_400);
    expect(await ingest(posted({ event_id: 'e1' }))).toMatchObject({ duplicate: true });
    opened.clock.advance(86_400 + 1);
    expect(await ingest(posted({ event_id: 'e1', data: '{"id":"g2"}' }))).toMatchObject({
      duplicate: false,
      accepted_at: later(14 * 86_400 + 1),
    });
  });
});

describe('what is refused', () => {
  const nested = (arrays: number): string => `{"id":"g1","deep":${'['.repeat(arrays)}${']'.repeat(arrays)}}`;

  test.each([
    ['data nested 101 deep', posted({ data: nested(100) }), 'nesting_too_deep', `/data/deep${'/0'.repeat(99)}`],
    ['a member of data that stands twice', posted({ data: '{"id":"a","id":"b"}' }), 'duplicate_member', '/data/id'],
    ['one of them escaped', posted({ data: '{"id":"a","\\u0069d":"b"}' }), 'duplicate_member', '/data/id'],
    [
      'one inside a list',
      posted({ data: '{"id":"g1","list":[{"a":1},{"b":1,"b":2}]}' }),
      'duplicate_member',
      '/data/list/1/b',
    ],
    ['one of the envelope', '{"event_type":"A","event_type":"B","data":{}}', 'duplicate_member', '/event_type'],
    ['data without what its schema asks', posted({ data: '{}' }), 'schema_mismatch', '/data/id'],
    [
      'data with a value of another type',
      posted({ data: '{"id":"g1","personal_info":{"gender":"female"}}' }),
      'schema_mismatch',
      '/data/personal_info/gender',
    ],
    ['data that is no object', posted({ data: '[]' }), 'invalid', '/data'],
    ['no data', '{"event_type":"Guest.Created"}', 'invalid', '/data'],
    ['no type', '{"data":{"id":"g1"}}', 'invalid', '/event_type'],
    ['a member that is unknown', posted({ colour: 'red' }), 'invalid', '/colour'],
    ['an id with a forbidden character', posted({ event_id: 'a#b' }), 'invalid', '/event_id'],
    ['an id that is too long', posted({ event_id: 'x'.repeat(129) }), 'invalid', '/event_id'],
    ['a timestamp that is none', posted({ event_timestamp: 'yesterday' }), 'invalid', '/event_timestamp'],
    ['a body that is no object', '[]', 'invalid', ''],
  ])('%s', async (_, text, code, pointer) => {
    expect(await refusal(ingest(text))).toMatchObject({ status: 422, code, faults: [{ pointer }] });
    expect(published()).toEqual([]);
  });

  test('nesting of 100 is not', async () => {
    expect(await ingest(posted({ data: nested(99) }))).toMatchObject({ duplicate: false });
  });

  test.each(['', '{', 'nonsense', '{"event_type":"Guest.Created",}', '{"a":1}{'])(
    'the text %j, which is no JSON',
    async (text) => {
      expect(await refusal(ingest(text))).toMatchObject({ status: 400, code: 'malformed_json' });
    },
  );

  test.each([
    ['Guest.Creatd', 'Guest.Created'],
    ['guest.created', 'Guest.Created'],
    ['Invoice.Close', 'Invoice.Closed'],
  ])('the unknown type %s, with the nearest', async (event_type, near) => {
    const problem = await refusal(ingest(posted({ event_type })));
    expect(problem).toMatchObject({ status: 422, code: 'unknown_event_type', faults: [{ pointer: '/event_type' }] });
    expect(problem.message).toContain(`Did you mean ${near}?`);
  });

  test.each(['constructor', '__proto__', 'toString', 'hasOwnProperty'])('the type %s', async (event_type) => {
    expect(await refusal(ingest(posted({ event_type })))).toMatchObject({ code: 'unknown_event_type' });
  });
});

test.each(Object.entries(catalogue.eventTypes))(
  'the sample of %s is accepted into its group',
  async (event_type, type) => {
    const { event_id } = await ingest(posted({ event_type, data: JSON.stringify(type.sample) }));
    expect(await opened.events.find(TENANT, event_id)).toMatchObject({ type: event_type, group: type.group });
  },
);

describe('a batch', () => {
  test('takes each event alone, and answers in their order', async () => {
    await ingest(posted({ event_id: 'old' }));
    const answer = await ingestAll(
      posted({ event_id: 'e1' }),
      posted({ event_id: 'old' }),
      posted({ event_id: 'e2', event_type: 'Nonsense' }),
      'null',
      posted({ event_id: 'old', data: '{"id":"other"}' }),
      posted({ event_id: 'e3', data: '{"id":"a","id":"b"}' }),
      posted({ event_id: 'e4' }),
    );
    expect(answer).toMatchObject({
      accepted: 2,
      duplicates: 1,
      refused: 4,
      results: [
        { event_id: 'e1', duplicate: false },
        { event_id: 'old', duplicate: true },
        { problem: { code: 'unknown_event_type' } },
        { problem: { code: 'invalid' } },
        { problem: { code: 'event_id_conflict' } },
        { problem: { code: 'duplicate_member', faults: [{ pointer: '/data/id' }] } },
        { event_id: 'e4', duplicate: false },
      ],
    });
    expect(published().map(({ event_id }) => event_id)).toEqual(['old', 'e1', 'e4']);
  });

  test('that holds one id twice accepts it once', async () => {
    const answer = await ingestAll(
      posted({ event_id: 'e1' }),
      posted({ event_id: 'e1' }),
      posted({ event_id: 'e1', data: '{"id":"other"}' }),
    );
    expect(answer).toMatchObject({ accepted: 1, duplicates: 1, refused: 1 });
    expect(answer.results).toMatchObject([
      { duplicate: false },
      { duplicate: true },
      { problem: { code: 'event_id_conflict' } },
    ]);
    expect(published()).toHaveLength(1);
  });

  test('of which one fails for a reason of ours says so in its place, and takes the others', async () => {
    await opened.subscribe({});
    const { accept } = world;
    world.accept = (event) => (event.event_id === 'e2' ? Promise.reject(new Error('throttled')) : accept(event));
    const answer = await ingestAll(...['e1', 'e2', 'e3'].map((event_id) => posted({ event_id })));
    expect(answer).toMatchObject({ accepted: 2, refused: 1 });
    expect(answer.results[1]).toMatchObject({ problem: { status: 500, code: 'internal' } });
    expect(published().map(({ event_id }) => event_id)).toEqual(['e1', 'e3']);
    expect(opened.failures).toEqual([new Error('throttled')]);
  });

  test('takes those of one id one after the other, and the others beside them', async () => {
    const { accept } = world;
    const order: string[] = [];
    const { promise: otherIsTaken, resolve } = Promise.withResolvers<void>();
    world.accept = async (event) => {
      order.push(`${event.event_id} begins`);
      if (event.event_id === 'e1') await otherIsTaken;
      const isFirst = await accept(event);
      order.push(`${event.event_id} ends`);
      if (event.event_id === 'e2') resolve();
      return isFirst;
    };
    await ingestAll(posted({ event_id: 'e1' }), posted({ event_id: 'e1' }), posted({ event_id: 'e2' }));
    expect(order).toEqual(['e1 begins', 'e2 begins', 'e2 ends', 'e1 ends', 'e1 begins', 'e1 ends']);
  });

  test('that holds one id twice accepts the second where the first failed', async () => {
    const { accept } = world;
    let calls = 0;
    world.accept = (event) => (++calls === 1 ? Promise.reject(new Error('throttled')) : accept(event));
    const answer = await ingestAll(posted({ event_id: 'e1' }), posted({ event_id: 'e1' }));
    expect(answer).toMatchObject({
      accepted: 1,
      refused: 1,
      results: [{ problem: { status: 500 } }, { duplicate: false }],
    });
  });

  test('keeps the tokens of each event’s data', async () => {
    await ingestAll(posted({ event_id: 'e1', data: '{ "id":"g1", "price":199.00 }' }), posted({ event_id: 'e2' }));
    expect((await opened.events.find(TENANT, 'e1'))?.body).toBe('{"id":"g1","price":199.00}');
  });

  test('makes an id for each event that has none', async () => {
    const { results } = await ingestAll(posted(), posted(), posted());
    expect(new Set(results.map((result) => 'event_id' in result && result.event_id)).size).toBe(3);
  });

  test('of a hundred is accepted', async () => {
    expect(await ingestAll(...Array.from({ length: 100 }, () => posted()))).toMatchObject({ accepted: 100 });
    expect(published()).toHaveLength(100);
  });

  test('refuses an event of more than 256 KiB and takes its neighbours', async () => {
    const long = posted({ data: JSON.stringify({ id: 'g1', note: 'x'.repeat(256 * 1024) }) });
    const answer = await ingestAll(posted(), long, posted());
    expect(answer).toMatchObject({ accepted: 2, refused: 1 });
    expect(answer.results[1]).toMatchObject({ problem: { status: 413, code: 'too_large' } });
  });

  test.each([
    ['no events', '{"events":[]}', '/events'],
    ['more than a hundred', `{"events":[${Array.from({ length: 101 }, () => '{}').join()}]}`, '/events'],
    ['events that are no list', '{"events":{}}', '/events'],
    ['nothing', '{}', '/events'],
    ['another member', '{"events":[{}],"mode":"fast"}', '/mode'],
    ['a list for a body', '[{}]', '/events'],
    ['the events twice', '{"events":[{}],"events":[{}]}', '/events'],
  ])('with %s is refused', async (_, text, pointer) => {
    const problem = await refusal(ingestBatch(text, { tenant: TENANT }, world));
    expect(problem).toMatchObject({ status: 422, faults: [{ pointer }] });
  });

  test('that is no JSON is refused', async () => {
    expect(await refusal(ingestBatch('{"events":[', { tenant: TENANT }, world))).toMatchObject({ status: 400 });
  });
});

describe('a tenant that posts faster than it may', () => {
  /** Ten events a second, over the real table. */
  beforeEach(() => {
    world.admit = budgetOf(opened.rates, { perSecond: 10, now: opened.clock.now });
  });

  const LIMITED = { status: 429, code: 'rate_limited' };
  const batchOf = (count: number, from = 0): string[] =>
    Array.from({ length: count }, (_, i) => posted({ event_id: `b${from + i}` }));
  /** Posts until it is refused, and tells how many were taken. */
  async function postAll(most: number): Promise<number> {
    for (let taken = 0; taken < most; taken++) {
      const answer = await ingest(posted()).catch((error: unknown) => error);
      if (answer instanceof Problem) return taken;
    }
    return most;
  }

  test('is refused with the seconds until it may post again, and taken then', async () => {
    await ingestAll(...batchOf(100));
    const problem = await refusal(ingest(posted({ event_id: 'e1' })));
    expect(problem).toMatchObject({ ...LIMITED, headers: { 'retry-after': '8' } });
    opened.clock.advance(7.9);
    expect(await refusal(ingest(posted({ event_id: 'e1' })))).toMatchObject({ headers: { 'retry-after': '1' } });
    opened.clock.advance(0.1);
    expect(await ingest(posted({ event_id: 'e1' }))).toMatchObject({ duplicate: false });
  });

  test('may use the budget of some seconds at once, and one second later that of a second', async () => {
    const burst = await postAll(100);
    expect(burst).toBeGreaterThanOrEqual(20);
    expect(burst).toBeLessThanOrEqual(2 * 10 + 10 + 2);
    for (let second = 0; second < 3; second++) {
      opened.clock.advance(1);
      const taken = await postAll(100);
      expect(taken).toBeGreaterThanOrEqual(10);
      expect(taken).toBeLessThanOrEqual(12);
    }
  });

  test('is not refused as long as it stays below it', async () => {
    for (let i = 0; i < 45; i++) {
      expect(await ingest(posted())).toMatchObject({ duplicate: false });
      opened.clock.advance(1 / 9);
    }
  });

  test('leaves no trace of what was refused: the same event is new when it is posted again', async () => {
    await ingestAll(...batchOf(100));
    const [before, count] = [await opened.flow.scan(), published().length];
    expect(await refusal(ingest(posted({ event_id: 'e1' })))).toMatchObject(LIMITED);
    expect(await refusal(ingestAll(...batchOf(3, 200)))).toMatchObject(LIMITED);
    expect(await opened.flow.scan()).toEqual(before);
    expect(published()).toHaveLength(count);
    opened.clock.advance(60);
    expect(await ingest(posted({ event_id: 'e1', data: '{"id":"other"}' }))).toMatchObject({ duplicate: false });
    expect(await ingestAll(...batchOf(3, 200))).toMatchObject({ accepted: 3, duplicates: 0 });
  });

  test('has its batches taken or refused as a whole, and each event counts', async () => {
    expect(await ingestAll(...batchOf(60))).toMatchObject({ accepted: 60 });
    opened.clock.advance(3.9);
    expect(await refusal(ingestAll(...batchOf(2, 60)))).toMatchObject({ ...LIMITED, headers: { 'retry-after': '1' } });
    opened.clock.advance(0.1);
    expect(await ingestAll(...batchOf(100, 100))).toMatchObject({ accepted: 100 });
    expect(published()).toHaveLength(160);
  });

  test('is told so before anything is read of its event, and not at all of a batch that is none', async () => {
    await ingestAll(...batchOf(100));
    expect(await refusal(ingest('no JSON'))).toMatchObject(LIMITED);
    expect(await refusal(ingestAll('{}', 'null'))).toMatchObject(LIMITED);
    expect(await refusal(ingestAll())).toMatchObject({ status: 422 });
  });

  test('pays for what is wrong or a duplicate as for any other', async () => {
    await ingestAll(...batchOf(50));
    opened.clock.advance(4);
    await ingestAll(...batchOf(50), ...Array.from({ length: 50 }, () => 'null'));
    expect(await refusal(ingest(posted()))).toMatchObject({ headers: { 'retry-after': '9' } });
  });

  test('is no reason to refuse another', async () => {
    await ingestAll(...batchOf(100));
    expect(await ingest(posted(), { tenant: 'other' })).toMatchObject({ duplicate: false });
  });

  test('hears of a table that fails as of any failure of ours, and nothing is accepted', async () => {
    world.admit = () => Promise.reject(new Error('throttled'));
    await expect(ingest(posted({ event_id: 'e1' }))).rejects.toThrow('throttled');
    await expect(ingestAll(posted({ event_id: 'e1' }))).rejects.toThrow('throttled');
    expect(await opened.events.find(TENANT, 'e1')).toBeUndefined();
  });

  test.each([
    ['nothing for the first two of a second', 2, []],
    ['one more update for the next ten', 10, ['UpdateItem']],
    ['and one for the ten after those', 20, ['UpdateItem', 'UpdateItem']],
  ])('costs its events %s', async (_, count, expected) => {
    await world.enter(TENANT);
    const calls: string[] = [];
    dynamo.meddle(({ operation, input }, pass) => {
      calls.push(operation);
      return pass(input);
    });
    for (let i = 0; i < count; i++) await ingest(posted());
    dynamo.leaveAlone();
    expect(calls.filter((operation) => operation !== 'PutItem')).toEqual(expected);
  });
});
