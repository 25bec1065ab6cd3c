import { readFileSync, writeFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { BLOCKED, UNREACHABLE } from '../../shared/domain/outcome.ts';
import { PRESETS, type RetryPolicy } from '../../shared/domain/retry.ts';

/* The tables of docs/wire-contract.md are made from the code. `npm run docs` writes them; without it, this test compares. */

const FILE = new URL('../../docs/wire-contract.md', import.meta.url);

const clock = (seconds: number): string => {
  const [h, m, s] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  return [h, m, s].map((part) => String(part).padStart(2, '0')).join(':');
};

const row = (...cells: readonly (string | number)[]): string => `| ${cells.join(' | ')} |`;
const table = (head: readonly string[], rows: readonly string[]): string =>
  [row(...head), row(...head.map(() => '---')), ...rows].join('\n');

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

const MADE: Readonly<Record<string, string>> = {
  schedules: (Object.keys(PRESETS) as (keyof typeof PRESETS)[]).map(scheduleOf).join('\n\n'),
  reasons: table(['reason', 'meaning'], [...reasonsIn(UNREACHABLE), ...reasonsIn(BLOCKED)]),
};

/** The document with each made part in its place, between the comments that name it. */
const filled = (document: string): string =>
  Object.entries(MADE).reduce(
    (text, [name, made]) =>
      text.replace(
        new RegExp(`(<!-- made: ${name} -->\n)[^]*?(\n<!-- end -->)`),
        (_, before: string, after: string) => `${before}\n${made}\n${after}`,
      ),
    document,
  );

/** Prettier pads the columns of tables; what they say is the same. */
const unpadded = (text: string): string => text.replaceAll(/ +/g, ' ').replaceAll(/-{3,}/g, '---');

test('the tables of the wire contract say what the code does', () => {
  const document = readFileSync(FILE, 'utf8');
  if (process.env['WRITE_DOCS'] === '1') writeFileSync(FILE, filled(document));
  for (const name of Object.keys(MADE)) expect(document).toContain(`<!-- made: ${name} -->`);
  expect(unpadded(readFileSync(FILE, 'utf8'))).toBe(unpadded(filled(document)));
});
