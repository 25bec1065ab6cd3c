import * as z from 'zod';
import { PostedEvent } from '../domain/event.ts';
import { jsonObject } from '../domain/subscription.ts';
import { DELIVERY_EXAMPLE, DeliveryPage } from './deliveries.ts';
import { count, Moment, named, pageOf, type Operation } from './operation.ts';
import { ProblemDocument } from './refusals.ts';

const ALL = '/v1/tenants/{tenant}/events';
const ONE = `${ALL}/{id}`;

named('PostedEvent', PostedEvent);

const Receipt = named(
  'Receipt',
  z.object({
    event_id: z.string(),
    event_type: z.string(),
    accepted_at: Moment,
    duplicate: z.boolean().describe('It was posted before: nothing further is delivered.'),
  }),
);

const RECEIPT = {
  event_id: 'evt-1',
  event_type: 'Order.Placed',
  accepted_at: '2026-03-04T09:00:00.000Z',
  duplicate: false,
} as const;

const there = { tenant: '$request.path.tenant', id: '$response.body#/event_id' };

export const postEvent = {
  id: 'postEvent',
  tag: 'Events',
  method: 'POST',
  path: ALL,
  needs: 'events:write',
  summary: 'Post an event',
  description:
    'After the 202 it reaches every subscription that wants it, or a dead letter says why not. `Idempotency-Key` stands in for a missing `event_id`. 256 KiB at most.',
  headers: ['idempotency-key'],
  body: { schema: PostedEvent, examples: {} },
  answer: {
    status: 202,
    description: 'Accepted, or accepted before.',
    schema: Receipt,
    example: RECEIPT,
    links: {
      get: { operation: 'getEvent', parameters: there },
      deliveries: { operation: 'listDeliveries', parameters: there },
      replay: { operation: 'replayEvent', parameters: there },
    },
  },
  refusals: [
    'nestingTooDeep',
    'unknownEventType',
    'schemaMismatch',
    'idempotencyConflict',
    'tenantBeingErased',
    'rateLimited',
  ],
} as const satisfies Operation;

export const postEvents = {
  id: 'postEvents',
  tag: 'Events',
  method: 'POST',
  path: `${ALL}/batch`,
  needs: 'events:write',
  summary: 'Post 1 to 100 events',
  description: 'Each is judged alone, and has its own answer in its place. 1 MiB at most in all.',
  body: {
    schema: named(
      'EventBatch',
      z.strictObject({
        events: z
          .array(z.unknown().describe('As the body of a single post. What is wrong with it is in its result.'))
          .min(1)
          .max(100),
      }),
    ),
    examples: {
      'Two events': {
        events: [
          { event_type: 'Order.Placed', event_id: 'evt-1', data: {} },
          { event_type: 'Order.Placed', event_id: 'evt-2', data: {} },
        ],
      },
    },
  },
  answer: {
    status: 202,
    description: 'What became of each, in their order.',
    schema: named(
      'BatchReceipt',
      z.object({
        accepted: count('Accepted now.'),
        duplicates: count('Accepted before.'),
        refused: count('Refused, each with its problem.'),
        results: z.array(z.union([Receipt, z.object({ problem: ProblemDocument })])),
      }),
    ),
    example: { accepted: 1, duplicates: 0, refused: 0, results: [RECEIPT] },
  },
  refusals: ['rateLimited'],
} as const satisfies Operation;

const matching = {
  matching: z.enum(['pending', 'done']).describe('Whether it is known yet who wants it.'),
  matched: count('How many subscriptions want it.').nullable(),
};

const ListedEvent = named(
  'ListedEvent',
  z.object({ event_id: z.string(), event_type: z.string(), accepted_at: Moment, ...matching }),
);

export const listEvents = {
  id: 'listEvents',
  tag: 'Events',
  method: 'GET',
  path: ALL,
  needs: 'events:read',
  summary: 'List events, newest first, without their data',
  description: 'An event is in it some milliseconds after its 202, when it is known who wants it.',
  query: z.object({
    type: z.string().optional().describe('Of this type only.'),
    from: Moment.optional().describe('Accepted from then on,'),
    to: Moment.optional().describe('and before then.'),
  }),
  pages: 'yes',
  answer: {
    status: 200,
    description: 'A page of them. With filters it may hold fewer than `limit`, or none, and still go on.',
    schema: named('EventPage', pageOf(ListedEvent)),
    example: {
      items: [
        {
          event_id: 'evt-1',
          event_type: 'Order.Placed',
          accepted_at: '2026-03-04T09:00:00.000Z',
          matching: 'done',
          matched: 2,
        },
      ],
      next_cursor: null,
    },
  },
} as const satisfies Operation;

export const getEvent = {
  id: 'getEvent',
  tag: 'Events',
  method: 'GET',
  path: ONE,
  needs: 'events:read',
  summary: 'Show an event with its data',
  description: 'It is readable at once after its 202. `data` has the tokens that were posted.',
  answer: {
    status: 200,
    description: 'The event.',
    schema: named(
      'Event',
      z.object({
        event_id: z.string(),
        event_type: z.string(),
        event_schema: z.string(),
        event_resource: z.string().nullable(),
        event_timestamp: z.string(),
        accepted_at: Moment,
        ...matching,
        data: jsonObject().nullable().describe('Null where it was erased.'),
        erased_at: Moment.optional(),
      }),
    ),
    example: {
      event_id: 'evt-1',
      event_type: 'Order.Placed',
      event_schema: 'v1',
      event_resource: 'Order',
      event_timestamp: '2026-03-04T08:59:58.123Z',
      accepted_at: '2026-03-04T09:00:00.000Z',
      matching: 'done',
      matched: 2,
      data: { id: 'inv-1' },
    },
  },
} as const satisfies Operation;

export const listDeliveries = {
  id: 'listDeliveries',
  tag: 'Deliveries',
  method: 'GET',
  path: `${ONE}/deliveries`,
  needs: 'events:read',
  summary: 'List the deliveries of an event',
  pages: 'yes',
  answer: {
    status: 200,
    description: 'A page of them.',
    schema: DeliveryPage,
    example: { items: [DELIVERY_EXAMPLE], next_cursor: null },
  },
} as const satisfies Operation;

export const eraseEvent = {
  id: 'eraseEvent',
  tag: 'Events',
  method: 'DELETE',
  path: ONE,
  needs: 'events:write',
  summary: 'Erase an event',
  description:
    'Its data and the excerpts of answers are gone, and what waits is cancelled. That there was one stays, so that the same id posted again is still a duplicate. A request that is under way is not called back.',
  answer: { status: 204, description: 'Erased, now or before.' },
} as const satisfies Operation;
