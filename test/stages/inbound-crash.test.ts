import '../support/quiet-logs.ts';
import { ScanCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, describe, expect, test } from '@jest/globals';
import { takeInbound, type World } from '../../lambdas/ingest/inbound/inbound.ts';
import type { FromService } from '../../shared/domain/inbound.ts';
import type { AsSent } from '../../shared/runtime/batch.ts';
import { startDynalite } from '../support/dynamodb.ts';
import { Injected, Watch, type Effects, type Fault } from '../support/faults.ts';
import { openWorlds, TENANT } from '../support/stage-world.ts';

/*
 * As in crash.test.ts: a clean run tells the effects, and then each of them breaks once, before or after it is done. Whatever was not
 * acked comes again.
 */

// Not in beforeAll: the names of the tests are made of the effects that the clean run finds.
const dynamo = await startDynalite();
afterAll(() => dynamo.close());

function message(id: string, detail: Record<string, unknown>): AsSent<FromService> {
  const envelope = { id, source: 'com.acme.crm', 'detail-type': 'Guest.Created', detail };
  return { id, receiveCount: 1, message: envelope, text: JSON.stringify(envelope) };
}

const MESSAGES = [
  message('good', { tenant: TENANT, data: { id: 'g1' } }),
  message('bad', { tenant: TENANT, data: { id: 7 } }),
  message('late', { tenant: 'busy', data: { id: 'g1' } }),
];

/** One life after the other, until everything is acked; the first one breaks as the watch says. */
async function live(watch: Watch) {
  const opened = await openWorlds(dynamo);
  const [dead, again]: [string[], string[]] = [[], []];
  const world: World = {
    ...opened.worlds.ingest,
    admit: async (tenant) => (tenant === 'busy' ? 1 : undefined),
    chance: () => 0,
    refuse: async (text) => void dead.push(text),
    postpone: async (text) => void again.push(text),
  };
  let left = MESSAGES;
  for (let lives = 0; left.length > 0; lives++) {
    if (lives === 5) throw new Error('it does not come to an end');
    const entered = watch.enter(world);
    const failed = await takeInbound(left, entered.world).catch((error: unknown) => {
      if (error instanceof Injected) return new Set<string>();
      throw error;
    });
    if (!entered.isDead()) left = left.filter(({ id }) => failed.has(id));
  }
  return { ...opened, dead, again };
}

const clean = new Watch();
await live(clean);

const textOf = (id: string): string | undefined => MESSAGES.find((one) => one.id === id)?.text;

async function expectKept({ dead, again, flow, queues }: Awaited<ReturnType<typeof live>>): Promise<void> {
  expect([new Set(dead), new Set(again)]).toEqual([new Set([textOf('bad')]), new Set([textOf('late')])]);
  const { Items = [] } = await flow.db.send(new ScanCommand({ TableName: flow.name }));
  const isOpen = Items.some(({ pk, event_id }) => String(pk).startsWith('OPEN#') && event_id === 'good');
  // Either is enough: what is open is published by the sweep.
  expect(isOpen || queues.events.bodies.some((body) => body.includes('"event_id":"good"'))).toBe(true);
}

test('a run in which nothing breaks does each thing once', async () => {
  const { dead, again, queues } = await live(new Watch());
  expect([dead.length, again.length, queues.events.bodies.length]).toEqual([1, 1, 1]);
  expect(new Set(clean.effects.begun)).toEqual(
    new Set(['admit', 'enter', 'accept', 'open', 'publish', 'refuse', 'postpone']),
  );
});

const faultsOf = ({ begun }: Effects): [string, Fault][] =>
  begun.flatMap((name, at) =>
    (['before', 'after'] as const).flatMap((side) =>
      (['dies', 'fails'] as const).map((kind): [string, Fault] => [
        `${kind} ${side} ${name} (${at})`,
        { at, side, kind },
      ]),
    ),
  );

describe('a message is settled, and none is lost, where the function', () => {
  test.each(faultsOf(clean.effects))('%s', async (_, fault) => {
    const watch = new Watch({ fault, known: clean.effects, onFault: () => {} });
    await expectKept(await live(watch));
    expect(watch.struck).toBe(clean.effects.begun[fault.at]);
  });
});
