import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { ADMIN, openControlPlane, type ControlPlane } from '../support/control-plane.ts';
import { startDynalite, type DynamoDb } from '../support/dynamodb.ts';
import type { Reply } from '../support/http-event.ts';
import { startKms, type TestKms } from '../support/kms.ts';
import { later } from '../support/make.ts';

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

const ALL = '/v1/tenants/acme/subscriptions';
const WISH = { url: 'https://crm.example.com/hooks', event_types: ['Guest.*'] };
const FACELESS = 'https://10.0.0.1/hooks';

/** What a caller sees of a problem. */
const shown = ({ status, body, headers }: Reply) => ({ status, body, type: headers['content-type'] });

describe('the order of the checks', () => {
  /** As much wrong as one request can have. */
  const wrong = { body: `{"url":"${FACELESS}"`, headers: { 'content-type': 'text/plain' } };

  test('a key that is missing, malformed, unknown, expired or deleted: 401, all of them alike, before anything else', async () => {
    const expired = await plane.keyWith(['subscriptions:write'], { expires_at: later(60) });
    const deleted = await plane.keyWith(['subscriptions:write']);
    await plane.call('DELETE', `/v1/keys/${deleted.split('.')[0]}`);
    plane.clock.advance(61);
    const replies = await Promise.all(
      [undefined, 'nonsense', `${ADMIN}x`, `${expired.slice(0, -1)}A`, expired, deleted, 'two words', ''].map((key) =>
        plane.call('POST', ALL, { ...wrong, key }),
      ),
    );
    expect(replies.map(shown)).toEqual(replies.map(() => shown(replies[0]!)));
    expect(replies[0]).toMatchObject({
      status: 401,
      headers: { 'content-type': 'application/problem+json', 'www-authenticate': expect.stringMatching(/^Bearer/) },
      body: { code: 'unauthorized', status: 401, request_id: 'req-1' },
    });
  });

  test('a tenant that is not the key’s: 404, the same whether it exists or not, before the scope', async () => {
    await plane.call('POST', '/v1/tenants/other/subscriptions', { body: WISH });
    const key = await plane.keyWith(['events:read'], { tenant: 'acme' });
    const real = await plane.call('POST', '/v1/tenants/other/subscriptions', { ...wrong, key });
    const unreal = await plane.call('POST', '/v1/tenants/never-was/subscriptions', { ...wrong, key });
    expect(real).toMatchObject({ status: 404, body: { code: 'not_found' } });
    expect(shown(unreal)).toEqual(shown(real));
  });

  test('a scope that is missing: 403, before the body', async () => {
    const key = await plane.keyWith(['subscriptions:read'], { tenant: 'acme' });
    expect(await plane.call('POST', ALL, { ...wrong, key })).toMatchObject({
      status: 403,
      body: { code: 'missing_scope', detail: expect.stringContaining('subscriptions:write') },
    });
  });

  test('then the body: its type, its size, its syntax, its members', async () => {
    const key = await plane.keyWith(['subscriptions:write'], { tenant: 'acme' });
    const post = (call: { body: unknown; headers?: Record<string, string> }) =>
      plane.call('POST', ALL, { key, ...call });
    expect(await post(wrong)).toMatchObject({ status: 415 });
    expect(await post({ body: ' '.repeat(256 * 1024 + 1) })).toMatchObject({ status: 413 });
    expect(await post({ body: wrong.body })).toMatchObject({ status: 400, body: { code: 'malformed_json' } });
    expect(await post({ body: '' })).toMatchObject({ status: 400 });
    expect(await post({ body: Buffer.from([0x7b, 0xff, 0x7d]) })).toMatchObject({ status: 400 });
    expect(await post({ body: [] })).toMatchObject({ status: 422 });
    expect(await post({ body: WISH })).toMatchObject({ status: 201 });
  });

  test('a tenant that cannot be one: 422', async () => {
    expect(await plane.call('GET', '/v1/tenants/a.b/subscriptions')).toMatchObject({
      status: 422,
      body: { errors: [{ parameter: 'tenant' }] },
    });
  });
});

describe('what each scope opens', () => {
  const needs = {
    'subscriptions:read': [
      ['GET', ALL],
      ['GET', `${ALL}/sub_x`],
      ['GET', `${ALL}/sub_x/attempts`],
      ['GET', `${ALL}/sub_x/stats`],
    ],
    'subscriptions:write': [
      ['POST', ALL],
      ['PATCH', `${ALL}/sub_x`],
      ['DELETE', `${ALL}/sub_x`],
      ['GET', `${ALL}/sub_x/secret`],
    ],
    'events:read': [
      ['GET', '/v1/tenants/acme/events/e1'],
      ['GET', '/v1/tenants/acme/events/e1/deliveries'],
    ],
    admin: [
      ['GET', '/v1/keys'],
      ['POST', '/v1/keys'],
      ['GET', '/v1/keys/key_x'],
      ['PATCH', '/v1/keys/key_x'],
      ['DELETE', '/v1/keys/key_x'],
      ['GET', '/v1/tenants/acme/usage'],
    ],
  } as const;
  const routes = Object.entries(needs).flatMap(([scope, of]) => of.map(([method, path]) => ({ scope, method, path })));

  test.each(routes)('$method $path needs $scope', async ({ scope, method, path }) => {
    for (const held of ['events:write', 'events:read', 'subscriptions:read', 'subscriptions:write'] as const) {
      const { status } = await plane.call(method, path, { key: await plane.keyWith([held]) });
      expect([held, status === 403]).toEqual([held, held !== scope]);
    }
    const { status } = await plane.call(method, path);
    expect(status).not.toBe(403);
  });

  test.each(['/v1/event-types', '/v1/event-types/Guest.Created', '/v1/event-groups'])(
    '%s needs no key',
    async (path) => {
      expect(await plane.call('GET', path, { key: undefined })).toMatchObject({ status: 200 });
      expect(await plane.call('GET', path, { key: 'nonsense' })).toMatchObject({ status: 200 });
    },
  );

  test('/v1/me tells any live key what it is, and never its hash', async () => {
    const key = await plane.keyWith(['events:read'], { tenant: 'acme' });
    const { status, body } = await plane.call('GET', '/v1/me', { key });
    expect([status, body]).toEqual([
      200,
      {
        id: key.split('.')[0],
        name: 'a key',
        scopes: ['events:read'],
        tenant: 'acme',
        expires_at: null,
        created_at: later(0),
        last_used_at: later(0),
      },
    ]);
    expect(await plane.call('GET', '/v1/me', { key: 'nonsense' })).toMatchObject({ status: 401 });
  });
});

describe('addresses and methods', () => {
  test.each([
    ['PUT', ALL, ['GET', 'POST']],
    ['POST', `${ALL}/sub_x`, ['DELETE', 'GET', 'PATCH']],
    ['POST', '/v1/event-types', ['GET']],
    ['PUT', '/v1/keys/key_x', ['DELETE', 'GET', 'PATCH']],
  ])('%s %s is a 405 that says %j', async (method, path, allow) => {
    const reply = await plane.call(method, path);
    expect(reply).toMatchObject({ status: 405, body: { code: 'method_not_allowed' } });
    expect(reply.headers.allow?.split(', ').toSorted()).toEqual(allow);
  });

  test.each(['/', '/v1', '/v2/keys', `${ALL}/`, `${ALL}/sub_x/nonsense`, '/v1/keys/a/b', '//v1/keys'])(
    '%s is a 404',
    async (path) => {
      expect(await plane.call('GET', path)).toMatchObject({ status: 404, body: { code: 'not_found' } });
    },
  );

  test.each([
    `${ALL}/${'x'.repeat(129)}`,
    `${ALL}/${'x'.repeat(3_000)}/attempts`,
    `${ALL}/a.b`,
    `${ALL}/a%23b`,
    '/v1/tenants/acme/events/a.b',
    `/v1/tenants/acme/events/${'x'.repeat(3_000)}`,
    '/v1/keys/%00',
  ])('%s holds a bad id: 422', async (path) => {
    expect(await plane.call('GET', path)).toMatchObject({ status: 422, body: { errors: [{ parameter: 'id' }] } });
    expect(await plane.call('GET', path, { key: undefined })).toMatchObject({ status: 401 });
  });

  test('every answer carries the request’s id', async () => {
    const made = await plane.call('POST', ALL, { body: WISH });
    const replies = [
      made,
      await plane.call('GET', ALL),
      await plane.call('DELETE', made.headers.location!),
      await plane.call('GET', '/nowhere'),
      await plane.call('GET', ALL, { key: undefined }),
    ];
    expect(replies.map(({ status, headers }) => [status, headers['x-request-id']])).toEqual(
      [201, 200, 204, 404, 401].map((status) => [status, 'req-1']),
    );
  });

  test('what fails for a reason of ours is a bland 500', async () => {
    plane.world.subscriptions.list = () => Promise.reject(new Error('the table hush-hush is throttled'));
    const reply = await plane.call('GET', ALL);
    expect(reply).toMatchObject({ status: 500, body: { code: 'internal', request_id: 'req-1' } });
    expect(reply.text).not.toContain('hush');
  });
});

describe('keys', () => {
  test('are shown once, and stand nowhere', async () => {
    const made = await plane.call('POST', '/v1/keys', {
      body: { name: 'ci', scopes: ['events:write'], tenant: 'acme' },
    });
    expect(made).toMatchObject({ status: 201, headers: { 'cache-control': 'no-store' } });
    const { key, ...rest } = made.body;
    expect(key).toMatch(/^key_[0-9a-z]{26}\.[\w-]{43}$/);
    expect(made.headers.location).toBe(`/v1/keys/${rest.id}`);
    expect((await plane.call('GET', made.headers.location!)).body).toEqual(rest);
    const list = await plane.call('GET', '/v1/keys');
    expect(list.body.items).toContainEqual(rest);
    expect(list.text + JSON.stringify(plane.lines)).not.toContain(key.split('.')[1]);
  });

  test.each([
    [{ name: 'a', scopes: ['admin'], tenant: 'acme' }, '/tenant'],
    [{ name: 'a', scopes: [] }, '/scopes'],
    [{ name: 'a', scopes: ['everything'] }, '/scopes/0'],
    [{ name: '', scopes: ['admin'] }, '/name'],
    [{ name: 'a', scopes: ['admin'], id: 'key_mine' }, '/id'],
    [{ name: 'a', scopes: ['admin'], expires_at: 'tomorrow' }, '/expires_at'],
    [{ name: 'a', scopes: ['events:read'], tenant: 'a.b' }, '/tenant'],
  ])('%j is refused at %s', async (body, pointer) => {
    expect(await plane.call('POST', '/v1/keys', { body })).toMatchObject({
      status: 422,
      body: { errors: [{ pointer }] },
    });
  });

  test('a change holds for the next write', async () => {
    const key = await plane.keyWith(['subscriptions:write'], { tenant: 'acme' });
    const path = `/v1/keys/${key.split('.')[0]}`;
    expect(await plane.call('POST', ALL, { body: WISH, key })).toMatchObject({ status: 201 });
    expect(await plane.call('PATCH', path, { body: { scopes: ['events:read'] } })).toMatchObject({ status: 200 });
    expect(await plane.call('POST', ALL, { body: WISH, key })).toMatchObject({ status: 403 });
    expect(await plane.call('PATCH', path, { body: { scopes: ['admin'] } })).toMatchObject({ status: 422 });
    expect(await plane.call('PATCH', path, { body: { tenant: 'other' } })).toMatchObject({ status: 422 });
  });

  test('a deletion holds at once for writes and after half a minute for reads', async () => {
    const key = await plane.keyWith(['subscriptions:read', 'subscriptions:write']);
    expect(await plane.call('GET', ALL, { key })).toMatchObject({ status: 200 });
    await plane.world.accessKeys.remove((await plane.world.accessKeys.find(key.split('.')[0]!))!);
    plane.clock.advance(29);
    expect(await plane.call('GET', ALL, { key })).toMatchObject({ status: 200 });
    expect(await plane.call('POST', ALL, { body: WISH, key })).toMatchObject({ status: 401 });
    expect(await plane.call('GET', ALL, { key })).toMatchObject({ status: 401 });
  });

  test('a deletion holds at once where a secret is revealed, though nothing is written there', async () => {
    const { id } = (await plane.call('POST', ALL, { body: WISH })).body;
    const key = await plane.keyWith(['subscriptions:write']);
    expect(await plane.call('GET', `${ALL}/${id}/secret`, { key })).toMatchObject({ status: 200 });
    await plane.world.accessKeys.remove((await plane.world.accessKeys.find(key.split('.')[0]!))!);
    expect(await plane.call('GET', `${ALL}/${id}/secret`, { key })).toMatchObject({ status: 401 });
  });

  test('the last admin key stays', async () => {
    const [first] = (await plane.call('GET', '/v1/keys')).body.items;
    expect(await plane.call('DELETE', `/v1/keys/${first.id}`)).toMatchObject({
      status: 409,
      body: { code: 'last_admin_key' },
    });
    const other = await plane.keyWith(['admin']);
    expect(await plane.call('DELETE', `/v1/keys/${first.id}`, { key: other })).toMatchObject({ status: 204 });
    expect(await plane.call('GET', '/v1/keys', { key: other })).toMatchObject({ status: 200 });
    expect(await plane.call('POST', '/v1/keys', { body: { name: 'a', scopes: ['admin'] } })).toMatchObject({
      status: 401,
    });
    expect(await plane.call('DELETE', `/v1/keys/${other.split('.')[0]}`, { key: other })).toMatchObject({
      status: 409,
    });
    const weaker = { scopes: ['events:read'] };
    expect(await plane.call('PATCH', `/v1/keys/${other.split('.')[0]}`, { key: other, body: weaker })).toMatchObject({
      status: 409,
    });
  });
});

describe('who did it', () => {
  const audit = (): Record<string, unknown>[] => plane.lines.filter(({ what }) => what === 'control.audit');

  test('stands in one line for each change, with the key, what was done, and to whom', async () => {
    const key = await plane.keyWith(['subscriptions:write', 'subscriptions:read'], { tenant: 'acme' });
    const { headers } = await plane.call('POST', ALL, { body: WISH, key });
    const path = headers.location!;
    const id = path.split('/').at(-1);
    await plane.call('PATCH', path, { body: { description: 'x' }, key });
    await plane.call('POST', `${path}/secret/rotate`, { body: {}, key });
    await plane.call('DELETE', path, { key });
    const by = { what: 'control.audit', key_id: key.split('.')[0], tenant: 'acme', id, request_id: 'req-1' };
    expect(audit().slice(1)).toEqual([
      { ...by, did: 'POST /v1/tenants/{tenant}/subscriptions', status: 201 },
      { ...by, did: 'PATCH /v1/tenants/{tenant}/subscriptions/{id}', status: 200 },
      { ...by, did: 'POST /v1/tenants/{tenant}/subscriptions/{id}/secret/rotate', status: 200 },
      { ...by, did: 'DELETE /v1/tenants/{tenant}/subscriptions/{id}', status: 204 },
    ]);
    expect(audit()[0]).toMatchObject({
      did: 'POST /v1/keys',
      key_id: 'key_first',
      id: key.split('.')[0],
      tenant: null,
    });
  });

  test('stands there as well where a secret is shown, and for no other look', async () => {
    const { headers } = await plane.call('POST', ALL, { body: WISH });
    const path = headers.location!;
    await plane.call('GET', path);
    await plane.call('GET', ALL);
    await plane.call('POST', '/v1/filter-test', { body: { filter: { a: [1] }, event: {} } });
    await plane.call('GET', `${path}/secret`);
    expect(audit().map(({ did }) => did)).toEqual([
      'POST /v1/tenants/{tenant}/subscriptions',
      'GET /v1/tenants/{tenant}/subscriptions/{id}/secret',
    ]);
  });
});
