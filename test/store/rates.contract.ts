import { describe, expect, test } from '@jest/globals';
import { budgetOf, ratesIn, type Rates } from '../../shared/store/rates.ts';
import type { TestTable } from '../support/dynamodb.ts';
import { AT, make } from '../support/make.ts';

const NOW = Date.parse(AT);
const OF = { tenant: 'acme', id: 'sub_1' };

/** How far each moment is from when everything began, in milliseconds. */
const ahead = (slots: readonly number[]): number[] => slots.map((slot) => slot - NOW);
const gapsOf = (slots: readonly number[]): number[] => {
  const sorted = slots.toSorted((a, b) => a - b);
  return sorted.slice(1).map((slot, i) => slot - (sorted[i] ?? slot));
};

interface Asked {
  count?: number;
  perSecond?: number;
  /** Milliseconds after everything began. */
  after?: number;
}

/** 240 calls through four stores, as many at once as one client makes. */
async function fromAllSides<T>(table: TestTable, act: (rates: Rates, i: number) => Promise<T>): Promise<T[]> {
  const stores = Array.from({ length: 4 }, () => ratesIn(table));
  const answers: T[] = [];
  while (answers.length < 240) {
    const begun = answers.length;
    const few = stores.flatMap((rates, n) => Array.from({ length: 12 }, (_, i) => act(rates, begun + n * 12 + i)));
    answers.push(...(await Promise.all(few)));
  }
  return answers;
}

const wanted = ({ count = 1, perSecond = 10, after = 0 }: Asked) => ({ count, perSecond, now: NOW + after });

export const ratesContract = (backend: string, openTable: () => Promise<TestTable>) => {
  const open = async () => {
    const table = await openTable();
    const rates = ratesIn(table);
    return {
      table,
      rates,
      reserve: async (asked: Asked = {}, of = OF) => ahead(await rates.reserve(of, wanted(asked))),
      /** In how many milliseconds to ask again, where nothing was taken. */
      budget: async (asked: Asked = {}, tenant = 'acme') => {
        const { ok, opens } = await rates.budget(tenant, { ...wanted(asked), burstSeconds: 2 });
        return ok ? 'taken' : opens - NOW - (asked.after ?? 0);
      },
    };
  };

  describe(`the moments of a subscription, on ${backend}`, () => {
    test('begin now, and stand evenly apart from then on', async () => {
      const { reserve } = await open();
      expect(await reserve({ count: 3 })).toEqual([0, 100, 200]);
      expect(await reserve()).toEqual([300]);
      expect(await reserve({ after: 350, count: 2 })).toEqual([400, 500]);
    });

    test('begin again where time has gone by, and what was not used is lost', async () => {
      const { reserve } = await open();
      await reserve();
      expect(await reserve({ after: 5_000, count: 2 })).toEqual([5_000, 5_100]);
    });

    test('join at the very moment that is free', async () => {
      const { reserve } = await open();
      await reserve();
      expect(await reserve({ after: 100, count: 2 })).toEqual([100, 200]);
      expect(await reserve({ after: 301 })).toEqual([301]);
    });

    test.each([0.1, 0.3, 2.5, 7, 300, 1000])('are as many as the rate says, at %d a second', async (perSecond) => {
      const { reserve } = await open();
      const slots: number[] = [];
      for (let round = 0; round < 12; round++) slots.push(...(await reserve({ perSecond, count: 25 })));
      expect(slots).toEqual(slots.toSorted((a, b) => a - b));
      expect(slots[0]).toBe(0);
      // A microsecond a moment is what is given away where the distance is no whole number of them.
      expect(slots.at(-1)).toBeGreaterThanOrEqual(Math.floor((299 * 1000) / perSecond));
      expect(slots.at(-1)).toBeLessThanOrEqual(Math.ceil((299 * 1000) / perSecond + 0.299));
    });

    test('are those of one subscription, of one tenant', async () => {
      const { reserve } = await open();
      await reserve({ count: 100 });
      expect(await reserve({}, { tenant: 'acme', id: 'sub_2' })).toEqual([0]);
      expect(await reserve({}, { tenant: 'other', id: 'sub_1' })).toEqual([0]);
    });

    test('are not those of the tenant’s budget', async () => {
      const { reserve, budget } = await open();
      await reserve({ count: 100 }, { tenant: 'acme', id: '' });
      expect(await budget()).toBe('taken');
    });

    test('are counted by the clock of whoever asks, and two clocks that differ never meet', async () => {
      const { reserve } = await open();
      const slots = [];
      for (let i = 0; i < 20; i++) slots.push(...(await reserve({ after: i * 100 + (i % 2) * 70 })));
      expect(Math.min(...gapsOf(slots))).toBeGreaterThanOrEqual(100);
    });

    test.each([1, 40, 250])(
      'are given out once each to all who ask at once, at %d a second',
      async (perSecond) => {
        const { table } = await open();
        const slots = ahead((await fromAllSides(table, (rates) => rates.reserve(OF, wanted({ perSecond })))).flat());
        expect(slots).toHaveLength(240);
        expect(Math.min(...slots)).toBe(0);
        expect(gapsOf(slots)).toEqual(Array.from({ length: 239 }, () => 1000 / perSecond));
      },
      60_000,
    );

    test('are given out once each where some ask for several, at moments of their own', async () => {
      const { table } = await open();
      const asked = await fromAllSides(table, async (rates, i) => {
        const after = (i * 37) % 900;
        return { after, slots: ahead(await rates.reserve(OF, wanted({ count: 1 + (i % 3), perSecond: 50, after }))) };
      });
      expect(asked.flatMap(({ slots }) => slots)).toHaveLength(480);
      for (const { after, slots } of asked) {
        expect(slots[0]).toBeGreaterThanOrEqual(after);
        expect(gapsOf(slots)).toEqual(slots.slice(1).map(() => 20));
      }
      expect(Math.min(...gapsOf(asked.flatMap(({ slots }) => slots)))).toBeGreaterThanOrEqual(20);
    }, 60_000);

    test('of another rate begin now: what a slow one gave out reaches far ahead', async () => {
      const { reserve } = await open();
      expect((await reserve({ perSecond: 0.1, count: 1_000 })).at(-1)).toBe(9_990_000);
      expect(await reserve({ perSecond: 100, count: 3 })).toEqual([0, 10, 20]);
      expect(await reserve({ perSecond: 2.5, count: 2 })).toEqual([0, 400]);
      expect(await reserve({ perSecond: 0.1 })).toEqual([10_000_000]);
    });

    test('are forgotten a month later, however far ahead they were', async () => {
      const { rates, table } = await open();
      const expiry = async () => (await table.scan()).map(({ expires_at }) => Number(expires_at) - NOW / 1000);
      await rates.reserve(OF, wanted({ perSecond: 0.1, count: 360_000 }));
      await rates.reserve(OF, wanted({ perSecond: 0.1, after: 60_000 }));
      const [seconds = 0] = await expiry();
      expect(seconds).toBeGreaterThan(30 * 86_400);
      expect(await expiry()).toHaveLength(1);
    });
  });

  describe(`a tenant’s budget, on ${backend}`, () => {
    test('may be overdrawn by its burst, and not by more', async () => {
      const { budget } = await open();
      const taken = [];
      for (let i = 0; i < 30; i++) taken.push(await budget());
      // The first is at once, twenty wait their turn within two seconds, and then it is over.
      expect(taken).toEqual([...Array<string>(21).fill('taken'), ...Array<number>(9).fill(100)]);
    });

    test('that is overdrawn loses nothing to those who are refused', async () => {
      const { budget, table } = await open();
      await budget({ count: 100 });
      const before = await table.scan();
      for (let i = 0; i < 5; i++) expect(await budget({ count: 1 + i * 20 })).toBe(8_000);
      expect(await table.scan()).toEqual(before);
    });

    test('opens at the moment that was told, and not a millisecond earlier', async () => {
      const { budget } = await open();
      await budget({ count: 100 });
      expect(await budget({ after: 3_000 })).toBe(5_000);
      expect(await budget({ after: 7_999 })).toBe(1);
      expect(await budget({ after: 8_000 })).toBe('taken');
    });

    test('is whole again after a rest', async () => {
      const { budget } = await open();
      await budget({ count: 100 });
      expect(await budget({ after: 60_000, count: 20 })).toBe('taken');
      expect(await budget({ after: 60_000 })).toBe('taken');
      expect(await budget({ after: 60_000 })).toBe(100);
    });

    test('is taken as a whole, or not at all', async () => {
      const { budget } = await open();
      expect(await budget({ count: 1_000 })).toBe('taken');
      expect(await budget()).toBe(98_000);
    });

    test('is each tenant’s own', async () => {
      const { budget } = await open();
      await budget({ count: 1_000 });
      expect(await budget({}, 'other')).toBe('taken');
    });

    test('that was raised counts from then on', async () => {
      const { budget } = await open();
      await budget({ perSecond: 0.1, count: 100 });
      expect(await budget({ perSecond: 0.1 })).toBe(998_000);
      expect(await budget({ perSecond: 500 })).toBe('taken');
    });

    test('is refused to nobody but who is over it, whoever asks at once', async () => {
      const { table } = await open();
      const answers = await fromAllSides(table, (rates) => rates.budget('acme', { ...wanted({}), burstSeconds: 2 }));
      expect(answers.filter(({ ok }) => ok)).toHaveLength(21);
      const refused = answers.filter(({ ok }) => !ok);
      expect(new Set(refused.map(({ opens }) => opens))).toEqual(new Set([NOW + 100]));
    }, 60_000);
  });

  describe(`accepting within a budget, on ${backend}`, () => {
    const openBudget = async (perSecond: number) => {
      const table = await openTable();
      const clock = make.clock();
      const admitting = () => budgetOf(ratesIn(table), { perSecond, now: clock.now });
      return { table, clock, admitting, admit: admitting() };
    };

    test('of so many a second takes as many as that, from however many environments', async () => {
      const { clock, admitting } = await openBudget(50);
      const environments = Array.from({ length: 3 }, admitting);
      let accepted = 0;
      for (let ms = 0; ms < 20_000; ms += 5) {
        if ((await environments[(ms / 5) % 3]?.('acme', 1)) === undefined) accepted++;
        clock.advance(0.005);
      }
      // 200 a second are posted. A burst of two seconds comes on top, and two a second in each environment.
      expect(accepted).toBeGreaterThanOrEqual(20 * 50);
      expect(accepted).toBeLessThanOrEqual(22 * 50 + 3 * 2 * 20);
    }, 60_000);

    test('refuses no tenant that stays below it, in however many environments', async () => {
      const { clock, admitting } = await openBudget(10);
      const environments = Array.from({ length: 3 }, admitting);
      for (let i = 0; i < 9 * 30; i++) {
        expect(await environments[i % 3]?.('acme', 1)).toBeUndefined();
        clock.advance(1 / 9);
      }
    }, 60_000);

    test('tells whole seconds, after which it is open', async () => {
      const { clock, admit } = await openBudget(10);
      expect(await admit('acme', 100)).toBeUndefined();
      clock.advance(0.25);
      expect(await admit('acme', 100)).toBe(8);
      clock.advance(7.7);
      expect(await admit('acme', 1)).toBe(1);
      clock.advance(1);
      expect(await admit('acme', 100)).toBeUndefined();
    });
  });
};
