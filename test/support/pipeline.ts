import { ScanCommand } from '@aws-sdk/lib-dynamodb';
import type { SQSEvent } from 'aws-lambda';
import * as z from 'zod';
import { deliver } from '../../lambdas/deliver/deliver.ts';
import { ingestBatch, ingestOne } from '../../lambdas/ingest/ingest.ts';
import { match } from '../../lambdas/match/match.ts';
import { sweep } from '../../lambdas/sweep/sweep.ts';
import { DeliveryMessage } from '../../shared/domain/delivery.ts';
import { Job } from '../../shared/domain/job.ts';
import { TravellingEvent } from '../../shared/domain/event.ts';
import { batchOf, type WorkOn } from '../../shared/runtime/batch.ts';
import type { DynamoDb } from './dynamodb.ts';
import { Injected, Watch } from './faults.ts';
import type { Held, InMemoryQueue } from './in-memory-queue.ts';
import { openWorlds, TENANT, type Stores } from './stage-world.ts';

/** `deferred` is deliver once more, fed by the queue of what is late or slow. */
export const STAGES = ['ingest', 'match', 'deliver', 'deferred', 'sweep'] as const;
export type Stage = (typeof STAGES)[number];

const MINUTE = 60;
export const FromBus = z.object({ detail: TravellingEvent }).transform(({ detail }) => detail);
const context = { getRemainingTimeInMillis: () => 30_000 };

/** A stage that a queue feeds. */
interface Fed<T> {
  schema: z.ZodType<T>;
  begin(): { work: WorkOn<T>; isDead(): boolean };
}

/** One invocation with a batch of messages: those that it does not fail are removed, none when it dies. False without any. */
async function invoke<T>(queue: InMemoryQueue, stage: Fed<T>, batchSize: number): Promise<boolean> {
  const held = queue.receive(batchSize);
  if (held.length === 0) return false;
  const { work, isDead } = stage.begin();
  const answer = await unlessInjected(() => batchOf(stage.schema, work)(eventOf(held), context));
  if (answer === undefined || isDead()) return true;
  const again = new Set(answer.batchItemFailures.map(({ itemIdentifier }) => itemIdentifier));
  for (const { id } of held) if (!again.has(id)) queue.remove(id);
  return true;
}

/**
 * The whole pipeline, driven as AWS drives it: what was not acked comes again, who got no answer posts again, the schedule
 * ticks. Time is a value, so hours pass in no time.
 */
export async function startPipeline(dynamo: DynamoDb, watched: Partial<Record<Stage, Watch>> = {}, stores?: Stores) {
  const opened = await openWorlds(dynamo, stores);
  const { clock, flow, queues, worlds } = opened;
  const watchOf = (stage: Stage): Watch => (watched[stage] ??= new Watch());
  const enter = <S extends Stage>(stage: S) => watchOf(stage).enter(worlds[stage]);

  const matching: Fed<TravellingEvent> = {
    schema: FromBus,
    begin() {
      const { world, isDead } = enter('match');
      return { work: (records) => match(records, world), isDead };
    },
  };
  const delivering = (as: 'deliver' | 'deferred'): Fed<DeliveryMessage> => ({
    schema: DeliveryMessage,
    begin() {
      const { world, isDead } = enter(as);
      return { work: (records) => deliver(records, world, new AbortController().signal), isDead };
    },
  });
  const sweeping: Fed<Job> = {
    schema: Job,
    begin() {
      const { world, isDead } = enter('sweep');
      return { work: (records) => sweep(records, world, () => 60_000), isDead };
    },
  };

  const matchOnce = (batchSize = 10): Promise<boolean> => invoke(queues.events, matching, batchSize);
  const deliverOnce = async (batchSize = 10): Promise<boolean> =>
    (await invoke(queues.deliveries, delivering('deliver'), batchSize)) ||
    (await invoke(queues.retries, delivering('deliver'), batchSize)) ||
    (await invoke(queues.deferred, delivering('deferred'), batchSize));
  const sweepOnce = (): Promise<boolean> => invoke(queues.sweeps, sweeping, 1);

  /** Until no message is visible any more. */
  async function pump(batchSize = 10): Promise<void> {
    while ((await matchOnce(batchSize)) || (await deliverOnce(batchSize)) || (await sweepOnce()));
  }

  /** One tick of the schedule, and what it asks for. */
  async function tick(): Promise<void> {
    queues.sweeps.send(JSON.stringify({ v: 1, kind: 'tick' }));
    while (await sweepOnce());
  }

  const unanswered: (() => Promise<unknown>)[] = [];

  /** A publisher, who posts again what he got no answer for. */
  async function post(text: string, shape: 'one' | 'batch' = 'one'): Promise<unknown> {
    const { world, isDead } = enter('ingest');
    const origin = { tenant: TENANT };
    const answer: unknown = await unlessInjected<unknown>(() =>
      shape === 'one' ? ingestOne(text, origin, world) : ingestBatch(text, origin, world),
    );
    if (answer !== undefined && !isDead()) return answer;
    unanswered.push(() => post(text, shape));
    return undefined;
  }
  async function postAgain(): Promise<void> {
    for (const again of unanswered.splice(0)) await again();
  }

  /** The ids of the events that are accepted and not matched, by one look at the whole table. */
  async function openEvents(): Promise<string[]> {
    const { Items = [] } = await flow.db.send(new ScanCommand({ TableName: flow.name }));
    return Items.filter(({ pk }) => String(pk).startsWith('OPEN#')).map(({ event_id }) => String(event_id));
  }
  const isQuiet = async (): Promise<boolean> =>
    unanswered.length === 0 &&
    Object.values(queues).every((queue) => queue.isEmpty) &&
    (await openEvents()).length === 0;

  /** A minute while an event is not matched, for the sweep may have to do with it; else until the next message comes. */
  function advance(): void {
    const { deliveries, retries, deferred, sweeps } = queues;
    const next = Math.min(...[deliveries, retries, deferred, sweeps].map(({ nextAt }) => nextAt));
    const isMinute = !queues.events.isEmpty || unanswered.length > 0 || next === Infinity;
    clock.advance(isMinute ? MINUTE : (next - clock.now().getTime()) / 1000);
  }

  /** The world goes on until nothing is left to do. */
  async function settle(mostSteps = 60): Promise<void> {
    for (let step = 0; step < mostSteps; step++) {
      await pump();
      if (await isQuiet()) return;
      advance();
      await postAgain();
      await pump();
      // The schedule ticks in any case, and does nothing where nothing is open: sixteen calls to find that out.
      if ((await openEvents()).length > 0) await tick();
    }
    throw new Error(`it did not come to rest in ${mostSteps} steps`);
  }

  return { ...opened, post, postAgain, matchOnce, deliverOnce, sweepOnce, pump, tick, settle, openEvents };
}
export type Pipeline = Awaited<ReturnType<typeof startPipeline>>;

/** Undefined where the run broke at a fault of the test's; any other error is one. */
async function unlessInjected<T>(run: () => Promise<T>): Promise<T | undefined> {
  try {
    return await run();
  } catch (error) {
    if (error instanceof Injected) return undefined;
    throw error;
  }
}

export const eventOf = (held: readonly Held[]): SQSEvent => ({
  Records: held.map(({ id, body, receiveCount }) => ({
    messageId: id,
    receiptHandle: id,
    body,
    attributes: {
      ApproximateReceiveCount: String(receiveCount),
      SentTimestamp: '0',
      SenderId: 'aws',
      ApproximateFirstReceiveTimestamp: '0',
    },
    messageAttributes: {},
    md5OfBody: '',
    eventSource: 'aws:sqs',
    eventSourceARN: 'arn:aws:sqs:us-east-1:000000000000:queue',
    awsRegion: 'us-east-1',
  })),
});
