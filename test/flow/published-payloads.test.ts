import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Webhook } from 'standardwebhooks';
import { compactJson, membersOf } from '../../shared/domain/json-text.ts';
import { callerOf, type Caller } from '../support/api.ts';
import { postable } from '../support/published.ts';
import { startInbox, type Inbox, type Received } from '../support/subscriber.ts';
import { openTarget, type OpenTarget } from '../support/target.ts';

const TENANT = `zenoti-${String(process.pid)}`;
const METHODS = ['POST', 'PUT', 'PATCH'] as const;

let target: OpenTarget;
let api: Caller;
const inboxes = new Map<string, { inbox: Inbox; verifier: Webhook }>();
const receipts = new Map<string, string>();

beforeAll(async () => {
  target = await openTarget();
  api = callerOf(target);
  for (const method of METHODS) {
    const inbox = await startInbox();
    const wish = { url: `${inbox.url}/hook`, event_types: ['*'], method };
    const { secret } = await api.subscribe(TENANT, wish);
    inboxes.set(method, { inbox, verifier: new Webhook(secret) });
  }
  for (const { file, text } of postable) receipts.set(file, (await api.publish(TENANT, text)).event_id);
  for (const { inbox } of inboxes.values()) await inbox.waitFor(postable.length, 60_000);
}, 180_000);

afterAll(async () => {
  for (const { inbox } of inboxes.values()) await inbox.close();
  await target.close();
});

const arrivalsOf = (method: string, file: string): Received[] =>
  inboxes
    .get(method)!
    .inbox.requests.filter((request) => JSON.parse(request.body.toString()).event_id === receipts.get(file));

describe.each(METHODS)('to a %s subscriber', (method) => {
  test.each(postable)('$file arrives once, signed, with its data token for token', ({ file, type, text }) => {
    const arrivals = arrivalsOf(method, file);
    expect(arrivals).toHaveLength(1);
    const { body, headers, method: used } = arrivals[0]!;
    expect(used).toBe(method);
    const received = body.toString();
    // Throws unless one of the signatures is right, over these very bytes.
    inboxes.get(method)!.verifier.verify(received, headers as Record<string, string>);
    expect(membersOf(received).get('data')).toBe(membersOf(compactJson(text, 101)).get('data'));
    expect(JSON.parse(received)).toMatchObject({
      id: headers['webhook-id'],
      event_type: type,
      event_id: receipts.get(file),
    });
    expect(headers['content-type']).toBe('application/json');
  });
});

test('each delivery has a webhook-id of its own', () => {
  const ids = [...inboxes.values()].flatMap(({ inbox }) => inbox.requests.map(({ headers }) => headers['webhook-id']));
  expect(new Set(ids).size).toBe(postable.length * METHODS.length);
});

test('an event that is posted again is a duplicate and delivers nothing', async () => {
  const first = postable.find(({ text }) => JSON.parse(text).event_id !== undefined)!;
  const before = arrivalsOf('POST', first.file).length;
  await expect(api.publish(TENANT, first.text)).resolves.toMatchObject({
    duplicate: true,
    event_id: receipts.get(first.file),
  });
  // What is posted after it would come after it: when that is here, nothing else is on its way.
  const later = await api.publish(TENANT, { event_type: first.type, data: JSON.parse(first.text).data });
  for (const { inbox } of inboxes.values()) {
    const bodies = (await inbox.waitFor(postable.length + 1)).map(({ body }) => JSON.parse(body.toString()));
    expect(bodies.at(-1)).toMatchObject({ event_id: later.event_id });
  }
  expect(arrivalsOf('POST', first.file)).toHaveLength(before);
});

test('every event shows whom it matched and that all of them got it', async () => {
  for (const { file } of postable) {
    const path = `/v1/tenants/${TENANT}/events/${receipts.get(file)!}`;
    expect((await api.get(path)).body).toMatchObject({ matching: 'done', matched: METHODS.length });
    const { items } = (await api.get(`${path}/deliveries`)).body;
    expect(items.map(({ state }: { state: string }) => state)).toEqual(['delivered', 'delivered', 'delivered']);
  }
}, 30_000);
