import { test } from '@jest/globals';
import { BLOCKED, UNREACHABLE } from '../../shared/domain/outcome.ts';
import { PRESETS, type RetryPolicy } from '../../shared/domain/retry.ts';
import { expectMade, row, table } from './made-parts.ts';

const clock = (seconds: number): string => {
  const [h, m, s] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  return [h, m, s].map((part) => String(part).padStart(2, '0')).join(':');
};

function scheduleOf(name: Extract<RetryPolicy, string>): string {
  const delays = [0, ...PRESETS[name]];
  const rows = delays.map((delay, i) => {
    const sum = delays.slice(0, i + 1).reduce((total, seconds) => total + seconds, 0);
    return row(i + 1, clock(delay), clock(sum), clock(Math.floor(sum * 1.2)));
  });
  return `### ${name}\n\n${table(['attempt', 'waits', 'earliest', 'latest'], rows)}`;
}

const reasonsIn = (reasons: Readonly<Record<string, string>>): string[] =>
  Object.entries(reasons).map(([reason, meaning]) => row(`\`${reason}\``, meaning));

test('the tables of the wire contract say what the code does', () => {
  expectMade('wire-contract.md', {
    schedules: (Object.keys(PRESETS) as (keyof typeof PRESETS)[]).map(scheduleOf).join('\n\n'),
    reasons: table(['reason', 'meaning'], [...reasonsIn(UNREACHABLE), ...reasonsIn(BLOCKED)]),
  });
});
