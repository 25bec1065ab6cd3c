import { describe, expect, test } from '@jest/globals';
import type { Counts } from '../../shared/domain/count.ts';
import { attemptsIn } from '../../shared/store/attempts.ts';
import { countsIn, type Window } from '../../shared/store/counts.ts';
import { eventsIn } from '../../shared/store/events.ts';
import { COUNT_SHARDS, keys } from '../../shared/store/keys.ts';
import type { TestTable } from '../support/dynamodb.ts';
import { AT, later, make } from '../support/make.ts';

const RETENTION_DAYS = 14;
const MINUTE = 60;

export const countsContract = (backend: string, openTable: () => Promise<TestTable>) => {
  const open = async () => {
    const table = await openTable();
    const reports: Error[] = [];
    const counts = countsIn(table, (error) => void reports.push(error));
    const attempts = attemptsIn(table, RETENTION_DAYS);
    let made = 0;
    return {
      table,
      clock: table.clock,
      counts,
      attempts,
      events: eventsIn(table, RETENTION_DAYS),
      reports,
      /** So many attempts, recorded one by one, each in a call of its own. */
      async record(count = 1): Promise<void> {
        for (let i = 0; i < count; i++) {
          await attempts.record(make.step({ event: make.event({ event_id: `evt_${++made}` }) }), make.attempt());
        }
      },
      next: (seconds: number) => counts.nextWindow(new Date(later(seconds))),
      found: async (window: Window | undefined) =>
        window === undefined ? [] : await Array.fromAsync(counts.counted(window)),
    };
  };
  const countItems = async (table: TestTable) =>
    (await table.scan()).filter(({ pk }) => String(pk).startsWith('COUNT#'));
  const ofOne = (sums: Record<string, number>): Counts => ({ acme: { subscriptions: { sub_1: sums } } });
  const ONE = ofOne({ accepted: 1, delivered: 1, ms: 12, took_08: 1 });

  describe(`what batches count on ${backend}`, () => {
    test('stands in one item for attempts that are recorded together', async () => {
      const { table, attempts } = await open();
      const steps = Array.from({ length: 24 }, (_, i) => make.step({ subscriptionId: `sub_${i % 2}` }));
      const record = (step: (typeof steps)[number], i: number) =>
        attempts.record({ ...step, attempt: i + 1 }, make.attempt({ outcome: i === 0 ? 'rejected' : 'accepted' }));
      await Promise.all(steps.map(record));
      const items = await countItems(table);
      expect(items).toEqual([
        {
          pk: expect.stringMatching(/^COUNT#\d\d$/),
          sk: expect.stringMatching(`^${AT}#[0-9a-f]{16}$`),
          v: 1,
          counts: {
            acme: {
              subscriptions: {
                sub_0: { accepted: 11, rejected: 1, delivered: 12, ms: 144, took_08: 12 },
                sub_1: { accepted: 12, delivered: 12, ms: 144, took_08: 12 },
              },
            },
          },
          // Three days, however long events are kept: it names their tenant.
          expires_at: Math.ceil(Date.parse(AT) / 1000) + 3 * 86_400,
        },
      ]);
    });

    test('holds deliveries that are given up, and events that are matched', async () => {
      const { attempts, events, counts } = await open();
      const event = make.event();
      const letter = { event, subscriptionId: 'sub_1', deliveryId: 'dlv_1', run: 1, kind: 'delivery' as const };
      await attempts.bury({ ...letter, reason: 'expired', at: AT });
      await events.close([
        { event, matched: { at: AT, subscriptions: ['sub_1', 'sub_2'] } },
        { event: make.event({ event_id: 'evt_2', tenant: 'other' }), matched: { at: AT, subscriptions: [] } },
      ]);
      await events.close([]);
      const window = await counts.nextWindow(new Date(later(1)));
      const found = await Array.fromAsync(counts.counted(window!));
      expect(found.map((one) => one.counts)).toEqual(
        expect.arrayContaining([
          ofOne({ dead: 1 }),
          { acme: { itself: { events: 1, deliveries: 2 } }, other: { itself: { events: 1, deliveries: 0 } } },
        ]),
      );
      expect(found).toHaveLength(2);
    });

    test('is not there twice where one call is made again', async () => {
      const { table, attempts } = await open();
      for (let i = 0; i < 2; i++) await attempts.record(make.step(), make.attempt());
      expect(await countItems(table)).toHaveLength(1);
    });
  });

  describe(`a window on ${backend}`, () => {
    test('is not there where nothing was counted, or nothing that is old enough', async () => {
      const { table, record, next } = await open();
      expect(await next(0)).toBeUndefined();
      await record();
      expect(await next(0)).toBeUndefined();
      expect((await table.scan()).filter(({ pk }) => pk === 'FOLD')).toEqual([]);
    });

    test('holds what was counted before its end, whatever the partition, and nothing that is counted later', async () => {
      const { clock, record, next, found } = await open();
      await record(40);
      clock.advance(30);
      await record();
      const window = await next(30);
      expect(window).toEqual({ number: 1, from_at: '', to_at: later(30) });
      expect(await found(window)).toEqual(Array.from({ length: 40 }, () => ({ counts: ONE, moment: AT })));
    });

    test('stays open until it is folded, and does not grow', async () => {
      const { clock, record, counts, next, found } = await open();
      await record();
      const window = await next(30);
      clock.advance(40);
      await record();
      expect(await next(90)).toEqual(window);
      expect(await found(window)).toHaveLength(1);
      await counts.folded(window!);
      const second = await next(90);
      expect(second).toEqual({ number: 2, from_at: later(30), to_at: later(90) });
      expect(await found(second)).toEqual([{ counts: ONE, moment: later(40) }]);
      await counts.folded(second!);
      expect(await next(90)).toBeUndefined();
    });

    test('is opened by one of two who ask at once', async () => {
      const { table, record } = await open();
      await record();
      const both = [countsIn(table), countsIn(table)];
      const windows = await Promise.all(both.map((one) => one.nextWindow(new Date(later(30)))));
      // The other one sees it open already, or goes away.
      const opened = windows.filter((window) => window !== undefined);
      expect(opened.length).toBeGreaterThan(0);
      for (const window of opened) expect(window).toEqual({ number: 1, from_at: '', to_at: later(30) });
    });

    test('that somebody else has folded long ago does not end the one that is open', async () => {
      const { clock, record, counts, next } = await open();
      await record();
      const first = await next(30);
      await counts.folded(first!);
      clock.advance(40);
      await record();
      const second = await next(90);
      await counts.folded(first!);
      expect(await next(90)).toEqual(second);
    });

    test('is two minutes long at most, and begins with what there is', async () => {
      const { clock, counts, record, next, found } = await open();
      await record();
      clock.advance(3 * MINUTE);
      await record();
      clock.advance(600 * MINUTE);
      await record();
      const seen: unknown[] = [];
      for (let window = await next(700 * MINUTE); window !== undefined; window = await next(700 * MINUTE)) {
        seen.push([window.to_at, (await found(window)).length]);
        await counts.folded(window);
      }
      expect(seen).toEqual([
        [later(2 * MINUTE), 1],
        [later(5 * MINUTE), 1],
        [later(605 * MINUTE), 1],
      ]);
    });

    test('leaves out what nobody can read, and says so', async () => {
      const { table, record, next, found, reports } = await open();
      await record(2);
      const [item] = await countItems(table);
      await table.put({ ...item, counts: 'many' });
      expect(await found(await next(30))).toHaveLength(1);
      expect(reports).toHaveLength(1);
    });

    test('leaves out what has expired', async () => {
      const { table, clock, record, counts } = await open();
      await record();
      clock.advance(RETENTION_DAYS * 86_400 + 1);
      expect(await counts.nextWindow(table.now())).toBeUndefined();
    });

    test('reads every partition there is', async () => {
      const { table, next, found } = await open();
      for (let shard = 0; shard < COUNT_SHARDS; shard++) {
        await table.put({ pk: keys.countPartition(shard), sk: `${AT}#1`, v: 1, counts: ONE });
      }
      expect(await found(await next(30))).toHaveLength(COUNT_SHARDS);
    });
  });
};
