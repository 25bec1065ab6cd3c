import { createHmac, createSecretKey, type KeyObject } from 'node:crypto';

const PREFIX = 'whsec_';
const SHORTEST = 24;
const LONGEST = 64;

/** `whsec_` and base64 of 24 to 64 bytes, as Standard Webhooks 1.0 writes symmetric secrets. */
export const secretText = (bytes: Buffer): string => PREFIX + bytes.toString('base64');

/** The key in a `whsec_` text, or undefined where it is none: wrong prefix, not padded base64, too short, too long. */
export function secretBytes(text: string): Buffer | undefined {
  if (!text.startsWith(PREFIX)) return undefined;
  const bytes = Buffer.from(text.slice(PREFIX.length), 'base64');
  if (secretText(bytes) !== text || bytes.length < SHORTEST || bytes.length > LONGEST) return undefined;
  return bytes;
}

/** An HMAC from a KeyObject costs a fifth of one from bytes, so whoever keeps a secret keeps it in this form. */
export function signingKey(secret: string): KeyObject {
  const bytes = secretBytes(secret);
  if (bytes === undefined) throw new Error('not a whsec_ secret');
  return createSecretKey(bytes);
}

/** `at` is the moment of this attempt: receivers refuse a timestamp more than five minutes off their clock. */
export interface Signed {
  id: string;
  at: Date;
  body: string;
  keys: readonly KeyObject[];
}

/**
 * The three headers of Standard Webhooks 1.0: `v1` is HMAC-SHA256 over `id.timestamp.body`, one for every active secret.
 *
 * https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
 */
export function webhookHeaders({ id, at, body, keys }: Signed): Record<string, string> {
  const timestamp = String(Math.floor(at.getTime() / 1000));
  const content = `${id}.${timestamp}.${body}`;
  const signatures = keys.map((key) => `v1,${createHmac('sha256', key).update(content).digest('base64')}`);
  return { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signatures.join(' ') };
}
