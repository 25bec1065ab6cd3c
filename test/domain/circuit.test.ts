import { describe, expect, test } from '@jest/globals';
import { isHopeless, opens, probeAfter } from '../../shared/domain/circuit.ts';
import { AT, later } from '../support/make.ts';

const now = new Date(AT);
const DAY = 86_400;

describe('a circuit opens', () => {
  test.each([
    ['after ten failures in a row', 10, -5, true],
    ['not after nine', 9, -3600, false],
    ['not before everybody had the time to tell of successes', 1000, -4, false],
  ])('%s', (_, failures, since, expected) => {
    expect(opens({ failures, failingSince: later(since) }, now)).toBe(expected);
  });
  test('and not where nothing failed', () => {
    expect(opens({ failures: 0, failingSince: undefined }, now)).toBe(false);
  });
});

test('each interval between probes is twice the one before, up to what a queue can hold', () => {
  const waits = (jitter: number): number[] =>
    Array.from({ length: 9 }, (_, probes) => (probeAfter(probes, { now, jitter }) - now.getTime()) / 1000);
  expect(waits(0)).toEqual([10, 20, 40, 80, 160, 320, 640, 750, 750]);
  expect(waits(1)).toEqual([12, 24, 48, 96, 192, 384, 768, 900, 900]);
});

describe('a subscription whose probe failed is given up', () => {
  test.each([
    ['after five days of nothing but failure', 'standard', 10, -5 * DAY, true],
    ['not a second earlier', 'standard', 1000, -5 * DAY + 1, false],
    ['not for fewer than ten failures', 'standard', 9, -10 * DAY, false],
    ["after twenty in a row, by Zenoti's preset", 'zenoti', 20, -60, true],
    ['not after nineteen', 'zenoti', 19, -60, false],
  ] as const)('%s', (_, policy, failures, since, expected) => {
    expect(isHopeless({ failures, failingSince: later(since) }, policy, now)).toBe(expected);
  });
});
