import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { BatchAnswer } from '../../lambdas/ingest/ingest.ts';
import { startDynalite, type DynamoDb } from '../support/dynamodb.ts';
import { startPipeline, type Pipeline } from '../support/pipeline.ts';
import { posted, rejected, TENANT } from '../support/stage-world.ts';

/* What AWS's batch calls do short of failing: take a part, or take it all and not say so. */

let dynamo: DynamoDb;
let pipeline: Pipeline;
beforeAll(async () => {
  dynamo = await startDynalite();
});
beforeEach(async () => {
  pipeline = await startPipeline(dynamo);
});
afterAll(() => dynamo.close());

const batchOf = (...ids: string[]): string => `{"events":[${ids.map((event_id) => posted({ event_id })).join()}]}`;

/** How many requests each subscription got for each webhook-id. */
function arrivals(): Record<string, number[]> {
  const bySubscription = Object.groupBy(pipeline.arrivals, ({ subscription }) => subscription);
  return Object.fromEntries(
    Object.entries(bySubscription).map(([subscription, all = []]) => [
      subscription,
      Object.values(Object.groupBy(all, ({ id }) => id)).map((same = []) => same.length),
    ]),
  );
}

const attemptsOf = async (event: string, subscription = 'sub_1'): Promise<number[]> => {
  const attempts = await pipeline.attempts.ofDelivery((await pipeline.events.find(TENANT, event))!, subscription);
  return attempts.map(({ attempt }) => attempt);
};

describe('PutEvents', () => {
  test('that refuses the second of three three times leaves it to the sweep; all three are accepted and arrive once', async () => {
    await pipeline.subscribe({});
    const refuse = { refuses: (text: string) => text.includes('"e2"') };
    pipeline.faults.putEvents.push(refuse, refuse, refuse);
    const answer = (await pipeline.post(batchOf('e1', 'e2', 'e3'), 'batch')) as BatchAnswer;
    expect(answer).toMatchObject({ accepted: 3, duplicates: 0, refused: 0 });
    expect(pipeline.lines).toContainEqual(expect.objectContaining({ what: 'event.left_to_sweep', event_id: 'e2' }));

    await pipeline.pump();
    expect(arrivals()).toEqual({ sub_1: [1, 1] });
    await pipeline.settle();
    expect(arrivals()).toEqual({ sub_1: [1, 1, 1] });
  });

  test('that refuses an event once takes it the second time, and the others are not sent again', async () => {
    await pipeline.subscribe({});
    pipeline.faults.putEvents.push({ refuses: (text) => text.includes('"e2"') });
    await pipeline.post(batchOf('e1', 'e2', 'e3'), 'batch');
    expect(pipeline.queues.events.bodies.map((body) => /"event_id":"(\w+)"/.exec(body)?.[1])).toEqual([
      'e1',
      'e3',
      'e2',
    ]);
    expect(pipeline.queues.events.bodies.filter((body) => body.includes('doubt'))).toEqual([]);
  });

  test('that fails three times is a 202 all the same, and the event arrives', async () => {
    await pipeline.subscribe({});
    const fail = { refuses: () => true, losesAnswer: true } as const;
    pipeline.faults.putEvents.push(fail, fail, fail);
    expect(await pipeline.post(posted({ event_id: 'e1' }))).toMatchObject({ event_id: 'e1', duplicate: false });
    await pipeline.settle();
    expect(arrivals()).toEqual({ sub_1: [1] });
  });

  test('whose answer is lost is sent again in doubt, and whoever has the event already does not get it again', async () => {
    await pipeline.subscribe({});
    pipeline.faults.putEvents.push({ losesAnswer: true });
    await pipeline.post(posted({ event_id: 'e1' }));
    expect(pipeline.queues.events.bodies.map((body) => body.includes('"doubt":true'))).toEqual([false, true]);
    await pipeline.pump(1);
    await pipeline.settle();
    expect(arrivals()).toEqual({ sub_1: [1] });
  });

  test('whose two copies are matched and delivered at the same moment may make two requests, on one record', async () => {
    await pipeline.subscribe({});
    pipeline.faults.putEvents.push({ losesAnswer: true });
    await pipeline.post(posted({ event_id: 'e1' }));
    await pipeline.settle();
    expect(pipeline.arrivals.length).toBeLessThanOrEqual(2);
    expect(arrivals()).toEqual({ sub_1: [pipeline.arrivals.length] });
    expect(await attemptsOf('e1')).toEqual([1]);
  });
});

describe('SendMessageBatch', () => {
  test('of match that refuses one message three times brings back its record alone, and nobody gets it twice', async () => {
    await pipeline.subscribe(...Array.from({ length: 60 }, () => ({})));
    const refuse = { refuses: (text: string) => text.includes('"e1"') && text.includes('"sub_30"') };
    pipeline.faults.sendMessageBatch.push(refuse, refuse, refuse);
    await pipeline.post(batchOf('e1', 'e2'), 'batch');
    await pipeline.pump();
    expect(pipeline.arrivals).toHaveLength(60 + 35);
    expect(await pipeline.openEvents()).toEqual(['e1']);

    await pipeline.settle();
    const expected = Array.from({ length: 60 }, (_, i) => [`sub_${i + 1}`, [1, 1]]);
    expect(arrivals()).toEqual(Object.fromEntries(expected));
  });

  test('of match whose answer is lost is sent again in doubt, and whoever has the event already does not get it again', async () => {
    await pipeline.subscribe({}, {});
    pipeline.faults.sendMessageBatch.push({ losesAnswer: true });
    await pipeline.post(posted({ event_id: 'e1' }));
    await pipeline.settle();
    expect(pipeline.sent).toEqual([1, 1]);
    expect(arrivals()).toEqual({ sub_1: [1], sub_2: [1] });
    expect(await attemptsOf('e1')).toEqual([1]);
  });

  test('of match whose answer is lost and that did not arrive is sent again, and everyone gets it', async () => {
    await pipeline.subscribe({}, {});
    pipeline.faults.sendMessageBatch.push({ refuses: () => true, losesAnswer: true });
    await pipeline.post(posted({ event_id: 'e1' }));
    await pipeline.settle();
    expect(arrivals()).toEqual({ sub_1: [1], sub_2: [1] });
  });

  test('of deliver that refuses a retry three times brings the message back, and the chain has one end', async () => {
    await pipeline.subscribe({});
    pipeline.answering.set('sub_1', (_, earlier) => (earlier < 2 ? rejected(500) : undefined));
    const refuse = { refuses: (text: string) => text.includes('"attempt":2') };
    // The first call is match's.
    pipeline.faults.sendMessageBatch.push({}, refuse, refuse, refuse);
    await pipeline.post(posted({ event_id: 'e1' }));
    await pipeline.settle();
    // Attempt 1 was made twice: its first time was not recorded.
    expect(arrivals()).toEqual({ sub_1: [3] });
    expect(await attemptsOf('e1')).toEqual([1, 2]);
  });

  test('of deliver whose answer is lost makes two copies of the next attempt, and one of them is made', async () => {
    await pipeline.subscribe({});
    pipeline.answering.set('sub_1', (_, earlier) => (earlier === 0 ? rejected(500) : undefined));
    pipeline.faults.sendMessageBatch.push({}, { losesAnswer: true });
    await pipeline.post(posted({ event_id: 'e1' }));
    await pipeline.pump();
    expect(pipeline.queues.retries.bodies).toHaveLength(2);
    await pipeline.settle();
    expect(arrivals()).toEqual({ sub_1: [2] });
    expect(await attemptsOf('e1')).toEqual([1, 2]);
  });
});

describe('the batch that closes an event is not atomic', () => {
  /** Until told otherwise, BatchWriteItem does the writes of one kind, and fails. */
  const doOnly = (kind: 'PutRequest' | 'DeleteRequest'): void =>
    dynamo.meddle(async ({ operation, input }, pass) => {
      if (operation !== 'BatchWriteItem') return pass(input);
      const all = input.RequestItems as Record<string, Record<string, unknown>[]>;
      const some = Object.entries(all).map(([table, writes]) => [table, writes.filter((write) => kind in write)]);
      await pass({ RequestItems: Object.fromEntries(some) });
      return { status: 500, output: { __type: 'InternalServerError', message: 'half done' } };
    });

  test.each([
    ['written down who wants it, and the marker stands', 'PutRequest'],
    ['taken the marker away, and who wants it is not written down', 'DeleteRequest'],
  ] as const)('match may have %s: one arrival, though its publisher posts again', async (_, kind) => {
    await pipeline.subscribe({});
    await pipeline.post(posted({ event_id: 'e1' }));
    doOnly(kind);
    await expect(pipeline.matchOnce()).rejects.toThrow('half done');
    dynamo.leaveAlone();
    await pipeline.pump();
    expect(await pipeline.post(posted({ event_id: 'e1' }))).toMatchObject({ duplicate: true });
    await pipeline.settle();
    expect(arrivals()).toEqual({ sub_1: [1] });
    expect(await pipeline.events.matched(TENANT, 'e1')).toMatchObject({ subscriptions: ['sub_1'] });
  });
});
