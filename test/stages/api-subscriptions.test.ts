import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { ScanCommand } from '@aws-sdk/lib-dynamodb';
import { publicKeyText, secretText } from '../../shared/domain/sign.ts';
import { openControlPlane, type ControlPlane } from '../support/control-plane.ts';
import { startDynalite, type DynamoDb } from '../support/dynamodb.ts';
import type { Call, Reply } from '../support/http-event.ts';
import { startKms, type TestKms } from '../support/kms.ts';
import { later, make } from '../support/make.ts';

let dynamo: DynamoDb;
let kms: TestKms;
let plane: ControlPlane;
beforeAll(async () => {
  dynamo = await startDynalite();
  kms = await startKms();
});
beforeEach(async () => {
  plane = await openControlPlane(dynamo, kms);
});
afterAll(async () => {
  await kms.close();
  await dynamo.close();
});

const ALL = '/v1/tenants/acme/subscriptions';
const WISH = { url: 'https://crm.example.com/hooks', event_types: ['Guest.*'] };

const create = (more: object = {}): Promise<Reply> => plane.call('POST', ALL, { body: { ...WISH, ...more } });
/** Makes a subscription and answers its path. */
const created = async (more: object = {}): Promise<string> => (await create(more)).headers.location!;
const patch = (path: string, body: unknown, headers: Call['headers'] = {}): Promise<Reply> =>
  plane.call('PATCH', path, { body, headers });
const idIn = (path: string): string => path.split('/').at(-1)!;
const openedHeaders = async (path: string): Promise<unknown> => {
  const { sealed_headers = '' } = (await plane.subscriptions.find('acme', idIn(path)))!;
  const place = { tenant: 'acme', subscription: idIn(path), field: 'headers' } as const;
  return sealed_headers === '' ? {} : JSON.parse(await plane.world.vault.open(place, sealed_headers));
};

describe('a subscription is made', () => {
  test('with every default', async () => {
    const { status, headers, body } = await create();
    expect(status).toBe(201);
    expect(headers).toMatchObject({
      location: `${ALL}/${body.id}`,
      'cache-control': 'no-store',
      etag: expect.stringMatching(/^"[^"]+"$/),
    });
    expect(body).toEqual({
      id: expect.stringMatching(/^sub_[0-9a-z]{26}$/),
      name: 'crm.example.com',
      description: '',
      event_types: ['Guest.*'],
      method: 'POST',
      url: 'https://crm.example.com/hooks',
      filter: null,
      header_names: [],
      format: 'envelope',
      signing: 'v1',
      timeout_seconds: 15,
      rate_limit_per_second: null,
      retry: 'standard',
      status: 'enabled',
      disabled_reason: null,
      circuit: { state: 'closed', since: later(0) },
      created_at: later(0),
      updated_at: later(0),
      secret: expect.stringMatching(/^whsec_/),
    });
  });

  test.each([
    ['members that are missing', { url: undefined, event_types: undefined }, ['/event_types', '/url']],
    ['no types', { event_types: [] }, ['/event_types']],
    ['more than a hundred types', { event_types: Array.from({ length: 101 }, () => 'Guest.*') }, ['/event_types']],
    [
      'types that match nothing',
      { event_types: ['Guest.*', 'Guest.Creatd', 'group:Guests'] },
      ['/event_types/1', '/event_types/2'],
    ],
    ['another method', { method: 'GET' }, ['/method']],
    ['a time-out that is too long', { timeout_seconds: 31 }, ['/timeout_seconds']],
    ['no time-out', { timeout_seconds: 0 }, ['/timeout_seconds']],
    [
      'a schedule with a wait of more than a day',
      { retry: { delays_seconds: [1, 86_401] } },
      ['/retry/delays_seconds/1'],
    ],
    ['another schedule', { retry: 'sometimes' }, ['/retry']],
    ['a status that is none', { status: 'on' }, ['/status']],
    ['members that are ours', { id: 'sub_mine', created_at: later(0) }, ['/id', '/created_at']],
    ['a filter that is no pattern', { filter: { data: { id: 'g1' } } }, ['/filter/data/id']],
    ['a filter that is too long', { filter: { data: { id: ['x'.repeat(8192)] } } }, ['/filter']],
    ['a secret that is too short', { secret: secretText(Buffer.alloc(23)) }, ['/secret']],
    ['a header that is ours', { headers: { 'webhook-id': 'x' } }, ['/headers/webhook-id']],
    ['a header for one connection alone', { headers: { Connection: 'close' } }, ['/headers/Connection']],
    ['a header’s value with a line break', { headers: { 'x-a': 'a\r\nb: c' } }, ['/headers/x-a']],
    ['one header twice', { headers: { 'x-a': '1', 'X-A': '2' } }, ['/headers']],
    [
      'more than 20 headers',
      { headers: Object.fromEntries(Array.from({ length: 21 }, (_, i) => [`x-${i}`, 'v'])) },
      ['/headers'],
    ],
    ['more than 4 KiB of headers', { headers: { 'x-a': 'v'.repeat(4096) } }, ['/headers']],
  ])('not with %s', async (_, more, pointers) => {
    const { status, body } = await create(more);
    expect(status).toBe(422);
    expect(body.errors.map(({ pointer }: { pointer: string }) => pointer).toSorted()).toEqual(pointers.toSorted());
    expect((await plane.call('GET', ALL)).body.items).toEqual([]);
  });

  test('not with a type that matches nothing, and told the nearest', async () => {
    const { body } = await create({ event_types: ['Guest.Creatd'] });
    expect(body.errors[0].detail).toContain('Guest.Created');
  });

  test.each([
    'http://crm.example.com/',
    'https://inside.example.com/',
    'https://10.0.0.1/',
    'not a url',
    'https://u:p@crm.example.com/',
  ])('not for %s, and told no more than for any other address', async (url) => {
    const { status, body } = await create({ url });
    const other = await create({ url: 'https://127.0.0.1/' });
    expect([status, body.code, body.errors[0].pointer]).toEqual([422, 'url_refused', '/url']);
    expect(body).toEqual(other.body);
  });
});

describe('PATCH', () => {
  const SET = {
    name: 'mine',
    description: 'a description',
    method: 'PUT',
    filter: { data: { id: ['g1'] } },
    format: 'standard',
    timeout_seconds: 5,
    retry: { delays_seconds: [1, 2] },
    status: 'paused',
  };
  const DEFAULTS = {
    name: 'crm.example.com',
    description: '',
    method: 'POST',
    filter: null,
    format: 'envelope',
    timeout_seconds: 15,
    retry: 'standard',
    status: 'enabled',
  };

  test('replaces what it names and leaves the rest', async () => {
    const path = await created();
    const { body: before } = await plane.call('GET', path);
    plane.clock.advance(5);
    const { status, body } = await patch(path, { method: 'PUT', event_types: ['Invoice.Closed'] });
    expect([status, body]).toEqual([
      200,
      { ...before, method: 'PUT', event_types: ['Invoice.Closed'], updated_at: later(5) },
    ]);
    expect((await plane.call('GET', path)).body).toEqual(body);
  });

  test.each(Object.keys(DEFAULTS) as (keyof typeof DEFAULTS)[])('null gives %s its default back', async (name) => {
    const path = await created(SET);
    expect((await patch(path, { [name]: null })).body).toMatchObject({ ...SET, [name]: DEFAULTS[name] });
  });

  test.each([
    ['the URL', { url: null }, '/url'],
    ['the event types', { event_types: null }, '/event_types'],
    ['a secret', { secret: secretText(Buffer.alloc(32)) }, '/secret'],
    ['the id', { id: 'sub_mine' }, '/id'],
    ['the circuit', { circuit: null }, '/circuit'],
    ['what nobody knows', { colour: 'red' }, '/colour'],
    ['a type that matches nothing', { event_types: ['Nonsense'] }, '/event_types/0'],
    ['a filter that is no pattern', { filter: { data: [] } }, '/filter/data'],
    ['an address inside', { url: 'https://inside.example.com/' }, '/url'],
    ['an address that is none', { url: 'not a url' }, '/url'],
    ['a header that is ours', { headers: { host: 'x' } }, '/headers/host'],
  ])('cannot set %s', async (_, body, pointer) => {
    const path = await created();
    const before = await plane.call('GET', path);
    expect(await patch(path, body)).toMatchObject({ status: 422, body: { errors: [{ pointer }] } });
    const after = await plane.call('GET', path);
    expect([after.body, after.headers.etag]).toEqual([before.body, before.headers.etag]);
  });

  test('a name that was the URL’s host follows the URL, and one that was given stays', async () => {
    const other = { url: 'https://other.example.com/' };
    expect((await patch(await created(), other)).body).toMatchObject({ ...other, name: 'other.example.com' });
    expect((await patch(await created({ name: 'mine' }), other)).body).toMatchObject({ ...other, name: 'mine' });
  });

  test('headers merge by name, in upper and lower case alike, and null takes one away', async () => {
    const path = await created({ headers: { 'X-A': '1', 'X-B': '2' } });
    expect((await patch(path, { headers: { 'x-b': '3', 'x-c': '4' } })).body.header_names).toEqual([
      'X-A',
      'x-b',
      'x-c',
    ]);
    expect(await openedHeaders(path)).toEqual({ 'X-A': '1', 'x-b': '3', 'x-c': '4' });
    expect((await patch(path, { headers: { 'x-a': null, 'x-never': null } })).body.header_names).toEqual([
      'x-b',
      'x-c',
    ]);
    expect((await patch(path, { description: 'other' })).body.header_names).toEqual(['x-b', 'x-c']);
    expect(await openedHeaders(path)).toEqual({ 'x-b': '3', 'x-c': '4' });
    expect((await patch(path, { headers: null })).body.header_names).toEqual([]);
    expect(await openedHeaders(path)).toEqual({});
  });

  test.each([
    ['20 at most', { 'x-new': 'v' }],
    ['4 KiB at most', { 'x-1': 'v'.repeat(4090) }],
  ])('headers stay %s when they are merged', async (_, headers) => {
    const path = await created({ headers: Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`x-${i}`, 'v'])) });
    expect(await patch(path, { headers })).toMatchObject({ status: 422, body: { errors: [{ pointer: '/headers' }] } });
  });

  test.each(['application/json', 'application/merge-patch+json', 'application/merge-patch+json; charset=utf-8'])(
    'may be %s',
    async (type) => {
      expect(await patch(await created(), {}, { 'content-type': type })).toMatchObject({ status: 200 });
    },
  );
  test('may be nothing else', async () => {
    const reply = await patch(await created(), {}, { 'content-type': 'application/json-patch+json' });
    expect(reply).toMatchObject({ status: 415 });
  });

  test('of types or filter is what match finds at once', async () => {
    const guest = { type: 'Guest.Created', group: 'Guest' };
    const invoice = { type: 'Invoice.Closed', group: 'Invoice' };
    const path = await created();
    await patch(path, { event_types: ['Invoice.Closed'], filter: { data: { id: ['g1'] } } });
    expect(await plane.subscriptions.interested('acme', guest)).toEqual([]);
    expect(await plane.subscriptions.interested('acme', invoice)).toEqual([
      { subscription: idIn(path), filter: '{"data":{"id":["g1"]}}' },
    ]);
    await plane.call('DELETE', path);
    expect(await plane.subscriptions.interested('acme', invoice)).toEqual([]);
  });
});

describe('ETag and If-Match', () => {
  test('a change of what callers set changes it', async () => {
    const made = await create();
    const path = made.headers.location!;
    expect((await plane.call('GET', path)).headers.etag).toBe(made.headers.etag);
    const { headers } = await patch(path, { description: 'other' });
    expect(headers.etag).not.toBe(made.headers.etag);
    expect((await plane.call('GET', path)).headers.etag).toBe(headers.etag);
  });

  test('of one subscription is not that of another', async () => {
    expect((await create()).headers.etag).not.toBe((await create()).headers.etag);
  });

  test('a change on condition of a stale one is a 412 and changes nothing', async () => {
    const { headers } = await create();
    const path = headers.location!;
    const fresh = (await patch(path, { description: 'first' }, { 'if-match': headers.etag! })).headers.etag!;
    const reply = await patch(path, { description: 'second' }, { 'if-match': headers.etag! });
    expect(reply).toMatchObject({ status: 412, body: { code: 'stale' } });
    expect(await plane.call('GET', path)).toMatchObject({ headers: { etag: fresh }, body: { description: 'first' } });
  });

  test('a list of tags is good when one of them is', async () => {
    const { headers } = await create();
    const path = headers.location!;
    const tags = `"nonsense", ${headers.etag}`;
    expect(await patch(path, { description: 'other' }, { 'if-match': tags })).toMatchObject({ status: 200 });
    expect(await patch(path, { description: 'more' }, { 'if-match': tags })).toMatchObject({ status: 412 });
  });

  test('hold for a deletion as well', async () => {
    const { headers } = await create();
    const path = headers.location!;
    const { headers: fresh } = await patch(path, { description: 'other' });
    const remove = (tag: string) => plane.call('DELETE', path, { headers: { 'if-match': tag } });
    expect(await remove(headers.etag!)).toMatchObject({ status: 412 });
    expect(await remove(fresh.etag!)).toMatchObject({ status: 204 });
  });

  test('* is any', async () => {
    expect(await patch(await created(), { description: 'other' }, { 'if-match': '*' })).toMatchObject({ status: 200 });
  });

  test('of two changes at once on condition of the same one wins', async () => {
    const { headers } = await create();
    const both = await Promise.all(
      ['a', 'b'].map((description) => patch(headers.location!, { description }, { 'if-match': headers.etag! })),
    );
    expect(both.map(({ status }) => status).toSorted()).toEqual([200, 412]);
  });

  test('two changes at once without condition both hold', async () => {
    const path = await created();
    await Promise.all([patch(path, { description: 'a' }), patch(path, { event_types: ['Invoice.Closed'] })]);
    expect((await plane.call('GET', path)).body).toMatchObject({ description: 'a', event_types: ['Invoice.Closed'] });
  });
});

describe('lists', () => {
  const page = (query: string, path = ALL): Promise<Reply> => plane.call('GET', `${path}?${query}`);

  test('come newest first, in pages that hold each once', async () => {
    const ids: string[] = [];
    for (let i = 0; i < 5; i++) {
      ids.unshift(idIn(await created()));
      plane.clock.advance(1);
    }
    const seen: string[] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const { body } = await page(`limit=2${cursor && `&cursor=${cursor}`}`);
      expect(body.items.length).toBeLessThanOrEqual(2);
      seen.push(...body.items.map(({ id }: { id: string }) => id));
      cursor = body.next_cursor;
    }
    expect(seen).toEqual(ids);
  });

  test('a cursor is good for its own list alone', async () => {
    for (let i = 0; i < 3; i++) await created();
    for (let i = 0; i < 3; i++) await plane.call('POST', '/v1/tenants/other/subscriptions', { body: WISH });
    for (let i = 0; i < 3; i++) await plane.keyWith(['events:read']);
    const cursor = (await page('limit=1')).body.next_cursor;
    const id = (await page('limit=1')).body.items[0].id;
    expect(await page(`cursor=${cursor}`)).toMatchObject({ status: 200 });
    expect(await page(`cursor=${cursor}&limit=2`)).toMatchObject({ status: 200 });
    for (const other of ['/v1/tenants/other/subscriptions', '/v1/keys', `${ALL}/${id}/attempts`]) {
      expect(await page(`cursor=${cursor}`, other)).toMatchObject({ status: 400, body: { code: 'bad_cursor' } });
    }
  });

  test('a cursor is good for its own route alone, though another one has the same parameters', async () => {
    const path = await created();
    const event = make.event({ event_id: idIn(path) });
    await plane.events.accept(event);
    await plane.events.close([{ event, matched: { at: later(1), subscriptions: ['sub_1', 'sub_2'] } }]);
    const deliveries = `/v1/tenants/acme/events/${idIn(path)}/deliveries`;
    const cursor = (await page('limit=1', deliveries)).body.next_cursor;
    expect(await page(`cursor=${cursor}`, deliveries)).toMatchObject({ status: 200 });
    expect(await page(`cursor=${cursor}`, `${path}/attempts`)).toMatchObject({
      status: 400,
      body: { code: 'bad_cursor' },
    });
  });

  test('a cursor that was changed or made up is refused', async () => {
    for (let i = 0; i < 3; i++) await created();
    const cursor: string = (await page('limit=1')).body.next_cursor;
    const flipped = (cursor.startsWith('A') ? 'B' : 'A') + cursor.slice(1);
    for (const forged of [
      flipped,
      cursor.slice(0, -4),
      `${cursor}AAAA`,
      Buffer.from('sub_1').toString('base64url'),
      '',
    ]) {
      expect(await page(`cursor=${forged}`)).toMatchObject({
        status: 400,
        body: { code: 'bad_cursor', errors: [{ parameter: 'cursor' }] },
      });
    }
  });

  test.each(['limit=0', 'limit=101', 'limit=ten', 'limit=-1', 'limit=1.5', 'limit=', 'sort=name'])(
    '%s is refused',
    async (query) => {
      const parameter = query.split('=')[0];
      expect(await page(query)).toMatchObject({ status: 400, body: { code: 'bad_query', errors: [{ parameter }] } });
    },
  );

  test('hold nothing of another tenant', async () => {
    const path = await created();
    const other = '/v1/tenants/other/subscriptions';
    expect((await plane.call('GET', other)).body.items).toEqual([]);
    for (const [method, more] of [
      ['GET', {}],
      ['PATCH', { body: {} }],
      ['DELETE', {}],
    ] as const) {
      expect(await plane.call(method, `${other}/${idIn(path)}`, more)).toMatchObject({ status: 404 });
    }
    expect(await plane.call('GET', `${other}/${idIn(path)}/secret`)).toMatchObject({ status: 404 });
    expect(await plane.call('GET', `${other}/${idIn(path)}/attempts`)).toMatchObject({ status: 404 });
    expect(await plane.call('GET', path)).toMatchObject({ status: 200 });
  });

  describe('of attempts', () => {
    /** Five attempts, of events a second apart; every other one failed, and the last is of another type. */
    async function given(): Promise<string> {
      const path = await created();
      for (let i = 0; i < 5; i++) {
        const event = make.event({ event_id: `evt_${i}`, accepted_at: later(i) });
        const attempt = make.attempt({
          event_id: event.event_id,
          event_type: i === 4 ? 'Guest.Updated' : 'Guest.Created',
          ...(i % 2 === 1 && { outcome: 'rejected', status: 500 }),
        });
        for (const subscriptionId of [idIn(path), 'sub_other']) {
          await plane.attempts.record(make.step({ event, subscriptionId }), {
            ...attempt,
            subscription_id: subscriptionId,
          });
        }
      }
      return path;
    }
    const numbers = ({ body }: Reply): number[] =>
      body.items.map(({ event_id }: { event_id: string }) => Number(event_id.slice('evt_'.length)));

    test.each([
      ['', [4, 3, 2, 1, 0]],
      ['outcome=rejected', [3, 1]],
      ['outcome=blocked', []],
      ['event_type=Guest.Updated', [4]],
      ['event_type=Guest.Created&outcome=accepted', [2, 0]],
      [`from=${later(3)}`, [4, 3]],
      [`to=${later(1)}`, [0]],
      [`from=${later(1)}&to=${later(3)}`, [2, 1]],
      ['from=2026-03-04T06:06:10.890%2B01:00', [4, 3]],
      ['from=2026-03-04T05:06:09Z', [4, 3, 2]],
      ['to=2026-03-04T05:06:09Z', [1, 0]],
    ])('are those of their subscription and filters, newest event first: %s', async (query, expected) => {
      const path = await given();
      const reply = await page(query, `${path}/attempts`);
      expect([reply.status, numbers(reply)]).toEqual([200, expected]);
      expect(reply.text).not.toContain('"run"');
    });

    test.each(['outcome=good', 'from=yesterday', 'to=2026-03-04', 'status=500'])('%s is refused', async (query) => {
      const parameter = query.split('=')[0];
      expect(await page(query, `${await created()}/attempts`)).toMatchObject({
        status: 400,
        body: { errors: [{ parameter }] },
      });
    });

    test('come in pages that hold each once, and a cursor is good for its own filters alone', async () => {
      const path = `${await given()}/attempts`;
      const seen: number[] = [];
      let query = 'limit=2';
      while (query !== '') {
        const reply = await page(query, path);
        seen.push(...numbers(reply));
        const { next_cursor } = reply.body;
        query = next_cursor === null ? '' : `limit=2&cursor=${next_cursor}`;
        if (next_cursor !== null) {
          expect(await page(`cursor=${next_cursor}&outcome=rejected`, path)).toMatchObject({ status: 400 });
        }
      }
      expect(seen).toEqual([4, 3, 2, 1, 0]);
    });
  });
});

test('a deleted subscription is gone, and a second deletion is a 404', async () => {
  const path = await created();
  expect(await plane.call('DELETE', path)).toMatchObject({ status: 204, text: '' });
  for (const method of ['DELETE', 'GET']) expect(await plane.call(method, path)).toMatchObject({ status: 404 });
});

describe('an Idempotency-Key', () => {
  const WISH = { url: 'https://crm.example.com/hooks', event_types: ['Guest.*'] };
  const post = (body: object, key: string, path = ALL) =>
    plane.call('POST', path, { body, headers: { 'idempotency-key': key } });

  test('gets the same subscription with the same secret, however often it is posted', async () => {
    const [first, again] = [await post(WISH, 'k1'), await post(WISH, 'k1')];
    expect([again.status, again.body, again.headers]).toEqual([201, first.body, first.headers]);
    expect((await plane.call('GET', ALL)).body.items).toHaveLength(1);
    expect((await post(WISH, 'k2')).body.id).not.toBe(first.body.id);
  });

  test('with another body is refused, and so is one that is none', async () => {
    await post(WISH, 'k1');
    expect((await post({ ...WISH, description: 'x' }, 'k1')).status).toBe(409);
    expect(await post(WISH, 'a key')).toMatchObject({
      status: 422,
      body: { errors: [{ parameter: 'Idempotency-Key' }] },
    });
  });

  test('is one tenant’s own, and forgotten after a day', async () => {
    const first = await post(WISH, 'k1');
    expect((await post({ ...WISH, description: 'x' }, 'k1', '/v1/tenants/other/subscriptions')).status).toBe(201);
    plane.clock.advance(86_400);
    expect((await post({ ...WISH, description: 'x' }, 'k1')).body.id).not.toBe(first.body.id);
  });

  test('begins one replay', async () => {
    const path = (await post(WISH, 'k1')).headers.location!;
    const replay = (body: object) => post(body, 'r1', `${path}/replay`);
    const [first, again] = [await replay({ from: later(0) }), await replay({ from: later(0) })];
    expect([first.status, again.status, again.body]).toEqual([202, 202, first.body]);
    expect(plane.asked.filter(({ kind }) => kind === 'walk')).toHaveLength(1);
    expect((await replay({ from: later(0), only: 'all' })).status).toBe(409);
  });
});

describe('secrets and the values of headers', () => {
  const SECRET = secretText(Buffer.alloc(32, 'secret'));
  const VALUE = 'hush-hush-header-value';

  /** Everything that stands in the tables, as text; what looks like base64 is shown decoded as well. */
  async function everythingStored(): Promise<string> {
    const items = await Promise.all(
      [plane.control, plane.flow].map(
        async ({ db, name }) => (await db.send(new ScanCommand({ TableName: name }))).Items,
      ),
    );
    const text = JSON.stringify(items);
    const decoded = [...text.matchAll(/[A-Za-z0-9+/_-]{16,}={0,2}/g)].map(([part]) =>
      Buffer.from(part, 'base64').toString('latin1'),
    );
    return [text, ...decoded].join('\n');
  }

  test('are in no answer save the secret in POST’s and GET secret’s, in no table and in no line', async () => {
    const made = await create({ secret: SECRET, headers: { 'X-Api-Key': VALUE } });
    const path = made.headers.location!;
    expect(made.body.secret).toBe(SECRET);
    const revealed = await plane.call('GET', `${path}/secret`);
    expect(revealed).toMatchObject({ status: 200, body: { secret: SECRET }, headers: { 'cache-control': 'no-store' } });

    const { secret: _, ...rest } = made.body;
    const others = [
      JSON.stringify(rest),
      (await plane.call('GET', path)).text,
      (await plane.call('GET', ALL)).text,
      (await patch(path, { description: 'other', headers: { 'x-b': VALUE } })).text,
      (await patch(path, { headers: { 'x-c': `${VALUE}\n` } })).text,
      (await create({ secret: `${SECRET}=`, headers: { 'x-a': VALUE } })).text,
      (await plane.call('GET', `${path}/attempts`)).text,
      (await plane.call('DELETE', `${path}/secret`)).text,
    ].join('\n');
    const stored = await everythingStored();
    const bytes = Buffer.alloc(32, 'secret').toString('latin1');
    for (const hidden of [SECRET, SECRET.slice('whsec_'.length), VALUE]) {
      expect(others).not.toContain(hidden);
      expect(JSON.stringify(plane.lines)).not.toContain(hidden);
    }
    for (const hidden of [SECRET.slice('whsec_'.length), VALUE, bytes]) expect(stored).not.toContain(hidden);
    for (const dataKey of kms.dataKeys) expect(stored).not.toContain(dataKey);
    expect(stored).toContain('crm.example.com');
  });

  test('a secret that is rotated is a new one, beside which the old one signs for a day', async () => {
    const { headers, body } = await create({ secret: SECRET });
    const path = headers.location!;
    const rotate = (wish: object) => plane.call('POST', `${path}/secret/rotate`, { body: wish });
    const [first, etag] = [await rotate({}), headers.etag];
    expect(first).toMatchObject({ status: 200, headers: { 'cache-control': 'no-store' } });
    expect(first.body).toEqual({ secret: expect.stringMatching(/^whsec_/), previous_expires_at: later(86_400) });
    expect((await plane.call('GET', `${path}/secret`)).body).toEqual({ secret: first.body.secret });
    expect((await plane.call('GET', path)).headers.etag).not.toBe(etag);
    const kept = async () => (await plane.subscriptions.find('acme', body.id))!;
    expect(await kept()).toMatchObject({ previous_expires_at: later(86_400), sealed_secrets: { length: 2 } });

    // Two at most: the one before that is gone.
    const second = await rotate({ secret: SECRET, overlap_seconds: 60 });
    expect(second.body).toEqual({ secret: SECRET, previous_expires_at: later(60) });
    const open = (sealed: string) =>
      plane.world.vault.open({ tenant: 'acme', subscription: body.id, field: 'secret' }, sealed);
    expect(await Promise.all((await kept()).sealed_secrets.map(open))).toEqual([SECRET, first.body.secret]);

    expect((await rotate({ overlap_seconds: 0 })).body.previous_expires_at).toBeNull();
    expect((await kept()).sealed_secrets).toHaveLength(1);
    expect(JSON.stringify(plane.lines)).not.toContain(SECRET.slice('whsec_'.length));
  });

  test('of the kind v1a are keys of which one half is public', async () => {
    const given = secretText(Buffer.alloc(32, 7), 'v1a');
    const { headers, body } = await create({ signing: 'v1a', secret: given });
    const path = headers.location!;
    expect([body.signing, body.secret]).toEqual(['v1a', given]);
    const shown = await plane.call('GET', `${path}/public-key`);
    expect(shown).toMatchObject({ status: 200, body: { public_key: publicKeyText(given) } });
    expect((await create({ signing: 'v1a' })).body.secret).toMatch(/^whsk_/);
    expect(await create({ signing: 'v1a', secret: SECRET })).toMatchObject({ status: 422 });
    expect(await create({ secret: given })).toMatchObject({ status: 422, body: { errors: [{ pointer: '/secret' }] } });
    const other = (await create()).headers.location!;
    expect((await plane.call('GET', `${other}/public-key`)).status).toBe(409);
  });

  test('are of the new kind when the signature changes, and the old one signs for a day longer', async () => {
    const { headers, body } = await create({ secret: SECRET });
    const path = headers.location!;
    expect((await patch(path, { signing: 'v1a' })).body.signing).toBe('v1a');
    expect((await plane.call('GET', `${path}/secret`)).body.secret).toMatch(/^whsk_/);
    const kept = (await plane.subscriptions.find('acme', body.id))!;
    expect(kept).toMatchObject({ sealed_secrets: { length: 2 }, previous_expires_at: later(86_400) });
    expect((await plane.call('POST', `${path}/secret/rotate`, { body: { secret: SECRET } })).status).toBe(422);
    await patch(path, { description: 'no other kind, so no other secret' });
    expect((await plane.subscriptions.find('acme', body.id))!.sealed_secrets).toEqual(kept.sealed_secrets);
  });

  test.each([
    [{ overlap_seconds: -1 }, '/overlap_seconds'],
    [{ overlap_seconds: 604_801 }, '/overlap_seconds'],
    [{ secret: 'whsec_c2hvcnQ=' }, '/secret'],
    [{ colour: 'red' }, '/colour'],
  ])('a rotation is refused as %j', async (wish, pointer) => {
    const path = (await create()).headers.location!;
    const reply = await plane.call('POST', `${path}/secret/rotate`, { body: wish });
    expect([reply.status, reply.body.errors?.[0]?.pointer]).toEqual([422, pointer]);
  });

  test('a secret that is made is different each time, and long enough', async () => {
    const secrets = await Promise.all(Array.from({ length: 5 }, async () => (await create()).body.secret as string));
    expect(new Set(secrets).size).toBe(5);
    expect(Buffer.from(secrets[0]!.slice('whsec_'.length), 'base64')).toHaveLength(32);
  });
});
