import { describe, expect, test } from '@jest/globals';
import { setTimeout } from 'node:timers/promises';
import { compilePattern, matches, PatternError } from '../../shared/domain/filter.ts';

const passes = (pattern: unknown, event: unknown): boolean => matches(compilePattern(pattern), event);

function faultOf(pattern: unknown): { pointer: string; detail: string } {
  try {
    compilePattern(pattern);
  } catch (error) {
    if (error instanceof PatternError) return { pointer: error.pointer, detail: error.detail };
    throw error;
  }
  throw new Error('the pattern was accepted');
}

/* ---- Refusals ---- */

test.each([
  ['', [], 'must be an object'],
  ['', {}, 'must not be an empty object'],
  ['/a', { a: 'x' }, 'must be a list of values or an object'],
  ['/a', { a: [] }, 'must list at least one value'],
  ['/a~1b/c~0d', { 'a/b': { 'c~d': {} } }, 'must not be an empty object'],
  ['/a/1', { a: ['x', []] }, 'must be a string, number, boolean, null or object with an operator'],
  ['/a/0', { a: [{ prefix: 'x', suffix: 'y' }] }, 'must have exactly one member, an operator'],
  [
    '/a/0/Prefix',
    { a: [{ Prefix: 'x' }] },
    'is no operator here: use one of prefix, suffix, equals-ignore-case, wildcard, anything-but, numeric, cidr, exists, exactly',
  ],
  [
    '/a/0/toString',
    { a: [{ toString: 'x' }] },
    'is no operator here: use one of prefix, suffix, equals-ignore-case, wildcard, anything-but, numeric, cidr, exists, exactly',
  ],
  ['/a/0/prefix', { a: [{ prefix: 1 }] }, 'must be a string'],
  ['/a/0/prefix/wildcard', { a: [{ prefix: { wildcard: 'x' } }] }, 'is no operator here: use equals-ignore-case'],
  ['/a/0/suffix/equals-ignore-case', { a: [{ suffix: { 'equals-ignore-case': 1 } }] }, 'must be a string'],
  [
    '/a/0/wildcard',
    { a: [{ wildcard: 'a**' }] },
    'must be a string without two * in a row and with \\ only before * or \\',
  ],
  [
    '/a/0/wildcard',
    { a: [{ wildcard: 'a\\b' }] },
    'must be a string without two * in a row and with \\ only before * or \\',
  ],
  ['/a/0/exists', { a: [{ exists: 'false' }] }, 'must be true or false'],
  [
    '/a/0/numeric',
    { a: [{ numeric: ['<', 5, '>', 1] }] },
    'must be a comparison such as ["=", 5], ["<", 5] or [">=", 0, "<", 10]',
  ],
  [
    '/a/0/numeric',
    { a: [{ numeric: ['>= <', 5] }] },
    'must be a comparison such as ["=", 5], ["<", 5] or [">=", 0, "<", 10]',
  ],
  [
    '/a/0/numeric',
    { a: [{ numeric: [['='], 5] }] },
    'must be a comparison such as ["=", 5], ["<", 5] or [">=", 0, "<", 10]',
  ],
  ['/a/0/numeric', { a: [{ numeric: ['>', 5, '<', 5] }] }, 'must have a lower bound that is below the upper one'],
  [
    '/a/0/cidr',
    { a: [{ cidr: '10.0.0.0/32' }] },
    'must be a range such as "10.0.0.0/24" (at most /31) or "2001:db8::/32" (at most /127)',
  ],
  [
    '/a/0/anything-but',
    { a: [{ 'anything-but': ['x', 1] }] },
    'must be strings only or numbers only, and at least one',
  ],
  ['/a/0/anything-but', { a: [{ 'anything-but': [] }] }, 'must be strings only or numbers only, and at least one'],
  [
    '/a/0/anything-but/numeric',
    { a: [{ 'anything-but': { numeric: ['=', 5] } }] },
    'is no operator here: use one of prefix, suffix, equals-ignore-case, wildcard',
  ],
  [
    '/a/0/anything-but/wildcard/1',
    { a: [{ 'anything-but': { wildcard: ['a*', 1] } }] },
    'must be a string without two * in a row and with \\ only before * or \\',
  ],
  ['/a/0/anything-but/prefix', { a: [{ 'anything-but': { prefix: ['a', ''] } }] }, 'must not be empty'],
  ['/a/0/anything-but/suffix', { a: [{ 'anything-but': { suffix: [] } }] }, 'must not be empty'],
  ['/$or', { $or: { a: ['x'] } }, 'must be a list of two objects or more'],
  ['/$or', { $or: [{ a: ['x'] }] }, 'must be a list of two objects or more'],
  ['/$or/1', { $or: [{ a: ['x'] }, 'y'] }, 'must be an object'],
  [
    '/$or/1/a/prefix',
    { $or: [{ a: ['x'] }, { a: { prefix: ['y'] } }] },
    'is an operator: a member inside $or cannot be called so',
  ],
] as const)('at %p it refuses %j: %s', (pointer, pattern, detail) => {
  expect(faultOf(pattern)).toEqual({ pointer, detail });
});

test.each([
  ...['exactly', 'equals-ignore-case', 'prefix', 'suffix', 'anything-but', 'exists', 'wildcard', 'numeric', 'cidr'],
  ...['=', '<', '<=', '>', '>=', 'regex', 'not-wildcard', 'not-equals-ignore-case', 'in-date-range'],
  ...['date-after', 'date-on-or-after', 'date-before', 'date-on-or-before'],
  ...['ip-address-in-range', 'ip-address-not-in-range'],
])('a member called %s is refused at any depth inside $or', (name) => {
  const detail = 'is an operator: a member inside $or cannot be called so';
  expect(faultOf({ $or: [{ [name]: ['x'] }, { a: ['x'] }] })).toEqual({ pointer: `/$or/0/${name}`, detail });
  expect(faultOf({ $or: [{ a: { [name]: ['x'] } }, { a: ['x'] }] })).toEqual({ pointer: `/$or/0/a/${name}`, detail });
});

test('an operator may be the name of a member outside $or', () => {
  expect(passes({ numeric: { prefix: ['x'] } }, { numeric: { prefix: 'x' } })).toBe(true);
});

const nested = (depth: number, innermost: unknown): unknown =>
  Array.from({ length: depth }).reduce((inner) => ({ a: inner }), innermost);

test('a pattern may be nested 100 levels deep', () => {
  expect(passes(nested(99, ['x']), nested(99, 'x'))).toBe(true);
  expect(passes({ [Array(100).fill('a').join('.')]: ['x'] }, nested(100, 'x'))).toBe(true);
});

test.each([
  ['objects', nested(100, ['x'])],
  ['operators', nested(98, [{ prefix: { 'equals-ignore-case': 'x' } }])],
  ['steps of a dotted name', { [Array(101).fill('a').join('.')]: ['x'] }],
  ['any number of them', nested(50_000, ['x'])],
])('but no deeper: %s', (_, pattern) => {
  expect(faultOf(pattern).detail).toBe('is nested more than 100 levels deep');
});

/** 2 to the power of `count` branches. */
const combined = (count: number): Record<string, unknown> =>
  Object.fromEntries(Array.from({ length: count }, (_, i) => [`k${i}`, { $or: [{ a: [1] }, { b: [1] }] }]));

test('64 combinations are allowed', () => {
  expect(compilePattern(combined(6)).branches).toHaveLength(64);
  expect(compilePattern({ $or: Array.from({ length: 64 }, () => ({ a: [1] })) }).branches).toHaveLength(64);
});

test.each([
  ['/$or', { $or: Array.from({ length: 65 }, () => ({ a: [1] })) }],
  ['/k6/$or', combined(7)],
  ['/k6/$or', combined(500)],
  ['/$or', { $or: [{ a: [1] }, combined(6)] }],
])('more are refused at %s', (pointer, pattern) => {
  expect(faultOf(pattern)).toEqual({ pointer, detail: 'makes more than 64 combinations' });
});

/* ---- Strangers: each of these ends within jest's time-out, and would not by trying everything ---- */

/** Jest looks at the clock between turns only: without one more turn, a test that waits for nothing is never late. */
const lettingTimeRunOut = (): Promise<void> => setTimeout(0);

describe('a hostile', () => {
  const pieces = '*a'.repeat(2_000);

  test('wildcard is not tried in every way', async () => {
    expect(passes({ s: [{ wildcard: `${pieces}*b` }] }, { s: 'a'.repeat(100_000) })).toBe(false);
    expect(passes({ s: [{ wildcard: `${pieces}*b*` }] }, { s: 'a'.repeat(100_000) })).toBe(false);
    expect(passes({ s: [{ wildcard: `${pieces}*` }] }, { s: 'a'.repeat(100_000) })).toBe(true);
    expect(passes({ s: [{ 'anything-but': { wildcard: [`${pieces}*b*`] } }] }, { s: 'a'.repeat(100_000) })).toBe(true);
    await lettingTimeRunOut();
  });

  test('piece of a wildcard is looked for in one go', async () => {
    // 4,001 comparisons at each of ten million places, were it compared anew at each.
    const piece = `${'a'.repeat(2_000)}b${'a'.repeat(2_000)}`;
    expect(passes({ s: [{ wildcard: `*${piece}*` }] }, { s: 'a'.repeat(10_000_000) })).toBe(false);
    await lettingTimeRunOut();
  });

  test('choice among arrays side by side is not made in all combinations', async () => {
    const names = Array.from('abcdefgh');
    const elements = Array.from({ length: 2_000 }, () => ({ x: 'y' }));
    const event = Object.fromEntries(names.map((name) => [name, elements]));
    const pattern = Object.fromEntries(names.map((name) => [name, { x: [name === 'h' ? 'z' : 'y'] }]));
    expect(passes(pattern, event)).toBe(false);
    await lettingTimeRunOut();
  });

  test('depth of arrays and objects in the event overflows nothing', async () => {
    const arrays: unknown = JSON.parse(`${'['.repeat(100_000)}{"b":"x"}${']'.repeat(100_000)}`);
    expect(passes({ a: { b: ['x'] } }, { a: arrays })).toBe(true);
    expect(passes({ a: { a: { a: ['x'] } } }, nested(100_000, 'x'))).toBe(false);
    expect(passes({ a: { a: ['x'] } }, { ['a.'.repeat(100_000)]: 'x' })).toBe(false);
    await lettingTimeRunOut();
  });

  test('list of many small elements costs the same for few paths and for many', async () => {
    const paths = Object.fromEntries(Array.from({ length: 600 }, (_, i) => [`p${i}`, [1]]));
    expect(passes({ s: { ...paths, ...combined(6) } }, { s: Array.from({ length: 80_000 }, () => ({})) })).toBe(false);
    await lettingTimeRunOut();
  });

  test('list of wildcards is not tried again for each of 64 branches', async () => {
    const wildcards = Array.from({ length: 100 }, (_, i) => ({ wildcard: `*b${i}*` }));
    expect(passes({ s: wildcards, ...combined(6) }, { s: 'b'.repeat(250_000) })).toBe(false);
    await lettingTimeRunOut();
  });

  test('list of address ranges reads each address once', async () => {
    const ranges = Array.from({ length: 400 }, (_, i) => ({ cidr: `10.0.${i % 256}.0/24` }));
    expect(passes({ ip: ranges }, { ip: Array.from({ length: 20_000 }, () => '192.168.1.1') })).toBe(false);
    await lettingTimeRunOut();
  });
});
