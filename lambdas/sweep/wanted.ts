import * as z from 'zod';
import { filterView, type AcceptedEvent } from '../../shared/domain/event.ts';
import { matches } from '../../shared/domain/filter.ts';
import { filterIn } from '../../shared/domain/known-filters.ts';
import type { Subscription } from '../../shared/domain/subscription.ts';

export interface WantedWorld {
  /** The event with its data. */
  find(tenant: string, eventId: string): Promise<AcceptedEvent | undefined>;
}

/** However often it is tried, the event cannot be read or looked at. */
export class Unreadable extends Error {}

const passes = ({ filter }: Subscription, event: AcceptedEvent): boolean =>
  filter === null || matches(filterIn(JSON.stringify(filter)), filterView(event, JSON.parse(event.body)));

/**
 * The event with its data, and whether the subscription's filter takes it: the timeline knows types only. What is no more counts as
 * wanted, for match saw it and said yes.
 */
export async function readFor(
  subscription: Subscription,
  { tenant, event_id }: { tenant: string; event_id: string },
  world: WantedWorld,
): Promise<{ event: AcceptedEvent | undefined; isWanted: boolean }> {
  try {
    const event = await world.find(tenant, event_id);
    return { event, isWanted: event === undefined || passes(subscription, event) };
  } catch (cause) {
    // A table that does not answer says so in words of its own, and whoever asked comes back.
    if (cause instanceof z.ZodError || cause instanceof RangeError || cause instanceof SyntaxError)
      throw new Unreadable(cause.message, { cause });
    throw cause;
  }
}
