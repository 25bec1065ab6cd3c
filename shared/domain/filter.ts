import {
  conditionOf,
  fail,
  into,
  isObject,
  isScalar,
  RESERVED,
  type Condition,
  type Json,
  type Place,
} from './filter-condition.ts';
import type { Scalar } from './filter-options.ts';

export { PatternError } from './filter-condition.ts';

/**
 * Event patterns as Amazon EventBridge reads them: the language of a subscription's filter and of a bus's rules.
 * https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html
 *
 * A pattern sets conditions for some paths of an event; each choice among its `$or`s is a branch of its own. An event matches
 * when all conditions of one branch hold at once, in values that do not come from different elements of one array.
 * Both halves are written by strangers: the work is bounded by the size of the event times that of the pattern.
 */

const MOST_BRANCHES = 64;
/** AWS refuses such patterns as well, and says as little of where its limit is. */
const MOST_ALONE = 100;

/** A path of the pattern, and those that go on from it by one step. `conditions` are those of all branches. */
interface Path {
  readonly steps: Map<string, Path>;
  readonly conditions: Set<Condition>;
  rank: number;
}

interface Branch {
  conditions: ReadonlyMap<Path, Condition>;
  /** How many of the conditions want a value. */
  wanted: number;
}

export interface Pattern {
  readonly root: Path;
  readonly branches: readonly Branch[];
}

/* ---- Reading the pattern ---- */

/** A branch while it is read: its conditions by dotted path. */
type Draft = Map<string, Condition>;

/** Adds what `pattern` asks to every draft. Each `$or` in it makes several of one. */
function readMembers(pattern: unknown, place: Place, drafts: readonly Draft[]): readonly Draft[] {
  if (!isObject(pattern)) return fail(place, 'must be an object');
  const members = Object.entries(pattern);
  if (members.length === 0) fail(place, 'must not be an empty object');
  return members.reduce((sofar, [name, value]) => {
    if (name === '$or') return readOr(value, into(place, name, { inOr: true }), sofar);
    // `{"a.b": …}` is `{"a": {"b": …}}`, here and in the event.
    const inner = into(place, name, { path: [...place.path, ...name.split('.')] });
    if (place.inOr && RESERVED.has(name)) fail(inner, 'is an operator: a member inside $or cannot be called so');
    if (isObject(value)) return readMembers(value, inner, sofar);
    if (!Array.isArray(value)) return fail(inner, 'must be a list of values or an object');
    const condition = conditionOf(value, inner);
    // Where a path stands twice, as beside an `$or` and in it, AWS goes by what is written last.
    for (const draft of sofar) draft.set(inner.path.join('.'), condition);
    return sofar;
  }, drafts);
}

function readOr(options: unknown, place: Place, drafts: readonly Draft[]): readonly Draft[] {
  if (!Array.isArray(options) || options.length < 2) return fail(place, 'must be a list of two objects or more');
  const all: Draft[] = [];
  for (const [i, option] of options.entries()) {
    const copies = drafts.map((draft) => new Map(draft));
    all.push(...readMembers(option, into(place, i), copies));
    if (all.length > MOST_BRANCHES) fail(place, `makes more than ${MOST_BRANCHES} combinations`);
  }
  return all;
}

function expectCheap(conditions: Iterable<Condition>, place: Place): void {
  let alone = 0;
  for (const condition of conditions) alone += condition.alone;
  if (alone <= MOST_ALONE) return;
  fail(
    place,
    `holds more than ${MOST_ALONE} wildcards, anything-buts of an operator, and prefixes and suffixes in any case`,
  );
}

const newPath = (): Path => ({ steps: new Map(), conditions: new Set(), rank: 0 });

function pathTo(root: Path, name: string): Path {
  return name.split('.').reduce((path, step) => {
    const next = path.steps.get(step) ?? newPath();
    path.steps.set(step, next);
    return next;
  }, root);
}

function branchOf(draft: Draft, root: Path): Branch {
  const conditions = new Map([...draft].map(([name, condition]) => [pathTo(root, name), condition]));
  for (const [path, condition] of conditions) path.conditions.add(condition);
  return { conditions, wanted: [...conditions.values()].filter(({ mayBeAbsent }) => !mayBeAbsent).length };
}

/**
 * @param pattern parsed JSON. How long it may be is the caller's to say.
 * @throws PatternError where AWS refuses it too, and when it is nested over 100 deep, makes over 64 branches or holds over 100 slow operators
 */
export function compilePattern(pattern: unknown): Pattern {
  const all: Place = { pointer: [], path: [], inOr: false };
  const drafts = readMembers(pattern, all, [new Map()]);
  expectCheap(new Set(drafts.flatMap((draft) => [...draft.values()])), all);
  const root = newPath();
  const branches = drafts.map((draft) => branchOf(draft, root));
  const names = new Set(drafts.flatMap((draft) => [...draft.keys()]));
  for (const [rank, name] of [...names].sort().entries()) pathTo(root, name).rank = rank;
  return { root, branches };
}

/* ---- Reading the event: once, for all branches ---- */

/** An event as seen from a path: which conditions its values there pass, and what the objects there hold further on. */
interface View {
  path: Path;
  hasValue: boolean;
  passed: ReadonlySet<Condition>;
  objects: readonly (readonly View[])[];
}

/** Opens arrays, and those in them, without recursion. Objects outside of arrays are taken together as one. */
function open(values: readonly unknown[]): { scalars: Scalar[]; objects: Json[][] } {
  const scalars: Scalar[] = [];
  const objects = [values.filter(isObject)];
  const pending = values.filter((value) => !isObject(value));
  while (pending.length > 0) {
    const value = pending.pop();
    if (Array.isArray(value)) for (const element of value) pending.push(element);
    else if (isObject(value)) objects.push([value]);
    else if (isScalar(value)) scalars.push(value);
  }
  return { scalars, objects };
}

function viewFrom(path: Path, values: readonly unknown[]): View {
  const { scalars, objects } = open(values);
  const passed = new Set([...path.conditions].filter(({ test }) => scalars.some(test)));
  return { path, hasValue: scalars.length > 0, passed, objects: objects.map((each) => viewsInto(path, each)) };
}

function viewsInto(path: Path, objects: readonly Json[]): View[] {
  const found = new Map<Path, unknown[]>();
  for (const object of objects) {
    for (const name of Object.keys(object)) {
      const dot = name.indexOf('.');
      const next = path.steps.get(dot < 0 ? name : name.slice(0, dot));
      if (next === undefined) continue;
      const value = dot < 0 ? object[name] : { [name.slice(dot + 1)]: object[name] };
      const values = found.get(next);
      if (values) values.push(value);
      else found.set(next, [value]);
    }
  }
  return Array.from(found, ([next, values]) => viewFrom(next, values));
}

/* ---- Judging it: once for each branch ---- */

/** How a branch fares in a part of an event. */
interface Score {
  /** The lowest rank of its paths that have a value there. */
  first: number;
  /** How many of its conditions have the value they want; -Infinity when a value is not what a condition asks. */
  met: number;
}

const NOTHING: Score = { first: Infinity, met: 0 };
const both = (a: Score, b: Score): Score => ({ first: Math.min(a.first, b.first), met: a.met + b.met });

/**
 * Of two elements of an array, the one to choose. As with AWS the conditions are taken by path: the first that has a value
 * anywhere in the array chooses the element, and `{"exists": false}` looks at that element for paths behind it, but at the
 * whole array for paths before it.
 */
const better = (a: Score, b: Score): Score => (b.first < a.first || (b.first === a.first && b.met > a.met) ? b : a);

const scoreOfAll = (branch: Branch, views: readonly View[]): Score =>
  views.reduce((sum, view) => both(sum, scoreOf(branch, view)), NOTHING);

function scoreOf(branch: Branch, { path, hasValue, passed, objects }: View): Score {
  const inside = objects.reduce((best, views) => better(best, scoreOfAll(branch, views)), NOTHING);
  const condition = branch.conditions.get(path);
  if (condition === undefined || !hasValue) return inside;
  const met = condition.mayBeAbsent ? 0 : 1;
  return both({ first: path.rank, met: passed.has(condition) ? met : -Infinity }, inside);
}

/** @param event parsed JSON. What is no object matches nothing. */
export function matches({ root, branches }: Pattern, event: unknown): boolean {
  if (!isObject(event)) return false;
  const views = viewsInto(root, [event]);
  return branches.some((branch) => scoreOfAll(branch, views).met === branch.wanted);
}
