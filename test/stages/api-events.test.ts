import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import catalogue from '#catalogue';
import { deliveryId } from '../../shared/domain/id.ts';
import type { Attempt } from '../../shared/domain/attempt.ts';
import type { Subscription } from '../../shared/domain/subscription.ts';
import { openControlPlane, type ControlPlane } from '../support/control-plane.ts';
import { startDynalite, type DynamoDb } from '../support/dynamodb.ts';
import { startKms, type TestKms } from '../support/kms.ts';
import { AT, later, make } from '../support/make.ts';

let dynamo: DynamoDb;
let kms: TestKms;
let plane: ControlPlane;
beforeAll(async () => {
  dynamo = await startDynalite();
  kms = await startKms();
});
beforeEach(async () => {
  plane = await openControlPlane(dynamo, kms);
});
afterAll(async () => {
  await kms.close();
  await dynamo.close();
});

const ONE = '/v1/tenants/acme/events/evt_1';
const event = make.event({ body: '{"id":"g1","price":199.00,"big":820982911946154508}' });

describe('an event', () => {
  test('is readable at once, with its data as it was posted', async () => {
    await plane.events.accept(event);
    const { status, text, headers } = await plane.call('GET', ONE);
    expect([status, headers['content-type']]).toEqual([200, 'application/json']);
    expect(text).toBe(
      '{"event_id":"evt_1","event_type":"Guest.Created","event_schema":"v1","event_resource":"Guest",' +
        `"event_timestamp":"2026-03-04T05:06:00.1234567Z","accepted_at":"${AT}","matching":"pending","matched":null,` +
        `"data":${event.body}}`,
    );
  });

  test('says how many wanted it once match was there', async () => {
    await plane.events.accept(event);
    await plane.events.close([{ event, matched: { at: later(1), subscriptions: ['sub_1', 'sub_2'] } }]);
    expect((await plane.call('GET', ONE)).body).toMatchObject({ matching: 'done', matched: 2 });
  });

  test('nobody wanted says so', async () => {
    await plane.events.accept(event);
    await plane.events.close([{ event, matched: { at: later(1), subscriptions: [] } }]);
    expect((await plane.call('GET', ONE)).body).toMatchObject({ matching: 'done', matched: 0 });
  });

  test.each([
    ['is unknown', async () => {}, ONE],
    ['is another tenant’s', () => plane.events.accept(make.event({ tenant: 'other' })), ONE],
    [
      'is past its retention',
      async () => {
        await plane.events.accept(event);
        plane.clock.advance(14 * 86_400 + 1);
      },
      ONE,
    ],
  ])('that %s is a 404', async (_, given, path) => {
    await given();
    expect(await plane.call('GET', path)).toMatchObject({ status: 404 });
    expect(await plane.call('GET', `${path}/deliveries`)).toMatchObject({ status: 404 });
  });
});

describe('its deliveries', () => {
  const idOf = (subscriptionId: string): string =>
    deliveryId({ tenant: 'acme', eventId: 'evt_1', acceptedAt: AT, subscriptionId });

  async function given(ids: readonly string[], wishes: Partial<Subscription> = {}): Promise<void> {
    await plane.events.accept(event);
    for (const id of ids) await plane.subscriptions.create(make.subscription({ ...wishes, id }));
    await plane.events.close([{ event, matched: { at: later(1), subscriptions: ids } }]);
  }
  const recorded = (changes: Partial<Attempt>): Promise<void> => {
    const attempt = make.attempt(changes);
    return plane.attempts.record(make.step({ event, attempt: attempt.attempt }), attempt);
  };
  const first = async () => (await plane.call('GET', `${ONE}/deliveries`)).body.items[0];

  test('are there before their first attempt', async () => {
    await given(['sub_1']);
    expect(await first()).toEqual({
      delivery_id: idOf('sub_1'),
      event_id: 'evt_1',
      event_type: 'Guest.Created',
      subscription_id: 'sub_1',
      state: 'pending',
      attempts: 0,
      first_at: null,
      last_at: null,
    });
  });

  test('wait for their next attempt, and are delivered', async () => {
    await given(['sub_1']);
    await recorded({ attempt: 1, outcome: 'rejected', status: 500, next: 'wait', next_at: later(5) });
    expect(await first()).toMatchObject({ state: 'waiting', waiting_for: 'schedule', due_at: later(5), attempts: 1 });
    await recorded({ attempt: 2, at: later(5) });
    expect(await first()).toMatchObject({ state: 'delivered', attempts: 2, first_at: AT, last_at: later(5) });
  });

  test('die with a reason', async () => {
    await given(['sub_1']);
    await recorded({ outcome: 'rejected', status: 410, next: 'dead', died: 'gone' });
    expect(await first()).toMatchObject({ state: 'dead', reason: 'gone', last: { status: 410 } });
  });

  test.each([
    ['paused', { state: 'waiting', waiting_for: 'paused' }],
    ['disabled', { state: 'missed' }],
  ] as const)('of a %s subscription say so', async (status, expected) => {
    await given(['sub_1'], { status });
    expect(await first()).toMatchObject(expected);
  });

  test('die with a reason that no attempt of theirs knows', async () => {
    await given(['sub_1']);
    await recorded({ outcome: 'rejected', status: 500, next: 'wait', next_at: later(5) });
    const letter = {
      subscriptionId: 'sub_1',
      deliveryId: idOf('sub_1'),
      run: 1,
      kind: 'delivery',
      at: later(9),
    } as const;
    await plane.attempts.bury({ event, ...letter, reason: 'subscription_disabled' });
    expect(await first()).toMatchObject({ state: 'dead', reason: 'subscription_disabled', attempts: 1 });
  });

  test.each([
    ['types', { event_types: ['Invoice.Closed'] }],
    ['filter', { filter: { data: { id: ['g2'] } } }],
  ])('that the subscription’s %s do not take any more are cancelled', async (_, wishes) => {
    await given(['sub_1'], wishes);
    expect(await first()).toMatchObject({ state: 'cancelled' });
  });

  test('of a deleted subscription are cancelled', async () => {
    await given(['sub_1']);
    await plane.subscriptions.remove(make.subscription());
    expect(await first()).toMatchObject({ state: 'cancelled' });
  });

  test('come in pages that hold each once', async () => {
    const ids = Array.from({ length: 7 }, (_, i) => `sub_${i}`);
    await given(ids);
    const seen: string[] = [];
    let query = '?limit=3';
    while (query !== '') {
      const { body } = await plane.call('GET', `${ONE}/deliveries${query}`);
      seen.push(...body.items.map(({ subscription_id }: { subscription_id: string }) => subscription_id));
      query = body.next_cursor === null ? '' : `?limit=3&cursor=${body.next_cursor}`;
    }
    expect(seen).toEqual(ids.toReversed());
  });

  test('of an event that is not matched are none so far', async () => {
    await plane.events.accept(event);
    expect((await plane.call('GET', `${ONE}/deliveries`)).body).toEqual({ items: [], next_cursor: null });
  });
});

describe('a delivery', () => {
  const of = (subscriptionId: string): string =>
    deliveryId({ tenant: 'acme', eventId: 'evt_1', acceptedAt: AT, subscriptionId });
  const path = (id: string, tenant = 'acme'): string => `/v1/tenants/${tenant}/deliveries/${id}`;

  test('is found by the id that its subscriber knows, with all that was tried', async () => {
    await plane.events.accept(event);
    await plane.events.close([{ event, matched: { at: later(1), subscriptions: ['sub_1', 'sub_2'] } }]);
    await plane.subscriptions.create(make.subscription({ id: 'sub_2' }));
    for (const attempt of [1, 2]) {
      const made = make.attempt({ subscription_id: 'sub_2', attempt, ...(attempt === 1 && { next: 'wait' }) });
      await plane.attempts.record(make.step({ event, subscriptionId: 'sub_2', attempt }), made);
    }
    const { status, body } = await plane.call('GET', path(of('sub_2')));
    expect(status).toBe(200);
    expect(body).toMatchObject({ delivery_id: of('sub_2'), subscription_id: 'sub_2', state: 'delivered', attempts: 2 });
    expect(body.attempts_list.map(({ attempt }: Attempt) => attempt)).toEqual([1, 2]);
  });

  test.each([
    ['that was never made', path(of('sub_3'))],
    ['of another tenant', path(of('sub_1'), 'other')],
    ['whose id is none', path('dlv_1')],
  ])('%s is a 404', async (_, wanted) => {
    await plane.events.accept(event);
    await plane.events.close([{ event, matched: { at: later(1), subscriptions: ['sub_1'] } }]);
    expect(await plane.call('GET', wanted)).toMatchObject({ status: 404 });
  });
});

describe('the list of events', () => {
  const ALL = '/v1/tenants/acme/events';

  async function given(count: number): Promise<void> {
    for (let i = 0; i < count; i++) {
      const one = make.event({
        event_id: `evt_${i}`,
        accepted_at: later(i),
        type: i % 2 ? 'Guest.Updated' : 'Guest.Created',
      });
      await plane.events.accept(one);
      await plane.events.close([{ event: one, matched: { at: later(i), subscriptions: ['sub_1'] } }]);
    }
  }
  const idsIn = async (query: string): Promise<string[]> =>
    (await plane.call('GET', `${ALL}${query}`)).body.items.map(({ event_id }: { event_id: string }) => event_id);

  test('is the newest first, without data', async () => {
    await given(3);
    expect((await plane.call('GET', ALL)).body.items[0]).toEqual({
      event_id: 'evt_2',
      event_type: 'Guest.Created',
      accepted_at: later(2),
      matching: 'done',
      matched: 1,
    });
    expect(await idsIn('')).toEqual(['evt_2', 'evt_1', 'evt_0']);
  });

  test.each([
    ['?type=Guest.Updated', ['evt_3', 'evt_1']],
    [`?from=${later(1)}&to=${later(3)}`, ['evt_2', 'evt_1']],
    [`?from=${encodeURIComponent('2026-03-04T06:06:09+01:00')}`, ['evt_4', 'evt_3', 'evt_2']],
  ])('%s', async (query, expected) => {
    await given(5);
    expect(await idsIn(query)).toEqual(expected);
  });

  test('comes in pages that hold each once, though others come in between', async () => {
    await given(7);
    const seen: string[] = [];
    for (let query = '?limit=3'; query !== '';) {
      const { body } = await plane.call('GET', `${ALL}${query}`);
      seen.push(...body.items.map(({ event_id }: { event_id: string }) => event_id));
      const one = make.event({ event_id: `late_${seen.length}`, accepted_at: later(100 + seen.length) });
      await plane.events.accept(one);
      await plane.events.close([{ event: one, matched: { at: AT, subscriptions: [] } }]);
      query = body.next_cursor === null ? '' : `?limit=3&cursor=${body.next_cursor}`;
    }
    expect(seen).toEqual(Array.from({ length: 7 }, (_, i) => `evt_${6 - i}`));
  });

  test.each(['?from=yesterday', '?colour=red', '?limit=0', '?cursor=forged'])('%s is a 400', async (query) => {
    expect(await plane.call('GET', `${ALL}${query}`)).toMatchObject({ status: 400 });
  });
});

describe('the replay of an event', () => {
  const replay = (body: object = {}) => plane.call('POST', `${ONE}/replay`, { body });
  const idOf = (subscriptionId: string): string =>
    deliveryId({ tenant: 'acme', eventId: 'evt_1', acceptedAt: AT, subscriptionId });
  async function given(subscriptions: string[], wishes: Partial<Subscription> = {}): Promise<void> {
    await plane.events.accept(event);
    await plane.events.close([{ event, matched: { at: later(1), subscriptions } }]);
    for (const id of subscriptions.slice(0, 3)) await plane.subscriptions.create(make.subscription({ id, ...wishes }));
  }

  test('goes to everybody whom it matched, each in a run of its own, under the id of the first time', async () => {
    await given(['sub_1', 'sub_2', 'sub_3', 'sub_gone']);
    const before = (await plane.subscriptions.find('acme', 'sub_3'))!;
    await plane.subscriptions.replace(before, { ...before, status: 'disabled', version: before.version + 1 });
    const { status, body } = await replay();
    expect([status, body]).toEqual([
      202,
      {
        event_id: 'evt_1',
        deliveries: ['sub_1', 'sub_2'].map((id) => ({ delivery_id: idOf(id), subscription_id: id })),
      },
    ]);
    expect(plane.asked).toEqual(
      ['sub_1', 'sub_2'].map((subscription_id) => ({
        v: 1, kind: 'resend', tenant: 'acme', subscription_id, event_id: 'evt_1', run: 2,
      })),
    ); // prettier-ignore
  });

  test('asked for again under one Idempotency-Key is the same run: nothing is sent twice', async () => {
    await given(['sub_1', 'sub_2']);
    const again = (key: string, body = {}) =>
      plane.call('POST', `${ONE}/replay`, { body, headers: { 'idempotency-key': key } });
    const first = await again('k1');
    expect((await again('k1')).body).toEqual(first.body);
    // Whatever has become of it meanwhile.
    const before = (await plane.subscriptions.find('acme', 'sub_2'))!;
    await plane.subscriptions.replace(before, { ...before, status: 'disabled', version: before.version + 1 });
    expect((await again('k1')).body).toEqual(first.body);
    await again('k2');
    const runs = plane.asked.map((job) => job.kind === 'resend' && [job.subscription_id, job.run]);
    expect(runs).toEqual([
      ['sub_1', 2],
      ['sub_2', 2],
      ['sub_1', 2],
      ['sub_2', 2],
      ['sub_1', 2],
      ['sub_2', 2],
      ['sub_1', 3],
    ]);
    expect(await again('k1', { subscription_id: 'sub_1' })).toMatchObject({ status: 409, body: { code: 'conflict' } });
  });

  test('goes to the one that is named', async () => {
    await given(['sub_1', 'sub_2']);
    expect((await replay({ subscription_id: 'sub_2' })).body.deliveries).toHaveLength(1);
    expect((await replay({ subscription_id: 'sub_9' })).status).toBe(404);
  });

  test('is refused for one that is disabled, and for too many at once', async () => {
    await given(['sub_1'], { status: 'disabled' });
    expect((await replay({ subscription_id: 'sub_1' })).status).toBe(409);
    const many = Array.from({ length: 101 }, (_, i) => `many_${i}`);
    await plane.events.close([{ event, matched: { at: later(1), subscriptions: many } }]);
    expect(await replay()).toMatchObject({ status: 422, body: { errors: [{ pointer: '/subscription_id' }] } });
    expect(plane.asked).toEqual([]);
  });
});

describe('the catalogue', () => {
  test('shows every type with its schema and sample', async () => {
    const { body } = await plane.call('GET', '/v1/event-types');
    const names = Object.keys(catalogue.eventTypes);
    expect(body.items.map(({ event_type }: { event_type: string }) => event_type)).toEqual(names);
    for (const { event_type, group, schema, sample } of body.items) {
      expect([group, sample]).toEqual([
        catalogue.eventTypes[event_type]?.group,
        catalogue.eventTypes[event_type]?.sample,
      ]);
      expect(schema.$schema).toBe('https://json-schema.org/draft/2020-12/schema');
    }
    expect((await plane.call('GET', '/v1/event-types/Guest.Created')).body).toEqual(
      body.items.find(({ event_type }: { event_type: string }) => event_type === 'Guest.Created'),
    );
  });

  test('shows every group with its types', async () => {
    const { body } = await plane.call('GET', '/v1/event-groups');
    expect(body.items.map(({ group }: { group: string }) => group)).toEqual(Object.keys(catalogue.groups));
    const types = body.items.flatMap(({ event_types }: { event_types: string[] }) => event_types);
    expect(types.toSorted()).toEqual(Object.keys(catalogue.eventTypes).toSorted());
  });

  test.each(['Guest.Creatd', 'constructor', '__proto__'])('has no type %s, and tells the nearest', async (name) => {
    const { status, body } = await plane.call('GET', `/v1/event-types/${name}`);
    expect([status, body.code]).toEqual([404, 'not_found']);
    expect(body.detail).toMatch(/Did you mean \w+/);
  });
});
