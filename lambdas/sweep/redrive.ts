import * as z from 'zod';
import { DeliveryMessage } from '../../shared/domain/delivery.ts';
import { TravellingEvent } from '../../shared/domain/event.ts';
import { Job } from '../../shared/domain/job.ts';
import { deliveryId } from '../../shared/domain/id.ts';
import type { DeadLetter } from '../../shared/store/attempts.ts';

/** A message of a queue of last resort. */
export interface Last {
  body: string;
  /** Takes it out of its queue. */
  remove(): Promise<void>;
}

export interface RedriveWorld {
  now(): Date;
  /** A few at a time, until there are no more that can be seen. */
  last(queue: 'undeliverable' | 'dead'): AsyncIterable<Last>;
  isMatched(tenant: string, eventId: string): Promise<boolean>;
  /** Answers what the bus did not take. */
  publish(events: readonly TravellingEvent[]): Promise<TravellingEvent[]>;
  bury(letter: DeadLetter): Promise<void>;
  noteFailure(what: string, error: unknown, line: Record<string, string | number>): void;
  note(what: string, line: Record<string, string | number>): void;
}

const FromBus = z.object({ detail: TravellingEvent });
/** A tick that did not come in its time: the next one did all that it would have asked for. */
const Tick = Job.options[0];
const Letter = z.union([DeliveryMessage, FromBus, Tick]);

const parsedLetter = (body: string): z.infer<typeof Letter> | undefined => {
  try {
    return Letter.safeParse(JSON.parse(body)).data;
  } catch {
    return undefined;
  }
};

/** Publishes an event again that never came to be matched. True where it need not be kept any more. */
async function publishAgain(event: TravellingEvent, world: RedriveWorld): Promise<boolean> {
  if (await world.isMatched(event.tenant, event.event_id)) return true;
  return (await world.publish([{ ...event, doubt: true }])).length === 0;
}

/** What our own code failed at five times becomes a dead letter of each delivery, which can be listed and replayed. */
async function buryFaults({ event, deliveries }: DeliveryMessage, world: RedriveWorld): Promise<void> {
  const { tenant, event_id: eventId, accepted_at: acceptedAt } = event;
  for (const { subscription_id: subscriptionId, run } of deliveries) {
    const id = deliveryId({ tenant, eventId, acceptedAt, subscriptionId });
    const letter = { event, subscriptionId, deliveryId: id, run, kind: 'fault' as const, reason: 'fault' as const };
    await world.bury({ ...letter, at: world.now().toISOString() });
    world.noteFailure('delivery.fault', new Error('our own code failed five times'), {
      tenant,
      event_id: eventId,
      subscription_id: subscriptionId,
    });
  }
}

/**
 * Takes from a queue of last resort what can go on. EventBridge's own dead letters cannot be moved back by SQS, for their source is
 * no queue, so they are published again here. What nobody can read stays for a person.
 */
export async function redrive(queue: 'undeliverable' | 'dead', world: RedriveWorld): Promise<void> {
  let done = 0;
  let kept = 0;
  for await (const { body, remove } of world.last(queue)) {
    const letter = parsedLetter(body);
    if (letter !== undefined && 'deliveries' in letter) await buryFaults(letter, world);
    if (letter === undefined || ('detail' in letter && !(await publishAgain(letter.detail, world)))) {
      kept += 1;
      continue;
    }
    await remove();
    done += 1;
  }
  if (done + kept > 0) world.note('sweep.redrive', { queue, done, kept });
}
