import * as z from 'zod';
import type { AcceptedEvent, ErasedEvent } from '../../shared/domain/event.ts';
import { passes } from '../../shared/domain/known-filters.ts';
import type { Subscription } from '../../shared/domain/subscription.ts';

export interface WantedWorld {
  /** The event with its data. */
  find(tenant: string, eventId: string): Promise<AcceptedEvent | ErasedEvent | undefined>;
}

/** However often it is tried, the event cannot be read or looked at. */
export class Unreadable extends Error {}

/**
 * The event with its data, and whether the subscription's filter takes it: the timeline knows types only. What is no more counts as
 * wanted, for match saw it and said yes; what was erased is owed to nobody.
 */
export async function readFor(
  subscription: Subscription,
  { tenant, event_id }: { tenant: string; event_id: string },
  world: WantedWorld,
): Promise<{ event: AcceptedEvent | undefined; isWanted: boolean }> {
  try {
    const event = await world.find(tenant, event_id);
    if (event === undefined) return { event, isWanted: true };
    if (event.body === undefined) return { event: undefined, isWanted: false };
    return { event, isWanted: passes(subscription.filter, event, event.body) };
  } catch (cause) {
    // A table that does not answer says so in words of its own, and whoever asked comes back.
    if (cause instanceof z.ZodError || cause instanceof RangeError || cause instanceof SyntaxError)
      throw new Unreadable(cause.message, { cause });
    throw cause;
  }
}
