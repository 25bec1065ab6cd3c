import { describe, expect, test } from '@jest/globals';
import type { Trouble } from '../../shared/store/health.ts';
import { troubledLately } from '../../shared/store/troubled.ts';
import { make } from '../support/make.ts';

const trouble = (changes: Partial<Trouble> = {}): Trouble => ({
  tenant: 'acme',
  subscriptionId: 'sub_1',
  suspect: false,
  open: false,
  slowUntil: 0,
  ...changes,
});

/** A list that shows what the test sets, and readings that end when it says so where it keeps them. */
function open() {
  const clock = make.clock();
  const list: { shows: Trouble[] | Error; kept: (() => void)[] | undefined } = { shows: [], kept: undefined };
  let readings = 0;
  async function read(): Promise<Trouble[]> {
    readings += 1;
    const { shows, kept } = list;
    if (kept !== undefined) await new Promise<void>((end) => kept.push(end));
    if (shows instanceof Error) throw shows;
    return shows;
  }
  const reports: unknown[] = [];
  const report = (error: unknown): void => void reports.push(error);
  const troubled = troubledLately({ read, now: () => clock.now().getTime(), report });
  return {
    ...{ clock, list, reports, readings: () => readings },
    troubleOf: (id = 'sub_1') => troubled.troubleOf('acme', id),
    of: troubled.troubleOf,
    mark: () => troubled.mark('acme', 'sub_1'),
    /** All that was begun without anybody waiting for it is over. */
    rest: () => new Promise((resume) => setImmediate(resume)),
  };
}

describe('the list of those in trouble', () => {
  test('tells everything about each, and nothing about others', async () => {
    const { list, of } = open();
    const [first, second] = [trouble({ suspect: true }), trouble({ tenant: 'other', open: true, slowUntil: 7 })];
    list.shows = [first, second];
    expect(await of('acme', 'sub_1')).toEqual(first);
    expect(await of('other', 'sub_1')).toEqual(second);
    expect(await of('acme', 'sub_2')).toBeUndefined();
    expect(await of('acme sub_1', '')).toBeUndefined();
  });

  test('is not read while nobody asks', async () => {
    const { clock, readings, rest } = open();
    clock.advance(60);
    await rest();
    expect(readings()).toBe(0);
  });

  test('is read once for all who ask at once, and who ask within a second', async () => {
    const { clock, troubleOf, readings } = open();
    await Promise.all([troubleOf(), troubleOf('sub_2'), troubleOf()]);
    clock.advance(1);
    await troubleOf();
    expect(readings()).toBe(1);
  });

  test('is read again after a second, and nobody waits for that', async () => {
    const { clock, list, troubleOf, readings, rest } = open();
    expect(await troubleOf()).toBeUndefined();
    list.shows = [trouble()];
    clock.advance(1.001);
    list.kept = [];
    expect(await troubleOf()).toBeUndefined();
    expect(await troubleOf()).toBeUndefined();
    expect(readings()).toBe(2);
    list.kept[0]?.();
    await rest();
    expect(await troubleOf()).toEqual(trouble());
    expect(readings()).toBe(2);
  });

  test('is waited for where what is known is more than three seconds old', async () => {
    const { clock, list, troubleOf } = open();
    await troubleOf();
    list.shows = [trouble()];
    clock.advance(3);
    expect(await troubleOf()).toBeUndefined();

    const frozen = open();
    await frozen.troubleOf();
    frozen.list.shows = [trouble()];
    frozen.clock.advance(3.001);
    expect(await frozen.troubleOf()).toEqual(trouble());
  });

  test('is as old as the moment when its reading began', async () => {
    const { clock, list, troubleOf, readings, rest } = open();
    list.kept = [];
    const first = troubleOf();
    clock.advance(0.9);
    list.kept[0]?.();
    await first;
    clock.advance(0.101);
    await troubleOf();
    await rest();
    expect(readings()).toBe(2);
  });

  test('loses those who are in trouble no more', async () => {
    const { clock, list, troubleOf, rest } = open();
    list.shows = [trouble({ suspect: true })];
    expect(await troubleOf()).toBeDefined();
    list.shows = [];
    clock.advance(1.001);
    await troubleOf();
    await rest();
    expect(await troubleOf()).toBeUndefined();
  });
});

describe('an environment that was frozen in the middle of a reading', () => {
  test('does not go by what that one finds an hour later', async () => {
    const { clock, list, troubleOf, readings } = open();
    list.shows = [trouble({ suspect: true })];
    await troubleOf();
    clock.advance(1.001);
    const kept: (() => void)[] = (list.kept = []);
    await troubleOf();

    clock.advance(3_600);
    list.shows = [];
    list.kept = undefined;
    const asked = [troubleOf(), troubleOf()];
    kept[0]?.();
    expect(await Promise.all(asked)).toEqual([undefined, undefined]);
    expect(readings()).toBe(3);
  });

  test('does not fail because that one does', async () => {
    const { clock, list, troubleOf, rest } = open();
    await troubleOf();
    clock.advance(1.001);
    const kept: (() => void)[] = (list.kept = []);
    list.shows = new Error('connection reset');
    await troubleOf();

    clock.advance(3_600);
    list.shows = [trouble()];
    list.kept = undefined;
    const asked = troubleOf();
    kept[0]?.();
    await rest();
    expect(await asked).toEqual(trouble());
  });

  test('does not go back to that one when it ends after a later one', async () => {
    const { clock, list, troubleOf, readings, rest } = open();
    await troubleOf();
    clock.advance(1.001);
    const kept: (() => void)[] = (list.kept = []);
    await troubleOf();
    clock.advance(3_600);
    list.shows = [trouble()];
    list.kept = undefined;
    await troubleOf();
    kept[0]?.();
    await rest();
    expect(await troubleOf()).toEqual(trouble());
    expect(readings()).toBe(3);
  });
});

test('a reading that takes longer than anything is known is waited for by who asked for it', async () => {
  const { clock, list, troubleOf } = open();
  list.shows = [trouble()];
  const kept: (() => void)[] = (list.kept = []);
  const asked = troubleOf();
  clock.advance(10);
  kept[0]?.();
  expect(await asked).toEqual(trouble());
});

describe('a reading that fails', () => {
  const throttled = new Error('throttled');

  test('is reported, leaves everybody well of whom nothing is known, and is tried again by the next', async () => {
    const { list, troubleOf, readings, reports } = open();
    list.shows = throttled;
    expect(await Promise.all([troubleOf(), troubleOf()])).toEqual([undefined, undefined]);
    expect([readings(), reports]).toEqual([1, [throttled]]);
    list.shows = [trouble()];
    expect(await troubleOf()).toEqual(trouble());
  });

  test('leaves what was known last, for as long as it fails', async () => {
    const { clock, list, troubleOf, rest } = open();
    list.shows = [trouble()];
    await troubleOf();
    list.shows = throttled;
    for (let minute = 0; minute < 3; minute++) {
      clock.advance(60);
      expect(await troubleOf()).toEqual(trouble());
      await rest();
    }
  });
});

describe('one that this environment sees hang', () => {
  test('is suspect at once', async () => {
    const { troubleOf, mark, readings } = open();
    await troubleOf();
    mark();
    expect(await troubleOf()).toEqual(trouble({ suspect: true }));
    expect(readings()).toBe(1);
  });

  test('is so besides what else there is against it', async () => {
    const { list, troubleOf, mark } = open();
    list.shows = [trouble({ open: true, slowUntil: 9 })];
    await troubleOf();
    mark();
    expect(await troubleOf()).toEqual(trouble({ suspect: true, open: true, slowUntil: 9 }));
  });

  test('is so still when a reading ends that began before', async () => {
    const { clock, list, troubleOf, mark, rest } = open();
    await troubleOf();
    clock.advance(1.001);
    list.kept = [];
    await troubleOf();
    mark();
    list.kept[0]?.();
    await rest();
    expect(await troubleOf()).toEqual(trouble({ suspect: true }));
  });

  test('is so still when a reading comes before everybody can know it', async () => {
    const { clock, troubleOf, mark, rest } = open();
    await troubleOf();
    clock.advance(0.9);
    mark();
    clock.advance(0.2);
    await troubleOf();
    await rest();
    expect(await troubleOf()).toEqual(trouble({ suspect: true }));
  });

  test('has nothing else against it that is over by then', async () => {
    const { clock, list, troubleOf, mark, rest } = open();
    list.shows = [trouble({ open: true, slowUntil: 9 })];
    await troubleOf();
    mark();
    list.shows = [trouble()];
    clock.advance(0.9);
    mark();
    clock.advance(0.2);
    await troubleOf();
    await rest();
    expect(await troubleOf()).toEqual(trouble({ suspect: true }));
  });

  test('is what the list says of it afterwards', async () => {
    const { clock, list, troubleOf, mark, rest } = open();
    await troubleOf();
    mark();
    list.shows = [trouble({ slowUntil: 5 })];
    clock.advance(1.001);
    await troubleOf();
    await rest();
    expect(await troubleOf()).toEqual(trouble({ slowUntil: 5 }));
    list.shows = [];
    clock.advance(1.001);
    await troubleOf();
    await rest();
    expect(await troubleOf()).toBeUndefined();
  });

  test('is no other', async () => {
    const { troubleOf, mark } = open();
    await troubleOf();
    mark();
    expect(await troubleOf('sub_2')).toBeUndefined();
  });
});
