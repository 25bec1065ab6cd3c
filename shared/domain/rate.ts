/**
 * A rate as a schedule: every request has a moment of its own, and these stand evenly apart (GCRA). Moments are microseconds since
 * 1970 as whole numbers, so that a rate of 300 a second does not drift by its fractions.
 */
export const MICRO = 1_000;

/** The distance between two moments, in microseconds. */
export const intervalOf = (perSecond: number): number => Math.max(Math.round(1_000_000 / perSecond), 1);

/** The moments that a reservation of so many took, in milliseconds since 1970, when the next free one is `next` afterwards. */
export const slotsBefore = (next: number, { count, perSecond }: { count: number; perSecond: number }): number[] =>
  Array.from({ length: count }, (_, i) => Math.floor((next - (count - i) * intervalOf(perSecond)) / MICRO));

/** Whole seconds until the next free moment is no more ahead than a burst may be; one at least. */
export const retryAfter = (next: number, { now, burstSeconds }: { now: number; burstSeconds: number }): number =>
  Math.max(Math.ceil((next / MICRO - now) / 1_000 - burstSeconds), 1);

const MOST_KNOWN = 10_000;

/**
 * What each key may have within a second without asking anybody: most keys never want more, and pay nothing. From then on all count,
 * those that were free as well.
 */
export class Allowance {
  readonly #most: number;
  readonly #known = new Map<string, { second: number; used: number }>();

  constructor(most: number) {
    this.#most = most;
  }

  /** How many have to be reserved so that one more may go: none, one, or more where free ones have to be made good. */
  take(key: string, now: number): number {
    const second = Math.floor(now / 1_000);
    const before = this.#known.get(key);
    const used = before?.second === second ? before.used : 0;
    this.#known.delete(key);
    if (this.#known.size >= MOST_KNOWN) this.#known.delete(this.#known.keys().next().value ?? '');
    this.#known.set(key, { second, used: used + 1 });
    if (used < this.#most) return 0;
    return used === this.#most ? this.#most + 1 : 1;
  }
}
