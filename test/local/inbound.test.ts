import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { callerOf, type Caller } from '../support/api.ts';
import { startSystem, type RunningSystem } from '../support/running-system.ts';
import { startInbox, type Inbox } from '../support/subscriber.ts';
import { until } from '../support/until.ts';

const TENANT = 'acme';
const SOURCE = 'com.acme.crm';
const dataDir = mkdtempSync(join(tmpdir(), 'inbound-'));

let system: RunningSystem;
let api: Caller;
let inbox: Inbox;
let events: EventBridgeClient;
beforeAll(async () => {
  system = await startSystem({ dataDir, env: { FANOUT_INBOUND_SOURCES: SOURCE } });
  api = callerOf(system);
  inbox = await startInbox();
  const [, endpoint = ''] =
    / bus +(\S+), PutEvents on EventFanout-dev-events under com\.acme\.crm\n/.exec(system.output()) ?? [];
  const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };
  events = new EventBridgeClient({ region: 'us-east-1', endpoint, credentials });
  await api.subscribe(TENANT, { url: inbox.url, event_types: ['Guest.*'] });
}, 120_000);
afterAll(async () => {
  await inbox.close();
  await system.stop();
  events.destroy();
  rmSync(dataDir, { recursive: true, force: true });
});

const put = (detail: object, { Source = SOURCE, DetailType = 'Guest.Created' } = {}) =>
  events.send(
    new PutEventsCommand({
      Entries: [{ EventBusName: 'EventFanout-dev-events', Source, DetailType, Detail: JSON.stringify(detail) }],
    }),
  );

/** What the function that takes them has printed, line by line. */
const lines = (): string[] => {
  const logs = join(dataDir, 'logs');
  const names = readdirSync(logs).filter((name) => /Inbound/.test(name));
  return names.flatMap((name) => readFileSync(join(logs, name), 'utf8').split('\n'));
};

test('an event that a service puts on the bus reaches subscribers, and one that comes twice does so once', async () => {
  const data = '{"id":"g1","price":199.00}';
  await put({ tenant: TENANT, event_id: 'e1', data });
  await put({ tenant: TENANT, event_id: 'e1', data });
  const [request] = await inbox.waitFor(1, 20_000);
  expect(request?.body.toString()).toContain(`"data":${data}`);
  expect((await api.get(`/v1/tenants/${TENANT}/events/e1`)).body).toMatchObject({ event_type: 'Guest.Created' });
  await until(() => lines().some((line) => line.includes('"duplicate":true')), 20_000);
  expect(inbox.requests).toHaveLength(1);
}, 60_000);

test('a bad one leaves a line with its error, and what another source puts there comes in nowhere', async () => {
  await put({ tenant: TENANT, event_id: 'other', data: { id: 'g1' } }, { Source: 'com.acme.shop' });
  await put({ tenant: TENANT, event_id: 'bad', data: { id: 7 } });
  await put({ tenant: TENANT, event_id: 'good', data: { id: 'g1' } });
  await until(() => lines().some((line) => /"inbound\.refused".*"schema_mismatch"/.test(line)), 20_000);
  await until(async () => (await api.get(`/v1/tenants/${TENANT}/events/good`)).status === 200, 20_000);
  for (const id of ['other', 'bad']) expect((await api.get(`/v1/tenants/${TENANT}/events/${id}`)).status).toBe(404);
}, 60_000);
