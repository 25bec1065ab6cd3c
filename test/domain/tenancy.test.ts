import { expect, test } from '@jest/globals';
import {
  beginningOf,
  ENTERED_MS,
  ERASURE_BEGINS_SECONDS,
  ERASURE_RESTS_SECONDS,
  isLeftOver,
  mayBeLeftOver,
} from '../../shared/domain/tenancy.ts';
import { AT, later } from '../support/make.ts';

/** What ingest and match may take for what they had begun. */
const UNDER_WAY_SECONDS = 30;
const ERASURE_SECONDS = ERASURE_BEGINS_SECONDS + ERASURE_RESTS_SECONDS;
/** After the beginning of an erasure: the last event that is let in, and the first moment when the name may begin anew. */
const [last, anew] = [later(ENTERED_MS / 1000 + UNDER_WAY_SECONDS), later(ERASURE_SECONDS - 10)];

test('whatever an erased tenant may have left is looked at once another one can have its name', () => {
  expect(mayBeLeftOver(last, new Date(anew))).toBe(true);
  expect(isLeftOver(last, { since: anew })).toBe(true);
});

test('what was accepted while its tenant was still being entered is its own', () => {
  for (const seconds of [-UNDER_WAY_SECONDS, 0, 1]) {
    const acceptedAt = later(seconds);
    expect(isLeftOver(acceptedAt, { since: AT })).toBe(false);
    expect(acceptedAt >= beginningOf({ since: AT })).toBe(true);
  }
});

test.each([
  ['that is no more', undefined, true],
  ['that is being erased', { since: later(-86_400), erasure: {} }, true],
  ['that began later', { since: later(600) }, true],
  ['that had begun', { since: later(-86_400) }, false],
])('of a tenant %s', (_, tenant, expected) => {
  expect(isLeftOver(AT, tenant)).toBe(expected);
});

test.each([
  [900, false],
  [901, true],
])('after %p seconds', (seconds, expected) => {
  expect(mayBeLeftOver(AT, new Date(later(seconds)))).toBe(expected);
});
