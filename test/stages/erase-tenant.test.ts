import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { ingestBatch, ingestOne } from '../../lambdas/ingest/ingest.ts';
import { eraseTenant } from '../../lambdas/sweep/erase-tenant.ts';
import type { Job } from '../../shared/domain/job.ts';
import { tenantEraser } from '../../shared/store/erase-tenant.ts';
import { healthIn } from '../../shared/store/health.ts';
import { writeAll, type Item } from '../../shared/store/database.ts';
import { keys } from '../../shared/store/keys.ts';
import { replayFrom } from '../../shared/store/replays.ts';
import { openControlPlane, type ControlPlane } from '../support/control-plane.ts';
import { startDynalite, type DynamoDb } from '../support/dynamodb.ts';
import { startKms, type TestKms } from '../support/kms.ts';
import { later, make } from '../support/make.ts';
import { startPipeline, type Pipeline } from '../support/pipeline.ts';
import { openStores, posted, rejected, TENANT } from '../support/stage-world.ts';

jest.setTimeout(180_000); // one erases a tenant once for each of its writes

let dynamo: DynamoDb;
let kms: TestKms;
let plane: ControlPlane;
let pipeline: Pipeline;
async function begin(): Promise<void> {
  const stores = await openStores(dynamo);
  plane = await openControlPlane(dynamo, kms, stores);
  pipeline = await startPipeline(dynamo, {}, stores);
  plane.world.ask = async (job, delay) => pipeline.queues.sweeps.send(JSON.stringify(job), delay);
}
beforeAll(async () => {
  [dynamo, kms] = [await startDynalite(), await startKms()];
});
beforeEach(begin);
afterEach(() => dynamo.leaveAlone());
afterAll(async () => {
  await kms.close();
  await dynamo.close();
});

const OTHER = 'somebody-else';
const of = (tenant: string): string => `/v1/tenants/${tenant}`;
const get = (tenant = TENANT) => plane.call('GET', of(tenant));
const erase = (tenant = TENANT) => plane.call('DELETE', of(tenant));
const post = (event_id: string, tenant = TENANT) => ingestOne(posted({ event_id }), { tenant }, pipeline.worlds.ingest);

async function subscribe(tenant: string, wish: object = {}, headers: Record<string, string> = {}): Promise<string> {
  const body = { url: 'https://crm.example.com/hooks', event_types: ['Guest.*'], ...wish };
  const answer = await plane.call('POST', `${of(tenant)}/subscriptions`, { body, headers });
  expect(answer.status).toBe(201);
  return answer.body.id;
}

/** Time passes and the schedule ticks, a minute at a time. */
async function goOn(minutes: number): Promise<void> {
  for (let i = 0; i < minutes; i++) {
    pipeline.clock.advance(60);
    await pipeline.tick();
    await pipeline.pump();
  }
}
const untilErased = (): Promise<void> => goOn(20);

const items = async (): Promise<Item[]> => [...(await plane.control.scan()), ...(await plane.flow.scan())];
const keyOf = ({ pk, sk }: Item): string => `${String(pk)} ${String(sk)}`;
/** What batches counted names tenants as well. It stands there for three days, and goes by itself. */
const isCount = ({ pk, expires_at }: Item): boolean =>
  String(pk).startsWith('COUNT#') && Number(expires_at) * 1000 <= plane.clock.now().getTime() + 3 * 86_400_000 + 1_000;
const naming = async (tenant: string): Promise<Item[]> =>
  (await items())
    .filter((item) => !isCount(item) && JSON.stringify(item).includes(tenant))
    .toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
const partitionsOf = (all: readonly Item[]): string[] =>
  [...new Set(all.map((item) => keyOf(item).replaceAll(/[#\d ].*/g, '')))].toSorted();

/** One of everything that the tables can hold of a tenant, through the stages as far as they make it. */
async function fill(tenant: string): Promise<void> {
  const ids = [
    await subscribe(tenant, { retry: { delays_seconds: [7_200] } }, { 'idempotency-key': 'k1' }),
    await subscribe(tenant, { retry: { delays_seconds: [] }, headers: { 'x-key': 'v' }, event_types: ['*'] }),
    await subscribe(tenant, { rate_limit_per_second: 1 }),
    await subscribe(tenant, { filter: { data: { id: ['g1'] } }, event_types: ['group:Guest'] }),
  ];
  const [slow = '', dead = '', , deleted = ''] = ids;
  const paused = await subscribe(tenant, { status: 'paused' });
  for (const id of [slow, dead]) pipeline.answering.set(id, () => rejected(500));
  for (const id of ['e1', 'e2']) await post(id, tenant);
  await pipeline.pump();
  await plane.call('DELETE', `${of(tenant)}/events/e2`);
  await plane.call('DELETE', `${of(tenant)}/subscriptions/${deleted}`);
  await plane.call('POST', `${of(tenant)}/subscriptions/${dead}/test`, { body: {} });

  // Of a subscription whose making broke off.
  const orphan = keys.interest(tenant, 'Guest.Created', { subscription: 'sub_0', interest: 'itr_0' });
  await writeAll(plane.control, [{ put: { ...orphan, v: 1, subscription: 'sub_0', filter: '{"event_id":["x"]}' } }]);
  const whom = { tenant, subscriptionId: slow };
  const health = healthIn(plane.flow, { copy: 0, token: () => 'a token' });
  await health.suspected(whom, plane.clock.now());
  await health.lease(whom, { now: plane.clock.now(), seconds: 60 });
  const figures = [
    { tenant, at: '2026-03-04' },
    { tenant, subscriptionId: deleted, at: '2026-03-04T05' },
  ];
  await writeAll(
    plane.flow,
    figures.map((figure) => ({ put: { ...keys.figure(figure), v: 1 } })),
  );
  await plane.rates.budget(tenant, { count: 1, perSecond: 1, now: plane.clock.now().getTime(), burstSeconds: 2 });
  await plane.replays.create(
    replayFrom({
      tenant,
      subscription_id: paused,
      replay_id: 'rpl_1',
      kind: 'replay',
      run: 2,
      from: later(-60),
      to: later(0),
      started_at: later(0),
    }),
  );
  const key = await plane.call('POST', '/v1/keys', { body: { name: 'a key', scopes: ['events:write'], tenant } });
  await plane.call('DELETE', `/v1/keys/${key.body.id}`);
}

/** An event that is accepted, and that the bus has lost. */
async function leaveOpen(event_id: string, tenant = TENANT): Promise<void> {
  await post(event_id, tenant);
  for (const { id } of pipeline.queues.events.receive()) pipeline.queues.events.remove(id);
}

describe('a tenant', () => {
  test.each<[string, () => Promise<unknown>]>([
    ['an event', () => post('e1')],
    ['a subscription', () => subscribe(TENANT)],
    ['a key', () => plane.keyWith(['events:write'], { tenant: TENANT })],
  ])('is there from its first moment on that it has %s', async (_, make) => {
    expect(await get()).toMatchObject({ status: 404, body: { code: 'not_found' } });
    await make();
    plane.clock.advance(60);
    await post('later');
    const { status, body } = await get();
    expect({ status, ...body }).toMatchObject({ status: 200, tenant: TENANT, since: later(0), erasure: null });
  });

  test('is known before it has anything, whatever dies', async () => {
    const { worlds } = pipeline;
    const world = { ...worlds.ingest, accept: () => Promise.reject(new Error('dies')) };
    await expect(ingestOne(posted({}), { tenant: TENANT }, world)).rejects.toThrow('dies');
    expect((await get()).status).toBe(200);
  });

  test('is not made by what is refused', async () => {
    await expect(ingestOne('{}', { tenant: TENANT }, pipeline.worlds.ingest)).rejects.toMatchObject({ status: 422 });
    await plane.call('POST', `${of(TENANT)}/subscriptions`, { body: { url: 'https://crm.example' } });
    expect((await get()).status).toBe(404);
  });

  test('is shown with the numbers of its subscriptions and keys', async () => {
    for (const tenant of [TENANT, TENANT, OTHER]) await subscribe(tenant);
    for (const tenant of [TENANT, OTHER]) await plane.keyWith(['events:write'], { tenant });
    await plane.keyWith(['events:read'], { tenant: TENANT, expires_at: later(-1) });
    await plane.keyWith(['events:read']);
    expect((await get()).body).toEqual({ tenant: TENANT, since: later(0), subscriptions: 2, keys: 2, erasure: null });
  });

  test('stands in the list, page by page, by name', async () => {
    const names = Array.from({ length: 7 }, (_, i) => `t${i}`);
    for (const name of names.toReversed()) await subscribe(name);
    const seen: unknown[] = [];
    for (let path = '/v1/tenants?limit=3'; path !== '';) {
      const { status, body } = await plane.call('GET', path);
      expect(status).toBe(200);
      seen.push(...body.items);
      path = body.next_cursor === null ? '' : `/v1/tenants?limit=3&cursor=${body.next_cursor}`;
    }
    expect(seen).toEqual(names.map((tenant) => ({ tenant, since: later(0), erasure: null })));
  });

  test('costs ingest one look in half a minute', async () => {
    let looks = 0;
    dynamo.meddle(({ operation, input }, pass) => {
      if (operation === 'GetItem' && JSON.stringify(input).includes('TENANT#')) looks += 1;
      return pass(input);
    });
    for (const id of ['e1', 'e2', 'e3']) await post(id);
    expect(looks).toBe(1);
    plane.clock.advance(31);
    for (const id of ['e4', 'e5']) await post(id);
    expect(looks).toBe(2);
  });
});

describe('an erasure', () => {
  test('takes everything of the tenant out of both tables, and nothing of another', async () => {
    await fill(OTHER);
    await fill(TENANT);
    for (const tenant of [OTHER, TENANT]) await leaveOpen('e3', tenant);
    pipeline.worlds.sweep.publish = async () => []; // the bus takes it, and loses it again
    const before = await naming(TENANT);
    // Whatever the tables can hold of a tenant is there before it is gone, or this says nothing about it.
    expect(partitionsOf(before)).toEqual(
      'AT DEAD DEADS DEK EV HEALTH HELD INT ONCE OPEN RATE REPLAY RUNNING SHELF STAT SUB TENANT TENANTS TIME TROUBLE USE WAIT'.split(
        ' ',
      ),
    );
    const others = (await naming(OTHER)).map(keyOf);

    expect(await erase()).toMatchObject({ status: 202, body: { erasure: { state: 'running', events: 0 } } });
    const shown: unknown[] = [];
    for (let i = 0; i < 19; i++) {
      await goOn(1);
      shown.push((await get()).body.erasure);
    }
    expect(shown).toContainEqual(expect.objectContaining({ subscriptions: 4, events: 0 }));
    expect(await naming(TENANT)).toEqual([]);
    expect((await get()).status).toBe(404);
    expect((await naming(OTHER)).map(keyOf)).toEqual(
      expect.arrayContaining(others.filter((key) => !/^SHELF|^WAIT|lease/.test(key))),
    );
    const lines = [...plane.lines, ...pipeline.lines].filter(({ what }) => String(what).startsWith('tenant.'));
    expect(lines).toMatchObject([
      { what: 'tenant.erasure_started', tenant: TENANT },
      { what: 'tenant.erased', tenant: TENANT, subscriptions: 4, events: 3 },
    ]);
    expect(pipeline.failures).toEqual([]);
  });

  test('of a tenant that never was is a 404', async () => {
    expect(await erase()).toMatchObject({ status: 404, body: { code: 'not_found' } });
  });

  test('is refused as long as the tenant has a key, live or not', async () => {
    await plane.keyWith(['events:write'], { tenant: TENANT, expires_at: later(-1) });
    expect(await erase()).toMatchObject({ status: 409, body: { code: 'tenant_has_keys' } });
    const { body } = await plane.call('GET', '/v1/keys');
    const { id } = body.items.find(({ tenant }: { tenant: string }) => tenant === TENANT);
    await plane.call('DELETE', `/v1/keys/${id}`);
    expect((await erase()).status).toBe(202);
  });

  test('is asked for once, however often somebody asks', async () => {
    await subscribe(TENANT);
    const first = await erase();
    plane.clock.advance(10);
    expect(await erase()).toEqual(first);
    expect(pipeline.queues.sweeps.bodies).toHaveLength(1);
    expect((await get()).body).toEqual(first.body);
    expect((await plane.call('GET', '/v1/tenants')).body.items).toMatchObject([
      { tenant: TENANT, erasure: { state: 'running' } },
    ]);
  });

  test('refuses what would be made of the tenant meanwhile', async () => {
    await post('e1');
    await erase();
    const key = { name: 'a key', scopes: ['events:write'], tenant: TENANT };
    const wish = { url: 'https://crm.example.com/hooks', event_types: ['*'] };
    const refused = { status: 409, body: { code: 'tenant_being_erased' } };
    expect(await plane.call('POST', '/v1/keys', { body: key })).toMatchObject(refused);
    expect(await plane.call('POST', `${of(TENANT)}/subscriptions`, { body: wish })).toMatchObject(refused);
    plane.clock.advance(31);
    await expect(post('e2')).rejects.toMatchObject({ code: 'tenant_being_erased' });
    const batch = `{"events":[${posted({ event_id: 'e3' })}]}`;
    const { results } = await ingestBatch(batch, { tenant: TENANT }, pipeline.worlds.ingest);
    expect(results).toMatchObject([{ problem: { code: 'tenant_being_erased' } }]);
    await expect(post('e1', OTHER)).resolves.toMatchObject({ event_id: 'e1' });
  });

  test('takes along what ingest let in while it did not know yet', async () => {
    await subscribe(TENANT);
    await post('e1');
    await erase();
    plane.clock.advance(29);
    await post('e2');
    await pipeline.pump();
    await untilErased();
    expect(await naming(TENANT)).toEqual([]);
  });

  test('takes along a key that was made in the same moment', async () => {
    await subscribe(TENANT);
    const { enter } = plane.world.tenants;
    plane.world.tenants.enter = async (tenant) => {
      const state = await enter(tenant);
      await erase();
      return state;
    };
    const key = await plane.keyWith(['events:read'], { tenant: TENANT });
    await untilErased();
    expect(await naming(TENANT)).toEqual([]);
    expect((await plane.call('GET', '/v1/me', { key })).status).toBe(401);
  });

  test('waits until what is under way has come to rest, and sends nothing more', async () => {
    const id = await subscribe(TENANT, { retry: { delays_seconds: [5, 600, 600] } });
    pipeline.answering.set(id, () => rejected(500));
    await post('e1');
    await pipeline.pump();
    await erase();
    await goOn(3);
    const { length } = pipeline.arrivals;
    await untilErased();
    expect(pipeline.arrivals).toHaveLength(length);
    expect(await naming(TENANT)).toEqual([]);
    expect(pipeline.queues.deferred.isEmpty && pipeline.queues.retries.isEmpty).toBe(true);
  });

  test('takes along what a request that was under way wrote down when everything seemed gone', async () => {
    const id = await subscribe(TENANT);
    pipeline.answering.set(id, async () => {
      await erase();
      pipeline.clock.advance(90);
      for (let phase = 0; phase < 2; phase++) await pipeline.sweepOnce();
      return rejected(500);
    });
    await post('e1');
    await pipeline.pump();
    expect(partitionsOf(await naming(TENANT))).toEqual(expect.arrayContaining(['AT', 'HEALTH', 'WAIT']));
    await untilErased();
    expect(await naming(TENANT)).toEqual([]);
  });

  test('leaves a tenant that can come back, with a data key of its own', async () => {
    await subscribe(TENANT);
    await erase();
    await untilErased();
    await post('e1');
    const id = await subscribe(TENANT);
    expect((await get()).body).toMatchObject({ since: plane.clock.now().toISOString(), subscriptions: 1 });
    const { vault } = (await openControlPlane(dynamo, kms, pipeline)).world;
    const { sealed_secrets } = (await plane.subscriptions.find(TENANT, id))!;
    const place = { tenant: TENANT, subscription: id, field: 'secret' } as const;
    await expect(vault.open(place, sealed_secrets[0]!)).resolves.toMatch(/^whsec_/);
  });
});

describe('an erasure goes on', () => {
  const job: Extract<Job, { kind: 'erase_tenant' }> = { v: 1, kind: 'erase_tenant', tenant: TENANT };
  const isOver = async (): Promise<boolean> => (await get()).status === 404;

  /** There is time when it begins, and none as soon as it has looked. */
  function hardlyAny(): () => number {
    let looks = 0;
    return () => (looks++ === 0 ? 60_000 : 0);
  }

  test('where nobody has the time for more than two steps', async () => {
    await fill(TENANT);
    await erase();
    plane.clock.advance(90);
    let pieces = 0;
    let next: typeof job = job;
    const ask = async (asked: Job): Promise<void> => {
      if (asked.kind === 'erase_tenant') next = asked;
    };
    for (; !(await isOver()); pieces++) {
      await eraseTenant(next, { ...pipeline.worlds.sweep, ask }, hardlyAny());
      // Everything that is due by now, and the rest after its quarter of an hour.
      if ((await plane.tenants.find(TENANT))?.erasure?.phase === 'rest') plane.clock.advance(900);
      if (pieces > 500) throw new Error('it has no end');
    }
    expect(pieces).toBeGreaterThan(20);
    expect(await naming(TENANT)).toEqual([]);
  });

  /** A little of everything that has to go in an order. */
  async function fillABit(): Promise<void> {
    const id = await subscribe(TENANT, {}, { 'idempotency-key': 'k1' });
    pipeline.answering.set(id, () => rejected(500));
    await post('e1');
    await pipeline.pump();
    await leaveOpen('e2');
  }

  /** The write of that number is refused; answers how many there were. */
  function refuseWrite(number: number): () => number {
    let writes = 0;
    dynamo.meddle(async ({ operation, input }, pass) => {
      if (operation === 'GetItem' || operation === 'Query' || writes++ !== number) return pass(input);
      const type = 'com.amazonaws.dynamodb.v20120810#ValidationException';
      return { status: 400, output: { __type: type, message: 'dies here' } };
    });
    return () => writes;
  }

  test('after whoever was at it died, at any write', async () => {
    for (let dies = 0, writes = Infinity; dies < writes; dies++) {
      await begin();
      await fillABit();
      await erase();
      await plane.world.accessKeys.create(make.accessKey({ tenant: TENANT })); // in the very moment
      const eraser = tenantEraser(pipeline, ['*', 'Guest.*']);
      const world = { ...pipeline.worlds.sweep, eraser };
      plane.clock.advance(90);
      const written = refuseWrite(dies);
      for (let round = 0; round < 3; round++) {
        await eraseTenant(job, world, () => 60_000).catch(() => undefined);
        if ((await plane.tenants.find(TENANT))?.erasure?.phase === 'rest') plane.clock.advance(900);
      }
      dynamo.leaveAlone();
      writes = written();
      // Its entry in the list of those under way goes last of all, and where it did not, the tick takes it off.
      plane.clock.advance(1_200);
      await pipeline.tick();
      expect([dies, (await naming(TENANT)).map(keyOf)]).toEqual([dies, []]);
    }
  });

  test('by the tick, where its message got lost', async () => {
    await subscribe(TENANT);
    await erase();
    const lose = (): void => {
      for (const { id } of pipeline.queues.sweeps.receive()) pipeline.queues.sweeps.remove(id);
    };
    plane.clock.advance(95);
    lose();
    await goOn(4);
    expect((await plane.tenants.find(TENANT))?.erasure?.phase).toBe('rest');
    plane.clock.advance(905);
    lose();
    await goOn(5);
    expect(await isOver()).toBe(true);
    // That the admin's key was used is of no tenant.
    expect((await plane.flow.scan()).filter((item) => item['sk'] !== 'use' && !isCount(item))).toEqual([]);
  });

  test('and does nothing to a tenant that has come back', async () => {
    await subscribe(TENANT);
    await erase();
    plane.clock.advance(90);
    const late = (await plane.tenants.find(TENANT))!;
    await untilErased();
    await subscribe(TENANT);
    await post('e1');
    await pipeline.pump();
    const before = await naming(TENANT);
    await eraseTenant(job, pipeline.worlds.sweep, () => 60_000);
    await eraseTenant(job, { ...pipeline.worlds.sweep, tenant: async () => late }, () => 60_000);
    expect(await naming(TENANT)).toEqual(before);
  });

  test('but not before its time: ingest may still let events in', async () => {
    await subscribe(TENANT);
    await erase();
    plane.clock.advance(80);
    await eraseTenant(job, pipeline.worlds.sweep, () => 60_000);
    expect((await get()).body.subscriptions).toBe(1);
  });
});
