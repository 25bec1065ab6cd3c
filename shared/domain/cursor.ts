import { createHmac, timingSafeEqual } from 'node:crypto';

/** What a cursor holds good for: the route, the tenant and the filters of the list that gave it out. */
export interface List {
  name: string;
  key: Buffer;
}

const TAG_BYTES = 16;

const tagOf = ({ name, key }: List, position: string): Buffer =>
  createHmac('sha256', key).update(`${name}\n${position}`).digest().subarray(0, TAG_BYTES);

/** A position in a list, for the caller to hand back: opaque, and good for this list alone. */
export const cursorAt = (list: List, position: string): string =>
  Buffer.concat([tagOf(list, position), Buffer.from(position)]).toString('base64url');

/** The position in a cursor, or undefined where the cursor is not one of this list's. */
export function positionIn(list: List, cursor: string): string | undefined {
  const bytes = Buffer.from(cursor, 'base64url');
  // Decoding forgives what stands between and behind: one position has one cursor, and what is not that was tampered with.
  if (bytes.length <= TAG_BYTES || bytes.toString('base64url') !== cursor) return undefined;
  const position = bytes.subarray(TAG_BYTES).toString();
  return timingSafeEqual(tagOf(list, position), bytes.subarray(0, TAG_BYTES)) ? position : undefined;
}
