import * as z from 'zod';
import { problems } from '../../shared/domain/problem.ts';
import { secretText } from '../../shared/domain/sign.ts';
import { Secret, type Subscription } from '../../shared/domain/subscription.ts';
import type { Answer, Request, Route } from '../../shared/runtime/http.ts';
import { subscriptionIn } from './found.ts';
import type { World } from './world.ts';

const SECRET_BYTES = 32;
const NO_STORE = { 'cache-control': 'no-store' };
const MOST_TRIES = 3;

/** A secret that nobody has. */
export const newSecret = (world: World): string => secretText(world.random(SECRET_BYTES));

export const sealSecret = (
  { tenant, id }: { tenant: string; id: string },
  secret: string,
  world: World,
): Promise<string> => world.vault.seal({ tenant, subscription: id, field: 'secret' }, secret);

async function reveal(request: Request, world: World): Promise<Answer> {
  const { tenant, id, sealed_secrets } = await subscriptionIn(request, world);
  const secret = await world.vault.open({ tenant, subscription: id, field: 'secret' }, sealed_secrets[0] ?? '');
  world.note('secret.revealed', { tenant, subscription_id: id });
  return { status: 200, body: { secret }, headers: NO_STORE };
}

const LONGEST_OVERLAP = 7 * 24 * 60 * 60;
const Rotation = z.strictObject({
  secret: Secret.optional(),
  overlap_seconds: z.number().int().min(0).max(LONGEST_OVERLAP).default(86_400),
});

/** The subscription with the new secret before its present one, which signs as well until then. Older ones go. */
function rotated(
  before: Subscription,
  sealed: string,
  until: string | undefined,
): Pick<Subscription, 'sealed_secrets' | 'previous_expires_at'> {
  const [current] = before.sealed_secrets;
  return until === undefined || current === undefined
    ? { sealed_secrets: [sealed], previous_expires_at: undefined }
    : { sealed_secrets: [sealed, current], previous_expires_at: until };
}

async function rotate(request: Request, world: World): Promise<Answer> {
  const { secret: given, overlap_seconds } = request.body(Rotation);
  const secret = given ?? newSecret(world);
  for (let round = 0; round < MOST_TRIES; round++) {
    const before = await subscriptionIn(request, world);
    const now = world.now();
    const until = overlap_seconds === 0 ? undefined : new Date(now.getTime() + overlap_seconds * 1000).toISOString();
    const after: Subscription = {
      ...before,
      ...rotated(before, await sealSecret(before, secret, world), until),
      updated_at: now.toISOString(),
      version: before.version + 1,
    };
    if (!(await world.subscriptions.replace(before, after))) continue;
    world.note('secret.rotated', { tenant: before.tenant, subscription_id: before.id, overlap_seconds });
    return { status: 200, body: { secret, previous_expires_at: until ?? null }, headers: NO_STORE };
  }
  throw problems.stale();
}

const ONE = '/v1/tenants/{tenant}/subscriptions/{id}/secret';

export const routes: readonly Route<World>[] = [
  { method: 'GET', path: ONE, needs: 'subscriptions:write', answer: reveal },
  { method: 'POST', path: `${ONE}/rotate`, needs: 'subscriptions:write', answer: rotate },
];
