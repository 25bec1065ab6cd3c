import { expect, test } from '@jest/globals';
import { probeAfter } from '../../shared/domain/circuit.ts';
import { BLOCKED, UNREACHABLE, type Outcome, type UnreachableReason } from '../../shared/domain/outcome.ts';
import { decide, PRESETS, restUntil, type RetryPolicy } from '../../shared/domain/retry.ts';
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

const NOW = Date.parse('2026-01-01T00:00:00Z');
const answer = (status: number, retry_after?: string): Outcome => ({
  kind: 'rejected',
  status,
  duration_ms: 0,
  ...(retry_after !== undefined && { retry_after }),
});

/** What follows from an answer to a first attempt, in words. */
function follows(outcome: Outcome): string {
  const next = decide({ outcome, attempt: 1, policy: 'standard', now: NOW, jitter: 0 });
  const rest = restUntil(outcome, NOW) === undefined ? '' : '; the endpoint is left alone for a while';
  if (next.kind === 'done') return 'delivered';
  if (next.kind === 'dead') return `given up: \`${next.because}\`; the subscription is disabled`;
  return `a failure: tried again by the schedule${rest}`;
}

const VERDICTS: readonly [string, readonly Outcome[]][] = [
  ['2xx', [200, 201, 202, 204, 299].map((status) => ({ kind: 'accepted', status, duration_ms: 0 }))],
  ['3xx: nothing is followed', [300, 301, 302, 303, 304, 307, 308, 399].map((status) => answer(status))],
  ['410', [answer(410)]],
  ['408, 425 and every other 4xx', [400, 401, 403, 404, 408, 409, 422, 425, 451, 499].map((status) => answer(status))],
  ['429', [answer(429)]],
  ['502, 504', [answer(502), answer(504)]],
  ['500, 503 and every other 5xx', [500, 501, 503, 505, 599].map((status) => answer(status))],
  [
    'none, for whatever reason',
    (Object.keys(UNREACHABLE) as UnreachableReason[]).map((reason) => ({
      kind: 'unreachable',
      reason,
      duration_ms: 0,
    })),
  ],
];

function verdictRow([name, outcomes]: (typeof VERDICTS)[number]): string {
  const [what, ...others] = new Set(outcomes.map(follows));
  expect(others).toEqual([]);
  return row(name, what ?? '');
}

function probeRows(): string[] {
  const now = new Date(NOW);
  const wait = (probes: number, jitter: number): number =>
    Math.round((probeAfter(probes, { now, jitter }) - NOW) / 1000);
  return Array.from({ length: 9 }, (_, i) => {
    const [least, most] = [wait(i, 0), wait(i, 1)];
    return row(i === 8 ? 'every other' : i + 1, `${clock(least)} to ${clock(most)}`);
  });
}

test('the tables of the wire contract say what the code does', () => {
  expectMade('wire-contract.md', {
    schedules: (Object.keys(PRESETS) as (keyof typeof PRESETS)[]).map(scheduleOf).join('\n\n'),
    verdicts: table(['answer', 'what follows'], VERDICTS.map(verdictRow)),
    probes: table(['probe', 'comes after'], probeRows()),
    reasons: table(['reason', 'meaning'], [...reasonsIn(UNREACHABLE), ...reasonsIn(BLOCKED)]),
  });
});
