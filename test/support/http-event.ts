import './quiet-logs.ts';
import middy from '@middy/core';
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2, Context } from 'aws-lambda';
import { router, type Authenticate, type Route } from '../../shared/runtime/http.ts';
import { showProblems } from '../../shared/runtime/show-problems.ts';
import { expectAsPromised } from './as-promised.ts';

export interface Call {
  /** An object is sent as JSON, text as it is, bytes in base64 as the gateway does. */
  body?: unknown;
  /** Sent as a bearer token. */
  key?: string | undefined;
  headers?: Record<string, string>;
  /** What the gateway says besides. */
  context?: object;
}

export interface Reply {
  status: number;
  /** By lower-case name. */
  headers: Record<string, string>;
  text: string;
  /** The body read as JSON; undefined where there is none. */
  body: any; // eslint-disable-line @typescript-eslint/no-explicit-any -- tests look into it as they like
}

const REQUEST_ID = 'req-1';

function bodyOf(body: unknown): { body?: string; isBase64Encoded: boolean } {
  if (body === undefined) return { isBase64Encoded: false };
  if (body instanceof Uint8Array) return { body: Buffer.from(body).toString('base64'), isBase64Encoded: true };
  return { body: typeof body === 'string' ? body : JSON.stringify(body), isBase64Encoded: false };
}

/** What an HTTP API hands to a function, payload format 2.0. `path` may have a query. */
export function httpEvent(
  method: string,
  path: string,
  { body, key, headers = {}, context = {} }: Call = {},
): APIGatewayProxyEventV2 {
  const [rawPath = '', rawQueryString = ''] = path.split('?');
  const sent = {
    ...(body !== undefined && { 'content-type': 'application/json' }),
    ...(key !== undefined && { authorization: `Bearer ${key}` }),
    ...headers,
  };
  return {
    version: '2.0',
    routeKey: '$default',
    rawPath: decodeURIComponent(rawPath),
    rawQueryString,
    headers: sent,
    ...(rawQueryString !== '' && { queryStringParameters: Object.fromEntries(new URLSearchParams(rawQueryString)) }),
    requestContext: {
      accountId: '000000000000',
      apiId: 'api',
      domainName: 'api.example',
      domainPrefix: 'api',
      http: { method, path: rawPath, protocol: 'HTTP/1.1', sourceIp: '127.0.0.1', userAgent: 'test' },
      requestId: REQUEST_ID,
      routeKey: '$default',
      stage: '$default',
      time: '04/Mar/2026:05:06:07 +0000',
      timeEpoch: 0,
      ...context,
    },
    ...bodyOf(body),
  };
}

const replyOf = ({ statusCode = 0, headers = {}, body = '' }: APIGatewayProxyStructuredResultV2): Reply => ({
  status: statusCode,
  headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), String(value)])),
  text: body,
  body: body === '' ? undefined : JSON.parse(body),
});

/**
 * A caller of routes as their handler serves them: through the router, with problems shown. `key` is sent unless another is. It throws
 * where an answer is not one that the contract shows.
 */
export function callerOf<World>(
  routes: readonly Route<World>[],
  { authenticate, world, key }: { authenticate: Authenticate; world: World; key: string },
) {
  const serve = router(routes, authenticate);
  const handler = middy<APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2>()
    .use(showProblems())
    .handler((event) => serve(event, world));
  const operations = routes.map(({ operation }) => operation);
  return async (method: string, path: string, call: Call = {}): Promise<Reply> => {
    const reply = replyOf(await handler(httpEvent(method, path, { key, ...call }), {} as Context));
    expectAsPromised(operations, { method, path }, { ...reply, header: (name) => reply.headers[name] });
    return reply;
  };
}
