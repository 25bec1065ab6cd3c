export const SHOWN_BYTES = 1024;

const INVISIBLE = /[\p{Cc}\p{Cf}\p{Co}\p{Cs}]/gu;
const escaped = (character: string): string => `\\u{${character.codePointAt(0)?.toString(16)}}`;

/**
 * The first kilobyte of a body as one printable line: white space becomes one space, invalid UTF-8 a replacement mark,
 * and what would act on a terminal or turn text around is written as its code point. Undefined when nothing is left.
 */
export function printable(body: Buffer): string | undefined {
  const cut = body.length > SHOWN_BYTES;
  const text = new TextDecoder().decode(body.subarray(0, SHOWN_BYTES), { stream: cut }); // streaming forgives a character cut in two
  const line = text.replace(/\s+/g, ' ').trim().replace(INVISIBLE, escaped);
  if (line === '') return undefined;
  // What was written out anew, or could not be decoded, is longer than it came, and a table charges by the byte.
  return new TextDecoder().decode(Buffer.from(line).subarray(0, SHOWN_BYTES), { stream: true });
}
