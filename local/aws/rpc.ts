import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { text as readText } from 'node:stream/consumers';

export type Input = Record<string, unknown>;
/** What answers an operation; it may throw an `AwsError`. */
export type Operation = (input: Input) => unknown;

/** A refusal in AWS's own words: the SDK turns `code` into the name of the error it throws. */
export class AwsError extends Error {
  readonly code: string;
  readonly status: number;

  constructor(code: string, message: string, status = 400) {
    super(message);
    this.code = code;
    this.status = status;
  }
}

/** The member as a string; a missing or empty one is refused as the real service would. */
export function text(input: Input, member: string): string {
  const value = input[member];
  if (typeof value === 'string' && value !== '') return value;
  throw new AwsError('ValidationException', `${member} is missing or not a string.`);
}

/** Serves operations by the name in X-Amz-Target, for example `TrentService.Decrypt`: the AWS JSON 1.1 protocol. */
export const rpcServer = (operations: Record<string, Operation>): Server =>
  createServer((request, response) => {
    void answer(operations, request, response);
  });

async function answer(
  operations: Record<string, Operation>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  try {
    reply(response, 200, await run(operations, request));
  } catch (error) {
    if (!request.complete) return; // the caller hung up
    const { code, message, status } = error instanceof AwsError ? error : unexpected(error);
    reply(response, status, { __type: code, message });
  }
}

async function run(operations: Record<string, Operation>, request: IncomingMessage): Promise<unknown> {
  const body = await readText(request);
  const target = String(request.headers['x-amz-target'] ?? `${request.method} ${request.url}`);
  const operation = Object.hasOwn(operations, target) ? operations[target] : undefined;
  if (!operation) throw new AwsError('UnknownOperationException', `The local runner has no ${target}.`, 501);
  return operation(parseInput(body));
}

function parseInput(body: string): Input {
  try {
    const input: unknown = JSON.parse(body);
    if (isObject(input)) return input;
  } catch {
    // refused below, like every other body that is no JSON object
  }
  throw new AwsError('SerializationException', 'The body is not a JSON object.');
}

export const isObject = (value: unknown): value is Input =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function reply(response: ServerResponse, status: number, output: unknown): void {
  response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1', 'x-amzn-requestid': randomUUID() });
  response.end(JSON.stringify(output));
}

/** The SDK tries a 500 again, as it would on AWS; nobody but us can say why it came, so it is printed. */
function unexpected(error: unknown): AwsError {
  console.error(error);
  return new AwsError('InternalFailure', String(error), 500);
}
