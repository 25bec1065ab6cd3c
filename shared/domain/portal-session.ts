import { createHmac, timingSafeEqual } from 'node:crypto';
import * as z from 'zod';
import { SCOPES, type Key, type Scope } from './key.ts';

/** What a session may be given: whatever a subscriber does for himself. He posts no events and makes no keys. */
export const SESSION_SCOPES = ['events:read', 'subscriptions:read', 'subscriptions:write'] as const satisfies Scope[];

const Session = z.object({
  id: z.string(),
  tenant: z.string(),
  scopes: z.array(z.enum(SCOPES)),
  created_at: z.iso.datetime(),
  expires_at: z.iso.datetime(),
});

/** A short-lived key of one tenant. Nothing is kept of it: whoever has its text and the deployment's key knows all of it. */
export type Session = z.infer<typeof Session>;

const PREFIX = 'pst_';

const tagOf = (content: string, key: Buffer): string => createHmac('sha256', key).update(content).digest('base64url');

/** The text that is sent as a key. It has no dot and two parts, so that nobody takes it for an access key's. */
export function sessionText(session: Session, key: Buffer): string {
  const content = Buffer.from(JSON.stringify(session)).toString('base64url');
  return `${PREFIX}${content}~${tagOf(content, key)}`;
}

export const isSessionText = (text: string): boolean => text.startsWith(PREFIX);

/** The session as a key, or undefined where the text is none of ours, or its time is over. */
export function sessionIn(text: string, { key, now }: { key: Buffer; now: Date }): Key | undefined {
  const [content = '', tag = ''] = text.slice(PREFIX.length).split('~');
  const [given, right] = [Buffer.from(tag), Buffer.from(tagOf(content, key))];
  if (given.length !== right.length || !timingSafeEqual(given, right)) return undefined;
  const session = Session.parse(JSON.parse(Buffer.from(content, 'base64url').toString()));
  if (Date.parse(session.expires_at) <= now.getTime()) return undefined;
  const { id, tenant, scopes, created_at, expires_at } = session;
  return { id, name: 'portal session', scopes, tenant, created_at, expires_at, sha256: '' };
}
