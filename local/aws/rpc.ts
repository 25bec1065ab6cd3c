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

/** How a call and its answer are written down. */
interface Protocol {
  contentType: string;
  /** Of the operation. */
  nameOf(request: IncomingMessage, body: string): string;
  inputOf(body: string): Input;
  write(output: unknown, name: string): string;
  writeError(error: AwsError): string;
}

/** Serves operations by name, in whichever protocol they are asked for. */
export const rpcServer = (operations: Record<string, Operation>): Server =>
  createServer((request, response) => {
    void answer(operations, request, response);
  });

async function answer(
  operations: Record<string, Operation>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const protocol = isForm(request) ? QUERY : JSON_1_1;
  const reply = (status: number, body: string): void => {
    response.writeHead(status, { 'content-type': protocol.contentType, 'x-amzn-requestid': randomUUID() });
    response.end(body);
  };
  try {
    const body = await readText(request);
    const name = protocol.nameOf(request, body);
    const operation = Object.hasOwn(operations, name) ? operations[name] : undefined;
    if (!operation) throw new AwsError('UnknownOperationException', `The local runner has no ${name}.`, 501);
    reply(200, protocol.write(await operation(protocol.inputOf(body)), name));
  } catch (error) {
    if (!request.complete) return; // the caller hung up
    const known = error instanceof AwsError ? error : unexpected(error);
    reply(known.status, protocol.writeError(known));
  }
}

const isForm = ({ headers }: IncomingMessage): boolean =>
  headers['content-type']?.startsWith('application/x-www-form-urlencoded') ?? false;

/** The operation is in X-Amz-Target, for example `TrentService.Decrypt`. */
const JSON_1_1: Protocol = {
  contentType: 'application/x-amz-json-1.1',
  nameOf: ({ headers, method, url }) => String(headers['x-amz-target'] ?? `${method} ${url}`),
  inputOf: parseInput,
  write: (output) => JSON.stringify(output),
  writeError: ({ code, message }) => JSON.stringify({ __type: code, message }),
};

/**
 * The operation is the form's `Action`. Only what is flat is written: no answer that is needed here holds more than texts.
 * https://smithy.io/2.0/aws/protocols/aws-query-protocol.html
 */
const QUERY: Protocol = {
  contentType: 'text/xml',
  nameOf: (_, body) => new URLSearchParams(body).get('Action') ?? '',
  inputOf: (body) => {
    const { Action: _action, Version: _version, ...input } = Object.fromEntries(new URLSearchParams(body));
    return input;
  },
  write: (output, name) => element(`${name}Response`, element(`${name}Result`, elements(output))),
  writeError: ({ code, message, status }) => {
    const error = elements({ Type: status < 500 ? 'Sender' : 'Receiver', Code: code, Message: message });
    return element('ErrorResponse', element('Error', error));
  },
};

const element = (name: string, content: string): string => `<${name}>${content}</${name}>`;

const elements = (members: unknown): string =>
  Object.entries(isObject(members) ? members : {})
    .map(([name, value]) => element(name, escaped(String(value))))
    .join('');

const escaped = (value: string): string =>
  value.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

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

/** The SDK tries a 500 again, as it would on AWS; nobody but us can say why it came, so it is printed. */
function unexpected(error: unknown): AwsError {
  console.error(error);
  return new AwsError('InternalFailure', String(error), 500);
}
