import { describe, expect, test } from '@jest/globals';
import { attemptsIn, plus, shownStats, shownUsage, sumsOf, type Sums } from '../../shared/domain/figures.ts';
import { make } from '../support/make.ts';
import { seeded } from '../support/seeded.ts';

const accepted = (duration_ms: number) => make.attempt({ duration_ms });
const sumOf = (durations: readonly number[]): Sums =>
  durations.reduce<Sums>((sum, duration_ms) => plus(sum, sumsOf(accepted(duration_ms))), {});
const durations = (of: readonly number[]) => shownStats(sumOf(of)).duration_ms;

test('sums are added by name, and what one of them does not name is nought', () => {
  expect(plus({ a: 1, b: 2 }, { b: 3, c: 4 })).toEqual({ a: 1, b: 5, c: 4 });
  expect(plus({}, {})).toEqual({});
});

describe('an attempt counts', () => {
  test.each([
    ['accepted', { outcome: 'accepted', next: 'done' }, { accepted: 1, delivered: 1 }],
    ['rejected, and comes again', { outcome: 'rejected', next: 'wait' }, { rejected: 1 }],
    ['unreachable', { outcome: 'unreachable', next: 'wait' }, { unreachable: 1 }],
    ['rejected for the last time', { outcome: 'rejected', next: 'dead' }, { rejected: 1 }],
  ] as const)('as %s', (_, changes, sums) => {
    const found = sumsOf(make.attempt({ ...changes, duration_ms: 12 }));
    // The dead letter counts as one that is dead, for not every delivery dies of an attempt.
    expect(found).toEqual({ ...sums, ms: 12, took_08: 1 });
    expect(attemptsIn(found)).toBe(1);
  });

  test('as blocked without a duration, for there was no request', () => {
    expect(sumsOf(make.attempt({ outcome: 'blocked', next: 'wait', duration_ms: 3 }))).toEqual({ blocked: 1 });
  });
});

describe('what is shown', () => {
  test('of nothing is nought, and no duration', () => {
    expect(shownStats({})).toEqual({
      attempts: 0,
      accepted: 0,
      rejected: 0,
      unreachable: 0,
      blocked: 0,
      delivered: 0,
      dead: 0,
      duration_ms: null,
    });
    expect(shownUsage({})).toEqual({ events: 0, deliveries: 0, attempts: 0 });
  });

  test('of all outcomes is each of them, and all attempts together', () => {
    const sums = { accepted: 1, rejected: 2, unreachable: 3, blocked: 4, delivered: 1, dead: 5 };
    expect(shownStats(sums)).toEqual({ attempts: 10, ...sums, duration_ms: null });
  });

  test('of a tenant is what it used, and nothing that only a later release counts', () => {
    expect(shownUsage({ events: 1, deliveries: 2, attempts: 3, bytes: 4 })).toEqual({
      events: 1,
      deliveries: 2,
      attempts: 3,
    });
  });
});

describe('of durations', () => {
  /** Within what a bucket's width allows, and the rounding to whole milliseconds. */
  function expectNear(estimate: number, exact: number): void {
    expect(estimate).toBeGreaterThanOrEqual(exact / 1.19 - 1);
    expect(estimate).toBeLessThanOrEqual(exact * 1.19 + 1);
  }
  /** The nearest rank. */
  const exactly = (sorted: readonly number[], part: number): number => sorted[Math.ceil(part * sorted.length) - 1]!;

  test.each([0, 0.3, 1, 2, 3, 7, 20, 90, 250, 1_000, 4_999, 15_000, 30_000])(
    'a single one of %d ms is its own mean and all of its quantiles',
    (ms) => {
      const found = durations([ms])!;
      expect(found.mean).toBe(Math.round(ms));
      for (const quantile of [found.p50, found.p95, found.p99]) expectNear(quantile, ms);
    },
  );

  test.each([
    ['evenly spread', (chance: number) => chance * 2_000],
    ['fast with some slow ones', (chance: number) => (chance < 0.94 ? 20 + chance * 30 : 5_000 + chance * 9_000)],
    ['over four powers of ten', (chance: number) => 10 ** (0.3 + chance * 4)],
  ])('the quantiles are within 19 % and a millisecond: %s', (_, durationOf) => {
    const { below } = seeded(7);
    const all = Array.from({ length: 5_000 }, () => Math.round(durationOf(below(1_000_000) / 1_000_000)));
    const sorted = all.toSorted((a, b) => a - b);
    const found = durations(all)!;
    expectNear(found.p50, exactly(sorted, 0.5));
    expectNear(found.p95, exactly(sorted, 0.95));
    expectNear(found.p99, exactly(sorted, 0.99));
    expect(found.mean).toBe(Math.round(all.reduce((sum, ms) => sum + ms, 0) / all.length));
  });

  test('one slow request of a hundred shows in no quantile, and one of fifty in the highest', () => {
    const found = durations([...Array.from({ length: 99 }, () => 10), 30_000])!;
    expect(found).toMatchObject({ mean: 310 });
    for (const quantile of [found.p50, found.p95, found.p99]) expectNear(quantile, 10);
    expectNear(durations([...Array.from({ length: 49 }, () => 10), 30_000])!.p99, 30_000);
  });

  test('one that is longer than any time-out is in the last bucket', () => {
    expect(durations([10_000_000])!.p50).toBeGreaterThan(27_000);
  });
});
