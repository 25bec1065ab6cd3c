import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { openControlPlane, type ControlPlane } from '../support/control-plane.ts';
import { startDynalite, type DynamoDb } from '../support/dynamodb.ts';
import type { Reply } from '../support/http-event.ts';
import { startKms, type TestKms } from '../support/kms.ts';

const ALL = '/v1/tenants/acme/subscriptions';
const WISH = { url: 'https://crm.example.com/hooks', event_types: ['Guest.*'] };

let dynamo: DynamoDb;
let kms: TestKms;
let plane: ControlPlane;
let one: string;
beforeAll(async () => {
  dynamo = await startDynalite();
  kms = await startKms();
});
beforeEach(async () => {
  plane = await openControlPlane(dynamo, kms);
  one = `${ALL}/${(await plane.call('POST', ALL, { body: WISH })).body.id}`;
});
afterAll(async () => {
  await kms.close();
  await dynamo.close();
});

/** The text of a subscription with one more member, as it is written here. */
const wishWith = (member: string): string => `${JSON.stringify(WISH).slice(0, -1)},${member}}`;
const create = (body: unknown): Promise<Reply> => plane.call('POST', ALL, { body });
const refused = (pointer: string, code = 'invalid') => ({ status: 422, body: { code, errors: [{ pointer }] } });

/** Longer than a key of the table may be. */
const OVERLONG = 'a'.repeat(3_000);

test.each([
  ['with a #', 'a#b'],
  ['like a key of the table', 'SUB#sub_1'],
  ['with a NUL', 'a\0'],
  ['in Cyrillic', 'а'],
  ['of 3,000 letters', OVERLONG],
])('an id %s is refused wherever it stands', async (_, odd) => {
  const id = encodeURIComponent(odd);
  const paths = [
    ...[`${ALL}/${id}`, `${one}/replays/${id}`, `/v1/keys/${id}`, `/v1/tenants/${id}`],
    ...[`/v1/tenants/acme/deliveries/${id}`, `/v1/tenants/acme/events/${id}`],
  ];
  const replies = await Promise.all(paths.map((path) => plane.call('GET', path)));
  expect(replies.map(({ status }) => status)).toEqual(paths.map(() => 422));
});

test.each(['9999-12-31T23:59:59-12:00', '0000-01-01T00:00:00+12:00'])(
  'a time whose year has a sign in UTC is refused: %s',
  async (time) => {
    const query = `from=${encodeURIComponent(time)}`;
    const lists = [`${one}/attempts`, `${one}/stats`, '/v1/tenants/acme/events', '/v1/tenants/acme/usage'];
    for (const list of lists) {
      expect(await plane.call('GET', `${list}?${query}`)).toMatchObject({ status: 400, body: { code: 'bad_query' } });
    }
    expect(await plane.call('POST', `${one}/replay`, { body: { from: time } })).toMatchObject(refused('/from'));
  },
);

describe('a member called __proto__', () => {
  test('of a filter is a condition like any other', async () => {
    const filter = '{"b":["x"],"__proto__":{"a":["y"]}}';
    const made = await create(wishWith(`"filter":${filter}`));
    expect(JSON.stringify(made.body.filter)).toBe(filter);
    const kept = await plane.call('GET', made.headers.location ?? '');
    expect(JSON.stringify(kept.body.filter)).toBe(filter);
    const verdict = (event: string) =>
      plane.call('POST', '/v1/filter-test', { body: `{"filter":${filter},"event":${event}}` });
    expect((await verdict('{"b":"x"}')).body).toEqual({ matches: false });
    expect((await verdict('{"b":"x","__proto__":{"a":"y"}}')).body).toEqual({ matches: true });
  });

  test('is refused where it is a header or unknown', async () => {
    expect(await create(wishWith('"headers":{"__proto__":"x"}'))).toMatchObject(refused('/headers/__proto__'));
    expect(await create(wishWith('"__proto__":{"method":"PUT"}'))).toMatchObject(refused('/__proto__'));
    const patch = await plane.call('PATCH', one, { body: '{"headers":{"a":"b","__proto__":null}}' });
    expect(patch).toMatchObject(refused('/headers/__proto__'));
  });
});

test('a member that stands twice is refused, for readers differ in which of them counts', async () => {
  expect(await create(wishWith('"url":"https://elsewhere.example.com/"'))).toMatchObject(
    refused('/url', 'duplicate_member'),
  );
  expect(await create(wishWith('"filter":{"a":["x"],"\\u0061":["y"]}'))).toMatchObject(
    refused('/filter/a', 'duplicate_member'),
  );
});

test('a number too large for a double is refused in a filter, where it would be kept as null', async () => {
  expect(await create(wishWith('"filter":{"a":[1,1e400]}'))).toMatchObject(refused('/filter/a/1'));
  expect(await create(wishWith('"filter":{"a":[1e308,-0,1e-400]}'))).toMatchObject({ status: 201 });
});

test('half a surrogate pair is refused in a name, for it has no spelling in UTF-8', async () => {
  expect(await create(wishWith('"name":"\\ud83d"'))).toMatchObject(refused('/name'));
  expect(await create(wishWith('"name":"\\ud83d\\ude80"'))).toMatchObject({ status: 201, body: { name: '🚀' } });
});

test.each([
  ['10,000 unknown members', wishWith(Array.from({ length: 10_000 }, (_, i) => `"member${i}":0`).join())],
  ['a name of 200 KB', wishWith(`"${'~'.repeat(200_000)}":0`)],
  ['a name of 200 KB twice', wishWith(`"${'~'.repeat(100_000)}":0,"${'~'.repeat(100_000)}":0`)],
  ['a filter of 200 KB', wishWith(`"filter":{"${'~'.repeat(200_000)}":0}`)],
  ['a header of 200 KB', wishWith(`"headers":{"${'~'.repeat(200_000)}":0}`)],
  ['an event type of 200 KB', JSON.stringify({ ...WISH, event_types: ['x'.repeat(200_000)] })],
])('the answer to %s is short', async (_, body) => {
  const { status, text } = await create(body);
  expect(status).toBe(422);
  expect(text.length).toBeLessThan(30_000);
});

test.each(['{"secret":whsec_hush}', '{"a":"hush" hush}', 'hush', '{"secret":"hush', '{"a":"hush"}}'])(
  'a body that is no JSON is not quoted in its refusal: %s',
  async (body) => {
    const { status, text } = await create(body);
    expect(status).toBe(400);
    expect(text).not.toContain('hush');
  },
);

test.each(['[', '{"a":'])('a body of ten thousand %s is refused', async (open) => {
  const close = open === '[' ? ']' : '}';
  const deep = `${open.repeat(10_000)}1${close.repeat(10_000)}`;
  for (const body of [
    deep,
    wishWith(`"filter":${deep}`),
    wishWith(`"filter":{"a":${deep}}`),
    wishWith(`"headers":${deep}`),
  ]) {
    expect(await create(body)).toMatchObject({ status: 422 });
  }
});
