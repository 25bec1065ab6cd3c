import * as z from 'zod';
import { DELIVERY_STATES, WAITING_FOR } from '../domain/delivery.ts';
import { BLOCKED, UNREACHABLE } from '../domain/outcome.ts';
import { DEATHS } from '../domain/retry.ts';
import { count, Moment, named, pageOf, type Operation } from './operation.ts';

const SUBSCRIPTION = '/v1/tenants/{tenant}/subscriptions/{id}';
const OUTCOMES = ['accepted', 'rejected', 'unreachable', 'blocked'] as const;

/** One HTTP request of a delivery. */
export const Attempt = named(
  'Attempt',
  z.object({
    event_id: z.string(),
    event_type: z.string(),
    subscription_id: z.string(),
    delivery_id: z.string().describe('What the request calls `webhook-id`.'),
    attempt: z.number().int().min(1),
    at: Moment,
    outcome: z
      .enum(OUTCOMES)
      .describe('accepted: 2xx; rejected: any other answer; unreachable: none; blocked: the URL may not be sent to.'),
    status: z.number().int().optional().describe('Of the answer, where one came.'),
    reason: z
      .enum([...Object.keys(UNREACHABLE), ...Object.keys(BLOCKED)])
      .optional()
      .describe('Why no answer came.'),
    duration_ms: z.number(),
    response_excerpt: z.string().optional().describe('The beginning of the body of the answer.'),
    next: z.enum(['done', 'wait', 'dead']).describe('What follows.'),
    next_at: Moment.optional().describe('When the next attempt may be made, at the earliest.'),
    probe: z.literal(true).optional().describe('It probed an open circuit.'),
    test: z.literal(true).optional().describe('It was a test, and no delivery.'),
  }),
);

const delivery = {
  delivery_id: z.string(),
  event_id: z.string(),
  event_type: z.string(),
  subscription_id: z.string(),
  state: z
    .enum(DELIVERY_STATES)
    .describe('pending: on its way; waiting: see waiting_for; missed: accepted while the subscription was disabled.'),
  waiting_for: z.enum(WAITING_FOR).optional(),
  attempts: count('How many requests were made.'),
  first_at: Moment.nullable(),
  last_at: Moment.nullable(),
  due_at: Moment.optional().describe('When the next request may be made, at the earliest.'),
  reason: z
    .enum([...DEATHS, 'fault'])
    .optional()
    .describe('Why it was given up.'),
  last: Attempt.optional(),
};

/** One event for one subscription. */
export const Delivery = named('Delivery', z.object(delivery));
const DeliveryWithAttempts = named(
  'DeliveryWithAttempts',
  z.object({ ...delivery, attempts_list: z.array(Attempt).describe('All of them, oldest first.') }),
);
export const DeliveryPage = named('DeliveryPage', pageOf(Delivery));

const ATTEMPT_EXAMPLE = {
  event_id: 'evt-1',
  event_type: 'Order.Placed',
  subscription_id: 'sub_06h2n4qb80r6t9v3w5x7y1z2kc',
  delivery_id: 'dlv_06h2n4qc00d4f6g8h0j2k4m6np',
  attempt: 1,
  at: '2026-03-04T09:00:00.000Z',
  outcome: 'rejected',
  status: 503,
  duration_ms: 41,
  response_excerpt: 'come back later',
  next: 'wait',
  next_at: '2026-03-04T09:00:05.300Z',
} as const;

export const DELIVERY_EXAMPLE = {
  delivery_id: ATTEMPT_EXAMPLE.delivery_id,
  event_id: 'evt-1',
  event_type: 'Order.Placed',
  subscription_id: ATTEMPT_EXAMPLE.subscription_id,
  state: 'waiting',
  waiting_for: 'schedule',
  due_at: ATTEMPT_EXAMPLE.next_at,
  attempts: 1,
  first_at: ATTEMPT_EXAMPLE.at,
  last_at: ATTEMPT_EXAMPLE.at,
  last: ATTEMPT_EXAMPLE,
} as const;

export const listAttempts = {
  id: 'listAttempts',
  tag: 'Deliveries',
  method: 'GET',
  path: `${SUBSCRIPTION}/attempts`,
  needs: 'subscriptions:read',
  summary: 'List the attempts at a subscription, newest events first',
  description: 'It may lag by some seconds.',
  query: z.object({
    outcome: z.enum(OUTCOMES).optional(),
    event_type: z.string().optional(),
    from: Moment.optional().describe('Of events accepted from then on,'),
    to: Moment.optional().describe('and before then.'),
  }),
  pages: 'yes',
  answer: {
    status: 200,
    description: 'A page of them. With filters it may hold fewer than `limit`, or none, and still go on.',
    schema: named('AttemptPage', pageOf(Attempt)),
    example: { items: [ATTEMPT_EXAMPLE], next_cursor: null },
  },
} as const satisfies Operation;

export const getDelivery = {
  id: 'getDelivery',
  tag: 'Deliveries',
  method: 'GET',
  path: '/v1/tenants/{tenant}/deliveries/{delivery}',
  needs: 'events:read',
  summary: 'Show a delivery with all its attempts',
  answer: {
    status: 200,
    description: 'The delivery.',
    schema: DeliveryWithAttempts,
    example: { ...DELIVERY_EXAMPLE, attempts_list: [ATTEMPT_EXAMPLE] },
  },
} as const satisfies Operation;

export const listWaiting = {
  id: 'listWaiting',
  tag: 'Deliveries',
  method: 'GET',
  path: `${SUBSCRIPTION}/waiting`,
  needs: 'subscriptions:read',
  summary: 'List the deliveries that wait, soonest first',
  pages: 'yes',
  answer: {
    status: 200,
    description: 'A page of them.',
    schema: DeliveryPage,
    example: { items: [DELIVERY_EXAMPLE], next_cursor: null },
  },
} as const satisfies Operation;

export const cancelWaiting = {
  id: 'cancelWaiting',
  tag: 'Deliveries',
  method: 'DELETE',
  path: `${SUBSCRIPTION}/waiting/{delivery}`,
  needs: 'subscriptions:write',
  summary: 'Cancel a delivery that waits',
  answer: { status: 204, description: 'Cancelled.' },
} as const satisfies Operation;

export const releaseWaiting = {
  id: 'releaseWaiting',
  tag: 'Deliveries',
  method: 'POST',
  path: `${SUBSCRIPTION}/waiting/{delivery}/release`,
  needs: 'subscriptions:write',
  summary: 'Send a delivery that waits now',
  answer: {
    status: 202,
    description: 'Asked for.',
    schema: named('Released', z.object({ released: count('How many of its runs waited.') })),
    example: { released: 1 },
  },
  refusals: ['conflict'],
} as const satisfies Operation;

const letter = {
  delivery_id: z.string(),
  event_id: z.string(),
  event_type: z.string(),
  subscription_id: z.string(),
  accepted_at: Moment,
  kind: z
    .enum(['delivery', 'fault'])
    .describe('delivery: the subscriber did not take it; fault: our own code failed at it.'),
  reason: z.enum([...DEATHS, 'fault']),
  died_at: Moment,
  last: z
    .object({
      outcome: z.string(),
      at: Moment,
      attempt: z.number().int(),
      status: z.number().int().optional(),
      reason: z.string().optional(),
    })
    .optional()
    .describe('What came of the last request.'),
};
const DeadLetter = named('DeadLetter', z.object(letter));

const LETTER = {
  delivery_id: ATTEMPT_EXAMPLE.delivery_id,
  event_id: 'evt-1',
  event_type: 'Order.Placed',
  subscription_id: ATTEMPT_EXAMPLE.subscription_id,
  accepted_at: '2026-03-01T05:00:00.000Z',
  kind: 'delivery',
  reason: 'exhausted',
  died_at: '2026-03-04T09:00:00.000Z',
  last: { outcome: 'rejected', at: '2026-03-04T09:00:00.000Z', attempt: 10, status: 503 },
} as const;

export const listDeadLetters = {
  id: 'listDeadLetters',
  tag: 'Deliveries',
  method: 'GET',
  path: `${SUBSCRIPTION}/dead-letters`,
  needs: 'subscriptions:read',
  summary: 'List the deliveries that were given up, newest events first',
  pages: 'yes',
  answer: {
    status: 200,
    description: 'A page of them.',
    schema: named('DeadLetterPage', pageOf(DeadLetter)),
    example: {
      items: [LETTER],
      next_cursor: null,
    },
  },
} as const satisfies Operation;

export const listAllDeadLetters = {
  id: 'listAllDeadLetters',
  tag: 'Deliveries',
  method: 'GET',
  path: '/v1/dead-letters',
  needs: 'admin',
  summary: 'List the deliveries of all tenants that were given up, newest events first',
  query: z.object({
    kind: z.enum(['delivery', 'fault']).optional().describe('fault: those that our own code failed at.'),
    from: Moment.optional().describe('Of events accepted from then on,'),
    to: Moment.optional().describe('and before then.'),
  }),
  pages: 'yes',
  answer: {
    status: 200,
    description: 'A page of them. With filters it may hold fewer than `limit`, or none, and still go on.',
    schema: named(
      'DeadLetterOfTenantPage',
      pageOf(named('DeadLetterOfTenant', z.object({ tenant: z.string(), ...letter }))),
    ),
    example: { items: [{ tenant: 'acme', ...LETTER }], next_cursor: null },
  },
} as const satisfies Operation;

export const acknowledgeDeadLetter = {
  id: 'acknowledgeDeadLetter',
  tag: 'Deliveries',
  method: 'DELETE',
  path: `${SUBSCRIPTION}/dead-letters/{delivery}`,
  needs: 'subscriptions:write',
  summary: 'Take a dead letter off the list',
  answer: { status: 204, description: 'It is in the list no more.' },
} as const satisfies Operation;

export const replayDeadLetter = {
  id: 'replayDeadLetter',
  tag: 'Replays',
  method: 'POST',
  path: `${SUBSCRIPTION}/dead-letters/{delivery}/replay`,
  needs: 'subscriptions:write',
  summary: 'Send once more what was given up',
  description: 'The letter stays until the delivery is made. `webhook-id` stays that of the first time.',
  headers: ['idempotency-key'],
  answer: {
    status: 202,
    description: 'Asked for.',
    schema: named(
      'ReplayedDelivery',
      z.object({ delivery_id: z.string(), event_id: z.string(), subscription_id: z.string() }),
    ),
    example: {
      delivery_id: ATTEMPT_EXAMPLE.delivery_id,
      event_id: 'evt-1',
      subscription_id: ATTEMPT_EXAMPLE.subscription_id,
    },
  },
  refusals: ['conflict', 'eventErased', 'stale'],
} as const satisfies Operation;

const counted = {
  attempts: count('Requests, and those that were not made because the URL may not be sent to.'),
  accepted: count('Of these, answered 2xx.'),
  rejected: count('Of these, answered otherwise.'),
  unreachable: count('Of these, without an answer.'),
  blocked: count('Of these, not made.'),
  delivered: count('Deliveries that were made.'),
  dead: count('Deliveries that were given up.'),
  duration_ms: z
    .object({ mean: z.number().int(), p50: z.number().int(), p95: z.number().int(), p99: z.number().int() })
    .nullable()
    .describe('Of the requests, each percentile within a fifth; null without one.'),
};
const SUMS = {
  attempts: 12,
  accepted: 11,
  rejected: 1,
  unreachable: 0,
  blocked: 0,
  delivered: 11,
  dead: 0,
  duration_ms: { mean: 48, p50: 41, p95: 90, p99: 128 },
} as const;

export const getStats = {
  id: 'getStats',
  tag: 'Deliveries',
  method: 'GET',
  path: `${SUBSCRIPTION}/stats`,
  needs: 'subscriptions:read',
  summary: 'Count what was sent to a subscription, hour by hour or day by day',
  description:
    'Some two minutes behind. `from` and `to` are widened to whole steps; without them it is the last 24 hours. 31 days at most by hour, 400 by day, and no further back than the retention.',
  query: z.object({ from: Moment.optional(), to: Moment.optional(), step: z.enum(['hour', 'day']).default('hour') }),
  answer: {
    status: 200,
    description: 'Every step of it, oldest first.',
    schema: named(
      'Stats',
      z.object({
        from: Moment,
        to: Moment,
        step: z.enum(['hour', 'day']),
        items: z.array(z.object({ at: Moment, ...counted })),
        totals: z.object(counted),
      }),
    ),
    example: {
      from: '2026-03-04T09:00:00.000Z',
      to: '2026-03-04T10:00:00.000Z',
      step: 'hour',
      items: [{ at: '2026-03-04T09:00:00.000Z', ...SUMS }],
      totals: SUMS,
    },
  },
} as const satisfies Operation;
