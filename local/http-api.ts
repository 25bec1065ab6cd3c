import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import { decode, ownAnswer, splitUrl, toAnswer, toEvent, type Answer, type Found } from './http-payload.ts';

/** AWS::ApiGatewayV2::Route with the function behind its integration. */
export interface Route {
  /** `POST /v1/tenants/{tenant}/events`, `ANY /{path+}` or `$default`. */
  key: string;
  functionName: string;
}

export interface HttpApiOptions {
  routes: readonly Route[];
  invoke(functionName: string, event: APIGatewayProxyEventV2): Promise<unknown>;
  host: string;
  /** 0 takes a free one. */
  port: number;
}

export interface HttpApi {
  port: number;
  /** Takes no more requests, resolves when the running ones are answered. */
  stop(): Promise<void>;
}

/**
 * Plays API Gateway's HTTP API with Lambda proxy integrations, payload format 2.0: what a function gets and how its answer is read.
 * https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
 */
export async function startHttpApi({ routes, invoke, host, port }: HttpApiOptions): Promise<HttpApi> {
  const find = compileRoutes(routes);
  const answer = async (request: IncomingMessage): Promise<Answer> => {
    const found = find(request.method ?? 'GET', splitUrl(request).path);
    if (!found) return ownAnswer(404, 'Not Found');
    const body = await readBody(request);
    if (!body) return ownAnswer(413, 'Request Entity Too Large');
    try {
      return toAnswer(await invoke(found.functionName, toEvent(request, body, found)));
    } catch {
      return ownAnswer(500, 'Internal Server Error'); // the function's own log says why
    }
  };

  const server = createServer({ maxHeaderSize: LONGEST_HEADERS }, (request, response) => {
    answer(request).then(
      (ready) => send(ready, response, server),
      () => response.destroy(), // the client went away in the middle of its request
    );
  });
  server.listen(port, host);
  await once(server, 'listening');
  return { port: portOf(server), stop: () => close(server) };
}

const LONGEST_HEADERS = 10_240;
const LONGEST_BODY = 10 * 1024 * 1024;

function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  return address.port;
}

async function close(server: Server): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  await closed;
}

/** A path of single segments goes before a greedy one (`{path+}`), a method before `ANY`, and `$default` takes the rest. */
function compileRoutes(routes: readonly Route[]): (method: string, path: string) => Found | undefined {
  const rank = ({ key }: Route): number =>
    key === '$default' ? 4 : Number(key.includes('+}')) * 2 + Number(key.startsWith('ANY '));
  const compiled = routes
    .toSorted((a, b) => rank(a) - rank(b))
    .map((route) => ({ ...route, ...compileKey(route.key) }));

  return (method, path) => {
    for (const { key, functionName, verb, pattern } of compiled) {
      const groups = verb === 'ANY' || verb === method ? pattern.exec(path) : null;
      if (groups) return { key, functionName, pathParameters: decodeAll(groups.groups ?? {}) };
    }
    return undefined;
  };
}

function compileKey(key: string): { verb: string; pattern: RegExp } {
  if (key === '$default') return { verb: 'ANY', pattern: /^/ };
  const [verb = '', path = ''] = key.split(' ');
  const escaped = path.replace(/[.$^|()[\]\\?*]/g, '\\$&');
  const pattern = escaped.replace(/\{(\w+)(\+?)\}/g, (_, name, greedy) => `(?<${name}>${greedy ? '.+' : '[^/]+'})`);
  return { verb, pattern: new RegExp(`^${pattern}$`) };
}

const decodeAll = (values: Record<string, string>): Record<string, string> =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [name, decode(value)]));

function send({ status, headers, body }: Answer, response: ServerResponse, server: Server): void {
  if (!server.listening) response.setHeader('connection', 'close'); // a kept one would hold up the stop
  response.statusCode = status;
  response.setHeaders(new Map(Object.entries({ ...headers, 'apigw-requestid': randomUUID() })));
  response.end(body);
}

/** Undefined when the body is too long. All of it is read even then: who is still sending would miss the answer. */
async function readBody(request: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length <= LONGEST_BODY) chunks.push(chunk);
  }
  return length <= LONGEST_BODY ? Buffer.concat(chunks) : undefined;
}
