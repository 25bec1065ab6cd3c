import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { routesWhere } from '../../lambdas/api/routes.ts';
import { routes as ingestRoutes } from '../../lambdas/ingest/routes.ts';
import type { Auth } from '../../shared/domain/caller.ts';
import { byGateway } from '../../shared/runtime/gateway-auth.ts';
import { ADMIN, openControlPlane, type ControlPlane } from '../support/control-plane.ts';
import { startDynalite, type DynamoDb } from '../support/dynamodb.ts';
import { callerOf, type Call, type Reply } from '../support/http-event.ts';
import { startKms, type TestKms } from '../support/kms.ts';
import { openWorlds, posted } from '../support/stage-world.ts';

type ByGateway = Exclude<Auth, { by: 'keys' }>;
type Asking = (method: string, path: string, call?: Call) => Promise<Reply>;

let dynamo: DynamoDb;
let kms: TestKms;
let plane: ControlPlane;
beforeAll(async () => {
  dynamo = await startDynalite();
  kms = await startKms();
});
beforeEach(async () => {
  plane = await openControlPlane(dynamo, kms);
});
afterAll(async () => {
  await kms.close();
  await dynamo.close();
});

/** The control plane as it is where the gateway knows callers. Its requests carry a key as well, which means nothing. */
const controlPlane = (auth: ByGateway): Asking =>
  callerOf(routesWhere({ by: auth.by, catalogue: 'open' }), {
    authenticate: byGateway(auth, plane.clock.now),
    world: plane.world,
    key: ADMIN,
  });

/** As API Gateway hands them over, https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html */
const token = (claims: object) => ({
  authorizer: { jwt: { claims: { iss: 'https://id.example.com', aud: 'hooks', ...claims }, scopes: null } },
});
const signed = (userArn: string) => ({
  authorizer: {
    iam: {
      accessKey: 'ASIAEXAMPLE',
      accountId: '123456789012',
      callerId: 'AROAEXAMPLE:i-0abc',
      cognitoIdentity: null,
      principalOrgId: 'o-example',
      userArn,
      userId: 'AROAEXAMPLE:i-0abc',
    },
  },
});

const JWT: ByGateway = { by: 'jwt', scopePrefix: '' };
const IAM: ByGateway = {
  by: 'iam',
  callers: [
    { arn: 'arn:aws:iam::123456789012:role/reads', scopes: ['subscriptions:read'], tenant: 'acme' },
    { arn: 'arn:aws:iam::123456789012:role/writes', scopes: ['events:write', 'subscriptions:write'], tenant: 'acme' },
    { arn: 'arn:aws:iam::123456789012:role/rules', scopes: ['admin'], tenant: null },
  ],
};
const role = (name: string) => signed(`arn:aws:sts::123456789012:assumed-role/${name}/i-0abc`);

const ALL = '/v1/tenants/acme/subscriptions';
const OTHER = '/v1/tenants/other/subscriptions';

describe.each([
  [
    'a token',
    JWT,
    {
      reads: token({ sub: 'a', scope: 'subscriptions:read', fanout_tenant: 'acme' }),
      writes: token({ sub: 'b', scope: 'subscriptions:write', fanout_tenant: 'acme' }),
      rules: token({ sub: 'c', scope: 'admin' }),
      nobody: token({ sub: 'd', scope: 'subscriptions:read' }),
    },
  ],
  [
    'a signature',
    IAM,
    { reads: role('reads'), writes: role('writes'), rules: role('rules'), nobody: role('somebody-else') },
  ],
])('whom %s names', (_, auth, { reads, writes, rules, nobody }) => {
  test('may do what its scopes say, for its tenant', async () => {
    const ask = controlPlane(auth);
    const wish = { url: 'https://crm.example.com/hooks', event_types: ['Guest.*'] };
    expect(await ask('POST', ALL, { body: wish, context: writes })).toMatchObject({ status: 201 });
    expect(await ask('GET', ALL, { context: reads })).toMatchObject({ status: 200, body: { items: [{}] } });
    expect(await ask('GET', OTHER, { context: rules })).toMatchObject({ status: 200, body: { items: [] } });
  });

  test('gets 403 for another scope, and for another tenant 404 before that', async () => {
    const ask = controlPlane(auth);
    const post = (path: string) => ask('POST', path, { body: 'no JSON', context: reads });
    expect(await post(ALL)).toMatchObject({ status: 403, body: { code: 'missing_scope' } });
    expect(await post(OTHER)).toMatchObject({ status: 404, body: { code: 'not_found' } });
    expect(await ask('GET', OTHER, { context: reads })).toMatchObject({ status: 404, body: { code: 'not_found' } });
    expect(await ask('GET', '/v1/tenants', { context: reads })).toMatchObject({ status: 403 });
  });

  test('sees no tenant at all where none was given, and can ask who it is', async () => {
    const ask = controlPlane(auth);
    for (const path of [ALL, OTHER]) expect(await ask('GET', path, { context: nobody })).toMatchObject({ status: 404 });
    expect(await ask('GET', '/v1/tenants', { context: nobody })).toMatchObject({ status: 403 });
    expect(await ask('GET', '/v1/me', { context: nobody })).toMatchObject({ status: 200, body: { tenant: '' } });
    expect(await ask('GET', '/v1/me', { context: rules })).toMatchObject({
      body: { scopes: ['admin'], tenant: null, last_used_at: null },
    });
  });

  test('stands in the line of each change', async () => {
    const body = { url: 'https://crm.example.com/hooks', event_types: ['Guest.*'] };
    await controlPlane(auth)('POST', ALL, { body, context: writes });
    const id = auth.by === 'jwt' ? 'jwt:b' : 'arn:aws:sts::123456789012:assumed-role/writes/i-0abc';
    expect(plane.lines).toContainEqual(expect.objectContaining({ what: 'control.audit', key_id: id, tenant: 'acme' }));
  });

  test('is let in by nothing else: not by a key, and not by what the other way would say', async () => {
    const ask = controlPlane(auth);
    const wrong = auth.by === 'jwt' ? role('rules') : token({ sub: 'c', scope: 'admin' });
    for (const context of [{}, { authorizer: {} }, { authorizer: null }, wrong])
      expect(await ask('GET', ALL, { context })).toMatchObject({ status: 401, body: { code: 'unauthorized' } });
  });

  test('needs no authorizer for what is open', async () => {
    const ask = controlPlane(auth);
    for (const path of ['/healthz', '/openapi.json', '/v1/event-types', '/v1/event-groups'])
      expect(await ask('GET', path)).toMatchObject({ status: 200 });
  });

  test('finds no keys to look after and no portal sessions, not in the document either', async () => {
    const ask = controlPlane(auth);
    const context = rules;
    for (const [method, path] of [
      ['GET', '/v1/keys'],
      ['POST', '/v1/keys'],
      ['DELETE', '/v1/keys/key_first'],
    ] as const)
      expect(await ask(method, path, { context, body: {} })).toMatchObject({
        status: 404,
        body: { code: 'not_found' },
      });
    expect(await ask('POST', '/v1/tenants/acme/portal-session', { context, body: {} })).toMatchObject({ status: 404 });
    const paths = Object.keys((await ask('GET', '/openapi.json')).body.paths);
    expect(paths).toContain('/v1/me');
    expect(paths.filter((path) => /keys|portal/.test(path))).toEqual([]);
  });
});

test('ingest takes events from whom the gateway names', async () => {
  const { worlds, clock } = await openWorlds(dynamo);
  const ask = callerOf(ingestRoutes, { authenticate: byGateway(IAM, clock.now), world: worlds.ingest, key: ADMIN });
  const post = (tenant: string, context: object): Promise<Reply> =>
    ask('POST', `/v1/tenants/${tenant}/events`, { body: posted(), context });
  const statuses = await Promise.all(
    [post('acme', role('writes')), post('other', role('writes')), post('acme', role('reads')), post('acme', {})].map(
      async (reply) => (await reply).status,
    ),
  );
  expect(statuses).toEqual([202, 404, 403, 401]);
});
