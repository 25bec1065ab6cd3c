import type { Attempt } from './attempt.ts';

/** The attempt that may be under way at this moment, and the one that would follow it. */
const AHEAD = [1, 2];

/**
 * The steps that a delivery may still make, by all of its attempts so far, oldest first. Two of each run: whoever is making the first
 * of them cannot be stopped, and must not come back.
 */
export function stepsLeft(attempts: readonly Attempt[]): { run: number; attempt: number }[] {
  if (attempts.length === 0) return AHEAD.map((attempt) => ({ run: 1, attempt }));
  const last = new Map(attempts.map((attempt) => [attempt.run, attempt]));
  return [...last.values()]
    .filter(({ next }) => next === 'wait')
    .flatMap(({ run, attempt }) => AHEAD.map((more) => ({ run, attempt: attempt + more })));
}
