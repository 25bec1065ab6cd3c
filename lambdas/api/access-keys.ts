import { createKey, deleteKey, getKey, getMe, listKeys, updateKey } from '../../shared/contract/keys.ts';
import { FIRST_KEY_ID, hashOf, keyText, shownKey, type Key } from '../../shared/domain/key.ts';
import { newId } from '../../shared/domain/id.ts';
import { problems } from '../../shared/domain/problem.ts';
import type { Answer, Request, Route } from '../../shared/runtime/http.ts';
import { expectNotErased } from './tenants.ts';
import { listed } from './listing.ts';
import type { World } from './world.ts';

const SECRET_BYTES = 32;

const shown = async (key: Key, world: World): Promise<Record<string, unknown>> =>
  shownKey(key, await world.keyUse.last(key.id));

async function create(request: Request, world: World): Promise<Answer> {
  const { name, scopes, tenant = null, expires_at = null } = request.body(createKey.body.schema);
  const id = newId('key', world.now(), world.random(10));
  const text = keyText(id, world.random(SECRET_BYTES));
  const key: Key = {
    id,
    name,
    scopes,
    tenant,
    expires_at,
    created_at: world.now().toISOString(),
    sha256: hashOf(text),
  };
  if (tenant !== null) await expectNotErased(tenant, world);
  await world.accessKeys.create(key);
  world.note('key.created', { key_id: id, scopes: scopes.join(' '), tenant });
  return {
    status: 201,
    body: { ...shownKey(key, null), key: text },
    headers: { location: `/v1/keys/${id}`, 'cache-control': 'no-store' },
  };
}

/** @throws Problem 404 */
async function found(request: Request, world: World): Promise<Key> {
  const key = await world.accessKeys.find(request.params.id ?? '');
  if (key === undefined) throw problems.notFound();
  return key;
}

async function change(request: Request, world: World): Promise<Answer> {
  const patch = request.body(updateKey.body.schema);
  const before = await found(request, world);
  const after: Key = { ...before, ...patch };
  if (after.scopes.includes('admin') && after.tenant !== null) {
    throw problems.invalid([
      { pointer: '/scopes', detail: 'may not hold admin: an admin key is never bound to a tenant' },
    ]);
  }
  // The first key is what its owner gets back in with: it stays what it is, or is deleted.
  if (before.id === FIRST_KEY_ID)
    throw problems.invalid([{ pointer: '', detail: 'the first admin key cannot be changed' }]);
  const fate = await world.accessKeys.change(after);
  if (fate === 'gone') throw problems.notFound();
  if (fate === 'last admin') throw problems.lastAdminKey();
  world.note('key.changed', { key_id: after.id, members: Object.keys(patch).join(' ') });
  return { status: 200, body: await shown(after, world) };
}

async function remove(request: Request, world: World): Promise<Answer> {
  const key = await found(request, world);
  if (!(await world.accessKeys.remove(key))) throw problems.lastAdminKey();
  await world.keyUse.forget(key.id);
  world.note('key.deleted', { key_id: key.id });
  return { status: 204 };
}

async function list(request: Request, world: World): Promise<Answer> {
  return listed(request, world, async (wanted) => {
    const read = await world.accessKeys.list(wanted);
    return { items: await Promise.all(read.keys.map((key) => shown(key, world))), after: read.after };
  });
}

type Answering = Route<World>['answer'];

/** The first admin key is in the secret store alone until somebody looks after keys with it. */
const withFirstEntered =
  (answer: Answering): Answering =>
  async (request, world) => {
    if (request.key.id === FIRST_KEY_ID) await world.accessKeys.enterFirst(request.key);
    return answer(request, world);
  };

const show = async (request: Request, world: World): Promise<Answer> => ({
  status: 200,
  body: await shown(await found(request, world), world),
});

const keyRoutes: readonly Route<World>[] = [
  { operation: createKey, answer: create },
  { operation: listKeys, answer: list },
  { operation: getKey, answer: show },
  { operation: updateKey, answer: change },
  { operation: deleteKey, answer: remove },
];

export const routes: readonly Route<World>[] = keyRoutes.map((route) => ({
  ...route,
  answer: withFirstEntered(route.answer),
}));

/** Whoever asks, and however he is known. */
export const me: Route<World> = {
  operation: getMe,
  answer: async ({ key }, world) => ({ status: 200, body: await shown(key, world) }),
};
