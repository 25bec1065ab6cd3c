import { describe, expect, test } from '@jest/globals';
import {
  Allowance,
  intervalOf,
  microsOf,
  opensAt,
  Recent,
  retryAfterSeconds,
  slotsBefore,
} from '../../shared/domain/rate.ts';
import { AT } from '../support/make.ts';

const NOW = Date.parse(AT);

describe('the distance between two moments', () => {
  test.each([
    [1000, 1_000],
    [999, 1_002],
    [300, 3_334],
    [250, 4_000],
    [100, 10_000],
    [7, 142_858],
    [3, 333_334],
    [2.5, 400_000],
    [1, 1_000_000],
    [0.8, 1_250_000],
    [0.7, 1_428_572],
    [0.3, 3_333_334],
    [0.2, 5_000_000],
    [0.1, 10_000_000],
    [0.01, 100_000_000],
    [5_000_000, 1],
  ])('at %d a second is %i microseconds', (perSecond, micros) => {
    expect(intervalOf(perSecond)).toBe(micros);
  });

  test('is never shorter than the rate says, and at most a microsecond longer', () => {
    // In whole numbers, which know no rounding: the rates are `tenths / 10`.
    const rates = Array.from({ length: 10_000 }, (_, i) => i + 1);
    const over = rates.map((tenths) => ({ tenths, micros: intervalOf(tenths / 10) * tenths - 10_000_000 }));
    expect(over.filter(({ tenths, micros }) => micros < 0 || micros >= tenths)).toEqual([]);
  });
});

describe('the moments of a reservation', () => {
  const from = (count: number, perSecond: number): number[] => {
    const next = microsOf(NOW) + count * intervalOf(perSecond);
    return slotsBefore(next, { count, perSecond }).map((slot) => slot - NOW);
  };

  test.each([
    ['one', 1, 10, [0]],
    ['several', 4, 10, [0, 100, 200, 300]],
    ['many a second', 3, 1000, [0, 1, 2]],
    ['few a second', 3, 0.1, [0, 10_000, 20_000]],
    ['a rate with a fraction', 3, 2.5, [0, 400, 800]],
    ['a distance that is no whole millisecond', 4, 300, [0, 3, 6, 10]],
    ['none', 0, 10, []],
  ])('%s', (_, count, perSecond, expected) => {
    expect(from(count, perSecond)).toEqual(expected);
  });

  test.each([0.1, 0.3, 0.7, 1, 3, 7, 33.3, 300, 999, 1000])(
    'are never more within a second than %d and the one that it begins with',
    (perSecond) => {
      const slots = from(5_000, perSecond);
      const most = Math.floor(perSecond) + 1;
      const crowded = slots.filter((slot, i) => (slots[i + most] ?? Infinity) - slot < 1_000);
      expect(crowded).toEqual([]);
    },
  );

  test.each([0.1, 0.3, 7, 300, 999, 1000])(
    'do not drift at %d a second, taken one by one or all at once',
    (perSecond) => {
      let next = microsOf(NOW);
      const single: number[] = [];
      for (let i = 0; i < 10_000; i++) {
        next += intervalOf(perSecond);
        single.push(...slotsBefore(next, { count: 1, perSecond }).map((slot) => slot - NOW));
      }
      expect(single).toEqual(from(10_000, perSecond));
      expect(Number.isSafeInteger(next)).toBe(true);
      const late = (single.at(-1) ?? 0) - (9_999 * 1_000) / perSecond;
      // A microsecond for each of them at most, and what a millisecond cuts off.
      expect(late).toBeGreaterThan(-1);
      expect(late).toBeLessThanOrEqual(10);
    },
  );
});

describe('a schedule that is too far ahead', () => {
  test.each([
    ['no further than a burst', 2_000, 0],
    ['by a microsecond', 2_000.001, 1],
    ['by a while', 9_500, 7_500],
    ['not at all', -5_000, -7_000],
  ])('opens when a burst is all it is ahead: %s', (_, ms, opens) => {
    expect(opensAt(microsOf(NOW) + Math.round(ms * 1_000), 2) - NOW).toBe(opens);
  });

  test.each([
    [-5_000, 1],
    [0, 1],
    [1, 1],
    [1_000, 1],
    [1_001, 2],
    [7_500, 8],
    [86_400_000, 86_400],
  ])('that opens in %i ms is worth asking again in %i s', (ms, seconds) => {
    expect(retryAfterSeconds(NOW + ms, NOW)).toBe(seconds);
  });
});

describe('what is free', () => {
  /** What each of so many has to reserve, all in the second that begins after `second` others. */
  const take = (allowance: Allowance, count: number, { key = 'a', second = 0 } = {}): number[] =>
    Array.from({ length: count }, (_, i) => allowance.take(key, second * 1_000 + i));

  test('are the first two, and the third makes them good', () => {
    expect(take(new Allowance(2), 6)).toEqual([0, 0, 3, 1, 1, 1]);
  });

  test('are as many as were said', () => {
    expect(take(new Allowance(5), 7)).toEqual([0, 0, 0, 0, 0, 6, 1]);
    expect(take(new Allowance(0), 3)).toEqual([1, 1, 1]);
  });

  test('are the first two of every second, by the clock', () => {
    const allowance = new Allowance(2);
    expect([0, 500, 999, 1_000, 1_999, 2_000].map((now) => allowance.take('a', now))).toEqual([0, 0, 3, 0, 0, 0]);
    expect(take(allowance, 3, { second: 60 })).toEqual([0, 0, 3]);
  });

  test('are the first two of each key', () => {
    const allowance = new Allowance(2);
    take(allowance, 5);
    expect(take(allowance, 3, { key: 'b' })).toEqual([0, 0, 3]);
    expect(take(allowance, 1)).toEqual([1]);
  });

  test('count as one for each that was asked for in all', () => {
    for (const count of [3, 4, 10, 1_000]) {
      expect(take(new Allowance(2), count).reduce((sum, reserved) => sum + reserved)).toBe(count);
    }
  });
});

describe('what is known of the keys used last', () => {
  test('is what was said last', () => {
    const recent = new Recent<number>();
    expect(recent.get('a')).toBeUndefined();
    recent.set('a', 1);
    recent.set('b', 2);
    recent.set('a', 3);
    expect([recent.get('a'), recent.get('b')]).toEqual([3, 2]);
  });

  test('is of ten thousand at most: a million idle ones take no room, and who is busy stays', () => {
    const recent = new Recent<number>();
    const keys = Array.from({ length: 1_000_000 }, (_, i) => String(i));
    for (const [i, key] of keys.entries()) {
      recent.set(key, i);
      if (i % 1_000 === 0) recent.set('busy', i);
    }
    expect(recent.get('busy')).toBe(999_000);
    const kept = keys.filter((key) => recent.get(key) !== undefined);
    expect(kept.length).toBeLessThanOrEqual(10_000);
    expect(kept).toEqual(keys.slice(-kept.length));
  });

  test('is of five thousand at least, whenever one asks', () => {
    for (let count = 5_000; count < 20_000; count += 1_001) {
      const recent = new Recent<number>();
      for (let i = 0; i < count; i++) recent.set(String(i), i);
      const last = Array.from({ length: 5_000 }, (_, i) => count - 1 - i);
      expect(last.filter((i) => recent.get(String(i)) !== i)).toEqual([]);
    }
  });

  test('is what was said last, though an older word of it is still there', () => {
    const recent = new Recent<number>();
    for (let i = 0; i < 5_000; i++) recent.set(String(i), i);
    recent.set('7', -7);
    recent.set('8', 0);
    expect([recent.get('7'), recent.get('8'), recent.get('9')]).toEqual([-7, 0, 9]);
  });

  test('stays where one key is set again and again', () => {
    const recent = new Recent<number>();
    recent.set('quiet', 1);
    for (let again = 0; again < 20_000; again++) recent.set('busy', again);
    expect([recent.get('quiet'), recent.get('busy')]).toEqual([1, 19_999]);
  });
});
