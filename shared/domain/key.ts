import { createHash, timingSafeEqual } from 'node:crypto';
import * as z from 'zod';
import { TenantId } from './id.ts';
import { problems } from './problem.ts';
import { text } from './text.ts';

export const SCOPES = ['events:write', 'events:read', 'subscriptions:read', 'subscriptions:write', 'admin'] as const;
export const Scope = z.enum(SCOPES);
export type Scope = z.infer<typeof Scope>;

const isScope = (text: string): text is Scope => SCOPES.some((scope) => scope === text);

/** A key as it is kept: its hash, never itself. A scope that only a later release knows lets it do nothing here. */
export const Key = z.object({
  id: z.string(),
  name: z.string(),
  scopes: z.array(z.string()).transform((scopes) => scopes.filter(isScope)),
  tenant: z.string().nullable(),
  expires_at: z.string().nullable(),
  created_at: z.string(),
  sha256: z.string(),
});
export type Key = z.infer<typeof Key>;

const adminIsUnbound = (key: { scopes?: readonly Scope[]; tenant?: string | null }): boolean =>
  !(key.scopes?.includes('admin') ?? false) || (key.tenant ?? null) === null;

/** The body of `POST /v1/keys`. */
export const NewKey = z
  .strictObject({
    name: text(1, 256),
    scopes: z.array(z.enum(SCOPES)).min(1),
    tenant: TenantId.nullable().optional(),
    expires_at: z.iso.datetime({ offset: true }).nullable().optional(),
  })
  .refine(adminIsUnbound, { path: ['tenant'], message: 'must be absent: an admin key is never bound to a tenant' })
  .meta({
    not: {
      required: ['scopes', 'tenant'],
      properties: {
        scopes: { type: 'array', items: { type: 'string' }, contains: { const: 'admin' } },
        tenant: { type: 'string' },
      },
    },
  });
export type NewKey = z.infer<typeof NewKey>;

/** The body of `PATCH /v1/keys/{id}`. A key's tenant cannot change. */
export const KeyPatch = z.strictObject({
  name: text(1, 256).optional(),
  scopes: z.array(z.enum(SCOPES)).min(1).optional(),
  expires_at: z.iso.datetime({ offset: true }).nullable().optional(),
});
export type KeyPatch = z.infer<typeof KeyPatch>;

/** The first admin key's id: it lives in the deployment's secret store and needs no item of its own. */
export const FIRST_KEY_ID = 'key_first';

export const hashOf = (text: string): string => createHash('sha256').update(text).digest('base64url');

/** In constant time, whatever the lengths: what is compared is always two hashes. */
export const sameHash = (a: string, b: string): boolean =>
  timingSafeEqual(createHash('sha256').update(a).digest(), createHash('sha256').update(b).digest());

/** A key names itself, so that its item is found without a search: `<id>.<secret>`. */
export const keyText = (id: string, secret: Buffer): string => `${id}.${secret.toString('base64url')}`;

/** The id inside a key, or undefined where it has none (as the first admin key has not). */
export const idInKey = (text: string): string | undefined => /^(key_[0-9a-z]{26})\.[A-Za-z0-9_-]{43}$/.exec(text)?.[1];

export const isLive = (key: Key, now: Date): boolean =>
  key.expires_at === null || Date.parse(key.expires_at) > now.getTime();

/** A key as callers see it. @param last_used_at null where it never was */
export const shownKey = (
  { id, name, scopes, tenant, expires_at, created_at }: Key,
  last_used_at: string | null,
): Record<string, unknown> => ({ id, name, scopes, tenant, expires_at, created_at, last_used_at });

/**
 * Whether this key may do this. A tenant it is not bound to does not exist for it, so that the answer tells nothing of it.
 *
 * @throws Problem 404 for another tenant, 403 for a missing scope
 */
export function authorize(key: Key, wanted: { scope: Scope; tenant?: string | undefined }): void {
  if (key.tenant !== null && wanted.tenant !== undefined && wanted.tenant !== key.tenant) throw problems.notFound();
  if (!key.scopes.includes('admin') && !key.scopes.includes(wanted.scope)) throw problems.missingScope(wanted.scope);
}
