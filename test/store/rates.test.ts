import { DeleteCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { intervalOf, slotsBefore } from '../../shared/domain/rate.ts';
import type { Subscription } from '../../shared/domain/subscription.ts';
import { budgetOf, pacer, ratesIn, type Rates, type Wanted } from '../../shared/store/rates.ts';
import { startDynalite, type Call, type DynamoDb, type TestTable } from '../support/dynamodb.ts';
import { AT, make } from '../support/make.ts';
import { ratesContract } from './rates.contract.ts';

let dynalite: DynamoDb;
beforeAll(async () => {
  dynalite = await startDynalite();
});
afterEach(() => dynalite.leaveAlone());
afterAll(() => dynalite.close());

ratesContract('dynalite', () => dynalite.open());

const NOW = Date.parse(AT);
const OF = { tenant: 'acme', id: 'sub_1' };
const wanted = (changes: Partial<Wanted> = {}): Wanted => ({ count: 1, perSecond: 10, now: NOW, ...changes });
const BURST = { burstSeconds: 2 };

/** The operations that reach the table. */
function watch(): string[] {
  const calls: string[] = [];
  dynalite.meddle(({ operation, input }, pass) => {
    calls.push(operation);
    return pass(input);
  });
  return calls;
}

/** Somebody else does this as soon as the table has refused an update: between the two that we make. */
function afterRefusal(others: () => Promise<unknown>): void {
  let done = false;
  dynalite.meddle(async ({ input }, pass) => {
    const reply = await pass(input);
    if (done || reply.status !== 400) return reply;
    done = true;
    await others();
    return reply;
  });
}

async function empty({ db, name: TableName, scan }: TestTable): Promise<void> {
  for (const { pk, sk } of await scan()) await db.send(new DeleteCommand({ TableName, Key: { pk, sk } }));
}

const REFUSED = {
  status: 400,
  output: { __type: 'com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException', message: 'no' },
};

describe('what a reservation costs', () => {
  test.each<[string, (rates: Rates) => Promise<unknown>, number]>([
    ['one update where nothing was given out yet', (rates) => rates.reserve(OF, wanted()), 1],
    [
      'one for each where all before are over',
      async (rates) => {
        for (let second = 0; second < 5; second++) await rates.reserve(OF, wanted({ now: NOW + second * 1_000 }));
      },
      5,
    ],
    [
      'one for each where they queue',
      async (rates) => {
        for (let i = 0; i < 5; i++) await rates.reserve(OF, wanted());
      },
      5,
    ],
    ['one for however many are reserved together', (rates) => rates.reserve(OF, wanted({ count: 500 })), 1],
    ['one for a budget', (rates) => rates.budget('acme', { ...wanted(), ...BURST }), 1],
  ])('%s', async (_, act, updates) => {
    const rates = ratesIn(await dynalite.open());
    const calls = watch();
    await act(rates);
    expect(calls).toEqual(Array.from({ length: updates }, () => 'UpdateItem'));
  });

  test('two updates where another environment has changed what this one knows', async () => {
    const table = await dynalite.open();
    await ratesIn(table).reserve(OF, wanted());
    const calls = watch();
    await ratesIn(table).reserve(OF, wanted());
    expect(calls).toEqual(['UpdateItem', 'UpdateItem']);
  });

  test('two updates and a read of what is true now where a budget is refused', async () => {
    const rates = ratesIn(await dynalite.open());
    await rates.budget('acme', { ...wanted({ count: 100 }), ...BURST });
    const calls: Call[] = [];
    dynalite.meddle((call, pass) => {
      calls.push(call);
      return pass(call.input);
    });
    await rates.budget('acme', { ...wanted(), ...BURST });
    expect(calls.map(({ operation }) => operation)).toEqual(['UpdateItem', 'UpdateItem', 'GetItem']);
    expect(calls[2]?.input).toMatchObject({ ConsistentRead: true });
  });
});

describe('a race', () => {
  test('to begin is lost to one, and the other queues behind him', async () => {
    const table = await dynalite.open();
    const [mine, others] = [ratesIn(table), ratesIn(table)];
    await mine.reserve(OF, wanted());
    await others.reserve(OF, wanted({ now: NOW + 60_000 }));
    expect(await mine.reserve(OF, wanted({ now: NOW + 60_000 }))).toEqual([NOW + 60_100]);
  });

  test('to queue is lost to one between the two updates, and the other stands behind him', async () => {
    const table = await dynalite.open();
    const [mine, others] = [ratesIn(table), ratesIn(table)];
    await others.reserve(OF, wanted());
    afterRefusal(() => others.reserve(OF, wanted({ count: 3 })));
    expect(await mine.reserve(OF, wanted())).toEqual([NOW + 400]);
  });

  test('is no reason to refuse a budget', async () => {
    const table = await dynalite.open();
    const [mine, others] = [ratesIn(table), ratesIn(table)];
    const take = (rates: Rates, after: number) => rates.budget('acme', { ...wanted({ now: NOW + after }), ...BURST });
    await take(mine, 0);
    await take(others, 2_100);
    afterRefusal(() => take(others, 2_200));
    expect(await take(mine, 2_150)).toMatchObject({ ok: true });
  });

  test('with the end of an item begins anew', async () => {
    const table = await dynalite.open();
    const rates = ratesIn(table);
    const remove = () => empty(table);
    await rates.reserve(OF, wanted({ count: 100 }));
    await remove();
    expect(await rates.reserve(OF, wanted())).toEqual([NOW]);
    afterRefusal(remove);
    expect(await ratesIn(table).reserve(OF, wanted())).toEqual([NOW]);
    await rates.budget('acme', { ...wanted({ count: 100 }), ...BURST });
    afterRefusal(remove);
    expect(await ratesIn(table).budget('acme', { ...wanted(), ...BURST })).toMatchObject({ ok: true });
  });

  test('with the end of an item never ends before now', async () => {
    const table = await dynalite.open();
    const [mine, others] = [ratesIn(table), ratesIn(table)];
    await mine.reserve(OF, wanted({ count: 100 }));
    await empty(table);
    await others.reserve(OF, wanted());
    expect(await mine.reserve(OF, wanted({ now: NOW + 5_000 }))).toEqual([NOW + 5_000]);
  });

  test('with one that goes away again and again is an error of ours, after so many calls', async () => {
    const rates = ratesIn(await dynalite.open());
    let calls = 0;
    dynalite.meddle(async () => {
      calls += 1;
      return REFUSED;
    });
    await expect(rates.reserve(OF, wanted())).rejects.toThrow('a rate was gone again and again');
    expect(calls).toBe(16);
  });
});

describe('a call that fails', () => {
  test('is no answer', async () => {
    const rates = ratesIn(await dynalite.open());
    dynalite.meddle(async () => ({
      status: 400,
      output: { __type: 'com.amazon.coral.validate#ValidationException', message: 'no such thing' },
    }));
    await expect(rates.reserve(OF, wanted())).rejects.toThrow('no such thing');
    await expect(rates.budget('acme', { ...wanted(), ...BURST })).rejects.toThrow('no such thing');
  });

  test('because its answer got lost wastes moments, and gives none out twice', async () => {
    const rates = ratesIn(await dynalite.open());
    const first = await rates.reserve(OF, wanted());
    let lost = false;
    dynalite.meddle(async ({ input }, pass) => {
      const reply = await pass(input);
      if (lost) return reply;
      lost = true;
      return undefined;
    });
    const second = await rates.reserve(OF, wanted({ count: 2 }));
    dynalite.leaveAlone();
    const third = await rates.reserve(OF, wanted());
    expect([...first, ...second, ...third].map((slot) => slot - NOW)).toEqual([0, 300, 400, 500]);
  });
});

/** A schedule without a table, which keeps what it was asked. */
function scheduling() {
  const asked: { id: string; count: number; perSecond: number }[] = [];
  const next = new Map<string, number>();
  const reserve: Rates['reserve'] = async ({ id }, { count, perSecond, now }) => {
    asked.push({ id, count, perSecond });
    const ends = Math.max(next.get(id) ?? 0, now * 1000) + count * intervalOf(perSecond);
    next.set(id, ends);
    return slotsBefore(ends, { count, perSecond });
  };
  return { asked, reserve };
}

describe('when a request may go', () => {
  const openPacer = (ceilingPerSecond = 100) => {
    const { asked, reserve } = scheduling();
    const clock = make.clock();
    const { slotFor } = pacer({ reserve }, { ceilingPerSecond, now: clock.now });
    /** As many as that, all at once: how far each one's moment is ahead. */
    const slotsFor = async (count: number, changes: Partial<Subscription> = {}) => {
      const slots = await Promise.all(Array.from({ length: count }, () => slotFor(make.subscription(changes))));
      return slots.map((slot) => slot && slot - clock.now().getTime());
    };
    return { asked, clock, slotsFor };
  };

  test('is at once for two a second where no rate is named, without asking anybody', async () => {
    const { asked, clock, slotsFor } = openPacer();
    for (let second = 0; second < 5; second++) {
      expect(await slotsFor(2)).toEqual([undefined, undefined]);
      clock.advance(1);
    }
    expect(asked).toEqual([]);
  });

  test('is within the ceiling from the third on, and the first two count then', async () => {
    const { asked, slotsFor } = openPacer();
    expect(await slotsFor(5)).toEqual([undefined, undefined, 20, 30, 40]);
    expect(asked).toEqual([{ id: 'sub_1', count: 5, perSecond: 100 }]);
  });

  test('is reserved for each where a rate is named', async () => {
    const { asked, slotsFor } = openPacer();
    expect(await slotsFor(1, { rate_limit_per_second: 2.5 })).toEqual([0]);
    expect(await slotsFor(2, { rate_limit_per_second: 2.5 })).toEqual([400, 800]);
    expect(asked.map(({ count, perSecond }) => [count, perSecond])).toEqual([
      [1, 2.5],
      [2, 2.5],
    ]);
  });

  test('is asked once by all who ask at about the same time, and given out in their order', async () => {
    const { asked, slotsFor } = openPacer();
    expect(await slotsFor(50, { rate_limit_per_second: 10 })).toEqual(Array.from({ length: 50 }, (_, i) => i * 100));
    expect(asked).toHaveLength(1);
  });

  test('is asked by each subscription for itself, and by each tenant', async () => {
    const { asked, slotsFor } = openPacer();
    const whoms = [{ id: 'sub_1' }, { id: 'sub_2' }, { id: 'sub_1', tenant: 'other' }];
    await Promise.all(whoms.map((whom) => slotsFor(2, { ...whom, rate_limit_per_second: 10 })));
    expect(asked.map(({ count }) => count)).toEqual([2, 2, 2]);
    expect(await Promise.all(whoms.map((whom) => slotsFor(2, whom)))).toEqual(whoms.map(() => [undefined, undefined]));
  });

  test('goes by the rate of whoever asks, where it is changed at this moment', async () => {
    const { asked, slotsFor } = openPacer();
    await Promise.all([slotsFor(3, { rate_limit_per_second: 10 }), slotsFor(2, { rate_limit_per_second: 1000 })]);
    expect(asked.map(({ count, perSecond }) => [count, perSecond])).toEqual([
      [3, 10],
      [2, 1000],
    ]);
  });

  test('is unknown to all who asked together where the table fails, and known to those after them', async () => {
    let fails = true;
    const { reserve } = scheduling();
    const failing: Rates['reserve'] = async (whom, more) => {
      if (fails) throw new Error('throttled');
      return reserve(whom, more);
    };
    const { slotFor } = pacer({ reserve: failing }, { ceilingPerSecond: 100, now: make.clock().now });
    const limited = make.subscription({ rate_limit_per_second: 10 });
    const asked = await Promise.allSettled([slotFor(limited), slotFor(limited)]);
    expect(asked.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    fails = false;
    expect(await slotFor(limited)).toBe(NOW);
  });

  test('is within the ceiling over two environments, and over the table', async () => {
    const table = await dynalite.open();
    const clock = make.clock();
    const environments = [0, 1].map(() => pacer(ratesIn(table), { ceilingPerSecond: 50, now: clock.now }));
    const asked = environments.flatMap(({ slotFor }) => Array.from({ length: 20 }, () => slotFor(make.subscription())));
    const slots = (await Promise.all(asked)).map((slot) => slot && slot - NOW);
    expect(slots.filter((slot) => slot === undefined)).toHaveLength(4);
    const reserved = slots.filter((slot) => slot !== undefined).toSorted((a, b) => a - b);
    // Each environment's first two are free, and the moments that stand for them are left out.
    expect(reserved).toEqual(
      Array.from({ length: 40 }, (_, i) => i * 20).filter((_, i) => ![0, 1, 20, 21].includes(i)),
    );
    expect(await table.scan()).toHaveLength(1);
  });
});

describe('accepting events', () => {
  interface Take {
    tenant: string;
    count: number;
  }
  /** A budget that gives everything, or says when it opens. */
  const openBudget = (perSecond = 100) => {
    const taken: Take[] = [];
    const clock = make.clock();
    let opens: number | undefined;
    const budget = jest.fn<Rates['budget']>(async (tenant, { count }) => {
      if (opens !== undefined) return { ok: false, opens };
      taken.push({ tenant, count });
      return { ok: true, opens: clock.now().getTime() - 1 };
    });
    const admit = budgetOf({ budget }, { perSecond, now: clock.now });
    return {
      taken,
      budget,
      clock,
      admit,
      /** So many single events, one after the other. */
      post: async (count: number, tenant = 'acme') => {
        const answers = [];
        for (let i = 0; i < count; i++) answers.push(await admit(tenant, 1));
        return answers;
      },
      closeFor: (ms: number) => (opens = clock.now().getTime() + ms),
      reopen: () => (opens = undefined),
    };
  };
  const counts = (taken: readonly Take[]): number[] => taken.map(({ count }) => count);
  const nothing = (count: number): undefined[] => Array.from({ length: count }, () => undefined);

  test('asks nobody for two a second', async () => {
    const { budget, clock, post } = openBudget();
    for (let second = 0; second < 5; second++) {
      expect(await post(2)).toEqual([undefined, undefined]);
      clock.advance(1);
    }
    expect(budget).not.toHaveBeenCalled();
  });

  test('takes ten at a time beyond that, and pays for the free ones', async () => {
    const { taken, post } = openBudget();
    await post(2 + 8);
    expect(counts(taken)).toEqual([10]);
    await post(10);
    expect(counts(taken)).toEqual([10, 10]);
    await post(1);
    expect(counts(taken)).toEqual([10, 10, 10]);
  });

  test('keeps what it took for the seconds after', async () => {
    const { taken, clock, post } = openBudget();
    for (let second = 0; second < 10; second++) {
      await post(3);
      clock.advance(1);
    }
    expect(counts(taken)).toEqual([10, 10, 10]);
  });

  test('takes no more at a time than the budget of a second', async () => {
    const { taken, post } = openBudget(2.5);
    await post(7);
    expect(counts(taken)).toEqual([3, 3, 3]);
  });

  test.each([
    [100, [100]],
    [3, [10]],
  ])('counts a batch of %i as its events, none of them free', async (events, expected) => {
    const { taken, admit } = openBudget();
    expect(await admit('acme', events)).toBeUndefined();
    expect(counts(taken)).toEqual(expected);
  });

  test('uses what is in hand for a batch, and asks for the rest', async () => {
    const { taken, admit } = openBudget();
    await admit('acme', 4);
    await admit('acme', 5);
    await admit('acme', 50);
    expect(counts(taken)).toEqual([10, 49]);
  });

  test('uses nothing twice where two come at once', async () => {
    const { taken, admit } = openBudget();
    await admit('acme', 4);
    await Promise.all([admit('acme', 50), admit('acme', 5)]);
    await admit('acme', 6);
    expect(counts(taken)).toEqual([10, 44, 10, 10]);
    expect(counts(taken).reduce((sum, count) => sum + count)).toBeGreaterThanOrEqual(4 + 50 + 5 + 6);
  });

  test('loses nothing where two come at once', async () => {
    const { taken, admit } = openBudget();
    await Promise.all([admit('acme', 5), admit('acme', 5)]);
    await admit('acme', 10);
    expect(counts(taken)).toEqual([10, 10]);
  });

  test('keeps what is in hand where a batch is refused', async () => {
    const { taken, admit, clock, closeFor, reopen } = openBudget();
    await admit('acme', 4);
    closeFor(500);
    expect(await admit('acme', 50)).toBe(1);
    expect(await admit('acme', 4)).toBeUndefined();
    expect(await admit('acme', 3)).toBe(1);
    reopen();
    clock.advance(0.5);
    await admit('acme', 2);
    expect(counts(taken)).toEqual([10]);
  });

  test('knows from what it took itself that nothing is left, and uses up what is in hand', async () => {
    const { budget, clock, post } = openBudget();
    budget.mockImplementation(async () => ({ ok: true, opens: clock.now().getTime() + 700 }));
    expect(await post(12)).toEqual([...nothing(10), 1, 1]);
    expect(budget).toHaveBeenCalledTimes(1);
    clock.advance(0.7);
    expect(await post(1)).toEqual([undefined]);
  });

  test.each([
    [1, 1],
    [1_000, 1],
    [1_001, 2],
    [9_000, 9],
  ])('that opens in %i ms tells to come back in %i s', async (ms, seconds) => {
    const { admit, closeFor } = openBudget();
    closeFor(ms);
    expect(await admit('acme', 10)).toBe(seconds);
  });

  test('is asked once by who is over it, gives nothing free meanwhile, and opens in time', async () => {
    const { budget, clock, post, closeFor, reopen } = openBudget();
    closeFor(1_500);
    expect(await post(4)).toEqual([undefined, undefined, 2, 2]);
    clock.advance(1.499);
    expect(await post(3)).toEqual([1, 1, 1]);
    expect(budget).toHaveBeenCalledTimes(1);
    reopen();
    clock.advance(0.001);
    expect(await post(3)).toEqual(nothing(3));
  });

  test('is closed to one tenant alone', async () => {
    const { post, closeFor, reopen } = openBudget();
    closeFor(1_500);
    await post(3);
    reopen();
    expect(await post(30, 'other')).toEqual(nothing(30));
    expect(await post(1)).toEqual([2]);
  });

  test('without a budget takes everything and asks nobody', async () => {
    const { budget, admit, post } = openBudget(0);
    expect(await post(500)).toEqual(nothing(500));
    expect(await admit('acme', 100)).toBeUndefined();
    expect(budget).not.toHaveBeenCalled();
  });

  test('fails where the table fails, for then nobody knows', async () => {
    const { budget, admit } = openBudget();
    budget.mockRejectedValueOnce(new Error('throttled'));
    await expect(admit('acme', 100)).rejects.toThrow('throttled');
    expect(await admit('acme', 100)).toBeUndefined();
  });
});
