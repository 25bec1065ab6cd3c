import type { Attempt } from './attempt.ts';

/** How often something was counted, by its name. What is not named is nought. */
export type Sums = Readonly<Record<string, number>>;

export const plus = (one: Sums, other: Sums): Sums => ({
  ...one,
  ...Object.fromEntries(Object.entries(other).map(([name, count]) => [name, (one[name] ?? 0) + count])),
});

/*
 * Durations are counted in buckets, each 1.41 times as wide as the one before: up to 1 ms, 1.41 ms, 2 ms ... 32.8 s, which no time-out
 * exceeds. What is read out of them is the middle of one, so it is off by 19 % at most, and by the rounding to milliseconds.
 */
const BUCKETS_A_DOUBLING = 2;
const MOST_BUCKETS = 31;
const bucketOf = (ms: number): number =>
  Math.min(Math.max(Math.ceil(Math.log2(ms) * BUCKETS_A_DOUBLING), 0), MOST_BUCKETS - 1);
const middleOf = (bucket: number): number => Math.max(Math.round(2 ** ((bucket - 0.5) / BUCKETS_A_DOUBLING)), 1);
const bucketNamed = (bucket: number): string => `took_${String(bucket).padStart(2, '0')}`;
const BUCKETS = Array.from({ length: MOST_BUCKETS }, (_, bucket) => bucket);

/** What one attempt counts for. Of one that was blocked there was no request that could have taken any time. */
export const sumsOf = ({ outcome, next, duration_ms }: Pick<Attempt, 'outcome' | 'next' | 'duration_ms'>): Sums => ({
  [outcome]: 1,
  ...(next === 'done' && { delivered: 1 }),
  ...(outcome !== 'blocked' && { ms: Math.round(duration_ms), [bucketNamed(bucketOf(duration_ms))]: 1 }),
});

const OUTCOMES = ['accepted', 'rejected', 'unreachable', 'blocked'] as const satisfies Attempt['outcome'][];

/** How many attempts these are. */
export const attemptsIn = (sums: Sums): number => OUTCOMES.reduce((sum, outcome) => sum + (sums[outcome] ?? 0), 0);

/** How long requests took, in milliseconds; undefined where there was none. The mean is exact to the millisecond. */
function durationsIn(sums: Sums): Record<'mean' | 'p50' | 'p95' | 'p99', number> | undefined {
  const counts = BUCKETS.map((bucket) => sums[bucketNamed(bucket)] ?? 0);
  const requests = counts.reduce((sum, count) => sum + count, 0);
  if (requests === 0) return undefined;
  const quantile = (part: number): number => {
    let left = Math.ceil(part * requests);
    return middleOf(counts.findIndex((count) => (left -= count) <= 0));
  };
  const mean = Math.round((sums.ms ?? 0) / requests);
  return { mean, p50: quantile(0.5), p95: quantile(0.95), p99: quantile(0.99) };
}

/** A subscription's figures as they are shown. */
export const shownStats = (sums: Sums) => ({
  attempts: attemptsIn(sums),
  accepted: sums.accepted ?? 0,
  rejected: sums.rejected ?? 0,
  unreachable: sums.unreachable ?? 0,
  blocked: sums.blocked ?? 0,
  delivered: sums.delivered ?? 0,
  dead: sums.dead ?? 0,
  duration_ms: durationsIn(sums) ?? null,
});

/** A tenant's figures as they are shown. */
export const shownUsage = ({ events = 0, deliveries = 0, attempts = 0 }: Sums) => ({ events, deliveries, attempts });
