import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { callerOf } from '../support/api.ts';
import { startSystem } from '../support/running-system.ts';
import { startInbox } from '../support/subscriber.ts';
import { until } from '../support/until.ts';

/* What only the local runner can show: the process dies, and its state does not. */

const TENANT = 'restart';
const guest = { event_type: 'Guest.Created', data: { id: 'g1' } };

let dataDir: string;

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'event-fanout-restart-'));
});

afterEach(() => rm(dataDir, { recursive: true, force: true }));

test('kill -9 keeps subscriptions and what is waiting for its retry', async () => {
  const port = await unusedPort();
  const first = await startSystem({ dataDir });
  const before = callerOf(first);
  const { id } = await before.subscribe(TENANT, {
    url: `http://127.0.0.1:${port}/`,
    event_types: ['*'],
    retry: { delays_seconds: [3, 3, 3] },
  });
  const { event_id } = await before.publish(TENANT, guest);
  const path = `/v1/tenants/${TENANT}/events/${event_id}/deliveries`;
  await until(async () => (await before.get(path)).body.items[0]?.state === 'waiting');
  await first.kill9();

  const inbox = createServer((request, response) => void request.resume().on('end', () => response.end()));
  await once(inbox.listen(port, '127.0.0.1'), 'listening');
  const second = await startSystem({ dataDir });
  const after = callerOf(second);
  expect(second.adminKey).toBe(first.adminKey);
  expect((await after.get(`/v1/tenants/${TENANT}/subscriptions`)).body.items).toMatchObject([{ id }]);
  const delivery = await until(async () => {
    const [item] = (await after.get(path)).body.items;
    return item?.state === 'delivered' && item;
  }, 30_000);
  expect(delivery.attempts).toBeGreaterThanOrEqual(2);
  await second.stop();
  inbox.close();
}, 120_000);

test('what a killed process was just sending is sent again at once, with the same id', async () => {
  let hangs = true;
  const inbox = await startInbox((_, response) => {
    if (!hangs) response.end();
  });
  const first = await startSystem({ dataDir });
  const before = callerOf(first);
  await before.subscribe(TENANT, { url: inbox.url, event_types: ['*'], timeout_seconds: 5 });
  await before.publish(TENANT, guest);
  await inbox.waitFor(1);
  await first.kill9();
  hangs = false;
  const second = await startSystem({ dataDir });
  // Far sooner than the queue's visibility time-out of six minutes would have it.
  const requests = await inbox.waitFor(2, 30_000);
  expect(new Set(requests.map(({ headers }) => headers['webhook-id'])).size).toBe(1);
  await second.stop();
  await inbox.close();
}, 120_000);

async function unusedPort(): Promise<number> {
  const server = createServer();
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  await new Promise((closed) => server.close(closed));
  return port;
}
