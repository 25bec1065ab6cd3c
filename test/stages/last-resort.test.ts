import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { redrive, type RedriveWorld } from '../../lambdas/sweep/redrive.ts';
import { release } from '../../lambdas/sweep/shelf.ts';
import type { World } from '../../lambdas/sweep/sweep.ts';
import { DeliveryMessage } from '../../shared/domain/delivery.ts';
import { travelling } from '../../shared/domain/event.ts';
import type { Job } from '../../shared/domain/job.ts';
import type { Attempt } from '../../shared/domain/attempt.ts';
import { startDynalite, type DynamoDb } from '../support/dynamodb.ts';
import { later, make } from '../support/make.ts';
import { openWorlds, TENANT, type Opened } from '../support/stage-world.ts';

let dynamo: DynamoDb;
let opened: Opened;
let world: World;
beforeAll(async () => {
  dynamo = await startDynalite();
});
beforeEach(async () => {
  opened = await openWorlds(dynamo);
  world = opened.worlds.sweep;
});
afterAll(() => dynamo.close());

describe('a message of many deliveries that our own code failed at', () => {
  const event = make.event();
  const message = make.message({
    event: travelling(event),
    deliveries: ['sub_1', 'sub_2', 'sub_3', 'sub_4'].map((subscription_id) => make.deliveryStep({ subscription_id })),
  });

  /** Answers who got a letter. */
  async function redriven(): Promise<string[]> {
    let removed = 0;
    const last: RedriveWorld['last'] = async function* () {
      yield { body: JSON.stringify(message), remove: async () => void (removed += 1) };
    };
    await redrive('dead', { ...world, last });
    expect(removed).toBe(1);
    const ids = message.deliveries.map(({ subscription_id }) => subscription_id);
    const letters = await Promise.all(
      ids.map((subscriptionId) => opened.attempts.deadLetters({ tenant: TENANT, subscriptionId }, { limit: 10 })),
    );
    return letters.flatMap((page) => page.letters.map(({ subscription_id }) => subscription_id));
  }

  const recorded = (subscriptionId: string, attempt: Partial<Attempt>): Promise<void> =>
    opened.attempts.record(
      { event, subscriptionId, run: 1, attempt: 1 },
      make.attempt({ subscription_id: subscriptionId, ...attempt }),
    );

  test('buries those that were not made', async () => {
    await opened.subscribe({}, {}, {}, {});
    expect(await redriven()).toEqual(['sub_1', 'sub_2', 'sub_3', 'sub_4']);
  });

  test('buries none that was made beside them, none that comes again, and none that a walk will find', async () => {
    await opened.subscribe(
      {},
      {},
      {},
      { status: 'paused', held: { since: later(-60), at: later(-60), reason: 'paused' } },
    );
    await recorded('sub_1', { next: 'done' });
    await recorded('sub_2', { outcome: 'rejected', status: 500, next: 'wait', next_at: later(5) });
    expect(await redriven()).toEqual(['sub_3']);
  });
});

describe('a release', () => {
  const job = { v: 1, kind: 'release', tenant: TENANT, subscription_id: 'sub_1', what: 'all' } as const;
  const rest = (count: number): Promise<unknown> =>
    Promise.all(
      Array.from({ length: count }, (_, i) => {
        const event_id = `evt_${i}`;
        return opened.shelf.rest({
          event: travelling(make.event({ event_id })),
          step: make.deliveryStep({ not_before: Date.parse(later(3_600 + i)) }),
          due: Date.parse(later(3_600 + i)),
          why: 'schedule',
        });
      }),
    );
  const sent = (): Set<string> =>
    new Set(opened.queues.deferred.bodies.map((body) => DeliveryMessage.parse(JSON.parse(body)).event.event_id));
  const asked = (): Job[] => opened.queues.sweeps.bodies.map((body) => JSON.parse(body) as Job);

  test('that has not the time for everything asks for itself again, and nothing is left', async () => {
    await rest(250);
    await release(job, world, () => 10_000);
    expect([sent().size, asked()]).toEqual([100, [job]]);
    await release(job, world, () => 60_000);
    expect(sent().size).toBe(250);
    expect(await Array.fromAsync(opened.shelf.all({ tenant: TENANT, subscriptionId: 'sub_1' }))).toEqual([]);
  });

  test('asks for nothing where the time suffices', async () => {
    await rest(120);
    await release(job, world, () => 60_000);
    expect([sent().size, asked()]).toEqual([120, []]);
  });
});
