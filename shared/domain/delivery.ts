import * as z from 'zod';
import { TravellingEvent } from './event.ts';

/** One delivery's next attempt. `run` is 1, and one more for each replay; `attempt` counts from 1 in its run. */
export const DeliveryStep = z.object({
  subscription_id: z.string(),
  run: z.number().int().positive(),
  attempt: z.number().int().positive(),
  /** Milliseconds since 1970; absent when it may go at once. */
  not_before: z.number().optional(),
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
export type WaitingFor = 'schedule' | 'paused';

export type DeliveryState = 'pending' | 'waiting' | 'delivered' | 'dead' | 'missed' | 'cancelled';

/** The message as it must be sent again when nobody knows whether its first sending arrived. */
export const asDoubtful = <T extends { body: DeliveryMessage }>(message: T): T => ({
  ...message,
  body: { ...message.body, event: { ...message.body.event, doubt: true } },
});
