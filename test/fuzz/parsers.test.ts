import { beforeAll, expect, test } from '@jest/globals';
import { compilePattern, matches, PatternError } from '../../shared/domain/filter.ts';
import { compactJson, elementsOf, JsonTextError, membersOf } from '../../shared/domain/json-text.ts';
import { fuzz, SEED } from '../support/fuzz.ts';
import { bitten, mangled } from '../support/hostile-values.ts';
import { postable } from '../support/published.ts';

beforeAll(() => console.log(`FUZZ_SEED=${SEED}`));

const DEPTH = 101;

/** What the text means, or undefined where it is no JSON. */
function valueOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function unlessRefused<T>(refusal: typeof JsonTextError | typeof PatternError, run: () => T): T | undefined {
  try {
    return run();
  } catch (error) {
    if (error instanceof refusal) return undefined;
    throw error;
  }
}

test('whatever JSON.parse takes of a mangled event, the scanner reads alike or refuses by name', async () => {
  let read = 0;
  await fuzz(3_000, (chance) => {
    const { text } = chance.pick(SAMPLES);
    const hostile = chance.below(2) === 0 ? bitten(text, chance).toString() : mangled(JSON.parse(text), chance);
    const value = valueOf(hostile);
    if (value === undefined) return;
    const compact = unlessRefused(JsonTextError, () => compactJson(hostile, DEPTH));
    if (compact === undefined) return;
    read += 1;
    expect(JSON.parse(compact)).toEqual(value);
    if (Array.isArray(value)) expect(elementsOf(compact).map(valueOf)).toEqual(value);
    else if (typeof value === 'object' && value !== null) {
      const members = [...membersOf(compact)].map(([name, part]) => [name, valueOf(part)]);
      expect(new Map(members as [string, unknown][])).toEqual(new Map(Object.entries(value)));
    }
  });
  expect(read).toBeGreaterThan(0);
});

const [first, ...others] = postable;
if (first === undefined) throw new Error('nothing is published');
const SAMPLES = [first, ...others] as const;

const PATTERNS: readonly [unknown, ...unknown[]] = [
  { data: { center_id: ['c1', 'c2'], amount: [{ numeric: ['>', 100, '<=', 200] }] } },
  { data: { id: [{ prefix: 'a' }, { suffix: 'z' }, { 'equals-ignore-case': 'MID' }, { wildcard: 'a*b*c' }] } },
  { $or: [{ 'a.b': [{ exists: false }] }, { a: { c: [{ 'anything-but': ['x', 'y'] }] } }], b: [null, true, 7] },
  { ip: ['10.0.0.1', { cidr: '10.0.0.0/24' }, { cidr: '2001:db8::/32' }], x: [{ exactly: 'x' }] },
  { a: [{ 'anything-but': { prefix: ['a', 'b'] } }, { prefix: { 'equals-ignore-case': 'é' } }, { exists: true }] },
];

test('any pattern compiles or is refused by a pointer, and any event passes it or does not', async () => {
  let compiled = 0;
  await fuzz(3_000, (chance) => {
    const hostile = chance.below(3) === 0 ? bitten(JSON.stringify(chance.pick(PATTERNS)), chance).toString() : mangled(chance.pick(PATTERNS), chance); // prettier-ignore
    const value = valueOf(hostile);
    if (value === undefined) return;
    const pattern = unlessRefused(PatternError, () => compilePattern(value));
    if (pattern === undefined) return;
    compiled += 1;
    const event = valueOf(mangled(JSON.parse(chance.pick(SAMPLES).text), chance));
    expect(typeof matches(pattern, event)).toBe('boolean');
    expect(typeof matches(pattern, value)).toBe('boolean');
  });
  expect(compiled).toBeGreaterThan(0);
});
