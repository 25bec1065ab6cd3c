import { createPortalSession } from '../../shared/contract/tenants.ts';
import { newId } from '../../shared/domain/id.ts';
import { isSessionText, SESSION_SCOPES, sessionIn, sessionText } from '../../shared/domain/portal-session.ts';
import { problems } from '../../shared/domain/problem.ts';
import type { Answer, Authenticate, Request, Route } from '../../shared/runtime/http.ts';
import { expectNotErased } from './tenants.ts';
import type { World } from './world.ts';

const PURPOSE = 'portal sessions';

/** Takes portal sessions for keys as well. */
export const withSessions =
  (authenticate: Authenticate, { vault, now, tenants }: Pick<World, 'vault' | 'now' | 'tenants'>): Authenticate =>
  async (text, as) => {
    if (text === undefined || !isSessionText(text)) return authenticate(text, as);
    const session = sessionIn(text, { key: await vault.signingKey(PURPOSE), now: now() });
    if (session === undefined) throw problems.unauthorized();
    // Whoever has that name now, after an erasure, is not whom the session was made for.
    const tenant = await tenants.find(session.tenant ?? '');
    if (tenant === undefined || tenant.since > session.created_at) throw problems.unauthorized();
    return session;
  };

async function create(request: Request, world: World): Promise<Answer> {
  const { ttl_seconds, scopes = [...SESSION_SCOPES] } = request.body(createPortalSession.body.schema);
  const { tenant = '' } = request.params;
  await expectNotErased(tenant, world);
  const now = world.now();
  const expires_at = new Date(now.getTime() + ttl_seconds * 1000).toISOString();
  const id = newId('pst', now, world.random(10));
  const session = { id, tenant, scopes, created_at: now.toISOString(), expires_at };
  const token = sessionText(session, await world.vault.signingKey(PURPOSE));
  world.note('portal_session.created', { tenant, session_id: id, scopes: scopes.join(' '), expires_at });
  return {
    status: 200,
    body: { url: `${request.origin}/portal#token=${token}`, token, expires_at },
    headers: { 'cache-control': 'no-store' },
  };
}

export const routes: readonly Route<World>[] = [{ operation: createPortalSession, answer: create }];
