import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { deliveryId } from '../../shared/domain/id.ts';
import type { Resting } from '../../shared/store/shelf.ts';
import { startDynalite, type DynamoDb } from '../support/dynamodb.ts';
import { openControlPlane, type ControlPlane } from '../support/control-plane.ts';
import { startKms, type TestKms } from '../support/kms.ts';
import { AT, later, make } from '../support/make.ts';

let dynamo: DynamoDb;
let kms: TestKms;
let plane: ControlPlane;
beforeAll(async () => {
  [dynamo, kms] = [await startDynalite(), await startKms()];
});
beforeEach(async () => {
  plane = await openControlPlane(dynamo, kms);
  await plane.subscriptions.create(make.subscription());
});
afterAll(async () => {
  await kms.close();
  await dynamo.close();
});

const BASE = '/v1/tenants/acme/subscriptions/sub_1';
const idOf = (eventId: string): string =>
  deliveryId({ tenant: 'acme', eventId, acceptedAt: AT, subscriptionId: 'sub_1' });

/** A delivery of an event that is accepted and matched, which waits so many seconds. */
async function waits(event_id: string, seconds: number, why: Resting['why'] = 'schedule'): Promise<void> {
  const { body: _body, ...event } = make.event({ event_id });
  await plane.events.accept(make.event({ event_id }));
  await plane.events.close([{ event, matched: { at: AT, subscriptions: ['sub_1'] } }]);
  await plane.attempts.record(
    make.step({ event }),
    make.attempt({ event_id, delivery_id: idOf(event_id), outcome: 'rejected', status: 500, next: 'wait' }),
  );
  const due = Date.parse(later(seconds));
  await plane.shelf.rest({
    event: { v: 1, ...event },
    step: make.deliveryStep({ attempt: 2, not_before: due }),
    due,
    why,
  });
}

async function dies(event_id: string, kind: 'delivery' | 'fault' = 'delivery'): Promise<void> {
  const event = make.event({ event_id });
  await plane.events.accept(event);
  await plane.events.close([{ event, matched: { at: AT, subscriptions: ['sub_1'] } }]);
  const about = { event, subscriptionId: 'sub_1', deliveryId: idOf(event_id), run: 1, at: later(60) };
  await plane.attempts.bury(
    kind === 'fault'
      ? { ...about, kind, reason: 'fault' }
      : { ...about, kind, reason: 'exhausted', last: { outcome: 'rejected', status: 503, at: later(59), attempt: 10 } },
  );
}

describe('what waits', () => {
  test('is listed by its time, with what it waits for', async () => {
    await waits('e-late', 7200);
    await waits('e-soon', 60, 'retry_after');
    const { status, body } = await plane.call('GET', `${BASE}/waiting`);
    expect(status).toBe(200);
    expect(body.items).toMatchObject([
      {
        delivery_id: idOf('e-soon'),
        event_id: 'e-soon',
        state: 'waiting',
        waiting_for: 'retry_after',
        due_at: later(60),
        attempts: 1,
      },
      { event_id: 'e-late', waiting_for: 'schedule', due_at: later(7200) },
    ]);
  });

  test('is listed page by page', async () => {
    for (const i of [1, 2, 3]) await waits(`e${i}`, i);
    const first = await plane.call('GET', `${BASE}/waiting?limit=2`);
    const second = await plane.call('GET', `${BASE}/waiting?limit=2&cursor=${first.body.next_cursor}`);
    const seen = [...first.body.items, ...second.body.items].map(({ event_id }: { event_id: string }) => event_id);
    expect(seen).toEqual(['e1', 'e2', 'e3']);
    expect(second.body.next_cursor).toBeNull();
  });

  test('is taken back once, and never made', async () => {
    await waits('e1', 60);
    expect((await plane.call('DELETE', `${BASE}/waiting/${idOf('e1')}`)).status).toBe(204);
    expect((await plane.call('DELETE', `${BASE}/waiting/${idOf('e1')}`)).status).toBe(404);
    expect((await plane.call('GET', `${BASE}/waiting`)).body.items).toEqual([]);
    const claim = await plane.attempts.claim(make.step({ event: make.event({ event_id: 'e1' }), attempt: 2 }), {
      now: plane.clock.now(),
      seconds: 1,
    });
    expect(claim).toEqual({ kind: 'settled' });
    const { body } = await plane.call('GET', '/v1/tenants/acme/events/e1/deliveries');
    expect(body.items).toMatchObject([{ state: 'cancelled' }]);
  });

  test('is released by itself or with all the rest', async () => {
    await waits('e1', 60);
    expect((await plane.call('POST', `${BASE}/waiting/${idOf('e1')}/release`)).status).toBe(202);
    expect((await plane.call('POST', `${BASE}/release`)).status).toBe(202);
    const release = { kind: 'release', tenant: 'acme', subscription_id: 'sub_1', what: 'all' };
    expect(plane.asked).toEqual([
      { v: 1, ...release, event_id: 'e1' },
      { v: 1, ...release },
    ]);
  });

  test.each(['paused', 'disabled'] as const)('is not released while the subscription is %s', async (status) => {
    await waits('e1', 60);
    await plane.call('PATCH', BASE, { body: { status } });
    for (const path of [`${BASE}/release`, `${BASE}/waiting/${idOf('e1')}/release`]) {
      expect(await plane.call('POST', path)).toMatchObject({ status: 409, body: { code: 'conflict' } });
    }
    expect(plane.asked).toEqual([]);
  });

  test('behind an open circuit is probed at once', async () => {
    const before = make.subscription();
    const circuit = { state: 'open', since: AT, probes: 9, probe_at: Date.parse(later(700)) } as const;
    const held = { since: AT, at: AT, reason: 'circuit' } as const;
    await plane.subscriptions.replace(before, { ...before, circuit, held, version: 2 });
    expect((await plane.call('GET', BASE)).body.circuit).toEqual({ state: 'open', since: AT });
    expect((await plane.call('POST', `${BASE}/release`)).status).toBe(202);
    expect((await plane.subscriptions.find('acme', 'sub_1'))?.circuit?.probe_at).toBeLessThan(Date.parse(AT));
    expect(plane.asked.map(({ kind }) => kind)).toEqual(['release', 'held']);
  });

  test.each([
    ['GET', '/waiting'],
    ['DELETE', `/waiting/${idOf('e1')}`],
    ['POST', `/waiting/${idOf('e1')}/release`],
    ['POST', '/release'],
  ] as const)('of no subscription is not found: %s %s', async (method, path) => {
    const { status } = await plane.call(method, `/v1/tenants/acme/subscriptions/sub_9${path}`);
    expect(status).toBe(404);
  });

  test.each(['dlv_nonsense', idOf('e9'), 'dlv_zzzzzzzzzzzzzzzzzzzzzzzzzz'])('has no delivery %s', async (id) => {
    expect((await plane.call('DELETE', `${BASE}/waiting/${id}`)).status).toBe(404);
  });
});

describe('dead letters', () => {
  test('are listed, of both kinds, told apart', async () => {
    await dies('e1');
    await dies('e2', 'fault');
    const { body } = await plane.call('GET', `${BASE}/dead-letters`);
    expect(body.items).toEqual([
      {
        delivery_id: idOf('e2'),
        event_id: 'e2',
        event_type: 'Guest.Created',
        subscription_id: 'sub_1',
        accepted_at: AT,
        kind: 'fault',
        reason: 'fault',
        died_at: later(60),
      },
      expect.objectContaining({
        event_id: 'e1',
        kind: 'delivery',
        reason: 'exhausted',
        last: { outcome: 'rejected', status: 503, at: later(59), attempt: 10 },
      }),
    ]);
  });

  test('are acknowledged once', async () => {
    await dies('e1');
    expect((await plane.call('DELETE', `${BASE}/dead-letters/${idOf('e1')}`)).status).toBe(204);
    expect((await plane.call('DELETE', `${BASE}/dead-letters/${idOf('e1')}`)).status).toBe(404);
    expect((await plane.call('GET', `${BASE}/dead-letters`)).body.items).toEqual([]);
  });

  test('are replayed one by one, each in a run of its own', async () => {
    await dies('e1');
    await dies('e2');
    for (const event of ['e1', 'e2']) {
      const { status, body } = await plane.call('POST', `${BASE}/dead-letters/${idOf(event)}/replay`);
      expect([status, body.delivery_id]).toEqual([202, idOf(event)]);
    }
    const resend = { v: 1, kind: 'resend', tenant: 'acme', subscription_id: 'sub_1' };
    expect(plane.asked).toEqual([
      { ...resend, event_id: 'e1', run: 2 },
      { ...resend, event_id: 'e2', run: 3 },
    ]);
  });

  test('are replayed once, however often under one Idempotency-Key', async () => {
    await dies('e1');
    const path = `${BASE}/dead-letters/${idOf('e1')}/replay`;
    for (const key of ['k1', 'k1', 'k2']) await plane.call('POST', path, { headers: { 'idempotency-key': key } });
    expect(plane.asked.map((job) => job.kind === 'resend' && job.run)).toEqual([2, 2, 3]);
  });

  test('whose replay is asked for again when it is over get the first answer under the same Idempotency-Key', async () => {
    await dies('e1');
    const path = `${BASE}/dead-letters/${idOf('e1')}/replay`;
    const ask = (key?: string) =>
      plane.call('POST', path, { headers: key === undefined ? {} : { 'idempotency-key': key } });
    const first = await ask('k1');
    await plane.attempts.acknowledge(make.event({ event_id: 'e1' }), 'sub_1');
    await plane.call('PATCH', BASE, { body: { status: 'disabled' } });
    expect(await ask('k1')).toMatchObject({ status: 202, body: first.body });
    expect([(await ask()).status, (await ask('k2')).status]).toEqual([404, 404]);
    expect(plane.asked.map((job) => job.kind === 'resend' && job.run)).toEqual([2, 2]);
    plane.clock.advance(86_401);
    expect((await ask('k1')).status).toBe(404);
  });

  test('are not replayed while the subscription is disabled', async () => {
    await dies('e1');
    await plane.call('PATCH', BASE, { body: { status: 'disabled' } });
    expect((await plane.call('POST', `${BASE}/dead-letters/${idOf('e1')}/replay`)).status).toBe(409);
  });

  test('that are none are not replayed', async () => {
    await waits('e1', 60);
    expect((await plane.call('POST', `${BASE}/dead-letters/${idOf('e1')}/replay`)).status).toBe(404);
  });
});

describe('a replay', () => {
  const start = (body: object) => plane.call('POST', `${BASE}/replay`, { body });

  test('begins with what died, has progress, and is found again', async () => {
    const { status, body, headers } = await start({ from: later(-60) });
    expect(status).toBe(202);
    expect(body).toEqual({
      replay_id: expect.stringMatching(/^rpl_/),
      subscription_id: 'sub_1',
      kind: 'replay',
      from: later(-60),
      to: AT,
      only: 'dead',
      state: 'running',
      matched: 0,
      sent: 0,
      delivered: 0,
      dead: 0,
      started_at: AT,
    });
    expect(headers.location).toBe(`${BASE}/replays/${body.replay_id}`);
    expect((await plane.call('GET', `${BASE}/replays/${body.replay_id}`)).body).toEqual(body);
    expect((await plane.call('GET', `${BASE}/replays`)).body.items).toEqual([body]);
    expect(plane.asked).toMatchObject([{ kind: 'walk', replay_id: body.replay_id }]);
  });

  test('ends now at the latest: what comes later is delivered by itself', async () => {
    expect((await start({ from: later(-60), to: later(3_600) })).body).toMatchObject({ from: later(-60), to: AT });
  });

  test('runs alone', async () => {
    const { body } = await start({ from: later(-60), only: 'all' });
    expect((await start({ from: later(-60) })).status).toBe(409);
    expect((await plane.call('DELETE', `${BASE}/replays/${body.replay_id}`)).status).toBe(204);
    expect((await plane.call('GET', `${BASE}/replays/${body.replay_id}`)).body.state).toBe('cancelled');
    expect((await start({ from: later(-60) })).status).toBe(202);
  });

  test.each([
    [{}, '/from'],
    [{ from: 'yesterday' }, '/from'],
    [{ from: later(0), to: later(0) }, '/to'],
    [{ from: later(0), only: 'some' }, '/only'],
    [{ from: later(0), pace: 1 }, '/pace'],
  ])('is refused as %j', async (body, pointer) => {
    const reply = await start(body);
    expect([reply.status, reply.body.errors?.[0]?.pointer]).toEqual([422, pointer]);
  });

  test('is refused while the subscription is disabled', async () => {
    await plane.call('PATCH', BASE, { body: { status: 'disabled' } });
    expect((await start({ from: later(-60) })).status).toBe(409);
  });
});

describe('a status that somebody sets', () => {
  const patch = (body: object) => plane.call('PATCH', BASE, { body });

  test('paused and enabled again catches up what came between', async () => {
    await patch({ status: 'paused' });
    plane.clock.advance(60);
    expect((await patch({ status: 'enabled' })).body.status).toBe('enabled');
    const { catch_up, held, pauses } = (await plane.subscriptions.find('acme', 'sub_1'))!;
    expect([catch_up, held]).toEqual([{ from: AT, to: later(75), replay_id: expect.any(String) }, undefined]);
    expect(pauses).toEqual([{ from: AT, to: later(60) }]);
    const { body } = await plane.call('GET', `${BASE}/replays`);
    expect(body.items).toMatchObject([{ replay_id: catch_up?.replay_id, kind: 'catch_up', state: 'running' }]);
    expect(plane.asked.map(({ kind }) => kind)).toEqual(['release', 'release', 'walk']);
  });

  test('disabled and enabled again leaves a gap, and catches up nothing', async () => {
    await patch({ status: 'disabled' });
    plane.clock.advance(60);
    await patch({ status: 'enabled' });
    expect((await plane.subscriptions.find('acme', 'sub_1'))?.gaps).toEqual([{ from: AT, to: later(60) }]);
    // What rested while it was disabled goes; nothing is looked for.
    expect(plane.asked.map(({ kind }) => kind)).toEqual(['release', 'release']);
  });

  test('is in the list of those that are held', async () => {
    await patch({ status: 'paused' });
    expect(await Array.fromAsync(plane.held.all())).toMatchObject([{ tenant: 'acme', subscriptionId: 'sub_1' }]);
  });

  test('does not change with other members', async () => {
    await patch({ status: 'paused' });
    plane.clock.advance(60);
    await patch({ description: 'another' });
    expect((await plane.subscriptions.find('acme', 'sub_1'))?.held?.at).toBe(AT);
  });

  test('an ETag is of what somebody set, and a circuit is not', async () => {
    const { headers: before } = await plane.call('GET', BASE);
    const subscription = (await plane.subscriptions.find('acme', 'sub_1'))!;
    const circuit = { state: 'open', since: AT, probes: 0, probe_at: 0 } as const;
    await plane.subscriptions.replace(subscription, { ...subscription, circuit, version: 2 });
    const { headers: after } = await plane.call('GET', BASE);
    expect(after.etag).toBe(before.etag);
    const { headers: changed } = await patch({ description: 'another' });
    expect(changed.etag).not.toBe(before.etag);
  });

  test.each([
    ['another URL', { url: 'https://crm2.example.com/hooks' }],
    ['enabled again', { status: 'enabled' }],
  ])('%s begins anew, whatever failed before', async (_, patched) => {
    const whom = { tenant: 'acme', subscriptionId: 'sub_1' };
    const { health } = plane;
    await health.failed(whom, { count: 30, at: plane.clock.now() });
    if ('status' in patched) await patch({ status: 'paused' });
    expect((await patch(patched)).status).toBe(200);
    expect(await health.failed(whom, { count: 1, at: plane.clock.now() })).toMatchObject({ failures: 1 });
  });

  test('a rate is kept and shown', async () => {
    expect((await patch({ rate_limit_per_second: 2.5 })).body.rate_limit_per_second).toBe(2.5);
    expect((await patch({ rate_limit_per_second: null })).body.rate_limit_per_second).toBeNull();
  });
});
