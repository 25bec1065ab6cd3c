import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { replayFrom, replaysIn } from '../../shared/store/replays.ts';
import { startDynalite, type DynamoDb } from '../support/dynamodb.ts';
import { AT, later } from '../support/make.ts';
import { replaysContract } from './replays.contract.ts';

let dynalite: DynamoDb;
beforeAll(async () => {
  dynalite = await startDynalite();
});
afterEach(() => dynalite.leaveAlone());
afterAll(() => dynalite.close());

replaysContract('dynalite', () => dynalite.open());

const REPLAY = replayFrom({
  tenant: 'acme',
  subscription_id: 'sub_1',
  replay_id: 'rpl_1',
  kind: 'replay',
  from: AT,
  to: later(60),
  started_at: AT,
});

/** What is left when the process dies at the `nth` call. */
async function dyingAt(nth: number, write: (replays: ReturnType<typeof replaysIn>) => Promise<unknown>) {
  const table = await dynalite.open();
  const replays = replaysIn(table, 14);
  await (write === create ? undefined : replays.create(REPLAY));
  let calls = 0;
  dynalite.meddle(async (call, pass) => {
    calls += 1;
    if (calls < nth) return pass(call.input);
    return { status: 400, output: { __type: 'com.amazon.coral.validate#ValidationException', message: 'dead' } };
  });
  await expect(write(replays)).rejects.toThrow();
  dynalite.leaveAlone();
  return { replays, left: (await table.scan()).map(({ pk }) => pk) };
}

const create = (replays: ReturnType<typeof replaysIn>): Promise<void> => replays.create(REPLAY);
const finish = (replays: ReturnType<typeof replaysIn>): Promise<void> =>
  replays.finish(REPLAY, { state: 'done', at: later(1) });

test('whoever dies while a replay is created leaves none that runs and that nobody looks for', async () => {
  const { replays, left } = await dyingAt(2, create);
  expect(left).toEqual(['RUNNING']);
  expect(await Array.fromAsync(replays.stalled(new Date(later(60))))).toEqual([]);
});

test('whoever dies while a replay is ended leaves one that somebody looks for', async () => {
  const { replays, left } = await dyingAt(2, finish);
  expect(left.toSorted()).toEqual(['REPLAY#acme#sub_1', 'RUNNING']);
  expect(await Array.fromAsync(replays.stalled(new Date(later(60))))).toHaveLength(1);
});
