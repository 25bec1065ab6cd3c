import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { callerOf, type Caller } from '../support/api.ts';
import { startInbox } from '../support/subscriber.ts';
import { openTarget, type OpenTarget } from '../support/target.ts';
import { until } from '../support/until.ts';

/* Faults that were found once, each by the name of what a user saw. */

const TENANT = `regressions-${String(process.pid)}`;
const ALL = `/v1/tenants/${TENANT}/subscriptions`;

let target: OpenTarget;
let api: Caller;

beforeAll(async () => {
  target = await openTarget();
  api = callerOf(target);
}, 120_000);

afterAll(() => target.close());

test('a type added to a subscription counts at once, though deliver remembers it without', async () => {
  const inbox = await startInbox();
  const { id } = await api.subscribe(TENANT, { url: inbox.url, event_types: ['Guest.Created'] });
  await api.publish(TENANT, { event_type: 'Guest.Created', data: { id: 'g1' } });
  await inbox.waitFor(1);
  expect(await api.patch(`${ALL}/${id}`, { event_types: ['Guest.Created', 'Guest.Updated'] })).toMatchObject({
    status: 200,
  });
  const { event_id } = await api.publish(TENANT, { event_type: 'Guest.Updated', data: { id: 'g1' } });
  const bodies = (await inbox.waitFor(2)).map(({ body }) => JSON.parse(body.toString()).event_id);
  expect(bodies.at(-1)).toBe(event_id);
  await inbox.close();
});

test('a subscription that is enabled gets what comes next, though deliver remembers it disabled', async () => {
  const inbox = await startInbox();
  const wish = { url: inbox.url, event_types: ['Employee.Created'], status: 'disabled' };
  const { id } = await api.subscribe(TENANT, wish);
  const employee = { event_type: 'Employee.Created', data: { id: 'e1' } };
  const missed = await api.publish(TENANT, employee);
  const path = `/v1/tenants/${TENANT}/events/${missed.event_id}`;
  await until(async () => (await api.get(path)).body.matching === 'done');
  await api.patch(`${ALL}/${id}`, { status: 'enabled' });
  const { event_id } = await api.publish(TENANT, employee);
  await until(() => inbox.requests.some(({ body }) => JSON.parse(body.toString()).event_id === event_id));
  await inbox.close();
});

test('data that is wrong in a hundred thousand places is a 422 that names some of them', async () => {
  const transactions = JSON.stringify(Array.from({ length: 120_000 }, () => 1));
  const body = `{"event_type":"Invoice.Closed","data":{"invoice":{"id":"i1","transactions":${transactions}}}}`;
  const reply = await api.post(`/v1/tenants/${TENANT}/events`, body);
  expect(reply).toMatchObject({ status: 422, body: { code: 'schema_mismatch' } });
  expect(reply.body.errors.length).toBeLessThanOrEqual(20);
});

test('a filter that is nested ten thousand deep is a 422', async () => {
  const filter = `${'{"a":'.repeat(10_000)}["x"]${'}'.repeat(10_000)}`;
  const reply = await api.post(ALL, `{"url":"https://example.com/","event_types":["*"],"filter":${filter}}`);
  expect(reply).toMatchObject({ status: 422, body: { code: 'invalid' } });
});

test('a wrong method on the path of events says which one is right', async () => {
  const reply = await api.call('DELETE', `/v1/tenants/${TENANT}/events`);
  expect(reply).toMatchObject({ status: 405 });
  expect(reply.headers.get('allow')).toBe('GET, POST');
});

test('a subscription is not deleted by somebody who saw another version of it', async () => {
  const { id } = await api.subscribe(TENANT, { url: 'http://127.0.0.1:9/', event_types: ['*'], status: 'disabled' });
  const stale = { headers: { 'if-match': '"another"' } };
  expect(await api.remove(`${ALL}/${id}`, stale)).toMatchObject({ status: 412 });
  expect(await api.remove(`${ALL}/${id}`)).toMatchObject({ status: 204 });
});
