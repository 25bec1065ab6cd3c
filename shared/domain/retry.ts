import * as z from 'zod';
import type { Outcome } from './outcome.ts';

const SECOND = 1_000;
const MINUTE = 60;
const HOUR = 60 * MINUTE;

/** Seconds to wait before attempt 2, 3, 4 ... The tables in docs/wire-contract.md are made of these lines. */
export const PRESETS = {
  /** Standard Webhooks 1.0: ten attempts, the last 75 h 35 min after the first. */
  standard: [5, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 10 * HOUR, 14 * HOUR, 20 * HOUR, 24 * HOUR],
  /** Svix: eight attempts in 27 h 35 min. */
  svix: [5, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 10 * HOUR, 10 * HOUR],
  /** Zenoti: five retries between 30 seconds and 10 minutes. */
  zenoti: [30, 60, 2 * MINUTE, 5 * MINUTE, 10 * MINUTE],
} as const satisfies Record<string, readonly number[]>;

/** Times are whole milliseconds, and a table cannot hold every fraction of one. */
const Delay = z
  .number()
  .min(0)
  .max(86_400)
  .refine((seconds) => seconds <= 0 || seconds >= 0.001, 'must be 0, or a millisecond at least')
  .meta({ anyOf: [{ const: 0 }, { minimum: 0.001 }] });

export const RetryPolicy = z
  .union([
    z.enum(['standard', 'svix', 'zenoti']),
    z.strictObject({ delays_seconds: z.array(Delay).max(20).describe('Seconds to wait before attempt 2, 3, 4 …') }),
  ])
  .describe('When a delivery that failed is tried again: a preset, or waits of your own.');
export type RetryPolicy = z.infer<typeof RetryPolicy>;

export const delaysOf = (policy: RetryPolicy): readonly number[] =>
  typeof policy === 'string' ? PRESETS[policy] : policy.delays_seconds;

/** Why a delivery was given up. */
export const DEATHS = ['exhausted', 'expired', 'gone', 'subscription_disabled', 'retention'] as const;
export type Death = (typeof DEATHS)[number];

/** What comes after an attempt. Times are milliseconds since 1970. */
export type Next =
  | { kind: 'done' }
  | { kind: 'wait'; notBefore: number; why: 'schedule' | 'retry_after' | 'circuit' }
  | { kind: 'dead'; because: Death };

const LONGEST_ASKED = 24 * HOUR * SECOND;
/** IMF-fixdate of RFC 9110 5.6.7, the one form of an HTTP date that is still written; other dates are nonsense here. */
const HTTP_DATE = /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/;

/** How long a `Retry-After` asks to wait, in milliseconds: seconds or a date, 24 h at most; nonsense asks for nothing. */
export function askedWait(retryAfter: string | undefined, now: number): number {
  const text = retryAfter?.trim() ?? '';
  if (/^\d+$/.test(text)) return Math.min(Number(text) * SECOND, LONGEST_ASKED);
  const until = HTTP_DATE.test(text) ? Date.parse(text) - now : 0;
  return Number.isNaN(until) ? 0 : Math.min(Math.max(until, 0), LONGEST_ASKED);
}

export interface Attempted {
  outcome: Outcome;
  /** 1 for the first; probes of an open circuit do not count. */
  attempt: number;
  policy: RetryPolicy;
  now: number;
  /** 0 to 1, chosen by the caller, so that the same arguments always give the same answer. */
  jitter: number;
}

/** Each wait is uniform in [d, 1.2 d]; a subscriber may ask for a later moment and never for an earlier one. */
export function decide({ outcome, attempt, policy, now, jitter }: Attempted): Next {
  if (outcome.kind === 'accepted') return { kind: 'done' };
  if (outcome.kind === 'rejected' && outcome.status === 410) return { kind: 'dead', because: 'gone' };
  const delay = delaysOf(policy)[attempt - 1];
  if (delay === undefined) return { kind: 'dead', because: 'exhausted' };
  const scheduled = Math.round(delay * SECOND * (1 + jitter / 5));
  const asked = outcome.kind === 'rejected' ? askedWait(outcome.retry_after, now) : 0;
  return asked > scheduled
    ? { kind: 'wait', notBefore: now + asked, why: 'retry_after' }
    : { kind: 'wait', notBefore: now + scheduled, why: 'schedule' };
}

/** Answers that mean "too much" rather than "no": the whole endpoint is given time, not this delivery alone. */
const SLOW_DOWN = [429, 502, 504];
const LEAST_REST = 5 * SECOND;
const LONGEST_REST = 15 * MINUTE * SECOND;

/** Until when the endpoint is to be left alone after this outcome, in milliseconds since 1970; undefined where it need not be. */
export function restUntil(outcome: Outcome, now: number): number | undefined {
  if (outcome.kind !== 'rejected' || !SLOW_DOWN.includes(outcome.status)) return undefined;
  return now + Math.min(Math.max(askedWait(outcome.retry_after, now), LEAST_REST), LONGEST_REST);
}

const LEAST_AGE = HOUR * SECOND;

/** How old a delivery that is held may become, in milliseconds: as old as the schedule's last attempt would be at the latest. */
export const oldestOf = (policy: RetryPolicy): number =>
  Math.max(delaysOf(policy).reduce((sum, delay) => sum + delay, 0) * SECOND * 1.2, LEAST_AGE);

/** A queue holds a message back for 900 s at most, so a longer wait is made of several hops. */
const LONGEST_HOP = 900;

/** Whole seconds to hold a message back now that may not be handled before `notBefore`; 0 when its time has come. */
export const nextHop = (notBefore: number, now: number): number =>
  Math.min(Math.max(Math.ceil((notBefore - now) / SECOND), 0), LONGEST_HOP);
