import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { eraseEvent } from '../../lambdas/sweep/erase.ts';
import { Job } from '../../shared/domain/job.ts';
import { deliveryId } from '../../shared/domain/id.ts';
import type { Outcome } from '../../shared/domain/outcome.ts';
import type { Subscription } from '../../shared/domain/subscription.ts';
import { openControlPlane, type ControlPlane } from '../support/control-plane.ts';
import { startDynalite, type DynamoDb } from '../support/dynamodb.ts';
import { startKms, type TestKms } from '../support/kms.ts';
import { make } from '../support/make.ts';
import { startPipeline, type Pipeline } from '../support/pipeline.ts';
import { openStores, posted, TENANT } from '../support/stage-world.ts';

let dynamo: DynamoDb;
let kms: TestKms;
let plane: ControlPlane;
let pipeline: Pipeline;
beforeAll(async () => {
  [dynamo, kms] = [await startDynalite(), await startKms()];
});
beforeEach(async () => {
  const stores = await openStores(dynamo);
  plane = await openControlPlane(dynamo, kms, stores);
  pipeline = await startPipeline(dynamo, {}, stores);
  plane.world.ask = async (job, delay) => pipeline.queues.sweeps.send(JSON.stringify(job), delay);
});
afterAll(async () => {
  await kms.close();
  await dynamo.close();
});

const EVENTS = `/v1/tenants/${TENANT}/events`;
const SUB_1 = `/v1/tenants/${TENANT}/subscriptions/sub_1`;
/** A name that is in the data, in what subscribers answer and in what the publisher said besides. */
const ZOE = 'Zoe-Zabriskie';
const post = (event_id: string, more: Record<string, unknown> = {}): Promise<unknown> =>
  pipeline.post(posted({ event_id, data: `{"id":"g1","name":"${ZOE}"}`, event_resource: ZOE, ...more }));
const erase = (id: string) => plane.call('DELETE', `${EVENTS}/${id}`);
const failing: Outcome = { kind: 'rejected', status: 500, duration_ms: 7, response_excerpt: `no ${ZOE} here` };
const fails = (subscription = 'sub_1'): unknown => pipeline.answering.set(subscription, () => failing);
const askedKinds = (): string[] => pipeline.queues.sweeps.bodies.map((body) => Job.parse(JSON.parse(body)).kind);

/** The world goes on for so many seconds, ten at a time, with its schedule. */
async function goOn(seconds: number, step = 10): Promise<void> {
  for (let passed = 0; passed < seconds; passed += step) {
    pipeline.clock.advance(step);
    await pipeline.pump();
    if (passed % 60 === 0) await pipeline.tick();
    await pipeline.pump();
  }
}
async function goOnAfterErasing(): Promise<void> {
  await pipeline.pump();
  await goOn(700);
}

/** What stands in the table of events with that name in it. */
const itemsWithZoe = async (): Promise<string[]> =>
  (await plane.flow.scan())
    .filter((item) => JSON.stringify(item).includes(ZOE))
    .map(({ pk, sk }) => `${String(pk)} ${String(sk)}`);

const deliveriesOf = async (id: string) => (await plane.call('GET', `${EVENTS}/${id}/deliveries`)).body.items;
const idOf = async (event_id: string, subscriptionId = 'sub_1'): Promise<string> => {
  const { accepted_at: acceptedAt } = (await plane.events.find(TENANT, event_id))!;
  return deliveryId({ tenant: TENANT, eventId: event_id, acceptedAt, subscriptionId });
};

describe('an erased event', () => {
  beforeEach(async () => {
    await pipeline.subscribe({});
    await post('e1', { event_timestamp: '2026-03-04T05:06:00Z' });
    await pipeline.pump();
  });

  test('is shown without its data, and stays in the list', async () => {
    expect((await erase('e1')).status).toBe(204);
    const { body } = await plane.call('GET', `${EVENTS}/e1`);
    expect(body).toMatchObject({ event_id: 'e1', event_type: 'Guest.Created', event_resource: null, matched: 1 });
    expect(body).toMatchObject({ data: null, erased_at: plane.clock.now().toISOString() });
    expect(body.event_timestamp).toBe(body.accepted_at);
    const list = await plane.call('GET', EVENTS);
    expect(list.body.items).toMatchObject([{ event_id: 'e1', matched: 1 }]);
    expect(await deliveriesOf('e1')).toMatchObject([{ state: 'delivered' }]);
  });

  test('is erased once: again changes nothing, and one that never was is a 404', async () => {
    await erase('e1');
    const before = await plane.call('GET', `${EVENTS}/e1`);
    plane.clock.advance(60);
    expect((await erase('e1')).status).toBe(204);
    expect((await plane.call('GET', `${EVENTS}/e1`)).body).toEqual(before.body);
    expect(await erase('e2')).toMatchObject({ status: 404, body: { code: 'not_found' } });
  });

  test('keeps its id: the same post is a duplicate, another one a conflict, and neither is sent', async () => {
    await erase('e1');
    const again = post('e1', { event_timestamp: '2026-03-04T05:06:00Z' });
    expect(await again).toMatchObject({ event_id: 'e1', duplicate: true });
    const another = post('e1', { data: '{"id":"g2"}' });
    await expect(another).rejects.toMatchObject({ code: 'event_id_conflict' });
    await goOnAfterErasing();
    expect(pipeline.arrivals).toHaveLength(1);
    expect(await itemsWithZoe()).toEqual([]);
  });

  test('is gone with its tombstone when its time is over', async () => {
    await erase('e1');
    plane.clock.advance(14 * 86_400 + 1);
    expect((await plane.call('GET', `${EVENTS}/e1`)).status).toBe(404);
    expect((await erase('e1')).status).toBe(404);
  });

  test('is erased by whoever may post events, and leaves a line', async () => {
    const reader = await plane.keyWith(['events:read', 'subscriptions:write']);
    expect((await plane.call('DELETE', `${EVENTS}/e1`, { key: reader })).status).toBe(403);
    const writer = await plane.keyWith(['events:write'], { tenant: TENANT });
    expect((await plane.call('DELETE', `${EVENTS}/e1`, { key: writer })).status).toBe(204);
    const line = { what: 'control.audit', did: `DELETE ${EVENTS.replace(TENANT, '{tenant}')}/{id}`, id: 'e1' };
    expect(plane.lines).toContainEqual(expect.objectContaining({ ...line, tenant: TENANT, status: 204 }));
  });

  test('cannot be replayed', async () => {
    await erase('e1');
    const answer = await plane.call('POST', `${EVENTS}/e1/replay`, { body: {} });
    expect(answer).toMatchObject({ status: 409, body: { code: 'event_erased' } });
  });
});

describe('what an erased event left behind', () => {
  test('in answers of subscribers goes at once', async () => {
    await pipeline.subscribe({}, {});
    fails();
    await post('e1');
    await pipeline.pump();
    expect(await itemsWithZoe()).not.toEqual([]);
    await erase('e1');
    expect(await itemsWithZoe()).toEqual([]);
    const attempts = await plane.call('GET', `${SUB_1}/attempts`);
    expect(attempts.body.items).toMatchObject([{ event_id: 'e1', status: 500, outcome: 'rejected' }]);
  });

  test.each([
    ['in a queue', 5],
    ['on the shelf', 7_200],
  ])('and waits %s is cancelled, and never sent', async (_, delay) => {
    await pipeline.subscribe({ retry: { delays_seconds: [delay] } });
    fails();
    await post('e1');
    await pipeline.pump();
    expect(await deliveriesOf('e1')).toMatchObject([{ state: 'waiting' }]);
    await erase('e1');
    expect(await deliveriesOf('e1')).toMatchObject([{ state: 'cancelled' }]);
    expect((await plane.call('GET', `${SUB_1}/waiting`)).body.items).toEqual([]);
    await goOn(2 * delay, Math.max(10, delay / 10));
    await goOnAfterErasing();
    expect(pipeline.arrivals).toHaveLength(1);
    expect(await deliveriesOf('e1')).toMatchObject([{ state: 'cancelled' }]);
  });

  test('and waits for the first attempt of a replay is cancelled, and never sent', async () => {
    await pipeline.subscribe({ rate_limit_per_second: 0.1 });
    await post('e1');
    await pipeline.pump();
    expect(pipeline.arrivals).toHaveLength(1);
    await plane.call('POST', `${EVENTS}/e1/replay`, { body: {} });
    await pipeline.pump();
    const waiting = async () => (await plane.call('GET', `${SUB_1}/waiting`)).body.items;
    expect(await waiting()).toHaveLength(1);
    await erase('e1');
    expect(await waiting()).toEqual([]);
    await goOnAfterErasing();
    expect(pipeline.arrivals).toHaveLength(1);
  });

  test('of a request that is under way goes by the second look, and that request is the last', async () => {
    await pipeline.subscribe({ retry: { delays_seconds: [5, 5, 5] } });
    pipeline.answering.set('sub_1', async (_, earlier) => {
      if (earlier === 0) return failing;
      await erase('e1');
      await pipeline.sweepOnce(); // the first look, which comes too early
      return failing;
    });
    await post('e1');
    await pipeline.pump();
    pipeline.clock.advance(5);
    await pipeline.pump();
    expect(pipeline.arrivals).toHaveLength(2);
    expect(await itemsWithZoe()).not.toEqual([]);
    await goOnAfterErasing();
    expect(pipeline.arrivals).toHaveLength(2);
    expect(await itemsWithZoe()).toEqual([]);
  });

  test('while its first request was under way, too', async () => {
    await pipeline.subscribe({ retry: { delays_seconds: [5, 5, 5] } });
    pipeline.answering.set('sub_1', async () => {
      await erase('e1');
      await pipeline.sweepOnce();
      return failing;
    });
    await post('e1');
    await pipeline.pump();
    await goOnAfterErasing();
    expect(pipeline.arrivals).toHaveLength(1);
    expect(await itemsWithZoe()).toEqual([]);
    expect(await deliveriesOf('e1')).toMatchObject([{ state: 'cancelled' }]);
  });

  test('as a dead letter stays, without data, and cannot be replayed', async () => {
    await pipeline.subscribe({ retry: { delays_seconds: [] } });
    fails();
    await post('e1');
    await pipeline.pump();
    await erase('e1');
    const letters = await plane.call('GET', `${SUB_1}/dead-letters`);
    expect(letters.body.items).toMatchObject([{ event_id: 'e1', reason: 'exhausted' }]);
    const answer = await plane.call('POST', `${SUB_1}/dead-letters/${await idOf('e1')}/replay`, { body: {} });
    expect(answer).toMatchObject({ status: 409, body: { code: 'event_erased' } });
    expect(await itemsWithZoe()).toEqual([]);
  });

  test('with more subscriptions than one call has the time for goes piece by piece', async () => {
    const wishes: Partial<Subscription>[] = Array.from({ length: 125 }, (_, i) => ({ id: `sub_${1_000 + i}` }));
    await pipeline.subscribe(...wishes);
    for (const { id = '' } of wishes) fails(id);
    await post('e1');
    await pipeline.pump();
    const { eraseDelivery } = plane.world;
    let [under, most] = [0, 0];
    plane.world.eraseDelivery = async (...delivery) => {
      most = Math.max(most, (under += 1));
      await eraseDelivery(...delivery);
      pipeline.clock.advance(0.05);
      under -= 1;
    };
    expect((await erase('e1')).status).toBe(204);
    // Ten take half a second here: ten times, and the request is answered.
    expect(most).toBe(10);
    expect((await itemsWithZoe()).filter((item) => item.startsWith('AT#'))).toHaveLength(25);

    const jobs: Job[] = [Job.parse({ v: 1, kind: 'erase', tenant: TENANT, event_id: 'e1' })];
    const world = { ...pipeline.worlds.sweep, ask: async (job: Job) => void jobs.push(job) };
    for (const job of jobs) if (job.kind === 'erase') await eraseEvent(job, world, () => 0);
    expect(jobs).toHaveLength(13);
    expect(await itemsWithZoe()).toEqual([]);
  });
});

describe('nobody sends an erased event', () => {
  test('that was not matched yet: its marker goes, and a second copy finds it done', async () => {
    await pipeline.subscribe({});
    await post('e1');
    const lost = pipeline.queues.events.receive();
    for (const { id } of lost) pipeline.queues.events.remove(id);
    expect(await pipeline.openEvents()).toEqual(['e1']);
    await erase('e1');
    expect(await pipeline.openEvents()).toEqual([]);
    expect((await plane.call('GET', `${EVENTS}/e1`)).body).toMatchObject({ matching: 'done', matched: 0 });
    expect((await plane.call('GET', EVENTS)).body.items).toMatchObject([{ event_id: 'e1' }]);
    for (const { body } of lost) pipeline.queues.events.send(body.replace('"v":1', '"v":1,"doubt":true'));
    await goOnAfterErasing();
    expect(pipeline.arrivals).toEqual([]);
  });

  test('whose marker was written after it was erased', async () => {
    await pipeline.subscribe({});
    const event = make.event({ event_id: 'e1', tenant: TENANT });
    await plane.events.accept(event);
    await erase('e1');
    await plane.events.open(event);
    await goOn(600, 60);
    expect(await pipeline.openEvents()).toEqual([]);
    expect(pipeline.arrivals).toEqual([]);
    expect(pipeline.lines.filter(({ what }) => what === 'event.lost')).toEqual([]);
  });

  test('whose data stayed behind in the table, not even the first time', async () => {
    await pipeline.subscribe({});
    await post('e1', { data: `{"id":"g1","name":"${ZOE}","long":"${'x'.repeat(70_000)}"}` });
    await pipeline.matchOnce();
    await erase('e1');
    await goOnAfterErasing();
    expect(pipeline.arrivals).toEqual([]);
    expect(await deliveriesOf('e1')).toMatchObject([{ state: 'cancelled' }]);
    expect((await plane.call('GET', `${SUB_1}/dead-letters`)).body.items).toEqual([]);
  });

  test('that is asked for again: it was erased between the asking and the sending', async () => {
    await pipeline.subscribe({});
    await post('e1');
    await pipeline.pump();
    await plane.call('POST', `${EVENTS}/e1/replay`, { body: {} });
    await erase('e1');
    await goOnAfterErasing();
    expect(pipeline.arrivals).toHaveLength(1);
  });

  test('that stands in the stretch of a replay', async () => {
    await pipeline.subscribe({});
    const from = plane.clock.now().toISOString();
    for (const id of ['e1', 'e2']) await post(id);
    await pipeline.pump();
    await erase('e1');
    pipeline.clock.advance(60);
    await plane.call('POST', `${SUB_1}/replay`, { body: { from, only: 'all' } });
    await goOnAfterErasing();
    expect(pipeline.arrivals.map(({ id }) => id)).toEqual([await idOf('e1'), await idOf('e2'), await idOf('e2')]);
  });

  // As it is when somebody has erased it a moment ago, and its deliveries are not settled yet.
  const eraseHead = (id: string) => plane.events.erase(TENANT, id, plane.clock.now());
  const ways = [
    ['', erase],
    [', and whose deliveries nobody has settled', eraseHead],
  ] as const;

  test.each(ways)('that was held while its subscription was paused%s', async (_, eraseIt) => {
    await pipeline.subscribe({});
    await plane.call('PATCH', SUB_1, { body: { status: 'paused' } });
    for (const id of ['e1', 'e2']) await post(id);
    await pipeline.pump();
    await eraseIt('e1');
    await plane.call('PATCH', SUB_1, { body: { status: 'enabled' } });
    await goOnAfterErasing();
    expect(pipeline.arrivals.map(({ id }) => id)).toEqual([await idOf('e2')]);
    expect((await plane.call('GET', `${SUB_1}/dead-letters`)).body.items).toEqual([]);
  });

  test.each(ways)('nor buries one that is held until the retention takes it%s', async (_, eraseIt) => {
    await pipeline.subscribe({});
    await plane.call('PATCH', SUB_1, { body: { status: 'paused' } });
    for (const id of ['e1', 'e2']) await post(id);
    await pipeline.pump();
    await eraseIt('e1');
    pipeline.clock.advance(14 * 86_400 - 3_600);
    await pipeline.tick();
    const letters = await plane.call('GET', `${SUB_1}/dead-letters`);
    expect(letters.body.items).toMatchObject([{ event_id: 'e2', reason: 'retention' }]);
  });
});

test('the sweep is asked to do it now and once more', async () => {
  await pipeline.subscribe({});
  await post('e1');
  await pipeline.pump();
  await erase('e1');
  expect(askedKinds()).toEqual(['erase', 'erase']);
  await pipeline.pump();
  expect(askedKinds()).toEqual(['erase']);
  await goOn(700);
  expect(pipeline.queues.sweeps.isEmpty).toBe(true);
});

test('a job that comes late does nothing to another event of the same id', async () => {
  await pipeline.subscribe({});
  fails();
  await post('e1');
  await pipeline.pump();
  const before = await itemsWithZoe();
  await eraseEvent({ v: 1, kind: 'erase', tenant: TENANT, event_id: 'e1' }, pipeline.worlds.sweep, () => 60_000);
  expect(await itemsWithZoe()).toEqual(before);
  expect(await deliveriesOf('e1')).toMatchObject([{ state: 'waiting' }]);
});
