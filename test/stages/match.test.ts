import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { match, type World } from '../../lambdas/match/match.ts';
import { DeliveryMessage } from '../../shared/domain/delivery.ts';
import { travelling, type AcceptedEvent, type TravellingEvent } from '../../shared/domain/event.ts';
import type { Received } from '../../shared/runtime/batch.ts';
import { startDynalite, type DynamoDb } from '../support/dynamodb.ts';
import { Watch } from '../support/faults.ts';
import { AT, make } from '../support/make.ts';
import { openWorlds, TENANT, type Opened } from '../support/stage-world.ts';

let dynamo: DynamoDb;
let opened: Opened;
let world: World;
/** The effects of the world, in the order they began. */
let watch: Watch;
beforeAll(async () => {
  dynamo = await startDynalite();
});
beforeEach(async () => {
  opened = await openWorlds(dynamo);
  watch = new Watch();
  ({ world } = watch.enter(opened.worlds.match));
});
afterAll(() => dynamo.close());

/** Accepts an event as ingest does, and answers it as match gets it. */
async function received(
  changes: Partial<AcceptedEvent> = {},
  more: { receiveCount?: number; doubt?: true } = {},
): Promise<Received<TravellingEvent>> {
  const event = make.event(changes);
  await opened.events.accept(event);
  await opened.events.open(event);
  const { receiveCount = 1, ...doubt } = more;
  return { id: `message-${event.event_id}`, receiveCount, message: { ...travelling(event), ...doubt } };
}

const messages = (): DeliveryMessage[] =>
  opened.queues.deliveries.bodies.map((body) => DeliveryMessage.parse(JSON.parse(body)));
const deliveriesOf = (eventId: string): string[] =>
  messages()
    .filter(({ event }) => event.event_id === eventId)
    .flatMap(({ deliveries }) => deliveries.map(({ subscription_id }) => subscription_id))
    .toSorted();
const matched = async (eventId: string, tenant = TENANT) =>
  (await opened.events.matched(tenant, eventId))?.subscriptions.toSorted();

/** The calls that reach the tables meanwhile. */
async function callsDuring(run: () => Promise<unknown>): Promise<Record<string, number>> {
  const calls: Record<string, number> = {};
  dynamo.meddle(({ operation, input }, pass) => {
    calls[operation] = (calls[operation] ?? 0) + 1;
    return pass(input);
  });
  await run();
  dynamo.leaveAlone();
  return calls;
}

describe('who gets an event', () => {
  const FREEZE = { type: 'Guest.Membership.Freeze', group: 'GuestMembership' };

  test.each([
    ['its exact type', ['Guest.Membership.Freeze'], true],
    ['another type beside it', ['Invoice.Closed', 'Guest.Membership.Freeze'], true],
    ['a prefix', ['Guest.Membership.*'], true],
    ['a shorter prefix, at any depth', ['Guest.*'], true],
    ['its group', ['group:GuestMembership'], true],
    ['everything', ['*'], true],
    ['another type', ['Guest.Created'], false],
    ['its type as a prefix', ['Guest.Membership.Freeze.*'], false],
    ['another prefix', ['Guest.Package.*'], false],
    ['the group of its prefix', ['group:Guest'], false],
  ])('who asked for %s (%j): %p', async (_, event_types, wanted) => {
    await opened.subscribe({ event_types });
    await match([await received(FREEZE)], world);
    expect(deliveriesOf('evt_1')).toEqual(wanted ? ['sub_1'] : []);
  });

  test('a prefix ends at its dot', async () => {
    await opened.subscribe({ event_types: ['Guest.*'] });
    await match([await received({ type: 'Guestpass.redeemed', group: 'GuestMembership' })], world);
    expect(messages()).toEqual([]);
  });

  test('one that asked several times gets one delivery', async () => {
    await opened.subscribe({ event_types: ['Guest.Created', 'Guest.*', 'group:Guest', '*'] });
    await match([await received()], world);
    expect(messages().map(({ deliveries }) => deliveries)).toEqual([
      [{ subscription_id: 'sub_1', run: 1, attempt: 1 }],
    ]);
    expect(await matched('evt_1')).toEqual(['sub_1']);
  });

  test('nobody of another tenant does', async () => {
    await opened.subscribe({ id: 'sub_a' }, { id: 'sub_b', tenant: 'other' }, { id: 'sub_c', tenant: 'acme-2' });
    await match([await received(), await received({ tenant: 'other', event_id: 'evt_2' })], world);
    expect(deliveriesOf('evt_1')).toEqual(['sub_a']);
    expect(deliveriesOf('evt_2')).toEqual(['sub_b']);
    expect(await matched('evt_2', 'other')).toEqual(['sub_b']);
  });

  test('nobody at all, and the event is closed all the same', async () => {
    await match([await received()], world);
    expect(await opened.events.matched(TENANT, 'evt_1')).toEqual({ at: AT, subscriptions: [] });
    expect(await Array.fromAsync(opened.events.overdue(new Date(8e15), new Date(8e15)))).toEqual([]);
    expect(opened.sent).toEqual([]);
  });
});

describe('a filter', () => {
  const body = '{"id":"g1","price":199.00,"big":820982911946154508,"tags":["a","b"],"none":null}';

  test.each([
    ['a number however it is spelt', { data: { price: [199] } }, true],
    ['a number beyond 2^53', { data: { big: [820982911946154508] } }, true], // eslint-disable-line no-loss-of-precision
    ['another number beyond 2^53', { data: { big: [820982911946154999] } }, false], // eslint-disable-line no-loss-of-precision
    ['a range', { data: { price: [{ numeric: ['>=', 199, '<', 200] }] } }, true],
    ['an element of a list', { data: { tags: ['b'] } }, true],
    ['null', { data: { none: [null] } }, true],
    ['another text', { data: { id: ['g2'] } }, false],
    ['the type', { event_type: [{ prefix: 'Guest.' }] }, true],
    [
      'the id, the resource, the schema and the time',
      {
        event_id: ['evt_1'],
        event_resource: ['Guest'],
        event_schema: ['v1'],
        event_timestamp: [{ prefix: '2026-03-04' }],
      },
      true,
    ],
    ['what the envelope does not hold', { tenant: ['acme'] }, false],
    ['a number that no attribute of a table could hold', { data: { price: [{ numeric: ['<', 1e300] }] } }, true],
  ])('sees %s: %p', async (_, filter, wanted) => {
    await opened.subscribe({ filter });
    await match([await received({ body })], world);
    expect(deliveriesOf('evt_1')).toEqual(wanted ? ['sub_1'] : []);
    expect(await matched('evt_1')).toEqual(wanted ? ['sub_1'] : []);
  });

  test('keeps an event from its own subscription alone', async () => {
    await opened.subscribe({ filter: { data: { id: ['other'] } } }, {}, { filter: { data: { id: ['g1'] } } });
    await match([await received()], world);
    expect(deliveriesOf('evt_1')).toEqual(['sub_2', 'sub_3']);
  });

  const long = JSON.stringify({ id: 'g1', note: 'x'.repeat(70_000) });

  test('on data that stayed behind has it fetched once, however many filters look at it', async () => {
    const filter = { data: { id: ['g1'] } };
    await opened.subscribe({ filter }, { filter, event_types: ['*'] }, { filter: { data: { id: ['other'] } } });
    await match([await received({ body: long })], world);
    expect(deliveriesOf('evt_1')).toEqual(['sub_1', 'sub_2']);
    expect(watch.effects.begun.filter((verb) => verb === 'find')).toHaveLength(1);
    expect(messages()[0]?.event.body).toBeUndefined();
  });

  test('that nobody has does not have it fetched', async () => {
    await opened.subscribe({});
    await match([await received({ body: long })], world);
    expect(watch.effects.begun.filter((verb) => verb !== 'isSuspect')).toEqual(['interested', 'send', 'close']);
  });
});

describe('messages', () => {
  test('hold 25 deliveries at most: sixty subscriptions make 25, 25 and 10', async () => {
    await opened.subscribe(...Array.from({ length: 60 }, () => ({})));
    await match([await received()], world);
    expect(messages().map(({ deliveries }) => deliveries.length)).toEqual([25, 25, 10]);
    expect(new Set(deliveriesOf('evt_1')).size).toBe(60);
    expect((await matched('evt_1'))?.length).toBe(60);
  });

  test('of one event never hold another’s', async () => {
    await opened.subscribe({}, {});
    await match([await received(), await received({ event_id: 'evt_2' })], world);
    expect(messages().map(({ event }) => event.event_id)).toEqual(['evt_1', 'evt_2']);
  });

  test('carry the event’s exact data', async () => {
    await opened.subscribe({});
    const body = '{"id":"g1","price":199.00,"name":"caf\\u00e9 é 😀","big":820982911946154508}';
    await match([await received({ body })], world);
    expect(messages()[0]?.event).toEqual(travelling(make.event({ body })));
  });

  test.each([
    ['a record that came before', { receiveCount: 2 }],
    ['a record that is in doubt', { doubt: true }],
  ] as const)('made from %s are in doubt', async (_, more) => {
    await opened.subscribe(...Array.from({ length: 30 }, () => ({})));
    await match([await received({}, more), await received({ event_id: 'evt_2' })], world);
    const doubts = (id: string) =>
      messages()
        .filter(({ event }) => event.event_id === id)
        .map(({ event }) => event.doubt);
    expect(doubts('evt_1')).toEqual([true, true]);
    expect(doubts('evt_2')).toEqual([undefined, undefined]);
  });
});

describe('ten like events', () => {
  const ten = () => Promise.all(Array.from({ length: 10 }, (_, i) => received({ event_id: `evt_${i}` })));

  test('ask for interests once and close in one batch', async () => {
    await opened.subscribe({}, { event_types: ['*'] });
    const records = await ten();
    const calls = await callsDuring(() => match(records, world));
    // One query for the type, its prefix, its group, and everything.
    // Three items of each event: whom it found, the event in the order of time, and the marker that goes.
    expect(calls).toEqual({ Query: 4, BatchWriteItem: 2 });
    expect(opened.sent).toEqual([10]);
    expect(watch.effects.begun.filter((verb) => verb !== 'isSuspect')).toEqual(['interested', 'send', 'close']);
  });

  test('of several types ask once for each', async () => {
    const records = await Promise.all([
      received({ event_id: 'evt_1' }),
      received({ event_id: 'evt_2', type: 'Guest.Updated' }),
      received({ event_id: 'evt_3' }),
      received({ event_id: 'evt_4', tenant: 'other' }),
    ]);
    await match(records, world);
    expect(watch.effects.begun.filter((verb) => verb === 'interested')).toHaveLength(3);
  });

  test('of which one cannot be sent: it comes again, the others are done', async () => {
    await opened.subscribe({});
    const refuse = { refuses: (text: string) => text.includes('"evt_3"') };
    opened.faults.sendMessageBatch.push(refuse, refuse, refuse);
    expect(await match(await ten(), world)).toEqual(new Set(['message-evt_3']));
    const open = await Array.fromAsync(opened.events.overdue(new Date(8e15), new Date(8e15)));
    expect(open.map(({ eventId }) => eventId)).toEqual(['evt_3']);
    expect(await matched('evt_3')).toBeUndefined();
    expect(await matched('evt_4')).toEqual(['sub_1']);
  });
});

describe('a second copy', () => {
  test('of an event that was matched makes no deliveries', async () => {
    await opened.subscribe({});
    await match([await received()], world);
    expect(await match([await received({}, { doubt: true })], world)).toEqual(new Set());
    expect(await match([await received({}, { receiveCount: 2 })], world)).toEqual(new Set());
    expect(messages()).toHaveLength(1);
  });

  test('of an event whose first copy was not finished makes them again, in doubt', async () => {
    await opened.subscribe({});
    opened.worlds.match.close = () => Promise.reject(new Error('throttled'));
    await expect(match([await received()], world)).rejects.toThrow('throttled');
    opened.worlds.match.close = opened.events.close;
    await match([await received({}, { receiveCount: 2 })], world);
    expect(messages().map(({ event }) => event.doubt)).toEqual([undefined, true]);
    expect(await matched('evt_1')).toEqual(['sub_1']);
  });

  test('is looked for only where there may be one', async () => {
    await match([await received()], world);
    expect(watch.effects.begun).not.toContain('isMatched');
  });
});

test('one record that fails comes again, and keeps no other from being matched', async () => {
  await opened.subscribe({ filter: { data: { id: ['g1'] } } });
  opened.worlds.match.find = () => Promise.reject(new Error('unreadable'));
  const long = JSON.stringify({ id: 'g1', note: 'x'.repeat(70_000) });
  const records = [await received({ event_id: 'evt_1' }), await received({ event_id: 'evt_2', body: long })];
  expect(await match(records, world)).toEqual(new Set(['message-evt_2']));
  expect(deliveriesOf('evt_1')).toEqual(['sub_1']);
  expect([await matched('evt_1'), await matched('evt_2')]).toEqual([['sub_1'], undefined]);
  expect(opened.failures).toEqual([new Error('unreadable')]);
});

test('a message whose sending had no answer comes again when an attempt of its first copy is over', async () => {
  await opened.subscribe({});
  opened.faults.sendMessageBatch.push({ losesAnswer: true });
  await match([await received()], world);
  expect(messages().map(({ event }) => event.doubt)).toEqual([undefined, true]);
  opened.queues.deliveries.remove('message-1');
  // A request may take 30 seconds.
  expect((opened.queues.deliveries.nextAt - opened.clock.now().getTime()) / 1000).toBeGreaterThan(30);
  expect(opened.reports).toHaveLength(1);
});

test('a subscription made a moment ago is found, and one removed a moment ago is not', async () => {
  const [first] = await opened.subscribe({ id: 'sub_old' });
  await match([await received()], world);
  await opened.subscriptions.remove(first!);
  await opened.subscribe({ id: 'sub_new' });
  await match([await received({ event_id: 'evt_2' })], world);
  expect([deliveriesOf('evt_1'), deliveriesOf('evt_2')]).toEqual([['sub_old'], ['sub_new']]);
});

test('one wide line for each event says how many wanted it, and holds none of its data', async () => {
  await opened.subscribe({}, {});
  await match([await received({ body: '{"id":"hush"}' })], world);
  expect(opened.lines).toEqual([
    { what: 'event.matched', tenant: TENANT, event_id: 'evt_1', event_type: 'Guest.Created', matched: 2, doubt: false },
  ]);
});
