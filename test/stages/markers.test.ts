import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { republishOverdue, type MarkersWorld } from '../../lambdas/sweep/markers.ts';
import { travelling, type TravellingEvent } from '../../shared/domain/event.ts';
import { startDynalite, type DynamoDb } from '../support/dynamodb.ts';
import { later, make } from '../support/make.ts';
import { openWorlds, TENANT, type Opened } from '../support/stage-world.ts';

let dynamo: DynamoDb;
let opened: Opened;
let world: MarkersWorld;
beforeAll(async () => {
  dynamo = await startDynalite();
});
beforeEach(async () => {
  opened = await openWorlds(dynamo);
  world = opened.worlds.sweep;
});
afterAll(() => dynamo.close());

const MINUTE = 60;
const plenty = (): number => 60_000;
const NONE = { published: 0, closed: 0, refused: 0, lost: 0, failed: 0 };

/** An event that is accepted and not matched. */
async function accepted(event_id: string, seconds = 0) {
  const event = make.event({ event_id, accepted_at: later(seconds) });
  await opened.events.accept(event);
  await opened.events.open(event);
  return event;
}

const published = (): TravellingEvent[] =>
  opened.queues.events.bodies.map((body) => (JSON.parse(body) as { detail: TravellingEvent }).detail);
const openOnes = async (): Promise<string[]> =>
  (await Array.fromAsync(opened.events.overdue(new Date(8e15), new Date(8e15))))
    .map(({ eventId }) => eventId)
    .toSorted();

test('an event that is not matched after two minutes is published again, in doubt', async () => {
  const event = await accepted('evt_1');
  opened.clock.advance(2 * MINUTE);
  await republishOverdue(world, plenty);
  expect(published()).toEqual([]);

  opened.clock.advance(1);
  await republishOverdue(world, plenty);
  expect(published()).toEqual([{ ...travelling(event), doubt: true }]);
  expect(opened.lines).toContainEqual({ what: 'sweep.markers', ...NONE, published: 1 });
});

test('younger ones are left alone', async () => {
  await accepted('evt_old');
  await accepted('evt_young', MINUTE);
  opened.clock.advance(2 * MINUTE + 1);
  await republishOverdue(world, plenty);
  expect(published().map(({ event_id }) => event_id)).toEqual(['evt_old']);
});

test('the pauses double from two minutes to 64, so that a lane that is behind does not drown in copies', async () => {
  await accepted('evt_1');
  const atMinute = async (minute: number): Promise<number> => {
    opened.clock.advance(minute * MINUTE + 1 - (opened.clock.now().getTime() - Date.parse(later(0))) / 1000);
    const before = published().length;
    await republishOverdue(world, plenty);
    return published().length - before;
  };
  const seen: [number, number][] = [];
  for (const minute of [1, 2, 3, 4, 7, 8, 15, 16, 31, 32, 63, 64, 127, 128, 191, 192, 255, 256]) {
    seen.push([minute, await atMinute(minute)]);
  }
  expect(seen.filter(([, count]) => count > 0)).toEqual(
    [2, 4, 8, 16, 32, 64, 128, 192, 256].map((minute) => [minute, 1]),
  );
  expect(await openOnes()).toEqual(['evt_1']);
});

test('a marker whose event is matched is taken away, and nothing is published', async () => {
  const event = await accepted('evt_1');
  await opened.events.close([{ event, matched: { at: later(1), subscriptions: [] } }]);
  await opened.events.open(event);
  opened.clock.advance(3 * MINUTE);
  await republishOverdue(world, plenty);
  expect(published()).toEqual([]);
  expect(await openOnes()).toEqual([]);
  expect(opened.lines).toContainEqual({ what: 'sweep.markers', ...NONE, closed: 1 });
});

test('a marker whose event is no more is taken away, and its end is said aloud', async () => {
  await opened.events.open(make.event({ event_id: 'evt_ghost' }));
  opened.clock.advance(3 * MINUTE);
  await republishOverdue(world, plenty);
  expect([published(), await openOnes()]).toEqual([[], []]);
  expect(opened.lines).toEqual([
    { what: 'event.lost', tenant: TENANT, event_id: 'evt_ghost', accepted_at: later(0) },
    { what: 'sweep.markers', ...NONE, lost: 1 },
  ]);
});

test('one that cannot be handled keeps no other from being published', async () => {
  for (const id of ['evt_1', 'evt_2', 'evt_3']) await accepted(id);
  opened.clock.advance(3 * MINUTE);
  const { find } = world;
  world.find = (tenant, id) => (id === 'evt_2' ? Promise.reject(new Error('unreadable')) : find(tenant, id));
  await republishOverdue(world, plenty);
  expect(
    published()
      .map(({ event_id }) => event_id)
      .toSorted(),
  ).toEqual(['evt_1', 'evt_3']);
  expect(opened.failures).toEqual([new Error('unreadable')]);
  expect(opened.lines).toContainEqual({ what: 'sweep.markers', ...NONE, published: 2, failed: 1 });
});

test('match may close a marker while the sweep holds it: it stays closed', async () => {
  const event = await accepted('evt_1');
  opened.clock.advance(3 * MINUTE);
  const { publish } = world;
  world.publish = async (events) => {
    const left = await publish(events);
    await opened.events.close([{ event, matched: { at: later(180), subscriptions: ['sub_1'] } }]);
    return left;
  };
  await republishOverdue(world, plenty);
  expect(await openOnes()).toEqual([]);
});

test('what the bus refuses is tried again the next minute', async () => {
  await accepted('evt_1');
  await accepted('evt_2');
  opened.clock.advance(3 * MINUTE);
  const refuse = { refuses: () => true };
  // The first of them is tried three times.
  opened.faults.putEvents.push(refuse, refuse, refuse);
  await republishOverdue(world, plenty);
  expect(opened.lines).toContainEqual({ what: 'sweep.markers', ...NONE, published: 1, refused: 1 });
  expect(published()).toHaveLength(1);

  opened.clock.advance(MINUTE);
  await republishOverdue(world, plenty);
  expect(
    published()
      .map(({ event_id }) => event_id)
      .toSorted(),
  ).toEqual(['evt_1', 'evt_2']);
});

test('it stops when its time runs out, and goes on the next minute', async () => {
  for (let i = 1; i <= 6; i++) await accepted(`evt_${i}`);
  opened.clock.advance(3 * MINUTE);
  let left = 13_000;
  await republishOverdue(world, () => (left -= 1_000));
  expect(published()).toHaveLength(3);

  opened.clock.advance(1);
  await republishOverdue(world, plenty);
  expect(new Set(published().map(({ event_id }) => event_id)).size).toBe(6);
  expect(published()).toHaveLength(6);
});

test('data that is long stays behind', async () => {
  const event = make.event({ body: JSON.stringify({ id: 'g1', note: 'x'.repeat(70_000) }) });
  await opened.events.accept(event);
  await opened.events.open(event);
  opened.clock.advance(3 * MINUTE);
  await republishOverdue(world, plenty);
  expect(published()[0]).not.toHaveProperty('body');
  expect(await opened.events.find(TENANT, event.event_id)).toEqual(event);
});
