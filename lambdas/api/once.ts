import { createHash } from 'node:crypto';
import { newId, type IdPrefix } from '../../shared/domain/id.ts';
import { problems } from '../../shared/domain/problem.ts';
import type { Subscription } from '../../shared/domain/subscription.ts';
import { idempotencyKeyIn, type Request } from '../../shared/runtime/http.ts';
import type { World } from './world.ts';

interface Asked {
  /** What is made: the same key means another thing for another kind. */
  kind: string;
  /** What the caller asked for: the same key with other words is another request. */
  said: unknown;
}

/** What the request's `Idempotency-Key` stands for: `fresh` where it is new, or where there is none. @throws Problem 409 */
async function onceFor(request: Request, { kind, said }: Asked, fresh: string, world: World): Promise<string> {
  const key = idempotencyKeyIn(request);
  if (key === undefined) return fresh;
  const content = createHash('sha256').update(JSON.stringify(said)).digest('base64url');
  const made = await world.once.idFor({ tenant: request.params.tenant ?? '', kind, key, content }, fresh);
  if (made === undefined) throw problems.conflict('This Idempotency-Key stands for another request: choose a new one.');
  return made;
}

/**
 * The id of what the request makes: a new one, or the one that it got when it came before under the same `Idempotency-Key`.
 *
 * @throws Problem 409 where the key stands for another request
 */
export async function idOnce(
  request: Request,
  { prefix, said }: { prefix: IdPrefix; said: unknown },
  world: World,
): Promise<{ id: string; isNew: boolean }> {
  const fresh = newId(prefix, world.now(), world.random(10));
  const id = await onceFor(request, { kind: prefix, said }, fresh, world);
  return { id, isNew: id === fresh };
}

/**
 * The run in which a delivery is made once more: this one, or the one that it got when the request came before. Asked for again in the
 * same run, it is made once: its attempts are claimed.
 *
 * @throws Problem 409 where the key stands for another request
 */
export async function runOnce(
  request: Request,
  { subscription: { id, runs }, said }: { subscription: Subscription; said: unknown },
  world: World,
): Promise<number> {
  return Number(await onceFor(request, { kind: `run:${id}`, said }, String(runs), world));
}
