import { createServer, type AddressInfo } from 'node:net';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { gzipSync } from 'node:zlib';
import { once } from 'node:events';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { createPoster, type PostRequest } from '../../shared/wire/post.ts';
import { behaviours, goodTls, trusted } from '../support/behaviours.ts';
import {
  startInbox,
  startSubscriber,
  type Inbox,
  type Peer,
  type Script,
  type Subscriber,
} from '../support/subscriber.ts';
import { until } from '../support/until.ts';

const make = (url: string, more: Partial<PostRequest> = {}): PostRequest => ({
  method: 'POST',
  url,
  headers: { 'content-type': 'application/json', 'webhook-id': 'dlv_1' },
  body: '{"a":199.00}',
  timeoutMs: 5_000,
  ...more,
});

const poster = createPoster({ policy: { targets: 'any' } });
let inbox: Inbox;
beforeAll(async () => {
  setDefaultCACertificates([...getCACertificates('default'), trusted]);
  inbox = await startInbox();
});
afterAll(async () => {
  await poster.close();
  await inbox.close();
});

const open: Subscriber[] = [];
const start = async (script: Script): Promise<Subscriber> => {
  const subscriber = await startSubscriber(script);
  open.push(subscriber);
  return subscriber;
};
afterEach(async () => {
  await Promise.all(open.splice(0).map((subscriber) => subscriber.close()));
});

const OK = 'HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n';
/** Answers the first request of each connection well, and later ones as told. */
const goodAtFirst = (later: (peer: Peer) => unknown): Script => ({
  asked: (peer) => (peer.requests === 1 ? peer.send(OK) : later(peer)),
});

describe('a subscriber that', () => {
  test.each(behaviours)('%s', async (_, does, expected) => {
    const subscriber = await start(does);
    const timesOut = 'reason' in expected && expected.reason?.startsWith('timeout');
    const outcome = await poster.post(make(`${subscriber.url}/hook`, { timeoutMs: timesOut ? 200 : 5_000 }));
    expect(outcome).toMatchObject(expected);
    expect(await poster.post(make(inbox.url))).toMatchObject({ kind: 'accepted' });
  });
});

describe('the request', () => {
  test.each(['POST', 'PUT', 'PATCH'] as const)('goes out as a %s, as given and with nothing added', async (method) => {
    const subscriber = await start({ asked: (peer) => peer.send(OK) });
    await poster.post(make(`${subscriber.url}/hook?a=b#c`, { method, body: Buffer.from('{"ü":1}') }));
    expect(subscriber.requests).toEqual([
      `${method} /hook?a=b HTTP/1.1\r\nhost: 127.0.0.1:${subscriber.port}\r\nconnection: keep-alive\r\n` +
        'content-type: application/json\r\nwebhook-id: dlv_1\r\ncontent-length: 8\r\n\r\n' +
        Buffer.from('{"ü":1}').toString('latin1'),
    ]);
  });

  test('carries no cookie that an earlier answer set', async () => {
    const jar = await startInbox((_, response) => response.setHeader('set-cookie', 'a=b').end());
    await poster.post(make(jar.url));
    await poster.post(make(jar.url));
    expect(jar.requests.map(({ headers }) => headers.cookie)).toEqual([undefined, undefined]);
    await jar.close();
  });

  test('that we got wrong ourselves is our exception, not an outcome', async () => {
    await expect(poster.post(make(inbox.url, { headers: { a: 'b\r\nc: d' } }))).rejects.toThrow('invalid a header');
  });
});

describe('the way there', () => {
  const withNames = (resolver: () => Promise<string[]>) => createPoster({ policy: { targets: 'any' }, resolver });

  test('a port where nothing listens', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    await once(server.close(), 'close');
    const outcome = await poster.post(make(`http://127.0.0.1:${port}`));
    expect(outcome).toMatchObject({ kind: 'unreachable', reason: 'connection_refused' });
  });

  test.each([
    ['without an address', async () => []],
    ['whose look-up fails', async () => Promise.reject(new Error('SERVFAIL'))],
  ])('a name %s', async (_, resolver) => {
    const outcome = await withNames(resolver).post(make('http://gone.example.com/'));
    expect(outcome).toMatchObject({ kind: 'unreachable', reason: 'dns_failed' });
  });

  test('a name whose look-up does not end takes no longer than the time-out', async () => {
    const lookup = Promise.withResolvers<string[]>();
    const outcome = await withNames(() => lookup.promise).post(make('http://slow.example.com/', { timeoutMs: 100 }));
    expect(outcome).toMatchObject({ kind: 'unreachable', reason: 'timeout_connect' });
    lookup.resolve([]);
  });

  test('the second address of a name serves when the first does not', async () => {
    const { port } = new URL(inbox.url);
    const poster = withNames(async () => ['127.0.0.3', '127.0.0.1']);
    expect(await poster.post(make(`http://hooks.example.com:${port}/`))).toMatchObject({ kind: 'accepted' });
    await poster.close();
  });

  test('TLS is spoken to the name, whatever the address', async () => {
    const subscriber = await start({ ...goodTls(), asked: (peer) => peer.send(OK) });
    const poster = withNames(async () => ['127.0.0.1']);
    expect(await poster.post(make(`https://hooks.example.com:${subscriber.port}/`))).toMatchObject({
      kind: 'accepted',
    });
    const wrong = make(`https://other.example.com:${subscriber.port}/`);
    // The second time the TLS session could be resumed, which checks no name.
    for (const _ of [1, 2]) expect(await poster.post(wrong)).toMatchObject({ reason: 'tls_hostname_mismatch' });
    await poster.close();
  });
});

describe('a connection', () => {
  test('is used again', async () => {
    const subscriber = await start({ asked: (peer) => peer.send(OK) });
    for (const _ of [1, 2, 3]) expect(await poster.post(make(subscriber.url))).toMatchObject({ kind: 'accepted' });
    expect(subscriber.connections.length).toBe(1);
  });

  test('over TLS as well', async () => {
    const subscriber = await start({ ...goodTls(), asked: (peer) => peer.send(OK) });
    for (const _ of [1, 2, 3]) expect(await poster.post(make(subscriber.url))).toMatchObject({ kind: 'accepted' });
    expect(subscriber.connections.length).toBe(1);
  });

  test.each([
    ['resets', (peer: Peer) => peer.reset()],
    ['closes', (peer: Peer) => peer.end()],
  ])('that %s when it is used again costs a new one, not the attempt', async (_, dies) => {
    const subscriber = await start(goodAtFirst(dies));
    await poster.post(make(subscriber.url));
    expect(await poster.post(make(subscriber.url))).toMatchObject({ kind: 'accepted' });
    expect([subscriber.requests.length, subscriber.connections.length]).toEqual([3, 2]);
    expect(subscriber.requests[2]).toBe(subscriber.requests[1]);
  });

  test('that dies too is the outcome: there is one free try', async () => {
    const subscriber = await start({
      asked: (peer) => (subscriber.requests.length === 1 ? peer.send(OK) : peer.reset()),
    });
    await poster.post(make(subscriber.url));
    expect(await poster.post(make(subscriber.url))).toMatchObject({ kind: 'unreachable', reason: 'connection_reset' });
    expect(subscriber.requests.length).toBe(3);
  });

  test.each([
    ['has given a byte of its answer', (peer: Peer) => peer.send('H').then(() => peer.reset()), 'connection_reset'],
    ['is silent until the time-out', () => {}, 'timeout_headers'],
  ])('that %s is not tried again', async (_, later, reason) => {
    const subscriber = await start(goodAtFirst(later));
    await poster.post(make(subscriber.url));
    const outcome = await poster.post(make(subscriber.url, { timeoutMs: 300 }));
    expect(outcome).toMatchObject({ kind: 'unreachable', reason });
    expect(subscriber.requests.length).toBe(2);
  });

  test('that is new and dies is not tried again', async () => {
    const subscriber = await start({ asked: (peer) => peer.reset() });
    expect(await poster.post(make(subscriber.url))).toMatchObject({ kind: 'unreachable', reason: 'connection_reset' });
    expect(subscriber.requests.length).toBe(1);
  });

  test('and its free try share one deadline', async () => {
    const subscriber = await start({
      asked: (peer) => {
        if (subscriber.requests.length === 1) return peer.send(OK);
        if (subscriber.requests.length === 2) setTimeout(() => peer.reset(), 800);
      },
    });
    await poster.post(make(subscriber.url));
    const outcome = await poster.post(make(subscriber.url, { timeoutMs: 1_000 }));
    expect(outcome).toMatchObject({ kind: 'unreachable', reason: 'timeout_headers' });
    expect(subscriber.requests.length).toBe(3);
    expect(outcome.duration_ms).toBeGreaterThanOrEqual(990);
    // A deadline of its own would have let the free try run until 1,800 ms at least.
    expect(outcome.duration_ms).toBeLessThan(1_800);
  });

  test('does not take a second answer for the answer to the next request', async () => {
    const forged = 'HTTP/1.1 500 Forged\r\ncontent-length: 0\r\n\r\n';
    const subscriber = await start({ asked: (peer) => peer.send(OK + forged) });
    for (const _ of [1, 2, 3]) expect(await poster.post(make(subscriber.url))).toMatchObject({ kind: 'accepted' });
    expect(subscriber.requests.length).toBe(3);
  });

  test.each([
    ['in the handshake', { scheme: 'https' } as const],
    ['waiting for the answer', { asked: () => {} }],
    ['in a body without end', { asked: (peer: Peer) => peer.send('HTTP/1.1 200 OK\r\n\r\nhello') }],
  ])('is closed when it is given up %s', async (_, does) => {
    const subscriber = await start(does);
    await poster.post(make(subscriber.url, { timeoutMs: 200 }));
    const { socket } = await until(() => subscriber.connections[0]);
    socket.resume();
    await until(() => socket.destroyed, 3_000);
  });

  test('is closed with the poster, once the tries under way are over', async () => {
    const poster = createPoster({ policy: { targets: 'any' } });
    const subscriber = await start({ asked: (peer) => setTimeout(() => void peer.send(OK), 100) });
    const outcome = poster.post(make(subscriber.url));
    await until(() => subscriber.requests.length === 1);
    await poster.close();
    expect(await outcome).toMatchObject({ kind: 'accepted' });
    await until(() => subscriber.connections.every(({ socket }) => socket.destroyed));
  });
});

describe('what it takes', () => {
  test.each([
    ['body', 'HTTP/1.1 200 OK\r\n\r\n'],
    ['status line', 'HTTP/1.1 200 '],
    ['chunk extension', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5;'],
  ])('a %s without end is not read for long', async (_, begins) => {
    const subscriber = await start({
      asked: (peer) => peer.send(begins).then(() => peer.flood('x'.repeat(16 * 1024))),
    });
    await poster.post(make(subscriber.url));
    await until(() => subscriber.connections.every(({ socket }) => socket.destroyed));
    expect(subscriber.sent()).toBeLessThan(1024 * 1024);
  });

  test('a path that hangs takes no connection from its neighbour', async () => {
    const subscriber = await start({});
    const aborts = new AbortController();
    const hanging = Array.from({ length: 80 }, () =>
      poster.post(make(`${subscriber.url}/hangs`, { signal: aborts.signal })).catch(() => 'given up'),
    );
    await until(() => subscriber.connections.length >= 64);
    const neighbour = poster.post(make(`${subscriber.url}/works`));
    const peer = await until(() => subscriber.connections[64]);
    expect(subscriber.connections.length).toBe(65);
    await peer.send(OK);
    expect(await neighbour).toMatchObject({ kind: 'accepted' });
    aborts.abort();
    expect(new Set(await Promise.all(hanging))).toEqual(new Set(['given up']));
  });

  test('who waited for a connection gets it with its time-out still whole', async () => {
    const subscriber = await start({ asked: (peer) => setTimeout(() => void peer.send(OK), 300) });
    const outcomes = await Promise.all(
      Array.from({ length: 130 }, () => poster.post(make(`${subscriber.url}/busy`, { timeoutMs: 700 }))),
    );
    expect(new Set(outcomes.map(({ kind }) => kind))).toEqual(new Set(['accepted']));
    expect(subscriber.connections.length).toBe(64);
  });

  test('no more than 256 connections are kept for later', async () => {
    const subscriber = await start({ asked: (peer) => peer.send(OK) });
    const paths = Array.from({ length: 300 }, (_, n) => `${subscriber.url}/${n}`);
    const poster = createPoster({ policy: { targets: 'any' } });
    await Promise.all(paths.map((url) => poster.post(make(url))));
    await until(() => subscriber.connections.filter(({ socket }) => socket.destroyed).length === 44);
    await poster.close();
  });

  test('our own signal ends it, and that is an exception', async () => {
    const subscriber = await start({ asked: () => {} });
    const outcome = poster.post(make(subscriber.url, { signal: AbortSignal.timeout(50) }));
    await expect(outcome).rejects.toThrow(/timeout/i);
    const { socket } = await until(() => subscriber.connections[0]);
    await until(() => socket.destroyed);
  });
});

describe('the excerpt', () => {
  const excerptOf = async (body: string | Buffer, headers = ''): Promise<string | undefined> => {
    const bytes = Buffer.from(body);
    const head = `HTTP/1.1 500 No\r\n${headers}content-length: ${bytes.length}\r\n\r\n`;
    const subscriber = await start({ asked: (peer) => peer.send(Buffer.concat([Buffer.from(head), bytes])) });
    const outcome = await poster.post(make(subscriber.url));
    return 'response_excerpt' in outcome ? outcome.response_excerpt : undefined;
  };

  test.each([
    ['is the body as text', 'no such centre', 'no such centre'],
    ['is one line', '<p>\r\n\tno\n</p>\n', '<p> no </p>'],
    ['ends after a kilobyte', 'x'.repeat(3_000), 'x'.repeat(1024)],
    ['does not cut a character in two', `${'x'.repeat(1023)}é`, 'x'.repeat(1023)],
    ['replaces what is not UTF-8', Buffer.from('61ff62', 'hex'), 'a\ufffdb'],
    ['shows control characters as code points', '\x1b[2Ja\0', '\\u{1b}[2Ja\\u{0}'],
    ['does not let text be turned around', 'a\u202eb', 'a\\u{202e}b'],
    ['stays within a kilobyte when it is full of them', '\0'.repeat(1024), '\\u{0}'.repeat(205).slice(0, 1024)],
    ['stays within one where nothing of it is UTF-8', Buffer.alloc(1024, 0xff), '\ufffd'.repeat(341)],
    ['is absent when there is nothing to show', ' \n', undefined],
  ])('%s', async (_, body, expected) => {
    expect(await excerptOf(body)).toBe(expected);
  });

  test('is absent when the body is encoded, which is never decoded', async () => {
    expect(await excerptOf(gzipSync('hello'), 'content-encoding: gzip\r\n')).toBeUndefined();
  });
});
