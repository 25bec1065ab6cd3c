/**
 * JSON as text. A publisher's numbers (`820982911946154508`, `199.00`, `1.0e2`), key order and escapes survive only while
 * nobody parses and prints them again, so what travels is the text itself; values are read beside it, from the same text.
 *
 * Every function here expects text that `JSON.parse` has accepted: syntax is the parser's business, not the scanner's.
 */

/** What a well-formed JSON text may still do wrong. `pointer` is a JSON Pointer (RFC 6901) to the member at fault. */
export class JsonTextError extends Error {
  readonly code: 'duplicate_member' | 'nesting_too_deep';
  readonly pointer: string;
  constructor(code: 'duplicate_member' | 'nesting_too_deep', pointer: string) {
    super(`${code} at ${pointer || 'the top'}`);
    this.code = code;
    this.pointer = pointer;
  }
}

/** One open bracket: the member names seen so far, or undefined in an array, and where in it we are. */
interface Frame {
  names: Set<string> | undefined;
  at: string | number;
  expectsName: boolean;
}

const objectFrame = (): Frame => ({ names: new Set(), at: '', expectsName: true });
const arrayFrame = (): Frame => ({ names: undefined, at: 0, expectsName: false });

const escapePointer = (part: string | number): string => String(part).replaceAll('~', '~0').replaceAll('/', '~1');
const pointerOf = (frames: readonly Frame[]): string => frames.map(({ at }) => `/${escapePointer(at)}`).join('');

// Code units, because comparing numbers is several times cheaper than comparing one-letter strings.
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
/** Everything up to here is white space, outside strings. */
const SPACE = 0x20;

/** Where the string that opens at `start` ends: the index behind its closing quote. */
function endOfString(text: string, start: number): number {
  let end = start;
  for (;;) {
    end = text.indexOf('"', end + 1);
    let slashes = 0;
    while (text.charCodeAt(end - 1 - slashes) === BACKSLASH) slashes++;
    if (slashes % 2 === 0) return end + 1;
  }
}

const nameIn = (raw: string): string => (raw.includes('\\') ? String(JSON.parse(raw)) : raw.slice(1, -1));

function enterName(frames: readonly Frame[], name: string): void {
  const frame = frames.at(-1);
  if (frame?.names === undefined) return;
  frame.at = name;
  frame.expectsName = false;
  // `{"a":1,"a":2}` means something else to every reader, so a signature over it would vouch for nothing.
  if (frame.names.has(name)) throw new JsonTextError('duplicate_member', pointerOf(frames));
  frame.names.add(name);
}

function step(frame: Frame | undefined): void {
  if (frame === undefined) return;
  if (typeof frame.at === 'number') frame.at++;
  else frame.expectsName = true;
}

/**
 * The same tokens in the same order, without the white space between them.
 *
 * @param maxDepth how many brackets may be open at once
 * @throws JsonTextError for a member name that stands twice in one object (escapes resolved), or nesting over `maxDepth`
 */
export function compactJson(text: string, maxDepth: number): string {
  const frames: Frame[] = [];
  let kept = '';
  let from = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === QUOTE) {
      const end = endOfString(text, i);
      if (frames.at(-1)?.expectsName) enterName(frames, nameIn(text.slice(i, end)));
      i = end - 1;
    } else if (code === COMMA) {
      step(frames.at(-1));
    } else if (code === OPEN_OBJECT || code === OPEN_ARRAY) {
      if (frames.length === maxDepth) throw new JsonTextError('nesting_too_deep', pointerOf(frames));
      frames.push(code === OPEN_OBJECT ? objectFrame() : arrayFrame());
    } else if (code === CLOSE_OBJECT || code === CLOSE_ARRAY) {
      frames.pop();
    } else if (code <= SPACE) {
      kept += text.slice(from, i);
      from = i + 1;
    }
  }
  return kept + text.slice(from);
}

/** The texts between the commas directly inside the outermost bracket of `text`. */
function* partsOf(text: string): Generator<string> {
  let depth = 0;
  let from = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === QUOTE) i = endOfString(text, i) - 1;
    else if (code === OPEN_OBJECT || code === OPEN_ARRAY) {
      if (depth++ === 0) from = i + 1;
    } else if (code === CLOSE_OBJECT || code === CLOSE_ARRAY) depth--;
    const closes = depth === 0 && from > 0;
    if (!closes && (depth !== 1 || code !== COMMA)) continue;
    const part = text.slice(from, i).trim();
    if (part !== '') yield part;
    if (closes) return;
    from = i + 1;
  }
}

/**
 * The exact text of each member of the object `text`, nested white space included.
 *
 * @throws JsonTextError for a member that stands twice at this level
 */
export function membersOf(text: string): Map<string, string> {
  const members = new Map<string, string>();
  for (const part of partsOf(text)) {
    const nameEnd = endOfString(part, 0);
    const name = nameIn(part.slice(0, nameEnd));
    if (members.has(name)) throw new JsonTextError('duplicate_member', `/${escapePointer(name)}`);
    members.set(name, part.slice(part.indexOf(':', nameEnd) + 1).trimStart());
  }
  return members;
}

/** The exact text of each element of the array `text`. */
export const elementsOf = (text: string): string[] => [...partsOf(text)];

/**
 * A value as JSON in ASCII alone: what is beyond is written `\uXXXX`, which reads back the same. Queues differ in which
 * characters they take (the embedded one refuses emoji), and all of them take ASCII.
 */
export const asciiJson = (value: unknown): string =>
  JSON.stringify(value).replace(/[\u007f-\uffff]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
