import { createHash } from 'node:crypto';
import { newId, type IdPrefix } from '../../shared/domain/id.ts';
import { problems, type Problem } from '../../shared/domain/problem.ts';
import { idempotencyKeyIn, type Request } from '../../shared/runtime/http.ts';
import type { Asked as AskedOnce } from '../../shared/store/made-once.ts';
import type { World } from './world.ts';

interface Asked {
  /** What is made: the same key means another thing for another kind. */
  kind: string;
  /** What the caller asked for: the same key with other words is another request. */
  said: unknown;
}

/** The request under its `Idempotency-Key`; undefined where it has none. */
function keyed(request: Request, { kind, said }: Asked): AskedOnce | undefined {
  const key = idempotencyKeyIn(request);
  const content = createHash('sha256').update(JSON.stringify(said)).digest('base64url');
  return key === undefined ? undefined : { tenant: request.params.tenant ?? '', kind, key, content };
}

const standsForAnother = (): Problem =>
  problems.conflict('This Idempotency-Key stands for another request: choose a new one.');

/** What the request's `Idempotency-Key` stands for: `fresh` where it is new, or where there is none. @throws Problem 409 */
async function onceFor(request: Request, asked: Asked, fresh: string, world: World): Promise<string> {
  const once = keyed(request, asked);
  if (once === undefined) return fresh;
  const made = await world.once.idFor(once, fresh);
  if (made === undefined) throw standsForAnother();
  return made;
}

/**
 * What the request makes, as text: `make` makes it, or it is what it was when the request came before under the same `Idempotency-Key`,
 * whatever has become of it meanwhile. Where two come at once, one of them has made something in vain.
 *
 * @throws Problem 409 where the key stands for another request, and whatever `make` does
 */
export async function once(request: Request, asked: Asked, make: () => Promise<string>, world: World): Promise<string> {
  const before = keyed(request, asked);
  const found = before && (await world.once.find(before));
  if (found?.isSame === false) throw standsForAnother();
  return found?.id ?? onceFor(request, asked, await make(), world);
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
