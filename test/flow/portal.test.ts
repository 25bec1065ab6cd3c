import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { openTarget, type OpenTarget } from '../support/target.ts';

let target: OpenTarget;
beforeAll(async () => {
  target = await openTarget();
}, 120_000);
afterAll(() => target.close());

/** Beside the API, so its answers are not those of the contract. */
const ask = (init: RequestInit = {}): Promise<Response> => fetch(`${target.url}/portal`, init);

test('the portal is a page for everybody, which knows nobody without the fragment', async () => {
  const response = await ask();
  expect([response.status, response.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
  expect(response.headers.get('content-security-policy')).toContain("frame-ancestors 'none'");
  expect(await response.text()).toMatch(/^<!doctype html>[^]*<div id="app"><\/div>[^]*<\/html>\n$/);
});

test('it comes compressed to whoever takes that, byte for byte', async () => {
  const plain = await ask({ headers: { 'accept-encoding': 'identity' } });
  const zipped = await ask({ headers: { 'accept-encoding': 'gzip' } });
  expect([plain.headers.get('content-encoding'), zipped.headers.get('content-encoding')]).toEqual([null, 'gzip']);
  // fetch takes the compression off by itself.
  const bytes = Buffer.from(await zipped.arrayBuffer());
  expect((bytes[0] === 0x1f ? gunzipSync(bytes) : bytes).toString()).toBe(await plain.text());
});

test('whoever has it is told so', async () => {
  const etag = (await ask()).headers.get('etag') ?? '';
  expect((await ask({ headers: { 'if-none-match': etag } })).status).toBe(304);
});

test.each(['HEAD', 'POST', 'DELETE'])('%s is no way to ask for it', async (method) => {
  const response = await ask({ method });
  expect([response.status, response.headers.get('allow')]).toEqual([405, 'GET']);
});

test('a session leads there', async () => {
  const response = await fetch(`${target.url}/v1/tenants/portal-${process.pid}/portal-session`, {
    method: 'POST',
    headers: { authorization: `Bearer ${target.adminKey}`, 'content-type': 'application/json' },
    body: '{}',
  });
  const { url, token } = (await response.json()) as { url: string; token: string };
  // By the name that the gateway goes by, which may be another one than that by which we reach it.
  const { pathname, hash } = new URL(url);
  expect([pathname, hash]).toEqual(['/portal', `#token=${token}`]);
  expect((await ask()).status).toBe(200);
});
