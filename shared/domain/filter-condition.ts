import { anyOf, countAlone, type Option, type Range, type Scalar, type Test } from './filter-options.ts';
import {
  addressRange,
  cidrRange,
  endsInAnyCase,
  equalsInAnyCase,
  likeWildcard,
  startsInAnyCase,
  type TextTest,
} from './text-match.ts';

/** The half of an event pattern that says what a value is to be, as `["open", {"prefix": "re"}]`. The other is `filter.ts`. */

export type Json = Readonly<Record<string, unknown>>;

/** What one path must give: a value that passes the test or, where `mayBeAbsent`, no value at all. */
export interface Condition {
  test: Test;
  mayBeAbsent: boolean;
  /** How many of its operators cost as much again for each of them. */
  alone: number;
}

/** Why something is no event pattern. `pointer` is a JSON Pointer (RFC 6901) to the part of it that is at fault. */
export class PatternError extends Error {
  readonly pointer: string;
  readonly detail: string;
  constructor(pointer: string, detail: string) {
    super(`${pointer || 'the pattern'} ${detail}`);
    this.pointer = pointer;
    this.detail = detail;
  }
}

const isString = (value: unknown): value is string => typeof value === 'string';
const isFiniteNumber = (value: unknown): value is number => Number.isFinite(value);
export const isScalar = (value: unknown): value is Scalar =>
  value === null || isString(value) || typeof value === 'number' || typeof value === 'boolean';
export const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/* ---- Where in the pattern we are ---- */

const DEEPEST = 100;

export interface Place {
  /** The way here through the pattern. */
  pointer: readonly (string | number)[];
  /** The way through an event to what is described here. */
  path: readonly string[];
  inOr: boolean;
}

export function fail({ pointer }: Place, detail: string): never {
  const parts = pointer.map((part) => `/${String(part).replaceAll('~', '~0').replaceAll('/', '~1')}`);
  throw new PatternError(parts.join(''), detail);
}

/** The place of a part of what is at `place`. `changes`: what is different there besides. */
export function into(place: Place, part: string | number, changes: Partial<Place> = {}): Place {
  const next = { ...place, ...changes, pointer: [...place.pointer, part] };
  // Compiling goes down the one by recursion, and matching the other.
  const depth = Math.max(next.pointer.length, next.path.length);
  return depth > DEEPEST ? fail(next, `is nested more than ${DEEPEST} levels deep`) : next;
}

/** The one member of an object that may have no other. */
function onlyMember(object: Json, outer: Place): { name: string; operand: unknown; place: Place } {
  const [member, ...others] = Object.entries(object);
  if (member === undefined || others.length > 0) return fail(outer, 'must have exactly one member, an operator');
  const [name, operand] = member;
  return { name, operand, place: into(outer, name) };
}

/* ---- Operators ---- */

type Operator = (operand: unknown, place: Place) => readonly Option[];

/** @param otherwise what to say when the operand is no string, or none that `make` takes */
const textOperator =
  (make: (operand: string) => Option | undefined, otherwise = 'must be a string'): Operator =>
  (operand, place) => {
    const option = isString(operand) ? make(operand) : undefined;
    return option ? [option] : fail(place, otherwise);
  };

const alone = (test: TextTest): Option => ({
  kind: 'alone',
  test: (value) => isString(value) && test(value),
  count: 1,
});

const PREFIX = textOperator((text) => ({ kind: 'prefix', text }));
const SUFFIX = textOperator((text) => ({ kind: 'suffix', text }));

function wildcardOption(wildcard: string): Option | undefined {
  const test = likeWildcard(wildcard);
  return test && alone(test);
}

/** Those that `anything-but` takes as well. */
const TEXT_OPERATORS = new Map<string, Operator>([
  ['prefix', PREFIX],
  ['suffix', SUFFIX],
  ['equals-ignore-case', textOperator((text) => ({ kind: 'in any case', text, test: equalsInAnyCase(text) }))],
  ['wildcard', textOperator(wildcardOption, 'must be a string without two * in a row and with \\ only before * or \\')],
]);

function choose(operators: ReadonlyMap<string, Operator>, name: string, place: Place): Operator {
  return operators.get(name) ?? fail(place, `is no operator here: use one of ${[...operators.keys()].join(', ')}`);
}

/** Takes `{"prefix": {"equals-ignore-case": "ab"}}` as well. */
const orInAnyCase =
  (operator: Operator, inAnyCase: (operand: string) => TextTest): Operator =>
  (operand, place) => {
    if (!isObject(operand)) return operator(operand, place);
    const inner = onlyMember(operand, place);
    if (inner.name !== 'equals-ignore-case') fail(inner.place, 'is no operator here: use equals-ignore-case');
    return textOperator((text) => alone(inAnyCase(text)))(inner.operand, inner.place);
  };

const anythingBut: Operator = (operand, place) => {
  if (!isObject(operand)) return [{ kind: 'anything but', values: new Set(alikeIn(operand, place)) }];
  const refused = textOptions(operand, place);
  const isRefused = anyOf(refused);
  return [{ kind: 'alone', test: (value) => !isRefused(value), count: 1 + countAlone(refused) }];
};

function alikeIn(operand: unknown, place: Place): Scalar[] {
  const values: unknown[] = Array.isArray(operand) ? operand : [operand];
  const alike: Scalar[] = isString(values[0]) ? values.filter(isString) : values.filter(isFiniteNumber);
  const isComplete = alike.length > 0 && alike.length === values.length;
  return isComplete ? alike : fail(place, 'must be strings only or numbers only, and at least one');
}

function textOptions(object: Json, outer: Place): Option[] {
  const { name, operand, place } = onlyMember(object, outer);
  const operator = choose(TEXT_OPERATORS, name, place);
  const texts: unknown[] = Array.isArray(operand) ? operand : [operand];
  // Every text starts and ends with the empty one.
  const refusesAll = (name === 'prefix' || name === 'suffix') && texts.includes('');
  if (texts.length === 0 || refusesAll) fail(place, 'must not be empty');
  return texts.flatMap((each, i) => operator(each, Array.isArray(operand) ? into(place, i) : place));
}

/** All numbers that compare so with the bound. */
const COMPARISONS = new Map<unknown, (at: number) => Range<number>>([
  ['=', (at) => ({ from: { at, tie: 0 }, to: { at, tie: 0 } })],
  ['<', (at) => ({ from: LOWEST, to: { at, tie: -1 } })],
  ['<=', (at) => ({ from: LOWEST, to: { at, tie: 0 } })],
  ['>', (at) => ({ from: { at, tie: 1 }, to: HIGHEST })],
  ['>=', (at) => ({ from: { at, tie: 0 }, to: HIGHEST })],
]);
const LOWEST = { at: -Infinity, tie: 0 } as const;
const HIGHEST = { at: Infinity, tie: 0 } as const;

const numeric: Operator = (operand, place) => {
  const terms: unknown[] = Array.isArray(operand) ? operand : [];
  const signs = terms.filter((_, i) => i % 2 === 0);
  const comparisons = signs.map((sign) => COMPARISONS.get(sign)).filter((comparison) => comparison !== undefined);
  const bounds = terms.filter(isFiniteNumber);
  const isComplete = terms.length === 2 * comparisons.length && terms.length === 2 * bounds.length;
  if (!isComplete || !/^(=|[<>]=?|>=? <=?)$/.test(signs.join(' '))) {
    fail(place, 'must be a comparison such as ["=", 5], ["<", 5] or [">=", 0, "<", 10]');
  }
  const [low = 0, high = Infinity] = bounds;
  if (low >= high) fail(place, 'must have a lower bound that is below the upper one');
  const [lower, upper = lower] = comparisons.map((compared, i) => compared(bounds[i] ?? NaN));
  return lower === undefined || upper === undefined
    ? []
    : [{ kind: 'number', range: { from: lower.from, to: upper.to } }];
};

const OPERATORS = new Map<string, Operator>([
  ...TEXT_OPERATORS,
  ['prefix', orInAnyCase(PREFIX, startsInAnyCase)],
  ['suffix', orInAnyCase(SUFFIX, endsInAnyCase)],
  ['anything-but', anythingBut],
  ['numeric', numeric],
  [
    'cidr',
    textOperator(cidrOption, 'must be a range such as "10.0.0.0/24" (at most /31) or "2001:db8::/32" (at most /127)'),
  ],
  // That it may also be absent is the condition's business: here there is a value.
  ['exists', exists],
  ['exactly', textOperator((value) => ({ kind: 'equal', value }))],
]);

function cidrOption(cidr: string): Option | undefined {
  const range = cidrRange(cidr);
  return range && { kind: 'address', range };
}

function exists(operand: unknown, place: Place): readonly Option[] {
  if (typeof operand !== 'boolean') return fail(place, 'must be true or false');
  return operand ? [{ kind: 'anything' }] : [];
}

function operatorOptions(expression: unknown, outer: Place): readonly Option[] {
  if (!isObject(expression)) return fail(outer, 'must be a string, number, boolean, null or object with an operator');
  const { name, operand, place } = onlyMember(expression, outer);
  return choose(OPERATORS, name, place)(operand, place);
}

/** An address stands for itself in any spelling. */
function plainOptions(value: Scalar, place: Place): readonly Option[] {
  // Printed again, as it is to be kept, it would be null.
  if (typeof value === 'number' && !isFiniteNumber(value)) fail(place, 'must be a number that a double can hold');
  const range = isString(value) ? addressRange(value) : undefined;
  return [{ kind: 'equal', value }, ...(range === undefined ? [] : [{ kind: 'address', range } as const])];
}

export function conditionOf(values: readonly unknown[], place: Place): Condition {
  if (values.length === 0) fail(place, 'must list at least one value');
  const options = values.flatMap((value, i) => {
    const inner = into(place, i);
    return isScalar(value) ? plainOptions(value, inner) : operatorOptions(value, inner);
  });
  return {
    test: anyOf(options),
    mayBeAbsent: values.some((value) => isObject(value) && value['exists'] === false),
    alone: countAlone(options),
  };
}

/** Names that AWS refuses inside `$or`, where an operator is easily taken for a member. Some are its plans for later. */
export const RESERVED = new Set<unknown>([
  ...OPERATORS.keys(),
  ...COMPARISONS.keys(),
  ...['regex', 'not-wildcard', 'not-equals-ignore-case', 'ip-address-in-range', 'ip-address-not-in-range'],
  ...['date-after', 'date-on-or-after', 'date-before', 'date-on-or-before', 'in-date-range'],
]);
