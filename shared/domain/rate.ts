/**
 * A rate as a schedule: every request has a moment of its own, and these stand evenly apart (GCRA). The schedule counts whole
 * microseconds since 1970, for fractions would add up; callers know milliseconds.
 */
const MICROS = 1_000;

export const microsOf = (ms: number): number => ms * MICROS;

/** The distance between two moments, in microseconds; rounded up, so that no rate is ever passed by its fractions. */
export const intervalOf = (perSecond: number): number => Math.max(Math.ceil(1_000_000 / perSecond), 1);

/** The moments that a reservation of so many took, in milliseconds since 1970, when the next free one is `next` afterwards. */
export const slotsBefore = (next: number, { count, perSecond }: { count: number; perSecond: number }): number[] =>
  Array.from({ length: count }, (_, i) => Math.floor((next - (count - i) * intervalOf(perSecond)) / MICROS));

/** When a schedule is no more than a burst ahead again, in milliseconds since 1970. */
export const opensAt = (next: number, burstSeconds: number): number => Math.ceil(next / MICROS - burstSeconds * 1_000);

/** Whole seconds until then, as `Retry-After` says it; one at least. Both are milliseconds since 1970. */
export const retryAfterSeconds = (opens: number, now: number): number => Math.max(Math.ceil((opens - now) / 1_000), 1);

const MOST_IN_A_GENERATION = 5_000;

/**
 * What is known of the keys used last, 5,000 of them at least and 10,000 at most: a million idle ones cost nothing. They go by whole
 * generations, for to find the one that was not used for longest in a busy map takes longer the busier it is.
 */
export class Recent<Value> {
  #young = new Map<string, Value>();
  #old = new Map<string, Value>();

  get(key: string): Value | undefined {
    return this.#young.get(key) ?? this.#old.get(key);
  }

  set(key: string, value: Value): void {
    this.#young.set(key, value);
    if (this.#young.size < MOST_IN_A_GENERATION) return;
    this.#old = this.#young;
    this.#young = new Map();
  }
}

/**
 * What each key may have within a second without asking anybody: most keys never want more, and pay nothing. From then on all count,
 * those that were free as well.
 */
export class Allowance {
  readonly #most: number;
  readonly #used = new Recent<{ second: number; count: number }>();

  constructor(most: number) {
    this.#most = most;
  }

  /** How many have to be reserved so that one more may go: none, one, or more where free ones have to be made good. */
  take(key: string, now: number): number {
    const second = Math.floor(now / 1_000);
    const before = this.#used.get(key);
    const used = before?.second === second ? before.count : 0;
    this.#used.set(key, { second, count: used + 1 });
    if (used < this.#most) return 0;
    return used === this.#most ? this.#most + 1 : 1;
  }
}
