import type { AcceptedEvent, ErasedEvent } from '../../shared/domain/event.ts';
import type { Job } from '../../shared/domain/job.ts';
import type { EraseDelivery } from '../../shared/store/erase-delivery.ts';
import type { Matched } from '../../shared/store/events.ts';

export interface EraseWorld {
  now(): Date;
  find(tenant: string, eventId: string): Promise<AcceptedEvent | ErasedEvent | undefined>;
  matched(tenant: string, eventId: string): Promise<Matched | undefined>;
  /** Takes away what one delivery left behind. */
  eraseDelivery: EraseDelivery;
  ask(job: Job, delay: number): Promise<void>;
  note(what: string, line: Record<string, string | number>): void;
}

const AT_ONCE = 10;
/** What is left of the function's time when nothing further is begun. */
const SPARE_MS = 15_000;

/**
 * Takes away what an erased event left with all who wanted it. It goes by the tombstone: an event that has the same id by now is
 * another one. Whom it has not the time for is left to the same job, asked for again.
 */
export async function eraseEvent(
  job: Extract<Job, { kind: 'erase' }>,
  world: EraseWorld,
  remainingMs: () => number,
): Promise<void> {
  const { tenant, event_id, after = '' } = job;
  const event = await world.find(tenant, event_id);
  if (event === undefined || event.body !== undefined) return;
  const matched = await world.matched(tenant, event_id);
  const ids = (matched?.subscriptions ?? []).filter((id) => id > after).toSorted();
  let done = 0;
  while (done < ids.length) {
    const part = ids.slice(done, done + AT_ONCE);
    await Promise.all(part.map((id) => world.eraseDelivery(event, id, world.now())));
    done += part.length;
    if (done === ids.length || remainingMs() > SPARE_MS) continue;
    await world.ask({ ...job, after: part.at(-1) }, 0);
    break;
  }
  world.note('sweep.erase', { tenant, event_id, deliveries: done });
}
