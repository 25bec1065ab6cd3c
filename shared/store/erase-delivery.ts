import { stepsLeft } from '../domain/erase.ts';
import type { EventFacts } from '../domain/event.ts';
import type { Attempts } from './attempts.ts';
import type { Shelf } from './shelf.ts';

export interface EraseParts {
  attempts: Pick<Attempts, 'blank' | 'cancel'>;
  shelf: Pick<Shelf, 'find' | 'remove'>;
}

type OfEvent = Pick<EventFacts, 'tenant' | 'event_id' | 'accepted_at'>;

/** What is waiting behind so many others is left where it is: it finds its step settled when it comes. */
const MOST_LOOKED_AT = 1_000;

/** Takes away what one delivery of an erased event left behind, and settles what it had still to make. Done again, it changes nothing. */
export function deliveryEraser({ attempts, shelf }: EraseParts) {
  return async (event: OfEvent, subscriptionId: string, at: Date): Promise<void> => {
    const made = await attempts.blank(event, subscriptionId);
    for (const step of stepsLeft(made)) await attempts.cancel({ event, subscriptionId, ...step }, at);
    // Also where all that was begun is over: a replay may wait for its first attempt.
    const whom = { tenant: event.tenant, subscriptionId };
    const search = { due: made.at(-1)?.next_at, most: MOST_LOOKED_AT };
    for (const resting of await shelf.find(whom, event.event_id, search)) {
      const { run, attempt } = resting.step;
      await attempts.cancel({ event, subscriptionId, run, attempt }, at);
      await shelf.remove(resting);
    }
  };
}
export type EraseDelivery = ReturnType<typeof deliveryEraser>;
