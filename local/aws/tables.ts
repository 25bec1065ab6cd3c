import type { Server } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import dynalite from 'dynalite';
import { arnOf } from './identity.ts';
import { listenOnLoopback } from './loopback.ts';
import { AwsError, isObject, type Input } from './rpc.ts';

export interface TableSpec {
  name: string;
  /** Names of the partition key and the sort key, both strings. */
  keys?: readonly [partition: string, sort: string];
}

export interface Tables {
  url: string;
  /** What listens there, for whoever stands in front of it. */
  server: Server;
  /** Makes the table unless it is there, and resolves when it can be used. */
  ensure(table: TableSpec): Promise<{ arn: string }>;
  close(): Promise<void>;
}

/** DynamoDB in this process, kept in `dir`, or in memory without one. */
export async function openTables(dir: string | undefined): Promise<Tables> {
  const server = dynalite({
    ...(dir !== undefined && { path: dir }),
    createTableMs: 0,
    updateTableMs: 0,
    deleteTableMs: 0,
  });
  // It throws from its own 'error' listener: a client that hangs up half-way would end the whole process.
  server.on('request', (request) => request.removeAllListeners('error').on('error', () => {}));
  const { url, close } = await listenOnLoopback(server);
  return { url, server, close, ensure: (table) => ensure(url, table) };
}

async function ensure(url: string, { name, keys = ['pk', 'sk'] }: TableSpec): Promise<{ arn: string }> {
  const found = await status(url, name);
  if (found === undefined) await create(url, name, keys);
  // Only a process that was killed while making it leaves a table like this, and nothing but an update gets it out of there.
  if (found === 'CREATING') await call(url, 'UpdateTable', { TableName: name, ...PROVISIONED });
  while ((await status(url, name)) !== 'ACTIVE') await delay(1);
  return { arn: arnOf('dynamodb', `table/${name}`) };
}

const PROVISIONED = {
  BillingMode: 'PROVISIONED',
  ProvisionedThroughput: { ReadCapacityUnits: 1, WriteCapacityUnits: 1 },
};

async function create(url: string, name: string, keys: readonly [string, string]): Promise<void> {
  await call(url, 'CreateTable', {
    TableName: name,
    BillingMode: 'PAY_PER_REQUEST',
    AttributeDefinitions: keys.map((key) => ({ AttributeName: key, AttributeType: 'S' })),
    KeySchema: keys.map((key, index) => ({ AttributeName: key, KeyType: index === 0 ? 'HASH' : 'RANGE' })),
  });
}

async function status(url: string, name: string): Promise<unknown> {
  try {
    const { Table } = await call(url, 'DescribeTable', { TableName: name });
    return isObject(Table) ? Table['TableStatus'] : undefined;
  } catch (error) {
    if (error instanceof AwsError && error.code.endsWith('#ResourceNotFoundException')) return undefined;
    throw error;
  }
}

/** dynalite wants to see a signature and checks none. */
const SIGNED = {
  'content-type': 'application/x-amz-json-1.0',
  'x-amz-date': '20000101T000000Z',
  authorization:
    'AWS4-HMAC-SHA256 Credential=local/20000101/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=none',
};

async function call(url: string, operation: string, input: object): Promise<Input> {
  const headers = { ...SIGNED, 'x-amz-target': `DynamoDB_20120810.${operation}` };
  const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify(input) });
  const output: unknown = await response.json();
  if (!isObject(output)) throw new Error(`${operation} answered no object`);
  if (!response.ok)
    throw new AwsError(String(output['__type']), `${operation} failed: ${String(output['message'])}`, response.status);
  return output;
}
