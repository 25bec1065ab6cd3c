/**
 * The ways of event patterns to look at one text that take more than a line. What is asked and what is looked at are both
 * written by strangers: each test reads its text once, however the two are chosen.
 */
export type TextTest = (text: string) => boolean;

/* ---- In whatever case ---- */

/** Each character's spellings. They may differ in length: ß is SS in capitals. */
const spellingsOf = (text: string): string[][] =>
  Array.from(text, (char) => [char, char.toLowerCase(), char.toUpperCase()]);

/** Where the spelt characters end when `text` starts with them, else -1. */
function endOf(spellings: readonly string[][], text: string): number {
  let end = 0;
  for (const spelling of spellings) {
    const char = spelling.find((each) => text.startsWith(each, end));
    if (char === undefined) return -1;
    end += char.length;
  }
  return end;
}

export function startsInAnyCase(prefix: string): TextTest {
  const spellings = spellingsOf(prefix);
  return (text) => endOf(spellings, text) >= 0;
}

export function equalsInAnyCase(wanted: string): TextTest {
  const spellings = spellingsOf(wanted);
  return (text) => endOf(spellings, text) === text.length;
}

export function endsInAnyCase(suffix: string): TextTest {
  const spellings = spellingsOf(suffix).reverse();
  return (text) => {
    let start = text.length;
    return spellings.every((spelling) => {
      const char = spelling.find((each) => text.endsWith(each, start));
      start -= char?.length ?? 0;
      return char !== undefined;
    });
  };
}

/* ---- Wildcards ---- */

/** The literal texts around the `*`s; `\*` and `\\` are literal. Undefined for `**` and for any other use of `\`. */
function piecesOf(wildcard: string): string[] | undefined {
  const pieces = [''];
  for (const [token] of wildcard.matchAll(/\\[*\\]|[^]/g)) {
    if (token === '\\') return undefined;
    if (token === '*') pieces.push('');
    else pieces.push((pieces.pop() ?? '') + token.slice(-1));
  }
  return pieces.slice(1, -1).includes('') ? undefined : pieces;
}

/**
 * Looks for the first `piece` from `from` on, by Knuth, Morris and Pratt: `indexOf` may read a text as many times as the piece
 * has characters.
 *
 * @returns where it ends, else Infinity
 */
function searchFor(piece: string): (text: string, from: number) => number {
  /** For each number of matched characters, how many still match when the last of them turns out wrong. */
  const shorter = [0, 0];
  const advance = (matched: number, char: number): number => {
    let length = matched;
    while (length > 0 && piece.charCodeAt(length) !== char) length = shorter[length] ?? 0;
    return piece.charCodeAt(length) === char ? length + 1 : 0;
  };
  for (let i = 1; i < piece.length; i++) shorter.push(advance(shorter[i] ?? 0, piece.charCodeAt(i)));

  return (text, from) => {
    let matched = 0;
    for (let i = from; i < text.length; i++) {
      matched = advance(matched, text.charCodeAt(i));
      if (matched === piece.length) return i + 1;
    }
    return Infinity;
  };
}

/** Undefined for a wildcard that is none: see `piecesOf`. */
export function likeWildcard(wildcard: string): TextTest | undefined {
  const [head, ...others] = piecesOf(wildcard) ?? [];
  const tail = others.pop();
  if (head === undefined) return undefined;
  if (tail === undefined) return (text) => text === head;
  const searches = others.map(searchFor);
  return (text) => {
    if (!text.startsWith(head) || !text.endsWith(tail)) return false;
    let end = head.length;
    // The first place where a piece fits leaves the most room for those behind it: there is nothing to come back for.
    for (const search of searches) end = search(text, end);
    return end <= text.length - tail.length;
  };
}

/* ---- Internet addresses ---- */

const hex = (value: number | bigint, length: number): string => value.toString(16).padStart(length, '0');

function digitsOf4(address: string): string | undefined {
  const octets = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(address)?.slice(1).map(Number);
  return octets?.every((octet) => octet < 256) ? octets.map((octet) => hex(octet, 2)).join('') : undefined;
}

function digitsOf6(address: string): string | undefined {
  // At most one `::`, which stands for at least one group of zeros.
  const halves = address.split('::').map((half) => (half === '' ? [] : half.split(':')));
  const groups = halves.flat();
  const zeros = 8 - groups.length;
  if (halves.length > 2 || (halves.length === 2 ? zeros < 1 : zeros !== 0)) return undefined;
  if (!groups.every((group) => /^[\da-f]{1,4}$/i.test(group))) return undefined;
  const [left, right = ''] = halves.map((half) => half.map((group) => hex(parseInt(group, 16), 4)).join(''));
  const digits = `${left}${'0000'.repeat(zeros)}${right}`;
  // An IPv4 address inside IPv6 is IPv4, as it is for AWS.
  return digits.startsWith(`${'0'.repeat(20)}ffff`) ? digits.slice(24) : digits;
}

const LONGEST_ADDRESS = 39;

/** An address as hexadecimal digits, 8 for IPv4 and 32 for IPv6. */
export const addressDigits = (address: string): string | undefined =>
  address.length > LONGEST_ADDRESS ? undefined : (digitsOf4(address) ?? digitsOf6(address));

/** Both ends included, as hexadecimal digits of one length. */
export interface AddressRange {
  lowest: string;
  highest: string;
}

/** An address, however it is spelt. Undefined when it is none. */
export function addressRange(address: string): AddressRange | undefined {
  const digits = addressDigits(address);
  return digits === undefined ? undefined : { lowest: digits, highest: digits };
}

/** Undefined for what is no range for AWS, which allows /0 to /31 in IPv4 and /0 to /127 in IPv6. */
export function cidrRange(range: string): AddressRange | undefined {
  const [, address = '', prefix = ''] = /^([^/]+)\/(\d{1,3})$/.exec(range) ?? [];
  const digits = addressDigits(address);
  if (digits === undefined || Number(prefix) >= digits.length * 4) return undefined;
  const size = 1n << BigInt(digits.length * 4 - Number(prefix));
  const lowest = (BigInt(`0x${digits}`) / size) * size;
  return { lowest: hex(lowest, digits.length), highest: hex(lowest + size - 1n, digits.length) };
}
