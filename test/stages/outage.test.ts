import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { shownDelivery } from '../../shared/domain/delivery-view.ts';
import { heldFor, released } from '../../shared/domain/hold.ts';
import type { Job } from '../../shared/domain/job.ts';
import { replayFrom } from '../../shared/store/replays.ts';
import { startDynalite, type DynamoDb } from '../support/dynamodb.ts';
import { AT, later } from '../support/make.ts';
import { startPipeline, type Pipeline } from '../support/pipeline.ts';
import { ACCEPTED, posted, rejected, TENANT } from '../support/stage-world.ts';

/*
 * What a subscriber's failing means over minutes, days and a week, with the clock as a value: who gets which request when, and
 * what becomes of each delivery in the end.
 */

jest.setTimeout(240_000); // days take their time, even where the clock is a value

let dynamo: DynamoDb;
beforeAll(async () => {
  dynamo = await startDynalite();
});
afterAll(() => dynamo.close());

const [MINUTE, HOUR, DAY] = [60, 3_600, 86_400];
const WHOM = { tenant: TENANT, subscriptionId: 'sub_1' };

const secondsIn = ({ clock }: Pipeline): number => (clock.now().getTime() - Date.parse(AT)) / 1000;
const arrivalsOf = ({ arrivals }: Pipeline, subscription: string) =>
  arrivals.filter((arrival) => arrival.subscription === subscription);
const momentsOf = (pipeline: Pipeline, subscription: string): number[] =>
  arrivalsOf(pipeline, subscription).map(({ at }) => (at - Date.parse(AT)) / 1000);
const eventsOf = (pipeline: Pipeline, subscription: string): string[] =>
  arrivalsOf(pipeline, subscription).map(({ text }) => (JSON.parse(text) as { event_id: string }).event_id);

const post = async (pipeline: Pipeline, ...events: string[]): Promise<void> => {
  for (const event_id of events) await pipeline.post(posted({ event_id }));
  await pipeline.pump();
};

/** Lets the world go on until that moment: messages come when they are due, and the schedule ticks now and then. */
async function goOn(pipeline: Pipeline, untilSeconds: number, tickEvery = HOUR): Promise<void> {
  let ticked = secondsIn(pipeline);
  while (secondsIn(pipeline) < untilSeconds) {
    const { deliveries, retries, deferred, sweeps } = pipeline.queues;
    const nextAt = Math.min(...[deliveries, retries, deferred, sweeps].map((queue) => queue.nextAt));
    const next = (nextAt - Date.parse(AT)) / 1000;
    const until = Math.min(next, ticked + tickEvery, untilSeconds);
    pipeline.clock.advance(Math.max(Math.ceil(until - secondsIn(pipeline)), 0));
    if (secondsIn(pipeline) >= ticked + tickEvery) {
      await pipeline.tick();
      ticked = secondsIn(pipeline);
    }
    await pipeline.pump();
  }
}

/** Days in which nothing but probes happens are left out: what was due meanwhile comes at once, and the schedule ticks. */
async function jumpTo(pipeline: Pipeline, seconds: number): Promise<void> {
  pipeline.clock.advance(seconds - secondsIn(pipeline));
  await pipeline.pump();
  await pipeline.tick();
  await pipeline.pump();
}

const subscriptionOf = async ({ subscriptions }: Pipeline, id = 'sub_1') => (await subscriptions.find(TENANT, id))!;

async function change(pipeline: Pipeline, changes: (before: Awaited<ReturnType<typeof subscriptionOf>>) => object) {
  const before = await subscriptionOf(pipeline);
  await pipeline.subscriptions.replace(before, { ...before, ...changes(before), version: before.version + 1 });
}

const pause = (pipeline: Pipeline) =>
  change(pipeline, (before) => heldFor(before, 'paused', { at: pipeline.clock.now().toISOString() }));

/** As the control plane does it. */
async function resume(pipeline: Pipeline): Promise<void> {
  const before = await subscriptionOf(pipeline);
  const started_at = pipeline.clock.now().toISOString();
  const { after, catchUp } = released(before, started_at);
  const of = { tenant: TENANT, subscription_id: 'sub_1', replay_id: `rpl_${secondsIn(pipeline)}` };
  if (catchUp) {
    await pipeline.replays.create(replayFrom({ ...of, kind: 'catch_up', ...catchUp, started_at }));
    ask(pipeline, { v: 1, kind: 'walk', ...of });
    ask(pipeline, { v: 1, kind: 'release', tenant: TENANT, subscription_id: 'sub_1', what: 'held' });
  }
  const named = catchUp && { catch_up: { ...catchUp, replay_id: of.replay_id } };
  await change(pipeline, () => ({ ...after, ...named }));
}

const ask = ({ queues }: Pipeline, job: Job): void => queues.sweeps.send(JSON.stringify(job));

/** What the API would say of a delivery. */
async function stateOf(pipeline: Pipeline, eventId: string, subscriptionId = 'sub_1'): Promise<unknown> {
  const event = (await pipeline.events.find(TENANT, eventId))!;
  const [waiting] = await pipeline.shelf.find({ tenant: TENANT, subscriptionId }, eventId);
  const shown = shownDelivery({
    event,
    subscriptionId,
    subscription: await subscriptionOf(pipeline, subscriptionId),
    attempts: await pipeline.attempts.ofDelivery(event, subscriptionId),
    letter: await pipeline.attempts.letterOf(event, subscriptionId),
    isCancelled: false,
    isWanted: true,
    waiting,
  });
  return shown.reason ?? shown.waiting_for ?? shown.state;
}

/** Fails until that moment, and takes everything from then on. */
const failsUntil = (pipeline: Pipeline, seconds: number, status = 500): void =>
  void pipeline.answering.set('sub_1', () => (secondsIn(pipeline) < seconds ? rejected(status) : ACCEPTED));

const ids = (prefix: string, count: number): string[] => Array.from({ length: count }, (_, i) => `${prefix}${i}`);

/** A pipeline whose subscriber fails and whose circuit is open, ten events after its start. */
async function withOpenCircuit(untilSeconds: number, wish: object = {}): Promise<Pipeline> {
  const pipeline = await startPipeline(dynamo);
  await pipeline.subscribe(wish, {});
  failsUntil(pipeline, untilSeconds);
  await post(pipeline, ...ids('first-', 9));
  await goOn(pipeline, 6);
  await post(pipeline, 'first-9');
  expect((await subscriptionOf(pipeline)).circuit).toMatchObject({ state: 'open' });
  return pipeline;
}

describe('an outage of an hour', () => {
  test('costs one probe per interval, and everything is delivered when it is over', async () => {
    const pipeline = await withOpenCircuit(HOUR);
    const before = arrivalsOf(pipeline, 'sub_1').length;
    const opened = secondsIn(pipeline);
    for (const minute of [1, 5, 15, 40]) {
      await goOn(pipeline, minute * MINUTE);
      await post(pipeline, ...ids(`at-${minute}-`, 20));
    }
    await goOn(pipeline, HOUR);
    // Nothing but probes, each twice as far from the one before as that was from its own.
    const probes = momentsOf(pipeline, 'sub_1').slice(before);
    const waits = probes.map((moment, i) => moment - (probes[i - 1] ?? opened));
    const nominal = [10, 20, 40, 80, 160, 320, 640, 750, 750];
    for (const [i, wait] of nominal.entries()) {
      expect(waits[i]).toBeGreaterThan(wait - 0.01);
      expect(waits[i]).toBeLessThan(wait + 2); // queues count in whole seconds
    }
    expect(waits.length - nominal.length).toBeLessThanOrEqual(1);
    expect(eventsOf(pipeline, 'sub_2')).toHaveLength(10 + 80);

    await goOn(pipeline, 3 * HOUR, MINUTE);
    const { circuit, held, catch_up } = await subscriptionOf(pipeline);
    expect({ circuit, held, catch_up }).toEqual({});
    const got = eventsOf(pipeline, 'sub_1');
    const owed = [...ids('first-', 10), ...[1, 5, 15, 40].flatMap((minute) => ids(`at-${minute}-`, 20))];
    for (const event of owed) expect([event, await stateOf(pipeline, event)]).toEqual([event, 'delivered']);
    // What was held came once each, oldest first.
    const heldOnes = got.filter((event) => event.startsWith('at-'));
    expect(heldOnes).toHaveLength(80);
    expect(new Set(heldOnes).size).toBe(heldOnes.length);
    const minutes = heldOnes.map((event) => Number(event.split('-')[1]));
    expect(minutes).toEqual(minutes.toSorted((a, b) => a - b));
    expect(pipeline.told).toContainEqual(expect.objectContaining({ type: 'Subscription.Recovered' }));
  });

  test('uses up no attempt of what it holds', async () => {
    const pipeline = await withOpenCircuit(HOUR, { retry: { delays_seconds: [60, 2 * HOUR] } });
    await goOn(pipeline, 10 * MINUTE);
    await post(pipeline, 'held');
    expect(await stateOf(pipeline, 'held')).toBe('circuit');
    await goOn(pipeline, 2 * HOUR, MINUTE);
    const attempts = await pipeline.attempts.ofDelivery((await pipeline.events.find(TENANT, 'held'))!, 'sub_1');
    expect(attempts).toMatchObject([{ attempt: 1, outcome: 'accepted' }]);
  });

  test('new events do not wait behind the catch-up', async () => {
    const pipeline = await withOpenCircuit(5 * MINUTE);
    await post(pipeline, ...ids('held-', 200));
    await goOn(pipeline, 290);
    while ((await subscriptionOf(pipeline)).circuit !== undefined) await goOn(pipeline, secondsIn(pipeline) + 1);
    pipeline.clock.advance(11); // what environments know of it is old by then
    await post(pipeline, 'new');
    const got = eventsOf(pipeline, 'sub_1');
    expect(got).toContain('new');
    expect(got.filter((event) => event.startsWith('held-')).length).toBeLessThan(200);
    await goOn(pipeline, secondsIn(pipeline) + 10 * MINUTE, MINUTE);
    expect(new Set(eventsOf(pipeline, 'sub_1'))).toEqual(new Set([...ids('first-', 10), ...ids('held-', 200), 'new']));
  });
});

describe('an outage of a week', () => {
  test('disables after five days, with notice; what came is missed, and a replay brings it', async () => {
    const pipeline = await withOpenCircuit(7 * DAY);
    await pipeline.subscribe({ id: 'sub_3', event_types: ['Subscription.Disabled'] });
    await jumpTo(pipeline, 2 * DAY);
    await post(pipeline, 'day-2-a', 'day-2-b');
    await jumpTo(pipeline, 4 * DAY);
    await jumpTo(pipeline, 5 * DAY - HOUR);
    expect((await subscriptionOf(pipeline)).status).toBe('enabled');
    await goOn(pipeline, 5 * DAY + HOUR, 5 * MINUTE);
    expect(await subscriptionOf(pipeline)).toMatchObject({ status: 'disabled', disabled_reason: 'failing' });
    const notice = { type: 'Subscription.Disabled', detail: { reason: 'failing', subscription_id: 'sub_1' } };
    expect(pipeline.told).toContainEqual(expect.objectContaining({ type: notice.type }));
    expect(pipeline.told.find(({ type }) => type === notice.type)).toMatchObject(notice);
    expect(arrivalsOf(pipeline, 'sub_3')).toHaveLength(1);

    await post(pipeline, 'sixth-day');
    const requests = arrivalsOf(pipeline, 'sub_1').length;
    await jumpTo(pipeline, 7 * DAY);
    expect(arrivalsOf(pipeline, 'sub_1')).toHaveLength(requests);
    expect(await stateOf(pipeline, 'sixth-day')).toBe('missed');
    expect(await stateOf(pipeline, 'day-2-b')).toBe('missed');
    // What was tried and not made was given up, and says so; so is the one that took over the probing from those that expired.
    for (const event of [...ids('first-', 10), 'day-2-a']) {
      expect(['expired', 'subscription_disabled', 'exhausted']).toContain(await stateOf(pipeline, event));
    }

    await resume(pipeline);
    pipeline.clock.advance(11);
    expect(await stateOf(pipeline, 'sixth-day')).toBe('missed');
    const of = { tenant: TENANT, subscription_id: 'sub_1', replay_id: 'rpl_missed' };
    const started_at = pipeline.clock.now().toISOString();
    await pipeline.replays.create(
      replayFrom({ ...of, kind: 'replay', only: 'missed', run: 2, from: AT, to: started_at, started_at }),
    );
    ask(pipeline, { v: 1, kind: 'walk', ...of });
    await goOn(pipeline, secondsIn(pipeline) + 5 * MINUTE, MINUTE);
    for (const event of ['day-2-b', 'sixth-day']) expect(await stateOf(pipeline, event)).toBe('delivered');
    expect(await pipeline.replays.find(of, 'rpl_missed')).toMatchObject({ state: 'done', sent: 2, delivered: 2 });
  });

  test('410 disables at once', async () => {
    const pipeline = await startPipeline(dynamo);
    await pipeline.subscribe({});
    pipeline.answering.set('sub_1', () => rejected(410));
    await post(pipeline, 'e1');
    expect(await subscriptionOf(pipeline)).toMatchObject({ status: 'disabled', disabled_reason: 'gone' });
    expect(await stateOf(pipeline, 'e1')).toBe('gone');
    pipeline.clock.advance(20);
    await post(pipeline, 'e2');
    expect(await stateOf(pipeline, 'e2')).toBe('missed');
    expect(arrivalsOf(pipeline, 'sub_1')).toHaveLength(1);
    await goOn(pipeline, MINUTE);
    expect(pipeline.told.map(({ type }) => type).toSorted()).toEqual(['DeadLetter.Created', 'Subscription.Disabled']);
  });

  test('what a circuit holds for longer than its schedule dies as expired when it is released', async () => {
    const pipeline = await withOpenCircuit(3 * HOUR, { retry: { delays_seconds: [60] } });
    await goOn(pipeline, 10 * MINUTE);
    await post(pipeline, 'old');
    await goOn(pipeline, 2.9 * HOUR, HOUR);
    await post(pipeline, 'young');
    await goOn(pipeline, 4 * HOUR, MINUTE);
    expect([await stateOf(pipeline, 'old'), await stateOf(pipeline, 'young')]).toEqual(['expired', 'delivered']);
  });
});

describe('a pause of three weeks less a day', () => {
  test('ages nothing: what was held is delivered on release, what waited goes on', async () => {
    const pipeline = await startPipeline(dynamo);
    await pipeline.subscribe({ retry: { delays_seconds: [HOUR] } });
    pipeline.answering.set('sub_1', (_, earlier) =>
      earlier === 0 && secondsIn(pipeline) < 10 ? rejected(500) : ACCEPTED,
    );
    await post(pipeline, 'tried');
    pipeline.clock.advance(1);
    await pause(pipeline);
    pipeline.clock.advance(11);
    await post(pipeline, 'held');
    await jumpTo(pipeline, 10 * DAY);
    expect(arrivalsOf(pipeline, 'sub_1')).toHaveLength(1);
    expect([await stateOf(pipeline, 'tried'), await stateOf(pipeline, 'held')]).toEqual(['paused', 'paused']);
    await resume(pipeline);
    await goOn(pipeline, 10 * DAY + 5 * MINUTE, MINUTE);
    expect([await stateOf(pipeline, 'tried'), await stateOf(pipeline, 'held')]).toEqual(['delivered', 'delivered']);
    expect(eventsOf(pipeline, 'sub_1').toSorted()).toEqual(['held', 'tried', 'tried']);
  });

  test('becomes dead letters before its events are no more', async () => {
    const pipeline = await startPipeline(dynamo);
    await pipeline.subscribe({});
    await pause(pipeline);
    await pipeline.held.list(WHOM);
    pipeline.clock.advance(11);
    await post(pipeline, 'held');
    await jumpTo(pipeline, 13.4 * DAY);
    expect(await stateOf(pipeline, 'held')).toBe('paused');
    await jumpTo(pipeline, 13.9 * DAY);
    expect(await stateOf(pipeline, 'held')).toBe('retention');
  });
});

describe('a rate', () => {
  test('is kept smoothly, and nothing is dropped', async () => {
    const pipeline = await startPipeline(dynamo);
    await pipeline.subscribe({ rate_limit_per_second: 2 }, {});
    await post(pipeline, ...ids('e', 40));
    expect(arrivalsOf(pipeline, 'sub_2')).toHaveLength(40);
    await goOn(pipeline, MINUTE);
    const moments = momentsOf(pipeline, 'sub_1').toSorted((a, b) => a - b);
    expect(new Set(eventsOf(pipeline, 'sub_1')).size).toBe(40);
    expect(moments).toHaveLength(40);
    const gaps = moments.slice(1).map((moment, i) => moment - moments[i]!);
    // Half a second each; what falls into the second at which the queue wakes it up is waited for there.
    expect(moments.at(-1)! - moments[0]!).toBeGreaterThanOrEqual(19);
    expect(Math.max(...gaps)).toBeLessThanOrEqual(2);
  });

  test('that is far behind has what comes later rest on the shelf', async () => {
    const pipeline = await startPipeline(dynamo);
    await pipeline.subscribe({ rate_limit_per_second: 0.1 });
    await post(pipeline, ...ids('e', 100));
    const waiting = await Array.fromAsync(pipeline.shelf.all(WHOM));
    expect(waiting.filter(({ due }) => due > Date.parse(later(900)))).toHaveLength(9);
    await goOn(pipeline, 1_100, MINUTE);
    expect(new Set(eventsOf(pipeline, 'sub_1')).size).toBe(100);
  });
});

describe('one that asks for a rest', () => {
  test('gets nothing until then, of any delivery, and everything afterwards', async () => {
    const pipeline = await startPipeline(dynamo);
    await pipeline.subscribe({});
    pipeline.answering.set('sub_1', () => (secondsIn(pipeline) < 60 ? rejected(429, '60') : ACCEPTED));
    await post(pipeline, 'e1');
    pipeline.clock.advance(4);
    await post(pipeline, ...ids('e', 10));
    expect(arrivalsOf(pipeline, 'sub_1')).toHaveLength(1);
    await goOn(pipeline, 3 * MINUTE);
    expect(momentsOf(pipeline, 'sub_1').filter((at) => at > 0 && at < 60)).toEqual([]);
    for (const event of ids('e', 10)) expect(await stateOf(pipeline, event)).toBe('delivered');
  });
});
