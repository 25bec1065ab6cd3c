import { afterAll, expect, test } from '@jest/globals';
import { startDynalite } from '../support/dynamodb.ts';
import { startPipeline, type Pipeline } from '../support/pipeline.ts';
import { posted, rejected, TENANT } from '../support/stage-world.ts';

/*
 * The tables do what they are asked, and the connection breaks before they say so. The client asks again by itself: a plain
 * write is the same the second time, and a conditional one fails on its own work.
 */

// Not in beforeAll: the names of the tests are made of the calls that a clean run makes.
const dynamo = await startDynalite();
afterAll(() => dynamo.close());

/** `PutItem OPEN`: what is done, and to which kind of item. */
const nameOf = (operation: string, input: unknown): string =>
  `${operation} ${/"(EV|OPEN|AT|SUB|INT)#/.exec(JSON.stringify(input))?.[1] ?? ''}`;

/** An event for a subscriber that fails the first time: through every stage, and round again. */
async function act(pipeline: Pipeline): Promise<void> {
  await pipeline.post(posted({ event_id: 'e1' }));
  await pipeline.pump();
  pipeline.clock.advance(5);
  await pipeline.pump();
}

/** Counts the calls; the answer to one of them is lost. */
async function run(lost?: number): Promise<{ pipeline: Pipeline; calls: string[] }> {
  const pipeline = await startPipeline(dynamo);
  await pipeline.subscribe({});
  pipeline.answering.set('sub_1', (_, earlier) => (earlier === 0 ? rejected(500) : undefined));
  const calls: string[] = [];
  dynamo.meddle(async ({ operation, input }, pass) => {
    const isLost = calls.push(nameOf(operation, input)) - 1 === lost;
    const reply = await pass(input);
    return isLost ? undefined : reply;
  });
  await act(pipeline);
  dynamo.leaveAlone();
  await pipeline.settle();
  return { pipeline, calls };
}

async function expectAllWell({ arrivals, attempts, events, failures }: Pipeline): Promise<void> {
  expect(arrivals).toHaveLength(2);
  expect(new Set(arrivals.map(({ id, text }) => id + text)).size).toBe(1);
  const event = (await events.find(TENANT, 'e1'))!;
  expect((await attempts.ofDelivery(event, 'sub_1')).map(({ attempt }) => attempt)).toEqual([1, 2]);
  expect(await events.matched(TENANT, 'e1')).toMatchObject({ subscriptions: ['sub_1'] });
  expect(failures).toEqual([]);
}

const clean = await run();

test('nothing is lost where no answer is', () => expectAllWell(clean.pipeline));

test.each(clean.calls.map((name, lost) => ({ name, lost })))(
  'the answer to call $lost ($name) is lost: nothing is missing, and nothing is made twice',
  async ({ name, lost }) => {
    const { pipeline, calls } = await run(lost);
    expect(calls.filter((call) => call === name).length).toBeGreaterThan(
      clean.calls.filter((call) => call === name).length,
    );
    await expectAllWell(pipeline);
  },
);
