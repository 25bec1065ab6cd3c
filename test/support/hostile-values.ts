import type { Seeded } from './seeded.ts';

/** Texts that somebody wrote to see what breaks: keys of the table, ends of lines, prototypes, look-alikes, what is far too long. */
export const HOSTILE_TEXTS = [
  '', ' ', '.', '..', '../../keys', '%23', '%2523', '%2e%2e%2f', '#', 'a#b', 'SUB#sub_1', 'TENANT#acme', '\0', 'a\0b', '\r\nx-a: b', '\u2028', '\u0085',
  '\ud800', '\udc00a', '\u202eacme', 'аcme', 'ａｃｍｅ', 'e\u0301', '🚀'.repeat(40), '__proto__', 'constructor', 'toString', 'hasOwnProperty', 'null',
  'NaN', '-1', '0x10', '1e400', '9'.repeat(400), 'a'.repeat(129), 'a'.repeat(1_100), 'a'.repeat(3_000), '%', '%zz', '${jndi:ldap://x}', "' OR '1'='1",
  '9999-12-31T23:59:59-12:00', '0000-01-01T00:00:00+12:00', '2026-02-30T00:00:00Z', '2026-03-04T05:06:07Z', '2026-03-04T05:06:60Z',
  'dlv_zzzzzzzzzz0000000000000000', 'whsec_', 'whsec_AAAA', 'https://10.0.0.1/', 'https://[::ffff:7f00:1]/', 'https://a.example:99999/', 'http://', '*', 'group:', 'Guest.*',
] as const; // prettier-ignore

/** As JSON text, for some of them are no values that `JSON.stringify` writes. */
const HOSTILE_JSON = [
  'null', 'true', '0', '-0', '-1', '1.5', '1e400', '-1e400', '1e-400', '1e308', '123456789012345678901234567890', '[]', '{}', '[null]', '[[]]', '{"":""}',
  '{"__proto__":["x"]}', '{"constructor":{"prototype":["x"]}}', '{"toString":["x"]}', '{"length":1}', '{"then":1}', '{"toJSON":["x"]}', '{"$or":[]}', '{"a.b":[1],"a":{"b":[2]}}',
  `${'['.repeat(10_000)}${']'.repeat(10_000)}`, `${'{"a":'.repeat(10_000)}1${'}'.repeat(10_000)}`,
  `{${Array.from({ length: 2_000 }, (_, i) => `"k${i}":${i}`).join()}}`, `[${'0,'.repeat(5_000)}0]`,
] as const; // prettier-ignore

const escapedLone = (text: string): string => JSON.stringify(text);

export const hostileJson = (chance: Seeded): string =>
  chance.below(3) === 0 ? chance.pick(HOSTILE_JSON) : escapedLone(chance.pick(HOSTILE_TEXTS));

const NAMES = [
  '__proto__',
  'constructor',
  'toString',
  'toJSON',
  '',
  'a.b',
  '$or',
  'id',
  'x'.repeat(300),
  '\0',
  '#',
] as const;

/** A JSON text with one to three places of it made hostile, or taken away, or doubled. `value` is parsed JSON. */
export function mangled(value: unknown, chance: Seeded): string {
  const places = countOf(value);
  const at = new Set(Array.from({ length: 1 + chance.below(3) }, () => chance.below(places)));
  let place = -1;
  const write = (one: unknown): string => {
    place += 1;
    if (at.has(place)) return hostileJson(chance);
    if (Array.isArray(one)) return `[${one.map(write).join()}]`;
    if (typeof one !== 'object' || one === null) return JSON.stringify(one);
    return `{${Object.entries(one).flatMap(([name, inner]) => membersFor(name, inner)).join()}}`; // prettier-ignore
  };
  const membersFor = (name: string, inner: unknown): string[] => {
    const member = `${JSON.stringify(name)}:${write(inner)}`;
    const kind = chance.below(40);
    if (kind === 0) return [];
    if (kind === 1) return [member, member];
    if (kind === 2) return [member, `${JSON.stringify(chance.pick(NAMES))}:${hostileJson(chance)}`];
    return [member];
  };
  return write(value);
}

const countOf = (value: unknown): number =>
  typeof value === 'object' && value !== null
    ? Object.values(value).reduce((sum: number, one) => sum + countOf(one), 1)
    : 1;

const BYTES = [0x00, 0x09, 0x0a, 0x0d, 0x20, 0x22, 0x2c, 0x2d, 0x2e, 0x30, 0x39, 0x3a, 0x5b, 0x5c, 0x5d, 0x65, 0x75, 0x7b, 0x7d, 0x80, 0xc0, 0xed, 0xff] as const; // prettier-ignore

/** The text with some bytes of it changed, taken away, doubled or cut off. */
export function bitten(text: string, chance: Seeded): Buffer {
  let bytes = Buffer.from(text);
  for (let bites = 1 + chance.below(4); bites > 0; bites--) {
    const at = chance.below(bytes.length + 1);
    const length = chance.below(8);
    const kind = chance.below(5);
    const [before, after] = [bytes.subarray(0, at), bytes.subarray(at)];
    if (kind === 0) bytes = Buffer.concat([before, Buffer.from([chance.pick(BYTES)]), after]);
    else if (kind === 1) bytes = Buffer.concat([before, Buffer.from([chance.pick(BYTES)]), after.subarray(1)]);
    else if (kind === 2) bytes = Buffer.concat([before, after.subarray(length)]);
    else if (kind === 3) bytes = Buffer.concat([before, after.subarray(0, length), after]);
    else if (chance.below(4) === 0) bytes = Buffer.from(before);
  }
  return bytes;
}
