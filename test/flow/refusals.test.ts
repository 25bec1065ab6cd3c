import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { callerOf, type Call, type Caller, type Reply } from '../support/api.ts';
import { openTarget, type OpenTarget } from '../support/target.ts';

const TENANT = `refused-${String(process.pid)}`;
const EVENTS = `/v1/tenants/${TENANT}/events`;
const guest = (more: Record<string, unknown> = {}) => ({ event_type: 'Guest.Created', data: { id: 'g1', ...more } });

let target: OpenTarget;
let api: Caller;

beforeAll(async () => {
  target = await openTarget();
  api = callerOf(target);
}, 120_000);

afterAll(() => target.close());

const newKey = async (wish: Record<string, unknown>): Promise<string> =>
  (await api.post('/v1/keys', { name: 'test', ...wish })).body.key;

/** What every refusal has in common, and what this one says. */
function expectProblem(reply: Reply, status: number, code: string): void {
  expect(reply.body).toMatchObject({
    status,
    code,
    title: expect.any(String),
    detail: expect.any(String),
    request_id: expect.any(String),
  });
  expect(reply.status).toBe(status);
  expect(reply.headers.get('content-type')).toBe('application/problem+json');
  expect(reply.headers.get('x-request-id')).toBe(reply.body.request_id);
}

const padded = (bytes: number): string => {
  const empty = JSON.stringify(guest({ text: '' }));
  return JSON.stringify(guest({ text: 'x'.repeat(bytes - empty.length) }));
};

describe('an event is refused', () => {
  test.each([
    ['that is not JSON', '{"event_type":', 400, 'malformed_json'],
    ['that is empty', '', 400, 'malformed_json'],
    ['with bytes that are not UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x7d]), 400, 'malformed_json'],
    ['with a byte order mark', `\ufeff${JSON.stringify(guest())}`, 400, 'malformed_json'],
    ['of an unknown type', { event_type: 'Guest.Creatd', data: { id: 'g1' } }, 422, 'unknown_event_type'],
    ['of a type that every object has', { event_type: 'constructor', data: {} }, 422, 'unknown_event_type'],
    ['with an unknown member', { ...guest(), event_typ: 'x' }, 422, 'invalid'],
    ['without data', { event_type: 'Guest.Created' }, 422, 'invalid'],
    ['whose data is a list', { event_type: 'Guest.Created', data: [] }, 422, 'invalid'],
    ['that is a list', [guest()], 422, 'invalid'],
    ['with an id of other characters', { ...guest(), event_id: 'a.b' }, 422, 'invalid'],
    ['with an id of 129 characters', { ...guest(), event_id: 'a'.repeat(129) }, 422, 'invalid'],
    ['with a time that is none', { ...guest(), event_timestamp: 'yesterday' }, 422, 'invalid'],
    ['whose data has a wrong type', { event_type: 'Guest.Created', data: { id: 7 } }, 422, 'schema_mismatch'],
    ['whose data names nobody', { event_type: 'Guest.Created', data: {} }, 422, 'schema_mismatch'],
    [
      'with a member that stands twice',
      '{"event_type":"Guest.Created","data":{"id":"g1","a":1,"\\u0061":2}}',
      422,
      'duplicate_member',
    ],
    [
      'nested 101 deep',
      `{"event_type":"Guest.Created","data":{"id":"g1","deep":${'['.repeat(100)}${']'.repeat(100)}}}`,
      422,
      'nesting_too_deep',
    ],
    ['of 256 KiB and a byte', padded(262_145), 413, 'too_large'],
  ])('%s', async (_, body, status, code) => {
    expectProblem(await api.post(EVENTS, body), status, code);
  });

  test('but not at 256 KiB, nor nested 100 deep', async () => {
    expect(await api.post(EVENTS, padded(262_144))).toMatchObject({ status: 202 });
    const deep = `{"event_type":"Guest.Created","data":{"id":"g1","deep":${'['.repeat(99)}${']'.repeat(99)}}}`;
    expect(await api.post(EVENTS, deep)).toMatchObject({ status: 202 });
  });

  test('with the nearest name, and a pointer to the place', async () => {
    expect((await api.post(EVENTS, { event_type: 'Guest.Creatd', data: {} })).body.detail).toContain('Guest.Created');
    const wrong = await api.post(EVENTS, guest({ personal_info: { is_minor: 'no' } }));
    expect(wrong.body.errors).toEqual([{ pointer: '/data/personal_info/is_minor', detail: expect.any(String) }]);
    const twice = await api.post(EVENTS, '{"event_type":"Guest.Created","data":{"id":"g1","list":[{"a":1,"a":2}]}}');
    expect(twice.body.errors).toEqual([{ pointer: '/data/list/0/a', detail: expect.any(String) }]);
  });

  test('when its id belongs to another event', async () => {
    const event_id = 'taken';
    await api.publish(TENANT, { ...guest({ n: 1 }), event_id });
    expectProblem(await api.post(EVENTS, { ...guest({ n: 2 }), event_id }), 409, 'event_id_conflict');
    // The same tokens with other white space are the same event.
    expect(
      (await api.publish(TENANT, ` { "data": {"id":"g1",  "n":1}, "event_id":"taken", "event_type":"Guest.Created"}`))
        .duplicate,
    ).toBe(true);
  });

  test('without the right content type', async () => {
    expectProblem(
      await api.post(EVENTS, guest(), { headers: { 'content-type': 'text/plain' } }),
      415,
      'unsupported_media_type',
    );
  });
});

describe('a batch is refused', () => {
  test.each([
    ['of 101 events', { events: Array.from({ length: 101 }, () => guest()) }, 422, 'invalid'],
    ['of none', { events: [] }, 422, 'invalid'],
    ['without events', {}, 422, 'invalid'],
    ['with more than events', { events: [guest()], other: 1 }, 422, 'invalid'],
    [
      'of 1 MiB and a byte',
      `{"events":[${Array.from({ length: 5 }, () => padded(200_000)).join(',')}]}`.padEnd(1_048_577),
      413,
      'too_large',
    ],
  ])('%s', async (_, body, status, code) => {
    expectProblem(await api.post(`${EVENTS}/batch`, body), status, code);
  });

  test('never whole for the fault of one event', async () => {
    const events = [
      guest(),
      { event_type: 'Nothing', data: {} },
      { ...guest(), event_id: 'b3' },
      { ...guest(), event_id: 'b3' },
    ];
    const { status, body } = await api.post(`${EVENTS}/batch`, { events });
    expect(status).toBe(202);
    expect(body).toMatchObject({ accepted: 2, duplicates: 1, refused: 1 });
    expect(body.results).toMatchObject([
      { duplicate: false },
      { problem: { status: 422, code: 'unknown_event_type' } },
      { event_id: 'b3', duplicate: false },
      { event_id: 'b3', duplicate: true },
    ]);
  });

  test('not at 1 MiB', async () => {
    const body = `{"events":[${Array.from({ length: 5 }, () => padded(200_000)).join(',')}]}`.padEnd(1_048_576);
    expect((await api.post(`${EVENTS}/batch`, body)).body).toMatchObject({ accepted: 5 });
  });
});

describe('a caller is refused', () => {
  const post = (key: string | null, path = EVENTS): Promise<Reply> => api.post(path, guest(), { key });

  test.each([
    ['without a key', null],
    ['with a key that is none', 'hello'],
    ['with a key nobody made', `key_${'0'.repeat(26)}.${'A'.repeat(43)}`],
  ])('%s: 401', async (_, key) => {
    const reply = await post(key);
    expectProblem(reply, 401, 'unauthorized');
    expect(reply.headers.get('www-authenticate')).toContain('Bearer');
  });

  test('with a key that has expired or was deleted: 401, at once', async () => {
    const expired = await newKey({ scopes: ['events:write'], expires_at: '2020-01-01T00:00:00Z' });
    expectProblem(await post(expired), 401, 'unauthorized');
    const { id, key } = (await api.post('/v1/keys', { name: 'gone', scopes: ['events:write'] })).body;
    expect(await post(key)).toMatchObject({ status: 202 });
    expect(await api.remove(`/v1/keys/${id}`)).toMatchObject({ status: 204 });
    expectProblem(await post(key), 401, 'unauthorized');
  });

  test('without the scope: 403', async () => {
    const key = await newKey({ scopes: ['events:read', 'subscriptions:write'] });
    expectProblem(await post(key), 403, 'missing_scope');
    expectProblem(await api.get('/v1/keys', { key }), 403, 'missing_scope');
  });

  test("on another tenant's path: 404, whatever is there", async () => {
    const key = await newKey({ scopes: ['events:write', 'subscriptions:read'], tenant: 'somebody' });
    expectProblem(await post(key), 404, 'not_found');
    expectProblem(await api.get(`/v1/tenants/${TENANT}/subscriptions`, { key }), 404, 'not_found');
    expect(await post(key, '/v1/tenants/somebody/events')).toMatchObject({ status: 202 });
  });

  test.each(['-a', 'a.b', 'a'.repeat(65), 'a%23b'])('with the tenant %s: 422', async (tenant) => {
    expectProblem(await post(target.adminKey, `/v1/tenants/${tenant}/events`), 422, 'invalid');
  });

  test('with a bad Idempotency-Key: 422, and a good one stands in for the id', async () => {
    const headers = { 'idempotency-key': 'a.b' };
    expectProblem(await api.post(EVENTS, guest(), { headers }), 422, 'invalid');
    const named = await api.post(EVENTS, guest(), { headers: { 'idempotency-key': 'my:key-1' } });
    expect(named.body).toMatchObject({ event_id: 'my:key-1', duplicate: false });
  });

  test.each([
    ['GET', EVENTS.replace('/events', '/nothing'), 404, 'not_found'],
    ['DELETE', `/v1/tenants/${TENANT}/subscriptions`, 405, 'method_not_allowed'],
    ['PUT', '/v1/keys', 405, 'method_not_allowed'],
  ])('who says %s %s', async (method, path, status, code) => {
    const reply = await api.call(method, path);
    expectProblem(reply, status, code);
    if (status === 405) expect(reply.headers.get('allow')).toContain('GET');
  });
});

describe('a subscription is refused', () => {
  const good = { url: 'https://example.com/hook', event_types: ['Guest.*'] };
  const create = (wish: unknown, more?: Call): Promise<Reply> =>
    api.post(`/v1/tenants/${TENANT}/subscriptions`, wish, more);

  test.each([
    ['with a type that matches nothing', { ...good, event_types: ['Gest.*'] }, '/event_types/0'],
    ['without types', { ...good, event_types: [] }, '/event_types'],
    ['with another verb', { ...good, method: 'DELETE' }, '/method'],
    ['with a member of ours', { ...good, id: 'sub_1' }, '/id'],
    ['with a header of ours', { ...good, headers: { 'Webhook-Id': 'x' } }, '/headers/Webhook-Id'],
    ['with a header that ends the line', { ...good, headers: { 'x-a': 'b\r\nc: d' } }, '/headers/x-a'],
    ['with a secret that is too short', { ...good, secret: `whsec_${Buffer.alloc(23).toString('base64')}` }, '/secret'],
    ['with a filter that is no pattern', { ...good, filter: { data: { id: 'x' } } }, '/filter/data/id'],
    ['with a rate limit beyond what is kept', { ...good, rate_limit_per_second: 1001 }, '/rate_limit_per_second'],
  ])('%s', async (_, wish, pointer) => {
    const reply = await create(wish);
    expectProblem(reply, 422, 'invalid');
    expect(reply.body.errors).toMatchObject([{ pointer }]);
  });

  test.each(['ftp://example.com/', 'https://user:pass@example.com/', 'not a url', 'https://exa mple.com/'])(
    'with the URL %s',
    async (url) => {
      expectProblem(await create({ ...good, url }), 422, 'url_refused');
    },
  );
});
