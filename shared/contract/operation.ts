import * as z from 'zod';
import { EventId, TenantId } from '../domain/id.ts';
import type { Scope } from '../domain/key.ts';
import type { problems } from '../domain/problem.ts';

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/** One of `problems`. Those that follow from an operation's shape (401, 404, 413 …) need not be named. */
export type Refusal = keyof typeof problems;

export interface Body {
  /** What the request is checked with. */
  schema: z.ZodType;
  /** By what it shows; the first is the one that most callers want. */
  examples: Readonly<Record<string, unknown>>;
  /** A merge patch may be sent as such. */
  mergePatch?: 'accepted';
}

export interface Success {
  status: 200 | 201 | 202 | 204;
  description: string;
  /** Absent where there is no body. */
  schema?: z.ZodType;
  example?: unknown;
  headers?: readonly ResponseHeader[];
  /** What to do next with it: the other operation's id, and where its parameters are found in this request and answer. */
  links?: Readonly<Record<string, { operation: string; parameters: Readonly<Record<string, string>> }>>;
}

export type ResponseHeader = 'location' | 'etag' | 'cache-control';
export type RequestHeader = 'idempotency-key' | 'if-match';

/**
 * One thing that can be asked of the HTTP API: what its function serves, what checks a request, and what /openapi.json says of
 * it are made of this one value.
 */
export interface Operation {
  /** As `createSubscription`: what generated clients call it, and what a cursor is bound to. */
  id: string;
  tag: Tag;
  method: Method;
  /** As `/v1/tenants/{tenant}/events`. */
  path: string;
  /**
   * `open` needs no key, `any` any live key. A scope is checked after the tenant, so that nobody learns of a tenant that is
   * not theirs.
   */
  needs: Scope | 'any' | 'open';
  summary: string;
  description?: string;
  /** What it is asked for by, beside the page of a list. */
  query?: z.ZodObject<Record<string, z.ZodType>>;
  /** A list: takes `limit` and `cursor`. */
  pages?: 'yes';
  headers?: readonly RequestHeader[];
  body?: Body;
  answer: Success;
  refusals?: readonly Refusal[];
}

/** In the order of the reference. */
export const TAGS = {
  Events: 'Post events and see what became of them.',
  Subscriptions: 'Who gets which events, where and how.',
  Deliveries: 'What was sent, what waits and what was given up.',
  Replays: 'Send again what was missed or given up.',
  Catalogue: 'Which events there are, and what their data look like.',
  Keys: 'Who may do what.',
  Tenants: 'Whose events these are.',
  Service: 'The service itself.',
} as const;
export type Tag = keyof typeof TAGS;

/** Schemas that have a name of their own in /openapi.json. */
export const components = z.registry<{ id: string }>();

export function named<T extends z.ZodType>(id: string, schema: T): T {
  components.add(schema, { id });
  return schema;
}

interface PathParameter {
  name: string;
  /** What no id of ours or a caller's can be is refused: a table may not even be asked for it. */
  schema: z.ZodType;
  description: string;
  example: string;
}

const IDS: readonly [RegExp, Omit<PathParameter, 'name' | 'schema'>][] = [
  [/\/events\//, { description: 'The `event_id`.', example: 'evt-1' }],
  [/\/keys\//, { description: 'The id of the key.', example: 'key_06h2n4qb80r6t9v3w5x7y1z2kc' }],
  [/./, { description: 'The id of the subscription.', example: 'sub_06h2n4qb80r6t9v3w5x7y1z2kc' }],
];

const TypeName = z
  .string()
  .regex(/^[A-Za-z0-9_.]{1,256}$/, 'must be letters, digits and _, with dots between the words');

const PATH_PARAMETERS: Readonly<Record<string, Omit<PathParameter, 'name'>>> = {
  tenant: { schema: TenantId, description: 'Whose events these are.', example: 'acme' },
  type: { schema: TypeName, description: 'The name of an event type.', example: 'Order.Placed' },
  delivery: {
    schema: EventId,
    description: 'The id of a delivery: its `webhook-id`.',
    example: 'dlv_06h2n4qc00d4f6g8h0j2k4m6np',
  },
  replay: { schema: EventId, description: 'The id of a replay.', example: 'rpl_06h2n4qb80r6t9v3w5x7y1z2kc' },
};

/** What stands in a path between braces. @throws Error for a name that nothing is known of */
export function pathParameters(path: string): PathParameter[] {
  return [...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => {
    if (name === 'id') {
      const found = IDS.find(([pattern]) => pattern.test(path))?.[1];
      if (found !== undefined) return { name, schema: EventId, ...found };
    }
    const known = PATH_PARAMETERS[name];
    if (known === undefined) throw new Error(`nothing is known of {${name}} in ${path}`);
    return { name, ...known };
  });
}

/** In UTC it may be a year later or earlier, and beyond these two a year has a sign and sorts before everything else. */
const isOfFourDigits = (moment: string): boolean => /^\d{4}-/.test(new Date(moment).toISOString());

/** RFC 3339, in any zone. */
export const Moment = z.iso
  .datetime({ offset: true, abort: true })
  .refine(isOfFourDigits, 'must be of the years 0000 to 9999 in UTC')
  .meta({ format: 'date-time', examples: ['2026-03-04T09:00:00Z'] });

/** A page of a list, as every list answers it. */
export const pageOf = <T extends z.ZodType>(item: T) =>
  z.object({
    items: z.array(item),
    next_cursor: z.string().nullable().describe('Asks for the next page as `?cursor=`; null on the last one.'),
  });

export const count = (what: string) => z.number().int().min(0).describe(what);
