import type { RetryPolicy } from './retry.ts';

const SECOND = 1_000;
const DAY = 24 * 60 * 60 * SECOND;

/** So many failures in a row open a circuit. */
const OPENS_AT = 10;
/** But not at once: every environment must have had the time to learn that it is to report successes. */
const SETTLING_MS = 5 * SECOND;

/** What is counted of a subscription's failures since it answered last. */
export interface Failing {
  failures: number;
  /** RFC 3339; undefined where there are none. */
  failingSince: string | undefined;
}

const failingFor = ({ failingSince }: Failing, now: Date): number =>
  failingSince === undefined ? 0 : now.getTime() - Date.parse(failingSince);

/** Whether so many failures open the circuit. */
export const opens = (failing: Failing, now: Date): boolean =>
  failing.failures >= OPENS_AT && failingFor(failing, now) >= SETTLING_MS;

const FIRST_PROBE = 10 * SECOND;
/** With its fifth on top it still fits into a delay of a queue. */
const LONGEST_PROBE = 750 * SECOND;

/** When the next probe may go after so many that failed: each interval twice the one before, up to 15 minutes with its fifth. */
export const probeAfter = (probes: number, { now, jitter }: { now: Date; jitter: number }): number =>
  now.getTime() + Math.round(Math.min(FIRST_PROBE * 2 ** probes, LONGEST_PROBE) * (1 + jitter / 5));

const DISABLED_AFTER = { days: 5, failures: 10 };
/** Zenoti disables after twenty failures in a row, however soon they come. */
const ZENOTI_FAILURES = 20;

/** Whether a subscription whose last probe has just failed is given up. */
export function isHopeless(failing: Failing, policy: RetryPolicy, now: Date): boolean {
  if (policy === 'zenoti' && failing.failures >= ZENOTI_FAILURES) return true;
  return failing.failures >= DISABLED_AFTER.failures && failingFor(failing, now) >= DISABLED_AFTER.days * DAY;
}
