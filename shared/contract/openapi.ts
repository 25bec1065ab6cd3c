import * as z from 'zod';
import type { Catalogue } from '../catalogue/define.ts';
import { problemDocument } from '../domain/problem.ts';
import {
  components,
  pathParameters,
  TAGS,
  type Operation,
  type RequestHeader,
  type ResponseHeader,
  type Success,
} from './operation.ts';
import { EXAMPLES, ProblemDocument, refusalsOf } from './refusals.ts';

/** What differs from one deployment to the next. */
export interface Deployment {
  version: string;
  catalogue: Catalogue;
  /** All that a subscription's `event_types` may name. */
  wishes: readonly string[];
  /** Where subscribers may be: any address only where somebody tries things out. */
  targets: 'public' | 'any';
  /** Ports beside 443 and 8443. */
  ports?: readonly number[];
  /** Networks that count as public: names of inside may lead there. */
  allow?: readonly string[];
}

type Json = Record<string, unknown>;

const refTo = (section: string, name: string): Json => ({ $ref: `#/components/${section}/${name}` });

function schemaRef(schema: z.ZodType): Json {
  const id = components.get(schema)?.id;
  if (id === undefined) throw new Error('a schema of the contract has no name');
  return refTo('schemas', id);
}

/** Without what zod adds to a schema that stands alone. */
function inner({ $schema: _schema, $id: _id, ...rest }: Json): Json {
  return rest;
}

const jsonSchemaOf = (schema: z.ZodType): Json =>
  inner(z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }));

const LABEL = '[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?';
const REST = "(?:[/?](?:[A-Za-z0-9._~!$&'()*+,;=:@/?-]|%[0-9A-Fa-f]{2})*)?";
const SHORT = '(?=[^/?:]{1,253}(?:[:/?]|$))';
/** Names; what the address guard makes of them besides is its own. Anything goes where any address does. */
function urlPattern({ targets, ports = [], allow = [] }: Deployment): string {
  const inside = `(?:${LABEL}\\.)*[A-Za-z](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?`;
  if (targets === 'any') return `^https?://${SHORT}${inside}(?::[1-9][0-9]{0,3})?${REST}$`;
  const name = allow.length > 0 ? inside : `(?:${LABEL}\\.)+[a-z]{2,63}`;
  return `^https://${SHORT}${name}(?::(?:${[443, 8443, ...ports].join('|')}))?${REST}$`;
}

/** A posted event of one type: its envelope, and the data as the catalogue has them. */
function postedAs(type: string, schema: z.ZodType, posted: Json): Json {
  const { properties, ...rest } = posted;
  return {
    ...rest,
    properties: { ...(properties as Json), event_type: { const: type }, data: jsonSchemaOf(schema) },
  };
}

function schemasFor(deployment: Deployment): Json {
  const { catalogue, wishes } = deployment;
  const { schemas } = z.toJSONSchema(components, { io: 'input', uri: (id) => `#/components/schemas/${id}` });
  const all: Record<string, Json> = Object.fromEntries(
    Object.entries(schemas).map(([name, schema]) => [name, inner(schema as Json)]),
  );
  const names = Object.keys(catalogue.eventTypes);
  // A client for any deployment knows no types.
  if (names.length === 0) return all;
  const posted = Object.entries(catalogue.eventTypes).map(
    ([type, { schema }]) => [`Posted.${type}`, postedAs(type, schema, all.PostedEvent ?? {})] as const,
  );
  return {
    ...all,
    EventTypeWish: { ...all.EventTypeWish, enum: wishes },
    EventTypeName: { ...all.EventTypeName, enum: names },
    SubscriberUrl: { ...all.SubscriberUrl, pattern: urlPattern(deployment) },
    ...Object.fromEntries(posted),
    PostedEvent: {
      description: 'An event of a type of the catalogue.',
      oneOf: posted.map(([name]) => refTo('schemas', name)),
      discriminator: {
        propertyName: 'event_type',
        mapping: Object.fromEntries(names.map((type) => [type, `#/components/schemas/Posted.${type}`])),
      },
    },
  };
}

const REQUEST_HEADERS: Readonly<Record<RequestHeader, Json>> = {
  'idempotency-key': {
    name: 'Idempotency-Key',
    in: 'header',
    required: false,
    description: 'The same key makes the same thing once, for 24 h; with another body it is a 409.',
    schema: { type: 'string', pattern: '^[A-Za-z0-9_:-]{1,128}$' },
    example: 'order-4711',
  },
  'if-match': {
    name: 'If-Match',
    in: 'header',
    required: false,
    description: 'The `ETag` of what is to be changed. A 412 where it was changed meanwhile.',
    schema: { type: 'string' },
    example: '*',
  },
};

const RESPONSE_HEADERS: Readonly<Record<ResponseHeader | 'x-request-id' | 'www-authenticate', Json>> = {
  'x-request-id': { description: 'Names this request in the logs.', schema: { type: 'string' } },
  'www-authenticate': { description: 'How to authenticate.', schema: { type: 'string' } },
  location: { description: 'Where it is.', schema: { type: 'string', format: 'uri-reference' } },
  etag: { description: 'Of all that callers set.', schema: { type: 'string' } },
  'cache-control': { description: '`no-store`: a secret is in the answer.', schema: { type: 'string' } },
};

const headersOf = (names: readonly (keyof typeof RESPONSE_HEADERS)[]): Json =>
  Object.fromEntries(names.map((name) => [name, refTo('headers', name)]));

function pathObjects(path: string, deployment: Deployment): Json[] {
  return pathParameters(path).map(({ name, schema, description, example }) => {
    const shown = { description, schema: jsonSchemaOf(schema), example: fitted(example, deployment) };
    return { name, in: 'path', required: true, ...shown };
  });
}

function queryParameters({ query, pages }: Operation): Json[] {
  const filters = Object.entries(query?.shape ?? {}).map(([name, schema]) => {
    const { description = '', ...shape } = jsonSchemaOf(schema);
    return { name, in: 'query', required: false, description, schema: shape };
  });
  return pages === undefined ? filters : [...filters, refTo('parameters', 'limit'), refTo('parameters', 'cursor')];
}

const slug = (text: string): string =>
  text
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-|-$/g, '');

const named = (examples: Readonly<Record<string, unknown>>): Json =>
  Object.fromEntries(Object.entries(examples).map(([summary, value]) => [slug(summary), { summary, value }]));

/** What can be posted is the catalogue's to say: the first type of each group. */
function postedExamples({ eventTypes }: Catalogue): Readonly<Record<string, unknown>> {
  const byGroup = Map.groupBy(Object.entries(eventTypes), ([, { group }]) => group);
  const firsts = [...byGroup.values()].flatMap(([first]) => (first === undefined ? [] : [first]));
  return Object.fromEntries(firsts.map(([type, { sample }]) => [type, { event_type: type, data: sample }]));
}

/** The contract knows no catalogue: what its examples call an order is the first type of the one that is served. */
export function fitted<T>(example: T, { catalogue, wishes }: Pick<Deployment, 'catalogue' | 'wishes'>): T {
  const [first] = Object.entries(catalogue.eventTypes);
  if (first === undefined) return example;
  const [type, { group }] = first;
  const family = `${type.split('.')[0]}.*`;
  const text = JSON.stringify(example)
    .replaceAll('"Order.*"', JSON.stringify(wishes.includes(family) ? family : '*'))
    .replaceAll('Order.Placed', type)
    .replaceAll('"Order"', JSON.stringify(group));
  return JSON.parse(text) as T;
}

function examplesFor({ id, body }: Operation, deployment: Deployment): Readonly<Record<string, unknown>> {
  if (id === 'postEvent') return postedExamples(deployment.catalogue);
  return Object.fromEntries(
    Object.entries(body?.examples ?? {}).map(([summary, example]) => [summary, fitted(example, deployment)]),
  );
}

function requestBody(operation: Operation, deployment: Deployment): Json | undefined {
  const { body } = operation;
  if (body === undefined) return undefined;
  const media = { schema: schemaRef(body.schema), examples: named(examplesFor(operation, deployment)) };
  const types = body.mergePatch === undefined ? [] : ['application/merge-patch+json'];
  return { required: true, content: Object.fromEntries(['application/json', ...types].map((type) => [type, media])) };
}

function success({ description, schema, example, headers = [], links = {} }: Success, deployment: Deployment): Json {
  return {
    description,
    headers: headersOf(['x-request-id', ...headers]),
    ...(schema !== undefined && {
      content: { 'application/json': { schema: schemaRef(schema), example: fitted(example, deployment) } },
    }),
    ...(Object.keys(links).length > 0 && {
      links: Object.fromEntries(
        Object.entries(links).map(([name, { operation, parameters }]) => [
          name,
          { operationId: operation, parameters },
        ]),
      ),
    }),
  };
}

/** By the gateway, before any function has seen the request. */
const THROTTLED = {
  'application/json': { schema: refTo('schemas', 'GatewayMessage'), example: { message: 'Too Many Requests' } },
};

function refused(operation: Operation): Json {
  const responses = [...refusalsOf(operation)].map(([status, refusals]) => {
    const examples = Object.fromEntries(
      refusals.map((name) => [
        name,
        {
          summary: EXAMPLES[name].code,
          value: problemDocument(EXAMPLES[name], '8f14e45f-ceea-467f-9575-2a3b4c5d6e7f'),
        },
      ]),
    );
    const response = {
      description: [...new Set(refusals.map((name) => `\`${EXAMPLES[name].code}\``))].join(', '),
      headers: headersOf(status === 401 ? ['x-request-id', 'www-authenticate'] : ['x-request-id']),
      content: { 'application/problem+json': { schema: schemaRef(ProblemDocument), examples } },
    };
    return [String(status), response] as const;
  });
  const own: Record<string, Json> = Object.fromEntries(responses);
  const { 429: slow = {} } = own;
  const content = { ...(slow.content ?? {}), ...THROTTLED };
  // The gateway's answer has none of our headers.
  return { ...own, 429: { description: 'Slow down: too many requests.', content } };
}

const scopeIn = ({ needs }: Operation): string =>
  needs === 'open'
    ? 'Needs no key.'
    : needs === 'any'
      ? 'Needs any live key.'
      : `Needs a key with the scope \`${needs}\`.`;

function operationObject(operation: Operation, deployment: Deployment): Json {
  const { id, tag, needs, summary, description = `${summary}.`, headers = [] } = operation;
  const parameters = [
    ...pathObjects(operation.path, deployment),
    ...queryParameters(operation),
    ...headers.map((name) => refTo('parameters', name)),
  ];
  const body = requestBody(operation, deployment);
  return {
    operationId: id,
    tags: [tag],
    summary,
    description: `${description} ${scopeIn(operation)}`,
    security: needs === 'open' ? [] : [{ key: [] }],
    ...(parameters.length > 0 && { parameters }),
    ...(body !== undefined && { requestBody: body }),
    responses: { [operation.answer.status]: success(operation.answer, deployment), ...refused(operation) },
  };
}

function pathsOf(operations: readonly Operation[], deployment: Deployment): Json {
  const byPath = Map.groupBy(operations, ({ path }) => path);
  return Object.fromEntries(
    [...byPath].map(([path, there]) => [
      path,
      Object.fromEntries(there.map((one) => [one.method.toLowerCase(), operationObject(one, deployment)])),
    ]),
  );
}

const LIST_PARAMETERS: Readonly<Record<string, Json>> = {
  limit: {
    name: 'limit',
    in: 'query',
    description: 'How many at most.',
    schema: { type: 'integer', minimum: 1, maximum: 100, default: 50 },
  },
  cursor: {
    name: 'cursor',
    in: 'query',
    description: 'Where the page before ended: its `next_cursor`. It belongs to this list with these filters.',
    schema: { type: 'string' },
  },
};

/**
 * The whole HTTP API as OpenAPI 3.1, of the values that serve it.
 *
 * https://spec.openapis.org/oas/v3.1.1
 */
export function openApi(operations: readonly Operation[], deployment: Deployment): Json {
  return {
    openapi: '3.1.1',
    info: {
      title: 'event-fanout',
      version: deployment.version,
      summary: 'Post an event; every subscriber who wants it gets it.',
      description:
        'Times are RFC 3339 UTC, and every list runs on the moment when an event was accepted. Whatever is refused is a problem document (RFC 9457) whose `code` is stable.',
      license: { name: 'Apache 2.0', identifier: 'Apache-2.0' },
      contact: { name: 'Whoever runs this deployment' },
    },
    servers: [{ url: '/' }],
    tags: Object.entries(TAGS).map(([name, description]) => ({ name, description })),
    paths: pathsOf(operations, deployment),
    components: {
      securitySchemes: { key: { type: 'http', scheme: 'bearer', description: 'An access key.' } },
      parameters: { ...REQUEST_HEADERS, ...LIST_PARAMETERS },
      headers: Object.fromEntries(
        Object.entries(RESPONSE_HEADERS).map(([name, header]) => [name, { required: true, ...header }]),
      ),
      schemas: {
        ...schemasFor(deployment),
        GatewayMessage: {
          type: 'object',
          required: ['message'],
          properties: { message: { type: 'string', description: 'From the gateway itself.' } },
        },
      },
    },
  };
}
