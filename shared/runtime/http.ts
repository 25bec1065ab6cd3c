import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import * as z from 'zod';
import { pathParameters, type Method, type Operation } from '../contract/operation.ts';
import { EventId } from '../domain/id.ts';
import { compactJson, JsonTextError } from '../domain/json-text.ts';
import { authorize, type Key } from '../domain/key.ts';
import { problems } from '../domain/problem.ts';
import { parsed } from './parse.ts';

/** A request as routes see it. */
export interface Request {
  /** What is asked for. */
  operation: Operation;
  /** Where it was asked for, as `https://hooks.example.com`. */
  origin: string;
  requestId: string;
  /** What stands for `{name}` in the route's path. */
  params: Readonly<Record<string, string>>;
  query: Readonly<Record<string, string>>;
  /** By lower-case name. */
  headers: Readonly<Record<string, string | undefined>>;
  /** The exact text of the body. @throws Problem 413 over `limit` bytes, 415, 400 where it is not UTF-8 */
  text(limit: number): string;
  /** The body as a value, checked by the schema of the operation. @throws Problem as `text`, 400 for bad JSON, 422 */
  body<T>(schema: z.ZodType<T>): T;
}

export interface Answer {
  status: number;
  /** Shown as JSON. */
  body?: unknown;
  /** JSON that is text already and goes out as it is. */
  json?: string;
  headers?: Record<string, string>;
}

/** Who serves an operation of the contract. */
export interface Route<World> {
  operation: Operation;
  answer(request: Request & { key: Key }, world: World): Promise<Answer>;
}

/**
 * Tells whose key this is. `lately` may be half a minute old, `now` may not.
 *
 * @param context what the gateway says of the request; a key has no need of it
 * @throws Problem 401
 */
export type Authenticate = (bearer: string | undefined, as: 'now' | 'lately', context?: unknown) => Promise<Key>;

/** Notes which keys are used, and when. Where that fails, the request is answered all the same. */
export const notingUse =
  (
    authenticate: Authenticate,
    { note, report }: { note: (keyId: string) => Promise<void>; report: (error: unknown) => void },
  ): Authenticate =>
  async (bearer, as) => {
    const key = await authenticate(bearer, as);
    await note(key.id).catch(report);
    return key;
  };

/** Enough for everything but events, which say their own. */
const MOST_BODY_BYTES = 256 * 1024;
const JSON_TYPES = ['application/json', 'application/merge-patch+json'];

const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function decoded(bytes: Buffer): string {
  let text: string;
  try {
    text = strictUtf8.decode(bytes);
  } catch {
    throw problems.malformedJson('it holds bytes that are not UTF-8');
  }
  if (text.startsWith('\ufeff')) throw problems.malformedJson('it starts with a byte order mark');
  return text;
}

/** The parser quotes what stands around the fault, which may be a secret. */
const withoutQuote = (message: string): string =>
  message.replace(/, (?:\.\.\.)?".*"(?:\.\.\.)? is not valid JSON$/s, '');

/** @throws Problem 400 with the parser's own words, save those that are the body's */
export function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw problems.malformedJson(error instanceof Error ? withoutQuote(error.message) : 'it cannot be read');
  }
}

/** What it means would be the reader's choice: a proxy before us may check the first and we take the last. @throws Problem 422 */
function expectEachOnce(text: string): void {
  try {
    compactJson(text, Infinity);
  } catch (error) {
    throw error instanceof JsonTextError ? problems.duplicateMember(error.pointer) : error;
  }
}

interface Asked {
  operation: Operation;
  params: Record<string, string>;
}

function requestOf(event: APIGatewayProxyEventV2, { operation, params }: Asked): Request {
  const { headers } = event;
  const text = (limit: number): string => {
    const bytes = Buffer.from(event.body ?? '', event.isBase64Encoded ? 'base64' : 'utf8');
    const type = headers['content-type']?.split(';')[0]?.trim().toLowerCase() ?? '';
    const expected = operation.body?.mergePatch === undefined ? JSON_TYPES.slice(0, 1) : JSON_TYPES;
    if (!expected.includes(type)) throw problems.notJson(expected.join(' or '));
    if (bytes.length > limit) throw problems.tooLarge(`${limit} bytes`);
    return decoded(bytes);
  };
  return {
    operation,
    // The gateway says which scheme it was; the local runner speaks plain http.
    origin: `${headers['x-forwarded-proto'] ?? 'http'}://${event.requestContext.domainName}`,
    requestId: event.requestContext.requestId,
    params,
    query: (event.queryStringParameters ?? {}) as Record<string, string>,
    headers,
    text,
    body: (schema) => {
      // What checks the request is what the reference shows, or it is a fault of ours.
      if (operation.body?.schema !== schema) throw new Error(`${operation.id} has another body in the contract`);
      const given = text(MOST_BODY_BYTES);
      const value = parsedJson(given);
      expectEachOnce(given);
      return parsed(schema, value);
    },
  };
}

/** By which a caller asks for something once, however often. @throws Problem 422 */
export function idempotencyKeyIn({ headers }: Pick<Request, 'headers'>): string | undefined {
  const key = headers['idempotency-key'];
  if (key === undefined || EventId.safeParse(key).success) return key;
  throw problems.invalid([{ parameter: 'Idempotency-Key', detail: 'must be 1 to 128 letters, digits, _, : or -' }]);
}

const bearerIn = (authorization: string | undefined): string | undefined =>
  /^Bearer +([\x21-\x7e]+) *$/i.exec(authorization ?? '')?.[1];

interface Compiled<World> {
  route: Route<World>;
  parts: readonly string[];
}

function paramsOf(parts: readonly string[], path: readonly string[]): Record<string, string> | undefined {
  if (parts.length !== path.length) return undefined;
  const params: Record<string, string> = {};
  for (const [i, part] of parts.entries()) {
    const actual = path[i] ?? '';
    if (part.startsWith('{') && actual !== '') params[part.slice(1, -1)] = actual;
    else if (part !== actual) return undefined;
  }
  return params;
}

const segmentsOf = (path: string): string[] =>
  path.split('/').map((segment) => {
    try {
      return decodeURIComponent(segment);
    } catch {
      return segment;
    }
  });

/**
 * Serves routes. The functions check routes, methods, keys and sizes themselves, not the gateway: an authorizer there would
 * leak scopes over routes by its cache, could not revoke at once, and cannot speak problem+json.
 *
 * @param elsewhere what another function answers, so that a wrong method on its paths is told which ones are right
 */
export function router<World>(
  routes: readonly Route<World>[],
  authenticate: Authenticate,
  elsewhere: readonly Pick<Operation, 'method' | 'path'>[] = [],
) {
  const compiled: Compiled<World>[] = routes.map((route) => ({ route, parts: route.operation.path.split('/') }));

  const everywhere = [...routes.map(({ operation }) => operation), ...elsewhere].map(({ method, path }) => ({
    method,
    parts: path.split('/'),
  }));

  /** What can be asked of that path. `/events/batch` is no event whose id is `batch`, as long as nobody says so. */
  function allowedAt(path: readonly string[]): Method[] {
    const there = everywhere.filter(({ parts }) => paramsOf(parts, path) !== undefined);
    const literally = there.filter(({ parts }) => parts.at(-1) === path.at(-1));
    return (literally.length > 0 ? literally : there).map(({ method }) => method);
  }

  function find(method: string, path: readonly string[]): { route: Route<World>; params: Record<string, string> } {
    const here = compiled.flatMap(({ route, parts }) => {
      const params = paramsOf(parts, path);
      return params === undefined ? [] : [{ route, params }];
    });
    const found = here.find(({ route }) => route.operation.method === method);
    if (found !== undefined) return found;
    const allowed = allowedAt(path);
    throw allowed.length === 0 ? problems.notFound() : problems.methodNotAllowed(allowed);
  }

  async function admit(request: Request, context: unknown): Promise<Key> {
    const { needs } = request.operation;
    const key = await authenticate(bearerIn(request.headers.authorization), freshnessFor(request.operation), context);
    const { tenant } = request.params;
    if (tenant !== undefined) expectParams(request, 'tenant');
    if (needs !== 'any' && needs !== 'open') authorize(key, { scope: needs, tenant });
    return key;
  }

  return async (event: APIGatewayProxyEventV2, world: World): Promise<APIGatewayProxyStructuredResultV2> => {
    const { route, params } = find(event.requestContext.http.method, segmentsOf(event.rawPath));
    const { operation } = route;
    const request = requestOf(event, { operation, params });
    const key = operation.needs === 'open' ? NOBODY : await admit(request, event.requestContext);
    expectParams(request);
    return shown(await route.answer({ ...request, key }, world), request.requestId);
  };
}

/** A deleted key may read for half a minute more, and nothing that needs the right to write: revealing a secret is such a read. */
const freshnessFor = ({ method, needs }: Pick<Operation, 'method' | 'needs'>): 'now' | 'lately' =>
  method === 'GET' && !needs.endsWith(':write') ? 'lately' : 'now';

const NOBODY: Key = { id: '', name: '', scopes: [], tenant: null, expires_at: null, created_at: '', sha256: '' };

/** What no id of ours or a caller's can be is refused: a table may not even be asked for it. @throws Problem 422 */
function expectParams({ operation, params }: Request, only?: string): void {
  for (const { name, schema } of pathParameters(operation.path)) {
    if (only !== undefined && only !== name) continue;
    const result = schema.safeParse(params[name]);
    if (result.success) continue;
    throw problems.invalid([{ parameter: name, detail: result.error.issues[0]?.message ?? 'is wrong' }]);
  }
}

function shown(answer: Answer, requestId: string): APIGatewayProxyStructuredResultV2 {
  const body = answer.json ?? (answer.body === undefined ? undefined : JSON.stringify(answer.body));
  return {
    statusCode: answer.status,
    headers: {
      'x-request-id': requestId,
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...answer.headers,
    },
    ...(body !== undefined && { body }),
  };
}
