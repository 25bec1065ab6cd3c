import { readFileSync } from 'node:fs';

/** A row of the threat model in docs/security.md. */
export interface Threat {
  threat: string;
  holds: string;
  /** The tests that hold the line, or what is missing where none does. */
  line: { tests: { file: string; title: string }[] } | { missing: string };
}

const HEAD = /^\| threat +\| what holds +\| the test that holds the line +\|$/;
const OPEN = '**OPEN**';

const cellsOf = (line: string): string[] =>
  line
    .slice(1, -1)
    .split('|')
    .map((cell) => cell.trim());

const testsIn = (cell: string): { file: string; title: string }[] =>
  [...cell.matchAll(/`([^`›]+) › ([^`]+)`/g)].map(([, file = '', title = '']) => ({ file, title }));

function threatIn(line: string): Threat {
  const [threat = '', holds = '', held = ''] = cellsOf(line);
  const isOpen = held.startsWith(OPEN);
  return { threat, holds, line: isOpen ? { missing: held.slice(OPEN.length).trim() } : { tests: testsIn(held) } };
}

/** The threats that docs/security.md names, in its order. */
export function readThreats(): Threat[] {
  const lines = readFileSync(new URL('../../docs/security.md', import.meta.url), 'utf8').split('\n');
  const head = lines.findIndex((line) => HEAD.test(line));
  if (head < 0) throw new Error('docs/security.md has no table of threats');
  const below = lines.slice(head + 2);
  return below.slice(0, below.indexOf('')).map(threatIn);
}
