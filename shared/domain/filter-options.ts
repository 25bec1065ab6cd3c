import { addressDigits, type AddressRange, type TextTest } from './text-match.ts';

export type Scalar = string | number | boolean | null;
export type Test = (value: Scalar) => boolean;

/** A place on a line: before, at or after `at`. */
interface Place<T> {
  at: T;
  tie: -1 | 0 | 1;
}
export interface Range<T> {
  from: Place<T>;
  to: Place<T>;
}

/**
 * One thing that a value may be. All of a condition that are of one kind are asked together, so that five hundred of them cost about
 * what one does: a stranger writes the list, and another one the values.
 */
export type Option =
  | { kind: 'equal'; value: Scalar }
  | { kind: 'prefix'; text: string }
  | { kind: 'suffix'; text: string }
  | { kind: 'in any case'; text: string; test: TextTest }
  | { kind: 'number'; range: Range<number> }
  | { kind: 'address'; range: AddressRange }
  | { kind: 'anything but'; values: ReadonlySet<Scalar> }
  | { kind: 'anything' }
  /** Asked by itself; how many of these there may be is limited. */
  | { kind: 'alone'; test: Test; count: number };

type Of<K extends Option['kind']> = Extract<Option, { kind: K }>;

/* ---- Ranges ---- */

const isBefore = <T extends number | string>(a: Place<T>, b: Place<T>): boolean =>
  a.at < b.at || (a.at === b.at && a.tie < b.tie);

/** Whether something lies in one of the ranges: of those that begin before it, only how far they reach together counts. */
function inOneOf<T extends number | string>(ranges: readonly Range<T>[]): (at: T) => boolean {
  const sorted = ranges.toSorted((a, b) => (isBefore(a.from, b.from) ? -1 : Number(isBefore(b.from, a.from))));
  const reach: Place<T>[] = [];
  for (const { to } of sorted) {
    const before = reach.at(-1);
    reach.push(before !== undefined && isBefore(to, before) ? before : to);
  }
  return (at) => {
    const place: Place<T> = { at, tie: 0 };
    let [low, high] = [0, sorted.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      const one = sorted[middle];
      if (one === undefined || isBefore(place, one.from)) high = middle;
      else low = middle + 1;
    }
    const end = reach[low - 1];
    return end !== undefined && !isBefore(end, place);
  };
}

/**
 * AWS compares digit by digit from the left, whatever the versions, and says yes as soon as it is certain. So `::/0` takes
 * 192.168.1.1, whose first digit lies between the bounds', and not 0.0.0.0, which ends before there is any difference.
 */
function addressTest(ranges: readonly AddressRange[]): TextTest {
  const cut = (digits: number, tie: 0 | 1): ((text: string) => boolean) =>
    inOneOf(
      ranges
        .filter(({ lowest }) => lowest.length === (tie === 0 ? digits : 32))
        .map(({ lowest, highest }) => ({
          from: { at: lowest.slice(0, digits), tie },
          to: { at: highest.slice(0, digits), tie: tie === 0 ? tie : -1 },
        })),
    );
  const [inIPv4, inIPv6, surelyInIPv6] = [cut(8, 0), cut(32, 0), cut(8, 1)];
  return (text) => {
    const digits = addressDigits(text);
    if (digits === undefined) return false;
    return inIPv4(digits.slice(0, 8)) || (digits.length === 8 ? surelyInIPv6(digits) : inIPv6(digits));
  };
}

/* ---- Texts ---- */

interface Node {
  next: Map<number, Node>;
  isEnd: boolean;
}

/** Whether a text begins with one of these; `unit` reads the text's nth code unit, from whichever end. */
function beginsWithOneOf(texts: readonly string[], unit: (text: string, n: number) => number): TextTest {
  const root: Node = { next: new Map(), isEnd: false };
  for (const text of texts) {
    let node = root;
    for (let n = 0; n < text.length; n++) {
      const next = node.next.get(unit(text, n)) ?? { next: new Map(), isEnd: false };
      node.next.set(unit(text, n), next);
      node = next;
    }
    node.isEnd = true;
  }
  return (text) => {
    let node: Node | undefined = root;
    for (let n = 0; node !== undefined; n++) {
      if (node.isEnd) return true;
      node = n < text.length ? node.next.get(unit(text, n)) : undefined;
    }
    return false;
  };
}

/** The same for all spellings of a text, and for some other texts: the test of who has the same says which. */
const folded = (text: string): string =>
  Array.from(text, (char) => char.toUpperCase().toLowerCase().toUpperCase()).join('');

/** A character is three code units of another spelling at most. */
const MOST_UNITS = 3;

function inAnyCase(options: readonly Of<'in any case'>[]): TextTest {
  const longest = MOST_UNITS * Math.max(...options.map(({ text }) => text.length));
  const byFold = Map.groupBy(options, ({ text }) => folded(text));
  return (text) => text.length <= longest && (byFold.get(folded(text))?.some(({ test }) => test(text)) ?? false);
}

/* ---- All of a condition ---- */

const onText =
  (test: TextTest): Test =>
  (value) =>
    typeof value === 'string' && test(value);

const first = (text: string, n: number): number => text.charCodeAt(n);
const last = (text: string, n: number): number => text.charCodeAt(text.length - 1 - n);

/** To be none of these or none of those is to be nothing that is in both. */
function noneOf(lists: readonly ReadonlySet<Scalar>[]): Test {
  const [list = new Set<Scalar>(), ...others] = lists;
  const refused = others.reduce((both, other) => both.intersection(other), list);
  return (value) => !refused.has(value);
}

function oneOf(values: readonly Scalar[]): Test {
  const set = new Set(values);
  return (value) => set.has(value);
}

/** One test for whether a value is any of these. */
export function anyOf(options: readonly Option[]): Test {
  const of = <K extends Option['kind']>(kind: K): Of<K>[] =>
    options.filter((option): option is Of<K> => option.kind === kind);
  const tests: Test[] = [];
  const add = <K extends Option['kind']>(kind: K, make: (found: Of<K>[]) => Test): void => {
    const found = of(kind);
    if (found.length > 0) tests.push(make(found));
  };
  add('anything', () => () => true);
  add('equal', (found) => oneOf(found.map(({ value }) => value)));
  add('anything but', (found) => noneOf(found.map(({ values }) => values)));
  add('number', (found) => {
    const test = inOneOf(found.map(({ range }) => range));
    // What is too large for a double has become Infinity, and AWS does not compare it.
    return (value) => typeof value === 'number' && Number.isFinite(value) && test(value);
  });
  add('address', (found) => onText(addressTest(found.map(({ range }) => range))));
  add('prefix', (found) => onText(beginsWithOneOf(found.map(({ text }) => text), first))); // prettier-ignore
  add('suffix', (found) => onText(beginsWithOneOf(found.map(({ text }) => text), last))); // prettier-ignore
  add('in any case', (found) => onText(inAnyCase(found)));
  tests.push(...of('alone').map(({ test }) => test));
  return (value) => tests.some((test) => test(value));
}

/** How many of them are asked by themselves. */
export const countAlone = (options: readonly Option[]): number =>
  options.reduce((sum, option) => sum + (option.kind === 'alone' ? option.count : 0), 0);
