import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { openControlPlane, type ControlPlane } from '../support/control-plane.ts';
import { startDynalite, type DynamoDb } from '../support/dynamodb.ts';
import { startKms, type TestKms } from '../support/kms.ts';
import { make } from '../support/make.ts';

let dynamo: DynamoDb;
let kms: TestKms;
let plane: ControlPlane;
beforeAll(async () => {
  dynamo = await startDynalite();
  kms = await startKms();
});
beforeEach(async () => {
  plane = await openControlPlane(dynamo, kms);
  await plane.subscriptions.create(make.subscription());
});
afterAll(async () => {
  await kms.close();
  await dynamo.close();
});

const WHOM = { tenant: 'acme', subscriptionId: 'sub_1' };
const STATS = '/v1/tenants/acme/subscriptions/sub_1/stats';
const USAGE = '/v1/tenants/acme/usage';
const get = (path: string, key?: string) => plane.call('GET', path, { ...(key !== undefined && { key }) });
const grow = (at: string, sums: Record<string, number>) => plane.figures.grow({ ...WHOM, at, sums }, 1);
const growDay = (at: string, sums: Record<string, number>) => plane.figures.grow({ tenant: 'acme', at, sums }, 1);

const NOTHING = {
  attempts: 0,
  accepted: 0,
  rejected: 0,
  unreachable: 0,
  blocked: 0,
  delivered: 0,
  dead: 0,
  duration_ms: null,
};

describe('the statistics of a subscription', () => {
  test('are those of the last 24 hours, hour by hour, with those in which nothing happened', async () => {
    await grow('2026-03-04T05', { accepted: 3, delivered: 3, ms: 36, took_08: 3 });
    await grow('2026-03-03T22', { rejected: 1, blocked: 1, dead: 1, ms: 100, took_14: 1 });
    // An hour too old.
    await grow('2026-03-03T04', { accepted: 1 });
    const { status, body } = await get(STATS);
    expect(status).toBe(200);
    expect(body).toMatchObject({ from: '2026-03-03T05:00:00.000Z', to: '2026-03-04T06:00:00.000Z', step: 'hour' });
    expect(body.items).toHaveLength(25);
    const happened = body.items.filter(({ attempts }: { attempts: number }) => attempts > 0);
    expect(happened).toEqual([
      {
        ...NOTHING,
        at: '2026-03-03T22:00:00.000Z',
        ...{ attempts: 2, rejected: 1, blocked: 1, dead: 1 },
        duration_ms: { mean: 100, p50: 108, p95: 108, p99: 108 },
      },
      {
        ...NOTHING,
        at: '2026-03-04T05:00:00.000Z',
        ...{ attempts: 3, accepted: 3, delivered: 3 },
        duration_ms: { mean: 12, p50: 13, p95: 13, p99: 13 },
      },
    ]);
    expect(body.items[0]).toEqual({ at: '2026-03-03T05:00:00.000Z', ...NOTHING });
    expect(body.totals).toEqual({
      ...{ attempts: 5, accepted: 3, rejected: 1, unreachable: 0, blocked: 1, delivered: 3, dead: 1 },
      duration_ms: { mean: 34, p50: 13, p95: 108, p99: 108 },
    });
    expect(Object.keys(body)).toEqual(['from', 'to', 'step', 'items', 'totals']);
  });

  test('are those of a stretch, in whole steps around it, whatever zone its ends are written in', async () => {
    await grow('2026-03-01T10', { accepted: 1 });
    const { body } = await get(`${STATS}?from=2026-03-01T12:30:00%2B02:00&to=2026-03-01T11:30:00Z`);
    expect(body.items.map(({ at, attempts }: Record<string, unknown>) => [at, attempts])).toEqual([
      ['2026-03-01T10:00:00.000Z', 1],
      ['2026-03-01T11:00:00.000Z', 0],
    ]);
  });

  test('by day are those of its hours', async () => {
    await grow('2026-03-01T10', { accepted: 1 });
    await grow('2026-03-01T23', { accepted: 2 });
    await grow('2026-03-03T00', { accepted: 4 });
    const { body } = await get(`${STATS}?from=2026-03-01T00:00:00Z&to=2026-03-04T00:00:00Z&step=day`);
    expect(body.items.map(({ at, accepted }: Record<string, unknown>) => [at, accepted])).toEqual([
      ['2026-03-01T00:00:00.000Z', 3],
      ['2026-03-02T00:00:00.000Z', 0],
      ['2026-03-03T00:00:00.000Z', 4],
    ]);
    expect(body).toMatchObject({ step: 'day', totals: { accepted: 7 } });
  });

  test.each([
    ['31 days of hours', 'from=2026-02-01T00:00:00Z&to=2026-03-04T00:00:00Z', 744],
    ['400 days of days', 'from=2025-01-28T00:00:00Z&to=2026-03-04T00:00:00Z&step=day', 400],
  ])('may be those of %s', async (_, query, count) => {
    const { status, body } = await get(`${STATS}?${query}`);
    expect([status, body.items?.length]).toEqual([200, count]);
  });

  test.each([
    ['from', 'from=yesterday'],
    ['from', 'from=2026-03-01'],
    ['from', 'from='],
    ['to', 'to=2026-02-30T00:00:00Z'],
    ['to', 'to=1'],
    ['step', 'step=minute'],
    ['step', 'step='],
    ['from', 'from=2026-03-02T00:00:00Z&to=2026-03-01T00:00:00Z'],
    ['from', 'from=2026-03-02T00:00:00Z&to=2026-03-02T00:00:00Z'],
    // After now, which is the end where none is named.
    ['from', 'from=2026-03-04T06:00:00Z'],
    ['from', 'from=2026-01-31T23:59:59Z&to=2026-03-04T00:00:00Z'],
    ['from', 'from=2025-01-27T00:00:00Z&to=2026-03-04T00:00:00Z&step=day'],
    ['limit', 'limit=10'],
    ['STEP', 'STEP=day'],
    ['constructor', 'constructor=1'],
  ])('with a bad %s are refused: %s', async (parameter, query) => {
    const { status, body } = await get(`${STATS}?${query}`);
    expect([status, body.code, body.errors]).toEqual([
      400,
      'bad_query',
      [{ parameter, detail: expect.stringMatching(/./) }],
    ]);
  });

  test('of none that there is, or of another tenant: 404', async () => {
    expect(await get('/v1/tenants/acme/subscriptions/sub_x/stats')).toMatchObject({ status: 404 });
    expect(await get('/v1/tenants/other/subscriptions/sub_1/stats')).toMatchObject({ status: 404 });
  });
});

describe('what a tenant used', () => {
  test('is that of today and the 29 days before', async () => {
    await growDay('2026-03-04', { events: 2, deliveries: 5, attempts: 6 });
    await growDay('2026-02-03', { events: 1, deliveries: 1, attempts: 1 });
    await growDay('2026-02-02', { events: 100 });
    const { status, body } = await get(USAGE);
    expect(status).toBe(200);
    expect(body.items).toHaveLength(30);
    expect(body.items[0]).toEqual({ day: '2026-02-03', events: 1, deliveries: 1, attempts: 1 });
    expect(body.items[1]).toEqual({ day: '2026-02-04', events: 0, deliveries: 0, attempts: 0 });
    expect(body.items.at(-1)).toEqual({ day: '2026-03-04', events: 2, deliveries: 5, attempts: 6 });
    const { items: _, ...rest } = body;
    expect(rest).toEqual({
      tenant: 'acme',
      from: '2026-02-03T00:00:00.000Z',
      to: '2026-03-05T00:00:00.000Z',
      totals: { events: 3, deliveries: 6, attempts: 7 },
    });
  });

  test('of a stretch is that of its days', async () => {
    await growDay('2025-12-31', { events: 1 });
    await growDay('2026-01-01', { events: 2 });
    await growDay('2026-01-02', { events: 4 });
    const { body } = await get(`${USAGE}?from=2025-12-31T00:00:00Z&to=2026-01-02T00:00:00Z`);
    expect(body.items.map(({ day, events }: Record<string, unknown>) => [day, events])).toEqual([
      ['2025-12-31', 1],
      ['2026-01-01', 2],
    ]);
  });

  test('is nothing where the tenant never did anything', async () => {
    const { status, body } = await get('/v1/tenants/nobody/usage');
    expect([status, body.totals]).toEqual([200, { events: 0, deliveries: 0, attempts: 0 }]);
  });

  test.each([
    ['from', 'from=2026-03-01'],
    ['to', 'to=now'],
    ['from', 'from=2026-03-02T00:00:00Z&to=2026-03-01T00:00:00Z'],
    ['from', 'from=2025-01-27T23:59:59Z&to=2026-03-04T00:00:00Z'],
    ['step', 'step=day'],
    ['cursor', 'cursor=x'],
  ])('with a bad %s is refused: %s', async (parameter, query) => {
    expect(await get(`${USAGE}?${query}`)).toMatchObject({
      status: 400,
      body: { code: 'bad_query', errors: [{ parameter }] },
    });
  });

  test('is for admins: no key of a tenant sees it', async () => {
    const key = await plane.keyWith(['subscriptions:read', 'events:read'], { tenant: 'acme' });
    expect(await get(USAGE, key)).toMatchObject({ status: 403 });
    expect(await get(STATS, key)).toMatchObject({ status: 200 });
    const other = await plane.keyWith(['subscriptions:read'], { tenant: 'other' });
    expect(await get(USAGE, other)).toMatchObject({ status: 404 });
    expect(await get(STATS, other)).toMatchObject({ status: 404 });
  });
});
