import { createHash } from 'node:crypto';
import * as z from 'zod';

export const TenantId = z
  .string()
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/,
    'must be 1 to 64 letters, digits, _ or -, and start with a letter or digit',
  );
export const EventId = z.string().regex(/^[A-Za-z0-9_:-]{1,128}$/, 'must be 1 to 128 letters, digits, _, : or -');

const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';
const TIME_CHARS = 10;
const OTHER_CHARS = 16;

/** Five bits a character, big end first, so that ids sort as their numbers do. */
function base32(value: bigint, length: number): string {
  let text = '';
  for (let rest = value; text.length < length; rest >>= 5n) text = (ALPHABET[Number(rest & 31n)] ?? '') + text;
  return text;
}

const sortable = (prefix: string, at: Date, bytes: Buffer): string =>
  `${prefix}_${base32(BigInt(at.getTime()), TIME_CHARS)}${base32(BigInt(`0x${bytes.toString('hex')}`), OTHER_CHARS)}`;

export type IdPrefix = 'evt' | 'sub' | 'key' | 'rpl' | 'itr' | 'test' | 'pst';

/** `prefix_` and 26 characters: 48 bits of time, then 80 of chance. `random` is 10 bytes, chosen by the caller. */
export const newId = (prefix: IdPrefix, at: Date, random: Buffer): string =>
  sortable(prefix, at, random.subarray(0, 10));

/**
 * The id of one event's delivery to one subscription: the same for every attempt, duplicate and replay, told from the
 * outside by nothing the caller chose, and without the dot that separates the parts of a signature's content.
 */
export function deliveryId(delivery: {
  tenant: string;
  eventId: string;
  subscriptionId: string;
  acceptedAt: string;
}): string {
  const { tenant, eventId, subscriptionId, acceptedAt } = delivery;
  const hash = createHash('sha256').update(`${tenant}\n${eventId}\n${subscriptionId}`).digest();
  return sortable('dlv', new Date(acceptedAt), hash.subarray(0, 10));
}

/** When the event of a delivery with this id was accepted, RFC 3339; undefined for what is no such id. */
export function acceptedAtOf(id: string): string | undefined {
  const time = /^dlv_([0-9a-hjkmnp-tv-z]{10})[0-9a-hjkmnp-tv-z]{16}$/.exec(id)?.[1];
  if (time === undefined) return undefined;
  const digits = Array.from(time, (char) => ALPHABET.indexOf(char));
  const milliseconds = digits.reduce((sum, digit) => sum * 32 + digit, 0);
  return new Date(milliseconds).toISOString();
}
