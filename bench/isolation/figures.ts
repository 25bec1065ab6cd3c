/** The smallest value that so many of them do not exceed. What never arrived counts as Infinity. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(Math.ceil(sorted.length * share) - 1, 0)] ?? NaN;
}

/** Two latencies, in milliseconds, and what one is of the other. */
export interface Ratio {
  of: number;
  to: number;
  times: number;
}

const ratio = (of: number, to: number): Ratio => ({ of, to, times: of / to });

/** Of the same quantile of two sets of latencies. */
export const ratioAt = (share: number, of: readonly number[], to: readonly number[]): Ratio =>
  ratio(quantile(of, share), quantile(to, share));
