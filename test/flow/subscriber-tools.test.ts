import { createPublicKey, verify } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { CloudEvent, HTTP } from 'cloudevents';
import { Webhook } from 'standardwebhooks';
import { callerOf, type Caller } from '../support/api.ts';
import { startInbox, type Received } from '../support/subscriber.ts';
import { openTarget, type OpenTarget } from '../support/target.ts';
import { until } from '../support/until.ts';

/** What a subscriber does on his second day: tries, rotates, looks back, asks again. */

const TENANT = `tools-${String(process.pid)}`;
const ALL = `/v1/tenants/${TENANT}/subscriptions`;
const guest = { event_type: 'Guest.Created', data: { id: 'g1', price: 199 } };

let target: OpenTarget;
let api: Caller;

beforeAll(async () => {
  target = await openTarget();
  api = callerOf(target);
}, 120_000);

afterAll(() => target.close());

const flat = ({ headers }: Received): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]));
const isSignedBy = (secret: string, request: Received): boolean => {
  try {
    new Webhook(secret).verify(request.body, flat(request), { jsonParse: false });
    return true;
  } catch {
    return false;
  }
};

test.each(['cloudevents', 'cloudevents-binary'])('%s arrive as the reference library reads them', async (format) => {
  const inbox = await startInbox();
  const { id, secret } = await api.subscribe(TENANT, { url: inbox.url, event_types: ['Guest.Created'], format });
  const { event_id } = await api.publish(TENANT, guest);
  const [request] = await inbox.waitFor(1);
  const read = HTTP.toEvent({ headers: flat(request!), body: String(request!.body) });
  if (Array.isArray(read)) throw new Error('one was sent');
  expect(new CloudEvent(read)).toMatchObject({
    id: request!.headers['webhook-id'],
    source: `/tenants/${TENANT}`,
    type: 'Guest.Created',
    eventid: event_id,
    data: guest.data,
  });
  expect(isSignedBy(secret, request!)).toBe(true);
  await api.remove(`${ALL}/${id}`);
  await inbox.close();
});

test('a test shows the whole attempt, and its Ed25519 signature is verified by the public key', async () => {
  const inbox = await startInbox((_, response) => response.writeHead(202).end('thanks'));
  const wish = { url: inbox.url, event_types: ['Invoice.*'], signing: 'v1a', status: 'disabled' };
  const { id } = await api.subscribe(TENANT, wish);
  const { status, body } = await api.post(`${ALL}/${id}/test`, {});
  expect([status, body]).toMatchObject([
    200,
    {
      event_type: 'Invoice.Closed',
      outcome: 'accepted',
      status: 202,
      response_excerpt: 'thanks',
      next: 'done',
      test: true,
    },
  ]);
  const [request] = await inbox.waitFor(1);
  const { public_key } = (await api.get(`${ALL}/${id}/public-key`)).body;
  const x = Buffer.from(String(public_key).slice('whpk_'.length), 'base64').toString('base64url');
  const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' });
  const headers = flat(request!);
  const content = `${headers['webhook-id']}.${headers['webhook-timestamp']}.${String(request!.body)}`;
  const [, signature = ''] = String(headers['webhook-signature']).split(',');
  expect(verify(null, Buffer.from(content), key, Buffer.from(signature, 'base64'))).toBe(true);
  expect((await api.get(`${ALL}/${id}/attempts`)).body.items).toEqual([]);
  await api.remove(`${ALL}/${id}`);
  await inbox.close();
});

test('a secret that is rotated: both sign, so that nobody has to change at the same moment', async () => {
  const inbox = await startInbox();
  const { id, secret } = await api.subscribe(TENANT, { url: inbox.url, event_types: ['Guest.Updated'] });
  const rotated = (await api.post(`${ALL}/${id}/secret/rotate`, {})).body;
  // What is on its way knows the old one alone for up to ten seconds.
  const request = await until(async () => {
    const before = inbox.requests.length;
    await api.publish(TENANT, { ...guest, event_type: 'Guest.Updated' });
    const arrived = (await inbox.waitFor(before + 1)).at(-1)!;
    expect(isSignedBy(secret, arrived)).toBe(true);
    return isSignedBy(String(rotated.secret), arrived) && arrived;
  }, 30_000);
  expect(isSignedBy(secret, request)).toBe(true);
  await api.remove(`${ALL}/${id}`);
  await inbox.close();
}, 60_000);

test('an event is found in the list, its delivery by its id, and sent once more under that', async () => {
  const inbox = await startInbox();
  const { id } = await api.subscribe(TENANT, { url: inbox.url, event_types: ['Guest.Deleted'] });
  const { event_id } = await api.publish(TENANT, { ...guest, event_type: 'Guest.Deleted' });
  const [first] = await inbox.waitFor(1);
  const deliveryId = String(first!.headers['webhook-id']);
  const delivered = await until(async () => {
    const { body } = await api.get(`/v1/tenants/${TENANT}/deliveries/${deliveryId}`);
    return body?.state === 'delivered' && body;
  });
  expect(delivered).toMatchObject({
    event_id,
    subscription_id: id,
    attempts_list: [{ attempt: 1, outcome: 'accepted' }],
  });
  const list = (await api.get(`/v1/tenants/${TENANT}/events?type=Guest.Deleted`)).body.items;
  expect(list).toMatchObject([{ event_id, event_type: 'Guest.Deleted', matched: 1 }]);

  const replay = await api.post(`/v1/tenants/${TENANT}/events/${event_id}/replay`, {});
  expect([replay.status, replay.body.deliveries]).toEqual([202, [{ delivery_id: deliveryId, subscription_id: id }]]);
  const [, second] = await inbox.waitFor(2);
  expect([second!.headers['webhook-id'], String(second!.body)]).toEqual([deliveryId, String(first!.body)]);
  await api.remove(`${ALL}/${id}`);
  await inbox.close();
});

test('a filter is tried before anything has it, and a key makes a subscription once', async () => {
  const filter = { data: { price: [{ numeric: ['>', 100] }] } };
  expect((await api.post('/v1/filter-test', { filter, event: guest })).body).toEqual({ matches: true });
  const more = { headers: { 'idempotency-key': 'made-once' } };
  const wish = { url: 'http://127.0.0.1:9/', event_types: ['Guest.Created'], filter, status: 'disabled' };
  const [first, again] = [await api.post(ALL, wish, more), await api.post(ALL, wish, more)];
  expect([again.status, again.body]).toEqual([201, first.body]);
  await api.remove(`${ALL}/${first.body.id}`);
});
