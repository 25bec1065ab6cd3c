import type { DatabaseSync } from 'node:sqlite';
import { buildApp } from 'fauxqs';
// The package exports buildApp and startFauxqs only. startFauxqs listens on all addresses whatever it is told, and only it keeps
// anything on disk; so its parts are put together here, from the files of the one version package.json names.
import { SqsError } from '../../node_modules/fauxqs/dist/common/errors.js';
import { PersistenceManager } from '../../node_modules/fauxqs/dist/persistence.js';
import { S3Store } from '../../node_modules/fauxqs/dist/s3/s3Store.js';
import { SnsStore } from '../../node_modules/fauxqs/dist/sns/snsStore.js';
import { SqsStore } from '../../node_modules/fauxqs/dist/sqs/sqsStore.js';
import { ACCOUNT, REGION, arnOf } from './identity.ts';
import { listenOnLoopback } from './loopback.ts';
import { isObject, type Input } from './rpc.ts';

export interface QueueSpec {
  name: string;
  /** As SQS's CreateQueue takes them: all values are strings. */
  attributes: Record<string, string>;
}

export interface Message {
  queueArn: string;
  body: string;
  groupId?: string;
  attributes?: Record<string, string>;
}

export interface Queues {
  url: string;
  /** Makes the queue, or gives an existing one these attributes; its messages stay. */
  ensure(queue: QueueSpec): { url: string; arn: string };
  /** The message is on disk when this returns. Throws a `Refused` when the queue is missing or the message too long. */
  send(message: Message): void;
  /** All sends within are kept, or none of them. */
  atomically<T>(work: () => T): T;
  close(): Promise<void>;
}

/** A message that its queue cannot take; `code` is what EventBridge would write on the dead letter. */
export class Refused extends Error {
  readonly code: 'NO_RESOURCE' | 'INVALID_PARAMETER';

  constructor(code: Refused['code'], message: string) {
    super(message);
    this.code = code;
  }
}

/** SQS in this process, kept in `dir`, or in memory without one. */
export async function openQueues(dir: string | undefined): Promise<Queues> {
  const disk = dir === undefined ? undefined : new Disk(dir);
  const atomically = <T>(work: () => T): T => (disk ? disk.atomically(work) : work());
  const stores = { sqsStore: new Store(atomically), snsStore: new SnsStore(), s3Store: new S3Store() };
  const { sqsStore } = stores;
  sqsStore.host = ''; // queue URLs then name the host of the request, and not one that does not resolve
  if (disk) attach(disk, stores);

  const app = buildApp({ logger: false, defaultRegion: REGION, stores });
  app.addHook('preHandler', (request, _, done) => {
    sqsStore.sending = sentIn(request.body);
    done();
  });
  await app.ready();
  const listening = await listenOnLoopback(app.server, () => sqsStore.shutdown());

  return {
    url: listening.url,
    ensure: (queue) => ensure(sqsStore, queue, listening.url),
    send: (message) => send(sqsStore, message),
    atomically,
    async close() {
      await listening.close();
      await app.close();
      disk?.close();
    },
  };
}

type Stores = { sqsStore: SqsStore; snsStore: SnsStore; s3Store: S3Store };

/** Loads first and attaches then: saving a queue replaces its row, and that deletes its messages with it. */
function attach(disk: Disk, { sqsStore, snsStore }: Stores): void {
  disk.loadSqsAndSns(sqsStore, snsStore);
  sqsStore.persistence = disk;
  for (const queue of sqsStore.allQueues()) queue.persistence = disk;
}

/** What SQS assumes where a queue says nothing: an attribute that left the template goes back to it. */
const DEFAULTS = {
  VisibilityTimeout: '30',
  DelaySeconds: '0',
  MaximumMessageSize: '1048576',
  MessageRetentionPeriod: '345600',
  ReceiveMessageWaitTimeSeconds: '0',
  RedrivePolicy: '',
};

function ensure(store: SqsStore, { name, attributes }: QueueSpec, base: string): { url: string; arn: string } {
  const made = { url: `${base}/${ACCOUNT}/${name}`, arn: arnOf('sqs', name) };
  const queue = store.getQueueByName(name) ?? store.createQueue(name, made.url, made.arn);
  queue.setAttributes({ ...DEFAULTS, ...attributes });
  return made;
}

function send(store: SqsStore, { queueArn, body, groupId, attributes = {} }: Message): void {
  const queue = store.getQueueByArn(queueArn);
  if (!queue) throw new Refused('NO_RESOURCE', `There is no queue ${queueArn}.`);
  const longest = Number(queue.attributes.MaximumMessageSize);
  if (Buffer.byteLength(body) > longest)
    throw new Refused('INVALID_PARAMETER', `The message is over ${longest} bytes.`);

  const delay = Number(queue.attributes.DelaySeconds);
  const typed = Object.entries(attributes).map(
    ([key, value]) => [key, { DataType: 'String', StringValue: value }] as const,
  );
  try {
    queue.enqueue(SqsStore.createMessage(body, Object.fromEntries(typed), delay || undefined, groupId));
  } catch (error) {
    throw error instanceof SqsError ? new Refused('INVALID_PARAMETER', error.message) : error;
  }
}

/** What a SendMessage or a SendMessageBatch sends. */
const sentIn = (request: unknown): Input[] =>
  isObject(request) && Array.isArray(request['Entries'])
    ? request['Entries'].filter(isObject)
    : [request].filter(isObject);

type StoredQueue = ReturnType<SqsStore['createQueue']>;
type StoredMessage = Parameters<StoredQueue['enqueue']>[0];

class Store extends SqsStore {
  /** What the request that is being answered sends. */
  sending: Input[] = [];
  readonly #atomically: Queues['atomically'];

  constructor(atomically: Queues['atomically']) {
    super();
    this.#atomically = atomically;
  }

  override createQueue(...args: Parameters<SqsStore['createQueue']>): StoredQueue {
    const queue = super.createQueue(...args);
    const dequeue = queue.dequeue.bind(queue);
    const enqueue = queue.enqueue.bind(queue);
    // A redrive deletes a message in one queue and inserts it in the other: killed in between, it would be lost.
    queue.dequeue = (...request) => this.#atomically(() => dequeue(...request));
    queue.enqueue = (message) => enqueue(this.#asOnAws(message));
    return queue;
  }

  #asOnAws(message: StoredMessage): StoredMessage {
    const { approximateReceiveCount: count, messageGroupId = this.#groupOf(message) } = message;
    // Whatever has been received comes from a redrive, which fauxqs counts as one receive too many.
    if (count > 0) return { ...message, approximateReceiveCount: count - 1 };
    check({ ...message, messageGroupId });
    return { ...message, messageGroupId };
  }

  /** fauxqs hands the groups of a request on to FIFO queues only. */
  #groupOf({ body }: StoredMessage): string | undefined {
    const at = this.sending.findIndex(({ MessageBody }) => MessageBody === body);
    const [sent] = at < 0 ? [] : this.sending.splice(at, 1);
    return typeof sent?.['MessageGroupId'] === 'string' ? sent['MessageGroupId'] : undefined;
  }
}

const LONGEST_DELAY = 900;

/**
 * Throws for what AWS refuses and fauxqs takes. In a batch AWS refuses that entry alone; here the request ends at it.
 * https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html
 */
function check({ sentTimestamp, delayUntil = sentTimestamp, messageGroupId }: StoredMessage): void {
  const delay = (delayUntil - sentTimestamp) / 1000;
  if (delay > LONGEST_DELAY)
    throw new Invalid('DelaySeconds', delay, `DelaySeconds must be >= 0 and <= ${LONGEST_DELAY}.`);
  if (messageGroupId !== undefined && !/^[\x21-\x7e]{1,128}$/.test(messageGroupId)) {
    const allowed = 'MessageGroupId can only include alphanumeric and punctuation characters. 1 to 128 in length.';
    throw new Invalid('MessageGroupId', messageGroupId, allowed);
  }
}

class Invalid extends SqsError {
  constructor(name: string, value: string | number, reason: string) {
    super('InvalidParameterValue', `Value ${value} for parameter ${name} is invalid. Reason: ${reason}`);
  }

  /** The SDK makes the error's name of it. */
  override get queryErrorHeader(): string {
    return `${this.code};Sender`;
  }
}

class Disk extends PersistenceManager {
  readonly #db: DatabaseSync;

  constructor(dir: string) {
    super(dir);
    this.#db = this['db'] as DatabaseSync;
    // With the write-ahead log, NORMAL loses nothing when the process is killed (only when the machine is) and is 5 times as fast.
    this.#db.exec('PRAGMA synchronous = NORMAL');
    // It reads the messages queue by queue at the start: with 50,000 waiting, an index makes that 0.6 s instead of 2.8 s.
    this.#db.exec('CREATE INDEX IF NOT EXISTS messages_by_queue ON sqs_messages (queue_name)');
    // Whoever held a message is dead by now. That he died says nothing against it: it brings it no nearer to the queue of last resort.
    // But it has been received, so what is done for it may be done for the second time. Delays stay.
    this.#db
      .prepare(
        'UPDATE sqs_messages SET approximate_receive_count = MAX(approximate_receive_count - 1, 1) ' +
          'WHERE receipt_handle IS NOT NULL AND visibility_deadline > ?',
      )
      .run(Date.now());
    this.#db.exec(
      'UPDATE sqs_messages SET receipt_handle = NULL, visibility_deadline = NULL WHERE receipt_handle IS NOT NULL',
    );
  }

  /** fauxqs sets the receive count to NULL here, which its own table refuses: the message would be gone until a restart. */
  override updateMessageReady(messageId: string): void {
    this.#db
      .prepare('UPDATE sqs_messages SET receipt_handle = NULL, visibility_deadline = NULL WHERE message_id = ?')
      .run(messageId);
  }

  atomically<T>(work: () => T): T {
    this.#db.exec('BEGIN');
    try {
      const result = work();
      this.#db.exec('COMMIT');
      return result;
    } catch (error) {
      this.#db.exec('ROLLBACK');
      throw error;
    }
  }
}
