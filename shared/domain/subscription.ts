import * as z from 'zod';
import { filterKeywords } from './filter-schema.ts';
import { CatchUp, Circuit, Held, Stretch } from './hold.ts';
import { FORMATS } from './payload.ts';
import { RetryPolicy } from './retry.ts';
import { secretBytes, SECRET_PATTERNS, SIGNINGS } from './sign.ts';
import { text } from './text.ts';

const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const VISIBLE_ASCII = /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/;
const MOST_HEADERS = 20;
const MOST_HEADER_BYTES = 4096;

/** Headers that are ours to set, or that mean something to one connection alone (RFC 9110 7.6.1). */
const RESERVED_HEADERS = new Set([
  'host', 'content-type', 'content-length', 'content-encoding', 'transfer-encoding', 'te', 'trailer', 'connection', 'keep-alive',
  'proxy-connection', 'proxy-authorization', 'proxy-authenticate', 'upgrade', 'expect', 'user-agent', 'traceparent', 'tracestate',
  'accept-encoding', 'cookie',
]); // prettier-ignore

const isReserved = (name: string): boolean => RESERVED_HEADERS.has(name.toLowerCase()) || /^(webhook|ce)-/i.test(name);

/** The same as one regular expression, for whoever writes a client: JSON Schema knows no flag for upper and lower case. */
const NAME_PATTERN = `^(?!(?:${anyCase([...RESERVED_HEADERS].join('|'))})$)(?!(?:${anyCase('webhook|ce')})-)${HEADER_NAME.source.slice(1)}`;

function anyCase(pattern: string): string {
  return pattern.replaceAll(/[a-z]/g, (letter) => `[${letter}${letter.toUpperCase()}]`);
}

const HeaderName = z
  .string()
  .regex(HEADER_NAME, 'is not a header name')
  .refine((name) => !isReserved(name), 'is set by us or means something to one connection alone')
  .meta({ pattern: NAME_PATTERN });
const HeaderValue = z.string().regex(VISIBLE_ASCII, 'must be visible ASCII');

const fitsHeaders = (headers: Record<string, string | null>): boolean =>
  Object.keys(headers).length <= MOST_HEADERS &&
  Object.entries(headers).reduce((sum, [name, value]) => sum + name.length + (value?.length ?? 0), 0) <=
    MOST_HEADER_BYTES;

/** Names are the same in upper and lower case, so `X-A` beside `x-a` would leave open which of the two is sent. */
const namesEachOnce = (headers: Record<string, unknown>): boolean =>
  new Set(Object.keys(headers).map((name) => name.toLowerCase())).size === Object.keys(headers).length;

/** The one name that `z.record` leaves out without a word. */
function expectNoPrototype(headers: unknown, { addIssue }: z.RefinementCtx): unknown {
  if (typeof headers === 'object' && headers !== null && Object.hasOwn(headers, '__proto__')) {
    addIssue({ code: 'custom', path: ['__proto__'], message: 'cannot be the name of a header' });
  }
  return headers;
}

const NewHeaders = z
  .record(HeaderName, HeaderValue)
  .refine(fitsHeaders, `must be ${MOST_HEADERS} at most, ${MOST_HEADER_BYTES} bytes in all`)
  .refine(namesEachOnce, 'must not name a header twice')
  .meta({
    maxProperties: MOST_HEADERS,
    description: `Sent with every request, and never shown again; ${MOST_HEADER_BYTES} bytes in all. Ours and hop-by-hop ones are refused.`,
    examples: [{ 'x-api-key': 'k-123' }],
  });
const Headers = z.preprocess(expectNoPrototype, NewHeaders);

const PatchedHeaders = z
  .record(HeaderName, HeaderValue.nullable())
  .refine(namesEachOnce, 'must not name a header twice');

const isObject = (value: unknown): boolean => typeof value === 'object' && value !== null && !Array.isArray(value);

/** No `z.record`, which would leave out a member called `__proto__`, so that a filter took more than it says. */
export const jsonObject = (): z.ZodType<Record<string, unknown>> =>
  z.any().refine(isObject, 'must be an object').meta({ type: 'object' });

/** The part of the language of event patterns that JSON Schema can say is in its JSON Schema; `filter.ts` judges. */
export const Filter = jsonObject().meta({
  type: 'object',
  description:
    'An event pattern as Amazon EventBridge has them, over the envelope; at most 8 KiB, 100 deep, 64 combinations and 100 wildcards or other operators that cost as much.',
  ...filterKeywords('#/components/schemas/Filter'),
  examples: [{ data: { center_id: ['c1', 'c2'], amount: [{ numeric: ['>', 100] }] } }],
});

export const EventTypeWish = text(1, 256).describe(
  'An exact type, `X.*` for all that start with `X.`, `group:G` for a group, or `*` for all but operational ones.',
);

export const SubscriberUrl = z.string().meta({
  format: 'uri',
  maxLength: 2048,
  description: 'Where requests go. It leads to a public address; IP literals are taken as well, if they are public.',
  examples: ['https://crm.example.com/hooks'],
});

const Wish = {
  name: text(1, 256).describe('For people. By default the host of the URL.'),
  description: text(0, 1024),
  event_types: z.array(EventTypeWish).min(1).max(100),
  method: z.enum(['POST', 'PUT', 'PATCH']),
  url: SubscriberUrl,
  filter: Filter.nullable(),
  format: z.enum(FORMATS).describe('The shape of the body.'),
  signing: z.enum(SIGNINGS).describe('v1: HMAC-SHA256; v1a: Ed25519.'),
  timeout_seconds: z.number().int().min(1).max(30),
  rate_limit_per_second: z.number().min(0.1).max(1000).nullable().describe("Null for the deployment's ceiling."),
  retry: RetryPolicy,
  status: z
    .enum(['enabled', 'paused', 'disabled'])
    .describe('paused: events are held and caught up later; disabled: they are missed, and can be replayed.'),
};

/** What a caller may leave out, and what it gets then. `name` is the URL's host. */
const DEFAULTS = {
  description: '',
  method: 'POST',
  filter: null,
  format: 'envelope',
  signing: 'v1',
  timeout_seconds: 15,
  rate_limit_per_second: null,
  retry: 'standard',
  status: 'enabled',
} as const;

export const Secret = z
  .string()
  .refine(
    (secret) => SIGNINGS.some((signing) => secretBytes(secret, signing) !== undefined),
    'must be whsec_ and base64 of 24 to 64 bytes, or for v1a whsk_ and base64 of 32 bytes',
  )
  .meta({ pattern: `^(?:${SECRET_PATTERNS.v1}|${SECRET_PATTERNS.v1a})$` });

const { event_types, url, ...optional } = Wish;

/** The body of `POST .../subscriptions`, before defaults. */
export const NewSubscription = z
  .strictObject({
    event_types,
    url,
    ...z.object(optional).partial().shape,
    headers: Headers.optional(),
    secret: Secret.optional().describe('One of your own. By default one is made.'),
  })
  // A secret is of the kind that the signature needs.
  .meta({
    allOf: [
      {
        not: {
          required: ['secret', 'signing'],
          properties: { secret: { pattern: '^whsec_' }, signing: { const: 'v1a' } },
        },
      },
      { not: { required: ['secret'], properties: { secret: { pattern: '^whsk_' }, signing: { const: 'v1' } } } },
    ],
  });
export type NewSubscription = z.infer<typeof NewSubscription>;

/** The body of `PATCH .../subscriptions/{id}`: each named member replaced whole, null for its default, headers by name. */
export const SubscriptionPatch = z.strictObject({
  event_types: event_types.optional(),
  url: url.optional(),
  ...(Object.fromEntries(Object.entries(optional).map(([name, schema]) => [name, schema.nullable().optional()])) as {
    [Name in keyof typeof optional]: z.ZodOptional<z.ZodNullable<(typeof optional)[Name]>>;
  }),
  headers: z.preprocess(expectNoPrototype, PatchedHeaders).nullable().optional(),
});
export type SubscriptionPatch = z.infer<typeof SubscriptionPatch>;

/**
 * What callers set, as it is read back: it may have been written by the next release, before a roll-back or beside a canary.
 * A caller's limits are for callers. What is only about pace falls back to what this release does; a verb, format or signature that
 * it does not know is an error, for a wrong request is worse than a late one.
 */
const Kept = {
  ...Wish,
  name: z.string(),
  description: z.string(),
  event_types: z.array(z.string()),
  timeout_seconds: z.number(),
  rate_limit_per_second: z.number().positive().nullable().catch(DEFAULTS.rate_limit_per_second),
  retry: RetryPolicy.catch(DEFAULTS.retry),
};

/** A subscription as it is kept: what callers set, with headers and secret sealed, and what we know of it. */
export const Subscription = z.object({
  ...Kept,
  tenant: z.string(),
  id: z.string(),
  header_names: z.array(z.string()),
  /** Sealed JSON of the headers' values by name; absent without headers. */
  sealed_headers: z.string().optional(),
  /** Sealed `whsec_` texts, the current one first. */
  sealed_secrets: z.array(z.string()).min(1),
  /** Until then the second secret signs as well; absent where there is none. */
  previous_expires_at: z.iso.datetime().optional(),
  disabled_reason: z.string().nullable(),
  /** Absent while it gets what it wants. */
  held: Held.optional(),
  /** Absent while it is closed. */
  circuit: Circuit.optional(),
  /** When the circuit closed last; absent when it never was open. */
  circuit_closed_at: z.iso.datetime().optional(),
  catch_up: CatchUp.optional(),
  /** When it was paused, the latest last: such time makes no delivery older. */
  pauses: z.array(Stretch).default([]),
  /** When it was disabled, the latest last: what was accepted then is missed. */
  gaps: z.array(Stretch).default([]),
  /** The highest run that was given out: each replay has one of its own. */
  runs: z.number().int().default(1),
  created_at: z.iso.datetime(),
  updated_at: z.iso.datetime(),
  /** One more with every change: what a change is conditional on. */
  version: z.number().int(),
  /** Names the interest items that stand for the current event types and filter. */
  interest: z.string(),
});
export type Subscription = z.infer<typeof Subscription>;

/** What callers set, save headers and secret, with every default filled in. */
export type SubscriptionWish = z.infer<z.ZodObject<typeof Wish>>;

export function withDefaults(
  wish: NewSubscription | (SubscriptionPatch & { event_types: string[]; url: string }),
): SubscriptionWish {
  const { event_types, url } = wish;
  return {
    // A URL that cannot be read is refused by whoever checks it, so it needs no name.
    name: wish.name ?? URL.parse(url)?.host ?? '',
    description: wish.description ?? DEFAULTS.description,
    event_types,
    method: wish.method ?? DEFAULTS.method,
    url,
    filter: wish.filter ?? DEFAULTS.filter,
    format: wish.format ?? DEFAULTS.format,
    signing: wish.signing ?? DEFAULTS.signing,
    timeout_seconds: wish.timeout_seconds ?? DEFAULTS.timeout_seconds,
    rate_limit_per_second: wish.rate_limit_per_second ?? DEFAULTS.rate_limit_per_second,
    retry: wish.retry ?? DEFAULTS.retry,
    status: wish.status ?? DEFAULTS.status,
  };
}

/** A closed circuit is closed since it was open last, or since there is one. */
export const circuitOf = ({
  circuit,
  circuit_closed_at,
  created_at,
}: Subscription): { state: 'closed' | 'open' | 'probing'; since: string } =>
  circuit === undefined
    ? { state: 'closed', since: circuit_closed_at ?? created_at }
    : { state: circuit.state, since: circuit.since };

/** A subscription as callers see it: never a secret, never a header's value. */
export const shown = (subscription: Subscription): Record<string, unknown> => ({
  id: subscription.id,
  name: subscription.name,
  description: subscription.description,
  event_types: subscription.event_types,
  method: subscription.method,
  url: subscription.url,
  filter: subscription.filter,
  header_names: subscription.header_names,
  format: subscription.format,
  signing: subscription.signing,
  timeout_seconds: subscription.timeout_seconds,
  rate_limit_per_second: subscription.rate_limit_per_second,
  retry: subscription.retry,
  status: subscription.status,
  disabled_reason: subscription.disabled_reason,
  circuit: circuitOf(subscription),
  created_at: subscription.created_at,
  updated_at: subscription.updated_at,
});
