import type { Context, SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import type * as z from 'zod';
import { noteFailure } from './log.ts';

/** A message as a stage gets it. */
export interface Received<T> {
  /** Names the message in the answer to the queue. */
  id: string;
  /** 1 the first time. More means that an earlier try may have done some of the work. */
  receiveCount: number;
  message: T;
}

/** The same, with the exact text that the queue held: reading and printing it again would spell numbers anew. */
export interface AsSent<T> extends Received<T> {
  text: string;
}

/** A stage's work on one batch: answers the ids of the messages that must come again. */
export type WorkOn<T> = (messages: readonly AsSent<T>[], remainingMs: () => number) => Promise<ReadonlySet<string>>;

function read<T>(schema: z.ZodType<T>, record: SQSRecord): AsSent<T> | undefined {
  try {
    const message = schema.parse(JSON.parse(record.body));
    const receiveCount = Number(record.attributes.ApproximateReceiveCount);
    return { id: record.messageId, receiveCount, message, text: record.body };
  } catch (error) {
    // A message that nobody can read goes to the dead queue by itself, after the same tries as any other failure of ours.
    noteFailure('message.unreadable', error, { message_id: record.messageId, queue: record.eventSourceARN });
    return undefined;
  }
}

/**
 * The edge of a stage that is fed by a queue. What the body throws fails the whole batch; what it names comes again, and
 * everything else is done.
 */
export function batchOf<T>(schema: z.ZodType<T>, work: WorkOn<T>) {
  return async (
    { Records }: SQSEvent,
    context: Pick<Context, 'getRemainingTimeInMillis'>,
  ): Promise<SQSBatchResponse> => {
    const received = Records.map((record) => ({ id: record.messageId, read: read(schema, record) }));
    const readable = received.map(({ read }) => read).filter((message) => message !== undefined);
    const failed =
      readable.length === 0 ? new Set<string>() : await work(readable, () => context.getRemainingTimeInMillis());
    const unreadable = received.filter(({ read }) => read === undefined);
    return {
      batchItemFailures: [...failed, ...unreadable.map(({ id }) => id)].map((itemIdentifier) => ({ itemIdentifier })),
    };
  };
}
