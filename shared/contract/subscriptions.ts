import * as z from 'zod';
import { FORMATS } from '../domain/payload.ts';
import { RetryPolicy } from '../domain/retry.ts';
import { SIGNINGS } from '../domain/sign.ts';
import {
  EventTypeWish,
  Filter,
  jsonObject,
  NewSubscription,
  Secret,
  SubscriberUrl,
  SubscriptionPatch,
} from '../domain/subscription.ts';
import { Moment, named, pageOf, type Operation, type Success } from './operation.ts';
import { Attempt } from './deliveries.ts';

const ALL = '/v1/tenants/{tenant}/subscriptions';
const ONE = `${ALL}/{id}`;

const EventTypeName = named('EventTypeName', z.string().describe('A type of the catalogue.'));
named('EventTypeWish', EventTypeWish);
named('SubscriberUrl', SubscriberUrl);
named('Filter', Filter);
named('RetryPolicy', RetryPolicy);

/** As callers see it: never a secret, never a header's value. */
const members = {
  id: z.string(),
  name: z.string(),
  description: z.string(),
  event_types: z.array(z.string()),
  method: z.enum(['POST', 'PUT', 'PATCH']),
  url: z.string(),
  filter: Filter.nullable(),
  header_names: z
    .array(z.string())
    .describe('Of the headers that are sent with every request; their values are not shown.'),
  format: z.enum(FORMATS),
  signing: z.enum(SIGNINGS),
  timeout_seconds: z.number().int(),
  rate_limit_per_second: z.number().nullable(),
  retry: RetryPolicy,
  status: z.enum(['enabled', 'paused', 'disabled']),
  disabled_reason: z.string().nullable().describe('Why it was disabled by us: failing, or gone after a 410.'),
  circuit: z.object({
    state: z
      .enum(['closed', 'open', 'probing'])
      .describe('open: held, with one probe an interval; probing: one is out.'),
    since: Moment,
  }),
  created_at: Moment,
  updated_at: Moment,
};
export const Subscription = named('Subscription', z.object(members));
export const SubscriptionWithSecret = named(
  'SubscriptionWithSecret',
  z.object({
    ...members,
    secret: z.string().describe('What its requests are signed with: shown here, and by GET …/secret.'),
  }),
);

named('NewSubscription', NewSubscription);
named('SubscriptionPatch', SubscriptionPatch);

const EXAMPLE = {
  id: 'sub_06h2n4qb80r6t9v3w5x7y1z2kc',
  name: 'crm.example.com',
  description: '',
  event_types: ['Order.*'],
  method: 'POST',
  url: 'https://crm.example.com/hooks',
  filter: null,
  header_names: ['x-api-key'],
  format: 'envelope',
  signing: 'v1',
  timeout_seconds: 15,
  rate_limit_per_second: null,
  retry: 'standard',
  status: 'enabled',
  disabled_reason: null,
  circuit: { state: 'closed', since: '2026-03-04T09:00:00.000Z' },
  created_at: '2026-03-04T09:00:00.000Z',
  updated_at: '2026-03-04T09:00:00.000Z',
} as const;
const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';

const here = { tenant: '$request.path.tenant', id: '$response.body#/id' };
const same = { tenant: '$request.path.tenant', id: '$request.path.id' };

export const createSubscription = {
  id: 'createSubscription',
  tag: 'Subscriptions',
  method: 'POST',
  path: ALL,
  needs: 'subscriptions:write',
  summary: 'Subscribe a URL to event types',
  description: 'The answer alone carries the secret that the requests are signed with.',
  headers: ['idempotency-key'],
  body: {
    schema: NewSubscription,
    examples: {
      'All of one kind': {
        url: 'https://crm.example.com/hooks',
        event_types: ['Order.*'],
        headers: { 'x-api-key': 'k-123' },
      },
      'What one centre does, slowly, as PUT': {
        url: 'https://erp.example.com/in',
        event_types: ['*'],
        method: 'PUT',
        filter: { data: { center_id: ['c1'] } },
        rate_limit_per_second: 5,
        retry: { delays_seconds: [10, 60, 600] },
      },
    },
  },
  answer: {
    status: 201,
    description: 'Subscribed. Events that are accepted from now on are delivered.',
    schema: SubscriptionWithSecret,
    example: { ...EXAMPLE, secret: SECRET },
    headers: ['location', 'etag', 'cache-control'],
    links: {
      get: { operation: 'getSubscription', parameters: here },
      change: { operation: 'updateSubscription', parameters: here },
      delete: { operation: 'deleteSubscription', parameters: here },
      test: { operation: 'testSubscription', parameters: here },
      attempts: { operation: 'listAttempts', parameters: here },
    },
  },
  refusals: ['urlRefused', 'conflict', 'tenantBeingErased'],
} as const satisfies Operation;

const SHOWN = {
  status: 200,
  description: 'The subscription.',
  schema: Subscription,
  example: EXAMPLE,
  headers: ['etag'],
} as const satisfies Success;

export const listSubscriptions = {
  id: 'listSubscriptions',
  tag: 'Subscriptions',
  method: 'GET',
  path: ALL,
  needs: 'subscriptions:read',
  summary: 'List subscriptions, newest first',
  pages: 'yes',
  answer: {
    status: 200,
    description: 'A page of them.',
    schema: named('SubscriptionPage', pageOf(Subscription)),
    example: { items: [EXAMPLE], next_cursor: null },
  },
} as const satisfies Operation;

export const listAllSubscriptions = {
  id: 'listAllSubscriptions',
  tag: 'Subscriptions',
  method: 'GET',
  path: '/v1/subscriptions',
  needs: 'admin',
  summary: 'List the subscriptions of all tenants',
  description:
    'By tenant. Which are in trouble: `circuit=open`; which are held by their owner or by us: `status=paused`, `status=disabled`.',
  query: z.object({
    circuit: z.enum(['closed', 'open', 'probing']).optional(),
    status: z.enum(['enabled', 'paused', 'disabled']).optional(),
  }),
  pages: 'yes',
  answer: {
    status: 200,
    description: 'A page of them. With filters it may hold fewer than `limit`, or none, and still go on.',
    schema: named(
      'SubscriptionOfTenantPage',
      pageOf(named('SubscriptionOfTenant', z.object({ tenant: z.string(), ...members }))),
    ),
    example: { items: [{ tenant: 'acme', ...EXAMPLE }], next_cursor: null },
  },
} as const satisfies Operation;

export const getSubscription = {
  id: 'getSubscription',
  tag: 'Subscriptions',
  method: 'GET',
  path: ONE,
  needs: 'subscriptions:read',
  summary: 'Show a subscription',
  answer: { ...SHOWN, links: { change: { operation: 'updateSubscription', parameters: same } } },
} as const satisfies Operation;

export const updateSubscription = {
  id: 'updateSubscription',
  tag: 'Subscriptions',
  method: 'PATCH',
  path: ONE,
  needs: 'subscriptions:write',
  summary: 'Change, pause or disable a subscription',
  description:
    'Each named member is replaced whole, null puts it back to its default; `headers` alone merge by name, and null removes one. It takes effect within 10 s for deliveries on their way, at once for new events.',
  headers: ['if-match'],
  body: {
    schema: SubscriptionPatch,
    mergePatch: 'accepted',
    examples: {
      Pause: { status: 'paused' },
      'Another address, and one header less': { url: 'https://crm.example.com/v2', headers: { 'x-api-key': null } },
    },
  },
  answer: SHOWN,
  refusals: ['urlRefused', 'stale'],
} as const satisfies Operation;

export const deleteSubscription = {
  id: 'deleteSubscription',
  tag: 'Subscriptions',
  method: 'DELETE',
  path: ONE,
  needs: 'subscriptions:write',
  summary: 'Delete a subscription and cancel what waits for it',
  headers: ['if-match'],
  answer: { status: 204, description: 'Deleted.' },
  refusals: ['stale'],
} as const satisfies Operation;

export const releaseSubscription = {
  id: 'releaseSubscription',
  tag: 'Subscriptions',
  method: 'POST',
  path: `${ONE}/release`,
  needs: 'subscriptions:write',
  summary: 'Send all that waits now',
  description: 'Timed retries, what a rate holds back, and a probe of an open circuit.',
  answer: { status: 202, description: 'Asked for.', schema: named('Nothing', z.object({})), example: {} },
  refusals: ['conflict', 'stale'],
} as const satisfies Operation;

export const getSecret = {
  id: 'getSecret',
  tag: 'Subscriptions',
  method: 'GET',
  path: `${ONE}/secret`,
  needs: 'subscriptions:write',
  summary: 'Reveal the secret',
  answer: {
    status: 200,
    description: 'The current one.',
    schema: named('RevealedSecret', z.object({ secret: z.string() })),
    example: { secret: SECRET },
    headers: ['cache-control'],
  },
} as const satisfies Operation;

const LONGEST_OVERLAP = 7 * 24 * 60 * 60;
/** For how many seconds the secret before signs as well, where nobody says otherwise. */
export const OVERLAP = 24 * 60 * 60;

export const rotateSecret = {
  id: 'rotateSecret',
  tag: 'Subscriptions',
  method: 'POST',
  path: `${ONE}/secret/rotate`,
  needs: 'subscriptions:write',
  summary: 'Give it another secret',
  description: 'The one before signs as well for the overlap, and both signatures are sent. Two are active at most.',
  body: {
    schema: named(
      'SecretRotation',
      z.strictObject({
        secret: Secret.optional().describe(
          'One of your own, of the kind that the signature needs. By default one is made.',
        ),
        overlap_seconds: z.number().int().min(0).max(LONGEST_OVERLAP).default(OVERLAP),
      }),
    ),
    examples: { 'Both sign for an hour': { overlap_seconds: 3600 } },
  },
  answer: {
    status: 200,
    description: 'The new secret, and until when the one before signs.',
    schema: named('RotatedSecret', z.object({ secret: z.string(), previous_expires_at: Moment.nullable() })),
    example: { secret: SECRET, previous_expires_at: '2026-03-05T09:00:00.000Z' },
    headers: ['cache-control'],
  },
  refusals: ['stale'],
} as const satisfies Operation;

export const getPublicKey = {
  id: 'getPublicKey',
  tag: 'Subscriptions',
  method: 'GET',
  path: `${ONE}/public-key`,
  needs: 'subscriptions:read',
  summary: 'Show the public key that v1a signatures are verified with',
  answer: {
    status: 200,
    description: 'The key.',
    schema: named('PublicKey', z.object({ public_key: z.string().describe('whpk_ and base64.') })),
    example: { public_key: 'whpk_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=' },
  },
  refusals: ['conflict'],
} as const satisfies Operation;

export const testSubscription = {
  id: 'testSubscription',
  tag: 'Subscriptions',
  method: 'POST',
  path: `${ONE}/test`,
  needs: 'subscriptions:write',
  summary: 'Send a sample now and show the whole attempt',
  description:
    'Whatever the status; it waits for 10 s at most. It is no delivery: nothing is kept of it, and it counts for nothing. Ten a minute.',
  body: {
    schema: named(
      'TestWish',
      z.strictObject({ event_type: EventTypeName.optional().describe('By default the first that it takes.') }),
    ),
    examples: { 'A type that it takes': {}, 'One of them': { event_type: 'Order.Placed' } },
  },
  answer: {
    status: 200,
    description: 'What came of it.',
    schema: Attempt,
    example: {
      event_id: 'evt_06h2n4qb80r6t9v3w5x7y1z2kc',
      event_type: 'Order.Placed',
      subscription_id: EXAMPLE.id,
      delivery_id: 'test_06h2n4qb80r6t9v3w5x7y1z2kc',
      attempt: 1,
      at: '2026-03-04T09:00:00.000Z',
      outcome: 'accepted',
      status: 204,
      duration_ms: 41,
      next: 'done',
      test: true,
    },
  },
  refusals: ['testedTooOften'],
} as const satisfies Operation;

export const testFilter = {
  id: 'testFilter',
  tag: 'Subscriptions',
  method: 'POST',
  path: '/v1/filter-test',
  needs: 'subscriptions:read',
  summary: 'Try a filter on an event',
  description:
    'Before a subscription has it. The event is any JSON object; a subscription is matched against its envelope.',
  body: {
    schema: named('FilterTest', z.strictObject({ filter: Filter, event: jsonObject() })),
    examples: {
      'It matches': { filter: { data: { total: [{ numeric: ['>', 100] }] } }, event: { data: { total: 120 } } },
    },
  },
  answer: {
    status: 200,
    description: 'Whether it lets the event through.',
    schema: named('FilterVerdict', z.object({ matches: z.boolean() })),
    example: { matches: true },
  },
} as const satisfies Operation;
