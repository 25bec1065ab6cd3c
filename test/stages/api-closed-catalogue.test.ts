import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { routesWhere } from '../../lambdas/api/routes.ts';
import { ADMIN, openControlPlane, type ControlPlane } from '../support/control-plane.ts';
import { startDynalite, type DynamoDb } from '../support/dynamodb.ts';
import { callerOf } from '../support/http-event.ts';
import { startKms, type TestKms } from '../support/kms.ts';

let dynamo: DynamoDb;
let kms: TestKms;
let plane: ControlPlane;
beforeAll(async () => {
  dynamo = await startDynalite();
  kms = await startKms();
  plane = await openControlPlane(dynamo, kms);
});
afterAll(async () => {
  await kms.close();
  await dynamo.close();
});

const closed = () =>
  callerOf(routesWhere({ by: 'keys', catalogue: 'key' }), {
    authenticate: plane.world.accessKeys.authenticate,
    world: plane.world,
    key: ADMIN,
  });

describe('a catalogue that needs a key', () => {
  test.each(['/v1/event-types', '/v1/event-types/Guest.Created', '/v1/event-groups', '/asyncapi.json'])(
    'shows %s to any live key and to nobody else',
    async (path) => {
      const key = await plane.keyWith(['events:write'], { tenant: 'acme' });
      expect(await closed()('GET', path, { key })).toMatchObject({ status: 200 });
      expect(await closed()('GET', path, { key: undefined })).toMatchObject({ status: 401 });
    },
  );

  test('does not stand in the description of the API, which needs none', async () => {
    const { status, text } = await closed()('GET', '/openapi.json', { key: undefined });
    expect(status).toBe(200);
    expect(text).not.toMatch(/Guest\.|Invoice\./);
    const open = await plane.call('GET', '/openapi.json', { key: undefined });
    expect(open.text).toMatch(/Guest\.Created/);
  });
});
