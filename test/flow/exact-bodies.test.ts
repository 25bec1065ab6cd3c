import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Webhook } from 'standardwebhooks';
import { membersOf } from '../../shared/domain/json-text.ts';
import { callerOf, type Caller } from '../support/api.ts';
import { startInbox } from '../support/subscriber.ts';
import { openTarget, type OpenTarget } from '../support/target.ts';

const TENANT = `exact-${String(process.pid)}`;
const GUEST = '"id":"feed000d-0000-4000-8000-00000000000d"';

let target: OpenTarget;
let api: Caller;

beforeAll(async () => {
  target = await openTarget();
  api = callerOf(target);
}, 120_000);

afterAll(() => target.close());

/** Posts `data` and answers what one subscriber gets, who refuses as often as told before. */
async function travel(
  data: string,
  { refusals = 0, wish = {} }: { refusals?: number; wish?: Record<string, unknown> } = {},
) {
  let left = refusals;
  const inbox = await startInbox((_, response) => {
    response.statusCode = left-- > 0 ? 503 : 200;
    response.end();
  });
  const subscription = { url: inbox.url, event_types: ['Guest.Created'], retry: { delays_seconds: [0, 0] }, ...wish };
  const { id, secret } = await api.subscribe(TENANT, subscription);
  try {
    await api.publish(TENANT, `{"event_type":"Guest.Created","data":${data}}`);
    return { requests: await inbox.waitFor(refusals + 1, 20_000), secret };
  } finally {
    await api.remove(`/v1/tenants/${TENANT}/subscriptions/${id}`);
    await inbox.close();
  }
}

const dataIn = (body: Buffer): string | undefined => membersOf(body.toString()).get('data');

test.each([
  ['numbers beyond 2^53', `{${GUEST},"_id":820982911946154508}`],
  ['trailing zeros', `{${GUEST},"amount":199.00,"rate":1.0e2,"none":-0,"tiny":1E-7}`],
  ['key order', `{"z":1,${GUEST},"a":2,"10":3,"2":4}`],
  ['unknown fields, deep down', `{${GUEST},"added":{"by":[{"the":"field"},[[]],{}]}}`],
  ['unicode as it is written', `{${GUEST},"name":"Zoë 東京 🚀","escaped":"\\u00e9\\ud83d\\ude80\\/","line":"\u2028"}`],
  ['every escape', `{${GUEST},"all":"\\"\\\\\\/\\b\\f\\n\\r\\t\\u0000"}`],
  ['names of a prototype', `{${GUEST},"__proto__":{"x":1},"constructor":null,"toString":0}`],
])('%s arrive token for token', async (_, data) => {
  const { requests } = await travel(data);
  expect(dataIn(requests[0]!.body)).toBe(data);
});

test('white space between tokens may go, inside strings it stays', async () => {
  const { requests } = await travel(`{\n  ${GUEST} ,\t"text" : "  a\\tb  "\r\n}`);
  expect(dataIn(requests[0]!.body)).toBe(`{${GUEST},"text":"  a\\tb  "}`);
});

test('a body of 200 KB that is not ASCII arrives whole', async () => {
  const data = `{${GUEST},"text":"${'東京🚀'.repeat(20_000)}"}`;
  const { requests } = await travel(data);
  expect(dataIn(requests[0]!.body)).toBe(data);
});

test('every attempt carries the same bytes and id, and a signature of its own moment', async () => {
  const { requests, secret } = await travel(`{${GUEST},"amount":199.00}`, { refusals: 2 });
  const verifier = new Webhook(secret);
  for (const { body, headers } of requests) verifier.verify(body.toString(), headers as Record<string, string>);
  expect(new Set(requests.map(({ body }) => body.toString())).size).toBe(1);
  expect(new Set(requests.map(({ headers }) => headers['webhook-id'])).size).toBe(1);
}, 30_000);

test('filters see values, whatever their spelling', async () => {
  const { requests } = await travel(`{${GUEST},"amount":1.990e2}`, {
    wish: { filter: { data: { amount: [{ numeric: ['=', 199] }] } } },
  });
  expect(dataIn(requests[0]!.body)).toBe(`{${GUEST},"amount":1.990e2}`);
});

test('filters see data that is too large to travel with its event', async () => {
  const data = `{${GUEST},"text":"${'x'.repeat(70_000)}","amount":199}`;
  const { requests } = await travel(data, { wish: { filter: { data: { amount: [199] } } } });
  expect(dataIn(requests[0]!.body)).toBe(data);
});

test('the event shows its data token for token as well', async () => {
  const data = `{${GUEST},"_id":820982911946154508,"amount":199.00}`;
  const { event_id } = await api.publish(TENANT, `{"event_type":"Guest.Created","data":${data}}`);
  const { text } = await api.get(`/v1/tenants/${TENANT}/events/${event_id}`);
  expect(membersOf(text).get('data')).toBe(data);
});
