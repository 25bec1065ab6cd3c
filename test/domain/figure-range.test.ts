import { describe, expect, test } from '@jest/globals';
import { bySteps, days, hours, nameOf, totalOf, wholeSteps } from '../../shared/domain/figure-range.ts';
import type { Sums } from '../../shared/domain/figures.ts';

const at = (moment: string): number => Date.parse(moment);
const FROM = at('2026-03-04T05:06:07.890Z');

describe('a stretch is widened to whole steps', () => {
  test.each([
    ['hour', FROM, FROM + hours(1), '2026-03-04T05', '2026-03-04T07'],
    ['hour', at('2026-03-04T05:00:00Z'), at('2026-03-04T06:00:00Z'), '2026-03-04T05', '2026-03-04T06'],
    ['day', FROM, FROM + 1, '2026-03-04', '2026-03-05'],
    ['day', at('2026-02-28T23:59:59.999Z'), FROM, '2026-02-28', '2026-03-05'],
  ] as const)('by %s', (step, from, to, first, end) => {
    const steps = wholeSteps({ step, from, to });
    expect([nameOf(step, steps.from), nameOf(step, steps.to)]).toEqual([first, end]);
  });
});

describe('figures of a stretch', () => {
  const figures = new Map<string, Sums>([
    ['2026-03-04T05', { accepted: 1 }],
    ['2026-03-04T07', { accepted: 2, dead: 1 }],
    ['2026-03-05T00', { accepted: 4 }],
  ]);

  test('are one for each step, in order, with nothing where nothing happened', () => {
    const steps = wholeSteps({ step: 'hour', from: FROM, to: FROM + hours(2) });
    expect(bySteps(figures, steps)).toEqual([
      { at: at('2026-03-04T05:00:00Z'), sums: { accepted: 1 } },
      { at: at('2026-03-04T06:00:00Z'), sums: {} },
      { at: at('2026-03-04T07:00:00Z'), sums: { accepted: 2, dead: 1 } },
    ]);
  });

  test('by day are those of its hours', () => {
    const steps = wholeSteps({ step: 'day', from: FROM, to: FROM + days(2) });
    const all = bySteps(figures, steps);
    expect(all.map(({ sums }) => sums)).toEqual([{ accepted: 3, dead: 1 }, { accepted: 4 }, {}]);
    expect(totalOf(all)).toEqual({ accepted: 7, dead: 1 });
  });

  test('hold nothing of before or after it', () => {
    const steps = wholeSteps({ step: 'hour', from: FROM + hours(1), to: FROM + hours(1) + 1 });
    expect(totalOf(bySteps(figures, steps))).toEqual({});
  });
});
