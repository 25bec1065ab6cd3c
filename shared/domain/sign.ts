import { createHmac, createPrivateKey, createPublicKey, createSecretKey, sign, type KeyObject } from 'node:crypto';

/** How a subscription's requests are signed: by a secret that both sides have, or by a key of which one half is public. */
export const SIGNINGS = ['v1', 'v1a'] as const;
export type Signing = (typeof SIGNINGS)[number];

/** The length in bytes of what stands behind the prefix, for each kind of secret that Standard Webhooks 1.0 knows. */
const SECRETS = {
  v1: { prefix: 'whsec_', shortest: 24, longest: 64 },
  v1a: { prefix: 'whsk_', shortest: 32, longest: 32 },
} as const;
const PUBLIC_PREFIX = 'whpk_';

/** As regular expressions, for whoever writes a client. */
export const SECRET_PATTERNS: Readonly<Record<Signing, string>> = {
  // 24 to 63 bytes in whole groups of three, or with one or two bytes more; bits that mean nothing are zero.
  v1: 'whsec_(?:[A-Za-z0-9+/]{4}){8,21}(?:[A-Za-z0-9+/][AQgw]==)?|whsec_(?:[A-Za-z0-9+/]{4}){8,20}[A-Za-z0-9+/]{2}[AEIMQUYcgkosw048]=',
  v1a: 'whsk_(?:[A-Za-z0-9+/]{4}){10}[A-Za-z0-9+/]{2}[AEIMQUYcgkosw048]=',
};
/** Of a secret that is made here. */
export const SECRET_BYTES = 32;

export const secretText = (bytes: Buffer, signing: Signing = 'v1'): string =>
  SECRETS[signing].prefix + bytes.toString('base64');

/** What is in a secret's text, or undefined where it is none of that kind: wrong prefix, not padded base64, too short, too long. */
export function secretBytes(text: string, signing: Signing = 'v1'): Buffer | undefined {
  const { prefix, shortest, longest } = SECRETS[signing];
  if (!text.startsWith(prefix)) return undefined;
  const bytes = Buffer.from(text.slice(prefix.length), 'base64');
  if (secretText(bytes, signing) !== text || bytes.length < shortest || bytes.length > longest) return undefined;
  return bytes;
}

/** An Ed25519 private key is its seed behind this: RFC 8410, section 7. */
const ED25519_DER = Buffer.from('302e020100300506032b657004220420', 'hex');

/** An HMAC from a KeyObject costs a fifth of one from bytes, so whoever keeps a secret keeps it in this form. */
export function signingKey(secret: string): KeyObject {
  const bytes = secretBytes(secret, 'v1');
  if (bytes !== undefined) return createSecretKey(bytes);
  const seed = secretBytes(secret, 'v1a');
  if (seed === undefined) throw new Error('neither a whsec_ nor a whsk_ secret');
  return createPrivateKey({ key: Buffer.concat([ED25519_DER, seed]), format: 'der', type: 'pkcs8' });
}

/** The half of a `whsk_` secret that subscribers verify with. */
export function publicKeyText(secret: string): string {
  const { x = '' } = createPublicKey(signingKey(secret)).export({ format: 'jwk' });
  return PUBLIC_PREFIX + Buffer.from(x, 'base64url').toString('base64');
}

/** `at` is the moment of this attempt: receivers refuse a timestamp more than five minutes off their clock. */
export interface Signed {
  id: string;
  at: Date;
  body: string;
  keys: readonly KeyObject[];
}

/**
 * The three headers of Standard Webhooks 1.0, with one signature over `id.timestamp.body` for every active secret: `v1` is
 * HMAC-SHA256, `v1a` Ed25519.
 *
 * https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
 */
export function webhookHeaders({ id, at, body, keys }: Signed): Record<string, string> {
  const timestamp = String(Math.floor(at.getTime() / 1000));
  const content = `${id}.${timestamp}.${body}`;
  const signatures = keys.map((key) => signatureOf(content, key));
  return { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signatures.join(' ') };
}

const signatureOf = (content: string, key: KeyObject): string =>
  key.type === 'private'
    ? `v1a,${sign(null, Buffer.from(content), key).toString('base64')}`
    : `v1,${createHmac('sha256', key).update(content).digest('base64')}`;
