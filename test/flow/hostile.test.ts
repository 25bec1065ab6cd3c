import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { callerOf, type Caller, type Reply } from '../support/api.ts';
import { operations } from '../support/documents.ts';
import { holdOpen, sendRaw } from '../support/raw-socket.ts';
import { openTarget, type OpenTarget } from '../support/target.ts';

/** What strangers send to break something. The caller itself throws where an answer is not one of the contract. */

const TENANT = `hostile-${String(process.pid)}`;
const OTHER = `${TENANT}-other`;
const ALL = `/v1/tenants/${TENANT}/subscriptions`;
const EVENTS = `/v1/tenants/${TENANT}/events`;
const WISH = { url: 'https://example.com/hook', event_types: ['Guest.*'] };

let target: OpenTarget;
let api: Caller;
let subscription: string;

beforeAll(async () => {
  target = await openTarget();
  api = callerOf(target);
  for (const name of ['one', 'two', 'three']) {
    subscription = (await api.subscribe(TENANT, { ...WISH, name })).id;
    await api.subscribe(OTHER, { ...WISH, name });
  }
}, 120_000);

afterAll(() => target.close());

const isRefused = ({ status, body }: Reply): boolean => status >= 400 && status < 500 && typeof body.code === 'string';

describe('an id', () => {
  // Of `%2e%2e` a client makes another path by itself, before it sends anything.
  const odd = ['%23', '%2523', 'a%23b', 'SUB%23sub_1', '..%2f..%2fkeys', '%00', 'a%0d%0ab', '%ff', '%zz', '%c0%af', '%d0%b0cme', '%EF%BC%A1', '%F0%9F%9A%80', '__proto__', 'a'.repeat(129), 'a'.repeat(4_000)]; // prettier-ignore
  const templates = [...new Set(operations.filter(({ path }) => path.includes('{')).map(({ path }) => path))];

  test.each(templates)('that is none is refused wherever it stands in %s', async (template) => {
    const names = [...template.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name);
    const paths = names.flatMap((name) => odd.map((id) => filled(template, { [name]: id })));
    const replies = await Promise.all(paths.map((path) => api.get(path)));
    expect(replies.filter((reply) => !isRefused(reply)).map(({ text }) => text)).toEqual([]);
  });

  const filled = (template: string, ids: Record<string, string>): string =>
    template.replace(/\{(\w+)\}/g, (_, name) => ids[name] ?? { tenant: TENANT, id: subscription }[String(name)] ?? 'x');
});

describe('a cursor', () => {
  const get = (path: string, cursor: string, more = '') =>
    api.get(`${path}?limit=1&cursor=${encodeURIComponent(cursor)}${more}`);
  const first = async (path: string): Promise<string> => (await api.get(`${path}?limit=1`)).body.next_cursor;

  test('of another list is refused: of another tenant, route or filter', async () => {
    const cursor = await first(ALL);
    expect(await get(ALL, cursor)).toMatchObject({ status: 200 });
    const elsewhere = [
      await get(ALL.replace(TENANT, OTHER), cursor),
      await get('/v1/keys', cursor),
      await get('/v1/tenants', cursor),
      await get(EVENTS, cursor),
      await get(`${ALL}/${subscription}/attempts`, cursor, '&outcome=accepted'),
      await get(ALL, await first('/v1/tenants')),
    ];
    for (const reply of elsewhere) expect(reply).toMatchObject({ status: 400, body: { code: 'bad_cursor' } });
  });

  test('that was tampered with is refused, wherever', async () => {
    const cursor = await first(ALL);
    const flipped = Array.from(cursor, (char, at) => cursor.slice(0, at) + (char === 'A' ? 'B' : 'A') + cursor.slice(at + 1)); // prettier-ignore
    const forged = [
      ...flipped.filter((one) => one !== cursor),
      ...[
        cursor.slice(0, -1),
        cursor.slice(1),
        `${cursor}A`,
        `${cursor}=`,
        ` ${cursor}`,
        cursor + cursor,
        `${cursor}\0`,
      ],
      ...['', 'A', '__proto__', '{"pk":"x"}', 'A'.repeat(5_000)],
    ];
    const replies = await Promise.all(forged.map((one) => get(ALL, one)));
    expect(replies.map(({ status, body }) => `${status} ${body.code}`)).toEqual(forged.map(() => '400 bad_cursor'));
  });
});

describe('a name that every object has', () => {
  const NAMES = ['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', 'then', 'toJSON'];

  test.each(NAMES)('%s is refused as a member of ours, as a parameter and as a type', async (name) => {
    expect(await api.post(ALL, `{"${name}":{"admin":true},${JSON.stringify(WISH).slice(1)}`)).toMatchObject({ status: 422 }); // prettier-ignore
    expect(await api.post('/v1/keys', `{"${name}":{},"name":"k","scopes":["events:read"]}`)).toMatchObject({ status: 422 }); // prettier-ignore
    expect(await api.post('/v1/keys', { name: 'k', scopes: [name] })).toMatchObject({ status: 422 });
    expect(await api.get(`${ALL}?${name}=x`)).toMatchObject({ status: 400, body: { code: 'bad_query' } });
    expect(await api.get(`/v1/event-types/${name}`)).toMatchObject({ status: 404 });
    expect(await api.post(ALL, { ...WISH, event_types: [name] })).toMatchObject({ status: 422 });
    expect(await api.get(ALL, { headers: { [name]: 'x' } })).toMatchObject({ status: 200 });
  });

  test.each(NAMES)('%s arrives in data as any other', async (name) => {
    const event = `{"event_type":"Guest.Created","data":{"id":"g1","${name}":{"x":[1,{"${name}":null}]}}}`;
    const { event_id } = await api.publish(TENANT, event);
    expect((await api.get(`${EVENTS}/${event_id}`)).text).toContain(`"${name}":{"x":[1,{"${name}":null}]}`);
  });
});

describe('a number', () => {
  test.each(['1e400', '-1e400', '1e-400', '-0', '-1', '123456789012345678901234567890', '1.5e300', 'NaN', '"1"'])(
    '%s is refused where it is out of bounds',
    async (number) => {
      const wish = (member: string) => api.post(ALL, `${JSON.stringify(WISH).slice(0, -1)},"${member}":${number}}`);
      expect(isRefused(await wish('timeout_seconds'))).toBe(true);
      expect(isRefused(await wish('rate_limit_per_second'))).toBe(true);
      expect(isRefused(await api.get(`${ALL}?limit=${encodeURIComponent(number)}`))).toBe(true);
      const rotate = `{"overlap_seconds":${number === '-0' ? '-1e400' : number}}`;
      if (number !== '1e-400') expect(isRefused(await api.post(`${ALL}/${subscription}/secret/rotate`, rotate))).toBe(true); // prettier-ignore
    },
  );

  test.each(['1e400', '-0', '1e-400', '1E+2'])('%s arrives in data as it is spelt', async (number) => {
    const { event_id } = await api.publish(TENANT, `{"event_type":"Guest.Created","data":{"id":"g1","n":${number}}}`);
    expect((await api.get(`${EVENTS}/${event_id}`)).text).toContain(`"n":${number}`);
  });
});

describe('a header of a subscription', () => {
  test.each([
    ['with a NUL', { 'x-a': 'a\0b' }],
    ['with a line feed', { 'x-a': 'a\nhost: b' }],
    ['with a bare carriage return', { 'x-a': 'a\rhost: b' }],
    ['beyond ASCII', { 'x-a': 'ä' }],
    ['that wraps around to a line feed in one byte', { 'x-a': 'a\u010ahost: b' }],
    ['whose name ends the line', { 'x-a\r\nhost': 'b' }],
    ['whose name has a colon', { 'x-a: b\r\nx-b': 'c' }],
    ['that is empty', { 'x-a': '' }],
    ['of ours in other case', { 'wEbHoOk-SiGnAtUrE': 'v1,x' }],
    ['that frames the body', { 'Transfer-Encoding': 'chunked' }],
    ['that is prototype', JSON.parse('{"__proto__":"x"}') as object],
  ])('%s is refused', async (_, headers) => {
    expect(await api.post(ALL, { ...WISH, headers })).toMatchObject({ status: 422, body: { code: 'invalid' } });
  });
});

describe('ten thousand', () => {
  const deep = (open: string, close: string): string => open.repeat(10_000) + close.repeat(10_000);
  const posts = operations.filter(({ body, path }) => body !== undefined && !path.includes('{delivery}'));

  test.each(posts.map(({ id, method, path }) => [id, method, path] as const))(
    'brackets or members are refused by %s',
    async (_, method, path) => {
      const at = path.replace('{tenant}', TENANT).replace('{id}', subscription);
      const members = `{${Array.from({ length: 10_000 }, (__, n) => `"k${n}":0`).join()}}`;
      for (const body of [
        deep('[', ']'),
        `${'{"a":'.repeat(10_000)}1${'}'.repeat(10_000)}`,
        members,
        '{"a":1,"a":2}',
      ]) {
        const reply = await api.call(method, at, { body });
        expect(isRefused(reply)).toBe(true);
        expect(reply.text.length).toBeLessThan(100_000);
      }
    },
  );
});

describe('a filter', () => {
  const wildcards = (count: number) => ({ data: { id: Array.from({ length: count }, (_, n) => ({ wildcard: `*a*b${n}*` })) } }); // prettier-ignore
  const event = { data: { id: 'ab'.repeat(50_000) } };

  test('of a hundred wildcards is answered on a long event, and of one more refused', async () => {
    expect((await api.post('/v1/filter-test', { filter: wildcards(100), event })).body).toEqual({ matches: false });
    expect(await api.post('/v1/filter-test', { filter: wildcards(101), event })).toMatchObject({ status: 422 });
    expect(await api.post(ALL, { ...WISH, filter: wildcards(101) })).toMatchObject({ status: 422 });
  });

  test('of 8 KiB is answered on an event of as many values as there can be', async () => {
    const filter = { v: Array.from({ length: 300 }, (_, n) => ({ prefix: `1${n}!` })) };
    const many = { v: Array.from({ length: 60_000 }, (_, n) => String(n % 10)) };
    expect((await api.post('/v1/filter-test', { filter, event: many })).body).toEqual({ matches: false });
  });
});

const isDeployed = process.env['FANOUT_TARGET'] === 'deployed';
if (isDeployed)
  console.warn('SKIPPED: raw sockets. A gateway stands before a deployment, and what it says is its own.');

(isDeployed ? describe.skip : describe)('bytes that no client sends (not on a deployment, which has a gateway)', () => {
  const head = (more: string): string =>
    `POST ${EVENTS} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${target.adminKey}\r\ncontent-type: application/json\r\n${more}\r\n\r\n`;
  const HEADERS = Array.from({ length: 10_000 }, (_, n) => `x-${n}: 1`).join('\r\n');

  test.each([
    ['ten thousand headers', () => head(HEADERS)],
    ['ten thousand times one header', () => head(Array(10_000).fill('x-a: 1').join('\r\n'))],
    ['a header of a megabyte', () => head(`x-a: ${'a'.repeat(1_000_000)}`)],
    ['a path of a megabyte', () => `GET /v1/${'a'.repeat(1_000_000)} HTTP/1.1\r\nhost: x\r\n\r\n`],
    ['two lengths', () => `${head('content-length: 2\r\ncontent-length: 3')}{}`],
    ['a length and chunks', () => `${head('content-length: 2\r\ntransfer-encoding: chunked')}{}`],
    ['a negative length', () => `${head('content-length: -1')}{}`],
    ['a length that is none', () => `${head('content-length: 0x10')}{}`],
    ['a length beyond everything', () => `${head('content-length: 99999999999999999999')}{}`],
    ['a chunk that is none', () => `${head('transfer-encoding: chunked')}zz\r\n{}\r\n0\r\n\r\n`],
    ['an encoding hidden by white space', () => `${head('transfer-encoding : chunked')}0\r\n\r\n`],
    ['a header without a colon', () => head('nothing')],
    ['a header with a NUL', () => head('x-a: a\0b')],
    ['a header that is folded', () => head('x-a: b\r\n c: d')],
    ['a length that is not kept', () => `${head('content-length: 500')}{"event_type":`],
    ['no version', () => 'GET /healthz\r\n\r\n'],
    ['another version', () => 'GET /healthz HTTP/9.9\r\nhost: x\r\n\r\n'],
    ['a method that is none', () => 'G\0T /healthz HTTP/1.1\r\nhost: x\r\n\r\n'],
    ['TLS', () => Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xfc, 0x03, 0x03])],
  ])('%s end in a refusal or a closed connection, and the next one is served', async (_, bytes) => {
    const answer = await sendRaw(target.url, bytes());
    if (answer !== 'closed') expect(Math.floor(answer / 100)).toBe(4);
    expect(await api.get('/healthz')).toMatchObject({ status: 200 });
  });

  test('a hundred bodies that never end keep nobody else from being served', async () => {
    const open = await Promise.all(Array.from({ length: 100 }, () => holdOpen(target.url, `${head('content-length: 500')}{"event`))); // prettier-ignore
    const event = { event_type: 'Guest.Created', data: { id: 'g1' } };
    const served = await Promise.all(Array.from({ length: 20 }, () => api.post(EVENTS, event)));
    expect(served.map(({ status }) => status)).toEqual(served.map(() => 202));
    for (const close of open) close();
    expect(await api.get('/healthz')).toMatchObject({ status: 200 });
  });
});
