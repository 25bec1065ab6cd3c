import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';
import { callerOf } from '../support/api.ts';
import { startSystem } from '../support/running-system.ts';
import { startInbox } from '../support/subscriber.ts';

test('a team brings its own event types in one file, and touches nothing else', async () => {
  const catalogue = fileURLToPath(new URL('../fixtures/small-catalogue.ts', import.meta.url));
  const system = await startSystem({ env: { FANOUT_CATALOGUE: catalogue } });
  const api = callerOf(system);
  expect((await api.get('/v1/event-types')).body.items).toMatchObject([
    { event_type: 'Order.Placed', schema: { required: ['order_id', 'total'] } },
  ]);

  const inbox = await startInbox();
  await api.subscribe('shop', { url: inbox.url, event_types: ['group:Order'] });
  await api.publish('shop', '{"event_type":"Order.Placed","data":{"order_id":"o-2","total":199.00}}');
  const [request] = await inbox.waitFor(1);
  expect(request!.body.toString()).toContain('"event_resource":"Order"');
  expect(request!.body.toString()).toContain('"data":{"order_id":"o-2","total":199.00}');
  expect(await api.post('/v1/tenants/shop/events', { event_type: 'Guest.Created', data: { id: 'g' } })).toMatchObject({
    status: 422,
  });

  await inbox.close();
  await system.stop();
}, 120_000);
