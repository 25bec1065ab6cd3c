import { describe, expect, test } from '@jest/globals';
import { compilePattern, matches, PatternError } from '../../shared/domain/filter.ts';
import { countSteps } from '../support/counted-steps.ts';

const LONGEST_FILTER = 8 * 1024;
const KB = 1024;

/** As many as fit into a filter of so many bytes. */
function filling(bytes: number, operator: (n: number) => unknown): unknown[] {
  const operators: unknown[] = [];
  let left = bytes - '{"a":[]}'.length;
  for (let n = 0; ; n++) {
    const one = operator(n);
    left -= JSON.stringify(one).length + 1;
    if (left < 0) return operators;
    operators.push(one);
  }
}

/** As many values as fit into an event of so many bytes. */
const valuesFor = (bytes: number, value: (n: number) => unknown): unknown[] => filling(bytes, value);

const ipv4 = (n: number): string => `10.${(n >> 16) & 255}.${(n >> 8) & 255}.${n & 255}`;
const short = (n: number): string => n.toString(36);

/** Each kind of operator, and values that none of a long list of it takes: the most that can be asked of it. */
const WORST: readonly [string, (n: number) => unknown, (n: number) => unknown][] = [
  ['values', (n) => n, (n) => -n - 1],
  ['texts', (n) => `a${short(n)}`, (n) => `b${short(n)}`],
  ['addresses', ipv4, (n) => `11.0.${(n >> 8) & 255}.${n & 255}`],
  ['prefixes', (n) => ({ prefix: `a${short(n)}!` }), (n) => `a${short(n)}`],
  ['suffixes', (n) => ({ suffix: `!${short(n)}a` }), (n) => `${short(n)}a`],
  ['texts in any case', (n) => ({ 'equals-ignore-case': `a${short(n)}` }), (n) => `b${short(n)}`],
  ['exact texts', (n) => ({ exactly: `a${short(n)}` }), (n) => `b${short(n)}`],
  ['numbers', (n) => ({ numeric: ['>', n, '<', n + 1] }), (n) => n],
  ['ranges', (n) => ({ cidr: `${ipv4(n * 256)}/24` }), (n) => `11.0.${(n >> 8) & 255}.${n & 255}`],
  ['anything-buts', (n) => ({ 'anything-but': ['x', `y${short(n)}`] }), () => 'x'],
  ['exists', () => ({ exists: false }), (n) => n],
];

function stepsOf(operators: readonly unknown[], values: readonly unknown[]): number {
  const pattern = compilePattern({ a: operators });
  return countSteps(() => expect(matches(pattern, { a: values })).toBe(false));
}

describe.each(WORST)('a filter full of %s', (_, operator, value) => {
  test('takes as many steps as one of a sixteenth of its size, but for halving', () => {
    const values = valuesFor(32 * KB, value);
    const few = stepsOf(filling(LONGEST_FILTER / 16, operator), values);
    const many = stepsOf(filling(LONGEST_FILTER, operator), values);
    expect(many).toBeLessThan(few * 1.5 + 100);
  });

  test('takes twice the steps for an event of twice the size', () => {
    const operators = filling(LONGEST_FILTER, operator);
    const once = stepsOf(operators, valuesFor(64 * KB, value));
    const twice = stepsOf(operators, valuesFor(128 * KB, value));
    expect(twice).toBeLessThan(once * 2.2 + 100);
  });
});

const SLOW: readonly [string, (n: number) => unknown][] = [
  ['wildcards', (n) => ({ wildcard: `*b${n}*` })],
  ['prefixes in any case', (n) => ({ prefix: { 'equals-ignore-case': `b${n}` } })],
  ['suffixes in any case', (n) => ({ suffix: { 'equals-ignore-case': `b${n}` } })],
];

describe.each(SLOW)('%s', (_, operator) => {
  const some = (count: number): unknown[] => Array.from({ length: count }, (_, n) => operator(n));

  test('are a hundred at most, in all paths and branches together', () => {
    expect(() => compilePattern({ a: some(50), $or: [{ b: some(25) }, { c: some(25) }] })).not.toThrow();
    const detail = /^the pattern holds more than 100 wildcards/;
    expect(() => compilePattern({ a: some(101) })).toThrow(PatternError);
    expect(() => compilePattern({ a: some(50), $or: [{ b: some(25) }, { c: some(26) }] })).toThrow(detail);
  });

  test('take three steps at most for each of them and each character', () => {
    const text = 'b'.repeat(32 * KB);
    expect(stepsOf(some(100), [text])).toBeLessThan(3.2 * 100 * text.length);
    const values = valuesFor(32 * KB, () => 'c');
    expect(stepsOf(some(100), values)).toBeLessThan(5 * 100 * values.length);
  });
});

test('every text that an anything-but refuses by an operator counts, and it itself', () => {
  const some = (count: number) => ({ a: [{ 'anything-but': { wildcard: Array.from({ length: count }, (_, n) => `${n}*`) } }] }); // prettier-ignore
  expect(() => compilePattern(some(99))).not.toThrow();
  expect(() => compilePattern(some(100))).toThrow(PatternError);
});

test('64 branches that ask different things of one path take a step each for a value, not for each other', () => {
  const pattern = compilePattern({ $or: Array.from({ length: 64 }, (_, n) => ({ s: { a: [n + 2] } })) });
  const steps = (count: number): number =>
    countSteps(() => matches(pattern, { s: Array.from({ length: count }, () => ({ a: 1 })) }));
  expect(steps(1_000)).toBeLessThan(64 * 6 * 1_000);
});

test('all spellings of a character are folded alike, so that none is missed among texts in any case', () => {
  const missed: string[] = [];
  for (let code = 0; code <= 0x10_ff_ff; code += 1) {
    if (code >= 0xd8_00 && code <= 0xdf_ff) continue;
    const char = String.fromCodePoint(code);
    if (char.toLowerCase() === char && char.toUpperCase() === char) continue;
    const pattern = compilePattern({ a: [{ 'equals-ignore-case': char }] });
    const spellings = [char, char.toLowerCase(), char.toUpperCase()];
    if (!spellings.every((a) => matches(pattern, { a }))) missed.push(char);
  }
  expect(missed).toEqual([]);
});
