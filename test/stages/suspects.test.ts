import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { deliver } from '../../lambdas/deliver/deliver.ts';
import { openTrouble } from '../../lambdas/deliver/trouble.ts';
import type { World } from '../../lambdas/deliver/world.ts';
import { DeliveryMessage } from '../../shared/domain/delivery.ts';
import { travelling } from '../../shared/domain/event.ts';
import { healthIn } from '../../shared/store/health.ts';
import { startDynalite, type DynamoDb } from '../support/dynamodb.ts';
import { make } from '../support/make.ts';
import { ACCEPTED, openWorlds, type Opened } from '../support/stage-world.ts';
import { until } from '../support/until.ts';

let dynamo: DynamoDb;
beforeAll(async () => {
  dynamo = await startDynalite();
});
afterAll(() => dynamo.close());

/** Timers that ring when they are told to. */
function alarms() {
  let pending: { ms: number; then: () => void }[] = [];
  return {
    after(ms: number, then: () => void) {
      const alarm = { ms, then };
      pending.push(alarm);
      return () => void (pending = pending.filter((one) => one !== alarm));
    },
    /** So many milliseconds have passed since each of them was set. */
    ring(ms: number): void {
      const due = pending.filter((alarm) => alarm.ms <= ms);
      pending = pending.filter((alarm) => alarm.ms > ms);
      for (const { then } of due) then();
    },
  };
}

/** One environment: it has a view of its own of who is in trouble. */
function environment(opened: Opened, place: 'lane' | 'deferred', copy: number) {
  const { after, ring } = alarms();
  let made = 0;
  const world: World = {
    ...(place === 'lane' ? opened.worlds.deliver : opened.worlds.deferred),
    ...openTrouble({
      health: healthIn(opened.flow, { copy, token: () => `${place}-${copy}-${(made += 1)}` }),
      now: opened.clock.now,
      after,
      togetherMs: 0,
      noteFailure: opened.noteFailure,
    }),
  };
  const send = (...events: string[]) =>
    deliver(
      events.map((event_id) => ({
        id: event_id,
        receiveCount: 1,
        message: make.message({ event: travelling(make.event({ event_id })) }),
      })),
      world,
      new AbortController().signal,
    );
  return { world, send, ring };
}

const ids = (count: number): string[] => Array.from({ length: count }, (_, i) => `e${i}`);

/** Requests that hang until they are let go. */
function hanging(opened: Opened) {
  const { promise, resolve } = Promise.withResolvers<void>();
  opened.answering.set('sub_1', async () => {
    await promise;
    return ACCEPTED;
  });
  return resolve;
}

const troubleIn = async ({ flow }: Opened) => {
  const [trouble] = await healthIn(flow, { copy: 0, token: () => '' }).troubled();
  return trouble;
};

test('a request that is pending for a second makes its subscription suspect, for every environment', async () => {
  const opened = await openWorlds(dynamo);
  await opened.subscribe({});
  const letGo = hanging(opened);
  const [one, other] = [environment(opened, 'lane', 0), environment(opened, 'lane', 1)];
  const working = one.send('e1');
  await until(() => opened.arrivals.length === 1);
  one.ring(999);
  expect(await troubleIn(opened)).toBeUndefined();
  one.ring(1_000);
  await until(async () => (await troubleIn(opened))?.suspect === true);

  // Another one knows within a second, and does not let it into its lane any more.
  opened.clock.advance(1.5);
  await other.send('e2');
  expect(opened.arrivals).toHaveLength(1);
  expect(opened.queues.deferred.bodies.map((body) => DeliveryMessage.parse(JSON.parse(body)).event.event_id)).toEqual([
    'e2',
  ]);
  letGo();
  await working;
});

test('three that are pending for 200 ms do so sooner, and two do not', async () => {
  const opened = await openWorlds(dynamo);
  await opened.subscribe({});
  const letGo = hanging(opened);
  const { send, ring } = environment(opened, 'lane', 0);
  const two = send('e1', 'e2');
  await until(() => opened.arrivals.length === 2);
  ring(200);
  expect(await troubleIn(opened)).toBeUndefined();
  const third = send('e3');
  await until(() => opened.arrivals.length === 3);
  ring(200);
  await until(async () => (await troubleIn(opened))?.suspect === true);
  letGo();
  await Promise.all([two, third]);
});

test('a suspect gets ten requests at a time, and the rest of it rests', async () => {
  const opened = await openWorlds(dynamo);
  await opened.subscribe({});
  const health = healthIn(opened.flow, { copy: 0, token: () => 'nobody' });
  await health.suspected({ tenant: 'acme', subscriptionId: 'sub_1' }, opened.clock.now());
  const letGo = hanging(opened);
  const environments = [0, 1, 2].map((copy) => environment(opened, 'deferred', copy));
  const working = environments.map(({ send }, i) => send(...ids(8).map((event) => `${event}-${i}`)));
  const shelved = async () =>
    (await Array.fromAsync(opened.shelf.all({ tenant: 'acme', subscriptionId: 'sub_1' }))).length;
  await until(async () => opened.arrivals.length + (await shelved()) === 24);
  expect(opened.arrivals.length).toBeLessThanOrEqual(10);
  expect(opened.arrivals.length).toBeGreaterThanOrEqual(8);
  letGo();
  await Promise.all(working);
  expect(opened.failures).toEqual([]);
});

test.each([
  ['in time ends it', 900, undefined],
  ['late, however well, keeps the cap for good, and is no failure', 1_100, true],
])('an answer %s', async (_, duration_ms, suspect) => {
  const opened = await openWorlds(dynamo);
  await opened.subscribe({});
  const whom = { tenant: 'acme', subscriptionId: 'sub_1' };
  const health = healthIn(opened.flow, { copy: 0, token: () => 'nobody' });
  await health.suspected(whom, opened.clock.now());
  opened.answering.set('sub_1', () => ({ ...ACCEPTED, duration_ms }));
  await environment(opened, 'deferred', 0).send('e1');
  const trouble = await troubleIn(opened);
  expect([trouble?.suspect === true ? true : undefined, trouble?.open]).toEqual([suspect, false]);
  expect(opened.arrivals).toHaveLength(1);
});
