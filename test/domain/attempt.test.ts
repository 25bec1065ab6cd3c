import { describe, expect, test } from '@jest/globals';
import { Attempt, verdict } from '../../shared/domain/attempt.ts';
import { AT, make } from '../support/make.ts';

const WAIT_UNTIL = '2026-03-04T05:06:12.890Z';
const NOT_BEFORE = Date.parse(WAIT_UNTIL);
const done = { kind: 'done' } as const;
const wait = { kind: 'wait', notBefore: NOT_BEFORE, why: 'schedule' } as const;

describe('the verdict on an attempt', () => {
  test.each([
    [
      'an accepted one is done',
      { kind: 'accepted', status: 204, duration_ms: 31 },
      done,
      { outcome: 'accepted', status: 204, duration_ms: 31, next: 'done' },
    ],
    [
      'a rejected one waits, and says until when',
      { kind: 'rejected', status: 503, duration_ms: 8, retry_after: '3', response_excerpt: 'busy' },
      wait,
      {
        outcome: 'rejected',
        status: 503,
        duration_ms: 8,
        response_excerpt: 'busy',
        next: 'wait',
        next_at: WAIT_UNTIL,
        waits_for: 'schedule',
      },
    ],
    [
      'one without an answer has a reason and no status',
      { kind: 'unreachable', reason: 'tls_untrusted', duration_ms: 80 },
      wait,
      {
        outcome: 'unreachable',
        reason: 'tls_untrusted',
        duration_ms: 80,
        next: 'wait',
        next_at: WAIT_UNTIL,
        waits_for: 'schedule',
      },
    ],
    [
      'a blocked one that was the last says why the delivery died',
      { kind: 'blocked', reason: 'address_not_allowed', duration_ms: 0 },
      { kind: 'dead', because: 'exhausted' },
      { outcome: 'blocked', reason: 'address_not_allowed', duration_ms: 0, next: 'dead', died: 'exhausted' },
    ],
    [
      'one that asks for a later moment waits because it asked',
      { kind: 'rejected', status: 429, duration_ms: 5, retry_after: '60' },
      { ...wait, why: 'retry_after' },
      { outcome: 'rejected', status: 429, duration_ms: 5, next: 'wait', next_at: WAIT_UNTIL, waits_for: 'retry_after' },
    ],
    [
      'a probe that failed waits for the circuit',
      { kind: 'unreachable', reason: 'timeout_headers', duration_ms: 15_000 },
      { ...wait, why: 'circuit' },
      {
        outcome: 'unreachable',
        reason: 'timeout_headers',
        duration_ms: 15_000,
        next: 'wait',
        next_at: WAIT_UNTIL,
        waits_for: 'circuit',
      },
    ],
    [
      'a 410 kills the delivery',
      { kind: 'rejected', status: 410, duration_ms: 5 },
      { kind: 'dead', because: 'gone' },
      { outcome: 'rejected', status: 410, duration_ms: 5, next: 'dead', died: 'gone' },
    ],
  ] as const)('%s', (_, outcome, next, expected) => {
    expect(verdict(outcome, next)).toEqual(expected);
    expect(Object.values(verdict(outcome, next))).not.toContain(undefined);
  });

  test('makes a whole record of what is known besides', () => {
    const { outcome: _, ...known } = make.attempt();
    const record = { ...known, ...verdict({ kind: 'rejected', status: 500, duration_ms: 1 }, wait) };
    expect(Attempt.parse(record)).toEqual(record);
  });
});

describe('the record of an attempt', () => {
  test('is read without what a table adds to it', () => {
    const item = { ...make.attempt(), pk: 'AT#acme#sub_1#0', sk: AT, v: 1, expires_at: 1 };
    expect(Attempt.parse(item)).toEqual(make.attempt());
  });

  test.each([
    ['accepted', make.attempt({ outcome: 'accepted', next: 'done' })],
    ['rejected', make.attempt({ outcome: 'rejected', next: 'wait', next_at: AT })],
    ['unreachable', make.attempt({ outcome: 'unreachable', status: undefined, reason: 'dns_failed', next: 'dead' })],
    ['blocked', make.attempt({ outcome: 'blocked', next: 'dead', died: 'exhausted' })],
    ['probed', make.attempt({ outcome: 'rejected', next: 'wait', next_at: AT, waits_for: 'circuit', probe: true })],
    ['out of service for too long', make.attempt({ outcome: 'unreachable', next: 'dead', died: 'expired' })],
  ])('may be that of a subscriber that was %s', (_, attempt) => {
    expect(Attempt.parse(attempt)).toEqual(attempt);
  });

  test.each([
    ['a claim', { lease_until: 1 }],
    ['an outcome that there is not', { ...make.attempt(), outcome: 'delivered' }],
    ['a moment that is no time', { ...make.attempt(), at: 'now' }],
    ['a death that there is not', { ...make.attempt(), died: 'bored' }],
    ['a reason to wait that there is not', { ...make.attempt(), waits_for: 'godot' }],
    ['half a probe', { ...make.attempt(), probe: false }],
    ['an attempt that was cancelled', { outcome: 'cancelled', at: AT }],
    ['half an attempt', make.attempt({ attempt: 1.5 })],
    ['half a run', make.attempt({ run: 1.5 })],
  ])('is not %s', (_, item) => {
    expect(Attempt.safeParse(item).success).toBe(false);
  });
});
