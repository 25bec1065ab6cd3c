import { connect } from 'node:net';
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import { startHttpApi, type HttpApi } from '../../local/http-api.ts';

const routes = [
  { key: '$default', functionName: 'api' },
  { key: 'ANY /files/{path+}', functionName: 'files' },
  { key: 'POST /v1/tenants/{tenant}/events', functionName: 'ingest' },
  { key: 'POST /v1/tenants/{tenant}/events/batch', functionName: 'ingest' },
];

type Call = { functionName: string; event: APIGatewayProxyEventV2 };
const calls: Call[] = [];
const ok = async (): Promise<unknown> => ({ statusCode: 204 });
let handler: (event: APIGatewayProxyEventV2) => Promise<unknown> = ok;
let api: HttpApi;
let base: string;

const start = () =>
  startHttpApi({
    routes,
    host: '127.0.0.1',
    port: 0,
    invoke(functionName, event) {
      calls.push({ functionName, event });
      return handler(event);
    },
  });

beforeAll(async () => {
  api = await start();
  base = `http://127.0.0.1:${api.port}`;
});
afterEach(() => {
  calls.length = 0;
  handler = ok;
});
afterAll(() => api.stop());

/** Sends a request and gives what the function got. */
async function received(path: string, init: RequestInit = {}): Promise<Call> {
  await fetch(base + path, init);
  const call = calls.at(-1);
  if (!call) throw new Error('no function was called');
  return call;
}

/** Gives what a client gets when the function returns this. */
async function answered(result: unknown): Promise<Response> {
  handler = async () => result;
  return fetch(base);
}

/** A request spelled out, for what `fetch` would not send. */
async function raw(...lines: string[]): Promise<string> {
  const socket = connect(api.port, '127.0.0.1');
  socket.end([...lines, 'connection: close', '', ''].join('\r\n'));
  return Buffer.concat(await socket.toArray()).toString();
}

test.each([
  ['POST', '/v1/tenants/t1/events', 'ingest', 'POST /v1/tenants/{tenant}/events', { tenant: 't1' }],
  ['POST', '/v1/tenants/t1/events/batch', 'ingest', 'POST /v1/tenants/{tenant}/events/batch', { tenant: 't1' }],
  ['POST', '/v1/tenants/a%20b/events', 'ingest', 'POST /v1/tenants/{tenant}/events', { tenant: 'a b' }],
  ['GET', '/v1/tenants/t1/events', 'api', '$default', undefined],
  ['POST', '/v1/tenants/t1/events/', 'api', '$default', undefined],
  ['POST', '/v1/tenants//events', 'api', '$default', undefined],
  ['POST', '/v1/tenants/t1/eventsX', 'api', '$default', undefined],
  ['PUT', '/files/a/b', 'files', 'ANY /files/{path+}', { path: 'a/b' }],
  ['GET', '/', 'api', '$default', undefined],
])('%s %s goes to %s', async (method, path, functionName, routeKey, pathParameters) => {
  const call = await received(path, { method });
  expect(call.functionName).toBe(functionName);
  expect(call.event).toMatchObject({ version: '2.0', routeKey, requestContext: { routeKey, http: { method } } });
  expect(call.event.pathParameters).toEqual(pathParameters);
});

test('a path that no route takes is a 404 of the gateway', async () => {
  const bare = await startHttpApi({ routes: [], host: '127.0.0.1', port: 0, invoke: ok });
  const response = await fetch(`http://127.0.0.1:${bare.port}/`);
  expect([response.status, await response.json()]).toEqual([404, { message: 'Not Found' }]);
  await bare.stop();
});

test('the context says who asked what and when', async () => {
  const before = Date.now();
  const { event } = await received('/v1/me', { headers: { 'user-agent': 'tester/1' } });
  expect(event.requestContext).toEqual({
    accountId: '000000000000',
    apiId: 'local',
    domainName: `127.0.0.1:${api.port}`,
    domainPrefix: '127',
    http: { method: 'GET', path: '/v1/me', protocol: 'HTTP/1.1', sourceIp: '127.0.0.1', userAgent: 'tester/1' },
    requestId: expect.stringMatching(/^[0-9a-f-]{36}$/),
    routeKey: '$default',
    stage: '$default',
    time: expect.stringMatching(/^\d\d\/[A-Z][a-z]{2}\/\d{4}:\d\d:\d\d:\d\d \+0000$/),
    timeEpoch: expect.any(Number),
  });
  expect(event.requestContext.timeEpoch).toBeGreaterThanOrEqual(before);
});

test('header names are lower case, a header that comes twice is joined, cookies stand apart', async () => {
  await raw('GET / HTTP/1.1', 'Host: fanout.test', 'X-Two: a', 'x-two: b', 'Cookie: one=1; two=2', 'cookie: three=3');
  const { headers, cookies } = calls.at(-1)?.event ?? {};
  expect(headers).toMatchObject({
    host: 'fanout.test',
    'x-two': 'a,b',
    'x-forwarded-for': '127.0.0.1',
    'x-forwarded-proto': 'http',
  });
  expect(headers).not.toHaveProperty('cookie');
  expect(cookies).toEqual(['one=1', 'two=2', 'three=3']);
});

test('a request has a length and a trace, whether its client sent them or not', async () => {
  const { event } = await received('/');
  expect(event.headers).toMatchObject({
    'content-length': '0',
    'x-amzn-trace-id': expect.stringMatching(/^Root=1-[0-9a-f]{8}-[0-9a-f]{24}$/),
  });
  const traced = await received('/', { method: 'POST', body: 'ä', headers: { 'x-amzn-trace-id': 'Root=1-0-0' } });
  expect(traced.event.headers).toMatchObject({ 'content-length': '2', 'x-amzn-trace-id': 'Root=1-0-0' });
});

test('what a request lacks is absent, not empty', async () => {
  const { event } = await received('/');
  expect(event).toMatchObject({ rawPath: '/', rawQueryString: '', isBase64Encoded: false });
  for (const member of ['body', 'cookies', 'pathParameters', 'queryStringParameters'])
    expect(event).not.toHaveProperty(member);
});

test('the query arrives as sent and decoded, and a name that comes twice is joined', async () => {
  const { event } = await received('/x?a=1&b=%C3%A4+c&a=2&empty=');
  expect(event.rawQueryString).toBe('a=1&b=%C3%A4+c&a=2&empty=');
  expect(event.queryStringParameters).toEqual({ a: '1,2', b: 'ä c', empty: '' });
});

test.each([
  ['/a%20b', '/a b'],
  ['/%C3%A4', '/ä'],
  ['/a%3Fb', '/a'],
  ['/%zz', '/%zz'],
])('the path %s arrives as %s', async (path, rawPath) => {
  expect((await received(path)).event).toMatchObject({ rawPath, requestContext: { http: { path: rawPath } } });
});

const GREETING = Buffer.from('grüß 🙂');
const NOT_UTF8 = Buffer.from([0x7b, 0xff, 0x7d]);
const WITH_BOM = Buffer.from('\uFEFF{}');

test.each([
  ['application/json', GREETING, 'grüß 🙂', false],
  ['application/json; charset=utf-8', GREETING, 'grüß 🙂', false],
  ['text/plain', GREETING, 'grüß 🙂', false],
  ['application/xml', GREETING, 'grüß 🙂', false],
  ['application/json', WITH_BOM, '\uFEFF{}', false],
  ['application/json', NOT_UTF8, NOT_UTF8.toString('base64'), true],
  ['application/merge-patch+json', GREETING, GREETING.toString('base64'), true],
  ['application/x-www-form-urlencoded', GREETING, GREETING.toString('base64'), true],
  ['application/octet-stream', GREETING, GREETING.toString('base64'), true],
])('a body of %s (%p) arrives as %p', async (type, body, expected, isBase64Encoded) => {
  const { event } = await received('/', { method: 'POST', body, headers: { 'content-type': type } });
  expect(event).toMatchObject({ body: expected, isBase64Encoded });
});

test('a body without a type arrives in base64', async () => {
  const { event } = await received('/', { method: 'POST', body: Buffer.from('{}') });
  expect(event).toMatchObject({ body: 'e30=', isBase64Encoded: true });
});

test.each([
  ['10 MB', 10 * 1024 * 1024, 204],
  ['a byte more', 10 * 1024 * 1024 + 1, 413],
])('of %s the gateway answers %s', async (_, length, status) => {
  const response = await fetch(base, { method: 'POST', body: Buffer.alloc(length) });
  expect(response.status).toBe(status);
  if (status === 413) expect(await response.json()).toEqual({ message: 'Request Entity Too Large' });
});

test('an answer with status, headers, cookies and body is passed on', async () => {
  const response = await answered({
    statusCode: 201,
    headers: { 'Content-Type': 'application/problem+json', Location: '/v1/x', 'x-count': 3, 'Content-Length': '999' },
    cookies: ['a=1; HttpOnly', 'b=2'],
    body: '{"ä":1}',
  });
  expect(response.status).toBe(201);
  expect(Object.fromEntries(response.headers)).toMatchObject({
    'content-type': 'application/problem+json',
    'content-length': '8',
    location: '/v1/x',
    'x-count': '3',
    'apigw-requestid': expect.stringMatching(/./),
  });
  expect(response.headers.getSetCookie()).toEqual(['a=1; HttpOnly', 'b=2']);
  expect(await response.text()).toBe('{"ä":1}');
});

test('cookies may stand among the headers too', async () => {
  const response = await answered({ statusCode: 204, cookies: ['a=1'], headers: { 'Set-Cookie': 'b=2' } });
  expect(response.headers.getSetCookie()).toEqual(['a=1', 'b=2']);
});

test('a member that is null is none', async () => {
  const response = await answered({ statusCode: 204, headers: null, cookies: null, body: null, isBase64Encoded: null });
  expect(response.status).toBe(204);
});

test('a body in base64 is decoded', async () => {
  const response = await answered({ statusCode: 200, body: 'AP8=', isBase64Encoded: true });
  expect(Buffer.from(await response.arrayBuffer())).toEqual(Buffer.from([0, 255]));
});

test('a request that is cut off in the middle of its body reaches no function', async () => {
  await raw('POST / HTTP/1.1', 'host: x', 'content-length: 2');
  expect(calls).toEqual([]);
});

test.each([
  ['a status in text', { statusCode: '404', body: 'gone' }, 404, 'text/plain;charset=UTF-8', 'gone'],
  ['no body', { statusCode: 204 }, 204, null, ''],
  ['an object without a status', { hello: 'world' }, 200, 'application/json', '{"hello":"world"}'],
  ['a list', [1, 2], 200, 'application/json', '[1,2]'],
  ['a text', 'hello', 200, 'application/json', 'hello'],
  ['nothing', null, 200, 'application/json', 'null'],
])('%s from a function means %s', async (_, result, status, type, body) => {
  const response = await answered(result);
  expect([response.status, response.headers.get('content-type'), await response.text()]).toEqual([status, type, body]);
});

test.each([
  ['no status code', { statusCode: 'soon' }],
  ['an informational status', { statusCode: 100 }],
  ['a body that is no text', { statusCode: 200, body: { a: 1 } }],
  ['a header of several values', { statusCode: 200, headers: { 'x-a': ['b', 'c'] } }],
  ['headers that are a list', { statusCode: 200, headers: ['x-a'] }],
  ['cookies that are no list', { statusCode: 200, cookies: 'a=1' }],
  ['a header that would start another one', { statusCode: 200, headers: { 'x-a': 'b\r\nset-cookie: c' } }],
])('%s from a function is a failure', async (_, result) => {
  const response = await answered(result);
  expect([response.status, await response.json()]).toEqual([500, { message: 'Internal Server Error' }]);
});

test('a function that fails is a 500, and nothing of its error is shown', async () => {
  handler = async () => {
    throw new Error('table flow does not exist');
  };
  const response = await fetch(base);
  expect([response.status, await response.text()]).toEqual([500, '{"message":"Internal Server Error"}']);
});

test('stop answers what is running and takes nothing new', async () => {
  const stopping = await start();
  const { promise: asked, resolve: ask } = Promise.withResolvers<void>();
  const { promise: mayAnswer, resolve: letAnswer } = Promise.withResolvers<void>();
  handler = async () => {
    ask();
    await mayAnswer;
    return { statusCode: 202, body: 'done' };
  };
  const running = fetch(`http://127.0.0.1:${stopping.port}`);
  await asked;
  const stopped = stopping.stop();
  await expect(fetch(`http://127.0.0.1:${stopping.port}`)).rejects.toThrow();
  letAnswer();
  expect(await (await running).text()).toBe('done');
  await stopped;
});
