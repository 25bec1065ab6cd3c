import { GetQueueAttributesCommand, SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { SQSEvent, SQSRecord } from 'aws-lambda';
import { openQueues, type Queues } from '../../local/aws/queues.ts';
import { Loop, MOST_AT_ONCE, type Mapping } from '../../local/loop.ts';
import { until } from '../support/until.ts';

let queues: Queues;
let sqs: SQSClient;
const loops: Loop[] = [];
let made = 0;

beforeAll(async () => {
  queues = await openQueues(undefined);
  const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };
  sqs = new SQSClient({ endpoint: queues.url, region: 'us-east-1', credentials, useQueueUrlAsEndpoint: false });
});
afterAll(async () => {
  await Promise.all(loops.map((loop) => loop.stop()));
  await queues.close();
});

const makeQueue = (attributes: Record<string, string> = {}) => queues.ensure({ name: `queue-${++made}`, attributes });
type Queue = ReturnType<typeof makeQueue>;

const send = ({ arn }: Queue, ...bodies: string[]): void =>
  bodies.forEach((body) => queues.send({ queueArn: arn, body }));

const numbered = (count: number): string[] => Array.from({ length: count }, (_, at) => `m${at}`);

type Handler = (event: SQSEvent) => unknown;

function drive(
  { url, arn }: Queue,
  handler: Handler,
  mapping: Partial<Mapping> = {},
): { loop: Loop; troubles: string[] } {
  const troubles: string[] = [];
  const usual = { batchSize: 10, windowSeconds: 0, maxConcurrency: 2, reportsItemFailures: true };
  const around = {
    sqs,
    invoke: async (event: SQSEvent) => handler(event),
    report: (text: string) => void troubles.push(text),
  };
  const loop = new Loop({ queueUrl: url, queueArn: arn, ...usual, ...mapping }, around);
  loops.push(loop);
  return { loop, troubles };
}

/** How many messages a queue has: to be received, and received but not deleted. */
async function counts({ url }: Queue): Promise<{ ready: number; held: number }> {
  const { Attributes = {} } = await sqs.send(new GetQueueAttributesCommand({ QueueUrl: url, AttributeNames: ['All'] }));
  return {
    ready: Number(Attributes.ApproximateNumberOfMessages),
    held: Number(Attributes.ApproximateNumberOfMessagesNotVisible),
  };
}

const isEmpty = async (queue: Queue): Promise<boolean> => {
  const { ready, held } = await counts(queue);
  return ready + held === 0;
};

const bodies = ({ Records }: SQSEvent): string[] => Records.map(({ body }) => body);

const failing = (event: SQSEvent, ...failed: string[]) => ({
  batchItemFailures: event.Records.filter(({ body }) => failed.includes(body)).map((r) => ({
    itemIdentifier: r.messageId,
  })),
});

/** A promise that others resolve. */
function gate(): { opened: Promise<void>; open: () => void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { opened: promise, open: resolve };
}

test.each([
  ['no more than ten messages', 10, [10, 10, 5]],
  ['no more messages than the mapping says', 4, [4, 4, 4, 4, 4, 4, 1]],
])('a batch holds %s, and what succeeded is deleted', async (_, batchSize, sizes) => {
  const queue = makeQueue();
  send(queue, ...numbered(25));
  const seen: string[][] = [];

  drive(queue, (event) => void seen.push(bodies(event)), { batchSize });

  await until(() => isEmpty(queue));
  expect(seen.map((batch) => batch.length)).toEqual(sizes);
  expect(seen.flat().sort()).toEqual(numbered(25).sort());
});

test('a window collects what comes within it into one batch', async () => {
  const queue = makeQueue();
  const seen: string[][] = [];
  drive(queue, (event) => void seen.push(bodies(event)), { batchSize: 12, windowSeconds: 20 });

  for (const body of numbered(12)) {
    send(queue, body);
    await until(async () => (await counts(queue)).ready === 0);
  }

  await until(() => isEmpty(queue));
  expect(seen).toEqual([numbered(12)]);
});

test('a message that the function names as failed stays, the rest of its batch is deleted', async () => {
  const queue = makeQueue({ VisibilityTimeout: '600' });
  send(queue, 'good', 'bad', 'good too');
  const { troubles } = drive(queue, (event) => failing(event, 'bad'));

  await until(async () => (await counts(queue)).held === 1);
  expect(await counts(queue)).toEqual({ ready: 0, held: 1 });
  expect(troubles).toEqual(['1 of 3 messages failed and will come again']);
});

test.each([
  ['nothing', undefined],
  ['null', null],
  ['an empty object', {}],
  ['no failures', { batchItemFailures: [] }],
  ['null for failures', { batchItemFailures: null }],
])('a function that answers %s has done its batch', async (_, answer) => {
  const queue = makeQueue({ VisibilityTimeout: '600' });
  send(queue, 'a', 'b');
  const { troubles } = drive(queue, () => answer);

  await until(() => isEmpty(queue));
  expect(troubles).toEqual([]);
});

test.each([
  ['something that is no object', () => 'done'],
  ['failures that are no list', () => ({ batchItemFailures: 'm1' })],
  ['an empty id', () => ({ batchItemFailures: [{ itemIdentifier: '' }] })],
  ['a null id', () => ({ batchItemFailures: [{ itemIdentifier: null }] })],
  ['ids under another name', ({ Records }: SQSEvent) => ({ batchItemFailures: [{ id: Records[0]?.messageId }] })],
  ['an id of no message in the batch', () => ({ batchItemFailures: [{ itemIdentifier: 'somebody else' }] })],
  [
    'one good id and one unknown',
    ({ Records }: SQSEvent) => ({
      batchItemFailures: [{ itemIdentifier: Records[0]?.messageId }, { itemIdentifier: 'x' }],
    }),
  ],
  [
    'an error',
    () => {
      throw new Error('no table');
    },
  ],
])('a function that answers with %s has failed the whole batch', async (_, handler: Handler) => {
  const queue = makeQueue({ VisibilityTimeout: '600' });
  send(queue, 'a', 'b', 'c');
  const { troubles } = drive(queue, handler);

  await until(() => troubles.length === 2);
  expect(troubles[1]).toBe('3 of 3 messages failed and will come again');
  expect(await counts(queue)).toEqual({ ready: 0, held: 3 });
});

test('without ReportBatchItemFailures the answer does not count, only an error does', async () => {
  const queue = makeQueue();
  send(queue, 'a');
  drive(queue, (event) => failing(event, 'a'), { reportsItemFailures: false });
  await until(() => isEmpty(queue));
});

test('a failed message comes again after its visibility time-out, and says how often it came', async () => {
  const queue = makeQueue({ VisibilityTimeout: '1' });
  send(queue, 'a');
  const receipts: { count: string; sinceFirst: number }[] = [];
  drive(queue, (event) => {
    const { ApproximateReceiveCount: count = '', ApproximateFirstReceiveTimestamp: first } =
      event.Records[0]?.attributes ?? {};
    receipts.push({ count, sinceFirst: Date.now() - Number(first) });
    return failing(event, ...(receipts.length < 3 ? ['a'] : []));
  });

  await until(() => isEmpty(queue));
  expect(receipts.map(({ count }) => count)).toEqual(['1', '2', '3']);
  // By the queue's own clock, from its first receive on: no delay of ours can make these smaller.
  const [, second, third] = receipts;
  expect(second?.sinceFirst).toBeGreaterThanOrEqual(1_000);
  expect(third?.sinceFirst).toBeGreaterThanOrEqual(2_000);
});

test('a message that keeps failing ends in the dead-letter queue after its last receive', async () => {
  const dead = makeQueue();
  const redrive = JSON.stringify({ deadLetterTargetArn: dead.arn, maxReceiveCount: 2 });
  const queue = makeQueue({ VisibilityTimeout: '1', RedrivePolicy: redrive });
  send(queue, 'poison');
  let calls = 0;
  drive(queue, (event) => {
    calls += 1;
    return failing(event, 'poison');
  });

  await until(async () => (await counts(dead)).ready === 1);
  expect(calls).toBe(2);
  expect(await isEmpty(queue)).toBe(true);
});

test.each([
  ['as the mapping allows', 3, 3],
  ['as one machine can bear', 1000, MOST_AT_ONCE],
])('no more invocations run at once than %s', async (_, maxConcurrency, most) => {
  const queue = makeQueue();
  send(queue, ...numbered(40));
  const { opened, open } = gate();
  let running = 0;
  let peak = 0;
  drive(
    queue,
    async () => {
      running += 1;
      peak = Math.max(peak, running);
      await opened;
      running -= 1;
    },
    { batchSize: 1, maxConcurrency },
  );

  await until(() => running === most);
  expect((await counts(queue)).ready).toBe(40 - most);
  open();
  await until(() => isEmpty(queue));
  expect(peak).toBe(most);
});

test('a delayed message is not handed out early', async () => {
  const queue = makeQueue();
  const seen: number[] = [];
  drive(queue, () => void seen.push(Date.now()));

  const sentAt = Date.now();
  await sqs.send(new SendMessageCommand({ QueueUrl: queue.url, MessageBody: 'later', DelaySeconds: 1 }));

  await until(() => seen.length === 1);
  expect((seen[0] ?? 0) - sentAt).toBeGreaterThanOrEqual(990);
});

test('stop waits for what runs, deletes what that did, and takes nothing new', async () => {
  const queue = makeQueue();
  send(queue, 'running');
  const { opened, open } = gate();
  const seen: string[] = [];
  const { loop } = drive(queue, async (event) => {
    seen.push(...bodies(event));
    await opened;
  });
  await until(() => seen.length === 1);
  await until(async () => (await counts(queue)).held === 1);

  let stopped = false;
  const stopping = loop.stop().then(() => (stopped = true));
  await until(async () => (await counts(queue)).held === 1);
  expect(stopped).toBe(false);
  open();
  await stopping;
  expect(await isEmpty(queue)).toBe(true);

  send(queue, 'too late');
  expect(await counts(queue)).toEqual({ ready: 1, held: 0 });
  expect(seen).toEqual(['running']);
});

test('a record has the shape that Lambda gives it', async () => {
  const queue = makeQueue();
  const seen: SQSRecord[] = [];
  drive(queue, ({ Records }) => void seen.push(...Records));

  const MessageAttributes = {
    colour: { DataType: 'String', StringValue: 'red' },
    bytes: { DataType: 'Binary', BinaryValue: Buffer.from([0, 255]) },
  };
  const message = { QueueUrl: queue.url, MessageBody: '{"a":1}', MessageAttributes };
  const { MessageId, MD5OfMessageBody, MD5OfMessageAttributes } = await sqs.send(new SendMessageCommand(message));

  await until(() => seen.length === 1);
  const millis = expect.stringMatching(/^\d{13}$/);
  const lists = { stringListValues: [], binaryListValues: [] };
  expect(seen[0]).toEqual({
    messageId: MessageId,
    receiptHandle: expect.stringMatching(/./),
    body: '{"a":1}',
    attributes: {
      ApproximateReceiveCount: '1',
      SentTimestamp: millis,
      SenderId: '000000000000',
      ApproximateFirstReceiveTimestamp: millis,
    },
    messageAttributes: {
      colour: { dataType: 'String', stringValue: 'red', ...lists },
      bytes: { dataType: 'Binary', binaryValue: 'AP8=', ...lists },
    },
    md5OfBody: MD5OfMessageBody,
    md5OfMessageAttributes: MD5OfMessageAttributes,
    eventSource: 'aws:sqs',
    eventSourceARN: queue.arn,
    awsRegion: 'us-east-1',
  });
});

test('a queue that cannot be reached is reported and tried again', async () => {
  const missing = { url: `${queues.url}/000000000000/not-yet`, arn: 'arn:aws:sqs:us-east-1:000000000000:not-yet' };
  const seen: string[] = [];
  const { troubles } = drive(missing, (event) => void seen.push(...bodies(event)));
  await until(() => troubles.length > 0);
  expect(troubles[0]).toMatch(/^cannot receive: /);

  const queue = queues.ensure({ name: 'not-yet', attributes: {} });
  send(queue, 'at last');
  await until(() => seen.length === 1);
});
