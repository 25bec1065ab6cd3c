import * as z from 'zod';
import type { OperationalTypeName } from '../catalogue/operational.ts';

const of = { tenant: z.string(), subscription_id: z.string() };

/**
 * What the sweep is asked to do, by a message in its queue. Each job can be done twice, and by two at once: what it sends is
 * claimed by whoever delivers it.
 */
export const Job = z.discriminatedUnion('kind', [
  /** Every minute, from the schedule: finds out what is due and asks for it. */
  z.object({ v: z.literal(1), kind: z.literal('tick') }),
  /** Publishes again what the ledger of accepted events holds for too long. */
  z.object({ v: z.literal(1), kind: z.literal('markers') }),
  /** Sends what is due on a shard of the shelf. */
  z.object({ v: z.literal(1), kind: z.literal('shelf'), shard: z.number().int() }),
  /** Adds what batches have counted to the figures. */
  z.object({ v: z.literal(1), kind: z.literal('fold') }),
  /** Goes on with a catch-up or replay for one piece. */
  z.object({ v: z.literal(1), kind: z.literal('walk'), ...of, replay_id: z.string() }),
  /**
   * Sends what waits for the subscription now, or what waits of one event; `held` is what waits for its release only, `all` the
   * timed retries as well.
   */
  z.object({
    v: z.literal(1),
    kind: z.literal('release'),
    ...of,
    what: z.enum(['held', 'all']),
    event_id: z.string().optional(),
  }),
  /** Makes a delivery that was given up once more, as this run. */
  z.object({ v: z.literal(1), kind: z.literal('resend'), ...of, event_id: z.string(), run: z.number().int() }),
  /**
   * Looks after the subscriptions that are held: what the retention is about to take, probes that nobody makes. `after` is the place in
   * their list that an earlier job had the time for.
   */
  z.object({ v: z.literal(1), kind: z.literal('held'), after: z.string().optional() }),
  /** Tells of something that happened to a subscription. `id` is the same however often it is told. */
  z.object({
    v: z.literal(1),
    kind: z.literal('notice'),
    ...of,
    id: z.string(),
    event_type: z.enum([
      'Subscription.Disabled',
      'Subscription.Recovered',
      'DeadLetter.Created',
    ] satisfies OperationalTypeName[]),
    at: z.string(),
    data: z.record(z.string(), z.unknown()),
  }),
  /** Takes from a queue of last resort what can be tried again: `undeliverable` of the rules, `dead` of the lanes. */
  z.object({ v: z.literal(1), kind: z.literal('redrive'), queue: z.enum(['undeliverable', 'dead']) }),
  /**
   * Takes away what is left of an erased event with the subscriptions that it matched. `after` is the one that an earlier job had the
   * time for.
   */
  z.object({
    v: z.literal(1),
    kind: z.literal('erase'),
    tenant: z.string(),
    event_id: z.string(),
    after: z.string().optional(),
  }),
  /**
   * Goes on with the erasure of a tenant. `after` is the place in the ledger of all tenants' open events that an earlier job had the time
   * for, in the erasure that was begun then: the same name may be erased again.
   */
  z.object({
    v: z.literal(1),
    kind: z.literal('erase_tenant'),
    tenant: z.string(),
    after: z.object({ started_at: z.string(), place: z.string() }).optional(),
  }),
]);
export type Job = z.infer<typeof Job>;
