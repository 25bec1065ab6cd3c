import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { openControlPlane, type ControlPlane } from '../support/control-plane.ts';
import { startDynalite, type DynamoDb } from '../support/dynamodb.ts';
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

const tried = (filter: unknown, event: unknown) => plane.call('POST', '/v1/filter-test', { body: { filter, event } });

/** `{"a":{"a": …}}` */
const nested = (depth: number): string => `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`;

describe('a filter that is tried', () => {
  test.each([
    [{ data: { center_id: ['c1'] } }, { data: { center_id: 'c1' } }, true],
    [{ data: { center_id: ['c1'] } }, { data: { center_id: 'c2' } }, false],
    [{ data: { price: [{ numeric: ['>', 100] }] } }, { data: { price: 199.0 } }, true],
    [{ $or: [{ a: [1] }, { b: [2] }] }, { b: 2 }, true],
  ])('%j on %j: %s', async (filter, event, matches) => {
    expect(await tried(filter, event)).toMatchObject({ status: 200, body: { matches } });
  });

  test.each([
    [{ data: { id: 'g1' } }, '/filter/data/id'],
    [{ data: { id: [{ wildcard: 'a**b' }] } }, '/filter/data/id/0/wildcard'],
    [{ data: { id: ['x'.repeat(8192)] } }, '/filter'],
    [['a'], '/filter'],
  ])('that is none is refused with a pointer into it: %#', async (filter, pointer) => {
    const { status, body } = await tried(filter, {});
    expect([status, body.errors[0].pointer]).toEqual([422, pointer]);
  });

  test('on what is nested ten thousand deep is refused, and so is a filter like that', async () => {
    const post = (filter: string, event: string) =>
      plane.call('POST', '/v1/filter-test', {
        body: `{"filter":${filter},"event":${event}}`,
        headers: { 'content-type': 'application/json' },
      });
    const deepEvent = await post('{"a":[1]}', nested(10_000));
    expect([deepEvent.status, deepEvent.body.errors[0].pointer]).toEqual([422, '/event']);
    expect((await post(nested(10_000), '{}')).status).toBe(422);
    expect((await post('{"a":[1]}', nested(100))).status).toBe(200);
  });

  test('needs the right to read subscriptions', async () => {
    const key = await plane.keyWith(['events:write']);
    expect((await plane.call('POST', '/v1/filter-test', { body: { filter: {}, event: {} }, key })).status).toBe(403);
  });
});
