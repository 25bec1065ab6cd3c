import { createHash } from 'node:crypto';
import { newId, type IdPrefix } from '../../shared/domain/id.ts';
import { problems } from '../../shared/domain/problem.ts';
import { idempotencyKeyIn, type Request } from '../../shared/runtime/http.ts';
import type { World } from './world.ts';

/**
 * The id of what the request makes: a new one, or the one that it got when it came before under the same `Idempotency-Key`.
 *
 * @param said what the caller asked for: the same key with other words is another request
 * @throws Problem 409 where the key stands for another request
 */
export async function idOnce(
  request: Request,
  { prefix, said }: { prefix: IdPrefix; said: unknown },
  world: World,
): Promise<{ id: string; isNew: boolean }> {
  const fresh = newId(prefix, world.now(), world.random(10));
  const key = idempotencyKeyIn(request);
  if (key === undefined) return { id: fresh, isNew: true };
  const content = createHash('sha256').update(JSON.stringify(said)).digest('base64url');
  const id = await world.once.idFor({ tenant: request.params.tenant ?? '', kind: prefix, key, content }, fresh);
  if (id === undefined) throw problems.conflict('This Idempotency-Key stands for another request: choose a new one.');
  return { id, isNew: id === fresh };
}
