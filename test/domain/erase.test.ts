import { describe, expect, test } from '@jest/globals';
import { stepsLeft } from '../../shared/domain/erase.ts';
import type { Attempt } from '../../shared/domain/attempt.ts';
import { make } from '../support/make.ts';

const tried = (run: number, attempt: number, next: Attempt['next']): Attempt => make.attempt({ run, attempt, next });

describe('of an erased event’s delivery is settled', () => {
  test.each<[string, Attempt[], [run: number, attempt: number][]]>([
    [
      'the first attempt and what follows it, where none is known',
      [],
      [
        [1, 1],
        [1, 2],
      ],
    ],
    ['nothing, where it was made', [tried(1, 1, 'wait'), tried(1, 2, 'done')], []],
    ['nothing, where it was given up', [tried(1, 1, 'dead')], []],
    [
      'the next attempt, and the one after, for the next may be under way',
      [tried(1, 1, 'wait'), tried(1, 2, 'wait')],
      [
        [1, 3],
        [1, 4],
      ],
    ],
    [
      'what an earlier run waits for, though a later one is over',
      [tried(1, 3, 'wait'), tried(2, 1, 'done')],
      [
        [1, 4],
        [1, 5],
      ],
    ],
    [
      'every run that waits',
      [tried(1, 1, 'wait'), tried(2, 1, 'wait')],
      [
        [1, 2],
        [1, 3],
        [2, 2],
        [2, 3],
      ],
    ],
  ])('%s', (_, attempts, steps) => {
    expect(stepsLeft(attempts)).toEqual(steps.map(([run, attempt]) => ({ run, attempt })));
  });
});
