import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { ingestOne } from '../../lambdas/ingest/ingest.ts';
import { redrive } from '../../lambdas/sweep/redrive.ts';
import { tell } from '../../lambdas/sweep/notice.ts';
import { travelling } from '../../shared/domain/event.ts';
import { noticeOfDead } from '../../shared/domain/dead-letter.ts';
import { openControlPlane, type ControlPlane } from '../support/control-plane.ts';
import { startDynalite, type DynamoDb } from '../support/dynamodb.ts';
import { startKms, type TestKms } from '../support/kms.ts';
import { make } from '../support/make.ts';
import { startPipeline, type Pipeline } from '../support/pipeline.ts';
import { openStores, posted, TENANT } from '../support/stage-world.ts';

let dynamo: DynamoDb;
let kms: TestKms;
let plane: ControlPlane;
let pipeline: Pipeline;
beforeAll(async () => {
  [dynamo, kms] = [await startDynalite(), await startKms()];
});
beforeEach(async () => {
  const stores = await openStores(dynamo);
  plane = await openControlPlane(dynamo, kms, stores);
  pipeline = await startPipeline(dynamo, {}, stores);
  plane.world.ask = async (job, delay) => pipeline.queues.sweeps.send(JSON.stringify(job), delay);
});
afterAll(async () => {
  await kms.close();
  await dynamo.close();
});

const BASE = `/v1/tenants/${TENANT}`;
const post = (event_id: string, data = '{"id":"g1"}') => pipeline.post(posted({ event_id, data }));
const subscribe = async (event_types = ['*']): Promise<string> => {
  const wish = { url: 'https://crm.example.com/hooks', event_types };
  return (await plane.call('POST', `${BASE}/subscriptions`, { body: wish })).body.id;
};

/** What lies in the queue of events goes out of sight of everybody, as if it came late. */
function holdBack(): string[] {
  const held = pipeline.queues.events.receive();
  for (const { id } of held) pipeline.queues.events.remove(id);
  return held.map(({ body }) => body);
}

/** Erases the tenant; nobody has its name then. */
async function erase(): Promise<void> {
  expect((await plane.call('DELETE', BASE)).status).toBe(202);
  for (const seconds of [90, 900]) {
    pipeline.clock.advance(seconds);
    await pipeline.pump();
  }
  expect((await plane.call('GET', BASE)).status).toBe(404);
}

const textsOf = (): string[] => pipeline.arrivals.map(({ text }) => text);
const eventsListed = async (): Promise<unknown[]> => (await plane.call('GET', `${BASE}/events`)).body.items;
const lettersListed = async (): Promise<unknown[]> => (await plane.call('GET', '/v1/dead-letters')).body.items;

describe('an event that was held back until its tenant was erased', () => {
  let late: string[];
  beforeEach(async () => {
    await subscribe();
    await post('e1', '{"id":"of-the-erased"}');
    late = holdBack();
    await erase();
  });
  const comes = async (): Promise<void> => {
    for (const body of late) pipeline.queues.events.send(body);
    await pipeline.pump();
  };

  test('reaches nobody who has its name by then, and is not in his list', async () => {
    await subscribe();
    await comes();
    expect([textsOf(), await eventsListed()]).toEqual([[], []]);
    expect(pipeline.lines).toContainEqual(expect.objectContaining({ what: 'event.left_over', event_id: 'e1' }));
  });

  test('leaves nothing for whoever has its name later', async () => {
    const before = await plane.flow.scan();
    await comes();
    expect(await plane.flow.scan()).toEqual(before);
  });

  test('is not in the way of an event with its id', async () => {
    await subscribe();
    await post('e1', '{"id":"new"}');
    const [message = ''] = holdBack();
    await comes();
    pipeline.queues.events.send(message.replace('"v":1', '"v":1,"doubt":true'));
    await pipeline.pump();
    expect(textsOf()).toEqual([expect.stringContaining('"data":{"id":"new"}')]);
  });

  test.each([
    ['undeliverable', 0],
    ['dead', 0],
  ] as const)('in the queue %s is taken out and not published', async (queue, published) => {
    await subscribe();
    let left = late.length;
    const last = async function* () {
      for (const body of late) yield { body, remove: async () => void (left -= 1) };
    };
    await redrive(queue, { ...pipeline.worlds.sweep, last });
    expect([left, pipeline.queues.events.bodies.length]).toEqual([0, published]);
  });
});

test('a delivery in the dead queue of a tenant that was erased leaves no letter', async () => {
  const subscription_id = await subscribe();
  const event = travelling(make.event({ tenant: TENANT }));
  await erase();
  await subscribe();
  const body = JSON.stringify(make.message({ event, deliveries: [make.deliveryStep({ subscription_id })] }));
  let isRemoved = false;
  const last = async function* () {
    yield { body, remove: async () => void (isRemoved = true) };
  };
  await redrive('dead', { ...pipeline.worlds.sweep, last });
  expect([isRemoved, await lettersListed()]).toEqual([true, []]);
});

test('a notice that comes so late is for operators alone', async () => {
  await subscribe();
  const at = plane.clock.now().toISOString();
  const died = { event: { tenant: TENANT }, subscriptionId: 'sub_1', deliveryId: 'dlv_1', run: 1, reason: 'gone', at };
  const notice = noticeOfDead([died]);
  await erase();
  await subscribe(['DeadLetter.Created']);
  const before = await plane.flow.scan();
  if (notice.kind === 'notice') await tell(notice, pipeline.worlds.sweep);
  expect(pipeline.told).toMatchObject([{ type: 'DeadLetter.Created' }]);
  expect([pipeline.queues.events.bodies, await plane.flow.scan()]).toEqual([[], before]);
});

// Its post had died before its marker.
test('an id that only the head of an erased tenant’s event has is free, and nobody is shown that event', async () => {
  await subscribe();
  const world = { ...pipeline.worlds.ingest, open: () => Promise.reject(new Error('dies')) };
  const text = posted({ event_id: 'e1', data: '{"id":"g1"}' });
  await expect(ingestOne(text, { tenant: TENANT }, world)).rejects.toThrow('dies');
  await erase();
  expect(await plane.events.find(TENANT, 'e1')).toBeDefined();
  await subscribe();
  expect((await plane.call('GET', `${BASE}/events/e1`)).status).toBe(404);
  expect(await post('e1')).toMatchObject({ duplicate: false, accepted_at: plane.clock.now().toISOString() });
  expect(await post('e1')).toMatchObject({ duplicate: true });
  await pipeline.pump();
  expect(textsOf()).toHaveLength(1);
});

describe('an event of a tenant that was never erased', () => {
  test('is delivered however late it comes, the very first one as well', async () => {
    await pipeline.post(posted({ event_id: 'e1' }));
    await subscribe();
    const late = holdBack();
    pipeline.clock.advance(86_400);
    for (const body of late) pipeline.queues.events.send(body);
    await pipeline.pump();
    expect(textsOf()).toHaveLength(1);
  });

  /** Looks at the tenant, while these come. */
  async function looksDuring(bodies: readonly string[]): Promise<number> {
    let looks = 0;
    dynamo.meddle(({ operation, input }, pass) => {
      if (operation === 'GetItem' && JSON.stringify(input).includes('TENANT#')) looks += 1;
      return pass(input);
    });
    for (const body of bodies) {
      pipeline.queues.events.send(body);
      await pipeline.matchOnce();
    }
    dynamo.leaveAlone();
    return looks;
  }

  test('costs no look at its tenant, and one in half a minute where it is late', async () => {
    for (const id of ['e1', 'e2', 'e3']) await post(id);
    const bodies = holdBack();
    pipeline.clock.advance(900);
    expect(await looksDuring(bodies)).toBe(0);
    pipeline.clock.advance(1);
    expect(await looksDuring(bodies)).toBe(1);
    pipeline.clock.advance(31);
    expect(await looksDuring(bodies)).toBe(1);
  });
});
