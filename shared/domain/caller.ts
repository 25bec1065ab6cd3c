import * as z from 'zod';
import { TenantId } from './id.ts';
import { Scope, type Key } from './key.ts';

/** Someone whom IAM knows, and what he may do here. */
const KnownCaller = z
  .strictObject({
    /** Of a role or a user: `arn:aws:iam::123456789012:role/billing`. */
    arn: z
      .string()
      .regex(/^arn:[\w-]+:iam::\d{12}:(?:role|user)\/[\w+=,.@/-]+$/, 'must be the ARN of a role or a user'),
    scopes: z.array(Scope).min(1),
    /** The one tenant that he sees; null for all. */
    tenant: TenantId.nullable(),
  })
  .refine(({ scopes, tenant }) => !scopes.includes('admin') || tenant === null, {
    path: ['tenant'],
    message: 'must be null: an admin is never bound to a tenant',
  });

/** `arn:aws:sts::1:assumed-role/billing/a-session` is a session of `arn:aws:iam::1:role/billing`, whatever that one's path is. */
const identityOf = (arn: string): string =>
  arn
    .replace(/^(arn:[\w-]+:)sts(::\d{12}:)assumed-role\/([^/]+)\/.*$/, '$1iam$2role/$3')
    .replace(/:(role|user)\/(?:.*\/)?([^/]+)$/, ':$1/$2');

/** The same name twice would leave it to chance which of them counts. */
const KnownCallers = z
  .array(KnownCaller)
  .min(1)
  .refine((callers) => new Set(callers.map(({ arn }) => identityOf(arn))).size === callers.length, {
    message: 'names one caller twice',
  });

/** How callers of the HTTP API are known: by our own keys, or by what the gateway has verified. */
export const Auth = z.discriminatedUnion('by', [
  z.strictObject({ by: z.literal('keys') }),
  /** `scopePrefix` stands before our scopes in the token's claim, as some issuers have it: `webhooks/events:write`. */
  z.strictObject({ by: z.literal('jwt'), scopePrefix: z.string() }),
  z.strictObject({ by: z.literal('iam'), callers: KnownCallers }),
]);
export type Auth = z.infer<typeof Auth>;
type By<B extends Auth['by']> = Extract<Auth, { by: B }>;

/** A tenant's name is never empty: who has this one sees none. */
const NO_TENANT = '';
const LONGEST_ID = 256;

const caller = (id: string, now: Date): Key => ({
  id,
  name: id,
  scopes: [],
  tenant: NO_TENANT,
  expires_at: null,
  created_at: now.toISOString(),
  sha256: '',
});

/** Claims as the gateway hands them over: every value is text, and a list is `[a b]`. */
export type Claims = Readonly<Record<string, unknown>>;

const Text = z.union([z.string(), z.number().transform(String)]);

const textIn = (claims: Claims, name: string): string | undefined => {
  const { success, data } = Text.safeParse(claims[name]);
  return success ? data : undefined;
};

const momentIn = (claims: Claims, name: string): string | undefined => {
  const seconds = Number(textIn(claims, name));
  return Number.isSafeInteger(seconds) && seconds < 1e11 ? new Date(seconds * 1000).toISOString() : undefined;
};

function scopesIn(claims: Claims, prefix: string): Scope[] {
  const words = (textIn(claims, 'scope') ?? '').replaceAll(/^\[|\]$/g, '').split(' ');
  return words
    .filter((word) => word.startsWith(prefix))
    .map((word) => Scope.safeParse(word.slice(prefix.length)).data)
    .filter((scope) => scope !== undefined);
}

/** `*` is all tenants, and has to be said: a claim that an issuer forgot must not open all of them. */
const tenantOf = (named: string | undefined): string | null =>
  named === '*' ? null : (TenantId.safeParse(named).data ?? NO_TENANT);

/** Who a verified token speaks for. An admin is for all tenants, so a token that names one does not make an admin. */
export function keyOfClaims(claims: Claims, { scopePrefix }: By<'jwt'>, now: Date): Key {
  const scopes = scopesIn(claims, scopePrefix);
  const named = textIn(claims, 'fanout_tenant') ?? textIn(claims, 'tenant');
  const isAdmin = scopes.includes('admin') && (named === undefined || named === '*');
  return {
    ...caller(`jwt:${textIn(claims, 'sub') ?? textIn(claims, 'client_id') ?? ''}`.slice(0, LONGEST_ID), now),
    scopes: scopes.filter((scope) => scope !== 'admin' || isAdmin),
    tenant: isAdmin ? null : tenantOf(named),
    created_at: momentIn(claims, 'iat') ?? now.toISOString(),
    expires_at: momentIn(claims, 'exp') ?? null,
  };
}

/** Who signed the request. Somebody whom the setting does not name has no scope and sees no tenant. */
export function keyOfIdentity(arn: string, { callers }: By<'iam'>, now: Date): Key {
  const known = callers.find((one) => identityOf(one.arn) === identityOf(arn));
  return { ...caller(arn, now), ...(known && { scopes: known.scopes, tenant: known.tenant }) };
}
