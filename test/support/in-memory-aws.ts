import { createHash, randomUUID } from 'node:crypto';
import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { SQSClient } from '@aws-sdk/client-sqs';
import * as z from 'zod';
import type { InMemoryQueue } from './in-memory-queue.ts';

/** What befalls one call of a service. Calls that nothing is planned for go well. */
export interface CallFault {
  /** The entries that are refused, by their text; the rest is taken, and the call answers 200. */
  refuses?: (text: string) => boolean;
  /** Everything is taken, and the connection breaks before the answer. */
  losesAnswer?: true;
}

type Operation = (input: unknown) => unknown;

/** The real SDK's clients, whose requests are answered in this process. Their own retries are off, as the project has them. */
function clientOptions(operations: Record<string, Operation>) {
  return {
    region: 'us-east-1',
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
    maxAttempts: 1,
    requestHandler: {
      async handle(request: { headers: Record<string, string>; body?: unknown }) {
        const target = request.headers['x-amz-target'] ?? '';
        const operation = operations[target];
        if (operation === undefined) throw new Error(`nothing here answers ${target}`);
        const text = request.body instanceof Uint8Array ? new TextDecoder().decode(request.body) : '{}';
        const body = Buffer.from(JSON.stringify(operation(JSON.parse(text))));
        return { response: { statusCode: 200, headers: { 'content-type': 'application/x-amz-json-1.1' }, body } };
      },
    },
  };
}

const SendMessageBatch = z.object({
  QueueUrl: z.string(),
  Entries: z
    .array(
      z.object({
        Id: z.string(),
        MessageBody: z.string().max(1024 * 1024),
        MessageGroupId: z.string(),
        DelaySeconds: z.number().optional(),
      }),
    )
    .min(1)
    .max(10),
});

const PutEvents = z.object({
  Entries: z
    .array(z.object({ EventBusName: z.string(), Source: z.string(), DetailType: z.string(), Detail: z.string() }))
    .min(1)
    .max(10),
});

/** Runs the entries of a call through what is planned for it. */
function answerEntries<T>(entries: readonly T[], fault: CallFault, { textOf, take }: Taking<T>): boolean[] {
  const taken = entries.map((entry) => fault.refuses?.(textOf(entry)) !== true);
  entries.forEach((entry, i) => taken[i] && take(entry));
  if (fault.losesAnswer) throw new Error('socket hang up');
  return taken;
}

interface Taking<T> {
  textOf: (entry: T) => string;
  take: (entry: T) => void;
}

/** SQS as its batch call shows it. `sent` holds the sizes of the calls that arrived. */
export function sqsInMemory(queues: Readonly<Record<string, InMemoryQueue>>) {
  const faults: CallFault[] = [];
  const sent: number[] = [];
  const send: Operation = (input) => {
    const { QueueUrl, Entries } = SendMessageBatch.parse(input);
    const queue = queues[QueueUrl];
    if (queue === undefined) throw new Error(`there is no queue ${QueueUrl}`);
    sent.push(Entries.length);
    const taken = answerEntries(Entries, faults.shift() ?? {}, {
      textOf: ({ MessageBody }) => MessageBody,
      take: ({ MessageBody, DelaySeconds }) => queue.send(MessageBody, DelaySeconds),
    });
    return {
      Successful: Entries.filter((_, i) => taken[i]).map(({ Id, MessageBody }) => ({
        Id,
        MessageId: randomUUID(),
        MD5OfMessageBody: createHash('md5').update(MessageBody).digest('hex'),
      })),
      Failed: Entries.filter((_, i) => !taken[i]).map(({ Id }) => ({ Id, SenderFault: false, Code: 'InternalError' })),
    };
  };
  const options = clientOptions({ 'AmazonSQS.SendMessageBatch': send });
  return { client: new SQSClient({ ...options, md5: false, useQueueUrlAsEndpoint: false }), faults, sent };
}

/**
 * EventBridge with one rule, which takes everything into the given queue. It parses and prints `detail` anew, as the real one
 * may. `loses` is how often it says yes and does nothing, as where a rule is not yet effective.
 */
export function busInMemory(target: InMemoryQueue) {
  const faults: CallFault[] = [];
  const state = { loses: 0 };
  const put: Operation = (input) => {
    const { Entries } = PutEvents.parse(input);
    const taken = answerEntries(Entries, faults.shift() ?? {}, {
      textOf: ({ Detail }) => Detail,
      take: ({ Source, DetailType, Detail }) => {
        if (state.loses > 0) {
          state.loses--;
          return;
        }
        const event = { source: Source, 'detail-type': DetailType, detail: JSON.parse(Detail) as unknown };
        target.send(JSON.stringify(event).replace(/[\u007f-\uffff]/g, escaped));
      },
    });
    return {
      FailedEntryCount: taken.filter((one) => !one).length,
      Entries: taken.map((one) => (one ? { EventId: randomUUID() } : { ErrorCode: 'InternalFailure' })),
    };
  };
  return { client: new EventBridgeClient(clientOptions({ 'AWSEvents.PutEvents': put })), faults, state };
}

const escaped = (char: string): string => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`;
