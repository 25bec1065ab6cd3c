import { setTimeout as pause } from 'node:timers/promises';
import { DeleteMessageBatchCommand, ReceiveMessageCommand, type Message, type SQSClient } from '@aws-sdk/client-sqs';
import type { SQSEvent, SQSMessageAttribute, SQSRecord } from 'aws-lambda';
import { REGION } from './aws/identity.ts';
import { list, object, type Json } from './json.ts';

/** What the template says about a queue that drives a function (AWS::Lambda::EventSourceMapping). */
export interface Mapping {
  queueUrl: string;
  queueArn: string;
  batchSize: number;
  /** How long a batch may wait to become full; 0 sends what is there. */
  windowSeconds: number;
  maxConcurrency: number;
  /** The function names the messages that failed (ReportBatchItemFailures); without it a batch fails or succeeds whole. */
  reportsItemFailures: boolean;
}

export interface Surroundings {
  sqs: SQSClient;
  invoke(event: SQSEvent): Promise<unknown>;
  /** Told of every batch that failed in part or whole; the queue will bring its messages again. */
  report(trouble: string): void;
}

/**
 * Invocations of one mapping at a time, however many the template allows: this is one machine. Fewer would not do: subscribers that
 * hang hold invocations, and with all of them held nobody gets anything.
 */
export const MOST_AT_ONCE = 25;

/**
 * Polls end after a second rather than after AWS's twenty, so that a stop never has to abort one: the queue would give its
 * messages to the aborted poll, and they would be gone until their visibility time-out.
 */
const POLL_SECONDS = 1;

/** What one receive or delete takes. */
const MOST_MESSAGES = 10;

/**
 * Plays the event source mapping between a queue and its function: receives batches, invokes the function with each, at most so
 * many at a time, and deletes what succeeded. What failed is left alone: the queue shows it again after the visibility time-out,
 * counts its receives and moves it to the dead-letter queue. One poll at a time is enough, and two would wake each other in vain.
 */
export class Loop {
  readonly #mapping: Mapping;
  readonly #around: Surroundings;
  readonly #running = new Set<Promise<void>>();
  readonly #polling: Promise<void>;
  #stopping = false;

  constructor(mapping: Mapping, around: Surroundings) {
    this.#mapping = mapping;
    this.#around = around;
    this.#polling = this.#poll();
  }

  /** Takes no more messages; resolves when those it has are done. Every invocation is bounded by its function's time-out. */
  async stop(): Promise<void> {
    this.#stopping = true;
    await this.#polling;
    await Promise.all(this.#running);
  }

  async #poll(): Promise<void> {
    const atOnce = Math.min(this.#mapping.maxConcurrency, MOST_AT_ONCE);
    while (!this.#stopping) {
      if (this.#running.size < atOnce) this.#start(await this.#receiveBatch());
      else await Promise.race(this.#running);
    }
  }

  #start(batch: Message[]): void {
    if (batch.length === 0) return;
    const run = this.#work(batch).finally(() => this.#running.delete(run));
    this.#running.add(run);
  }

  async #work(batch: Message[]): Promise<void> {
    const failed = await this.#invoke(batch);
    if (failed.size > 0) this.#around.report(`${failed.size} of ${batch.length} messages failed and will come again`);
    await this.#remove(batch.filter(({ MessageId = '' }) => !failed.has(MessageId)));
  }

  /** Resolves to the ids of the messages that stay in the queue. */
  async #invoke(batch: Message[]): Promise<Set<string>> {
    const ids = new Set(batch.map(({ MessageId = '' }) => MessageId));
    try {
      const Records = batch.map((message) => toRecord(message, this.#mapping.queueArn));
      const response = await this.#around.invoke({ Records });
      return this.#mapping.reportsItemFailures ? failedIds(response, ids) : new Set();
    } catch (error) {
      this.#around.report(messageOf(error));
      return ids;
    }
  }

  /** The window opens with the first message. */
  async #receiveBatch(): Promise<Message[]> {
    const { batchSize, windowSeconds } = this.#mapping;
    const batch = await this.#receive(batchSize);
    const closesAt = Date.now() + windowSeconds * 1000;
    while (batch.length > 0 && batch.length < batchSize && Date.now() < closesAt && !this.#stopping) {
      batch.push(...(await this.#receive(batchSize - batch.length)));
    }
    return batch;
  }

  async #receive(atMost: number): Promise<Message[]> {
    const poll = new ReceiveMessageCommand({
      QueueUrl: this.#mapping.queueUrl,
      MaxNumberOfMessages: Math.min(atMost, MOST_MESSAGES),
      WaitTimeSeconds: POLL_SECONDS,
      MessageSystemAttributeNames: ['All'],
      MessageAttributeNames: ['All'],
    });
    try {
      return (await this.#around.sqs.send(poll)).Messages ?? [];
    } catch (error) {
      this.#around.report(`cannot receive: ${messageOf(error)}`);
      await pause(POLL_SECONDS * 1000);
      return [];
    }
  }

  /** A message that cannot be deleted comes again, as on AWS: a function may see it twice and must not mind. */
  async #remove(done: Message[]): Promise<void> {
    const entries = done.map(({ MessageId, ReceiptHandle }) => ({ Id: MessageId, ReceiptHandle }));
    for (let from = 0; from < entries.length; from += MOST_MESSAGES) {
      const Entries = entries.slice(from, from + MOST_MESSAGES);
      const remove = new DeleteMessageBatchCommand({ QueueUrl: this.#mapping.queueUrl, Entries });
      const { Failed: failed = [] } = await this.#around.sqs.send(remove).catch(toFailure);
      for (const { Message: reason } of failed) this.#around.report(`a message could not be deleted: ${reason}`);
    }
  }
}

/** A request that failed reads like an entry that did. */
const toFailure = (error: unknown): { Failed: { Message: string }[] } => ({ Failed: [{ Message: messageOf(error) }] });

/**
 * Reads a function's answer: no list or an empty one means success. Throws on anything else that is not a list of messages of this
 * batch, and the whole batch fails then, because nobody can tell which of them were meant.
 * https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
 */
function failedIds(response: unknown, ids: Set<string>): Set<string> {
  const { batchItemFailures } = object(response ?? {});
  return new Set(list(batchItemFailures ?? []).map((failure) => failedId(object(failure), ids)));
}

function failedId({ itemIdentifier: id }: Json, ids: Set<string>): string {
  if (typeof id === 'string' && ids.has(id)) return id;
  throw new Error(`batchItemFailures names ${JSON.stringify(id)}, which is no message of this batch`);
}

/** https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html shows the record. */
function toRecord(message: Message, queueArn: string): SQSRecord {
  const { MessageId = '', ReceiptHandle = '', Body = '', MD5OfBody = '', Attributes = {} } = message;
  const { MD5OfMessageAttributes: md5OfMessageAttributes } = message;
  return {
    messageId: MessageId,
    receiptHandle: ReceiptHandle,
    body: Body,
    attributes: {
      ...Attributes,
      ApproximateReceiveCount: Attributes.ApproximateReceiveCount ?? '',
      ApproximateFirstReceiveTimestamp: Attributes.ApproximateFirstReceiveTimestamp ?? '',
      SentTimestamp: Attributes.SentTimestamp ?? '',
      SenderId: Attributes.SenderId ?? '',
    },
    messageAttributes: toMessageAttributes(message),
    md5OfBody: MD5OfBody,
    ...(md5OfMessageAttributes !== undefined && { md5OfMessageAttributes }),
    eventSource: 'aws:sqs',
    eventSourceARN: queueArn,
    awsRegion: REGION,
  };
}

function toMessageAttributes({ MessageAttributes = {} }: Message): SQSRecord['messageAttributes'] {
  const renamed = Object.entries(MessageAttributes).map(
    ([name, { DataType = '', StringValue, BinaryValue }]): [string, SQSMessageAttribute] => {
      const binaryValue = BinaryValue && Buffer.from(BinaryValue).toString('base64');
      return [
        name,
        { dataType: DataType, stringValue: StringValue, binaryValue, stringListValues: [], binaryListValues: [] },
      ];
    },
  );
  return Object.fromEntries(renamed);
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
