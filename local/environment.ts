/**
 * Runs inside a worker thread: one Lambda execution environment. Loads the bundle once (what fails here fails the start), then
 * answers one invocation after another. Nothing of the runner is in reach: variables, arguments and heap are the worker's own.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parentPort, workerData } from 'node:worker_threads';
import type { Answer, FunctionSpec, Request } from './invoke.ts';

type Handler = (event: unknown, context: object) => unknown;

if (parentPort === null) throw new Error('this file runs in a worker thread only');
const port = parentPort;
const spec = workerData as FunctionSpec;
const handler = await load(spec);
port.on('message', (request: Request) => void invoke(request).then((answer) => port.postMessage(answer)));
port.postMessage({ result: 'null' } satisfies Answer);

async function load({ code, handler }: FunctionSpec): Promise<Handler> {
  const [file = '', name = ''] = handler.split('.');
  const path = ['.mjs', '.js']
    .map((extension) => join(code, file + extension))
    .find((candidate) => existsSync(candidate));
  if (path === undefined) throw new Error(`${code} holds no ${file}.mjs`);
  const module = (await import(pathToFileURL(path).href)) as Record<string, unknown>;
  const found = module[name];
  if (typeof found !== 'function') throw new Error(`${path} exports no function named ${name}`);
  return found as Handler;
}

async function invoke({ event, requestId, deadline }: Request): Promise<Answer> {
  try {
    const result = await handler(JSON.parse(event), contextOf(requestId, deadline));
    return { result: JSON.stringify(result ?? null) };
  } catch (error) {
    return {
      error: error instanceof Error ? { name: error.name, message: error.message, stack: error.stack } : thrown(error),
    };
  }
}

const thrown = (value: unknown): { name: string; message: string } => ({ name: typeof value, message: String(value) });

/** https://docs.aws.amazon.com/lambda/latest/dg/nodejs-context.html */
const contextOf = (awsRequestId: string, deadline: number): object => ({
  awsRequestId,
  functionName: spec.name,
  functionVersion: '$LATEST',
  invokedFunctionArn: spec.arn,
  memoryLimitInMB: String(spec.memoryMb),
  logGroupName: `/aws/lambda/${spec.name}`,
  logStreamName: 'local',
  callbackWaitsForEmptyEventLoop: true,
  getRemainingTimeInMillis: () => Math.max(deadline - Date.now(), 0),
});
