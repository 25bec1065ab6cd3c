import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { callerOf, type Caller } from '../support/api.ts';
import { startInbox } from '../support/subscriber.ts';
import { openTarget, type OpenTarget } from '../support/target.ts';
import { until } from '../support/until.ts';

const TENANT = `control-${String(process.pid)}`;
const ALL = `/v1/tenants/${TENANT}/subscriptions`;
const guest = { event_type: 'Guest.Created', data: { id: 'g1' } };

let target: OpenTarget;
let api: Caller;

beforeAll(async () => {
  target = await openTarget();
  api = callerOf(target);
}, 120_000);

afterAll(() => target.close());

test('a subscription is made with every default, shown, changed and deleted', async () => {
  const made = await api.post(ALL, {
    url: 'http://127.0.0.1:9/hook',
    event_types: ['Guest.*', 'group:Class', 'Invoice.Closed'],
  });
  expect(made.status).toBe(201);
  const { secret, ...shown } = made.body;
  expect(secret).toMatch(/^whsec_/);
  expect(made.headers.get('location')).toBe(`${ALL}/${shown.id}`);
  expect(shown).toMatchObject({
    name: '127.0.0.1:9', description: '', method: 'POST', filter: null, header_names: [], format: 'envelope', signing: 'v1',
    timeout_seconds: 15, rate_limit_per_second: null, retry: 'standard', status: 'enabled', disabled_reason: null,
  }); // prettier-ignore

  const one = `${ALL}/${shown.id}`;
  const etag = made.headers.get('etag')!;
  expect((await api.get(one)).body).toEqual(shown);
  expect((await api.get(`${one}/secret`)).body).toEqual({ secret });
  expect((await api.get(ALL)).body.items).toEqual([shown]);

  const changed = await api.patch(
    one,
    { method: 'PUT', description: 'changed', headers: { 'X-Key': 'v' } },
    { headers: { 'if-match': etag } },
  );
  expect(changed.body).toMatchObject({ method: 'PUT', description: 'changed', header_names: ['X-Key'] });
  expect(await api.patch(one, { method: 'POST' }, { headers: { 'if-match': etag } })).toMatchObject({ status: 412 });
  expect((await api.patch(one, { description: null, headers: { 'x-key': null } })).body).toMatchObject({
    description: '',
    header_names: [],
  });

  expect(await api.remove(one)).toMatchObject({ status: 204 });
  for (const again of [api.get(one), api.remove(one), api.patch(one, {})])
    expect(await again).toMatchObject({ status: 404 });
  expect((await api.get(ALL)).body.items).toEqual([]);
});

test('lists come in pages that hold every item once', async () => {
  const ids: string[] = [];
  for (let i = 0; i < 5; i++)
    ids.push((await api.subscribe(TENANT, { url: 'http://127.0.0.1:9/', event_types: ['*'], status: 'disabled' })).id);
  const seen: string[] = [];
  for (let cursor = ''; ;) {
    const { items, next_cursor } = (await api.get(`${ALL}?limit=2${cursor}`)).body;
    seen.push(...items.map(({ id }: { id: string }) => id));
    if (next_cursor === null) break;
    cursor = `&cursor=${next_cursor}`;
  }
  expect(seen).toEqual(ids.toReversed());
  for (const query of ['cursor=forged', 'limit=0', 'limit=101', 'limit=two', 'colour=red']) {
    expect(await api.get(`${ALL}?${query}`)).toMatchObject({ status: 400 });
  }
  const { next_cursor } = (await api.get(`${ALL}?limit=2`)).body;
  expect(await api.get(`/v1/tenants/another/subscriptions?cursor=${next_cursor}`)).toMatchObject({ status: 400 });
  for (const id of ids) await api.remove(`${ALL}/${id}`);
});

test('an event, its deliveries and the attempts of a subscription tell the same story', async () => {
  let status = 500;
  const inbox = await startInbox((_, response) => {
    response.statusCode = status;
    response.end('not today');
  });
  const { id } = await api.subscribe(TENANT, {
    url: inbox.url,
    event_types: ['Guest.Created'],
    // However busy the machine is: it waits until it is asked for.
    retry: { delays_seconds: [3_600] },
  });
  const { event_id } = await api.publish(TENANT, guest);
  const deliveries = `/v1/tenants/${TENANT}/events/${event_id}/deliveries`;

  // That it comes again is durable before its attempt is, and seen a moment sooner.
  const waiting = await until(async () =>
    (await api.get(deliveries)).body.items.find(
      ({ state, attempts }: { state: string; attempts: number }) => state === 'waiting' && attempts > 0,
    ),
  );
  expect(waiting).toMatchObject({
    event_id, event_type: 'Guest.Created', subscription_id: id, attempts: 1, waiting_for: 'schedule',
    last: { attempt: 1, outcome: 'rejected', status: 500, response_excerpt: 'not today', next: 'wait' },
  }); // prettier-ignore
  status = 204;
  expect((await api.call('POST', `${ALL}/${id}/release`)).status).toBe(202);
  const delivered = await until(async () =>
    (await api.get(deliveries)).body.items.find(({ state }: { state: string }) => state === 'delivered'),
  );
  expect(delivered).toMatchObject({
    attempts: 2,
    delivery_id: waiting.delivery_id,
    last: { outcome: 'accepted', status: 204, next: 'done' },
  });
  const attempts = (await api.get(`${ALL}/${id}/attempts`)).body.items;
  expect(attempts).toMatchObject([
    { attempt: 2, outcome: 'accepted' },
    { attempt: 1, outcome: 'rejected' },
  ]);
  await inbox.close();
}, 30_000);

test('a delivery that nobody takes becomes a dead letter with its reason', async () => {
  const inbox = await startInbox((_, response) => response.writeHead(500).end());
  const { id } = await api.subscribe(TENANT, {
    url: inbox.url,
    event_types: ['Guest.Updated'],
    retry: { delays_seconds: [] },
  });
  const { event_id } = await api.publish(TENANT, { ...guest, event_type: 'Guest.Updated' });
  const path = `/v1/tenants/${TENANT}/events/${event_id}/deliveries`;
  const dead = await until(async () =>
    (await api.get(path)).body.items.find(({ state }: { state: string }) => state === 'dead'),
  );
  expect(dead).toMatchObject({ subscription_id: id, reason: 'exhausted', attempts: 1 });
  await inbox.close();
});

test('a redirect is a failure and is not followed', async () => {
  const elsewhere = await startInbox();
  const inbox = await startInbox((_, response) => response.writeHead(302, { location: elsewhere.url }).end());
  await api.subscribe(TENANT, { url: inbox.url, event_types: ['Guest.Deleted'], retry: { delays_seconds: [] } });
  const { event_id } = await api.publish(TENANT, { ...guest, event_type: 'Guest.Deleted' });
  const path = `/v1/tenants/${TENANT}/events/${event_id}/deliveries`;
  const dead = await until(async () =>
    (await api.get(path)).body.items.find(({ state }: { state: string }) => state === 'dead'),
  );
  expect(dead).toMatchObject({ last: { status: 302, outcome: 'rejected' } });
  expect(elsewhere.requests).toEqual([]);
  await inbox.close();
  await elsewhere.close();
});

test('a subscription has its own headers on every request, and nobody sees them', async () => {
  const inbox = await startInbox();
  const value = 'top-secret-value';
  const { id } = await api.subscribe(TENANT, {
    url: inbox.url,
    event_types: ['Employee.Created'],
    headers: { 'X-Api-Key': value },
  });
  await api.publish(TENANT, { event_type: 'Employee.Created', data: { id: 'e1' } });
  const [request] = await inbox.waitFor(1);
  expect(request!.headers).toMatchObject({
    'x-api-key': value,
    'user-agent': expect.stringContaining('event-fanout/'),
    traceparent: expect.stringMatching(/^00-/),
  });
  for (const path of [`${ALL}/${id}`, ALL, `${ALL}/${id}/attempts`])
    expect((await api.get(path)).text).not.toContain(value);
  await inbox.close();
});

test('an event that nobody wants is readable at once, and says so', async () => {
  const { event_id } = await api.publish(TENANT, {
    event_type: 'AppointmentGroup.Delete',
    data: { appointment_group_id: 'a1' },
  });
  const path = `/v1/tenants/${TENANT}/events/${event_id}`;
  expect((await api.get(path)).body).toMatchObject({ event_id, data: { appointment_group_id: 'a1' } });
  const done = await until(async () => { const { body } = await api.get(path); return body.matching === 'done' && body; }); // prettier-ignore
  expect(done).toMatchObject({ matched: 0 });
});

test('one tenant sees nothing of another', async () => {
  const inbox = await startInbox();
  await api.subscribe(`${TENANT}-a`, { url: inbox.url, event_types: ['*'] });
  const { event_id } = await api.publish(`${TENANT}-b`, guest);
  expect(await api.get(`/v1/tenants/${TENANT}-a/events/${event_id}`)).toMatchObject({ status: 404 });
  const own = await api.publish(`${TENANT}-a`, guest);
  const bodies = (await inbox.waitFor(1)).map(({ body }) => JSON.parse(body.toString()).event_id);
  expect(bodies).toEqual([own.event_id]);
  await inbox.close();
});

test('keys are made, shown once, changed and deleted; the last admin key stays', async () => {
  const made = await api.post('/v1/keys', { name: 'ci', scopes: ['events:write'], tenant: TENANT });
  expect(made.status).toBe(201);
  const { key, ...shown } = made.body;
  expect((await api.get(`/v1/keys/${shown.id}`)).body).toEqual(shown);
  const used = { ...shown, last_used_at: expect.any(String) };
  expect((await api.get('/v1/me', { key })).body).toEqual(used);
  const listed = (await api.get('/v1/keys')).body.items;
  expect(listed.find(({ id }: { id: string }) => id === shown.id)).toEqual(used);
  expect(JSON.stringify(listed)).not.toContain(key);
  expect((await api.patch(`/v1/keys/${shown.id}`, { name: 'renamed' })).body).toMatchObject({ name: 'renamed' });
  expect(await api.post('/v1/keys', { name: 'x', scopes: ['admin'], tenant: TENANT })).toMatchObject({ status: 422 });
  expect(await api.remove(`/v1/keys/${shown.id}`)).toMatchObject({ status: 204 });
  const { id } = (await api.get('/v1/me')).body;
  expect(await api.remove(`/v1/keys/${id}`)).toMatchObject({ status: 409, body: { code: 'last_admin_key' } });
});

test('the catalogue is open to everyone', async () => {
  const { items } = (await api.get('/v1/event-types', { key: null })).body;
  expect(items).toHaveLength(38);
  const type = (await api.get('/v1/event-types/Guest.Created', { key: null })).body;
  expect(type).toMatchObject({
    event_type: 'Guest.Created',
    group: 'Guest',
    name_source: 'published',
    schema: { type: 'object' },
  });
  expect((await api.get('/v1/event-groups', { key: null })).body.items).toHaveLength(8);
  expect((await api.get('/v1/event-types/Guest.Creatd', { key: null })).body.detail).toContain('Guest.Created');
  expect(await api.get('/healthz', { key: null })).toMatchObject({ status: 200 });
});

test('an event is erased: its data is nowhere to be read, and its id is still known', async () => {
  const tenant = `${TENANT}-erased`;
  const posted = { ...guest, event_id: 'e1', data: { id: 'g1', name: 'Zoe' } };
  await api.publish(tenant, posted);
  const one = `/v1/tenants/${tenant}/events/e1`;
  for (let twice = 0; twice < 2; twice++) expect((await api.remove(one)).status).toBe(204);
  const { text, body } = await api.get(one);
  expect(text).not.toContain('Zoe');
  expect(body).toMatchObject({ event_id: 'e1', data: null, erased_at: expect.any(String) });
  expect(await api.publish(tenant, posted)).toMatchObject({ duplicate: true });
  expect(await api.post(`${one}/replay`, {})).toMatchObject({ status: 409, body: { code: 'event_erased' } });
});

test('a tenant is listed, and is no more to be had from the moment on that it is erased', async () => {
  const tenant = `${TENANT}-leaving`;
  const wish = { url: 'http://127.0.0.1:9/', event_types: ['*'], status: 'disabled' };
  await api.subscribe(tenant, wish);
  const one = `/v1/tenants/${tenant}`;
  expect((await api.get(one)).body).toMatchObject({ tenant, subscriptions: 1, keys: 0, erasure: null });
  expect((await api.get('/v1/tenants')).body.items).toContainEqual(expect.objectContaining({ tenant }));
  const key = await api.post('/v1/keys', { name: 'a key', scopes: ['events:write'], tenant });
  expect(await api.remove(one)).toMatchObject({ status: 409, body: { code: 'tenant_has_keys' } });
  await api.remove(`/v1/keys/${key.body.id}`);
  expect(await api.remove(one)).toMatchObject({ status: 202, body: { tenant, erasure: { state: 'running' } } });
  const again = await api.post(`${one}/subscriptions`, wish);
  expect(again).toMatchObject({ status: 409, body: { code: 'tenant_being_erased' } });
});
