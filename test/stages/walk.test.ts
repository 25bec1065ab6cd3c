import { afterAll, describe, expect, jest, test } from '@jest/globals';
import * as z from 'zod';
import { walk } from '../../lambdas/sweep/walk.ts';
import type { World } from '../../lambdas/sweep/sweep.ts';
import { OPERATIONAL_GROUP } from '../../shared/catalogue/operational.ts';
import { DeliveryMessage } from '../../shared/domain/delivery.ts';
import type { AcceptedEvent } from '../../shared/domain/event.ts';
import { heldFor, released } from '../../shared/domain/hold.ts';
import { Job } from '../../shared/domain/job.ts';
import type { Subscription } from '../../shared/domain/subscription.ts';
import { writeAll } from '../../shared/store/database.ts';
import { keys } from '../../shared/store/keys.ts';
import { replayFrom, type Replay } from '../../shared/store/replays.ts';
import { startDynalite, type DynamoDb } from '../support/dynamodb.ts';
import { Injected, Watch, type Effects, type Fault } from '../support/faults.ts';
import { AT, later, make } from '../support/make.ts';
import { openWorlds, TENANT, type Opened } from '../support/stage-world.ts';

jest.setTimeout(60_000); // thousands of events take their time

// Not in beforeAll: the names of some tests are made of the effects that a clean walk finds.
const dynamo: DynamoDb = await startDynalite();
afterAll(() => dynamo.close());

const WHOM = { tenant: TENANT, subscriptionId: 'sub_1' };
const OF = { tenant: TENANT, subscription_id: 'sub_1' };
const JOB = { v: 1, kind: 'walk', ...OF, replay_id: 'rpl_1' } as const;
const plenty = (): number => 60_000;

/* ---- A walk and its world ---- */

interface Started extends Opened {
  world: World;
  /** The events by their id: they need not be in the table, where a walk reads them one by one. */
  bodies: Map<string, AcceptedEvent>;
}

/** Events that match has been with, a second apart unless a test says otherwise, the first of them at AT. */
const several = (count: number, changes: (i: number) => Partial<AcceptedEvent> = () => ({})): AcceptedEvent[] =>
  Array.from({ length: count }, (_, i) =>
    make.event({ event_id: `evt_${String(i).padStart(4, '0')}`, accepted_at: later(i), ...changes(i) }),
  );
const namesOf = (events: readonly { event_id: string }[]): string[] => events.map(({ event_id }) => event_id);

async function enter({ flow, bodies }: Started, events: readonly AcceptedEvent[]): Promise<void> {
  for (const event of events) bodies.set(event.event_id, event);
  const timed = events.map(({ tenant, event_id, type, group, accepted_at }) => ({
    put: {
      ...keys.time({ tenant, event_id, accepted_at }),
      v: 1,
      ...{ tenant, event_id, type, group, accepted_at, matched: 1 },
    },
  }));
  await writeAll(flow, timed);
}

/** A walk that is asked for at AT; it covers the hour from then on, and the clock stands at that hour's end. */
async function start({
  events = [],
  subscription = {},
  replay = {},
}: {
  events?: readonly AcceptedEvent[];
  subscription?: Partial<Subscription>;
  replay?: Partial<Replay>;
} = {}): Promise<Started> {
  const opened = await openWorlds(dynamo);
  const bodies = new Map<string, AcceptedEvent>();
  const world = { ...opened.worlds.sweep, find: async (_: string, id: string) => bodies.get(id) };
  const started: Started = { ...opened, world, bodies };
  const stretch = { from: AT, to: later(3_600) };
  const catch_up = { ...stretch, replay_id: 'rpl_1' };
  const isCatchUp = replay.kind !== 'replay';
  await started.subscribe({ ...(isCatchUp && { catch_up }), ...subscription });
  await enter(started, events);
  const made = replayFrom({ ...OF, replay_id: 'rpl_1', kind: 'catch_up', ...stretch, started_at: AT });
  await started.replays.create({ ...made, ...replay });
  started.clock.advance(3_600 + 45);
  return started;
}

const replayOf = async ({ replays }: Started): Promise<Replay> => (await replays.find(OF, 'rpl_1'))!;
const subscriptionOf = async ({ subscriptions }: Started): Promise<Subscription> =>
  (await subscriptions.find(TENANT, 'sub_1'))!;
const replaysOf = (all: readonly string[]): DeliveryMessage[] =>
  all.map((body) => DeliveryMessage.parse(JSON.parse(body)));
/** All that was ever sent, in that order. */
const sentBy = ({ queues }: Started): DeliveryMessage[] => replaysOf(queues.deferred.taken);
const namesSent = (started: Started): string[] => sentBy(started).map(({ event }) => event.event_id);
const asked = ({ queues }: Started): Job[] => queues.sweeps.bodies.map((body) => Job.parse(JSON.parse(body)));
const walks = (started: Started): number => asked(started).filter(({ kind }) => kind === 'walk').length;

const piece = ({ world }: Started, remainingMs = plenty): Promise<void> => walk(JOB, world, remainingMs);

/** Seconds until the next piece was asked for; undefined where none was. */
function nextIn({ queues, clock }: Started): number | undefined {
  return queues.sweeps.isEmpty ? undefined : (queues.sweeps.nextAt - clock.now().getTime()) / 1000;
}

/** Handles what is in the queue as AWS would, until nothing is asked for any more. Answers how many pieces that were. */
async function goOn(started: Started, invoke = (world: World) => walk(JOB, world, plenty)): Promise<number> {
  const { queues, clock, world, replays } = started;
  for (let pieces = 0; pieces < 200;) {
    const [held] = queues.sweeps.receive(1);
    if (held !== undefined) {
      if (Job.parse(JSON.parse(held.body)).kind === 'walk') {
        pieces += 1;
        if (!(await isDone(() => invoke(world)))) continue;
      }
      queues.sweeps.remove(held.id);
    } else if (!queues.sweeps.isEmpty) {
      clock.advance((queues.sweeps.nextAt - clock.now().getTime()) / 1000);
    } else {
      // The tick looks for those that nobody works on.
      clock.advance(240);
      const stalled = await Array.fromAsync(replays.stalled(new Date(clock.now().getTime() - 180_000)));
      if (stalled.length === 0) return pieces;
      queues.sweeps.send(JSON.stringify(JOB));
    }
  }
  throw new Error('it has no end');
}

/** False where the run broke at a fault of the test's, or said that it failed. */
async function isDone(run: () => Promise<void>): Promise<boolean> {
  try {
    await run();
    return true;
  } catch (error) {
    if (error instanceof Injected || String(error).includes('could not be sent')) return false;
    throw error;
  }
}

const run = async (started: Started): Promise<number> => {
  started.queues.sweeps.send(JSON.stringify(JOB));
  return goOn(started);
};

/** That no walker ever says that it is past an event of which no delivery is durable. */
function guard(started: Started, events: readonly AcceptedEvent[]): string[] {
  const broken: string[] = [];
  const { advance } = started.world;
  started.world.advance = (replay, step) => {
    const sent = new Set(namesSent(started));
    for (const { accepted_at, event_id } of events) {
      if (`${accepted_at}#${event_id}` <= step.cursor && !sent.has(event_id)) broken.push(event_id);
    }
    return advance(replay, step);
  };
  return broken;
}

/* ---- What it sends ---- */

describe('a catch-up', () => {
  test('sends what the subscription missed, the oldest first, and is over', async () => {
    const started = await start({ events: several(25).toReversed() });
    await run(started);
    expect(namesSent(started)).toEqual(namesOf(several(25)));
    expect(await replayOf(started)).toMatchObject({
      state: 'done',
      cursor: later(3_600),
      matched: 25,
      sent: 25,
      dead: 0,
      finished_at: expect.any(String) as unknown,
    });
    expect(await subscriptionOf(started)).not.toHaveProperty('catch_up');
    expect(await Array.fromAsync(started.replays.stalled(new Date(8e15)))).toEqual([]);
  });

  test('sends each delivery in a message of its own, in doubt, to be claimed and counted', async () => {
    const started = await start({ events: several(1) });
    await piece(started);
    const [event] = several(1);
    expect(sentBy(started)).toEqual([
      {
        v: 1,
        event: { v: 1, ...event, doubt: true },
        deliveries: [{ subscription_id: 'sub_1', run: 1, attempt: 1, replay_id: 'rpl_1' }],
      },
    ]);
  });

  test('leaves data behind that is too long to travel', async () => {
    const started = await start({ events: several(1, () => ({ body: `{"text":"${'x'.repeat(70_000)}"}` })) });
    await piece(started);
    expect(sentBy(started)).toHaveLength(1);
    expect(sentBy(started)[0]?.event).not.toHaveProperty('body');
  });

  test('goes on where a delivery stood, and leaves what is over', async () => {
    const started = await start({ events: several(6) });
    const [none, failed, probed, done, dead, cancelled] = several(6).map((event) => make.step({ event }));
    const attempt = (step = make.step(), changes = {}) =>
      started.attempts.record(step, make.attempt({ event_id: step.event.event_id, ...changes }));
    await attempt(failed, { outcome: 'rejected', next: 'wait' });
    await attempt(probed, { outcome: 'rejected', next: 'wait', probe: true });
    await attempt(done);
    await started.attempts.bury({
      event: several(6)[4]!,
      subscriptionId: 'sub_1',
      deliveryId: 'dlv_1',
      run: 1,
      kind: 'delivery',
      reason: 'gone',
      at: AT,
    });
    expect(dead).toBeDefined();
    await started.attempts.cancel(cancelled!, new Date(AT));
    await run(started);
    const of = { subscription_id: 'sub_1', run: 1, replay_id: 'rpl_1' };
    expect(sentBy(started).map(({ event, deliveries }) => [event.event_id, deliveries])).toEqual([
      [none!.event.event_id, [{ ...of, attempt: 1 }]],
      [failed!.event.event_id, [{ ...of, attempt: 2 }]],
      [probed!.event.event_id, [{ ...of, attempt: 2, probes: 1 }]],
    ]);
    expect(await replayOf(started)).toMatchObject({ matched: 3, sent: 3 });
  });

  test('sends nothing that the subscription does not take now, by type or filter', async () => {
    const events = several(30, (i) => ({
      type: i % 3 === 0 ? 'Invoice.Closed' : 'Guest.Created',
      body: JSON.stringify({ id: i % 3 === 1 ? 'g1' : 'g2' }),
    }));
    const started = await start({ events, subscription: { filter: { data: { id: ['g1'] } } } });
    await run(started);
    expect(namesSent(started)).toEqual(namesOf(events.filter((_, i) => i % 3 === 1)));
    expect(await replayOf(started)).toMatchObject({ matched: 10, sent: 10 });
  });

  test('covers its stretch: what was accepted at its first moment, and nothing of its last', async () => {
    const started = await start({
      events: several(20),
      replay: { from: later(5), cursor: later(5), to: later(12) },
    });
    await run(started);
    expect(namesSent(started)).toEqual(namesOf(several(20).slice(5, 12)));
  });

  test('gives up what would have died on its schedule, with notice', async () => {
    const started = await start({
      events: several(4, (i) => ({ accepted_at: later(i * 60) })),
      subscription: { retry: 'zenoti' },
      replay: { started_at: later(3_600 + 100) },
    });
    const [first] = several(1);
    const failed = { outcome: 'rejected', status: 503, next: 'wait', event_id: first!.event_id } as const;
    await started.attempts.record(make.step({ event: first! }), make.attempt(failed));
    await run(started);
    expect(namesSent(started)).toEqual(['evt_0002', 'evt_0003']);
    const { letters } = await started.attempts.deadLetters(WHOM, { limit: 10 });
    expect(letters).toMatchObject([
      { event_id: 'evt_0001', reason: 'expired', kind: 'delivery', run: 1 },
      { event_id: 'evt_0000', reason: 'expired', last: { outcome: 'rejected', status: 503, attempt: 1, at: AT } },
    ]);
    expect(letters[0]).not.toHaveProperty('last');
    const notices = started.queues.sweeps.taken.filter((body) => body.includes('"notice"'));
    expect(notices).toHaveLength(1);
    expect(JSON.parse(notices[0]!)).toMatchObject({
      event_type: 'DeadLetter.Created',
      data: { subscription_id: 'sub_1', reason: 'expired', count: 2 },
    });
    expect(await replayOf(started)).toMatchObject({ matched: 4, sent: 2, dead: 2 });
  });

  test('gives up nothing because it takes long itself, however short the schedule', async () => {
    const started = await start({ events: several(60), subscription: { retry: 'zenoti' }, replay: { pace: 0.1 } });
    await run(started);
    started.clock.advance(7 * 86_400);
    expect(namesSent(started)).toEqual(namesOf(several(60)));
    expect((await replayOf(started)).dead).toBe(0);
  });

  test('makes a dead letter of what is no more, and tells nobody of notices that died', async () => {
    const events = several(3, (i) => (i === 2 ? { type: 'Subscription.Disabled', group: OPERATIONAL_GROUP } : {}));
    const started = await start({ events, subscription: { event_types: ['Guest.Created', 'Subscription.Disabled'] } });
    started.bodies.delete('evt_0001');
    started.bodies.delete('evt_0002');
    await run(started);
    expect(namesSent(started)).toEqual(['evt_0000']);
    const { letters } = await started.attempts.deadLetters(WHOM, { limit: 10 });
    expect(letters.map(({ event_id, reason }) => [event_id, reason])).toContainEqual(['evt_0001', 'retention']);
    const notices = started.queues.sweeps.taken.filter((body) => body.includes('"notice"'));
    expect(notices.map((body) => (JSON.parse(body) as { data: { count: number } }).data.count)).toEqual([1]);
  });
});

describe('a catch-up that is slower than the retention', () => {
  const [HOUR, DAY] = [3_600, 86_400];
  /** Sixty within half a day of the retention's end, and sixty a few hours later. */
  const events = several(120, (i) => ({
    accepted_at: later(i < 60 ? i : 12 * HOUR + i),
    ...(i % 6 === 0 && { type: 'Invoice.Closed' }),
    ...(i % 6 === 1 && { body: '{"id":"g2"}' }),
  }));
  const namedBy = (which: (i: number) => boolean): string[] => namesOf(events.filter((_, i) => which(i)));

  async function startLate(): Promise<Started> {
    const started = await start({
      events,
      subscription: { rate_limit_per_second: 0.1, filter: { data: { id: ['g1'] } } },
      // Released after a pause of thirteen days.
      replay: { to: later(13 * DAY) },
    });
    const before = await subscriptionOf(started);
    const pauses = [{ from: later(-1), to: later(13 * DAY) }];
    await started.subscriptions.replace(before, { ...before, pauses, version: 2 });
    started.clock.advance(13.5 * DAY + HOUR - (HOUR + 45));
    return started;
  }
  const lettersIn = async ({ attempts }: Started) =>
    (await attempts.deadLetters(WHOM, { limit: 200 })).letters.toReversed();

  test('buries what is about to go, at once, however slowly it sends', async () => {
    const started = await startLate();
    const [, , done] = events;
    await started.attempts.record(make.step({ event: done! }), make.attempt({ event_id: done!.event_id }));
    await piece(started);
    const letters = await lettersIn(started);
    expect(letters.map(({ event_id }) => event_id)).toEqual(namedBy((i) => i < 60 && i % 6 > 1 && i !== 2));
    expect(new Set(letters.map(({ reason }) => reason))).toEqual(new Set(['retention']));
    expect(namesSent(started)).toEqual(namedBy((i) => i >= 60 && i % 6 > 1).slice(0, 3));
    expect(await replayOf(started)).toMatchObject({ sent: 3, dead: 39 });
    const notices = started.queues.sweeps.bodies.filter((body) => body.includes('"notice"'));
    expect(notices.map((body) => (JSON.parse(body) as { data: object }).data)).toMatchObject([
      { reason: 'retention', count: 39 },
    ]);
  });

  test('loses nothing: what it has not the time to send is buried', async () => {
    const started = await startLate();
    await piece(started);
    started.clock.advance(DAY);
    await piece(started);
    const settled = [...namesSent(started), ...(await lettersIn(started)).map(({ event_id }) => event_id)];
    expect(settled.toSorted()).toEqual(namedBy((i) => i % 6 > 1));
    expect(await replayOf(started)).toMatchObject({ state: 'done' });
  });
});

describe('one event that our own code fails at', () => {
  const unreadable = z.string().safeParse(1).error!;

  test('becomes a dead letter, and those after it are sent', async () => {
    const started = await start({ events: several(3) });
    const { find } = started.world;
    started.world.find = async (tenant, id) => {
      if (id === 'evt_0001') throw unreadable;
      return find(tenant, id);
    };
    await run(started);
    expect(namesSent(started)).toEqual(['evt_0000', 'evt_0002']);
    const { letters } = await started.attempts.deadLetters(WHOM, { limit: 10 });
    expect(letters).toMatchObject([{ event_id: 'evt_0001', kind: 'fault', reason: 'fault' }]);
  });

  test('is not one that a table does not answer for: the walk comes back to it', async () => {
    const started = await start({ events: several(3) });
    const { find } = started.world;
    let failures = 0;
    started.world.find = async (tenant, id) => {
      if (id === 'evt_0001' && failures++ === 0) throw new Injected('throttled');
      return find(tenant, id);
    };
    await run(started);
    expect(new Set(namesSent(started))).toEqual(new Set(['evt_0000', 'evt_0001', 'evt_0002']));
    expect((await started.attempts.deadLetters(WHOM, { limit: 10 })).letters).toEqual([]);
  });
});

describe('a replay', () => {
  const asReplay = (only: Replay['only'], more: Partial<Replay> = {}): Partial<Replay> => ({
    kind: 'replay',
    only,
    run: 2,
    ...more,
  });

  test('of all sends what was delivered once more, in a run of its own', async () => {
    const started = await start({ events: several(3), replay: asReplay('all') });
    const [event] = several(1);
    await started.attempts.record(make.step({ event: event! }), make.attempt({ event_id: event!.event_id }));
    await run(started);
    expect(namesSent(started)).toEqual(namesOf(several(3)));
    expect(sentBy(started)[0]?.deliveries).toEqual([
      { subscription_id: 'sub_1', run: 2, attempt: 1, replay_id: 'rpl_1' },
    ]);
    expect(await replayOf(started)).toMatchObject({ state: 'done', sent: 3 });
  });

  test('of the dead sends what has a dead letter, and need not wait to begin', async () => {
    const started = await start({
      events: several(3),
      replay: asReplay('dead', { started_at: later(3_644), touched_at: later(3_644) }),
    });
    const letter = {
      subscriptionId: 'sub_1',
      deliveryId: 'dlv_1',
      run: 1,
      kind: 'fault',
      reason: 'fault',
      at: AT,
    } as const;
    await started.attempts.bury({ event: several(3)[1]!, ...letter });
    await piece(started);
    expect(namesSent(started)).toEqual(['evt_0001']);
  });

  test('of what was missed sends what came while the subscription was disabled', async () => {
    const started = await start({
      events: several(9),
      subscription: { gaps: [{ from: later(2), to: later(5) }] },
      replay: asReplay('missed'),
    });
    await run(started);
    expect(namesSent(started)).toEqual(['evt_0002', 'evt_0003', 'evt_0004']);
  });

  test('leaves what is no more: that had its end', async () => {
    const started = await start({ events: several(2), replay: asReplay('all') });
    started.bodies.delete('evt_0000');
    await run(started);
    expect(namesSent(started)).toEqual(['evt_0001']);
    expect((await started.attempts.deadLetters(WHOM, { limit: 10 })).letters).toEqual([]);
  });

  test('waits for a subscription that is held, and is not taken for one that nobody works on', async () => {
    const started = await start({ events: several(3), replay: asReplay('all') });
    const before = await subscriptionOf(started);
    const held = heldFor(before, 'paused', { at: later(3_000) });
    await started.subscriptions.replace(before, { ...before, ...held, version: 2 });
    await piece(started);
    expect(sentBy(started)).toEqual([]);
    expect(nextIn(started)).toBe(60);
    const now = started.clock.now().getTime();
    expect(await Array.fromAsync(started.replays.stalled(new Date(now - 60_000)))).toEqual([]);

    const { after } = released(held, started.clock.now().toISOString());
    await started.subscriptions.replace({ ...before, ...held, version: 2 }, { ...before, ...after, version: 3 });
    await goOn(started);
    expect(namesSent(started)).toEqual(namesOf(several(3)));
    expect(await replayOf(started)).toMatchObject({ state: 'done' });
  });

  test('ends where its subscription is disabled', async () => {
    const started = await start({ events: several(3), replay: asReplay('all'), subscription: { status: 'disabled' } });
    expect(await run(started)).toBe(1);
    expect(sentBy(started)).toEqual([]);
    expect(await replayOf(started)).toMatchObject({ state: 'cancelled' });
  });
});

/* ---- When it goes ---- */

describe('the pace', () => {
  /** When each delivery that was sent comes out of the queue, in seconds from now. */
  function comings({ queues: { deferred }, clock }: Started): number[] {
    const began = clock.now().getTime();
    const moments: number[] = [];
    while (!deferred.isEmpty) {
      const held = deferred.receive(10);
      for (const { id } of held) {
        deferred.remove(id);
        moments.push((clock.now().getTime() - began) / 1000);
      }
      if (held.length === 0) clock.advance((deferred.nextAt - clock.now().getTime()) / 1000);
    }
    return moments;
  }

  test.each([
    [10, 300],
    [40, 1_200], // in three pages
  ])('of %d a second: what a piece sends is spread over its half minute', async (pace, count) => {
    const started = await start({
      events: several(count + 10, (i) => ({ accepted_at: later(i / 10) })),
      replay: { pace },
    });
    await piece(started);
    expect(comings(started)).toEqual(Array.from({ length: count }, (_, i) => Math.floor(i / pace)));
  });

  test('begins at ten, and doubles with every piece, up to the ceiling', async () => {
    const started = await start({ events: several(3_000, (i) => ({ accepted_at: later(i / 10) })) });
    const sizes: number[] = [];
    started.queues.sweeps.send(JSON.stringify(JOB));
    await goOn(started, async (world) => {
      const before = sentBy(started).length;
      await walk(JOB, world, plenty);
      sizes.push(sentBy(started).length - before);
    });
    expect(sizes).toEqual([300, 600, 1_200, 900]);
    expect(new Set(namesSent(started)).size).toBe(3_000);
    expect((await replayOf(started)).pace).toBe(100);
  });

  test.each([
    [2, 60, 2],
    [0.1, 3, 0.1],
    [0.01, 1, 0.01],
    [400, 300, 20],
  ])('with a rate of %d a second it sends %d at first', async (rate_limit_per_second, count, pace) => {
    const started = await start({ events: several(310), subscription: { rate_limit_per_second } });
    await piece(started);
    expect(sentBy(started)).toHaveLength(count);
    expect(nextIn(started)).toBe(30);
    expect((await replayOf(started)).pace).toBe(pace);
  });

  test('does not change where nothing was sent', async () => {
    const started = await start({ events: several(40, () => ({ type: 'Invoice.Closed' })) });
    await run(started);
    expect(await replayOf(started)).toMatchObject({ pace: 10, sent: 0, matched: 0, state: 'done' });
  });
});

describe('a walk through much that is not wanted', () => {
  const unwanted = (count: number) =>
    several(count, (i) => ({ accepted_at: later(i / 10), ...(i < count - 1 && { type: 'Invoice.Closed' }) }));

  test('looks at all of it in one go', async () => {
    const started = await start({ events: unwanted(1_500) });
    await piece(started);
    expect(namesSent(started)).toEqual(['evt_1499']);
    expect(await replayOf(started)).toMatchObject({ state: 'done' });
  });

  test('goes on at once where the time did not suffice, from where it was', async () => {
    const started = await start({ events: unwanted(1_500) });
    await piece(started, () => 15_000);
    expect(sentBy(started)).toEqual([]);
    expect(nextIn(started)).toBe(0);
    const { cursor } = await replayOf(started);
    expect(cursor > later(10)).toBe(true);
    await goOn(started, (world) => walk(JOB, world, () => 15_000));
    expect(namesSent(started)).toEqual(['evt_1499']);
  });
});

describe('events that are too young', () => {
  test('are left until nothing that is older can come any more', async () => {
    const started = await start({ events: several(10), replay: { to: later(3_600) } });
    const young = several(2, (i) => ({ event_id: `young_${i}`, accepted_at: later(3_590 + i) }));
    await enter(started, young);
    started.clock.advance(-45);
    await piece(started);
    expect(namesSent(started)).toEqual(namesOf(several(10)));
    expect(await replayOf(started)).toMatchObject({ state: 'running', cursor: later(3_555) });
    await enter(
      started,
      several(1, () => ({ event_id: 'younger', accepted_at: later(3_595) })),
    );
    started.clock.advance(39);
    await piece(started);
    expect(namesSent(started)).not.toContain('younger');
    started.clock.advance(30);
    await piece(started);
    expect(namesSent(started)).toEqual([...namesOf(several(10)), 'young_0', 'young_1', 'younger']);
    expect(await replayOf(started)).toMatchObject({ state: 'done' });
  });

  test('are waited for no longer than need be', async () => {
    const started = await start();
    started.clock.advance(-40);
    await piece(started);
    expect([nextIn(started), (await replayOf(started)).state]).toEqual([30, 'running']);
    started.queues.sweeps.receive(1);
    started.clock.advance(30);
    started.queues.sweeps.receive(1).forEach(({ id }) => started.queues.sweeps.remove(id));
    await piece(started);
    expect([nextIn(started), (await replayOf(started)).state]).toEqual([10, 'running']);
  });

  test('may come in while the walk is under way: each is sent, and none that is not of it', async () => {
    const started = await start({ events: several(200), replay: { pace: 1 } });
    const late = several(80, (i) => ({ event_id: `late_${i}`, accepted_at: later(1_000 + i * 50) }));
    started.queues.sweeps.send(JSON.stringify(JOB));
    await goOn(started, async (world) => {
      await enter(started, late.splice(0, 30));
      await walk(JOB, world, plenty);
    });
    const within = Array.from({ length: 52 }, (_, i) => `late_${i}`);
    expect(new Set(namesSent(started))).toEqual(new Set([...namesOf(several(200)), ...within]));
    expect(namesSent(started)).toHaveLength(252);
  });
});

describe('a walk that has just been asked for', () => {
  test('waits until what was dropped up to then is in the timeline, however old that is', async () => {
    const now = later(3_645);
    const started = await start({ events: several(3), replay: { started_at: now, touched_at: now } });
    await piece(started);
    expect([sentBy(started), nextIn(started)]).toEqual([[], 45]);
    // Match was an hour behind with this one, and deliver dropped it by what it knew.
    await enter(started, [make.event({ event_id: 'evt_late', accepted_at: later(1.5) })]);
    await goOn(started);
    expect(namesSent(started)).toEqual(['evt_0000', 'evt_0001', 'evt_late', 'evt_0002']);
  });

  test('waits to be named by its subscription', async () => {
    const now = later(3_645);
    const replay = { started_at: now, touched_at: now };
    const started = await start({ events: several(3), replay, subscription: { catch_up: undefined } });
    await piece(started);
    expect(await replayOf(started)).toMatchObject({ state: 'running' });
    const before = await subscriptionOf(started);
    const catch_up = { from: AT, to: later(3_600), replay_id: 'rpl_1' };
    await started.subscriptions.replace(before, { ...before, catch_up, version: 2 });
    await goOn(started);
    expect(namesSent(started)).toEqual(namesOf(several(3)));
  });
});

/* ---- What may go wrong ---- */

describe('a catch-up ends without more', () => {
  test.each<[string, Partial<Subscription>]>([
    ['where its subscription does not name it', { catch_up: undefined }],
    ['where its subscription names another', { catch_up: { from: AT, to: later(60), replay_id: 'rpl_2' } }],
    ['where its subscription is paused again', { status: 'paused', held: { since: AT, at: AT, reason: 'paused' } }],
    ['where its circuit is open again', { held: { since: AT, at: AT, reason: 'circuit' } }],
    ['where its subscription was paused by an earlier release', { status: 'paused' }],
  ])('%s', async (_, subscription) => {
    const started = await start({ events: several(3), subscription });
    expect(await run(started)).toBe(1);
    expect(sentBy(started)).toEqual([]);
    expect(await replayOf(started)).toMatchObject({ state: 'cancelled' });
    expect((await subscriptionOf(started)).catch_up?.replay_id).not.toBe('rpl_1');
  });

  test('where its subscription is deleted', async () => {
    const started = await start({ events: several(3) });
    await started.subscriptions.remove(await subscriptionOf(started));
    expect(await run(started)).toBe(1);
    expect(await replayOf(started)).toMatchObject({ state: 'cancelled' });
  });

  test('where it is no more', async () => {
    const started = await start({ events: several(3) });
    await walk({ ...JOB, replay_id: 'rpl_2' }, started.world, plenty);
    expect(sentBy(started)).toEqual([]);
  });

  test('where somebody cancels it half way', async () => {
    const started = await start({ events: several(900, (i) => ({ accepted_at: later(i) })) });
    await piece(started);
    await started.replays.finish(await replayOf(started), { state: 'cancelled', at: later(3_650) });
    expect(await goOn(started)).toBe(1);
    expect(sentBy(started)).toHaveLength(300);
    expect(await replayOf(started)).toMatchObject({ state: 'cancelled', sent: 300 });
    expect(await subscriptionOf(started)).not.toHaveProperty('catch_up');
  });

  test('where somebody cancels it in the middle of a piece: no further page is sent', async () => {
    const started = await start({ events: several(900), replay: { pace: 100 } });
    const { send } = started.world;
    started.world.send = async (messages) => {
      const unsent = await send(messages);
      await started.replays.finish(await replayOf(started), { state: 'cancelled', at: later(3_650) });
      return unsent;
    };
    await piece(started);
    expect(sentBy(started)).toHaveLength(500);
    expect([nextIn(started), (await replayOf(started)).state]).toEqual([undefined, 'cancelled']);
  });
});

describe('two walkers at once', () => {
  test('send everything, and one of them goes on', async () => {
    const started = await start({ events: several(60), replay: { pace: 0.7 } });
    const broken = guard(started, several(60));
    await Promise.all([piece(started), piece(started)]);
    expect(walks(started)).toBe(1);
    await goOn(started);
    expect(new Set(namesSent(started))).toEqual(new Set(namesOf(several(60))));
    expect(broken).toEqual([]);
    expect(await replayOf(started)).toMatchObject({ state: 'done', sent: 60, matched: 60 });
  });

  test('do not double the pace: one that comes before its time is one too many', async () => {
    const started = await start({ events: several(900) });
    await piece(started);
    for (const seconds of [0, 1, 20]) {
      started.clock.advance(seconds);
      await piece(started);
    }
    expect(sentBy(started)).toHaveLength(300);
    expect(walks(started)).toBe(1);
  });
});

test('events of one moment are all sent, though a piece ends among them', async () => {
  const events = several(50, () => ({ accepted_at: later(7) }));
  const started = await start({ events, replay: { pace: 0.7 } });
  const broken = guard(started, events);
  expect(await run(started)).toBe(2);
  expect(namesSent(started)).toEqual(namesOf(events));
  expect(broken).toEqual([]);
});

test('five thousand events are sent once each, in their order', async () => {
  const events = several(5_000, (i) => ({ accepted_at: later(Math.floor(i / 7)) }));
  const started = await start({ events });
  const broken = guard(started, []);
  const pieces = await run(started);
  expect(pieces).toBeLessThan(10);
  const places = sentBy(started).map(({ event }) => `${event.accepted_at}#${event.event_id}`);
  expect(places).toEqual(events.map((event) => `${event.accepted_at}#${event.event_id}`).toSorted());
  expect(broken).toEqual([]);
  expect(await replayOf(started)).toMatchObject({ state: 'done', sent: 5_000 });
});

test('what the queue does not take is sent when the job comes again', async () => {
  const started = await start({ events: several(25) });
  const broken = guard(started, several(25));
  const refuse = { refuses: (text: string) => text.includes('evt_0013') };
  started.faults.sendMessageBatch.push(...Array.from({ length: 5 }, () => refuse));
  await run(started);
  expect(new Set(namesSent(started))).toEqual(new Set(namesOf(several(25))));
  expect(broken).toEqual([]);
  expect(await replayOf(started)).toMatchObject({ state: 'done', sent: 25 });
});

test('each piece says in one line what it did', async () => {
  const started = await start({ events: several(25, (i) => (i < 5 ? { type: 'Invoice.Closed' } : {})) });
  await piece(started);
  expect(started.lines).toEqual([
    {
      what: 'sweep.walk',
      ...OF,
      replay_id: 'rpl_1',
      walk: 'catch_up',
      cursor: later(3_600),
      looked: 25,
      sent: 20,
      dead: 0,
      pace: 10,
      then: 'done',
    },
  ]);
});

/* ---- A crash at every effect ---- */

const SIXTY = several(60);

/** Three pieces: two that are cut off by the pace, one that ends the walk. */
const crashing = (): Promise<Started> =>
  start({ events: SIXTY, replay: { pace: 0.7 }, subscription: { rate_limit_per_second: 0.7 } });

async function expectAllSent(started: Started, broken: readonly string[]): Promise<void> {
  expect(new Set(namesSent(started))).toEqual(new Set(namesOf(SIXTY)));
  // A piece may be made twice, and no more than that.
  expect(sentBy(started).length).toBeLessThanOrEqual(60 + 21);
  expect(broken).toEqual([]);
  expect(await replayOf(started)).toMatchObject({ state: 'done', cursor: later(3_600) });
  expect(await subscriptionOf(started)).not.toHaveProperty('catch_up');
  expect(await Array.fromAsync(started.replays.stalled(new Date(8e15)))).toEqual([]);
}

async function crashAt(watch: Watch): Promise<void> {
  const started = await crashing();
  const broken = guard(started, SIXTY);
  started.queues.sweeps.send(JSON.stringify(JOB));
  await goOn(started, async (base) => {
    const { world, isDead } = watch.enter(base);
    await walk(JOB, world, plenty);
    if (isDead()) throw new Injected();
  });
  await expectAllSent(started, broken);
}

async function effectsOfAWalk(): Promise<Effects> {
  const watch = new Watch();
  await crashAt(watch);
  return watch.effects;
}

const known = await effectsOfAWalk();
/** Of the sixty reads of an event, the first and last of each piece. */
const isTelling = (at: number): boolean =>
  known.begun[at] !== 'find' || known.begun[at - 1] !== 'find' || known.begun[at + 1] !== 'find';
const faults = known.begun.flatMap((name, at) =>
  (['dies', 'fails'] as const).flatMap((kind) =>
    (['before', 'after'] as const).flatMap((side): { sentence: string; fault: Fault }[] => {
      const earlier = known.begun.slice(0, at).filter((one) => one === name).length + 1;
      const sentence = `${kind} ${side} ${name} number ${earlier}`;
      return isTelling(at) ? [{ sentence, fault: { at, kind, side } }] : [];
    }),
  ),
);

describe('a walker that breaks off passes no event, and somebody does the rest', () => {
  test('each of its effects is tried', () => {
    const verbs = ['findReplay', 'subscription', 'timeline', 'attemptsBetween', 'lettersBetween', 'find'];
    expect(new Set(known.begun)).toEqual(new Set([...verbs, 'send', 'advance', 'ask', 'finish', 'replace']));
  });

  test.each(faults)('that $sentence', async ({ fault }) => {
    let struck = 0;
    const watch = new Watch({ fault, known, onFault: () => (struck += 1) });
    await crashAt(watch);
    expect(struck).toBe(1);
  });
});
