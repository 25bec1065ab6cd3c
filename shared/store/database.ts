import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import {
  BatchWriteCommand,
  DynamoDBDocumentClient,
  QueryCommand,
  type QueryCommandInput,
  type QueryCommandOutput,
} from '@aws-sdk/lib-dynamodb';
import { gather } from '../domain/gather.ts';

/** Attributes as the document client reads them: whoever needs one checks what it is. */
export type Item = Record<string, unknown>;
export interface ItemKey {
  pk: string;
  sk: string;
}

/** A table and the client that speaks to it: what every store is made of. */
export interface Table {
  db: DynamoDBDocumentClient;
  name: string;
  /** The clock that says what has expired: the table itself removes it days late, so every read here leaves it out. */
  now(): Date;
}

/**
 * One client a process. It re-tries on its own: every write here is either conditional on what it changes or the same
 * however often it is made.
 */
export const openDatabase = (): DynamoDBDocumentClient =>
  DynamoDBDocumentClient.from(new DynamoDBClient({ maxAttempts: 4 }), {
    marshallOptions: { removeUndefinedValues: true },
  });

export type Write = { put: Item } | { remove: ItemKey };

const MOST_WRITES_A_CALL = 25;
const MOST_ROUNDS = 6;

/**
 * An item that goes along with writes, in a call that is made anyway. They do not depend on it: where the table takes all of them and
 * not this one, `lost` hears of it and nothing fails.
 */
export interface Along {
  put: Item & ItemKey;
  lost(error: Error): void;
}
/** What goes along is not worth a long wait: the function may have little time left. */
const MOST_ROUNDS_ALONG = 2;

const requestOf = (write: Write) =>
  'put' in write ? { PutRequest: { Item: write.put } } : { DeleteRequest: { Key: write.remove } };

const keyOf = (write: Write): string => {
  const { pk, sk }: Partial<Record<string, unknown>> = 'put' in write ? write.put : { ...write.remove };
  return `${String(pk)} ${String(sk)}`;
};

type Request = ReturnType<typeof requestOf>;

async function send({ db, name }: Table, requests: readonly Request[]): Promise<Request[]> {
  const { UnprocessedItems } = await db.send(new BatchWriteCommand({ RequestItems: { [name]: [...requests] } }));
  return (UnprocessedItems?.[name] ?? []) as Request[];
}

const isOf = ({ put }: Along, { PutRequest }: Request): boolean =>
  PutRequest !== undefined && PutRequest.Item.pk === put.pk && PutRequest.Item.sk === put.sk;

async function writeChunk(table: Table, writes: readonly Write[], along?: Along): Promise<void> {
  let left = [...writes, ...(along === undefined ? [] : [along])].map(requestOf);
  for (let round = 0; left.length > 0; round++) {
    const isOwed = along === undefined || left.some((request) => !isOf(along, request));
    try {
      left = await sendAgain(table, left, { round, most: isOwed ? MOST_ROUNDS : MOST_ROUNDS_ALONG });
    } catch (error) {
      if (isOwed) throw error;
      return along.lost(new Error('an item that went along was not written', { cause: error }));
    }
  }
}

/** A batch answers 200 for what a throttled table did not take, so what it names must be sent again. */
async function sendAgain(
  table: Table,
  requests: readonly Request[],
  { round, most }: { round: number; most: number },
): Promise<Request[]> {
  if (round === most) throw new Error(`${requests.length} items were not written`);
  if (round > 0) await new Promise((resume) => setTimeout(resume, 25 * 2 ** round));
  return send(table, requests);
}

/**
 * Writes all of it, 25 a call, unconditionally. Not atomic: a failure leaves some written, and the caller repeats the whole. What goes
 * along is in the last call.
 */
export async function writeAll(table: Table, writes: readonly Write[], along?: Along): Promise<void> {
  // A call that names one key twice is refused whole; the later write is the one that counts.
  const distinct = [...new Map(writes.map((write) => [keyOf(write), write])).values()];
  const calls = Array.from({ length: Math.ceil(distinct.length / MOST_WRITES_A_CALL) }, (_, call) =>
    distinct.slice(call * MOST_WRITES_A_CALL, (call + 1) * MOST_WRITES_A_CALL),
  );
  if (along !== undefined && distinct.length % MOST_WRITES_A_CALL === 0) calls.push([]);
  for (const [call, chunk] of calls.entries()) {
    await writeChunk(table, chunk, call === calls.length - 1 ? along : undefined);
  }
}

/**
 * Writes whose calls are shared by those made at about the same time. Each resolves when it is durable. A place in each call is kept for
 * what goes along with its writes.
 */
export const gatheredWrites = (
  table: Table,
  takeAlong: () => Along | undefined = () => undefined,
): ((write: Write) => Promise<void>) =>
  gather({ most: MOST_WRITES_A_CALL - 1, handle: (writes) => writeAll(table, writes, takeAlong()).then(() => []) });

/** A stretch of one partition, in the order of its sort keys. */
export interface Range {
  pk: string;
  /** Only sort keys that start so. */
  prefix?: string;
  /** Only sort keys from this one up. */
  from?: string | undefined;
  /** Only sort keys below (`newest`) or above this one. */
  after?: string | undefined;
  order?: 'newest' | 'oldest';
  limit?: number;
  consistent?: 'yes' | 'no';
  /** The attributes to read; all of them by default. */
  only?: readonly string[];
}

const isExpired = (item: Item, now: Date): boolean =>
  typeof item.expires_at === 'number' && item.expires_at * 1000 <= now.getTime();

const LOWEST = '\u0000';
const HIGHEST = '\u{10ffff}';

/**
 * One page of a partition, without what has expired: it may be short, or empty, and still go on. `after` of the answer
 * continues it, undefined at the end.
 */
export async function readRange(table: Table, range: Range): Promise<{ items: Item[]; after: string | undefined }> {
  const { after, limit } = range;
  const { low, high } = endsOf(range);
  // The table refuses a stretch that ends before it begins, where there is nothing to be found.
  if (low > high) return { items: [], after: undefined };
  const page = await table.db.send(new QueryCommand(queryOf(table.name, range)));
  const found = (page.Items ?? []).filter(({ sk }) => sk !== after);
  const shown = found.slice(0, limit);
  const more = page.LastEvaluatedKey !== undefined || found.length > shown.length;
  const last: unknown = shown.at(-1)?.sk ?? page.LastEvaluatedKey?.sk;
  return { items: shown.filter((item) => !isExpired(item, table.now())), after: more ? String(last) : undefined };
}

/** The first and the last sort key that count. */
function endsOf({ prefix = '', from = prefix, after, order }: Range): { low: string; high: string } {
  const [low, high] = order === 'newest' ? [from, after] : [after ?? from, undefined];
  return { low: low === '' ? LOWEST : low, high: high ?? prefix + HIGHEST };
}

function queryOf(TableName: string, range: Range): QueryCommandInput {
  const { pk, after, order, limit, consistent = 'no', only } = range;
  const { low, high } = endsOf(range);
  const attributes = only === undefined ? [] : ['expires_at', ...only];
  return {
    TableName,
    KeyConditionExpression: '#pk = :pk AND #sk BETWEEN :low AND :high',
    ExpressionAttributeNames: {
      '#pk': 'pk',
      '#sk': 'sk',
      ...Object.fromEntries(attributes.map((name, i) => [`#a${i}`, name])),
    },
    ExpressionAttributeValues: { ':pk': pk, ':low': low, ':high': high },
    ...(only !== undefined && {
      ProjectionExpression: ['#pk', '#sk', ...attributes.map((_, i) => `#a${i}`)].join(', '),
    }),
    ScanIndexForward: order !== 'newest',
    ConsistentRead: consistent === 'yes',
    // One more than asked for tells whether anything comes behind the page. And BETWEEN includes its ends, so the page may
    // begin with the row it goes on after: one more again, and that one is dropped.
    ...(limit !== undefined && { Limit: limit + (after === undefined ? 1 : 2) }),
  };
}

/**
 * The keys of a whole stretch, page by page, with those of what has expired and not gone yet: for whoever takes all of it away, which
 * he may do page by page. `from` is where an earlier look ended.
 */
export async function* keyPages(
  { db, name }: Table,
  range: Pick<Range, 'pk' | 'prefix' | 'from'>,
  limit: number,
): AsyncGenerator<ItemKey[]> {
  const query = { ...queryOf(name, { ...range, only: [], consistent: 'yes' }), Limit: limit };
  let ExclusiveStartKey: Item | undefined;
  do {
    const page: QueryCommandOutput = await db.send(new QueryCommand({ ...query, ExclusiveStartKey }));
    const found = (page.Items ?? []).map(({ pk, sk }) => ({ pk: String(pk), sk: String(sk) }));
    if (found.length > 0) yield found;
    ExclusiveStartKey = page.LastEvaluatedKey;
  } while (ExclusiveStartKey !== undefined);
}

const MOST_PAGES_COUNTED = 100;

/** How many items a partition holds; of a very large one, how many were counted. */
export async function countOf({ db, name: TableName }: Table, pk: string): Promise<number> {
  let count = 0;
  let ExclusiveStartKey: Item | undefined;
  for (let pages = 0; pages < MOST_PAGES_COUNTED; pages++) {
    const page: QueryCommandOutput = await db.send(
      new QueryCommand({
        TableName,
        KeyConditionExpression: 'pk = :pk',
        ExpressionAttributeValues: { ':pk': pk },
        Select: 'COUNT',
        ConsistentRead: true,
        ExclusiveStartKey,
      }),
    );
    count += page.Count ?? 0;
    ExclusiveStartKey = page.LastEvaluatedKey;
    if (ExclusiveStartKey === undefined) break;
  }
  return count;
}

/** Every item of a stretch, page by page. */
export async function* readAll(table: Table, range: Range): AsyncGenerator<Item> {
  let after: string | undefined = range.after;
  do {
    const page = await readRange(table, { ...range, after });
    yield* page.items;
    after = page.after;
  } while (after !== undefined);
}
