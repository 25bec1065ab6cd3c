import { describe, expect, test } from '@jest/globals';
import { replayFrom, replaysIn, type Replay, type Replays, type Step } from '../../shared/store/replays.ts';
import type { TestTable } from '../support/dynamodb.ts';
import { AT, later } from '../support/make.ts';

const RETENTION_DAYS = 14;
const RETENTION_SECONDS = RETENTION_DAYS * 86_400;
const OF = { tenant: 'acme', subscription_id: 'sub_1' };
const WHOM = { tenant: 'acme', subscriptionId: 'sub_1' };

const replay = (changes: Partial<Replay> = {}): Replay => ({
  ...replayFrom({ ...OF, replay_id: 'rpl_1', kind: 'catch_up', from: later(-60), to: later(60), started_at: AT }),
  ...changes,
});
const step = (changes: Partial<Step> = {}): Step => ({
  cursor: `${later(-30)}#evt_7`,
  matched: 12,
  sent: 10,
  dead: 2,
  pace: 20,
  next_at: 7,
  at: later(30),
  ...changes,
});

const idsOf = async (stalled: ReturnType<Replays['stalled']>): Promise<string[]> =>
  (await Array.fromAsync(stalled)).map(({ replayId }) => replayId).toSorted();

export const replaysContract = (backend: string, openTable: () => Promise<TestTable>) => {
  const open = async () => {
    const table = await openTable();
    return { table, clock: table.clock, replays: replaysIn(table, RETENTION_DAYS) };
  };

  describe(`a replay on ${backend}`, () => {
    test('comes back as it was created, and is nobody else’s', async () => {
      const { replays } = await open();
      await replays.create(replay());
      expect(await replays.find(OF, 'rpl_1')).toEqual(replay());
      expect(await replays.find(OF, 'rpl_2')).toBeUndefined();
      expect(await replays.find({ ...OF, tenant: 'other' }, 'rpl_1')).toBeUndefined();
      expect(await replays.find({ ...OF, subscription_id: 'sub_10' }, 'rpl_1')).toBeUndefined();
    });

    test('begins with its first moment, slowly, and spells times as sort keys do', () => {
      const { from, to } = { from: '2026-03-04T06:00:00+01:00', to: '2026-03-04T05:00:00.5Z' };
      const made = replayFrom({
        ...OF,
        replay_id: 'rpl_1',
        kind: 'replay',
        only: 'all',
        run: 4,
        from,
        to,
        started_at: AT,
      });
      expect(made).toEqual({
        ...OF,
        replay_id: 'rpl_1',
        kind: 'replay',
        only: 'all',
        run: 4,
        from: '2026-03-04T05:00:00.000Z',
        to: '2026-03-04T05:00:00.500Z',
        cursor: '2026-03-04T05:00:00.000Z',
        state: 'running',
        matched: 0,
        sent: 0,
        delivered: 0,
        dead: 0,
        pace: 10,
        next_at: 0,
        started_at: AT,
        touched_at: AT,
      });
    });

    test('moves on from where it is known to be, and adds up what it did', async () => {
      const { replays } = await open();
      await replays.create(replay());
      const first = await replays.advance(replay(), step());
      expect(first).toEqual(
        replay({
          cursor: step().cursor,
          matched: 12,
          sent: 10,
          dead: 2,
          pace: 20,
          next_at: 7,
          touched_at: later(30),
        }),
      );
      const second = await replays.advance(first!, step({ cursor: later(60), at: later(61) }));
      expect(second).toMatchObject({ cursor: later(60), matched: 24, sent: 20, dead: 4, touched_at: later(61) });
      expect(await replays.find(OF, 'rpl_1')).toEqual(second);
    });

    test('is moved on by one of many', async () => {
      const { replays } = await open();
      await replays.create(replay());
      const moved = await Promise.all(
        Array.from({ length: 6 }, (_, i) => replays.advance(replay(), step({ cursor: `${later(i)}#evt` }))),
      );
      expect(moved.filter((one) => one !== undefined)).toHaveLength(1);
      expect(await replays.find(OF, 'rpl_1')).toMatchObject({ matched: 12, sent: 10 });
    });

    test('is over once, and does not move afterwards', async () => {
      const { replays } = await open();
      await replays.create(replay());
      await replays.finish(replay(), { state: 'cancelled', at: later(5) });
      await replays.finish(replay(), { state: 'done', at: later(6) });
      expect(await replays.find(OF, 'rpl_1')).toEqual(
        replay({ state: 'cancelled', finished_at: later(5), touched_at: later(5) }),
      );
      expect(await replays.advance(replay(), step())).toBeUndefined();
    });

    test('counts what became of its deliveries, also when it is over', async () => {
      const { replays } = await open();
      await replays.create(replay());
      await Promise.all(Array.from({ length: 5 }, () => replays.count(WHOM, 'rpl_1', { delivered: 1, dead: 0 })));
      await replays.advance(replay(), step({ dead: 0 }));
      await replays.finish(replay(), { state: 'done', at: later(60) });
      await replays.count(WHOM, 'rpl_1', { delivered: 0, dead: 1 });
      expect(await replays.find(OF, 'rpl_1')).toMatchObject({ delivered: 5, dead: 1, sent: 10, state: 'done' });
    });

    test('that is no more is neither counted nor moved, and does not come back', async () => {
      const { replays, table } = await open();
      await replays.count(WHOM, 'rpl_1', { delivered: 1, dead: 0 });
      await replays.finish(replay(), { state: 'done', at: later(60) });
      expect(await replays.advance(replay(), step())).toBeUndefined();
      expect(await table.scan()).toEqual([]);
    });

    test('is kept for the retention from the last time it was touched', async () => {
      const { replays, clock } = await open();
      await replays.create(replay());
      const moved = await replays.advance(replay(), step({ at: later(RETENTION_SECONDS) }));
      clock.advance(RETENTION_SECONDS + 1);
      expect(await replays.find(OF, 'rpl_1')).toEqual(moved);
      await replays.finish(moved!, { state: 'done', at: later(2 * RETENTION_SECONDS) });
      clock.advance(2 * RETENTION_SECONDS - 1);
      expect(await replays.find(OF, 'rpl_1')).toMatchObject({ state: 'done' });
      clock.advance(1);
      expect(await replays.find(OF, 'rpl_1')).toBeUndefined();
      expect(await replays.list(OF, { limit: 10 })).toEqual({ replays: [], after: undefined });
    });
  });

  describe(`the replays of a subscription on ${backend}`, () => {
    const numbered = (count: number): Replay[] =>
      Array.from({ length: count }, (_, i) => replay({ replay_id: `rpl_${String(i).padStart(2, '0')}` }));

    test('are listed page by page, the newest first', async () => {
      const { replays } = await open();
      for (const one of numbered(7)) await replays.create(one);
      await replays.create(replay({ subscription_id: 'sub_10' }));
      const seen: Replay[] = [];
      let after: string | undefined;
      do {
        const page = await replays.list(OF, { limit: 3, after });
        expect(page.replays.length).toBeLessThanOrEqual(3);
        seen.push(...page.replays);
        after = page.after;
      } while (after !== undefined);
      expect(seen).toEqual(numbered(7).toReversed());
    });

    test('are listed without one that a later release wrote and nobody here can read', async () => {
      const { table } = await open();
      const reports: Error[] = [];
      const replays = replaysIn(table, RETENTION_DAYS, (error) => void reports.push(error));
      for (const one of numbered(2)) await replays.create(one);
      const [unread] = (await table.scan()).filter(({ sk }) => sk === 'rpl_01');
      await table.put({ ...unread, only: 'some' });
      expect((await replays.list(OF, { limit: 10 })).replays).toEqual(numbered(1));
      expect(reports).toHaveLength(1);
    });
  });

  describe(`the list of what is under way on ${backend}`, () => {
    test('names those that nobody has touched for long', async () => {
      const { replays } = await open();
      await replays.create(replay({ replay_id: 'rpl_old' }));
      await replays.create(replay({ replay_id: 'rpl_moved' }));
      await replays.create(replay({ replay_id: 'rpl_new', started_at: later(100), touched_at: later(100) }));
      await replays.advance(replay({ replay_id: 'rpl_moved' }), step({ at: later(90) }));
      expect(await idsOf(replays.stalled(new Date(AT)))).toEqual([]);
      expect(await idsOf(replays.stalled(new Date(later(60))))).toEqual(['rpl_old']);
      expect(await idsOf(replays.stalled(new Date(later(90))))).toEqual(['rpl_old']);
      expect(await idsOf(replays.stalled(new Date(later(95))))).toEqual(['rpl_moved', 'rpl_old']);
      expect(await idsOf(replays.stalled(new Date(later(200))))).toEqual(['rpl_moved', 'rpl_new', 'rpl_old']);
    });

    test('says whose it is', async () => {
      const { replays } = await open();
      await replays.create(replay());
      const stalled = await Array.fromAsync(replays.stalled(new Date(later(1))));
      expect(stalled).toEqual([{ ...WHOM, replayId: 'rpl_1' }]);
    });

    test('does not name what is over', async () => {
      const { replays, table } = await open();
      await replays.create(replay());
      await replays.finish(replay(), { state: 'done', at: later(5) });
      expect(await idsOf(replays.stalled(new Date(later(600))))).toEqual([]);
      expect((await table.scan()).map(({ pk }) => pk)).toEqual(['REPLAY#acme#sub_1']);
    });

    test('names what is over where whoever ended it died before it was taken off', async () => {
      const { replays, table } = await open();
      await replays.create(replay());
      const [entry] = (await table.scan()).filter(({ pk }) => pk === 'RUNNING');
      await replays.finish(replay(), { state: 'done', at: later(5) });
      await table.put(entry!);
      expect(await idsOf(replays.stalled(new Date(later(1))))).toEqual(['rpl_1']);
      await replays.finish(replay({ state: 'done' }), { state: 'cancelled', at: later(6) });
      expect(await idsOf(replays.stalled(new Date(later(600))))).toEqual([]);
      expect(await replays.find(OF, 'rpl_1')).toMatchObject({ state: 'done' });
    });

    test('goes on behind one that a later release wrote and nobody here can read, and leaves that listed', async () => {
      const { table } = await open();
      const reports: Error[] = [];
      const replays = replaysIn(table, RETENTION_DAYS, (error) => void reports.push(error));
      for (const replay_id of ['rpl_1', 'rpl_2', 'rpl_3']) await replays.create(replay({ replay_id }));
      const [unread] = (await table.scan()).filter(({ sk }) => sk === 'rpl_2');
      await table.put({ ...unread, kind: 'rehearsal' });
      expect(await idsOf(replays.stalled(new Date(later(60))))).toEqual(['rpl_1', 'rpl_3']);
      expect(reports).toHaveLength(1);
      expect((await table.scan()).filter(({ pk }) => pk === 'RUNNING')).toHaveLength(3);
    });

    test('loses what never came to be, but not while it may still be written', async () => {
      const { replays, table } = await open();
      await replays.create(replay());
      const [entry] = (await table.scan()).filter(({ pk }) => pk === 'RUNNING');
      const other = (await open()).table;
      await other.put(entry!);
      const empty = replaysIn(other, RETENTION_DAYS);
      expect(await idsOf(empty.stalled(new Date(AT)))).toEqual([]);
      expect(await other.scan()).toHaveLength(1);
      expect(await idsOf(empty.stalled(new Date(later(1))))).toEqual([]);
      expect(await other.scan()).toEqual([]);
    });
  });
};
