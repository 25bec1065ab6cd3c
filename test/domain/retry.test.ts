import { describe, expect, test } from '@jest/globals';
import type { Outcome } from '../../shared/domain/outcome.ts';
import {
  askedWait,
  DEATHS,
  decide,
  delaysOf,
  nextHop,
  oldestOf,
  PRESETS,
  restUntil,
  RetryPolicy,
} from '../../shared/domain/retry.ts';
import { AT } from '../support/make.ts';

const NOW = Date.parse(AT);
const HOUR = 3_600_000;

const accepted: Outcome = { kind: 'accepted', status: 204, duration_ms: 9 };
const rejected = (status: number, retry_after?: string): Outcome => ({
  kind: 'rejected',
  status,
  duration_ms: 9,
  ...(retry_after !== undefined && { retry_after }),
});
const unreachable: Outcome = { kind: 'unreachable', reason: 'timeout_headers', duration_ms: 15_000 };
const blocked: Outcome = { kind: 'blocked', reason: 'address_not_allowed', duration_ms: 1 };

const done = { kind: 'done' } as const;
const waits = (ms: number) => ({ kind: 'wait', notBefore: NOW + ms, why: 'schedule' }) as const;
const asked = (ms: number) => ({ ...waits(ms), why: 'retry_after' }) as const;
const dead = (because: 'gone' | 'exhausted') => ({ kind: 'dead', because }) as const;

const own = (...delays_seconds: number[]): RetryPolicy => ({ delays_seconds });

describe('what comes after an attempt', () => {
  test.each([
    ['a 2xx ends it', accepted, 1, 'standard', done],
    ['a 2xx ends it the last time as well', accepted, 10, 'standard', done],
    ['a 2xx ends it when there is no policy for it any more', accepted, 99, own(), done],
    ['a 500 waits five seconds first', rejected(500), 1, 'standard', waits(5_000)],
    ['a 500 waits five minutes then', rejected(500), 2, 'standard', waits(300_000)],
    ['a 301 is a failure', rejected(301), 1, 'standard', waits(5_000)],
    ['a 404 is a failure like any other', rejected(404), 1, 'standard', waits(5_000)],
    ['silence is a failure', unreachable, 3, 'standard', waits(1_800_000)],
    ['an address that is not allowed is a failure', blocked, 1, 'standard', waits(5_000)],
    ['410 means never again', rejected(410), 1, 'standard', dead('gone')],
    ['410 means never again the last time as well', rejected(410), 10, 'standard', dead('gone')],
    ['the ninth of ten waits a day', rejected(500), 9, 'standard', waits(24 * HOUR)],
    ['the tenth of ten is the last', rejected(500), 10, 'standard', dead('exhausted')],
    ['none comes after the last', unreachable, 11, 'standard', dead('exhausted')],
    ['svix gives up after its eighth', rejected(500), 8, 'svix', dead('exhausted')],
    ['svix waits ten hours after its seventh', rejected(500), 7, 'svix', waits(10 * HOUR)],
    ['zenoti waits half a minute first', rejected(500), 1, 'zenoti', waits(30_000)],
    ['zenoti gives up after its sixth', blocked, 6, 'zenoti', dead('exhausted')],
    ['an own schedule is kept', rejected(500), 2, own(1, 7.5, 3), waits(7_500)],
    ['an own schedule may try again at once', rejected(500), 1, own(0), waits(0)],
    ['an own schedule may try again at once after silence', unreachable, 1, own(0), waits(0)],
    ['an own schedule may be empty', rejected(500), 1, own(), dead('exhausted')],
    ['a subscriber may ask for longer', rejected(429, '60'), 1, 'standard', asked(60_000)],
    ['but not for shorter', rejected(429, '1'), 1, 'standard', waits(5_000)],
    ['whatever the status', rejected(302, '60'), 1, 'standard', asked(60_000)],
    ['but not for more than a day', rejected(503, '864000'), 1, 'standard', asked(24 * HOUR)],
    ['and not for one attempt more', rejected(503, '60'), 10, 'standard', dead('exhausted')],
    ['nor after a 410', rejected(410, '60'), 1, 'standard', dead('gone')],
  ] as const)('%s', (_, outcome, attempt, policy, expected) => {
    expect(decide({ outcome, attempt, policy, now: NOW, jitter: 0 })).toEqual(expected);
  });

  test.each([
    ['at least the delay', 0, 300_000],
    ['half the spread', 0.5, 330_000],
    ['at most a fifth more', 1, 360_000],
  ])('chance makes it %s', (_, jitter, expected) => {
    expect(decide({ outcome: unreachable, attempt: 2, policy: 'standard', now: NOW, jitter })).toEqual(waits(expected));
  });

  test('chance never makes it earlier than the subscriber asked for', () => {
    const attempted = { outcome: rejected(503, '330'), attempt: 2, policy: 'standard', now: NOW } as const;
    expect(decide({ ...attempted, jitter: 0 })).toEqual(asked(330_000));
    expect(decide({ ...attempted, jitter: 1 })).toEqual(waits(360_000));
  });

  test('the moment is a whole millisecond', () => {
    const next = decide({ outcome: unreachable, attempt: 1, policy: 'standard', now: NOW, jitter: 1 / 3 });
    expect(next).toEqual(waits(5_333));
  });
});

test('these are the reasons of a death, which subscribers read', () => {
  expect(DEATHS).toEqual(['exhausted', 'expired', 'gone', 'subscription_disabled', 'retention']);
});

describe('Retry-After', () => {
  const date = (ms: number): string => new Date(NOW + ms).toUTCString();

  test.each([
    ['nothing', undefined, 0],
    ['an empty text', '', 0],
    ['seconds', '120', 120_000],
    ['seconds among white space', ' 120\t', 120_000],
    ['no seconds', '0', 0],
    ['a day', '86400', 24 * HOUR],
    ['more than a day', '86401', 24 * HOUR],
    ['more seconds than there are', '9'.repeat(400), 24 * HOUR],
    // The header counts in whole seconds, and our clock stands at .890.
    ['a date', date(60_110), 60_110],
    ['a date in the past', date(-60_000), 0],
    ['a date in a week', date(7 * 24 * HOUR), 24 * HOUR],
    ['a negative number', '-5', 0],
    ['a fraction', '1.5', 0],
    ['a number in another notation', '1e3', 0],
    ['a number with a unit', '120s', 0],
    ['two numbers', '120, 60', 0],
    ['a word', 'soon', 0],
    ['a date of another standard', '2026-03-05T05:06:07Z', 0],
    ['a date without a zone', 'Thu, 05 Mar 2026 05:06:07', 0],
    ['a date in another zone', 'Thu, 05 Mar 2026 05:06:07 CET', 0],
    ['a date that is none', 'Xyz, 99 Xyz 2026 99:99:99 GMT', 0],
    ['markup', '<html>', 0],
  ])('of %s', (_, text, expected) => {
    expect(askedWait(text, NOW)).toBe(expected);
  });
});

describe('the preset', () => {
  const clock = (seconds: number): string =>
    [seconds / 3600, (seconds / 60) % 60, seconds % 60]
      .map((part) => String(Math.floor(part)).padStart(2, '0'))
      .join(':');

  test.each([
    ['standard', 10, '75:35:05'],
    ['svix', 8, '27:35:05'],
    ['zenoti', 6, '00:18:30'],
  ] as const)('%s makes %i attempts, the last one %s after the first', (policy, attempts, span) => {
    const delays = delaysOf(policy);
    expect(delays.length + 1).toBe(attempts);
    expect(clock(delays.reduce((sum, delay) => sum + delay, 0))).toBe(span);
  });

  test('standard is that of Standard Webhooks, wait by wait', () => {
    const HOURS = 3600;
    expect(PRESETS.standard).toEqual([
      5,
      300,
      1800,
      2 * HOURS,
      5 * HOURS,
      10 * HOURS,
      14 * HOURS,
      20 * HOURS,
      24 * HOURS,
    ]);
  });

  test('zenoti stays between half a minute and ten minutes', () => {
    expect([PRESETS.zenoti[0], PRESETS.zenoti.at(-1)]).toEqual([30, 600]);
  });

  test.each(Object.keys(PRESETS))('%s can be asked for by its name', (name) => {
    expect(RetryPolicy.safeParse(name).success).toBe(true);
  });
});

describe('an own schedule', () => {
  test.each([
    ['no retry', []],
    ['twenty', Array<number>(20).fill(86_400)],
    ['none of them waiting', [0, 0]],
    ['fractions', [0.5]],
    ['a millisecond', [0.001]],
  ])('may hold %s', (_, delays) => {
    expect(RetryPolicy.safeParse(own(...delays)).success).toBe(true);
  });

  test.each<[string, unknown]>([
    ['twenty-one', own(...Array<number>(21).fill(1))],
    ['a wait of more than a day', own(86_401)],
    ['a wait below zero', own(-1)],
    ['a wait that a table cannot hold', own(1e-200)],
    ['a wait that is no number', { delays_seconds: ['5'] }],
    ['another member', { delays_seconds: [5], jitter: 0 }],
    ['nothing', {}],
  ])('may not hold %s', (_, policy) => {
    expect(RetryPolicy.safeParse(policy).success).toBe(false);
  });

  test.each(['', 'Standard', 'none', 'toString', null, 5])('may not be %j', (policy) => {
    expect(RetryPolicy.safeParse(policy).success).toBe(false);
  });
});

describe('a message that comes too early', () => {
  test.each([
    ['waits for its moment', 30_000, 30],
    ['waits for a moment of a fraction of a second', 1, 1],
    ['waits until its second is over', 30_001, 31],
    ['waits a quarter of an hour at most', 900_000, 900],
    ['waits a quarter of an hour of many', 24 * HOUR, 900],
    ['goes on when its moment has come', 0, 0],
    ['goes on when its moment has passed', -60_000, 0],
  ])('%s', (_, aheadMs, seconds) => {
    expect(nextHop(NOW + aheadMs, NOW)).toBe(seconds);
  });

  test('arrives in hops: a day is 96 of them', () => {
    let [now, hops] = [NOW, 0];
    for (let wait = nextHop(NOW + 24 * HOUR, now); wait > 0; wait = nextHop(NOW + 24 * HOUR, now)) {
      now += wait * 1000;
      hops++;
    }
    expect({ hops, now }).toEqual({ hops: 96, now: NOW + 24 * HOUR });
  });
});

describe('an endpoint is left alone', () => {
  test.each([
    ['five seconds after a 429 that asks for nothing', rejected(429), 5_000],
    ['for as long as it asks', rejected(429, '60'), 60_000],
    ['five seconds at least', rejected(502, '1'), 5_000],
    ['a quarter of an hour at most: what is later is for this delivery alone', rejected(504, '86400'), 900_000],
  ] as const)('%s', (_, outcome, ms) => {
    expect(restUntil(outcome, NOW)).toBe(NOW + ms);
  });

  test.each([rejected(500), rejected(503, '60'), rejected(404), accepted, unreachable, blocked])(
    'not after %j',
    (outcome) => {
      expect(restUntil(outcome, NOW)).toBeUndefined();
    },
  );
});

test.each([
  ['standard', 1.2 * 272_105_000],
  ['zenoti', HOUR],
  [own(), HOUR],
  [own(86_400), 1.2 * 86_400_000],
] as const)('a delivery that is held by %j becomes as old as its schedule, an hour at least', (policy, ms) => {
  expect(oldestOf(policy)).toBeCloseTo(ms);
});
