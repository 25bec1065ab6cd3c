import { seeded, type Seeded } from './seeded.ts';

const SPACES = ['', '', '', ' ', '\t', '\n', '\r', '\r\n  ', ' \t \n'] as const;
const NUMBERS = [
  '0',
  '-0',
  '199.00',
  '1.0e2',
  '820982911946154508',
  '1E400',
  '-1e-7',
  '2E+05',
  '12345678901234567890.5',
] as const;
const WORDS = ['true', 'false', 'null'] as const;
const PIECES = [
  'a', 'B', '7', ' ', '  ', '{', '}', '[', ']', ':', ',', 'é', '東', '🚀', '\u2028', '\u007f', '/', "'",
  String.raw`\"`, String.raw`\\`, String.raw`\/`, String.raw`\n`, String.raw`\u0041`, String.raw`\u0022`, String.raw`\ud83d\ude80`, String.raw`\ud800`,
] as const; // prettier-ignore

const MOST_PARTS = 5;
const DEEPEST = 6;

const stringFrom = (chance: Seeded): string =>
  `"${Array.from({ length: chance.below(6) }, () => chance.pick(PIECES)).join('')}"`;

const partsFrom = (chance: Seeded, part: () => string): string => {
  const space = (): string => chance.pick(SPACES);
  return Array.from({ length: chance.below(MOST_PARTS) }, () => `${space()}${part()}${space()}`).join(',');
};

function objectFrom(chance: Seeded, depth: number): string {
  const names = new Set<string>();
  const members = partsFrom(chance, () => {
    let name = stringFrom(chance);
    // Two names are the same when they read the same, however they are spelt.
    while (names.has(String(JSON.parse(name)))) name = `${name.slice(0, -1)}${names.size}"`;
    names.add(String(JSON.parse(name)));
    return `${name}${chance.pick(SPACES)}:${chance.pick(SPACES)}${valueFrom(chance, depth + 1)}`;
  });
  return `{${members || chance.pick(SPACES)}}`;
}

const arrayFrom = (chance: Seeded, depth: number): string =>
  `[${partsFrom(chance, () => valueFrom(chance, depth + 1)) || chance.pick(SPACES)}]`;

function valueFrom(chance: Seeded, depth: number): string {
  const kind = chance.below(depth < DEEPEST ? 7 : 3);
  if (kind === 0) return chance.pick(NUMBERS);
  if (kind === 1) return stringFrom(chance);
  if (kind === 2) return chance.pick(WORDS);
  return kind < 5 ? arrayFrom(chance, depth) : objectFrom(chance, depth);
}

/** A well-formed JSON text without duplicate names, full of what is hard to scan; always the same for one seed. */
export function randomJson(seed: number, kind: 'any' | 'object' = 'any'): string {
  const chance = seeded(seed);
  const value = kind === 'object' ? objectFrom(chance, 0) : valueFrom(chance, 0);
  return `${chance.pick(SPACES)}${value}${chance.pick(SPACES)}`;
}
