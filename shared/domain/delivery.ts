import * as z from 'zod';
import { TravellingEvent } from './event.ts';

/** One delivery's next attempt. `run` is 1, and one more for each replay; `attempt` counts from 1 in its run. */
export const DeliveryStep = z.object({
  subscription_id: z.string(),
  run: z.number().int().positive(),
  attempt: z.number().int().positive(),
  /** Milliseconds since 1970; absent when it may go at once. */
  not_before: z.number().optional(),
  /** How many of the attempts before were probes of an open circuit, which the schedule does not count. */
  probes: z.number().int().positive().optional(),
  /** Comes back to probe its subscription's open circuit, and is not dropped meanwhile. */
  probe: z.literal(true).optional(),
  /** Milliseconds since 1970: the moment that was reserved for it within its subscription's rate. */
  slot: z.number().optional(),
  /** How often it found all places of its suspect subscription taken, since its last attempt. */
  crowded: z.number().int().positive().optional(),
  /** The catch-up or replay that it belongs to. */
  replay_id: z.string().optional(),
});
export type DeliveryStep = z.infer<typeof DeliveryStep>;

export const MOST_DELIVERIES_A_MESSAGE = 25;

/** One event and some of its deliveries: what match and deliver hand to the deliveries and retries queues. */
export const DeliveryMessage = z.object({
  v: z.literal(1),
  event: TravellingEvent,
  deliveries: z.array(DeliveryStep).min(1).max(MOST_DELIVERIES_A_MESSAGE),
});
export type DeliveryMessage = z.infer<typeof DeliveryMessage>;

/** Why a waiting delivery waits. */
export const WAITING_FOR = ['schedule', 'retry_after', 'circuit', 'paused', 'rate_limit'] as const;
export type WaitingFor = (typeof WAITING_FOR)[number];

export const DELIVERY_STATES = ['pending', 'waiting', 'delivered', 'dead', 'missed', 'cancelled'] as const;
export type DeliveryState = (typeof DELIVERY_STATES)[number];

/** The message as it must be sent again when nobody knows whether its first sending arrived. */
export const asDoubtful = <T extends { body: DeliveryMessage }>(message: T): T => ({
  ...message,
  body: { ...message.body, event: { ...message.body.event, doubt: true } },
});
