import { createBus, type Rule } from './aws/bus.ts';
import { openDataFolder } from './aws/data-folder.ts';
import { kmsOperations } from './aws/kms.ts';
import { listenOnLoopback } from './aws/loopback.ts';
import { openQueues, type QueueSpec } from './aws/queues.ts';
import { rpcServer } from './aws/rpc.ts';
import { createSecrets } from './aws/secrets.ts';
import { openTables, type TableSpec } from './aws/tables.ts';
import { createTopics, type TopicSpec } from './aws/topics.ts';

export type { QueueSpec, Rule, TableSpec, TopicSpec };

export interface EmulatorOptions {
  /** Holds all state, for this process alone; undefined keeps nothing. */
  dataDir: string | undefined;
}

/** The services of AWS that the functions call, in this process and on 127.0.0.1 only. Declaring a thing twice is harmless. */
export interface Emulators {
  /** For AWS_ENDPOINT_URL_SQS, AWS_ENDPOINT_URL_DYNAMODB, and AWS_ENDPOINT_URL, which has all others. */
  readonly endpoints: { sqs: string; dynamodb: string; other: string };
  /**
   * Makes the queue, or gives an existing one exactly these attributes; its messages stay. Use the URL it answers: the one that
   * GetQueueUrl knows may name the port of an earlier process.
   */
  ensureQueue(queue: QueueSpec): { url: string; arn: string };
  /** Makes the table unless it is there; resolves when it can be used. */
  ensureTable(table: TableSpec): Promise<{ arn: string }>;
  /** Sets the value for as long as this process lives. */
  ensureSecret(secret: { name: string; value: string }): { arn: string };
  /** Says who takes what is published to the topic. */
  ensureTopic(topic: TopicSpec): { arn: string };
  /** Replaces the rules of all buses. KMS needs nothing like it: every key exists. */
  setRules(rules: readonly Rule[]): void;
  /** Lets running requests answer (long polls at once) and closes the files. */
  stop(): Promise<void>;
}

/**
 * What a process held when it died is visible again at once, and that receive does not count; delays stay. Throws when another
 * process uses the folder.
 */
export async function startEmulators({ dataDir }: EmulatorOptions): Promise<Emulators> {
  const folder = openDataFolder(dataDir);
  const toClose: (() => unknown)[] = [folder.release];
  const stop = async (): Promise<void> => {
    for (let close = toClose.pop(); close; close = toClose.pop()) await close();
  };
  try {
    const tables = await openTables(folder.path('tables'));
    toClose.push(tables.close);
    const queues = await openQueues(folder.path('queues'));
    toClose.push(queues.close);
    const bus = createBus(queues);
    const secrets = createSecrets();
    const topics = createTopics();
    const operations = {
      ...bus.operations,
      ...secrets.operations,
      ...topics.operations,
      ...kmsOperations(folder.masterKey),
    };
    const other = await listenOnLoopback(rpcServer(operations));
    toClose.push(other.close);

    return {
      endpoints: { sqs: queues.url, dynamodb: tables.url, other: other.url },
      ensureQueue: queues.ensure,
      ensureTable: tables.ensure,
      ensureSecret: secrets.ensure,
      ensureTopic: topics.ensure,
      setRules: bus.setRules,
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}
