import { describe, expect, test } from '@jest/globals';
import { ageOf, heldFor, heldOf, isMissed, missedSince, opened, released, within } from '../../shared/domain/hold.ts';
import { AT, later, make } from '../support/make.ts';

const circuit = { state: 'open', since: AT, probes: 0, probe_at: 0 } as const;
const paused = (since: string, at = since) => ({ since, at, reason: 'paused' }) as const;

describe('a circuit that opens holds from now on', () => {
  test('and takes with it what a catch-up had not brought yet', () => {
    const catch_up = { replay_id: 'rpl_1', from: later(-3600), to: later(-60) };
    const before = make.subscription({ catch_up });
    expect(opened(make.subscription(), circuit, { at: AT }).held?.since).toBe(AT);
    expect(opened(before, circuit, { at: AT }).held?.since).toBe(later(-3600));
    expect(opened(before, circuit, { at: AT, caughtUpTo: later(-1800) }).held?.since).toBe(later(-1800));
  });
});

describe('what somebody sets', () => {
  test('paused: held from now, and nothing is missed', () => {
    const after = heldFor(make.subscription(), 'paused', { at: AT });
    expect(after).toMatchObject({ status: 'paused', held: paused(AT), gaps: [], pauses: [] });
  });

  test('paused while its circuit is open: held from when that opened, and no probe goes', () => {
    const open = { ...make.subscription(), ...opened(make.subscription(), circuit, { at: AT }) };
    const after = heldFor(open, 'paused', { at: later(60) });
    expect(after).toMatchObject({ held: paused(AT, later(60)), circuit: undefined, circuit_closed_at: later(60) });
  });

  test('enabled after a pause: the pause is over, and what was held is caught up', () => {
    const before = make.subscription({ status: 'paused', held: paused(AT) });
    const { after, catchUp } = released(before, later(60));
    expect(after).toMatchObject({ status: 'enabled', held: undefined, pauses: [{ from: AT, to: later(60) }] });
    expect(catchUp).toEqual({ from: AT, to: later(75) });
  });

  test('enabled after it was disabled: a gap remains, and nothing is caught up unasked', () => {
    const before = heldFor(make.subscription(), 'disabled', { at: AT, why: 'failing' });
    expect(before.disabled_reason).toBe('failing');
    const { after, catchUp } = released(before, later(60));
    expect(after).toMatchObject({ status: 'enabled', disabled_reason: null, gaps: [{ from: AT, to: later(60) }] });
    expect(catchUp).toBeUndefined();
  });

  test('enabled right after it was disabled: what somebody may have dropped by what he remembers is brought', () => {
    const paused = heldFor(make.subscription(), 'paused', { at: AT });
    const before = heldFor({ ...make.subscription(), ...paused }, 'disabled', { at: later(60) });
    expect(released(before, later(65)).catchUp).toEqual({ from: later(65), to: later(80) });
    expect(released(before, later(75)).catchUp).toBeUndefined();
  });

  test('disabled after a pause: what was held is missed', () => {
    const before = make.subscription({ status: 'paused', held: paused(AT) });
    const after = heldFor(before, 'disabled', { at: later(60) });
    expect(after.held).toEqual({ since: AT, at: later(60), reason: 'disabled' });
    expect(after.pauses).toEqual([{ from: AT, to: later(60) }]);
  });

  test('paused after it was disabled: what was missed stays missed', () => {
    const before = { ...make.subscription(), ...heldFor(make.subscription(), 'disabled', { at: AT }) };
    const after = heldFor(before, 'paused', { at: later(60) });
    expect(after).toMatchObject({ held: paused(later(60)), gaps: [{ from: AT, to: later(60) }] });
    expect([later(-1), AT, later(59), later(60)].map((at) => isMissed(at, after))).toEqual([false, true, true, false]);
  });
});

describe('what is missed', () => {
  const disabled = { held: { since: AT, at: AT, reason: 'disabled' }, gaps: [] } as const;
  test.each([
    ['before it was disabled', later(-1), false],
    ['at that moment', AT, true],
    ['since', later(100_000), true],
  ])('%s', (_, at, missed) => {
    expect(isMissed(at, { ...disabled, gaps: [] })).toBe(missed);
  });
});

describe('how old a delivery is', () => {
  const now = new Date(later(100));
  test('as old as its event, where nothing was paused', () => {
    expect(ageOf(AT, { pauses: [] }, now)).toBe(100_000);
  });
  test('paused time does not age, be it over or not', () => {
    const pauses = [
      { from: later(-50), to: later(10) },
      { from: later(20), to: later(40) },
    ];
    expect(ageOf(AT, { pauses }, now)).toBe(70_000);
    expect(ageOf(AT, { pauses, held: paused(later(90)) }, now)).toBe(60_000);
  });
  test('time behind an open circuit does', () => {
    expect(ageOf(AT, { pauses: [], held: { since: AT, at: AT, reason: 'circuit' } }, now)).toBe(100_000);
  });
});

test('many pauses are joined, so that none is forgotten', () => {
  let subscription = make.subscription();
  for (let i = 0; i < 60; i++) {
    const before = { ...subscription, status: 'paused', held: paused(later(10 * i)) } as const;
    subscription = { ...subscription, ...released(before, later(10 * i + 5)).after };
  }
  expect(subscription.pauses.length).toBeLessThanOrEqual(50);
  const all = within(subscription.pauses, { from: AT, to: later(10_000) });
  expect(all).toBeGreaterThanOrEqual(60 * 5_000);
});

test('a catch-up covers the time in which others do not know of the release yet', () => {
  expect(missedSince(AT, new Date(later(60)))).toEqual({ from: AT, to: later(75) });
});

test('one that was written before there were holds is held by its status', () => {
  expect(heldOf(make.subscription())).toBeUndefined();
  expect(heldOf(make.subscription({ status: 'paused' }))).toEqual({ since: AT, at: AT, reason: 'paused' });
});
