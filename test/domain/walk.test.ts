import { describe, expect, test } from '@jest/globals';
import type { Attempt } from '../../shared/domain/attempt.ts';
import type { Subscription } from '../../shared/domain/subscription.ts';
import { goingBefore, plan, stepAfter, type Errand, type Past, type Tried } from '../../shared/domain/walk.ts';
import { AT, later, make } from '../support/make.ts';

const HOUR = 3_600;
const DAY = 24 * HOUR;

const tried = (run: number, attempt: number, changes: Partial<Attempt> = {}): Attempt =>
  make.attempt({ run, attempt, outcome: 'rejected', status: 503, next: 'wait', next_at: later(5), ...changes });
const delivered = (run: number, attempt: number): Attempt => make.attempt({ run, attempt });
const died = (run: number, attempt: number): Attempt => tried(run, attempt, { next: 'dead', died: 'exhausted' });
const cancelled = (run: number): Tried => ({ run, next: 'cancelled' });

const past = (attempts: readonly Tried[] = [], letterOfRun?: number): Past => ({
  attempts,
  letter: letterOfRun === undefined ? undefined : { run: letterOfRun },
});
const step = (run: number, attempt: number, more: object = {}) => ({ subscription_id: 'sub_1', run, attempt, ...more });

describe('the next step of a delivery', () => {
  test.each<[string, Past, object | undefined]>([
    ['that nobody has tried is its first', past(), step(1, 1)],
    ['that failed once is its second', past([tried(1, 1)]), step(1, 2)],
    ['that failed nine times is its tenth', past(Array.from({ length: 9 }, (_, i) => tried(1, i + 1))), step(1, 10)],
    [
      'whose attempts were probes says how many the schedule does not count',
      past([tried(1, 1), tried(1, 2, { probe: true }), tried(1, 3, { probe: true })]),
      step(1, 4, { probes: 2 }),
    ],
    ['counts no probe of an earlier run', past([tried(1, 1, { probe: true }), died(1, 2), tried(2, 1)], 1), step(2, 2)],
    ['that was made again and failed is of the new run', past([died(1, 1), tried(2, 1)], 1), step(2, 2)],
    ['that was delivered is none', past([tried(1, 1), delivered(1, 2)]), undefined],
    ['that died is none', past([died(1, 1)]), undefined],
    ['that died is none, by its letter alone', past([], 1), undefined],
    ['that died before its attempt was recorded is none', past([tried(1, 1)], 1), undefined],
    ['that was delivered when it was made again is none', past([died(1, 1), delivered(2, 1)], 1), undefined],
    ['that died when it was to be made again is none', past([died(1, 1)], 2), undefined],
    ['that somebody cancelled is none', past([tried(1, 1), cancelled(1)]), undefined],
    ['that somebody cancelled before its first attempt is none', past([cancelled(1)]), undefined],
    ['that was cancelled and made again is of the new run', past([cancelled(1), tried(2, 1)]), step(2, 2)],
  ])('%s', (_, known, expected) => {
    expect(stepAfter('sub_1', known)).toEqual(expected);
  });
});

interface Case {
  past?: Past;
  subscription?: Partial<Subscription>;
  errand?: Partial<Errand>;
  acceptedAt?: string;
  goingBefore?: string;
}

const planFor = (kind: 'catch_up' | 'replay', given: Case = {}) =>
  plan({
    event: make.event({ accepted_at: given.acceptedAt ?? AT }),
    past: given.past ?? past(),
    subscription: make.subscription(given.subscription),
    errand: {
      kind,
      only: kind === 'catch_up' ? 'unsettled' : 'all',
      run: kind === 'catch_up' ? 1 : 3,
      replay_id: 'rpl_1',
      started_at: later(60),
      ...given.errand,
    },
    goingBefore: given.goingBefore ?? later(-13 * DAY),
  });

const SKIP = { kind: 'skip' };
const sends = (run: number, attempt: number) => ({ kind: 'send', step: step(run, attempt, { replay_id: 'rpl_1' }) });

describe('a catch-up', () => {
  test.each<[string, Case, object]>([
    ['sends what nobody has tried', {}, sends(1, 1)],
    ['goes on with what was being tried', { past: past([tried(1, 1)]) }, sends(1, 2)],
    ['leaves what is delivered', { past: past([delivered(1, 1)]) }, SKIP],
    ['leaves what is a dead letter', { past: past([], 1) }, SKIP],
    ['leaves what was cancelled', { past: past([cancelled(1)]) }, SKIP],
    ['leaves a type that is not wanted now', { subscription: { event_types: ['Invoice.*'] } }, SKIP],
    ['sends what a wider wish takes now', { subscription: { event_types: ['group:Guest'] } }, sends(1, 1)],
  ])('%s', (_, given, expected) => {
    expect(planFor('catch_up', given)).toEqual(expected);
  });

  const zenoti = { retry: 'zenoti' } as const; // less than half an hour, so an hour
  const own = { retry: { delays_seconds: [HOUR, HOUR] } };

  test.each<[string, number, Partial<Subscription>, 'send' | 'bury']>([
    ['an hour old, of a short schedule', HOUR, zenoti, 'send'],
    ['more than an hour old, of a short schedule', HOUR + 1, zenoti, 'bury'],
    ['as old as the schedule at its slowest', 2.4 * HOUR, own, 'send'],
    ['older than the schedule at its slowest', 2.4 * HOUR + 1, own, 'bury'],
    ['three days old, of the standard one', 3 * DAY, {}, 'send'],
    ['four days old, of the standard one', 4 * DAY, {}, 'bury'],
    ['old by a pause', 8 * DAY, { ...zenoti, pauses: [{ from: later(10), to: later(8 * DAY) }] }, 'send'],
    [
      'old by two pauses and what lay between them',
      8 * DAY,
      {
        ...zenoti,
        pauses: [
          { from: later(-DAY), to: later(3 * DAY) },
          { from: later(3 * DAY + HOUR + 1), to: later(8 * DAY) },
        ],
      },
      'bury',
    ],
  ])('what was %s, when the subscription was released', (_, seconds, subscription, kind) => {
    expect(planFor('catch_up', { subscription, errand: { started_at: later(seconds) } })).toMatchObject({ kind });
  });

  test('gives up in the run that was under way', () => {
    const errand = { started_at: later(30 * DAY) };
    expect(planFor('catch_up', { errand })).toEqual({ kind: 'bury', run: 1, reason: 'expired' });
    const again = past([died(1, 1), tried(2, 1)], 1);
    expect(planFor('catch_up', { past: again, errand })).toEqual({ kind: 'bury', run: 2, reason: 'expired' });
    expect(planFor('catch_up', { past: past([delivered(1, 1)]), errand })).toEqual(SKIP);
  });
});

describe('what is about to go', () => {
  test('is what was accepted more than half a day before the end of the retention', () => {
    expect(goingBefore(new Date(AT), 14 * DAY * 1000)).toBe(later(-13.5 * DAY));
  });

  test.each<[string, Case, object]>([
    ['is buried by a catch-up', { goingBefore: later(1) }, { kind: 'bury', run: 1, reason: 'retention' }],
    [
      'in the run that was under way',
      { goingBefore: later(1), past: past([died(1, 1), tried(2, 1)], 1) },
      { kind: 'bury', run: 2, reason: 'retention' },
    ],
    [
      'is expired where it is too old in any case',
      { goingBefore: later(1), errand: { started_at: later(30 * DAY) } },
      { kind: 'bury', run: 1, reason: 'expired' },
    ],
    ['is left where it is settled', { goingBefore: later(1), past: past([delivered(1, 1)]) }, SKIP],
    ['is left where it is not wanted', { goingBefore: later(1), subscription: { event_types: ['Invoice.*'] } }, SKIP],
    ['is not yet what comes a moment later', { goingBefore: AT }, sends(1, 1)],
  ])('%s', (_, given, expected) => {
    expect(planFor('catch_up', given)).toEqual(expected);
  });

  test('is sent by a replay as long as it is there', () => {
    expect(planFor('replay', { goingBefore: later(1) })).toEqual(sends(3, 1));
  });
});

describe('a replay of all', () => {
  test.each<[string, Case, object]>([
    ['sends what was delivered', { past: past([delivered(1, 1)]) }, sends(3, 1)],
    ['sends what died', { past: past([died(1, 1)], 1) }, sends(3, 1)],
    ['sends what was cancelled', { past: past([cancelled(1)]) }, sends(3, 1)],
    ['sends what is being tried in an earlier run', { past: past([tried(1, 1), tried(2, 1)]) }, sends(3, 1)],
    ['sends what is as old as it may be', { errand: { started_at: later(13 * DAY) } }, sends(3, 1)],
    ['leaves what it has sent already', { past: past([delivered(1, 1), tried(3, 1)]) }, SKIP],
    ['leaves what died of it already', { past: past([delivered(1, 1)], 3) }, SKIP],
    ['leaves a type that is not wanted now', { subscription: { event_types: ['Invoice.*'] } }, SKIP],
  ])('%s', (_, given, expected) => {
    expect(planFor('replay', given)).toEqual(expected);
  });
});

describe('a replay of the dead', () => {
  test.each<[string, Past, object]>([
    ['sends what has a dead letter', past([died(1, 1)], 1), sends(3, 1)],
    ['sends what died without an attempt', past([], 1), sends(3, 1)],
    ['sends what died in its second run', past([died(1, 1), died(2, 1)], 2), sends(3, 1)],
    ['leaves what was never tried', past(), SKIP],
    ['leaves what is being tried', past([tried(1, 1)]), SKIP],
    ['leaves what was delivered', past([delivered(1, 1)]), SKIP],
    ['leaves what is being made again already', past([died(1, 1), tried(2, 1)], 1), SKIP],
    ['leaves what died and was acknowledged', past([died(1, 1)]), SKIP],
  ])('%s', (_, known, expected) => {
    expect(planFor('replay', { past: known, errand: { only: 'dead' } })).toEqual(expected);
  });
});

describe('a replay of what was missed', () => {
  const gaps = [{ from: later(0), to: later(60) }];

  test.each<[string, Case, object]>([
    ['sends what came in the first moment of a gap', { acceptedAt: later(0) }, sends(3, 1)],
    ['leaves what came when the gap was over', { acceptedAt: later(60) }, SKIP],
    ['leaves what came before it', { acceptedAt: later(-1) }, SKIP],
    ['leaves what was tried', { past: past([tried(1, 1)]) }, SKIP],
    ['leaves what died', { past: past([], 1) }, SKIP],
    ['leaves what was cancelled', { past: past([cancelled(1)]) }, SKIP],
  ])('%s', (_, given, expected) => {
    expect(planFor('replay', { ...given, subscription: { gaps }, errand: { only: 'missed' } })).toEqual(expected);
  });
});
