import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import { json } from 'node:stream/consumers';
import { PutCommand, ScanCommand } from '@aws-sdk/lib-dynamodb';
import { listenOnLoopback } from '../../local/aws/loopback.ts';
import { isObject, type Input } from '../../local/aws/rpc.ts';
import { openTables } from '../../local/aws/tables.ts';
import { openDatabase, type Item, type Table } from '../../shared/store/database.ts';
import { make, type Clock } from './make.ts';

/** A table of its own, whose clock the test moves, and which it may look at behind the store's back. */
export interface TestTable extends Table {
  clock: Clock;
  scan(): Promise<Item[]>;
  put(item: Item): Promise<unknown>;
}

/** One call on its way to the tables: `PutItem` and what it says. */
export interface Call {
  operation: string;
  input: Input;
}
export interface Reply {
  status: number;
  output: unknown;
}
/**
 * Stands between the client and the tables: may answer in their place, change what they get, wait, and, with undefined, hang
 * up without an answer.
 */
export type Meddler = (call: Call, pass: (input: Input) => Promise<Reply>) => Promise<Reply | undefined>;

export interface DynamoDb {
  open(): Promise<TestTable>;
  /** Until the next one, or `leaveAlone`. */
  meddle(meddler: Meddler): void;
  leaveAlone(): void;
  close(): Promise<void>;
}

const honest: Meddler = ({ input }, pass) => pass(input);

const PASSED_ON = ['content-type', 'x-amz-target', 'x-amz-date', 'authorization'];
const headersOf = (headers: IncomingHttpHeaders): Record<string, string> =>
  Object.fromEntries(PASSED_ON.map((name) => [name, String(headers[name])]));

/** dynalite in this process, empty, with the project's own client for it. It sets the variables that the AWS SDK reads. */
export async function startDynalite(): Promise<DynamoDb> {
  const tables = await openTables(undefined);
  let meddler = honest;
  const between = await listenOnLoopback(
    createServer((request, response) => {
      // Where nobody meddles, they answer themselves: a second call and a second parsing would double what each costs.
      if (meddler === honest) tables.server.emit('request', request, response);
      else void relay(request, response, { to: tables.url, meddler: () => meddler });
    }),
  );
  Object.assign(process.env, {
    AWS_ENDPOINT_URL_DYNAMODB: between.url,
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'local',
    AWS_SECRET_ACCESS_KEY: 'local',
  });
  const db = openDatabase();
  let opened = 0;
  return {
    async open() {
      const name = `table-${++opened}`;
      await tables.ensure({ name });
      const clock = make.clock();
      return {
        db,
        name,
        clock,
        now: clock.now,
        scan: async () => (await db.send(new ScanCommand({ TableName: name }))).Items ?? [],
        put: (Item) => db.send(new PutCommand({ TableName: name, Item })),
      };
    },
    meddle: (next) => (meddler = next),
    leaveAlone: () => (meddler = honest),
    async close() {
      db.destroy();
      await between.close();
      await tables.close();
    },
  };
}

async function relay(
  request: IncomingMessage,
  response: ServerResponse,
  { to, meddler }: { to: string; meddler: () => Meddler },
): Promise<void> {
  const input = await json(request);
  const operation = String(request.headers['x-amz-target']).split('.').at(-1) ?? '';
  const pass = async (passed: Input): Promise<Reply> => {
    const answer = await fetch(to, {
      method: 'POST',
      headers: headersOf(request.headers),
      body: JSON.stringify(passed),
    });
    return { status: answer.status, output: await answer.json() };
  };
  const reply = await meddler()({ operation, input: isObject(input) ? input : {} }, pass);
  if (reply === undefined) return void response.destroy();
  response.writeHead(reply.status, { 'content-type': 'application/x-amz-json-1.0' });
  response.end(JSON.stringify(reply.output));
}
