import * as z from 'zod';
import { EventId } from '../domain/id.ts';
import { count, Moment, named, pageOf, type Operation } from './operation.ts';

const ONE = '/v1/tenants/{tenant}/subscriptions/{id}';

const NewReplay = named(
  'NewReplay',
  z
    .strictObject({
      from: Moment.describe('Events accepted from then on,'),
      to: Moment.optional().describe('and before then; now at the latest.'),
      // What was given up, unless somebody says otherwise: all of it again would surprise whoever does not deduplicate.
      only: z.enum(['dead', 'missed', 'all']).optional().describe('dead by default: what was given up.'),
    })
    .refine(({ from, to }) => to === undefined || Date.parse(from) < Date.parse(to), {
      path: ['to'],
      error: 'must be later than from',
    }),
);

const Replay = named(
  'Replay',
  z.object({
    replay_id: z.string(),
    subscription_id: z.string(),
    kind: z.enum(['replay', 'catch_up']).describe('catch_up: nobody asked for it; it delivers what was held.'),
    from: Moment,
    to: Moment,
    only: z.enum(['dead', 'missed', 'all']),
    state: z.enum(['running', 'done', 'cancelled', 'failed']),
    matched: count('Events that it found.'),
    sent: count('Deliveries that it asked for.'),
    delivered: count('Of these, how many were made.'),
    dead: count('Of these, how many were given up.'),
    started_at: Moment,
    finished_at: Moment.optional(),
  }),
);

const EXAMPLE = {
  replay_id: 'rpl_06h2n4qb80r6t9v3w5x7y1z2kc',
  subscription_id: 'sub_06h2n4qb80r6t9v3w5x7y1z2kc',
  kind: 'replay',
  from: '2026-03-04T09:00:00.000Z',
  to: '2026-03-04T12:00:00.000Z',
  only: 'dead',
  state: 'running',
  matched: 120,
  sent: 12,
  delivered: 11,
  dead: 0,
  started_at: '2026-03-04T12:30:00.000Z',
} as const;

const there = {
  tenant: '$request.path.tenant',
  id: '$request.path.id',
  replay: '$response.body#/replay_id',
} as const;

export const startReplay = {
  id: 'startReplay',
  tag: 'Replays',
  method: 'POST',
  path: `${ONE}/replay`,
  needs: 'subscriptions:write',
  summary: 'Send a stretch of time once more',
  description: 'Oldest first, on its own ramp; new events do not wait behind it. One at a time for each subscription.',
  headers: ['idempotency-key'],
  body: {
    schema: NewReplay,
    examples: {
      'What was given up since then': { from: '2026-03-04T09:00:00Z' },
      'What was missed while it was disabled': {
        from: '2026-03-04T09:00:00Z',
        to: '2026-03-04T12:00:00Z',
        only: 'missed',
      },
    },
  },
  answer: {
    status: 202,
    description: 'It has begun.',
    schema: Replay,
    example: EXAMPLE,
    headers: ['location'],
    links: {
      get: { operation: 'getReplay', parameters: there },
      cancel: { operation: 'cancelReplay', parameters: there },
    },
  },
  refusals: ['conflict', 'stale'],
} as const satisfies Operation;

export const listReplays = {
  id: 'listReplays',
  tag: 'Replays',
  method: 'GET',
  path: `${ONE}/replays`,
  needs: 'subscriptions:read',
  summary: 'List the replays and catch-ups of a subscription, newest first',
  pages: 'yes',
  answer: {
    status: 200,
    description: 'A page of them.',
    schema: named('ReplayPage', pageOf(Replay)),
    example: { items: [EXAMPLE], next_cursor: null },
  },
} as const satisfies Operation;

export const getReplay = {
  id: 'getReplay',
  tag: 'Replays',
  method: 'GET',
  path: `${ONE}/replays/{replay}`,
  needs: 'subscriptions:read',
  summary: 'Show how far a replay is',
  answer: { status: 200, description: 'The replay.', schema: Replay, example: EXAMPLE },
} as const satisfies Operation;

export const cancelReplay = {
  id: 'cancelReplay',
  tag: 'Replays',
  method: 'DELETE',
  path: `${ONE}/replays/{replay}`,
  needs: 'subscriptions:write',
  summary: 'Cancel a replay',
  description: 'What is sent already is delivered; the replay stays in the list as cancelled, or as it ended.',
  answer: { status: 204, description: 'It sends nothing more.' },
  refusals: ['conflict'],
} as const satisfies Operation;

export const replayEvent = {
  id: 'replayEvent',
  tag: 'Replays',
  method: 'POST',
  path: '/v1/tenants/{tenant}/events/{id}/replay',
  needs: 'subscriptions:write',
  summary: 'Send one event once more',
  description: 'To the subscription that is named, or to all that it matched and that are not disabled (100 at most).',
  headers: ['idempotency-key'],
  body: {
    schema: named('EventReplay', z.strictObject({ subscription_id: EventId.optional() })),
    examples: {
      'To everybody it matched': {},
      'To one of them': { subscription_id: 'sub_06h2n4qb80r6t9v3w5x7y1z2kc' },
    },
  },
  answer: {
    status: 202,
    description: 'Asked for.',
    schema: named(
      'ReplayedEvent',
      z.object({
        event_id: z.string(),
        deliveries: z.array(z.object({ delivery_id: z.string(), subscription_id: z.string() })),
      }),
    ),
    example: {
      event_id: 'evt-1',
      deliveries: [
        { delivery_id: 'dlv_06h2n4qc00d4f6g8h0j2k4m6np', subscription_id: 'sub_06h2n4qb80r6t9v3w5x7y1z2kc' },
      ],
    },
  },
  refusals: ['conflict', 'eventErased', 'stale'],
} as const satisfies Operation;
