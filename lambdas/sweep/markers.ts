import { travelling, type AcceptedEvent, type ErasedEvent, type TravellingEvent } from '../../shared/domain/event.ts';
import type { OpenMarker } from '../../shared/store/events.ts';

/** What is touched outside to publish again. */
export interface MarkersWorld {
  now(): Date;
  overdue(acceptedBefore: Date, now: Date): AsyncIterable<OpenMarker>;
  find(tenant: string, eventId: string): Promise<AcceptedEvent | ErasedEvent | undefined>;
  isMatched(tenant: string, eventId: string): Promise<boolean>;
  /** Answers what the bus did not take. */
  publish(events: readonly TravellingEvent[]): Promise<TravellingEvent[]>;
  postpone(marker: OpenMarker, nextAt: Date): Promise<void>;
  forget(marker: OpenMarker): Promise<void>;
  note(what: string, line: Record<string, string | number>): void;
  noteFailure(what: string, error: unknown, line: Record<string, string | number>): void;
}

const MINUTE = 60_000;
/** Match is seconds behind at most in good times. An event this old was probably lost on the bus. */
const OVERDUE = 2 * MINUTE;
const LONGEST_PAUSE = 64 * MINUTE;
/** What is left of the function's time when it stops looking for more: enough to finish what it holds. */
const SPARE_MS = 10_000;

/** Longer after each try: a lane that is merely behind must not drown in copies of what it has not got to. */
const pauseAfter = (tries: number): number => Math.min(OVERDUE * 2 ** tries, LONGEST_PAUSE);

type Fate = 'published' | 'closed' | 'refused' | 'lost' | 'failed';

async function republish(marker: OpenMarker, world: MarkersWorld): Promise<Fate> {
  const { tenant, eventId } = marker;
  const event = await world.find(tenant, eventId);
  if (event === undefined) {
    // Nobody matched it in all the time that it was kept: the one way in which an accepted event ends without a delivery.
    world.note('event.lost', { tenant, event_id: eventId, accepted_at: marker.acceptedAt });
    await world.forget(marker);
    return 'lost';
  }
  if (event.body === undefined || (await world.isMatched(tenant, eventId))) {
    await world.forget(marker);
    return 'closed';
  }
  const refused = await world.publish([{ ...travelling(event), doubt: true }]);
  if (refused.length > 0) return 'refused';
  await world.postpone(marker, new Date(world.now().getTime() + pauseAfter(marker.tries)));
  return 'published';
}

/** One that cannot be handled keeps no other from being published. */
async function republishOrFail(marker: OpenMarker, world: MarkersWorld): Promise<Fate> {
  try {
    return await republish(marker, world);
  } catch (error) {
    world.noteFailure('sweep.failed', error, { tenant: marker.tenant, event_id: marker.eventId });
    return 'failed';
  }
}

/**
 * Publishes again what was accepted more than two minutes ago and still is not matched. A bus can lose an event in ways that
 * no dead-letter queue sees: a crash before the publishing, a rule not yet effective after a deployment.
 */
export async function republishOverdue(world: MarkersWorld, remainingMs: () => number): Promise<void> {
  const counts: Record<Fate, number> = { published: 0, closed: 0, refused: 0, lost: 0, failed: 0 };
  const now = world.now();
  for await (const marker of world.overdue(new Date(now.getTime() - OVERDUE), now)) {
    if (remainingMs() < SPARE_MS) break;
    counts[await republishOrFail(marker, world)]++;
  }
  world.note('sweep.markers', counts);
}
