import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import * as z from 'zod';
import { lookAfterHeld } from '../../lambdas/sweep/held.ts';
import type { World } from '../../lambdas/sweep/sweep.ts';
import { DeliveryMessage } from '../../shared/domain/delivery.ts';
import { travelling, type AcceptedEvent } from '../../shared/domain/event.ts';
import { heldFor, type Circuit } from '../../shared/domain/hold.ts';
import { Job } from '../../shared/domain/job.ts';
import type { Subscription } from '../../shared/domain/subscription.ts';
import { startDynalite, type DynamoDb } from '../support/dynamodb.ts';
import { AT, later, make } from '../support/make.ts';
import { openWorlds, TENANT, type Opened } from '../support/stage-world.ts';

let dynamo: DynamoDb;
let opened: Opened;
let world: World;
beforeAll(async () => {
  dynamo = await startDynalite();
});
beforeEach(async () => {
  opened = await openWorlds(dynamo);
  world = opened.worlds.sweep;
});
afterAll(() => dynamo.close());

const [MINUTE, DAY] = [60, 86_400];
const plenty = (): number => 60_000;
const short = (): number => 14_000;
const HELD = { since: AT, at: AT, reason: 'circuit' } as const;
const PAUSED = { status: 'paused', held: { ...HELD, reason: 'paused' } } as const;
/** Its probe is as late as the clock has moved. */
const CIRCUIT: Circuit = { state: 'open', since: AT, probes: 3, probe_at: Date.parse(AT), carrier: 'gone#1' };
const G1 = { data: { id: ['g1'] } };

const whom = (subscriptionId = 'sub_1') => ({ tenant: TENANT, subscriptionId });

/** Subscriptions that are held, and listed, since AT. */
async function hold(...wishes: Partial<Subscription>[]): Promise<void> {
  const made = await opened.subscribe(...wishes.map((wish) => ({ held: HELD, ...wish })));
  for (const { id } of made) await opened.held.list(whom(id));
}

/** An event that match has been with, so many seconds after AT. */
async function matched(event_id: string, seconds = 0, changes: Partial<AcceptedEvent> = {}): Promise<AcceptedEvent> {
  const event = make.event({ event_id, accepted_at: later(seconds), ...changes });
  await opened.events.accept(event);
  await opened.events.close([{ event, matched: { at: later(seconds), subscriptions: ['sub_1'] } }]);
  return event;
}
const guest = (id: string): Partial<AcceptedEvent> => ({ body: JSON.stringify({ id }) });
const INVOICE = { type: 'Invoice.Closed' };

const lookAfter = (remainingMs = plenty): Promise<void> => lookAfterHeld({ v: 1, kind: 'held' }, world, remainingMs);
const probes = (): DeliveryMessage[] =>
  opened.queues.deferred.bodies.map((body) => DeliveryMessage.parse(JSON.parse(body)));
const probedWith = (): string[] => probes().map(({ event }) => event.event_id);
const probed = (): (string | undefined)[] => probes().map(({ deliveries }) => deliveries[0]?.subscription_id);
const asked = (): Job[] => opened.queues.sweeps.bodies.map((body) => Job.parse(JSON.parse(body)));
const subscriptionOf = async (id = 'sub_1') => (await opened.subscriptions.find(TENANT, id))!;
const letters = async () =>
  (await opened.attempts.deadLetters(whom(), { limit: 100 })).letters
    .map(({ event_id, reason }) => `${event_id} ${reason}`)
    .toSorted();

/** Pages of the timeline hold so many events. Answers which were read. */
function inPagesOf(limit: number): string[] {
  const { timeline } = world;
  const read: string[] = [];
  world.timeline = async (tenant, page) => {
    const answer = await timeline(tenant, { ...page, limit });
    read.push(...answer.events.map(({ event_id }) => event_id));
    return answer;
  };
  return read;
}

function makeUnreadable(unreadable: string): void {
  const { find } = world;
  const { error } = z.string().safeParse(1);
  world.find = (tenant, id) => (id === unreadable ? Promise.reject(error!) : find(tenant, id));
}

describe('what the retention is about to take', () => {
  test('becomes dead letters, of what the subscription wants, by type and filter, and did not get', async () => {
    await hold({ ...PAUSED, filter: G1 });
    for (const id of ['g1', 'g2']) await matched(`evt_${id}`, 0, guest(id));
    await matched('evt_invoice', 1, { ...INVOICE, ...guest('g1') });
    const done = await matched('evt_done', 2, guest('g1'));
    await opened.attempts.record(make.step({ event: done }), make.attempt({ event_id: 'evt_done' }));
    await matched('evt_young', DAY, guest('g1'));
    opened.clock.advance(13.6 * DAY);
    await lookAfter();
    expect(await letters()).toEqual(['evt_g1 retention']);
    expect((await subscriptionOf()).held?.since).toBe(later(0.1 * DAY));
    expect(opened.lines).toContainEqual({
      what: 'sweep.retention',
      tenant: TENANT,
      subscription_id: 'sub_1',
      buried: 1,
    });
  });

  test('dies in the run that was under way', async () => {
    await hold(PAUSED);
    const event = await matched('evt_1');
    const failed = make.attempt({ run: 2, outcome: 'rejected', next: 'wait' });
    await opened.attempts.record(make.step({ event, run: 2 }), failed);
    opened.clock.advance(13.6 * DAY);
    await lookAfter();
    expect(await opened.attempts.letterOf(event, 'sub_1')).toMatchObject({ run: 2, reason: 'retention' });
  });

  test('is buried although one event among it cannot be read: that becomes a fault', async () => {
    await hold(PAUSED);
    for (const i of [1, 2, 3]) await matched(`evt_${i}`, i);
    opened.clock.advance(13.6 * DAY);
    makeUnreadable('evt_2');
    await lookAfter();
    expect(await letters()).toEqual(['evt_1 retention', 'evt_2 fault', 'evt_3 retention']);
    expect(opened.failures).toHaveLength(1);
  });

  test('is buried as far as there is time; the next minute goes on from there', async () => {
    await hold(PAUSED);
    for (const i of [1, 2, 3]) await matched(`evt_${i}`, i);
    opened.clock.advance(13.6 * DAY);
    inPagesOf(1);
    await lookAfter(short);
    expect(await letters()).toEqual(['evt_1 retention']);
    expect((await subscriptionOf()).held?.since).toBe(later(1));
    await lookAfter();
    expect(await letters()).toEqual(['evt_1 retention', 'evt_2 retention', 'evt_3 retention']);
  });

  test('does not keep a circuit from being probed', async () => {
    await hold({ circuit: CIRCUIT });
    await matched('evt_1');
    await matched('evt_2', DAY);
    opened.clock.advance(13.6 * DAY);
    await lookAfter();
    expect([await letters(), probedWith()]).toEqual([['evt_1 retention'], ['evt_2']]);
    expect((await subscriptionOf()).circuit?.carrier).toBe('evt_2#1');
  });
});

describe('a probe that nobody makes', () => {
  const late = (seconds = 2 * MINUTE): void => opened.clock.advance(seconds);

  test('is made by the oldest delivery that was dropped', async () => {
    await hold({ circuit: CIRCUIT });
    for (const i of [1, 2]) await matched(`evt_${i}`, i);
    late();
    await lookAfter();
    expect(probes()).toMatchObject([
      { event: { event_id: 'evt_1', doubt: true }, deliveries: [{ run: 1, attempt: 1, probe: true }] },
    ]);
    expect((await subscriptionOf()).circuit).toEqual({ ...CIRCUIT, carrier: 'evt_1#1' });
  });

  test('is left alone while its own may still come', async () => {
    await hold({ circuit: CIRCUIT });
    await matched('evt_1');
    late(59);
    await lookAfter();
    expect(probes()).toEqual([]);
  });

  test('is made neither by what the filter does not take nor by what cannot be read', async () => {
    await hold({ circuit: CIRCUIT, filter: G1 });
    await matched('evt_unwanted', 1, guest('g2'));
    await matched('evt_unreadable', 2, guest('g1'));
    await matched('evt_wanted', 3, guest('g1'));
    late();
    makeUnreadable('evt_unreadable');
    await lookAfter();
    expect(probedWith()).toEqual(['evt_wanted']);
  });

  test('is made by what waits on the shelf, of events before the hold, and that waits no more', async () => {
    await hold({ circuit: CIRCUIT });
    const { body: _body, ...event } = travelling(make.event({ event_id: 'evt_old', accepted_at: later(-MINUTE) }));
    const due = Date.parse(later(6 * 60 * MINUTE));
    const step = make.deliveryStep({ attempt: 2, not_before: due });
    await opened.shelf.rest({ event, step, due, why: 'circuit' });
    late();
    await lookAfter();
    expect(probes()).toEqual([
      { v: 1, event: { ...event, doubt: true }, deliveries: [make.deliveryStep({ attempt: 2, probe: true })] },
    ]);
    expect((await subscriptionOf()).circuit?.carrier).toBe('evt_old#1');
    expect(await Array.fromAsync(opened.shelf.all(whom()))).toEqual([]);
    const isDue = await Promise.all(world.shelves.map((shard) => opened.shelf.isDue(shard, new Date(8e15))));
    expect(isDue).not.toContain(true);
  });

  test('that could not be sent is looked for again, among the same', async () => {
    await hold({ circuit: CIRCUIT });
    await matched('evt_1');
    late();
    const { send } = world;
    world.send = async (messages) => [...messages];
    await expect(lookAfter()).rejects.toThrow('1 of those who are held');
    world.send = send;
    await lookAfter();
    expect(probedWith()).toEqual(['evt_1']);
  });

  test('is made by the next one where the first came to nothing', async () => {
    await hold({ circuit: CIRCUIT });
    for (const i of [1, 2]) await matched(`evt_${i}`, i);
    late();
    await lookAfter();
    await lookAfter();
    expect(probedWith()).toEqual(['evt_1', 'evt_2']);
  });

  test('is searched for in a few pages a minute, and from the beginning again when they are at the end', async () => {
    await hold({ circuit: CIRCUIT });
    const all = Array.from({ length: 14 }, (_, i) => `evt_${i}`);
    for (const [i, id] of all.entries()) await matched(id, i, INVOICE);
    late();
    const read = inPagesOf(1);
    const minutes: string[][] = [];
    for (let minute = 0; minute < 3; minute++) {
      await lookAfter();
      minutes.push(read.splice(0));
    }
    expect(minutes).toEqual([all.slice(0, 10), all.slice(10), all.slice(0, 10)]);
    await matched('evt_last', 20);
    await lookAfter();
    expect(probedWith()).toEqual(['evt_last']);
  });

  test('is searched for no longer than there is time', async () => {
    await hold({ circuit: CIRCUIT });
    for (const i of [1, 2, 3]) await matched(`evt_${i}`, i, INVOICE);
    late();
    const read = inPagesOf(1);
    await lookAfter(short);
    await lookAfter(short);
    expect(read).toEqual(['evt_1', 'evt_2']);
  });
});

describe('the list', () => {
  const threeLate = async (): Promise<void> => {
    await hold({ circuit: CIRCUIT }, { circuit: CIRCUIT }, { circuit: CIRCUIT });
    await matched('evt_1');
    opened.clock.advance(2 * MINUTE);
  };
  const listed = async (): Promise<string[]> =>
    (await Array.fromAsync(opened.held.all())).map(({ subscriptionId }) => subscriptionId);

  test('is gone through to its end, though one cannot be looked after, and that is not silent', async () => {
    await threeLate();
    const { subscription } = world;
    world.subscription = (tenant, id) =>
      id === 'sub_2' ? Promise.reject(new Error('makes no sense')) : subscription(tenant, id);
    await expect(lookAfter()).rejects.toThrow('1 of those who are held could not be looked after');
    expect(probed()).toEqual(['sub_1', 'sub_3']);
    expect(opened.failures).toEqual([new Error('makes no sense')]);
  });

  test('is gone on with by another job where the time is over', async () => {
    await threeLate();
    await lookAfter(short);
    expect(probed()).toEqual(['sub_1']);
    const rest = { v: 1, kind: 'held', after: `${TENANT}#sub_1` } as const;
    expect(asked()).toEqual([rest]);
    await lookAfterHeld(rest, world, plenty);
    expect(probed()).toEqual(['sub_1', 'sub_2', 'sub_3']);
    expect(asked()).toEqual([rest]);
  });

  test('loses who is not held any more, or is no more', async () => {
    await hold({ held: undefined }, {});
    await opened.held.list(whom('sub_gone'));
    opened.clock.advance(2 * MINUTE);
    await lookAfter();
    expect(await listed()).toEqual(['sub_2']);
  });

  test('keeps who is being held while somebody finds that he is not', async () => {
    await opened.subscribe({});
    await opened.held.list(whom());
    opened.clock.advance(10 * MINUTE);
    const { subscription } = world;
    world.subscription = async (tenant, id) => {
      const before = (await subscription(tenant, id))!;
      await opened.held.list(whom());
      const held = heldFor(before, 'paused', { at: opened.clock.now().toISOString() });
      await opened.subscriptions.replace(before, { ...before, ...held, version: 2 });
      opened.clock.advance(5 * MINUTE);
      return before;
    };
    await lookAfter();
    expect(await listed()).toEqual(['sub_1']);
  });
});
