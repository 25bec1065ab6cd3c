import type { Ratio } from './figures.ts';
import type { Measured } from './measure.ts';

export type Row = Measured & { name: string };

/** Promise 4: the others' latency stays within 10 % of what it was. */
const MOST_TIMES = 1.1;

export const holds = ({ p50, p99 }: Measured): boolean => p50.times <= MOST_TIMES && p99.times <= MOST_TIMES;

/** Whether two runs without any trouble differ by more than trouble may. */
const isNoisy = ({ p50Noise, p99Noise }: Measured): boolean =>
  [p50Noise.times, p99Noise.times].some((times) => times > MOST_TIMES || times < 1 / MOST_TIMES);

const verdictOf = (row: Measured): string => (holds(row) ? 'yes' : isNoisy(row) ? 'NO, in noise' : 'NO');

const timesText = (times: number): string => (Number.isNaN(times) ? '-' : `x${times.toFixed(times < 10 ? 2 : 0)}`);

const msText = (ms: number): string => (ms < 1_000 ? `${ms.toFixed(0)} ms` : `${(ms / 1_000).toFixed(1)} s`);

/** A ratio with the times that it is made of. */
const ratioText = ({ of, to, times }: Ratio): string => `${timesText(times)} (${msText(to)} -> ${msText(of)})`;

const troubleText = ({ trouble }: Row): string =>
  trouble.map(({ name, got, due }) => `${name} ${got} for ${due}`).join(', ');

const COLUMNS: readonly (readonly [head: string, cell: (row: Row) => string])[] = [
  ['case', ({ name }) => name],
  ['p50', ({ p50 }) => ratioText(p50)],
  ['A/A', ({ p50Noise }) => timesText(p50Noise.times)],
  ['p99', ({ p99 }) => ratioText(p99)],
  ['A/A', ({ p99Noise }) => timesText(p99Noise.times)],
  ['within 10 %', verdictOf],
  ['of load', ({ p50Load, p99Load }) => `${timesText(p50Load.times)} ${timesText(p99Load.times)}`],
  ['cpu', ({ cpu }) => timesText(cpu)],
  ['accepted', ({ accepted, posted }) => `${accepted} of ${posted}`],
  ['arrived', ({ arrived, due }) => `${arrived} of ${due}`],
  ['twice', ({ twice }) => String(twice)],
  ['the troublesome got', troubleText],
];

/** The table, a line each. */
export function linesOf(rows: readonly Row[]): string[] {
  const cells = [COLUMNS.map(([head]) => head), ...rows.map((row) => COLUMNS.map(([, cell]) => cell(row)))];
  const widths = COLUMNS.map((_, at) => Math.max(...cells.map((line) => line[at]?.length ?? 0)));
  return cells.map((line) =>
    line
      .map((cell, at) => cell.padEnd(widths[at] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}
