import { describe, expect, test } from '@jest/globals';
import { healthIn, type HealthStore, type Lease, type Trouble } from '../../shared/store/health.ts';
import { keys, TROUBLE_COPIES } from '../../shared/store/keys.ts';
import type { TestTable } from '../support/dynamodb.ts';
import { later, type Clock } from '../support/make.ts';

const WHOM = { tenant: 'acme', subscriptionId: 'sub_1' };
const OTHER = { tenant: 'acme', subscriptionId: 'sub_2' };
const DAY = 86_400;

const listed = (changes: Partial<Trouble> = {}): Trouble => ({
  ...WHOM,
  suspect: false,
  open: false,
  slowUntil: 0,
  ...changes,
});

export const healthContract = (backend: string, openTable: () => Promise<TestTable>) => {
  const open = async () => {
    const table = await openTable();
    const reports: string[] = [];
    let tokens = 0;
    const from = (copy: number): HealthStore =>
      healthIn(table, { copy, token: () => `token-${++tokens}`, report: ({ message }) => reports.push(message) });
    const health = from(0);
    const { clock } = table;
    const fail = (more: { count?: number; slowUntil?: number } = {}, whom = WHOM) =>
      health.failed(whom, { count: 1, at: clock.now(), ...more });
    const answer = (inTime: 'yes' | 'no' = 'yes', whom = WHOM) => health.answered(whom, { at: clock.now(), inTime });
    /** What each of the copies shows. */
    const copies = () => Promise.all(Array.from({ length: TROUBLE_COPIES }, (_, copy) => from(copy).troubled()));
    /** The same in all of them. */
    const everywhere = (...entries: Trouble[]) => Array.from({ length: TROUBLE_COPIES }, () => entries);
    return { table, clock, health, from, fail, answer, copies, everywhere, reports };
  };

  describe(`a subscription's failures, on ${backend}`, () => {
    test('are counted since it answered last, and since when is known', async () => {
      const { fail, answer, clock } = await open();
      expect(await fail()).toEqual({ failures: 1, failingSince: later(0), suspect: false, open: false });
      clock.advance(10);
      expect(await fail({ count: 7 })).toMatchObject({ failures: 8, failingSince: later(0) });
      clock.advance(10);
      await answer();
      clock.advance(10);
      expect(await fail({ count: 2 })).toMatchObject({ failures: 2, failingSince: later(30) });
    });

    test('are all counted, whoever has them at whatever moment', async () => {
      const { from, clock } = await open();
      const stores = [from(0), from(1), from(2)];
      const all = await Promise.all(
        Array.from({ length: 30 }, (_, i) =>
          stores[i % 3]!.failed(WHOM, { count: (i % 4) + 1, at: new Date(clock.now().getTime() + i) }),
        ),
      );
      expect(Math.max(...all.map(({ failures }) => failures))).toBe(30 + 8 + 2 * 7 + 3 * 7);
      expect(new Set(all.map(({ failingSince }) => failingSince)).size).toBe(1);
    });

    test('end with an answer that was late as well', async () => {
      const { fail, answer } = await open();
      await fail({ count: 9 });
      await answer('no');
      expect(await fail()).toMatchObject({ failures: 1 });
    });

    test.each([
      ['subscription', OTHER],
      ['tenant', { tenant: 'other', subscriptionId: 'sub_1' }],
    ])('are not those of another %s', async (_, other) => {
      const { fail, answer } = await open();
      await fail({ count: 4 });
      expect(await fail({}, other)).toMatchObject({ failures: 1 });
      await answer('yes', other);
      expect(await fail()).toMatchObject({ failures: 5 });
    });

    test('are forgotten after thirty days, though the table has not removed them yet', async () => {
      const { fail, clock, copies, everywhere, health } = await open();
      await fail({ count: 9 });
      await health.suspected(WHOM, clock.now());
      clock.advance(30 * DAY);
      expect(await fail()).toMatchObject({ failures: 10, failingSince: later(0), suspect: true });
      clock.advance(30 * DAY + 1);
      const failingSince = clock.now().toISOString();
      expect(await fail()).toEqual({ failures: 1, failingSince, suspect: false, open: false });
      expect(await copies()).toEqual(everywhere(listed()));
    });

    test('say that it is suspect and that its circuit is open', async () => {
      const { fail, health, clock } = await open();
      await health.suspected(WHOM, clock.now());
      expect(await fail()).toMatchObject({ suspect: true, open: false });
      await health.opened(WHOM, clock.now());
      expect(await fail()).toMatchObject({ suspect: true, open: true });
    });
  });

  describe(`the list of those in trouble, on ${backend}`, () => {
    test('is empty where everybody answers', async () => {
      const { copies, everywhere, answer, table } = await open();
      await answer();
      await answer('no');
      expect(await copies()).toEqual(everywhere());
      expect(await table.scan()).toEqual([]);
    });

    test('is the same whichever copy is read', async () => {
      const { fail, copies, everywhere } = await open();
      await fail();
      await fail({}, OTHER);
      expect(await copies()).toEqual(everywhere(listed(), listed(OTHER)));
    });

    test.each<[string, (open: { health: HealthStore; clock: Clock }) => Promise<unknown>, Partial<Trouble>]>([
      ['fails', ({ health, clock }) => health.failed(WHOM, { count: 1, at: clock.now() }), {}],
      ['lets requests hang', ({ health, clock }) => health.suspected(WHOM, clock.now()), { suspect: true }],
      ['has an open circuit', ({ health, clock }) => health.opened(WHOM, clock.now()), { open: true }],
      [
        'wants to be left alone',
        ({ health, clock }) => health.failed(WHOM, { count: 1, at: clock.now(), slowUntil: 5_000 }),
        { slowUntil: 5_000 },
      ],
    ])('has one who %s, and what one finds another reads', async (_, happens, shows) => {
      const { health, clock, from, copies, everywhere } = await open();
      await happens({ health: from(1), clock });
      expect(await health.troubled()).toEqual([listed(shows)]);
      expect(await copies()).toEqual(everywhere(listed(shows)));
    });

    test('shows all that there is against one', async () => {
      const { fail, health, clock, copies, everywhere } = await open();
      await fail({ slowUntil: 70_000 });
      await health.suspected(WHOM, clock.now());
      await fail();
      await health.opened(WHOM, clock.now());
      await health.suspected(WHOM, clock.now());
      await fail({ count: 20 });
      expect(await copies()).toEqual(everywhere(listed({ suspect: true, open: true, slowUntil: 70_000 })));
    });

    test('shows that a circuit is closed and a suspicion over when an answer comes in time', async () => {
      const { health, clock, answer, copies, everywhere, fail } = await open();
      await health.suspected(WHOM, clock.now());
      await health.opened(WHOM, clock.now());
      await answer();
      expect(await copies()).toEqual(everywhere(listed()));
      expect(await fail()).toMatchObject({ suspect: false, open: false });
    });

    test('keeps a suspect whose answer came too late, and closes its circuit', async () => {
      const { health, clock, answer, copies, everywhere } = await open();
      await health.suspected(WHOM, clock.now());
      await health.opened(WHOM, clock.now());
      await answer('no');
      expect(await copies()).toEqual(everywhere(listed({ suspect: true })));
      await answer('yes');
      expect(await copies()).toEqual(everywhere(listed()));
    });

    test('lets nobody off who wants to be left alone, for one answer among his refusals', async () => {
      const { fail, answer, copies, everywhere, clock } = await open();
      const until = clock.now().getTime() + 60_000;
      await fail({ slowUntil: until });
      await answer();
      expect(await copies()).toEqual(everywhere(listed({ slowUntil: until })));
    });

    test('never shortens the time that one is left alone, and lengthens it by a second at least', async () => {
      const { fail, copies, everywhere } = await open();
      for (const [slowUntil, shown] of [
        [60_000, 60_000],
        [30_000, 60_000],
        [60_999, 60_000],
        [61_000, 61_000],
      ] as const) {
        await fail({ slowUntil });
        expect(await copies()).toEqual(everywhere(listed({ slowUntil: shown })));
      }
    });

    test('keeps the longest of the times that are told at once', async () => {
      const { from, clock, copies, everywhere } = await open();
      const untils = Array.from({ length: 12 }, (_, i) => ((i * 5) % 12) * 10_000 + 10_000);
      await Promise.all(
        untils.map((slowUntil, i) => from(i % TROUBLE_COPIES).failed(WHOM, { count: 1, at: clock.now(), slowUntil })),
      );
      expect(await copies()).toEqual(everywhere(listed({ slowUntil: 120_000 })));
    });

    test('keeps the first moment of a suspicion and of an open circuit', async () => {
      const { health, clock, table } = await open();
      await health.suspected(WHOM, clock.now());
      clock.advance(5);
      await health.opened(WHOM, clock.now());
      clock.advance(5);
      await health.suspected(WHOM, clock.now());
      await health.opened(WHOM, clock.now());
      const [truth] = (await table.scan()).filter(({ sk }) => sk === 'health');
      expect(truth).toMatchObject({ suspect_since: later(0), open_since: later(5) });
    });

    test('ends up with the truth, whatever many say at once', async () => {
      const { from, clock, copies } = await open();
      const stores = [from(0), from(1), from(2), from(3)];
      for (let round = 0; round < 6; round++) {
        await Promise.all(
          stores.flatMap((health, i) => {
            const at = new Date(clock.now().getTime() + i);
            return [
              health.failed(WHOM, { count: 1, at }),
              health.suspected(WHOM, at),
              health.answered(WHOM, { at, inTime: i % 2 === 0 ? 'yes' : 'no' }),
              health.opened(WHOM, at),
            ];
          }),
        );
        const truth = await from(0).failed(WHOM, { count: 1, at: clock.now() });
        for (const copy of await copies()) {
          expect(copy).toEqual([listed({ suspect: truth.suspect, open: truth.open })]);
        }
      }
    });

    test('is read whole when it is longer than what one answer holds', async () => {
      const { health, table } = await open();
      // As they would be after many of them had failed, each as large as it can be.
      const entries = Array.from({ length: 30 }, (_, i) => ({
        ...keys.trouble({ tenant: 'acme', subscriptionId: `sub_${i}` }, 0),
        ...{ v: 1, tenant: 'acme', subscription_id: `sub_${i}`, suspect: true, open: false, slow_until: 0, rev: 1 },
        padding: 'x'.repeat(100_000),
      }));
      for (const entry of entries) await table.put(entry);
      expect(await health.troubled()).toHaveLength(30);
    });

    test('keeps one who is suspect for months, as long as anything is heard of him', async () => {
      const { health, clock, answer, copies, everywhere, table } = await open();
      await health.suspected(WHOM, clock.now());
      for (let day = 0; day < 70; day += 10) {
        clock.advance(10 * DAY);
        await answer('no');
        await health.tidy(clock.now());
      }
      expect(await copies()).toEqual(everywhere(listed({ suspect: true })));
      expect((await table.scan()).filter(({ pk }) => String(pk).startsWith('TROUBLE'))).toHaveLength(4);
    });
  });

  describe(`to tidy the list, on ${backend}`, () => {
    test('takes off who has been well for a minute, and no sooner', async () => {
      const { fail, answer, clock, health, copies, everywhere, table } = await open();
      await fail();
      clock.advance(300);
      expect(await health.tidy(clock.now())).toBe(0);
      await answer();
      clock.advance(59.999);
      expect(await health.tidy(clock.now())).toBe(0);
      expect(await copies()).toEqual(everywhere(listed()));
      clock.advance(0.001);
      expect(await health.tidy(clock.now())).toBe(1);
      expect(await copies()).toEqual(everywhere());
      expect((await table.scan()).map(({ sk }) => sk)).toEqual(['health']);
    });

    test('counts the minute from the first answer, not from the latest', async () => {
      const { fail, answer, clock, health } = await open();
      await fail();
      for (let second = 0; second <= 60; second += 10) {
        await answer();
        clock.advance(10);
      }
      expect(await health.tidy(clock.now())).toBe(1);
    });

    test('counts it again after another failure', async () => {
      const { fail, answer, clock, health } = await open();
      await fail();
      await answer();
      clock.advance(50);
      await fail();
      await answer();
      clock.advance(50);
      expect(await health.tidy(clock.now())).toBe(0);
      clock.advance(10);
      expect(await health.tidy(clock.now())).toBe(1);
    });

    test('leaves those alone who are not well', async () => {
      const { fail, answer, clock, health, copies, everywhere } = await open();
      const all = ['failing', 'late', 'open', 'slow'].map((subscriptionId) => ({ tenant: 'acme', subscriptionId }));
      const [failing, late, broken, slow] = all as [typeof WHOM, typeof WHOM, typeof WHOM, typeof WHOM];
      await fail({}, failing);
      await health.suspected(late, clock.now());
      await answer('no', late);
      await fail({}, broken);
      await answer('yes', broken);
      await health.opened(broken, clock.now());
      const slowUntil = clock.now().getTime() + 900_000;
      await fail({ slowUntil }, slow);
      await answer('yes', slow);
      clock.advance(899.999);
      expect(await health.tidy(clock.now())).toBe(0);
      expect(await copies()).toEqual(
        everywhere(
          listed(failing),
          listed({ ...late, suspect: true }),
          listed({ ...broken, open: true }),
          listed({ ...slow, slowUntil }),
        ),
      );
      clock.advance(0.001);
      expect(await health.tidy(clock.now())).toBe(1);
      expect((await health.troubled()).map(({ subscriptionId }) => subscriptionId)).toEqual([
        'failing',
        'late',
        'open',
      ]);
    });

    test('looks after more than it looks at in one go', async () => {
      const { fail, answer, clock, health } = await open();
      const many = Array.from({ length: 30 }, (_, i) => ({ tenant: 'acme', subscriptionId: `sub_${100 + i}` }));
      await Promise.all(many.map((whom) => fail({}, whom)));
      await Promise.all(many.slice(0, 28).map((whom) => answer('yes', whom)));
      clock.advance(60);
      expect(await health.tidy(clock.now())).toBe(28);
      expect(await health.troubled()).toHaveLength(2);
    });

    test('is done once by two who do it at once', async () => {
      const { fail, answer, clock, from, copies, everywhere } = await open();
      await fail();
      await answer();
      clock.advance(60);
      const gone = await Promise.all([0, 1, 2, 3].map((copy) => from(copy).tidy(clock.now())));
      expect(gone.reduce((sum, count) => sum + count, 0)).toBe(1);
      expect(await copies()).toEqual(everywhere());
    });

    test('is not undone by an answer that comes later, but by a failure', async () => {
      const { fail, answer, clock, health, copies, everywhere } = await open();
      await fail({ count: 3 });
      await answer();
      clock.advance(60);
      await health.tidy(clock.now());
      await answer();
      await answer('no');
      expect(await copies()).toEqual(everywhere());
      expect(await fail()).toMatchObject({ failures: 1 });
      expect(await copies()).toEqual(everywhere(listed()));
    });

    test('takes off whom nobody knows any more', async () => {
      const { fail, clock, health, copies, everywhere } = await open();
      await health.suspected(WHOM, clock.now());
      await fail({}, OTHER);
      clock.advance(20 * DAY);
      await fail({}, OTHER);
      clock.advance(10 * DAY + 1);
      expect(await health.tidy(clock.now())).toBe(1);
      expect(await copies()).toEqual(everywhere(listed(OTHER)));
    });

    test('does nothing to an empty list', async () => {
      const { clock, health } = await open();
      expect(await health.tidy(clock.now())).toBe(0);
    });
  });

  describe(`the leases of a suspect, on ${backend}`, () => {
    const slotsOf = (leases: readonly (Lease | undefined)[]): number[] =>
      leases.flatMap((lease) => lease?.slot ?? []).toSorted((a, b) => a - b);
    const ALL_SLOTS = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9];

    test('are ten, for thirty who ask two stores at once', async () => {
      const { from, clock } = await open();
      const stores = [from(0), from(2)];
      const ask = () =>
        Promise.all(
          Array.from({ length: 30 }, (_, i) => stores[i % 2]!.lease(WHOM, { now: clock.now(), seconds: 25 })),
        );
      const leases = await ask();
      expect(slotsOf(leases)).toEqual(ALL_SLOTS);
      expect(slotsOf(await ask())).toEqual([]);
      expect(new Set(leases.flatMap((lease) => lease?.token ?? [])).size).toBe(10);
    });

    test('are ten as well for thirty environments of which each asks once', async () => {
      const { from, clock } = await open();
      const leases = await Promise.all(
        Array.from({ length: 30 }, (_, i) => from(i % 4).lease(WHOM, { now: clock.now(), seconds: 25 })),
      );
      expect(slotsOf(leases)).toEqual(ALL_SLOTS);
    });

    test('say whose they are and until when', async () => {
      const { health, clock } = await open();
      const until = clock.now().getTime() + 25_000;
      expect(await health.lease(WHOM, { now: clock.now(), seconds: 25 })).toEqual({
        ...WHOM,
        slot: 0,
        token: 'token-1',
        until,
      });
    });

    test('come one after the other as long as there are any', async () => {
      const { health, clock } = await open();
      const leases: (Lease | undefined)[] = [];
      for (let i = 0; i < 12; i++) leases.push(await health.lease(WHOM, { now: clock.now(), seconds: 25 }));
      expect(slotsOf(leases)).toEqual(ALL_SLOTS);
      expect(leases.slice(10)).toEqual([undefined, undefined]);
    });

    test('end by themselves where the holder died, each by its own time', async () => {
      const { health, clock } = await open();
      const lease = (seconds: number) => health.lease(WHOM, { now: clock.now(), seconds });
      const short = await Promise.all(Array.from({ length: 4 }, () => lease(10)));
      await Promise.all(Array.from({ length: 6 }, () => lease(25)));
      clock.advance(9.999);
      expect(await lease(25)).toBeUndefined();
      clock.advance(0.001);
      const again = await Promise.all(Array.from({ length: 8 }, () => lease(25)));
      expect(slotsOf(again)).toEqual(slotsOf(short));
    });

    test('can be given back, and go to the next who asks', async () => {
      const { health, clock } = await open();
      const lease = () => health.lease(WHOM, { now: clock.now(), seconds: 25 });
      const leases = await Promise.all(Array.from({ length: 10 }, lease));
      const given = leases[3]!;
      await health.giveBack(given);
      await health.giveBack(given);
      expect(await lease()).toMatchObject({ slot: given.slot });
      expect(await lease()).toBeUndefined();
    });

    test('stay with the next holder when the one before gives back what ran out', async () => {
      const { health, clock } = await open();
      const lease = () => health.lease(WHOM, { now: clock.now(), seconds: 25 });
      const late = await Promise.all(Array.from({ length: 10 }, lease));
      clock.advance(25);
      await Promise.all(Array.from({ length: 10 }, lease));
      await Promise.all(late.map((one) => health.giveBack(one!)));
      expect(await lease()).toBeUndefined();
    });

    test('are those of each subscription', async () => {
      const { health, clock } = await open();
      const lease = (whom: typeof WHOM) => health.lease(whom, { now: clock.now(), seconds: 25 });
      await Promise.all(Array.from({ length: 10 }, () => lease(WHOM)));
      const others = [
        OTHER,
        { tenant: 'other', subscriptionId: 'sub_1' },
        { tenant: 'acme', subscriptionId: 'sub_10' },
      ];
      for (const other of others) expect(await lease(other)).toBeDefined();
    });

    test('do not touch what is known of its health', async () => {
      const { health, clock, fail } = await open();
      await fail({ count: 3 });
      const lease = await health.lease(WHOM, { now: clock.now(), seconds: 25 });
      await health.giveBack(lease!);
      expect(await fail()).toMatchObject({ failures: 4 });
    });
  });

  describe(`what another release or an accident left of somebody's health, on ${backend}`, () => {
    test('is read where it says more than we know, and kept in the truth', async () => {
      const { fail, table, health, copies, everywhere } = await open();
      await fail();
      for (const item of await table.scan()) await table.put({ ...item, mood: 'grim' });
      expect(await fail()).toMatchObject({ failures: 2 });
      expect(await copies()).toEqual(everywhere(listed()));
      expect(await health.tidy(new Date(later(60)))).toBe(0);
      expect((await table.scan()).filter(({ sk }) => sk === 'health')).toEqual([
        expect.objectContaining({ mood: 'grim' }),
      ]);
    });

    test('is left out of the list with a report, and hides nobody else', async () => {
      const { fail, table, health, reports } = await open();
      await fail();
      await fail({}, OTHER);
      await table.put({ ...keys.trouble(WHOM, 0), v: 2, whatever: true });
      expect(await health.troubled()).toEqual([listed(OTHER)]);
      expect(reports).toEqual(['item TROUBLE#0 acme#sub_1 makes no sense']);
    });

    test('keeps nobody else from being taken off the list, where the truth makes no sense', async () => {
      const { fail, answer, table, health, clock, reports } = await open();
      await fail();
      await fail({}, OTHER);
      await answer('yes', OTHER);
      await table.put({ ...keys.health(WHOM), failures: 'many' });
      clock.advance(60);
      expect(await health.tidy(clock.now())).toBe(1);
      expect(await health.troubled()).toEqual([listed()]);
      expect(reports).toEqual(['item HEALTH#acme#sub_1 health makes no sense']);
    });
  });

  test(`only the truth and the leases expire by themselves, on ${backend}`, async () => {
    const { fail, health, clock, table } = await open();
    await fail();
    await health.lease(WHOM, { now: clock.now(), seconds: 25 });
    const expiries = (await table.scan()).map(({ pk, sk, expires_at }) => [`${String(pk)} ${String(sk)}`, expires_at]);
    const now = Math.ceil(clock.now().getTime() / 1000);
    expect(Object.fromEntries(expiries)).toEqual({
      'HEALTH#acme#sub_1 health': now + 30 * DAY,
      'HEALTH#acme#sub_1 lease#00': now + 25,
      ...Object.fromEntries([0, 1, 2, 3].map((copy) => [`TROUBLE#${copy} acme#sub_1`, undefined])),
    });
  });
};
