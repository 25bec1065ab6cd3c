import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { fitted } from '../../shared/contract/openapi.ts';
import { pathParameters, type Operation } from '../../shared/contract/operation.ts';
import { SCOPES, type Scope } from '../../shared/domain/key.ts';
import { callerOf, type Caller, type Reply } from '../support/api.ts';
import { operations, ours } from '../support/documents.ts';
import { openTarget, type OpenTarget } from '../support/target.ts';

/** Every operation with every wrong kind of key. What is asked for does not exist and no body is sent, for keys are judged before both. */

const TENANT = `keys-${String(process.pid)}`;
const OTHER = `${TENANT}-other`;

let target: OpenTarget;
let api: Caller;
/** Keys by what is the matter with them. */
const keys = new Map<string, string | null>();

const newKey = async (wish: Record<string, unknown>): Promise<{ id: string; key: string }> =>
  (await api.post('/v1/keys', { name: 'test', ...wish })).body;

const everything = SCOPES.filter((scope) => scope !== 'admin');
const without = (scope: Scope): string => `without ${scope}`;

beforeAll(async () => {
  target = await openTarget();
  api = callerOf(target);
  keys.set('none', null);
  keys.set('a malformed one', 'not a key');
  const live = await newKey({ scopes: everything, tenant: TENANT });
  keys.set('one whose secret is wrong', `${live.key.slice(0, -1)}${live.key.endsWith('A') ? 'B' : 'A'}`);
  keys.set('an expired one', (await newKey({ scopes: everything, expires_at: '2020-01-01T00:00:00Z' })).key);
  // No admin keys: whoever else tests the same deployment counts those that are left.
  const revoked = await newKey({ scopes: everything });
  await api.remove(`/v1/keys/${revoked.id}`);
  keys.set('a revoked one', revoked.key);
  keys.set("another tenant's", (await newKey({ scopes: everything, tenant: OTHER })).key);
  for (const scope of everything) {
    keys.set(without(scope), (await newKey({ scopes: everything.filter((one) => one !== scope), tenant: TENANT })).key);
  }
  keys.set("a tenant's with all that a tenant can have", live.key);
}, 120_000);

afterAll(() => target.close());

const pathOf = ({ path }: Operation): string =>
  pathParameters(path).reduce(
    (filled, { name, example }) => filled.replace(`{${name}}`, name === 'tenant' ? TENANT : fitted(example, ours)),
    path,
  );

const ask = (operation: Operation, key: string): Promise<Reply> =>
  api.call(operation.method, pathOf(operation), { key: keys.get(key) ?? null });

const closed = operations.filter(({ needs }) => needs !== 'open').map((one) => [one.id, one] as const);
const scoped = closed.filter(([, { needs }]) => needs !== 'any');
const ofTenant = closed.filter(([, { path }]) => path.includes('{tenant}'));

describe.each(['none', 'a malformed one', 'one whose secret is wrong', 'an expired one', 'a revoked one'])(
  'with %s as key',
  (key) => {
    test.each(closed)('%s is a 401 that says no more', async (_, operation) => {
      const reply = await ask(operation, key);
      expect(reply).toMatchObject({ status: 401, body: { code: 'unauthorized' } });
      expect(reply.headers.get('www-authenticate')).toContain('Bearer');
    });
  },
);

test.each(ofTenant)("%s shows nothing of a tenant to another one's key", async (_, operation) => {
  expect(await ask(operation, "another tenant's")).toMatchObject({ status: 404, body: { code: 'not_found' } });
});

test.each(scoped)('%s is a 403 without its scope', async (_, operation) => {
  const { needs } = operation;
  const key = needs === 'admin' ? "a tenant's with all that a tenant can have" : without(needs as Scope);
  expect(await ask(operation, key)).toMatchObject({ status: 403, body: { code: 'missing_scope' } });
});

test.each(operations.filter(({ needs }) => needs === 'open').map((one) => [one.id, one] as const))(
  '%s needs no key, and minds none',
  async (_, operation) => {
    expect(await ask(operation, 'none')).toMatchObject({ status: 200 });
    expect(await ask(operation, 'a revoked one')).toMatchObject({ status: 200 });
  },
);
