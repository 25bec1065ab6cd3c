import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import catalogue from '#catalogue';
import type { Subscription } from '../../shared/domain/subscription.ts';
import { openControlPlane, type ControlPlane } from '../support/control-plane.ts';
import { startDynalite, type DynamoDb } from '../support/dynamodb.ts';
import { startKms, type TestKms } from '../support/kms.ts';
import { AT, make } from '../support/make.ts';
import { rejected } from '../support/stage-world.ts';

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

const tried = (body: object = {}) => plane.call('POST', '/v1/tenants/acme/subscriptions/sub_1/test', { body });
const given = (wishes: Partial<Subscription> = {}) => plane.subscriptions.create(make.subscription(wishes));
const sentText = () => JSON.parse(plane.sent.at(-1)?.payload.text ?? '');

describe('the test of a subscription', () => {
  test('sends the sample of a type that it takes, and shows the whole attempt', async () => {
    await given({ event_types: ['Invoice.*'], status: 'disabled' });
    const { status, body } = await tried();
    expect([status, body]).toEqual([
      200,
      {
        event_id: expect.stringMatching(/^evt_/),
        event_type: 'Invoice.Closed',
        subscription_id: 'sub_1',
        delivery_id: expect.stringMatching(/^test_/),
        attempt: 1,
        at: AT,
        outcome: 'accepted',
        status: 200,
        duration_ms: 7,
        next: 'done',
        test: true,
      },
    ]);
    expect(plane.sent[0]?.id).toBe(body.delivery_id);
    expect(sentText().data).toEqual(catalogue.eventTypes['Invoice.Closed']?.sample);
  });

  test('sends the type that is wished, in the subscription’s format', async () => {
    await given({ format: 'standard' });
    await tried({ event_type: 'Guest.Deleted' });
    expect(sentText()).toMatchObject({ type: 'Guest.Deleted' });
    const refused = await tried({ event_type: 'Guest.Deletd' });
    expect(refused).toMatchObject({ status: 422, body: { errors: [{ pointer: '/event_type' }] } });
    expect(refused.text).toContain('Guest.Deleted');
  });

  test('waits ten seconds at most, and is not tried again', async () => {
    await given({ timeout_seconds: 30 });
    plane.answers.push(rejected(500));
    expect((await tried()).body).toMatchObject({ outcome: 'rejected', status: 500, next: 'dead', test: true });
    expect(plane.sent[0]?.subscription.timeout_seconds).toBe(10);
    expect(plane.asked).toEqual([]);
  });

  test('leaves nothing behind: no attempt, no circuit, no health', async () => {
    await given();
    const before = await plane.subscriptions.find('acme', 'sub_1');
    plane.answers.push(rejected(410));
    await tried();
    expect(await plane.subscriptions.find('acme', 'sub_1')).toEqual(before);
    expect((await plane.call('GET', '/v1/tenants/acme/subscriptions/sub_1/attempts')).body.items).toEqual([]);
    expect(await plane.health.troubled()).toEqual([]);
  });

  test('is made ten times a minute', async () => {
    await given({ id: 'sub_1' });
    const statuses: number[] = [];
    for (let n = 0; n < 11; n++) statuses.push((await tried()).status);
    expect(statuses).toEqual([...Array<number>(10).fill(200), 429]);
    const refused = await tried();
    expect(Number(refused.headers['retry-after'])).toBeLessThanOrEqual(6);
    plane.clock.advance(Number(refused.headers['retry-after']));
    expect((await tried()).status).toBe(200);
  });

  test('of none is a 404', async () => {
    expect((await tried()).status).toBe(404);
  });
});
