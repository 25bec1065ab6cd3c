import { getPublicKey, getSecret, OVERLAP, rotateSecret } from '../../shared/contract/subscriptions.ts';
import { problems } from '../../shared/domain/problem.ts';
import { publicKeyText, SECRET_BYTES, secretBytes, secretText, type Signing } from '../../shared/domain/sign.ts';
import type { Subscription } from '../../shared/domain/subscription.ts';
import type { Answer, Request, Route } from '../../shared/runtime/http.ts';
import { subscriptionIn } from './found.ts';
import type { World } from './world.ts';

const NO_STORE = { 'cache-control': 'no-store' };
const MOST_TRIES = 3;

/** The secret that is given, or one that nobody has. @throws Problem 422 where it is of another kind than the signature */
export function secretFor(signing: Signing, given: string | undefined, world: World): string {
  if (given === undefined) return secretText(world.random(SECRET_BYTES), signing);
  if (secretBytes(given, signing) !== undefined) return given;
  throw problems.invalid([{ pointer: '/secret', detail: `is no secret for the signature ${signing}` }]);
}

export const sealSecret = (
  { tenant, id }: { tenant: string; id: string },
  secret: string,
  world: World,
): Promise<string> => world.vault.seal({ tenant, subscription: id, field: 'secret' }, secret);

/** The current one. */
export const openSecret = ({ tenant, id, sealed_secrets }: Subscription, world: World): Promise<string> =>
  world.vault.open({ tenant, subscription: id, field: 'secret' }, sealed_secrets[0] ?? '');

async function reveal(request: Request, world: World): Promise<Answer> {
  const subscription = await subscriptionIn(request, world);
  const secret = await openSecret(subscription, world);
  world.note('secret.revealed', { tenant: subscription.tenant, subscription_id: subscription.id });
  return { status: 200, body: { secret }, headers: NO_STORE };
}

async function revealPublic(request: Request, world: World): Promise<Answer> {
  const subscription = await subscriptionIn(request, world);
  const { signing } = subscription;
  if (signing !== 'v1a')
    throw problems.conflict(`The subscription's signature is ${signing}, which has no public key.`);
  const secret = await openSecret(subscription, world);
  return { status: 200, body: { public_key: publicKeyText(secret) } };
}

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

/** Whose signature changes gets a secret of the new kind, and the old one signs for a day longer. */
export async function withSigning(before: Subscription, signing: Signing, world: World) {
  if (before.signing === signing) return {};
  const sealed = await sealSecret(before, secretFor(signing, undefined, world), world);
  return rotated(before, sealed, new Date(world.now().getTime() + OVERLAP * 1000).toISOString());
}

async function rotate(request: Request, world: World): Promise<Answer> {
  const { secret: given, overlap_seconds } = request.body(rotateSecret.body.schema);
  for (let round = 0; round < MOST_TRIES; round++) {
    const before = await subscriptionIn(request, world);
    const secret = secretFor(before.signing, given, world);
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

export const routes: readonly Route<World>[] = [
  { operation: getSecret, answer: reveal },
  { operation: getPublicKey, answer: revealPublic },
  { operation: rotateSecret, answer: rotate },
];
