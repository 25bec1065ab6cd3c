import { FIRST_KEY_ID, hashOf, Key, KeyPatch, keyText, NewKey, shownKey } from '../../shared/domain/key.ts';
import { newId } from '../../shared/domain/id.ts';
import { problems } from '../../shared/domain/problem.ts';
import type { Answer, Request, Route } from '../../shared/runtime/http.ts';
import { paged } from '../../shared/runtime/paging.ts';
import { expectNotErased } from './tenants.ts';
import type { World } from './world.ts';

const SECRET_BYTES = 32;

async function create(request: Request, world: World): Promise<Answer> {
  const { name, scopes, tenant = null, expires_at = null } = request.body(NewKey);
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
    body: { ...shownKey(key), key: text },
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
  const patch = request.body(KeyPatch);
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
  return { status: 200, body: shownKey(after) };
}

async function remove(request: Request, world: World): Promise<Answer> {
  const key = await found(request, world);
  if (!(await world.accessKeys.remove(key))) throw problems.lastAdminKey();
  world.note('key.deleted', { key_id: key.id });
  return { status: 204 };
}

async function list(request: Request, world: World): Promise<Answer> {
  const of = { route: 'keys', signingKey: () => world.vault.signingKey('cursors') };
  const page = await paged(request, of, async (wanted) => {
    const read = await world.accessKeys.list(wanted);
    return { items: read.keys.map(shownKey), after: read.after };
  });
  return { status: 200, body: page };
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
  body: shownKey(await found(request, world)),
});

const ALL = '/v1/keys';
const ONE = '/v1/keys/{id}';

const keyRoutes: readonly Route<World>[] = [
  { method: 'POST', path: ALL, needs: 'admin', answer: create },
  { method: 'GET', path: ALL, needs: 'admin', answer: list },
  { method: 'GET', path: ONE, needs: 'admin', answer: show },
  { method: 'PATCH', path: ONE, needs: 'admin', answer: change },
  { method: 'DELETE', path: ONE, needs: 'admin', answer: remove },
];

export const routes: readonly Route<World>[] = [
  ...keyRoutes.map((route) => ({ ...route, answer: withFirstEntered(route.answer) })),
  { method: 'GET', path: '/v1/me', needs: 'any', answer: async ({ key }) => ({ status: 200, body: shownKey(key) }) },
];
