import { randomBytes, randomUUID } from 'node:crypto';
import { validateHeaderValue, type IncomingMessage } from 'node:http';
import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import { ACCOUNT } from './aws/identity.ts';
import { isObject, list, object, type Json } from './json.ts';

/** The route that takes a request. */
export interface Found {
  key: string;
  functionName: string;
  pathParameters: Record<string, string>;
}

export function toEvent(
  request: IncomingMessage,
  body: Buffer,
  { key, pathParameters }: Found,
): APIGatewayProxyEventV2 {
  const { path, query } = splitUrl(request);
  const { cookie, ...headers } = headersOf(request, body);
  const parameters = queryParameters(query);
  const rawPath = decodedPath(path);
  return {
    version: '2.0',
    routeKey: key,
    rawPath,
    rawQueryString: query,
    ...(cookie !== undefined && { cookies: cookie.split(/; */) }),
    headers,
    ...(parameters && { queryStringParameters: parameters }),
    requestContext: { ...contextOf(request, headers, rawPath), routeKey: key },
    ...(Object.keys(pathParameters).length > 0 && { pathParameters }),
    ...toBody(body, headers['content-type']),
  };
}

export function splitUrl({ url = '/' }: IncomingMessage): { path: string; query: string } {
  const [, path = '', query = ''] = /^([^?]*)\??(.*)$/.exec(url) ?? [];
  return { path, query };
}

/** An HTTP API hands the path over decoded, and cuts it at a decoded `?`: https://github.com/middleapi/standard-server/pull/93 */
const decodedPath = (path: string): string => decode(path).split('?')[0] ?? '';

/** Names are lower case already; what came twice is joined. A length and a trace are always there. */
function headersOf({ headersDistinct, socket }: IncomingMessage, body: Buffer): Record<string, string> {
  const joined = Object.entries(headersDistinct).map(([name, values = []]): [string, string] => [
    name,
    values.join(name === 'cookie' ? '; ' : ','),
  ]);
  const headers = Object.fromEntries(joined);
  const forwardedFor = [headers['x-forwarded-for'], ipOf(socket.remoteAddress)].filter(Boolean).join(', ');
  const forwarded = {
    'x-forwarded-for': forwardedFor,
    'x-forwarded-port': `${socket.localPort}`,
    'x-forwarded-proto': 'http',
  };
  return { 'content-length': `${body.length}`, 'x-amzn-trace-id': newTrace(), ...headers, ...forwarded };
}

/** https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html#xray-concepts-tracingheader */
const newTrace = (): string =>
  `Root=1-${Math.floor(Date.now() / 1000).toString(16)}-${randomBytes(12).toString('hex')}`;

const ipOf = (address = ''): string => address.replace(/^::ffff:/, '');

function queryParameters(query: string): Record<string, string> | undefined {
  if (query === '') return undefined;
  const parameters = new URLSearchParams(query);
  return Object.fromEntries([...new Set(parameters.keys())].map((name) => [name, parameters.getAll(name).join(',')]));
}

function contextOf(
  { method = '', httpVersion, socket }: IncomingMessage,
  headers: Record<string, string>,
  path: string,
) {
  const { host = '', 'user-agent': userAgent = '' } = headers;
  const now = new Date();
  return {
    accountId: ACCOUNT,
    apiId: 'local',
    domainName: host,
    domainPrefix: host.split('.')[0] ?? '',
    http: { method, path, protocol: `HTTP/${httpVersion}`, sourceIp: ipOf(socket.remoteAddress), userAgent },
    requestId: randomUUID(),
    stage: '$default',
    time: clfTime(now),
    timeEpoch: now.getTime(),
  };
}

/** `12/Mar/2026:19:03:58 +0000` */
function clfTime(at: Date): string {
  const [, day, month, year, time] = /^\w+, (\d+) (\w+) (\d+) (\S+)/.exec(at.toUTCString()) ?? [];
  return `${day}/${month}/${year}:${time} +0000`;
}

const TEXT = /^\s*(text\/[^;]*|application\/(json|xml|javascript))\s*(;|$)/i;

/** Form data and other types without `text` in them arrive in base64, and so does text that is not UTF-8. */
function toBody(body: Buffer, contentType = ''): { body?: string; isBase64Encoded: boolean } {
  if (body.length === 0) return { isBase64Encoded: false };
  const text = TEXT.test(contentType) ? asUtf8(body) : undefined;
  return text === undefined
    ? { body: body.toString('base64'), isBase64Encoded: true }
    : { body: text, isBase64Encoded: false };
}

function asUtf8(bytes: Buffer): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

export interface Answer {
  status: number;
  headers: Record<string, string | string[]>;
  body: Buffer;
}

/** What API Gateway says on its own. */
export const ownAnswer = (status: number, message: string): Answer => ({
  status,
  headers: { 'content-type': 'application/json' },
  body: Buffer.from(JSON.stringify({ message })),
});

/** Reads what a function returned; throws where API Gateway could make nothing of it. */
export function toAnswer(result: unknown): Answer {
  if (!isObject(result) || !('statusCode' in result)) return inferredAnswer(result);

  const { statusCode, isBase64Encoded } = result;
  const status = Number(statusCode);
  if (!Number.isInteger(status) || status < 200 || status > 599)
    throw new Error(`${String(statusCode)} is no status code`);
  const body = result['body'] ?? ''; // AWS's own libraries write null for what is not there
  if (typeof body !== 'string') throw new Error('the body is not a string');
  const { 'set-cookie': cookie, ...headers } = answerHeaders(object(result['headers'] ?? {}), body);
  const cookies = [...list(result['cookies'] ?? []).map(String), ...(cookie === undefined ? [] : [cookie])];
  return {
    status,
    headers: { ...headers, ...(cookies.length > 0 && { 'set-cookie': cookies }) },
    body: Buffer.from(body, isBase64Encoded ? 'base64' : 'utf8'),
  };
}

/** A function that names no status means 200, and what it returned is the body. */
const inferredAnswer = (result: unknown): Answer => ({
  status: 200,
  headers: { 'content-type': 'application/json' },
  body: Buffer.from(typeof result === 'string' ? result : JSON.stringify(result)),
});

/** These are the connection's and not the function's to say. */
const NOT_PASSED_ON = ['connection', 'content-length', 'keep-alive', 'transfer-encoding', 'upgrade'];

function answerHeaders(headers: Json, body: string): Record<string, string> {
  const answer: Record<string, string> = body === '' ? {} : { 'content-type': 'text/plain;charset=UTF-8' };
  for (const [given, value] of Object.entries(headers)) {
    const name = given.toLowerCase();
    // Several values are for `cookies` only: https://github.com/CodeGenieApp/serverless-express/issues/355
    if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean')
      throw new Error(`the header ${name} is not a text`);
    validateHeaderValue(name, String(value));
    if (!NOT_PASSED_ON.includes(name)) answer[name] = String(value);
  }
  return answer;
}

export function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // not percent-encoded at all
  }
}
