import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { writeAll } from '../../shared/store/database.ts';
import { keys } from '../../shared/store/keys.ts';
import { openControlPlane, type ControlPlane } from '../support/control-plane.ts';
import { startDynalite, type DynamoDb } from '../support/dynamodb.ts';
import { startKms, type TestKms } from '../support/kms.ts';
import { later, make } from '../support/make.ts';

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

const subscribe = async (tenant: string, more: Record<string, unknown> = {}): Promise<string> => {
  const body = { url: 'https://crm.example.com/hooks', event_types: ['*'], ...more };
  plane.clock.advance(1);
  return (await plane.call('POST', `/v1/tenants/${tenant}/subscriptions`, { body })).body.id;
};

/** Every item of a list, read in pages of that size. */
async function all(path: string, limit: number): Promise<Record<string, unknown>[]> {
  const items: Record<string, unknown>[] = [];
  let cursor: string | null = '';
  while (cursor !== null) {
    const more: string = cursor === '' ? '' : `&cursor=${cursor}`;
    const { body } = await plane.call('GET', `${path}${path.includes('?') ? '&' : '?'}limit=${limit}${more}`);
    items.push(...body.items);
    cursor = body.next_cursor;
  }
  return items;
}

describe('the subscriptions of all tenants', () => {
  test.each([1, 2, 3, 100])('come tenant by tenant, in pages of %i', async (limit) => {
    const made = [await subscribe('b'), await subscribe('b'), await subscribe('a'), await subscribe('c')];
    const found = await all('/v1/subscriptions', limit);
    expect(found.map(({ tenant, id }) => [tenant, id])).toEqual([
      ['a', made[2]],
      ['b', made[1]],
      ['b', made[0]],
      ['c', made[3]],
    ]);
  });

  test('go on behind a name that the list of tenants has and nobody else', async () => {
    for (const tenant of ['a', 'c', 'e']) await subscribe(tenant);
    for (const tenant of ['0', 'b', 'd', 'f']) {
      await writeAll(plane.flow, [{ put: { ...keys.tenantListed(tenant), v: 1 } }]);
    }
    const found = await all('/v1/subscriptions', 2);
    expect(found.map(({ tenant }) => tenant)).toEqual(['a', 'c', 'e']);
  });

  test('can be asked for by what holds them', async () => {
    const [, paused, disabled, failing] = [
      await subscribe('a'),
      await subscribe('a', { status: 'paused' }),
      await subscribe('b', { status: 'disabled' }),
      await subscribe('c'),
    ];
    const before = await plane.subscriptions.find('c', failing);
    await plane.held.list({ tenant: 'c', subscriptionId: failing });
    const circuit = { state: 'open' as const, since: later(0), probes: 0, probe_at: 0 };
    await plane.subscriptions.replace(before!, { ...before!, circuit, version: before!.version + 1 });

    const ids = async (query: string) => (await all(`/v1/subscriptions?${query}`, 1)).map(({ id }) => id);
    expect(await ids('circuit=open')).toEqual([failing]);
    expect(await ids('status=paused')).toEqual([paused]);
    expect(await ids('status=disabled')).toEqual([disabled]);
    expect(await ids('status=enabled')).toHaveLength(2);
    expect(await ids('status=enabled&circuit=closed')).toHaveLength(1);
    expect(await ids('status=paused&circuit=open')).toEqual([]);
  });

  test('hold no secret and no value of a header', async () => {
    await subscribe('a', { headers: { 'x-api-key': 'hush-hush' } });
    const { text } = await plane.call('GET', '/v1/subscriptions');
    expect(text).not.toMatch(/hush|whsec_/);
  });

  test.each(['circuit=broken', 'status=on', 'tenant=a'])('are not asked for by %s', async (query) => {
    expect(await plane.call('GET', `/v1/subscriptions?${query}`)).toMatchObject({ status: 400 });
  });
});

describe('the dead letters of all tenants', () => {
  const bury = async (tenant: string, seconds: number, more: Record<string, unknown> = {}) => {
    const event = make.event({ tenant, event_id: `e${seconds}`, accepted_at: later(seconds) });
    const subscriptionId = await subscribe(tenant);
    const letter = {
      event,
      subscriptionId,
      deliveryId: `dlv_${seconds}`,
      run: 1,
      kind: 'delivery',
      reason: 'exhausted',
      at: later(99),
    } as const;
    await plane.attempts.bury({ ...letter, ...more });
    return { event, subscriptionId };
  };

  test.each([1, 2, 100])('come newest first, in pages of %i', async (limit) => {
    for (const [tenant, seconds] of [
      ['a', 1],
      ['b', 3],
      ['c', 2],
      ['a', 4],
    ] as const)
      await bury(tenant, seconds);
    const found = await all('/v1/dead-letters', limit);
    expect(found.map(({ tenant, event_id }) => [tenant, event_id])).toEqual([
      ['a', 'e4'],
      ['b', 'e3'],
      ['c', 'e2'],
      ['a', 'e1'],
    ]);
  });

  test('can be asked for by what failed, and by time', async () => {
    await bury('a', 1);
    await bury('b', 2, { kind: 'fault', reason: 'fault' });
    const ids = async (query: string) => (await all(`/v1/dead-letters?${query}`, 10)).map(({ event_id }) => event_id);
    expect(await ids('kind=fault')).toEqual(['e2']);
    expect(await ids(`from=${later(2)}`)).toEqual(['e2']);
    expect(await ids(`to=${later(2)}`)).toEqual(['e1']);
  });

  test('are one for each delivery, however often it died, and gone when somebody has seen it', async () => {
    const { event, subscriptionId } = await bury('a', 1);
    await plane.attempts.bury({
      event,
      subscriptionId,
      deliveryId: 'dlv_1',
      run: 2,
      kind: 'delivery',
      reason: 'gone',
      at: later(100),
    });
    expect(await all('/v1/dead-letters', 10)).toMatchObject([{ tenant: 'a', reason: 'gone' }]);
    await plane.attempts.acknowledge(event, subscriptionId);
    expect(await all('/v1/dead-letters', 10)).toEqual([]);
  });
});
