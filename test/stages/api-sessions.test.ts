import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { ADMIN, openControlPlane, type ControlPlane } from '../support/control-plane.ts';
import { startDynalite, type DynamoDb } from '../support/dynamodb.ts';
import { startKms, type TestKms } from '../support/kms.ts';

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

const SESSION = '/v1/tenants/acme/portal-session';

describe('a portal session', () => {
  test('lets somebody look after the subscriptions of one tenant, from a link', async () => {
    const { status, body, headers } = await plane.call('POST', SESSION, { body: { ttl_seconds: 60 } });
    expect(status).toBe(200);
    expect(headers['cache-control']).toBe('no-store');
    expect(body.url).toBe(`http://api.example/portal#token=${String(body.token)}`);
    const key: string = body.token;
    const wish = { url: 'https://crm.example.com/hooks', event_types: ['Guest.*'] };
    expect(await plane.call('POST', '/v1/tenants/acme/subscriptions', { key, body: wish })).toMatchObject({
      status: 201,
    });
    expect(await plane.call('GET', '/v1/tenants/acme/events', { key })).toMatchObject({ status: 200 });
    expect(await plane.call('GET', '/v1/me', { key })).toMatchObject({
      body: { name: 'portal session', tenant: 'acme', expires_at: body.expires_at },
    });
    expect(plane.lines).toContainEqual(
      expect.objectContaining({
        what: 'control.audit',
        did: expect.stringMatching(/subscriptions$/),
        key_id: expect.stringMatching(/^pst_/),
      }),
    );
  });

  test('shows nothing of another tenant, and makes neither keys nor sessions', async () => {
    const { body } = await plane.call('POST', SESSION, { body: {} });
    const key: string = body.token;
    expect(await plane.call('GET', '/v1/tenants/other/subscriptions', { key })).toMatchObject({ status: 404 });
    const wish = { name: 'mine', scopes: ['events:read'], tenant: 'acme' };
    expect(await plane.call('POST', '/v1/keys', { key, body: wish })).toMatchObject({ status: 403 });
    expect(await plane.call('POST', SESSION, { key, body: {} })).toMatchObject({ status: 403 });
  });

  test('is of nobody who has the name of the tenant after it was erased', async () => {
    const { body } = await plane.call('POST', SESSION, { body: {} });
    const ask = () => plane.call('GET', '/v1/tenants/acme/subscriptions', { key: body.token });
    expect(await ask()).toMatchObject({ status: 200 });
    plane.clock.advance(1);
    const { since } = (await plane.tenants.find('acme'))!;
    await plane.call('DELETE', '/v1/tenants/acme');
    const erasure = (await plane.tenants.find('acme'))!.erasure!;
    await plane.tenants.forget({ tenant: 'acme', started_at: erasure.started_at });
    expect(await ask()).toMatchObject({ status: 401 });
    await plane.call('POST', '/v1/tenants/acme/subscriptions', {
      body: { url: 'https://crm.example.com/hooks', event_types: ['*'] },
    });
    expect((await plane.tenants.find('acme'))!.since > since).toBe(true);
    expect(await ask()).toMatchObject({ status: 401 });
  });

  test('is over when its time is', async () => {
    const { body } = await plane.call('POST', SESSION, { body: { ttl_seconds: 60, scopes: ['subscriptions:read'] } });
    const ask = () => plane.call('GET', '/v1/tenants/acme/subscriptions', { key: body.token });
    expect(await ask()).toMatchObject({ status: 200 });
    plane.clock.advance(60);
    expect(await ask()).toMatchObject({ status: 401 });
  });

  test.each([
    { ttl_seconds: 59 },
    { ttl_seconds: 3601 },
    { scopes: ['admin'] },
    { scopes: ['events:write'] },
    { scopes: [] },
  ])('is refused with %j', async (body) => {
    expect(await plane.call('POST', SESSION, { body })).toMatchObject({ status: 422 });
  });
});

describe('when a key was used last', () => {
  test('is shown with it, to the minute', async () => {
    const key = await plane.keyWith(['subscriptions:read'], { tenant: 'acme' });
    const [id = ''] = key.split('.');
    expect((await plane.call('GET', `/v1/keys/${id}`)).body).toMatchObject({ last_used_at: null });
    const used = plane.clock.now().toISOString();
    await plane.call('GET', '/v1/tenants/acme/subscriptions', { key });
    plane.clock.advance(30);
    await plane.call('GET', '/v1/tenants/acme/subscriptions', { key });
    expect((await plane.call('GET', `/v1/keys/${id}`)).body).toMatchObject({ last_used_at: used });
    const { items } = (await plane.call('GET', '/v1/keys')).body;
    expect(items).toContainEqual(expect.objectContaining({ id, last_used_at: used }));
  });

  test('is of no use that was refused', async () => {
    const key = await plane.keyWith(['subscriptions:read'], { tenant: 'acme' });
    const [id = ''] = key.split('.');
    await plane.call('GET', '/v1/me', { key: `${key.slice(0, -2)}xx` });
    expect((await plane.call('GET', `/v1/keys/${id}`, { key: ADMIN })).body).toMatchObject({ last_used_at: null });
  });
});
