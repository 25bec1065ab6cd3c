import { afterAll, beforeEach, describe, expect, test } from '@jest/globals';
import { deliver } from '../../lambdas/deliver/deliver.ts';
import { fold } from '../../lambdas/sweep/fold.ts';
import type { World } from '../../lambdas/sweep/sweep.ts';
import { travelling } from '../../shared/domain/event.ts';
import { Job } from '../../shared/domain/job.ts';
import type { Received } from '../../shared/runtime/batch.ts';
import type { DeliveryMessage } from '../../shared/domain/delivery.ts';
import { startDynalite } from '../support/dynamodb.ts';
import { Injected, Watch } from '../support/faults.ts';
import { make } from '../support/make.ts';
import { startPipeline } from '../support/pipeline.ts';
import { ACCEPTED, posted, rejected, TENANT } from '../support/stage-world.ts';

// Not in beforeAll: the names of some tests are made of the effects that a clean run finds.
const dynamo = await startDynalite();
afterAll(() => dynamo.close());

let pipeline = await startPipeline(dynamo);
let world = pipeline.worlds.sweep;
beforeEach(async () => {
  pipeline = await startPipeline(dynamo);
  world = pipeline.worlds.sweep;
});

/** Counts are folded when they are 75 s old. */
const OLD = 76;
const foldAll = (as: World = world): Promise<unknown> => fold(as, () => 60_000);
const stretch = { from: '2026-03-04T00', to: '2026-03-05T00' };
const hours = async (subscriptionId = 'sub_1') =>
  Object.fromEntries(await pipeline.figures.ofSubscription({ tenant: TENANT, subscriptionId }, stretch));
const days = async () =>
  Object.fromEntries(await pipeline.figures.ofTenant(TENANT, { from: '2026-01-01', to: '2027' }));
const countItems = async () => (await pipeline.flow.scan()).filter(({ pk }) => String(pk).startsWith('COUNT#'));

function received(event_id: string, subscriptions: readonly string[]): Received<DeliveryMessage> {
  const deliveries = subscriptions.map((subscription_id) => make.deliveryStep({ subscription_id }));
  return {
    id: event_id,
    receiveCount: 1,
    message: make.message({ event: travelling(make.event({ event_id })), deliveries }),
  };
}
const deliverBatch = (...batch: Received<DeliveryMessage>[]) =>
  deliver(batch, pipeline.worlds.deliver, new AbortController().signal);

describe('a batch of deliveries', () => {
  test('leaves one item with what they count, though they end one by one', async () => {
    await pipeline.subscribe({}, {});
    const { promise: second, resolve: answerSecond } = Promise.withResolvers<typeof ACCEPTED>();
    pipeline.answering.set('sub_2', () => second);
    const record = pipeline.worlds.deliver.record;
    pipeline.worlds.deliver.record = async (...args) => {
      await record(...args);
      answerSecond(ACCEPTED);
    };
    await deliverBatch(received('e1', ['sub_1', 'sub_2']), received('e2', ['sub_1']));
    expect(await countItems()).toMatchObject([
      {
        counts: {
          acme: {
            subscriptions: {
              sub_1: { accepted: 2, delivered: 2, ms: 14, took_06: 2 },
              sub_2: { accepted: 1, delivered: 1, ms: 7, took_06: 1 },
            },
          },
        },
      },
    ]);
  });

  test('leaves it as well where its last delivery comes to no attempt', async () => {
    await pipeline.subscribe({});
    await deliverBatch(received('e1', ['sub_1', 'sub_gone']));
    expect(await countItems()).toMatchObject([{ counts: { acme: { subscriptions: { sub_1: { accepted: 1 } } } } }]);
    await deliverBatch(received('e2', ['sub_1']));
    expect(await countItems()).toHaveLength(2);
  });

  test('counts by outcome and duration, and folding that gives the figures', async () => {
    await pipeline.subscribe({}, {}, {});
    pipeline.answering.set('sub_2', () => rejected(500));
    pipeline.answering.set('sub_3', () => ({ kind: 'unreachable', reason: 'dns_failed', duration_ms: 30 }));
    await deliverBatch(
      received('e1', ['sub_1', 'sub_3']),
      received('e2', ['sub_1', 'sub_2']),
      received('e3', ['sub_1', 'sub_3']),
    );
    pipeline.clock.advance(OLD);
    await foldAll();
    expect(await hours()).toEqual({ '2026-03-04T05': { accepted: 3, delivered: 3, ms: 21, took_06: 3 } });
    expect(await hours('sub_2')).toEqual({ '2026-03-04T05': { rejected: 1, ms: 7, took_06: 1 } });
    expect(await hours('sub_3')).toEqual({ '2026-03-04T05': { unreachable: 2, ms: 60, took_10: 2 } });
    expect(await days()).toEqual({ '2026-03-04': { attempts: 6 } });
  });

  test('that ends deliveries for good counts them once, and every attempt', async () => {
    await pipeline.subscribe({ retry: { delays_seconds: [5] } });
    pipeline.answering.set('sub_1', () => rejected(500));
    await pipeline.post(posted({ event_id: 'e1' }));
    await pipeline.settle();
    pipeline.clock.advance(OLD);
    await foldAll();
    expect(await hours()).toEqual({ '2026-03-04T05': { rejected: 2, dead: 1, ms: 14, took_06: 2 } });
    expect(await days()).toEqual({ '2026-03-04': { events: 1, deliveries: 1, attempts: 2 } });
  });
});

test('a tenant used what was posted and matched: duplicates, and what is refused, count for nothing', async () => {
  await pipeline.subscribe({}, { event_types: ['*'] });
  for (const event_id of ['e1', 'e2', 'e1']) {
    await pipeline.post(posted({ event_id }));
    await pipeline.pump();
  }
  await expect(pipeline.post(posted({ event_type: 'No.Such' }))).rejects.toThrow();
  pipeline.clock.advance(OLD);
  await foldAll();
  expect(await days()).toEqual({ '2026-03-04': { events: 2, deliveries: 4, attempts: 4 } });
});

test('accepting an event costs what it did: ingest counts nothing', async () => {
  await pipeline.post(posted({ event_id: 'e1' }));
  expect(await countItems()).toEqual([]);
});

test('what was counted less than 75 s ago is left to the next minute, for somebody may be about to write more', async () => {
  await pipeline.subscribe({});
  await deliverBatch(received('e1', ['sub_1']));
  pipeline.clock.advance(75);
  await foldAll();
  expect(await hours()).toEqual({});
  pipeline.clock.advance(1);
  await foldAll();
  expect(await hours()).toMatchObject({ '2026-03-04T05': { accepted: 1 } });
});

test('the tick folds, every minute', async () => {
  await pipeline.subscribe({});
  await deliverBatch(received('e1', ['sub_1']));
  pipeline.clock.advance(OLD);
  await pipeline.tick();
  expect(await hours()).toMatchObject({ '2026-03-04T05': { accepted: 1 } });
  expect(pipeline.lines.filter(({ what }) => what === 'sweep.fold')).toEqual([
    { what: 'sweep.fold', window: 1, to: '2026-03-04T05:06:08.890Z', counts: 1, figures: 2 },
  ]);
  await pipeline.tick();
  expect(pipeline.lines.filter(({ what }) => what === 'sweep.fold')).toHaveLength(1);
});

describe('with little time left', () => {
  test('the rest is a job of its own, which takes up the window that is open', async () => {
    await pipeline.subscribe({});
    await deliverBatch(received('e1', ['sub_1']));
    pipeline.clock.advance(OLD);
    await fold(world, () => 29_999);
    expect(await hours()).toEqual({});
    expect(pipeline.queues.sweeps.bodies.map((body) => Job.parse(JSON.parse(body)))).toEqual([{ v: 1, kind: 'fold' }]);
    await pipeline.pump();
    expect(await hours()).toMatchObject({ '2026-03-04T05': { accepted: 1 } });
  });
});

/** Two hours, two subscriptions, so that a window has several figures: seven attempts in all. */
async function countSeven(): Promise<void> {
  await pipeline.subscribe({}, {});
  pipeline.clock.advance(52 * 60);
  await deliverBatch(received('e1', ['sub_1', 'sub_2']), received('e2', ['sub_1']));
  pipeline.clock.advance(2 * 60);
  await deliverBatch(received('e3', ['sub_1', 'sub_2']), received('e4', ['sub_1']), received('e5', ['sub_2']));
  pipeline.clock.advance(OLD);
}
const clean = new Watch();
await countSeven();
await foldAll(clean.enter(world).world);
const places = clean.effects.begun.flatMap((name, at) =>
  (['before', 'after'] as const).map((side) => ({ name, at, side })),
);

describe('folded again', () => {
  /** More of them, whose moments come after the window's end. */
  const countMore = async (): Promise<void> => {
    await deliverBatch(received('e6', ['sub_1']), received('e7', ['sub_1']));
    pipeline.clock.advance(OLD);
  };
  const accepted = async (subscriptionId: string): Promise<unknown[]> =>
    Object.entries(await hours(subscriptionId)).map(([at, sums]) => [at.slice(-2), sums.accepted]);
  async function expectSeven(more = 0): Promise<void> {
    expect(await accepted('sub_1')).toEqual(
      expect.arrayContaining([
        ['05', 2],
        ['06', 2 + more],
      ]),
    );
    expect(await accepted('sub_2')).toEqual(
      expect.arrayContaining([
        ['05', 1],
        ['06', 2],
      ]),
    );
    expect(await days()).toEqual({ '2026-03-04': { attempts: 7 + more } });
  }

  test('it counts nothing twice', async () => {
    await countSeven();
    await foldAll();
    await foldAll();
    await expectSeven();
  });

  test('it counts nothing twice where two or three do it at once', async () => {
    await countSeven();
    await Promise.all([foldAll(), foldAll(), foldAll()]);
    await foldAll();
    await expectSeven();
  });

  test('it counts nothing twice where one stands still in the middle and goes on when all is folded', async () => {
    await countSeven();
    const { promise: done, resolve: goOn } = Promise.withResolvers<void>();
    const { promise: stopped, resolve: stop } = Promise.withResolvers<void>();
    let grown = 0;
    const slow: World = {
      ...world,
      async grow(growth, window) {
        if (++grown === 2) stop();
        if (grown >= 2) await done;
        return world.grow(growth, window);
      },
    };
    const late = foldAll(slow);
    await stopped;
    await foldAll();
    await countMore();
    await foldAll();
    goOn();
    await late;
    await expectSeven(2);
  });

  test.each(places)(
    'it counts nothing twice and leaves nothing out where it died $side $name ($at), and more was counted meanwhile',
    async ({ at, side, name }) => {
      await countSeven();
      const fault = { at, side, kind: 'dies' } as const;
      const watch = new Watch({ fault, known: clean.effects, onFault: () => undefined });
      await expect(foldAll(watch.enter(world).world)).rejects.toThrow(Injected);
      expect(watch.struck).toBe(name);
      await countMore();
      await foldAll();
      await expectSeven(2);
    },
  );
});
