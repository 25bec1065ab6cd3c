import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { tick, type TickWorld } from '../../lambdas/sweep/tick.ts';
import { Job } from '../../shared/domain/job.ts';
import { replayFrom } from '../../shared/store/replays.ts';
import { startDynalite, type DynamoDb } from '../support/dynamodb.ts';
import { AT, later } from '../support/make.ts';
import { openWorlds, TENANT, type Opened } from '../support/stage-world.ts';

let dynamo: DynamoDb;
let opened: Opened;
let world: TickWorld;
beforeAll(async () => {
  dynamo = await startDynalite();
});
beforeEach(async () => {
  opened = await openWorlds(dynamo);
  world = opened.worlds.sweep;
});
afterAll(() => dynamo.close());

const OF = { tenant: TENANT, subscription_id: 'sub_1' };
/** A catch-up that nobody has worked on for three minutes. */
async function leaveOne(): Promise<void> {
  const stretch = { from: AT, to: later(60) };
  await opened.replays.create(replayFrom({ ...OF, replay_id: 'rpl_1', kind: 'catch_up', ...stretch, started_at: AT }));
  opened.clock.advance(181);
}
const asked = (): Job[] => opened.queues.sweeps.bodies.map((body) => Job.parse(JSON.parse(body)));
const kindsAsked = (): string[] => [...new Set(asked().map(({ kind }) => kind))].toSorted();

test('what is always looked after is asked for, and walks that nobody works on', async () => {
  await leaveOne();
  await tick(world);
  expect(asked()).toContainEqual({ v: 1, kind: 'walk', ...OF, replay_id: 'rpl_1' });
  expect(kindsAsked()).toEqual(['fold', 'held', 'markers', 'redrive', 'walk']);
  expect(opened.lines).toEqual([{ what: 'sweep.tick', shelves: 0, erasures: 0, walks: 1, well: 0 }]);
});

test('a list of walks that cannot be read to its end keeps nothing else from being asked for', async () => {
  await leaveOne();
  const { stalled } = world;
  world.stalled = async function* (before) {
    yield* stalled(before);
    throw new Error('the table does not answer');
  };
  await expect(tick(world)).rejects.toThrow('the table does not answer');
  expect(kindsAsked()).toEqual(['fold', 'held', 'markers', 'redrive', 'walk']);
});
