import type { Item } from '../../shared/store/database.ts';
import { QUEUES, type Recording } from './recording.ts';

/** Every kind of item, by its key. */
const KINDS: readonly [RegExp, string][] = [
  [/^SUB#/, 'subscription'],
  [/^INT#/, 'interest'],
  [/^KEY#/, 'access key'],
  [/^KEYS !admins$/, 'admins'],
  [/^KEYS /, 'listed access key'],
  [/^DEK#/, 'data key'],
  [/^EV#.* head$/, 'event'],
  [/^EV#.* matched#/, 'matched'],
  [/^OPEN#/, 'open marker'],
  [/^AT#/, 'attempt'],
  [/^DEAD#/, 'dead letter'],
  [/^COUNT#/, 'count'],
  [/^FOLD /, 'fold'],
  [/^STAT#/, 'hour of a subscription'],
  [/^USE#/, 'day of a tenant'],
];

/** What an item is. An attempt that is not settled is a claim. */
export function kindOf({ pk, sk, outcome }: Item): string {
  const kind = KINDS.find(([key]) => key.test(`${String(pk)} ${String(sk)}`))?.[1] ?? `unknown: ${String(pk)}`;
  return kind === 'attempt' && outcome === undefined ? 'claim' : kind;
}

const MOMENT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const SEALED = /^(?:[A-Za-z0-9+/]{4}){10,}(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** A key with its ids, moments and counts taken out, so that only how it is spelt is left. */
const spelling = (key: string): string =>
  key
    .split('#')
    .map((part, i) => {
      if (MOMENT.test(part)) return 'moment';
      if (/^(evt|sub|itr|key)_/.test(part)) return part.slice(0, 4);
      if (/^[0-9a-f]{16}$/.test(part)) return 'hash';
      return i === 0 ? part : part.replaceAll(/\d/g, '9').replaceAll(/[^9]+/g, 'name');
    })
    .join('#');

/** Finer than JavaScript's types, where a reader would go wrong: milliseconds are not seconds, and what is sealed has a length. */
function typeOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'number' && value > 1e9) return value > 1e12 ? 'milliseconds' : 'seconds';
  if (typeof value !== 'string') return value instanceof Set ? 'set' : typeof value;
  if (MOMENT.test(value)) return 'moment';
  return SEALED.test(value) ? `base64 of ${Buffer.from(value, 'base64').length} bytes` : 'string';
}

/** What a member is called, where it is not called by an id or a figure that is another one each time. */
const nameOf = (name: string, path: string): string => {
  if (path === '.counts') return '{tenant}';
  return name.replace(/^sub_.*$/, '{subscription}').replace(/^took_\d\d$/, 'took_99');
};

/** Every member of a value, however deep, with its type. */
function* membersOf(value: unknown, path = ''): Generator<[string, string]> {
  const isKey = path === '.pk' || path === '.sk';
  yield [path, isKey ? spelling(String(value)) : typeOf(value)];
  if (typeof value !== 'object' || value === null || value instanceof Set) return;
  for (const [name, member] of Object.entries(value)) {
    yield* membersOf(member, Array.isArray(value) ? `${path}[]` : `${path}.${nameOf(name, path)}`);
  }
}

/** The types of each member in all the values, and whether it may be absent. */
function shapeOf(values: readonly unknown[]): [string, string][] {
  const types = new Map<string, string[]>();
  const each = values.map((value) => [...membersOf(value)]);
  for (const [path, type] of each.flat()) types.set(path, [...(types.get(path) ?? []), type]);
  for (const [path, found] of types)
    if (each.some((members) => !members.some(([at]) => at === path))) found.push('absent');
  return [...types].map(([path, found]) => [path, [...new Set(found)].toSorted().join(' | ')]);
}

/** The shape of everything that a release writes: member by member, as `kind.path.of.member`, with its types. */
export function shapesIn({ tables, queues, most_deliveries_a_message }: Recording): Record<string, string> {
  const messages = QUEUES.map((name) => [`message in ${name}`, queues[name].map((body): unknown => JSON.parse(body))]);
  const items = Object.entries(Object.groupBy([...tables.control, ...tables.flow], kindOf));
  const kinds = [...messages, ...items] as [string, unknown[]][];
  return {
    ...Object.fromEntries(
      kinds.flatMap(([kind, values]) => shapeOf(values).map(([path, types]) => [`${kind}${path}`, types])),
    ),
    'deliveries of a message': `${most_deliveries_a_message} at most`,
  };
}
