import { generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Deployment } from '../../deploy/cdk.ts';
import type { Ministack } from '../../deploy/ministack.ts';

/** Who makes tokens, and tells gateways by which keys they are verified. */
export interface Issuer {
  url: string;
  /** With these claims beside those that it always has: for us, and for a minute. */
  token(claims: Record<string, unknown>): string;
  close(): Promise<void>;
}

const AUDIENCE = 'webhooks';
const KEY_ID = 'key-1';

/** On loopback, with ministack's own certificate: it trusts no other. */
export async function startIssuer({ certificate }: Ministack): Promise<Issuer> {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const key = { ...publicKey.export({ format: 'jwk' }), kid: KEY_ID, use: 'sig', alg: 'RS256' };
  const tls = { cert: readFileSync(certificate), key: readFileSync(certificate.replace(/\.crt$/, '.key')) };
  const server = createServer(tls, (request, response) => {
    const isKeys = request.url === '/keys';
    const answer = isKeys ? { keys: [key] } : { issuer: url, jwks_uri: `${url}/keys` };
    response.setHeader('content-type', 'application/json').end(JSON.stringify(answer));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const url = `https://localhost:${(server.address() as AddressInfo).port}`;
  return {
    url,
    token(claims) {
      const now = Math.floor(Date.now() / 1_000);
      return signed({ iss: url, aud: AUDIENCE, iat: now, exp: now + 60, ...claims }, privateKey);
    },
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

function signed(claims: object, key: KeyObject): string {
  const parts = [{ alg: 'RS256', typ: 'JWT', kid: KEY_ID }, claims];
  const text = parts.map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
  return `${text}.${sign('sha256', Buffer.from(text), key).toString('base64url')}`;
}

/** The catalogue is for callers alone as well. */
export const settingsOfTokens = ({ url: issuer }: Issuer): string[] => {
  const auth = { jwt: { issuer, audience: [AUDIENCE], scopePrefix: 'webhooks/' } };
  return ['-c', `auth=${JSON.stringify(auth)}`, '-c', 'catalogueAccess=key'];
};

const NORTH = '/v1/tenants/north/events';
const SOUTH = '/v1/tenants/south/events';
const REFUSED = /^401 \{"message": ?"Unauthorized"\}$/;

/** What is asked, with which token, and what must come of it. */
type Case = [request: string, token: string | undefined, expected: RegExp];

function casesOf({ token }: Issuer): Case[] {
  const billing = { sub: 'billing', scope: 'openid webhooks/events:write', fanout_tenant: 'north' };
  const mine = token(billing);
  return [
    [`POST ${NORTH}`, mine, /^202 .*"duplicate":false/],
    ['GET /v1/me', mine, /^200 .*"jwt:billing".*"events:write".*"north"/],
    [`POST ${SOUTH}`, mine, /^404 .*"code":"not_found"/],
    [`GET ${NORTH}`, mine, /^403 .*"code":"/],
    ['GET /v1/event-types', mine, /^200 /],
    [`POST ${NORTH}`, token({ ...billing, fanout_tenant: undefined }), /^404 .*"code":"not_found"/],
    [`POST ${NORTH}`, token({ ...billing, scope: 'events:write' }), /^403 .*"code":"/],
    [`GET ${SOUTH}`, token({ sub: 'ops', scope: 'webhooks/admin' }), /^200 /],
    [`POST ${NORTH}`, token({ ...billing, aud: 'others' }), REFUSED],
    [`POST ${NORTH}`, token({ ...billing, exp: 1 }), REFUSED],
    [`POST ${NORTH}`, `${mine.split('.').slice(0, 2).join('.')}.${token({}).split('.')[2]}`, REFUSED],
    [`POST ${NORTH}`, undefined, REFUSED],
    ['GET /v1/event-types', undefined, REFUSED],
    ['GET /healthz', undefined, /^200 /],
  ];
}

/** Asks as several callers. @throws Error that says where one of them is taken for somebody else */
export async function expectTokens({ url }: Deployment, issuer: Issuer): Promise<void> {
  for (const [request, token, expected] of casesOf(issuer)) {
    const [method = '', path = ''] = request.split(' ');
    const response = await fetch(url + path, {
      method,
      headers: { 'content-type': 'application/json', ...(token !== undefined && { authorization: `Bearer ${token}` }) },
      ...(method === 'POST' && { body: '{"event_type":"Guest.Created","data":{"id":"g1"}}' }),
    });
    const answer = `${response.status} ${await response.text()}`;
    if (!expected.test(answer)) throw new Error(`${request} is answered ${answer}, and not ${String(expected)}`);
  }
}
