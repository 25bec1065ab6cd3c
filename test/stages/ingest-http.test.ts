import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { routes } from '../../lambdas/ingest/routes.ts';
import { hashOf, keyText } from '../../shared/domain/key.ts';
import { accessKeysIn } from '../../shared/store/access-keys.ts';
import { startDynalite, type DynamoDb } from '../support/dynamodb.ts';
import { callerOf, type Call, type Reply } from '../support/http-event.ts';
import { make } from '../support/make.ts';
import { openWorlds, posted, type Opened } from '../support/stage-world.ts';

const ONE = '/v1/tenants/acme/events';
const BATCH = `${ONE}/batch`;
const ADMIN = 'first-admin-key-of-a-test';

let dynamo: DynamoDb;
let opened: Opened;
let call: (method: string, path: string, call?: Call) => Promise<Reply>;
beforeAll(async () => {
  dynamo = await startDynalite();
});
beforeEach(async () => {
  opened = await openWorlds(dynamo);
  const { authenticate } = accessKeysIn(opened.control, async () => ADMIN);
  call = callerOf(routes, { authenticate, world: opened.worlds.ingest, key: ADMIN });
});
afterAll(() => dynamo.close());

const post = (path: string, body: unknown, more: Call = {}): Promise<Reply> => call('POST', path, { body, ...more });

/** Text of so many bytes. */
const long = (bytes: number): string => {
  const empty = posted({ data: '{"id":"g1","note":""}' });
  return posted({ data: `{"id":"g1","note":"${'x'.repeat(bytes - empty.length)}"}` });
};

test('an event is answered with 202, its receipt and the request’s id', async () => {
  const reply = await post(ONE, posted({ event_id: 'e1' }));
  expect(reply).toMatchObject({
    status: 202,
    headers: { 'content-type': 'application/json', 'x-request-id': 'req-1' },
    body: { event_id: 'e1', event_type: 'Guest.Created', duplicate: false },
  });
});

test.each([
  ['of 256 KiB is taken', 256 * 1024, 202],
  ['of one byte more is refused', 256 * 1024 + 1, 413],
])('an event %s', async (_, bytes, status) => {
  expect(await post(ONE, long(bytes))).toMatchObject({ status });
});

test('a batch of 1 MiB is taken, and one of a byte more is refused', async () => {
  const event = long(200_000);
  const head = `{"events":[${Array.from({ length: 5 }, () => event).join()}]`;
  const spaces = 1024 * 1024 - head.length - 1;
  expect(await post(BATCH, `${head}${' '.repeat(spaces)}}`)).toMatchObject({ status: 202, body: { accepted: 5 } });
  expect(await post(BATCH, `${head}${' '.repeat(spaces + 1)}}`)).toMatchObject({ status: 413 });
});

test.each([
  ['no content type', { 'content-type': '' }, posted(), 415, 'unsupported_media_type'],
  ['text', { 'content-type': 'text/plain' }, posted(), 415, 'unsupported_media_type'],
  ['a patch', { 'content-type': 'application/merge-patch+json' }, posted(), 415, 'unsupported_media_type'],
  ['JSON with a charset', { 'content-type': 'Application/JSON; charset=utf-8' }, posted(), 202, undefined],
  ['a byte order mark', {}, Buffer.from(`\ufeff${posted()}`), 400, 'malformed_json'],
  ['bytes that are not UTF-8', {}, Buffer.from(posted({ data: '{"id":"\xff"}' }), 'latin1'), 400, 'malformed_json'],
  ['half a surrogate in UTF-8', {}, Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22]), 400, 'malformed_json'],
  ['bytes that are UTF-8', {}, Buffer.from(posted({ data: '{"id":"é😀"}' })), 202, undefined],
  ['nothing', {}, '', 400, 'malformed_json'],
])('a body of %s', async (_, headers, body, status, code) => {
  const reply = await post(ONE, body, { headers });
  expect([reply.status, reply.body.code]).toEqual([status, code]);
});

test('characters beyond ASCII are kept and published as they came', async () => {
  await post(ONE, Buffer.from(posted({ event_id: 'e1', data: '{"id":"é😀\\u00e9"}' })));
  expect((await opened.events.find('acme', 'e1'))?.body).toBe('{"id":"é😀\\u00e9"}');
  const [sent = ''] = opened.queues.events.bodies;
  expect(JSON.parse(sent)).toMatchObject({ detail: { body: '{"id":"é😀\\u00e9"}' } });
});

test.each([
  ['a good one', 'order:1_a-B', 202],
  ['an empty one', '', 422],
  ['one with a slash', 'a/b', 422],
  ['one of 129 characters', 'x'.repeat(129), 422],
])('an idempotency key, %s', async (_, key, status) => {
  const reply = await post(ONE, posted(), { headers: { 'idempotency-key': key } });
  expect(reply.status).toBe(status);
  if (status === 202) expect(reply.body.event_id).toBe(key);
  else expect(reply.body.errors).toMatchObject([{ parameter: 'Idempotency-Key' }]);
});

test('an idempotency key is the id of an event without one, whoever posts it again', async () => {
  const headers = { 'idempotency-key': 'k1' };
  await post(ONE, posted(), { headers });
  expect((await post(ONE, posted(), { headers })).body).toMatchObject({ event_id: 'k1', duplicate: true });
  expect(await post(ONE, posted({ data: '{"id":"other"}' }), { headers })).toMatchObject({ status: 409 });
});

test.each([
  ['a good one', '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00', true],
  ['one of zeros', '00-00000000000000000000000000000000-b7ad6b7169203331-00', false],
  ['another version', '01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00', false],
  ['nonsense', 'x\r\ny', false],
])('a traceparent, %s', async (_, traceparent, isKept) => {
  await post(ONE, posted({ event_id: 'e1' }), { headers: { traceparent } });
  expect((await opened.events.find('acme', 'e1'))?.traceparent === traceparent).toBe(isKept);
});

test('a batch shows each refusal as the problem it would be alone', async () => {
  const alone = await post(ONE, posted({ event_type: 'Nonsense' }));
  const reply = await post(BATCH, `{"events":[${posted({ event_id: 'e1' })},${posted({ event_type: 'Nonsense' })}]}`);
  expect(reply).toMatchObject({ status: 202, body: { accepted: 1, duplicates: 0, refused: 1 } });
  expect(reply.body.results).toEqual([
    expect.objectContaining({ event_id: 'e1', duplicate: false }),
    { problem: alone.body },
  ]);
});

test('checks run in their order: the key, the tenant, the scope, the body', async () => {
  const { create } = accessKeysIn(opened.control, async () => ADMIN);
  const keyWith = async (n: number, changes: Parameters<typeof make.accessKey>[0]): Promise<string> => {
    const id = `key_${String(n).padStart(26, '0')}`;
    const text = keyText(id, Buffer.alloc(32, n));
    await create(make.accessKey({ ...changes, id, sha256: hashOf(text) }));
    return text;
  };
  const writer = await keyWith(1, { scopes: ['events:write'], tenant: 'acme' });
  const reader = await keyWith(2, { scopes: ['events:read'], tenant: 'acme' });
  const stranger = await keyWith(3, { scopes: ['events:read'], tenant: 'other' });
  const bad = { body: '{', headers: { 'content-type': 'text/plain' } };

  expect(await call('POST', ONE, { ...bad, key: undefined })).toMatchObject({ status: 401 });
  expect(await call('POST', ONE, { ...bad, key: `${writer}x` })).toMatchObject({ status: 401 });
  expect(await call('POST', ONE, { ...bad, key: stranger })).toMatchObject({ status: 404 });
  expect(await call('POST', ONE, { ...bad, key: reader })).toMatchObject({ status: 403 });
  expect(await call('POST', ONE, { ...bad, key: writer })).toMatchObject({ status: 415 });
  expect(await post(ONE, posted(), { key: writer })).toMatchObject({ status: 202 });
});

test('a tenant that posts faster than it may is told when to post again, and what it posted was not taken', async () => {
  opened.worlds.ingest.admit = async () => 7;
  for (const [path, body] of [
    [ONE, posted({ event_id: 'e1' })],
    [BATCH, `{"events":[${posted({ event_id: 'e1' })}]}`],
  ] as const) {
    expect(await post(path, body)).toMatchObject({
      status: 429,
      headers: { 'content-type': 'application/problem+json', 'retry-after': '7', 'x-request-id': 'req-1' },
      body: {
        code: 'rate_limited',
        title: 'Too Many Requests',
        detail: 'This tenant posts faster than it may. Post again in 7 s.',
      },
    });
  }
  opened.worlds.ingest.admit = async () => undefined;
  expect((await post(ONE, posted({ event_id: 'e1' }))).body).toMatchObject({ duplicate: false });
});

test('a budget is asked for the tenant and its events, once the caller may post there', async () => {
  const asked: unknown[] = [];
  opened.worlds.ingest.admit = async (...of) => void asked.push(of);
  await post(ONE, posted(), { key: 'nobody.knows' });
  await post('/v1/tenants/a%23b/events', posted());
  expect(asked).toEqual([]);
  await post(ONE, '{');
  await post(BATCH, `{"events":[${posted()},null,${posted()}]}`);
  expect(asked).toEqual([
    ['acme', 1],
    ['acme', 3],
  ]);
});

test.each([
  ['GET', ONE, 'POST'],
  ['DELETE', BATCH, 'POST'],
])('%s %s is a 405 that says %s', async (method, path, allow) => {
  expect(await call(method, path)).toMatchObject({ status: 405, headers: { allow } });
});
