import { once } from 'node:events';
import { createServer } from 'node:net';
import { afterEach, expect, test } from '@jest/globals';
import { Webhook } from 'standardwebhooks';
import { openInbox, type Arrival, type Inbox } from '../../local/inbox.ts';
import { until } from '../support/until.ts';

const SECRET = `whsec_${Buffer.alloc(24, 1).toString('base64')}`;
const OTHER = `whsec_${Buffer.alloc(24, 2).toString('base64')}`;

const inboxes: Inbox[] = [];
afterEach(() => Promise.all(inboxes.splice(0).map((inbox) => inbox.stop())));

async function open(secrets: () => Promise<string[]>, ports: readonly number[] = [0]) {
  const arrivals: Arrival[] = [];
  const inbox = await openInbox({ ports, secrets, onArrival: (arrival) => arrivals.push(arrival) });
  inboxes.push(inbox);
  return { inbox, arrivals };
}

/** Sends a delivery that is signed with this secret. */
async function deliver(url: string, secret: string, { body = '{"event_type":"Guest.Created"}', headers = {} } = {}) {
  const at = new Date();
  const signed = {
    'webhook-id': 'dlv_1',
    'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
    'webhook-signature': new Webhook(secret).sign('dlv_1', at, body),
  };
  return fetch(url, { method: 'PUT', body, headers: { ...signed, ...headers } });
}

test('an arrival says what came and that its signature holds', async () => {
  const { inbox, arrivals } = await open(async () => [OTHER, SECRET]);
  expect((await deliver(inbox.url, SECRET)).status).toBe(204);
  await until(() => arrivals.length === 1);
  expect(arrivals).toEqual([
    {
      at: expect.any(Date),
      method: 'PUT',
      eventType: 'Guest.Created',
      deliveryId: 'dlv_1',
      bytes: 30,
      signature: 'verified',
    },
  ]);
});

test('a new secret is asked for when the known ones do not fit', async () => {
  const secrets = [OTHER];
  const { inbox, arrivals } = await open(async () => secrets);
  await deliver(inbox.url, SECRET);
  await until(() => arrivals.length === 1);
  secrets.push(SECRET);
  await deliver(inbox.url, SECRET);
  await until(() => arrivals.length === 2);
  expect(arrivals.map(({ signature }) => signature)).toEqual(['WRONG', 'verified']);
});

test.each<[string, Arrival['signature'], () => Promise<string[]>, Record<string, string>]>([
  ['no secret to check it with', 'not checked', async () => [], {}],
  [
    'secrets that cannot be had',
    'not checked',
    async () => {
      throw new Error('503');
    },
    {},
  ],
  ['a public-key signature', 'not checked', async () => [SECRET], { 'webhook-signature': 'v1a,c2ln' }],
  ['no signature', 'missing', async () => [SECRET], { 'webhook-signature': '' }],
])('with %s, the signature is %s', async (_, signature, secrets, headers) => {
  const { inbox, arrivals } = await open(secrets);
  await deliver(inbox.url, SECRET, { headers });
  await until(() => arrivals.length === 1);
  expect(arrivals[0]?.signature).toBe(signature);
});

test.each([
  ['the standard format', { body: '{"type":"Invoice.Closed"}' }, 'Invoice.Closed'],
  [
    'CloudEvents in headers',
    { body: '{"type":"a member of data"}', headers: { 'ce-type': 'Class.Created' } },
    'Class.Created',
  ],
  ['something that is no JSON', { body: 'hello' }, '-'],
])('the event type is found in %s', async (_, delivery, eventType) => {
  const { inbox, arrivals } = await open(async () => [SECRET]);
  await deliver(inbox.url, SECRET, delivery);
  await until(() => arrivals.length === 1);
  expect(arrivals[0]?.eventType).toBe(eventType);
});

test('other paths are not the inbox', async () => {
  const { inbox, arrivals } = await open(async () => []);
  expect((await deliver(`${inbox.url}-not`, SECRET)).status).toBe(404);
  expect(arrivals).toEqual([]);
});

test('when a port is taken, the next one is tried', async () => {
  const other = createServer().listen(0, '127.0.0.1');
  await once(other, 'listening');
  const { port: taken } = Object(other.address());
  const { inbox } = await open(async () => [], [taken, 0]);
  expect(new URL(inbox.url).port).not.toBe(String(taken));
  expect((await deliver(inbox.url, SECRET)).status).toBe(204);
  other.close();
});
