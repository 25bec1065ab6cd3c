import { describe, expect, test } from '@jest/globals';
import { figuresIn } from '../../shared/store/figures.ts';
import type { TestTable } from '../support/dynamodb.ts';
import { AT, later } from '../support/make.ts';

const RETENTION_DAYS = 14;
const DAY = 86_400;
const WHOM = { tenant: 'acme', subscriptionId: 'sub_1' };
const HOUR = { ...WHOM, at: '2026-03-04T05' };
const TODAY = { tenant: 'acme', at: '2026-03-04' };

export const figuresContract = (backend: string, openTable: () => Promise<TestTable>) => {
  const open = async () => {
    const table = await openTable();
    const reports: Error[] = [];
    const figures = figuresIn(table, RETENTION_DAYS, (error) => void reports.push(error));
    const stretch = { from: '2026-03-04T00', to: '2026-03-05T00' };
    return {
      table,
      clock: table.clock,
      figures,
      reports,
      hours: async (more: Partial<typeof stretch> = {}) =>
        Object.fromEntries(await figures.ofSubscription(WHOM, { ...stretch, ...more })),
      days: async () => Object.fromEntries(await figures.ofTenant('acme', { from: '2026-01-01', to: '2027-12-31' })),
    };
  };

  describe(`figures on ${backend}`, () => {
    test('grow by each window', async () => {
      const { figures, hours } = await open();
      await figures.grow({ ...HOUR, sums: { accepted: 1, ms: 7 } }, 1);
      await figures.grow({ ...HOUR, sums: { accepted: 2, dead: 1 } }, 2);
      await figures.grow({ ...HOUR, sums: { accepted: 1 } }, 9);
      expect(await hours()).toEqual({ '2026-03-04T05': { accepted: 4, ms: 7, dead: 1 } });
    });

    test('grow by each window once, though it is folded twice, by two at once, or by one who is late', async () => {
      const { figures, hours } = await open();
      const grow = (window: number) => figures.grow({ ...HOUR, sums: { accepted: 1 } }, window);
      await grow(1);
      await grow(1);
      await Promise.all([grow(2), grow(2), grow(2)]);
      await grow(1);
      expect(await hours()).toEqual({ '2026-03-04T05': { accepted: 2 } });
    });

    test('grow for themselves: what is in one of them is not in the others', async () => {
      const { figures, hours, days } = await open();
      const nextHour = { ...HOUR, at: '2026-03-04T06' };
      await figures.grow({ ...HOUR, sums: { accepted: 1 } }, 3);
      await figures.grow({ ...nextHour, sums: { accepted: 2 } }, 2);
      await figures.grow({ ...HOUR, subscriptionId: 'sub_2', sums: { accepted: 4 } }, 1);
      await figures.grow({ ...HOUR, tenant: 'other', sums: { accepted: 8 } }, 1);
      await figures.grow({ ...TODAY, sums: { events: 5 } }, 1);
      expect(await hours()).toEqual({ '2026-03-04T05': { accepted: 1 }, '2026-03-04T06': { accepted: 2 } });
      expect(await days()).toEqual({ '2026-03-04': { events: 5 } });
    });

    test('are read from the first hour to the one before the last', async () => {
      const { figures, hours } = await open();
      for (const at of ['2026-03-03T23', '2026-03-04T00', '2026-03-04T23', '2026-03-05T00']) {
        await figures.grow({ ...HOUR, at, sums: { accepted: 1 } }, 1);
      }
      expect(Object.keys(await hours()).toSorted()).toEqual(['2026-03-04T00', '2026-03-04T23']);
      expect(await hours({ from: '2026-03-04T01', to: '2026-03-04T23' })).toEqual({});
      expect(await hours({ from: '2026-03-04T05', to: '2026-03-04T05' })).toEqual({});
    });

    test('of subscriptions last as long as the retention, those of tenants for 400 days', async () => {
      const { figures, clock, hours, days } = await open();
      await figures.grow({ ...HOUR, sums: { accepted: 1 } }, 1);
      await figures.grow({ ...TODAY, sums: { events: 1 } }, 1);
      clock.advance(RETENTION_DAYS * DAY);
      expect(Object.keys(await hours())).toHaveLength(1);
      clock.advance(DAY);
      expect(await hours()).toEqual({});
      clock.advance(385 * DAY);
      expect(Object.keys(await days())).toHaveLength(1);
      clock.advance(DAY);
      expect(await days()).toEqual({});
    });

    test('that nobody can read are left out, and that is told', async () => {
      const { table, figures, hours, reports } = await open();
      await figures.grow({ ...HOUR, sums: { accepted: 1 } }, 1);
      const [item] = await table.scan();
      await table.put({ ...item, sk: '2026-03-04T06', accepted: 'many' });
      expect(await hours()).toEqual({ '2026-03-04T05': { accepted: 1 } });
      expect(reports).toHaveLength(1);
    });

    test('say when they were last grown and what they are a version of', async () => {
      const { table, figures } = await open();
      await figures.grow({ ...HOUR, sums: { accepted: 1 } }, 7);
      expect(await table.scan()).toEqual([
        {
          pk: 'STAT#acme#sub_1',
          sk: '2026-03-04T05',
          v: 1,
          folded: 7,
          accepted: 1,
          expires_at: Date.parse(later(0).slice(0, 10)) / 1000 + (RETENTION_DAYS + 1) * DAY,
        },
      ]);
      expect(AT.startsWith('2026-03-04T05')).toBe(true);
    });
  });
};
