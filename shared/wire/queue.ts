import {
  DeleteMessageCommand,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  SendMessageCommand,
  SQSClient,
  type MessageAttributeValue,
} from '@aws-sdk/client-sqs';
import { gather } from '../domain/gather.ts';
import type { Job } from '../domain/job.ts';
import { asciiJson } from '../domain/json-text.ts';
import { sendInCalls, type Entry } from './calls.ts';

/** A message for a queue. `body` is sent as JSON. */
export interface Outgoing {
  body: object;
  /** Whom the queue is to be fair to: many messages of one group never hold up another's. */
  group: string;
  /** Seconds, 0 to 900. */
  delay?: number;
}

/** 1 MiB is SQS's limit for a batch; what it counts besides the bodies fits in the rest. */
const LIMITS = { entries: 10, bytes: 1_000_000 };

/** The queue's address comes from the environment, so the one in an answer is never followed. */
export const openQueues = (): SQSClient =>
  // No hidden second sending: when one is made, it is made here, and the message says that it is in doubt.
  new SQSClient({ maxAttempts: 1, md5: false, useQueueUrlAsEndpoint: false });

export interface Queue {
  /** Sends messages; answers those that could not be sent. `inDoubt` marks one that may have arrived before. */
  send<T extends Outgoing>(messages: readonly T[], inDoubt: (message: T) => T): Promise<T[]>;
}

/** Which queue, and who is told why a call to it failed. */
export interface QueueProps {
  url: string;
  report(error: unknown): void;
}

export function queueAt(client: SQSClient, { url, report }: QueueProps): Queue {
  async function sendCall<T extends Outgoing>(entries: readonly Entry<T>[]): Promise<T[]> {
    const { Failed = [] } = await client.send(
      new SendMessageBatchCommand({
        QueueUrl: url,
        Entries: entries.map(({ item, text }, i) => ({
          Id: String(i),
          MessageBody: text,
          MessageGroupId: item.group,
          ...(item.delay !== undefined && { DelaySeconds: item.delay }),
        })),
      }),
    );
    for (const { Code, Message } of Failed) report(new Error(`${Code ?? 'refused'}: ${Message ?? ''}`));
    return Failed.map(({ Id }) => entries[Number(Id)]?.item).filter((item) => item !== undefined);
  }

  return {
    send: (messages, inDoubt) =>
      sendInCalls(messages, { limits: LIMITS, textOf: ({ body }) => asciiJson(body), send: sendCall, inDoubt, report }),
  };
}

/** Sends one message, in a call that is shared by those sent at about the same time. Resolves when it is durable. */
export const gatheringQueue = <T extends Outgoing>(
  queue: Queue,
  inDoubt: <M extends T>(message: M) => M,
): ((message: T) => Promise<void>) =>
  gather<T>({
    most: LIMITS.entries,
    handle: async (messages) => {
      const unsent = await queue.send(
        messages.map((message, index) => ({ ...message, index })),
        inDoubt,
      );
      return unsent.map(({ index }) => index);
    },
  });

/** Asks the sweep for something, in so many seconds. Resolves when that is durable. Jobs can be done twice, so none is in doubt. */
export function jobsFor(queue: Queue): (job: Job, delay: number) => Promise<void> {
  const send = gatheringQueue<Outgoing>(queue, (message) => message);
  return (job, delay) => send({ body: job, group: 'tenant' in job ? job.tenant : 'all', delay });
}

/** How a message goes on. */
export interface PassedOn {
  group?: string;
  /** Seconds, 0 to 900. */
  delay?: number;
  /** Text beside the message's own. */
  attributes?: Readonly<Record<string, string>>;
}

/** Puts a text into a queue as it is. @throws where that is not durable */
export const passOnTo =
  (client: SQSClient, url: string) =>
  async (text: string, { group, delay, attributes = {} }: PassedOn): Promise<void> => {
    const named = Object.entries(attributes).map(([name, StringValue]): [string, MessageAttributeValue] => [
      name,
      { DataType: 'String', StringValue },
    ]);
    await client.send(
      new SendMessageCommand({
        QueueUrl: url,
        MessageBody: text,
        ...(group !== undefined && { MessageGroupId: group }),
        ...(delay !== undefined && { DelaySeconds: delay }),
        ...(named.length > 0 && { MessageAttributes: Object.fromEntries(named) }),
      }),
    );
  };

/** A message as it is received, which somebody removes when it is done with. */
export interface Inbound {
  body: string;
  remove(): Promise<void>;
}

/** The messages of a queue that can be seen now, ten at a time; what is not removed is seen again later. */
export async function* messagesIn(client: SQSClient, url: string): AsyncGenerator<Inbound> {
  for (;;) {
    const { Messages = [] } = await client.send(
      new ReceiveMessageCommand({ QueueUrl: url, MaxNumberOfMessages: 10, WaitTimeSeconds: 0 }),
    );
    if (Messages.length === 0) return;
    for (const { Body = '', ReceiptHandle } of Messages) {
      const remove = async (): Promise<void> => {
        await client.send(new DeleteMessageCommand({ QueueUrl: url, ReceiptHandle }));
      };
      yield { body: Body, remove };
    }
  }
}
