import { describe, expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { compilePattern, matches, PatternError } from '../../shared/domain/filter.ts';

const passes = (pattern: unknown, event: unknown): boolean => matches(compilePattern(pattern), event);

/* ---- What AWS's own engine says: test/vectors/event-patterns.json says in "about" how it was made ---- */

interface Vector {
  id: string;
  category: string;
  expected: boolean | 'valid' | 'invalid';
  pattern?: unknown;
  event?: unknown;
  /** Where the spelling matters, what to parse instead. */
  patternText?: string;
  eventText?: string;
  quirk?: boolean;
  textOnly?: boolean;
}

const vectors: { total: number; cases: Vector[] } = JSON.parse(
  readFileSync(new URL('../vectors/event-patterns.json', import.meta.url), 'utf8'),
);

/** Where we answer otherwise on purpose. */
const DIFFERS: Record<string, string> = {
  'numeric-limits-0732':
    'AWS does not compare a number with more digits than a double holds; parsed JSON has no such digits',
  'numeric-limits-0733': 'AWS refuses a bound with more digits than a double holds; parsed JSON has no such digits',
  'invalid-11475': 'the engine takes an $or that holds an object for a member of this name; it can only be a mistake',
  'invalid-11496': 'the engine stops reading behind the first value; JSON.parse refuses text behind it',
  'invalid-11497': 'the engine stops reading behind the first value; JSON.parse refuses text behind it',
};

function verdictOn(vector: Vector): Vector['expected'] {
  const event: unknown = vector.eventText === undefined ? vector.event : JSON.parse(vector.eventText);
  try {
    const pattern = compilePattern(vector.patternText === undefined ? vector.pattern : JSON.parse(vector.patternText));
    return event === undefined ? 'valid' : matches(pattern, event);
  } catch (error) {
    if (error instanceof PatternError || error instanceof SyntaxError) return 'invalid';
    throw error;
  }
}

describe('as AWS answers', () => {
  const categories = Map.groupBy(vectors.cases, ({ category }) => category);

  test.each([...categories.keys()])('in every case of %s but the listed ones', (category) => {
    const cases = categories.get(category) ?? [];
    const differing = cases.filter((vector) => verdictOn(vector) !== vector.expected).map(({ id }) => id);
    expect(differing).toEqual(cases.map(({ id }) => id).filter((id) => Object.hasOwn(DIFFERS, id)));
  });

  test('and the list names only oddities and matters of spelling', () => {
    const excusable = vectors.cases.filter(({ quirk, textOnly }) => quirk || textOnly).map(({ id }) => id);
    expect(excusable).toEqual(expect.arrayContaining(Object.keys(DIFFERS)));
  });

  test('and all 1060 cases are there', () => {
    expect(vectors.cases).toHaveLength(1060);
    expect(new Set(vectors.cases.map(({ id }) => id)).size).toBe(vectors.total);
  });
});

/* ---- Values ---- */

test.each([
  ['a number is its value, however it was spelt', [300], JSON.parse('3.0e2'), true],
  ['a number is no text', [300], '300', false],
  ['true is no text', [true], 'true', false],
  ['null is a value', [null], null, true],
  ['a number that became infinite is above nothing', [{ numeric: ['>', 0] }], JSON.parse('1e400'), false],
  ['zero has no sign', [{ numeric: ['<', 0] }], -0, false],
  ['case is folded beyond ASCII', [{ 'equals-ignore-case': 'ÉTÉ' }], 'été', true],
  ['a letter of neither case is itself', [{ 'equals-ignore-case': 'ǅ' }], 'ǅ', true],
  ['capitals may be longer', [{ 'equals-ignore-case': 'Straße' }], 'STRASSE', true],
  ['a sigma equals a sigma wherever it stands', [{ 'equals-ignore-case': 'ΑΣ' }], 'ασ', true],
  ['letters beyond 16 bits have cases too', [{ 'equals-ignore-case': '𐐀' }], '𐐨', true],
  ['a shorter text is not equal in any case', [{ 'equals-ignore-case': 'abc' }], 'AB', false],
  ['a longer text is not equal in any case', [{ 'equals-ignore-case': 'abc' }], 'ABCD', false],
  ['a prefix in any case', [{ prefix: { 'equals-ignore-case': 'éc' } }], 'École', true],
  ['a prefix is longer than the text', [{ prefix: { 'equals-ignore-case': 'abc' } }], 'ab', false],
  ['a suffix in any case', [{ suffix: { 'equals-ignore-case': '.PnG' } }], 'a.pNg', true],
  ['a suffix is longer than the text', [{ suffix: { 'equals-ignore-case': 'abc' } }], 'bc', false],
  ['both ends of a wildcard need their own characters', [{ wildcard: 'ab*bc' }], 'abc', false],
  ['a wildcard may stand for nothing', [{ wildcard: 'ab*bc' }], 'abbc', true],
  ['the middle of a wildcard may not reach into its end', [{ wildcard: '*ab*b' }], 'xab', false],
  ['a wildcard tries a piece that starts over', [{ wildcard: '*aab*' }], 'aaab', true],
  ['a wildcard keeps the order of its pieces', [{ wildcard: '*b*a*' }], 'ab', false],
  ['an escaped star is a star', [{ wildcard: '*\\**' }], 'a*b', true],
  ['an escaped star is no wildcard', [{ wildcard: '*\\**' }], 'ab', false],
  ['an address is itself in any spelling', ['2001:db8::1'], '2001:0DB8:0:0:0:0:0:1', true],
  ['an address is no other address', ['10.0.0.1'], '10.0.0.2', false],
  ['an IPv4 address inside IPv6 is IPv4', [{ cidr: '10.0.0.0/8' }], '::ffff:a00:1', true],
  ['nine groups are no address', [{ cidr: '::/0' }], '1:2:3:4:5:6:7:8:9', false],
  ['a :: stands for something', [{ cidr: '::/0' }], '1:2:3:4::5:6:7:8', false],
  ['one :: is enough', [{ cidr: '::/0' }], '1::2::3', false],
  ['five digits are no group', [{ cidr: '::/0' }], '11111::', false],
  ['an octet ends at 255', [{ cidr: '10.0.0.0/8' }], '10.0.0.256', false],
] as const)('%s', (_, condition, value, expected) => {
  expect(passes({ data: { value: condition } }, { data: { value } })).toBe(expected);
});

/* ---- Paths ---- */

const LINES = [
  { sku: 'A', qty: 1 },
  { sku: 'B', qty: 2, note: 'x' },
];

test.each([
  ['all paths must hold', { a: ['1'], b: ['2'] }, { a: '1', b: '3' }, false],
  ['values of one element belong together', { lines: { sku: ['B'], qty: [2] } }, { lines: LINES }, true],
  ['values of two elements do not', { lines: { sku: ['A'], qty: [2] } }, { lines: LINES }, false],
  ['nor those of two arrays in one', { lines: { sku: ['A'], qty: [2] } }, { lines: [[LINES[0]], [LINES[1]]] }, false],
  [
    'values of different arrays do',
    { a: { x: [1] }, b: { x: [2] } },
    { a: [{ x: 1 }, { x: 2 }], b: [{ x: 1 }, { x: 2 }] },
    true,
  ],
  [
    'absence is of the chosen element',
    { lines: { qty: [1], sku: [{ exists: true }], zip: [{ exists: false }] } },
    { lines: LINES },
    true,
  ],
  [
    'a later path may be absent there alone',
    { lines: { qty: [1], sku: [{ exists: false }] } },
    { lines: [{ qty: 1 }, { sku: 'A' }] },
    true,
  ],
  [
    'an earlier path must be absent everywhere',
    { lines: { sku: [1], qty: [{ exists: false }] } },
    { lines: [{ sku: 1 }, { qty: 2 }] },
    false,
  ],
  [
    'an optional path may hold a value of its kind',
    { lines: { note: ['x', { exists: false }], sku: ['B'] } },
    { lines: LINES },
    true,
  ],
  ['and no other', { lines: { note: ['y', { exists: false }], sku: ['B'] } }, { lines: LINES }, false],
  ['an object is no value', { a: [{ exists: true }] }, { a: { b: 1 } }, false],
  ['nor is an empty array', { a: [{ exists: false }] }, { a: [] }, true],
  ['a path may be of a value and of objects', { a: ['x'], 'a.b': ['y'] }, { a: ['x', { b: 'y' }] }, true],
  ['dots in the pattern are steps', { 'a.b': { c: ['x'] } }, { a: { b: { c: 'x' } } }, true],
  ['dots in the event are steps', { a: { b: { c: ['x'] } } }, { a: { 'b.c': 'x' } }, true],
  ['dots and objects name parts of one thing', { a: { b: [1], c: [2] } }, { a: { b: 1 }, 'a.c': 2 }, true],
  ['the case of a name matters', { a: ['x'] }, { A: 'x' }, false],
  [
    'the branches of $or do not mix',
    {
      $or: [
        { a: [1], b: [1] },
        { a: [2], b: [2] },
      ],
    },
    { a: 1, b: 2 },
    false,
  ],
  ['$or goes along with what stands beside it', { c: [3], $or: [{ a: [1] }, { b: [2] }] }, { b: 2, c: 4 }, false],
  [
    'two $or are combined',
    { x: { $or: [{ a: [1] }, { b: [1] }] }, y: { $or: [{ a: [1] }, { b: [1] }] } },
    { x: { b: 1 }, y: { a: 1 } },
    true,
  ],
  ['what stands last counts for a path', { a: [1], $or: [{ a: [2] }, { b: [1] }] }, { a: 2 }, true],
] as const)('%s', (_, pattern, event, expected) => {
  expect(passes(pattern, event)).toBe(expected);
});

test.each([['a text'], [7], [null], [undefined], [[{ a: 'x' }]]])('an event that is %p matches nothing', (event) => {
  expect(passes({ a: [{ exists: false }] }, event)).toBe(false);
  expect(passes({ a: ['x'] }, event)).toBe(false);
});

describe.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'length', 'valueOf'])(
  'a member called %s',
  (name) => {
    const named = (value: unknown): unknown => JSON.parse(`{"${name}": ${JSON.stringify(value)}}`);

    test('is absent unless the event has it', () => {
      expect(passes(named([{ exists: false }]), { a: 1 })).toBe(true);
      expect(passes(named([{ exists: true }]), { a: 1 })).toBe(false);
      expect(passes({ a: named([{ exists: true }]) }, { a: ['x', { b: 1 }] })).toBe(false);
    });

    test('is data when it has it', () => {
      expect(passes(named(['x']), named('x'))).toBe(true);
      expect(passes(named(named(['x'])), named([named('x')]))).toBe(true);
      expect(passes({ a: named(['x']) }, { [`a.${name}`]: 'x' })).toBe(true);
    });

    test('changes nothing for other objects', () => {
      passes(named({ polluted: ['x'] }), named({ polluted: 'x' }));
      expect(passes({ polluted: [{ exists: true }] }, {})).toBe(false);
      expect(Object.hasOwn(Object.prototype, 'polluted')).toBe(false);
    });
  },
);

/* ---- The rule of arrays, against a reading of it that tries everything ---- */

interface Occurrence {
  value: unknown;
  /** For each array on the way, which of its elements. */
  elements: ReadonlyMap<unknown, number>;
}

function occurrencesIn(node: unknown, path = '', elements: Occurrence['elements'] = new Map()): [string, Occurrence][] {
  if (Array.isArray(node)) {
    return node.flatMap((each, i) => occurrencesIn(each, path, new Map([...elements, [node, i]])));
  }
  if (typeof node !== 'object' || node === null) return [[path, { value: node, elements }]];
  return Object.entries(node).flatMap(([name, inner]) =>
    occurrencesIn(inner, path === '' ? name : `${path}.${name}`, elements),
  );
}

/** `-` is for a path that may be absent. */
type Asked = [path: string, values: string[]];

/** Picks an occurrence for each path in turn, and comes back from every pick that leads nowhere. */
function holds(
  asked: readonly Asked[],
  all: readonly [string, Occurrence][],
  chosen: Occurrence['elements'] = new Map(),
): boolean {
  const [first, ...later] = asked;
  if (first === undefined) return true;
  const [path, values] = first;
  const open = all
    .filter(([at, { elements }]) => at === path && [...elements].every(([array, i]) => (chosen.get(array) ?? i) === i))
    .map(([, occurrence]) => occurrence);
  if (open.length === 0) return values.includes('-') && holds(later, all, chosen);
  return open.some(
    ({ value, elements }) =>
      typeof value === 'string' && values.includes(value) && holds(later, all, new Map([...chosen, ...elements])),
  );
}

/** The same numbers in every run (mulberry32). */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

type Tree = string[] | { [name: string]: Tree };

const asksOf = (tree: Tree, path = ''): Asked[] =>
  Array.isArray(tree)
    ? [[path, tree]]
    : Object.entries(tree).flatMap(([name, inner]) => asksOf(inner, path === '' ? name : `${path}.${name}`));

test('any event matches as if every choice of elements had been tried', () => {
  const random = randomFrom(20260801);
  const pick = (from: string): string => from[Math.floor(random() * from.length)] ?? '';
  const several = <T>(most: number, make: () => T): T[] =>
    Array.from({ length: Math.floor(random() * (most + 1)) }, make);
  const node = (depth: number): unknown => {
    if (depth === 0 || random() < 0.2) return pick('xy');
    if (random() < 0.6) return several(3, () => node(depth - 1));
    return Object.fromEntries(several(3, () => [pick('abc'), node(depth - 1)]));
  };
  const tree = (depth: number): Tree => {
    if (depth === 0 || random() < 0.3) return [pick('x-'), pick('xy-')];
    return Object.fromEntries([pick('ab'), pick('bc')].map((name) => [name, tree(depth - 1)]));
  };

  const tried = Array.from({ length: 5_000 }, () => {
    const asked = { a: tree(2), b: tree(1) };
    const pattern: unknown = JSON.parse(JSON.stringify(asked).replaceAll('"-"', '{"exists":false}'));
    const event = { a: node(5), b: node(4) };
    const inOrder = asksOf(asked).sort(([a], [b]) => (a < b ? -1 : 1));
    return { pattern, event, expected: holds(inOrder, occurrencesIn(event)), actual: passes(pattern, event) };
  });
  expect(tried.filter(({ expected, actual }) => expected !== actual)).toEqual([]);
  const matching = tried.filter(({ actual }) => actual).length;
  expect(Math.min(matching, tried.length - matching)).toBeGreaterThan(1_000);
});
