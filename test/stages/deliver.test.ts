import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { deliver as deliverBatch } from '../../lambdas/deliver/deliver.ts';
import type { World } from '../../lambdas/deliver/world.ts';
import { sendDue } from '../../lambdas/sweep/shelf.ts';
import { DeliveryMessage, type DeliveryStep } from '../../shared/domain/delivery.ts';
import { heldFor } from '../../shared/domain/hold.ts';
import { travelling, type AcceptedEvent, type TravellingEvent } from '../../shared/domain/event.ts';
import { deliveryId } from '../../shared/domain/id.ts';
import type { Subscription } from '../../shared/domain/subscription.ts';
import type { Received } from '../../shared/runtime/batch.ts';
import { startDynalite, type DynamoDb } from '../support/dynamodb.ts';
import { Watch } from '../support/faults.ts';
import { AT, later, make } from '../support/make.ts';
import { ACCEPTED, openWorlds, rejected, TENANT, type Opened } from '../support/stage-world.ts';

let dynamo: DynamoDb;
let opened: Opened;
let world: World;
/** The effects of the world, in the order they began. */
let watch: Watch;
beforeAll(async () => {
  dynamo = await startDynalite();
});
beforeEach(async () => {
  opened = await openWorlds(dynamo);
  watch = new Watch();
  ({ world } = watch.enter(opened.worlds.deliver));
});
afterAll(() => dynamo.close());

interface Given {
  event?: Partial<AcceptedEvent>;
  doubt?: true;
  receiveCount?: number;
  steps?: Partial<DeliveryStep>[];
}

let made = 0;
function received({ event = {}, doubt, receiveCount = 1, steps = [{}] }: Given = {}): Received<DeliveryMessage> {
  const travels: TravellingEvent = { ...travelling(make.event(event)), ...(doubt && { doubt }) };
  const message = make.message({ event: travels, deliveries: steps.map((step) => make.deliveryStep(step)) });
  return { id: `message-${++made}`, receiveCount, message };
}

/** The function's time is never over, save where a test says so. */
const deliver = (records: readonly Received<DeliveryMessage>[], signal = new AbortController().signal) =>
  deliverBatch(records, world, signal);

/** Without what only looks at whom to send to, and what every batch ends with. */
const effects = (): string[] =>
  watch.effects.begun.filter((verb) => !['troubleOf', 'slotFor', 'keepCounts'].includes(verb));
const idFor = (subscriptionId: string): string =>
  deliveryId({ tenant: TENANT, eventId: 'evt_1', acceptedAt: AT, subscriptionId });
const attempts = (subscription = 'sub_1') => opened.attempts.ofDelivery(make.event(), subscription);
const deadLetters = (subscription = 'sub_1') =>
  opened.attempts
    .deadLetters({ tenant: TENANT, subscriptionId: subscription }, { limit: 100 })
    .then(({ letters }) => letters);
const arrivedAt = (subscription: string): number =>
  opened.arrivals.filter((arrival) => arrival.subscription === subscription).length;

/** What waits in the retries queue: whose attempt it is, and in how many seconds it comes. */
const waiting = () =>
  opened.queues.retries.bodies.map((body) => {
    const { event, deliveries } = DeliveryMessage.parse(JSON.parse(body));
    return { doubt: event.doubt, ...deliveries[0]! };
  });
const nextIn = (): number => (opened.queues.retries.nextAt - opened.clock.now().getTime()) / 1000;

/** What rests on the shelf, and until when in milliseconds since 1970. */
const resting = () => Array.fromAsync(opened.shelf.all({ tenant: TENANT, subscriptionId: 'sub_1' }));

/** Moves the clock to the next message of the retries queue and handles what is due. */
async function deliverNext(): Promise<void> {
  opened.clock.advance(Math.max(nextIn(), 0));
  await handle('retries', world);
}

async function handle(name: 'retries' | 'deferred', as: World): Promise<void> {
  const held = opened.queues[name].receive();
  const records = held.map(({ id, body, receiveCount }) => ({
    id,
    receiveCount,
    message: DeliveryMessage.parse(JSON.parse(body)),
  }));
  const failed = await deliverBatch(records, as, new AbortController().signal);
  for (const { id } of held) if (!failed.has(id)) opened.queues[name].remove(id);
}

/** Moves the clock to when something waits no more, in a queue or on the shelf. False where nothing waits. */
async function deliverLater(): Promise<boolean> {
  const dues = (await resting()).map(({ due }) => due);
  const next = Math.min(opened.queues.retries.nextAt, opened.queues.deferred.nextAt, ...dues);
  if (next === Infinity) return false;
  // A queue counts in whole seconds.
  opened.clock.advance(Math.max(Math.ceil((next - opened.clock.now().getTime()) / 1000), 0));
  for (const shard of opened.worlds.sweep.shelves) await sendDue(shard, opened.worlds.sweep, () => 60_000);
  await handle('retries', world);
  await handle('deferred', opened.worlds.deferred);
  return true;
}

/** The calls that reach the tables meanwhile. */
async function callsDuring(run: () => Promise<unknown>): Promise<Record<string, number>> {
  const calls: Record<string, number> = {};
  dynamo.meddle(({ operation, input }, pass) => {
    calls[operation] = (calls[operation] ?? 0) + 1;
    return pass(input);
  });
  await run();
  dynamo.leaveAlone();
  return calls;
}

/** A change of the subscription, as the control plane makes it. */
async function change(changes: Partial<Subscription>): Promise<void> {
  const before = (await opened.subscriptions.find(TENANT, 'sub_1'))!;
  await opened.subscriptions.replace(before, { ...before, ...changes, version: before.version + 1 });
}

describe('an attempt', () => {
  test('that is accepted is recorded', async () => {
    await opened.subscribe({});
    expect(await deliver([received()])).toEqual(new Set());
    expect(effects()).toEqual(['subscription', 'post', 'record']);
    expect(await attempts()).toEqual([
      {
        event_id: 'evt_1',
        event_type: 'Guest.Created',
        subscription_id: 'sub_1',
        delivery_id: idFor('sub_1'),
        run: 1,
        attempt: 1,
        at: AT,
        outcome: 'accepted',
        status: 200,
        duration_ms: 7,
        next: 'done',
      },
    ]);
  });

  test('sends the envelope with the data as it was posted, under the id of the delivery', async () => {
    await opened.subscribe({});
    await deliver([received({ event: { body: '{"id":"g1","price":199.00,"n":1.0e2,"é":"\\u00e9😀"}' } })]);
    const id = idFor('sub_1');
    expect(opened.arrivals).toEqual([
      {
        subscription: 'sub_1',
        id,
        at: Date.parse(AT),
        text:
          `{"id":"${id}","event_id":"evt_1","event_schema":"v1","event_resource":"Guest","event_type":"Guest.Created",` +
          '"event_timestamp":"2026-03-04T05:06:00.1234567Z","data":{"id":"g1","price":199.00,"n":1.0e2,"é":"\\u00e9😀"}}',
      },
    ]);
  });

  test('in the standard format sends type, timestamp and data', async () => {
    await opened.subscribe({ format: 'standard' });
    await deliver([received()]);
    expect(opened.arrivals[0]?.text).toBe(
      '{"type":"Guest.Created","timestamp":"2026-03-04T05:06:00.1234567Z","data":{"id":"g1","price":199.00}}',
    );
  });

  test('that goes well costs one write, and one read in ten seconds', async () => {
    await opened.subscribe({});
    const first = () => deliver([received({ event: { event_id: 'evt_1' } })]);
    const second = () => deliver([received({ event: { event_id: 'evt_2' } })]);
    // The query is the list of those in trouble, which nobody reads more often than once a second.
    expect(await callsDuring(first)).toEqual({ GetItem: 1, BatchWriteItem: 1, Query: 1 });
    expect(await callsDuring(first)).toEqual({ BatchWriteItem: 1 });
    opened.clock.advance(9);
    expect(await callsDuring(second)).toEqual({ BatchWriteItem: 1, Query: 1 });
    opened.clock.advance(2);
    expect(await callsDuring(second)).toEqual({ GetItem: 1, BatchWriteItem: 1, Query: 1 });
  });

  test.each([
    [24, 1],
    // A call takes 25 items, and the last place of each is for what it counts.
    [25, 2],
  ])('and others share their write with its count: %i of the same message cost %i', async (count, calls) => {
    await opened.subscribe(...Array.from({ length: count }, () => ({})));
    const steps = Array.from({ length: count }, (_, i) => ({ subscription_id: `sub_${i + 1}` }));
    await deliver([received({ steps })]);
    const second = received({ steps, event: { event_id: 'evt_2' } });
    expect(await callsDuring(() => deliver([second]))).toEqual({ BatchWriteItem: calls });
    expect(opened.arrivals).toHaveLength(2 * count);
  });

  test('leaves one wide line, which holds neither data nor answer', async () => {
    await opened.subscribe({});
    opened.answering.set('sub_1', () => ({ ...rejected(500), response_excerpt: 'a stack trace' }));
    await deliver([received({ event: { body: '{"id":"hush"}' } })]);
    expect(opened.lines).toMatchObject([
      {
        what: 'delivery.attempted',
        tenant: TENANT,
        event_id: 'evt_1',
        subscription_id: 'sub_1',
        attempt: 1,
        status: 500,
      },
    ]);
    expect(JSON.stringify(opened.lines)).not.toMatch(/hush|stack trace/);
    expect(await attempts()).toMatchObject([{ response_excerpt: 'a stack trace' }]);
  });
});

describe('what follows is durable before the attempt is recorded', () => {
  test('a failure enqueues the next attempt, then is recorded', async () => {
    await opened.subscribe({});
    opened.answering.set('sub_1', () => rejected(500));
    await deliver([received()]);
    expect(effects()).toEqual(['subscription', 'post', 'failed', 'enqueue', 'expect', 'record']);
    expect(waiting()).toEqual([
      { subscription_id: 'sub_1', run: 1, attempt: 2, not_before: Date.parse(later(5)), doubt: true },
    ]);
    expect(nextIn()).toBe(5);
    expect(await attempts()).toMatchObject([{ attempt: 1, outcome: 'rejected', next: 'wait', next_at: later(5) }]);
  });

  test('a failure whose retry cannot be enqueued is not recorded, and the message comes again', async () => {
    await opened.subscribe({});
    opened.answering.set('sub_1', () => rejected(500));
    const refuse = { refuses: () => true };
    opened.faults.sendMessageBatch.push(refuse, refuse, refuse);
    const record = received();
    expect(await deliver([record])).toEqual(new Set([record.id]));
    expect(await attempts()).toEqual([]);
  });

  test('410 buries the delivery as gone, then is recorded', async () => {
    await opened.subscribe({});
    opened.answering.set('sub_1', () => rejected(410));
    await deliver([received()]);
    const after = effects().slice(effects().indexOf('post'));
    expect(after).toEqual([
      'post',
      'failed',
      'bury',
      'tellDead',
      'record',
      'listHeld',
      'subscription',
      'ask',
      'replace',
    ]);
    expect(await deadLetters()).toMatchObject([
      { reason: 'gone', event_id: 'evt_1', delivery_id: idFor('sub_1'), died_at: AT, accepted_at: AT },
    ]);
    expect(await attempts()).toMatchObject([{ status: 410, next: 'dead', died: 'gone' }]);
    expect(waiting()).toEqual([]);
  });

  test('record does not begin before bury has ended', async () => {
    await opened.subscribe({});
    opened.answering.set('sub_1', () => rejected(410));
    const order: string[] = [];
    const { bury, record } = opened.worlds.deliver;
    opened.worlds.deliver.bury = async (letter) => {
      await bury(letter);
      order.push('buried');
    };
    opened.worlds.deliver.record = async (...of) => {
      order.push('record begins');
      await record(...of);
    };
    await deliver([received()]);
    expect(order).toEqual(['buried', 'record begins']);
  });
});

describe('a probe of an open circuit', () => {
  const whom = { tenant: TENANT, subscriptionId: 'sub_1' };
  const open = (changes: Partial<Subscription> = {}) =>
    opened.subscribe({
      held: { since: AT, at: AT, reason: 'circuit' },
      circuit: { state: 'open', since: AT, probes: 0, probe_at: Date.parse(AT) },
      ...changes,
    });
  const circuit = async () => (await opened.subscriptions.find(TENANT, 'sub_1'))?.circuit;

  test('that is answered is made once, although the circuit cannot be closed for now', async () => {
    await open();
    const ask = async (): Promise<void> => {
      throw new Error('throttled');
    };
    expect(await deliverBatch([received()], { ...world, ask }, new AbortController().signal)).toEqual(new Set());
    expect([arrivedAt('sub_1'), (await attempts()).map(({ next }) => next)]).toEqual([1, ['done']]);
    expect(await circuit()).toMatchObject({ state: 'probing' });
  });

  test('that fails after its owner paused the subscription goes on as its schedule has it, and does not die', async () => {
    await open();
    opened.answering.set('sub_1', async () => {
      const before = (await opened.subscriptions.find(TENANT, 'sub_1'))!;
      const paused = heldFor(before, 'paused', { at: AT });
      await opened.subscriptions.replace(before, { ...before, ...paused, version: before.version + 1 });
      return rejected(500);
    });
    await deliver([received()]);
    expect([await deadLetters(), (await attempts()).map(({ next }) => next)]).toEqual([[], ['wait']]);
  });

  test('that somebody asked for again does not die of its age', async () => {
    opened.clock.advance(7 * 86_400);
    await open({ circuit: { state: 'open', since: AT, probes: 0, probe_at: 0 } });
    opened.answering.set('sub_1', () => rejected(500));
    await deliver([received({ steps: [{ run: 2 }] })]);
    expect([await deadLetters(), (await attempts()).map(({ next }) => next)]).toEqual([[], ['wait']]);
    expect(await opened.attempts.deadLetters(whom, { limit: 1 })).toMatchObject({ letters: [] });
  });
});

describe('a claim', () => {
  test.each([
    ['a first attempt has none', {}, false],
    ['a first attempt in doubt has one', { doubt: true }, true],
    ['a first attempt whose message came before has one', { receiveCount: 2 }, true],
    ['a later attempt has one', { steps: [{ attempt: 2 }] }, true],
  ] as const)('%s', async (_, given, claims) => {
    await opened.subscribe({});
    await deliver([received(given as Given)]);
    expect(effects().includes('claim')).toBe(claims);
    expect(effects().filter((verb) => verb === 'post')).toHaveLength(1);
  });

  test('that is settled ends it: nothing is sent, nothing comes again', async () => {
    await opened.subscribe({});
    await deliver([received()]);
    expect(await deliver([received({ receiveCount: 2 })])).toEqual(new Set());
    expect(opened.arrivals).toHaveLength(1);
    expect(waiting()).toEqual([]);
  });

  test('that another holds comes back after its lease, without failing', async () => {
    await opened.subscribe({ timeout_seconds: 20 });
    await opened.attempts.claim(make.step({ attempt: 2 }), { now: opened.clock.now(), seconds: 30 });
    opened.clock.advance(4.5);
    expect(await deliver([received({ steps: [{ attempt: 2 }] })])).toEqual(new Set());
    expect([opened.arrivals.length, nextIn()]).toEqual([0, 26]);
    expect(waiting()).toMatchObject([{ subscription_id: 'sub_1', attempt: 2, doubt: true }]);

    await deliverNext();
    expect(opened.arrivals).toHaveLength(1);
    expect(await attempts()).toMatchObject([{ attempt: 2, outcome: 'accepted' }]);
  });

  test('outlasts the attempt’s time-out', async () => {
    await opened.subscribe({ timeout_seconds: 30 });
    let held: unknown;
    opened.answering.set('sub_1', async () => {
      opened.clock.advance(30);
      held = await opened.attempts.claim(make.step(), { now: opened.clock.now(), seconds: 1 });
      return ACCEPTED;
    });
    await deliver([received({ doubt: true })]);
    expect(held).toMatchObject({ kind: 'held' });
  });

  test('of two copies in one batch one is made', async () => {
    await opened.subscribe({});
    await deliver([received({ doubt: true }), received({ doubt: true })]);
    expect(opened.arrivals).toHaveLength(1);
    await deliverNext();
    expect(opened.arrivals).toHaveLength(1);
    expect(waiting()).toEqual([]);
  });

  test('of one run does not settle the same attempt of the next', async () => {
    await opened.subscribe({});
    await deliver([received({ doubt: true }), received({ doubt: true, steps: [{ run: 2 }] })]);
    expect(opened.arrivals.map(({ id }) => id)).toEqual([idFor('sub_1'), idFor('sub_1')]);
  });
});

describe('a message that comes early', () => {
  test('goes back in hops of at most 900 seconds, and its subscription is not looked at', async () => {
    await opened.subscribe({});
    const notBefore = Date.parse(later(2_000));
    await deliver([received({ steps: [{ attempt: 5, not_before: notBefore }] })]);
    const hops = [nextIn()];
    while (opened.arrivals.length === 0) {
      expect(effects().every((verb) => verb === 'enqueue')).toBe(true);
      await deliverNext();
      if (waiting().length > 0) hops.push(nextIn());
    }
    expect(hops).toEqual([900, 900, 200]);
    expect(opened.arrivals[0]?.at).toBe(notBefore);
    expect(await attempts()).toMatchObject([{ attempt: 5 }]);
  });

  test('by a fraction of a second waits a whole one', async () => {
    await opened.subscribe({});
    await deliver([received({ steps: [{ attempt: 2, not_before: Date.parse(AT) + 1 }] })]);
    expect(nextIn()).toBe(1);
  });
});

describe('the schedule', () => {
  /** Delivers until nothing waits any more; answers the seconds at which attempts came. */
  async function walk(): Promise<number[]> {
    await opened.events.accept(make.event()); // the shelf holds no data
    await deliver([received()]);
    while (await deliverLater());
    return opened.arrivals.map(({ at }) => (at - Date.parse(AT)) / 1000);
  }
  const sums = (...waits: number[]): number[] =>
    waits.reduce((moments, wait) => [...moments, (moments.at(-1) ?? 0) + wait], [0]);
  const [MINUTE, HOUR] = [60, 3_600];
  const STANDARD = [5, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 10 * HOUR, 14 * HOUR, 20 * HOUR, 24 * HOUR];

  test('is ten attempts in 75 hours, and then a dead letter', async () => {
    await opened.subscribe({});
    opened.answering.set('sub_1', () => rejected(500));
    expect(await walk()).toEqual(sums(...STANDARD));
    expect(new Set(opened.arrivals.map(({ text }) => text)).size).toBe(1);
    expect((await attempts()).map(({ attempt, next }) => `${attempt} ${next}`)).toEqual([
      ...Array.from({ length: 9 }, (_, i) => `${i + 1} wait`),
      '10 dead',
    ]);
    expect(await deadLetters()).toMatchObject([{ reason: 'exhausted', died_at: later(sums(...STANDARD).at(-1)!) }]);
  });

  test('takes up to a fifth longer, by chance', async () => {
    await opened.subscribe({ retry: { delays_seconds: [10, 100, 1000] } });
    opened.worlds.deliver.jitter = () => 1;
    opened.worlds.deferred.jitter = () => 1;
    opened.answering.set('sub_1', () => rejected(500));
    expect(await walk()).toEqual(sums(12, 120, 1200));
  });

  test('ends with the first success', async () => {
    await opened.subscribe({});
    opened.answering.set('sub_1', (_, earlier) => (earlier < 3 ? rejected(500) : ACCEPTED));
    expect(await walk()).toEqual(sums(...STANDARD.slice(0, 3)));
    expect(await deadLetters()).toEqual([]);
  });

  test('without retries is one attempt', async () => {
    await opened.subscribe({ retry: { delays_seconds: [] } });
    opened.answering.set('sub_1', () => ({ kind: 'unreachable', reason: 'timeout_headers', duration_ms: 15_000 }));
    expect(await walk()).toEqual([0]);
    expect(await attempts()).toMatchObject([{ outcome: 'unreachable', reason: 'timeout_headers', died: 'exhausted' }]);
  });

  test('waits longer where the subscriber asks for it, and never shorter', async () => {
    await opened.subscribe({ retry: { delays_seconds: [60, 60, 60] } });
    const asked = ['120', '1', new Date(Date.parse(AT) + 1_000_000).toUTCString(), undefined];
    opened.answering.set('sub_1', (_, earlier) => rejected(429, asked[earlier]));
    const moments = await walk();
    // The date is 999.11 s after the start, and a queue counts in whole seconds.
    expect(moments).toEqual([0, 120, 180, 1000]);
  });

  test('counts from the moment of the answer, not of the request', async () => {
    await opened.subscribe({ retry: { delays_seconds: [60] } });
    opened.answering.set('sub_1', () => {
      opened.clock.advance(15);
      return rejected(500);
    });
    expect(await walk()).toEqual([0, 75]);
  });
});

describe('the subscription as it is now', () => {
  const gone = async (): Promise<void> => {
    await opened.subscriptions.remove((await opened.subscriptions.find(TENANT, 'sub_1'))!);
  };
  const otherTypes = () => change({ event_types: ['Invoice.*'], interest: 'itr_2' });
  const otherFilter = () => change({ filter: { data: { id: ['g2'] } }, interest: 'itr_2' });
  const disabled = () => change({ status: 'disabled' });
  const nothing = { arrived: 0, waits: 0, attempts: 0, deadLetters: 0 };
  const left = async () => ({
    arrived: opened.arrivals.length,
    waits: waiting().length,
    attempts: (await attempts()).length,
    deadLetters: (await deadLetters()).length,
  });

  test.each([
    ['deleted', gone],
    ['disabled', disabled],
    ['changed to other types', otherTypes],
    ['given a filter that the event does not pass', otherFilter],
  ])('when %s drops the delivery, whatever match saw', async (_, happens) => {
    await opened.subscribe({});
    await happens();
    expect(await deliver([received()])).toEqual(new Set());
    expect(await left()).toEqual(nothing);
    expect(opened.lines).toEqual([
      {
        what: 'delivery.dropped',
        tenant: TENANT,
        event_id: 'evt_1',
        subscription_id: 'sub_1',
        attempt: 1,
        why: expect.any(String),
      },
    ]);
  });

  test('a no is never said from memory: whoever wants it again by now gets it', async () => {
    await opened.subscribe({ status: 'disabled' });
    await deliver([received()]);
    await change({ status: 'enabled' });
    opened.clock.advance(1);
    await deliver([received({ event: { event_id: 'evt_2' } })]);
    expect(opened.arrivals).toHaveLength(1);
  });

  test('a yes may be ten seconds old', async () => {
    await opened.subscribe({});
    await deliver([received()]);
    await disabled();
    opened.clock.advance(9);
    await deliver([received({ event: { event_id: 'evt_2' } })]);
    opened.clock.advance(2);
    await deliver([received({ event: { event_id: 'evt_3' } })]);
    expect(opened.arrivals).toHaveLength(2);
  });

  test.each([
    ['disabled makes a dead letter of a delivery that was under way', disabled, ['subscription_disabled']],
    ['deleted drops a delivery that was under way', gone, []],
    ['changed to other types drops a delivery that was under way', otherTypes, []],
  ])('when %s', async (_, happens, reasons) => {
    await opened.subscribe({});
    opened.answering.set('sub_1', () => rejected(500));
    await deliver([received()]);
    await happens();
    opened.clock.advance(11);
    await deliverNext();
    expect(await left()).toEqual({ arrived: 1, waits: 0, attempts: 1, deadLetters: reasons.length });
    expect((await deadLetters()).map(({ reason }) => reason)).toEqual(reasons);
  });

  test('with a filter that the event passes delivers', async () => {
    await opened.subscribe({ filter: { data: { price: [199] }, event_type: [{ prefix: 'Guest.' }] } });
    await deliver([received()]);
    expect(opened.arrivals).toHaveLength(1);
  });

  test('when paused drops what its release finds again, and keeps what is older', async () => {
    const held = { since: AT, at: AT, reason: 'paused' } as const;
    await opened.subscribe({ status: 'paused', held });
    await deliver([received({ steps: [{ attempt: 3 }] })]);
    expect([opened.arrivals.length, await resting()]).toEqual([0, []]);
    expect(opened.lines).toContainEqual(expect.objectContaining({ what: 'delivery.dropped', why: 'held' }));

    const older = received({ event: { event_id: 'evt_0', accepted_at: later(-1) }, steps: [{ attempt: 3 }] });
    await deliver([older]);
    expect(await resting()).toMatchObject([{ step: { attempt: 3 }, why: 'paused', due: Date.parse(later(6 * 3600)) }]);
    expect([opened.arrivals.length, waiting()]).toEqual([0, []]);
  });

  test('of another tenant with the same id is another one', async () => {
    await opened.subscribe({ tenant: 'other' });
    await deliver([received()]);
    expect(opened.arrivals).toEqual([]);
  });
});

describe('when the function’s own time is nearly over', () => {
  test('what is not answered goes back unrecorded, and the others are settled', async () => {
    await opened.subscribe({}, {});
    const controller = new AbortController();
    const { promise: cut, reject } = Promise.withResolvers<never>();
    opened.answering.set('sub_1', (_, earlier) => (earlier === 0 ? cut : ACCEPTED));
    controller.signal.addEventListener('abort', () => reject(new Error('cut off')));
    const steps = [{ subscription_id: 'sub_1' }, { subscription_id: 'sub_2' }];
    const { record } = opened.worlds.deliver;
    opened.worlds.deliver.record = async (...of) => {
      await record(...of);
      controller.abort();
    };
    expect(await deliver([received({ steps })], controller.signal)).toEqual(new Set());
    expect([await attempts('sub_1'), (await attempts('sub_2')).length]).toEqual([[], 1]);
    expect(waiting()).toEqual([{ subscription_id: 'sub_1', run: 1, attempt: 1, doubt: true }]);
    expect(nextIn()).toBe(5);

    await deliverNext();
    expect(['sub_1', 'sub_2'].map(arrivedAt)).toEqual([2, 1]);
    expect(await attempts('sub_1')).toMatchObject([{ attempt: 1, outcome: 'accepted' }]);
    expect(opened.failures).toEqual([]);
  });

  test('a claimed attempt that was cut off is made when its lease is over', async () => {
    await opened.subscribe({ timeout_seconds: 15 });
    const signal = AbortSignal.abort();
    opened.answering.set('sub_1', (_, earlier) => (earlier === 0 ? Promise.reject(new Error('cut off')) : ACCEPTED));
    await deliver([received({ steps: [{ attempt: 2 }] })], signal);
    while (waiting().length > 0) await deliverNext();
    expect(opened.arrivals.map(({ at }) => (at - Date.parse(AT)) / 1000)).toEqual([0, 25]);
    expect(await attempts()).toMatchObject([{ attempt: 2 }]);
  });
});

describe('a message of three deliveries', () => {
  const steps = [1, 2, 3].map((i) => ({ subscription_id: `sub_${i}` }));

  test('of which one fails for a reason of ours comes again, and makes that one only', async () => {
    await opened.subscribe({}, {}, {});
    opened.answering.set('sub_2', (_, earlier) => {
      if (earlier === 0) throw new Error('the vault is closed');
      return ACCEPTED;
    });
    const record = received({ steps });
    expect(await deliver([record, received({ event: { event_id: 'evt_2' } })])).toEqual(new Set([record.id]));
    expect(opened.failures).toEqual([new Error('the vault is closed')]);

    expect(await deliver([{ ...record, receiveCount: 2 }])).toEqual(new Set());
    expect(['sub_1', 'sub_2', 'sub_3'].map(arrivedAt)).toEqual([2, 2, 1]); // sub_1 got evt_2 as well
    for (const { subscription_id } of steps) expect(await attempts(subscription_id)).toHaveLength(1);
  });

  test('of which one fails at the subscriber is done: that one waits by itself', async () => {
    await opened.subscribe({}, {}, {});
    opened.answering.set('sub_2', () => rejected(503));
    expect(await deliver([received({ steps })])).toEqual(new Set());
    expect(waiting()).toMatchObject([{ subscription_id: 'sub_2', attempt: 2 }]);
  });

  test('makes its requests at the same time', async () => {
    await opened.subscribe({}, {}, {});
    const { promise: allThere, resolve } = Promise.withResolvers<void>();
    for (const { subscription_id } of steps) {
      opened.answering.set(subscription_id, async () => {
        if (opened.arrivals.length === 3) resolve();
        await allThere;
        return ACCEPTED;
      });
    }
    expect(await deliver([received({ steps })])).toEqual(new Set());
  });
});

describe('data that stayed behind', () => {
  const event = make.event({ body: JSON.stringify({ id: 'g1', note: 'x'.repeat(70_000) }) });
  const steps = [1, 2, 3].map((i) => ({ subscription_id: `sub_${i}` }));

  test('is read once a message and sent as it was posted', async () => {
    await opened.events.accept(event);
    await opened.subscribe({}, {}, { filter: { data: { id: ['g1'] } } });
    await deliver([received({ event, steps })]);
    expect(effects().filter((verb) => verb === 'find')).toHaveLength(1);
    expect(opened.arrivals.map(({ text }) => text.endsWith(`"data":${event.body}}`))).toEqual([true, true, true]);
  });

  test('and is no more makes dead letters that say so, and no request', async () => {
    await opened.subscribe({}, { filter: { data: { id: ['g1'] } } });
    expect(await deliver([received({ event, steps: steps.slice(0, 2) })])).toEqual(new Set());
    expect(opened.arrivals).toEqual([]);
    for (const subscription of ['sub_1', 'sub_2']) {
      expect(await deadLetters(subscription)).toMatchObject([{ reason: 'retention', event_id: 'evt_1' }]);
      expect(opened.lines).toContainEqual(
        expect.objectContaining({ what: 'delivery.died', subscription_id: subscription, reason: 'retention' }),
      );
    }
  });
});

test.each([
  ['until its last second', 14 * 86_400 - 1, 1],
  ['and no longer', 14 * 86_400, 0],
])('an event is delivered as long as it is kept, %s', async (_, seconds, arrived) => {
  await opened.subscribe({ retry: 'zenoti' });
  opened.clock.advance(seconds);
  await deliver([received({ steps: [{ attempt: 2 }] })]);
  expect(opened.arrivals).toHaveLength(arrived);
  expect(effects().filter((verb) => verb === 'bury')).toHaveLength(1 - arrived);
});

test('what fails before the request is made comes again, and is in doubt then', async () => {
  await opened.subscribe({});
  const { subscription } = opened.worlds.deliver;
  opened.worlds.deliver.subscription = () => Promise.reject(new Error('the table is throttled'));
  const record = received();
  expect(await deliver([record])).toEqual(new Set([record.id]));
  opened.worlds.deliver.subscription = subscription;
  await deliver([{ ...record, receiveCount: 2 }]);
  expect(effects()).toEqual(['subscription', 'subscription', 'claim', 'post', 'record']);
});
