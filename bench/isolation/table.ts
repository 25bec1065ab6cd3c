import type { Ratio } from './figures.ts';
import type { Measured } from './measure.ts';
import type { Simulated } from './simulated.ts';

export type Row = Measured & { name: string };
export type SimulatedRow = Simulated & { name: string };

/** Promise 4: the others' latency stays within 10 % of what it was. */
const MOST_TIMES = 1.1;

export const holds = ({ p50, p99 }: Pick<Measured, 'p50' | 'p99'>): boolean =>
  p50.times <= MOST_TIMES && p99.times <= MOST_TIMES;

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

interface Column<R> {
  head: string;
  cell(row: R): string;
}

const COLUMNS: readonly Column<Row>[] = [
  { head: 'case', cell: ({ name }) => name },
  { head: 'p50', cell: ({ p50 }) => ratioText(p50) },
  { head: 'A/A', cell: ({ p50Noise }) => timesText(p50Noise.times) },
  { head: 'p99', cell: ({ p99 }) => ratioText(p99) },
  { head: 'A/A', cell: ({ p99Noise }) => timesText(p99Noise.times) },
  { head: 'within 10 %', cell: verdictOf },
  { head: 'of load', cell: ({ p50Load, p99Load }) => `${timesText(p50Load.times)} ${timesText(p99Load.times)}` },
  { head: 'cpu', cell: ({ cpu }) => timesText(cpu) },
  { head: 'accepted', cell: ({ accepted, posted }) => `${accepted} of ${posted}` },
  { head: 'arrived', cell: ({ arrived, due }) => `${arrived} of ${due}` },
  { head: 'twice', cell: ({ twice }) => String(twice) },
  { head: 'the troublesome got', cell: troubleText },
];

const SIMULATED: readonly Column<SimulatedRow>[] = [
  { head: 'simulated', cell: ({ name }) => name },
  { head: 'p50', cell: ({ p50 }) => ratioText(p50) },
  { head: 'p99', cell: ({ p99 }) => ratioText(p99) },
  { head: 'within 10 %', cell: (row) => (holds(row) ? 'yes' : 'NO') },
  { head: 'worst', cell: ({ worst }) => ratioText(worst) },
  { head: 'arrived', cell: ({ arrived, due }) => `${arrived} of ${due}` },
  { head: 'twice', cell: ({ twice }) => String(twice) },
  { head: 'the troublesome got', cell: ({ got }) => [...got].map(([name, count]) => `${name} ${count}`).join(', ') },
];

/** What was measured, a line each. */
export const linesOf = (rows: readonly Row[]): string[] => aligned(COLUMNS, rows);
export const simulatedLines = (rows: readonly SimulatedRow[]): string[] => aligned(SIMULATED, rows);

function aligned<R>(columns: readonly Column<R>[], rows: readonly R[]): string[] {
  const cells = [columns.map(({ head }) => head), ...rows.map((row) => columns.map(({ cell }) => cell(row)))];
  const widths = columns.map((_, at) => Math.max(...cells.map((line) => line[at]?.length ?? 0)));
  return cells.map((line) =>
    line
      .map((cell, at) => cell.padEnd(widths[at] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}
