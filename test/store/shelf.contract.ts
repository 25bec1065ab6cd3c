import { describe, expect, test } from '@jest/globals';
import type { WaitingFor } from '../../shared/domain/delivery.ts';
import { travelling } from '../../shared/domain/event.ts';
import { readRange, type Item } from '../../shared/store/database.ts';
import { keys, SHELF_SHARDS, WAIT_SHARDS } from '../../shared/store/keys.ts';
import { shelfIn, type Resting, type Shelf } from '../../shared/store/shelf.ts';
import type { TestTable } from '../support/dynamodb.ts';
import { AT, later, make } from '../support/make.ts';

const RETENTION_DAYS = 14;
const DAY = 86_400;
const OF = { tenant: 'acme', subscriptionId: 'sub_1' };
const SHARDS = Array.from({ length: SHELF_SHARDS }, (_, shard) => shard);

const at = (seconds: number): Date => new Date(later(seconds));

interface Waits {
  event_id?: string;
  tenant?: string;
  accepted_at?: string;
  subscription_id?: string;
  run?: number;
  why?: WaitingFor;
}

/** A delivery that waits until so many seconds after everything began. */
function resting(seconds: number, { subscription_id, run, why = 'schedule', ...of }: Waits = {}): Resting {
  const { body: _body, ...event } = travelling(make.event(of));
  const due = at(seconds).getTime();
  const changes = { ...(subscription_id !== undefined && { subscription_id }), ...(run !== undefined && { run }) };
  return { event, step: make.deliveryStep({ attempt: 2, not_before: due, ...changes }), due, why };
}

const deliveryOf = ({ event, step }: Resting) => ({ event, subscriptionId: step.subscription_id, run: step.run });

/** Of as many events, one a second, and now and then several at the same moment. */
const several = (count: number, from = 0): Resting[] =>
  Array.from({ length: count }, (_, i) => {
    const n = from + i;
    return resting(n - (n % 4), { event_id: `evt_${String(n).padStart(3, '0')}` });
  });

const namesOf = (waiting: readonly Resting[]): string[] => waiting.map(({ event }) => event.event_id);

/** What is due on the whole shelf, in order within each part of it. */
const dueBefore = async (shelf: Shelf, before: Date): Promise<Resting[]> =>
  (await Promise.all(SHARDS.map((shard) => Array.fromAsync(shelf.due(shard, before))))).flat();

const isAnythingDue = async (shelf: Shelf, before: Date): Promise<boolean> =>
  (await Promise.all(SHARDS.map((shard) => shelf.isDue(shard, before)))).includes(true);

const allOf = async (shelf: Shelf, of = OF): Promise<Resting[]> => Array.fromAsync(shelf.all(of));

/** All pages, one after the other, until there is no other. */
async function pagesOf(shelf: Shelf, limit: number): Promise<string[][]> {
  const pages: string[][] = [];
  let after: string | undefined;
  do {
    const page = await shelf.waiting(OF, { limit, after });
    pages.push(namesOf(page.waiting));
    after = page.after;
    if (pages.length > 100) throw new Error('the pages have no end');
  } while (after !== undefined);
  return pages;
}

export const shelfContract = (backend: string, openTable: () => Promise<TestTable>) => {
  const open = async () => {
    const table = await openTable();
    const reports: string[] = [];
    const shelf = shelfIn(table, RETENTION_DAYS, ({ message }) => reports.push(message));
    return { table, clock: table.clock, shelf, reports };
  };

  describe(`a delivery that rests, on ${backend}`, () => {
    test('comes back as it was laid there, when it is due', async () => {
      const { shelf } = await open();
      const { event, step, ...times } = resting(10, { why: 'rate_limit' });
      const laid: Resting = {
        event: { ...event, doubt: true, resource: null },
        step: { ...step, probes: 2, probe: true, slot: 5, replay_id: 'rpl_1' },
        ...times,
      };
      await shelf.rest(laid);
      expect(await dueBefore(shelf, at(11))).toEqual([laid]);
      expect(await allOf(shelf)).toEqual([laid]);
    });

    test('is due before a moment when its own is earlier, to the millisecond', async () => {
      const { shelf } = await open();
      await shelf.rest(resting(10));
      for (const [seconds, isDue] of [
        [0, false],
        [9.999, false],
        [10, false],
        [10.001, true],
        [86_400, true],
      ] as const) {
        expect(await isAnythingDue(shelf, at(seconds))).toBe(isDue);
        expect(await dueBefore(shelf, at(seconds))).toHaveLength(isDue ? 1 : 0);
      }
    });

    test('makes its own part of the shelf due, and no other', async () => {
      const { shelf } = await open();
      await shelf.rest(resting(10));
      const due = await Promise.all(SHARDS.map((shard) => shelf.isDue(shard, at(11))));
      expect(due.filter(Boolean)).toHaveLength(1);
      expect(await Array.fromAsync(shelf.due(due.indexOf(true), at(11)))).toHaveLength(1);
    });

    test('comes after all that are due earlier, however many those are', async () => {
      const { shelf } = await open();
      // The runs of one delivery lie side by side, as a part of the shelf is filled in a busy moment.
      const laid = Array.from({ length: 240 }, (_, i) => resting((i * 7) % 240, { run: i + 1 }));
      await Promise.all(laid.map(shelf.rest));
      const due = (await dueBefore(shelf, at(220))).map((one) => one.due);
      expect(due).toEqual(Array.from({ length: 220 }, (_, seconds) => at(seconds).getTime()));
    });

    test('of one moment with others is found as well as they are', async () => {
      const { shelf } = await open();
      const laid = Array.from({ length: 210 }, (_, i) => resting(10, { run: i + 1 }));
      await Promise.all(laid.map(shelf.rest));
      expect(await dueBefore(shelf, at(10))).toEqual([]);
      expect(await dueBefore(shelf, at(10.001))).toEqual(laid);
    });

    test('is one, however often it is laid there', async () => {
      const { shelf, table } = await open();
      await Promise.all(Array.from({ length: 8 }, () => shelf.rest(resting(10))));
      await shelf.rest(resting(10));
      expect(await dueBefore(shelf, at(11))).toEqual([resting(10)]);
      expect(await table.scan()).toHaveLength(2);
    });

    test('never takes its data there, even where somebody hands it in', async () => {
      const { shelf, table } = await open();
      const whole: Resting = { ...resting(10), event: travelling(make.event({ body: '{"secret":"of a guest"}' })) };
      await shelf.rest(whole);
      await shelf.expect({ ...whole, due: at(20).getTime() });
      const items = await table.scan();
      expect(items).toHaveLength(3);
      expect(JSON.stringify(items)).not.toMatch(/body|secret/);
    });

    test.each<[string, Waits]>([
      ['run', { run: 2 }],
      ['subscription', { subscription_id: 'sub_2' }],
      ['event', { event_id: 'evt_2' }],
      ['tenant', { tenant: 'other' }],
    ])('says nothing of another %s', async (_, other) => {
      const { shelf } = await open();
      await shelf.rest(resting(10));
      await shelf.rest(resting(10, other));
      await shelf.remove(resting(10));
      expect(await dueBefore(shelf, at(11))).toEqual([resting(10, other)]);
    });

    test('that was sent is no more on the shelf, and goes on waiting', async () => {
      const { shelf } = await open();
      const laid = several(60);
      await Promise.all(laid.map(shelf.rest));
      const [gone, left] = [laid.slice(0, 40), laid.slice(40)];
      await shelf.taken(gone);
      await shelf.taken(gone.slice(0, 3));
      expect(namesOf(await dueBefore(shelf, at(600))).toSorted()).toEqual(namesOf(left));
      expect(namesOf(await allOf(shelf)).toSorted()).toEqual(namesOf(laid));
    });

    test('is taken by its key, whatever else was changed of its step', async () => {
      const { shelf } = await open();
      const laid = resting(10);
      await shelf.rest(laid);
      const { not_before: _time, ...step } = laid.step;
      await shelf.taken([{ ...laid, step }]);
      expect(await dueBefore(shelf, at(11))).toEqual([]);
    });

    test('is removed from the shelf and from what waits, and once more is harmless', async () => {
      const { shelf, table } = await open();
      await shelf.rest(resting(10));
      await shelf.remove(resting(10));
      await shelf.remove(resting(10));
      expect(await table.scan()).toEqual([]);
    });

    test('is not there before it is laid there', async () => {
      const { shelf } = await open();
      expect(await isAnythingDue(shelf, at(86_400))).toBe(false);
      expect(await dueBefore(shelf, at(86_400))).toEqual([]);
      await shelf.taken([]);
      await shelf.taken([resting(10)]);
    });
  });

  describe(`what waits for a subscription, on ${backend}`, () => {
    test.each([1, 2, 7, 30, 59, 60, 100])('is all there in pages of %i, the soonest first', async (limit) => {
      const { shelf } = await open();
      const laid = several(60);
      await Promise.all(laid.map(shelf.rest));
      const pages = await pagesOf(shelf, limit);
      expect(pages.flat()).toEqual(namesOf(laid));
      expect(pages.map(({ length }) => length)).toEqual(
        Array.from({ length: Math.ceil(60 / limit) }, (_, page) => Math.min(limit, 60 - page * limit)),
      );
    });

    test('is all there where all of it waits for one moment', async () => {
      const { shelf } = await open();
      const laid = Array.from({ length: 45 }, (_, i) => resting(10, { event_id: `evt_${String(i).padStart(2, '0')}` }));
      await Promise.all(laid.map(shelf.rest));
      for (const limit of [1, 4, 10]) expect((await pagesOf(shelf, limit)).flat()).toEqual(namesOf(laid));
    });

    test('lies in more than one partition', async () => {
      const { shelf, table } = await open();
      await Promise.all(several(40).map(shelf.rest));
      const counts = await Promise.all(
        Array.from({ length: WAIT_SHARDS }, async (_, shard) => {
          const { items } = await readRange(table, { pk: keys.waitingPartition('acme', 'sub_1', shard) });
          return items.length;
        }),
      );
      expect(counts.reduce((sum, count) => sum + count, 0)).toBe(40);
      expect(Math.min(...counts)).toBeGreaterThan(0);
    });

    test('stays where it is in the pages while some of it goes and more comes', async () => {
      const { shelf } = await open();
      const laid = several(40);
      await Promise.all(laid.map(shelf.rest));
      const seen: string[] = [];
      let after: string | undefined;
      do {
        const page = await shelf.waiting(OF, { limit: 9, after });
        seen.push(...namesOf(page.waiting));
        await Promise.all(page.waiting.map(shelf.remove));
        await shelf.rest(resting(-60, { event_id: `evt_new_${seen.length}` }));
        after = page.after;
      } while (after !== undefined);
      expect(seen).toEqual(namesOf(laid));
    });

    test('is as well what waits in a queue, which is not on the shelf', async () => {
      const { shelf } = await open();
      await shelf.expect(resting(10, { why: 'retry_after' }));
      expect(await allOf(shelf)).toEqual([resting(10, { why: 'retry_after' })]);
      expect((await shelf.waiting(OF, { limit: 5 })).waiting).toHaveLength(1);
      expect(await isAnythingDue(shelf, at(60))).toBe(false);
      expect(await dueBefore(shelf, at(60))).toEqual([]);
    });

    test('is not what waits for another', async () => {
      const { shelf } = await open();
      const others = [{ subscription_id: 'sub_10' }, { subscription_id: 'sub_2' }, { tenant: 'acme2' }];
      await Promise.all([resting(10), ...others.map((of) => resting(10, of))].map(shelf.rest));
      expect(await allOf(shelf)).toEqual([resting(10)]);
      expect(await pagesOf(shelf, 10)).toEqual([['evt_1']]);
    });

    test('is nothing before the first', async () => {
      const { shelf } = await open();
      expect(await shelf.waiting(OF, { limit: 10 })).toEqual({ waiting: [], after: undefined });
      expect(await allOf(shelf)).toEqual([]);
      expect(await shelf.find(OF, 'evt_1')).toEqual([]);
    });

    test('is found where it is said to be, and otherwise among so many', async () => {
      const { shelf } = await open();
      const mine = resting(90, { event_id: 'evt_1' });
      await Promise.all([...several(60), mine].map(shelf.rest));
      const due = new Date(mine.due).toISOString();
      expect(await shelf.find(OF, 'evt_1', { due, most: 1 })).toEqual([mine]);
      expect(await shelf.find(OF, 'evt_1', { due: AT, most: 1 })).toEqual([]);
      expect(await shelf.find(OF, 'evt_1', { due: AT, most: 1_000 })).toEqual([mine]);
    });

    test('is found by its event, in all of its runs', async () => {
      const { shelf } = await open();
      await Promise.all(several(60).map(shelf.rest));
      const mine = [resting(30, { event_id: 'evt_1' }), resting(90, { event_id: 'evt_1', run: 2 })];
      await Promise.all(mine.map(shelf.rest));
      await shelf.rest(resting(5, { event_id: 'evt_1', subscription_id: 'sub_2' }));
      expect(await shelf.find(OF, 'evt_1')).toEqual(mine);
      expect(await shelf.find(OF, 'evt_none')).toEqual([]);
    });
  });

  describe(`a wait that is over, on ${backend}`, () => {
    test('is listed no more', async () => {
      const { shelf, table } = await open();
      await shelf.expect(resting(10));
      await shelf.over(deliveryOf(resting(10)), resting(10).due);
      expect(await table.scan()).toEqual([]);
    });

    test('says nothing of the next one of the same delivery', async () => {
      const { shelf } = await open();
      await shelf.expect(resting(10));
      await shelf.rest(resting(900));
      await shelf.over(deliveryOf(resting(10)), resting(10).due);
      expect(await allOf(shelf)).toEqual([resting(900)]);
      expect(await dueBefore(shelf, at(901))).toEqual([resting(900)]);
    });

    test('is harmless where there was none', async () => {
      const { shelf } = await open();
      await shelf.over(deliveryOf(resting(10)), resting(10).due);
      await shelf.rest(resting(20));
      await shelf.over(deliveryOf(resting(20)), at(21).getTime());
      expect(await allOf(shelf)).toEqual([resting(20)]);
    });
  });

  describe(`what is forgotten on the shelf, on ${backend}`, () => {
    const young = resting(20 * DAY);
    const old = resting(DAY);

    test.each([
      ['three days after it was due, where its event is gone by then', young, 23 * DAY],
      ['with its event, where that is kept for longer', old, RETENTION_DAYS * DAY],
    ])('goes %s', async (_, laid, end) => {
      const { shelf, clock } = await open();
      await shelf.rest(laid);
      clock.advance(end);
      expect(await allOf(shelf)).toHaveLength(1);
      expect(await isAnythingDue(shelf, clock.now())).toBe(true);
      expect(await dueBefore(shelf, clock.now())).toHaveLength(1);
      clock.advance(1);
      expect(await allOf(shelf)).toEqual([]);
      expect(await isAnythingDue(shelf, clock.now())).toBe(false);
      expect(await dueBefore(shelf, clock.now())).toEqual([]);
    });

    test('does not hide what is due behind it', async () => {
      const { shelf, clock } = await open();
      const stale = Array.from({ length: 40 }, (_, i) => resting(i, { subscription_id: `sub_${i}` }));
      await Promise.all(stale.map(shelf.rest));
      const fresh = Array.from({ length: 16 }, (_, i) =>
        resting(30 * DAY, { subscription_id: `sub_${i}`, event_id: 'evt_2', accepted_at: later(29 * DAY) }),
      );
      await Promise.all(fresh.map(shelf.rest));
      clock.advance(30 * DAY + 1);
      expect(await isAnythingDue(shelf, clock.now())).toBe(true);
      expect(namesOf(await dueBefore(shelf, clock.now()))).toEqual(fresh.map(() => 'evt_2'));
    });
  });

  describe(`what another release or an accident left on the shelf, on ${backend}`, () => {
    /** The two items of a delivery, changed behind the store's back. */
    async function leave(table: TestTable, shelf: Shelf, change: (item: Item) => Item): Promise<void> {
      await shelf.rest(resting(10));
      for (const item of await table.scan()) await table.put(change(item));
    }

    test('is read where it says more than we know', async () => {
      const { shelf, table, reports } = await open();
      await leave(table, shelf, (item) => ({
        ...item,
        ticket: 'x',
        event: { ...Object(item.event), colour: 'red' },
        step: { ...Object(item.step), mood: 1 },
      }));
      expect(await dueBefore(shelf, at(11))).toEqual([resting(10)]);
      expect(reports).toEqual([]);
    });

    test('waits for its time where the reason is one that we do not know', async () => {
      const { shelf, table, reports } = await open();
      await leave(table, shelf, (item) => ({ ...item, why: 'full_moon' }));
      expect(await allOf(shelf)).toEqual([resting(10, { why: 'schedule' })]);
      expect(reports).toEqual([]);
    });

    test.each<[string, Item]>([
      ['has no step', { step: null }],
      ['has a step that makes no sense', { step: { subscription_id: 'sub_1', run: 0, attempt: 'first' } }],
      ['has no event', { event: 'gone' }],
      ['has no time', { due: 'soon' }],
    ])('is left out with a report, and hides nothing else, where it %s', async (_, damage) => {
      const { shelf, table, reports } = await open();
      await leave(table, shelf, (item) => ({ ...item, ...damage }));
      const others = Array.from({ length: 32 }, (_, i) => resting(20, { event_id: `evt_${i + 2}` }));
      await Promise.all(others.map(shelf.rest));

      expect(namesOf(await dueBefore(shelf, at(21))).toSorted()).toEqual(namesOf(others).toSorted());
      expect(reports).toEqual([
        `item ${keys.shelved(deliveryOf(resting(10)), later(10)).pk} ${later(10)}#acme#sub_1#evt_1#0001 makes no sense`,
      ]);
      reports.length = 0;
      expect(await allOf(shelf)).toHaveLength(others.length);
      expect((await shelf.waiting(OF, { limit: 50 })).waiting).toHaveLength(others.length);
      expect(reports).toHaveLength(2);
      expect(reports[0]).toMatch(/^item WAIT#acme#sub_1#\d .*#evt_1#0001 makes no sense$/);
    });

    test('goes on with the pages behind it', async () => {
      const { shelf, table, reports } = await open();
      await leave(table, shelf, (item) => ({ ...item, step: null }));
      const others = Array.from({ length: 6 }, (_, i) => resting(20, { event_id: `evt_${i + 2}` }));
      await Promise.all(others.map(shelf.rest));
      expect((await pagesOf(shelf, 2)).flat()).toEqual(namesOf(others));
      expect(reports).toHaveLength(1);
    });
  });

  test(`the shelf never holds what it could not read again, on ${backend}`, async () => {
    const { shelf, table } = await open();
    const broken: Resting = { ...resting(10), due: Number.NaN };
    await expect(shelf.rest(broken)).rejects.toThrow();
    await expect(shelf.rest({ ...resting(10), step: { ...resting(10).step, run: 0 } })).rejects.toThrow();
    expect(await table.scan()).toEqual([]);
    expect(table.now()).toEqual(new Date(AT));
  });
};
