import { comesAgainIn, postIn, reasonsOf, type FromService } from '../../../shared/domain/inbound.ts';
import { Problem, problems } from '../../../shared/domain/problem.ts';
import type { AsSent } from '../../../shared/runtime/batch.ts';
import { ingestOne, MOST_EVENT_BYTES, type World as IngestWorld } from '../ingest.ts';

/** What the inbound edge of ingest touches outside. */
export interface World extends IngestWorld {
  /** From 0 to 1. */
  chance(): number;
  /** Puts the message into the dead queue as it came, with what is wrong with it. @throws where the queue does not take it */
  refuse(text: string, reasons: Record<string, string>): Promise<void>;
  /** Puts the message into the inbound queue as it came, to be seen in so many seconds. @throws where the queue does not take it */
  postpone(text: string, how: { group: string; delay: number }): Promise<void>;
}

/** @throws Problem for anything that keeps the event from being accepted */
async function accept({ text, message }: AsSent<FromService>, world: World): Promise<void> {
  const post = postIn(text);
  if (Buffer.byteLength(post.text) > MOST_EVENT_BYTES) throw problems.tooLarge(`${MOST_EVENT_BYTES} bytes an event`);
  await ingestOne(post.text, { tenant: post.tenant, idempotencyKey: message.id }, world);
}

/**
 * A refusal is the publisher's to look at, and coming again would change nothing. Only a tenant over its budget is in time later: a new
 * message and not a failed one, for five of those would end in the dead queue.
 */
async function settle({ id, text, message }: AsSent<FromService>, problem: Problem, world: World): Promise<void> {
  const { source, id: idempotencyKey } = message;
  const line = { event_source: source, bus_event_id: idempotencyKey, code: problem.code, message_id: id };
  if (problem.status === 429) {
    // Apart from those of the same source whose tenants are within theirs.
    const { tenant } = postIn(text);
    await world.postpone(text, { group: tenant, delay: comesAgainIn(problem, world.chance()) });
    world.note('inbound.postponed', line);
    return;
  }
  await world.refuse(text, reasonsOf(problem));
  world.note('inbound.refused', line);
}

async function take(record: AsSent<FromService>, world: World): Promise<'done' | 'failed'> {
  try {
    await accept(record, world).catch((error: unknown) => {
      if (error instanceof Problem) return settle(record, error, world);
      throw error;
    });
    return 'done';
  } catch (error) {
    world.noteFailure('inbound.failed', error, { bus_event_id: record.message.id, message_id: record.id });
    return 'failed';
  }
}

/**
 * Takes events that other services put on the bus through the checks of a post over HTTP. Each is alone.
 *
 * @returns the ids of the messages that must come again, for a reason of ours
 */
export async function takeInbound(records: readonly AsSent<FromService>[], world: World): Promise<Set<string>> {
  const results = await Promise.all(records.map((record) => take(record, world)));
  return new Set(records.filter((_, i) => results[i] === 'failed').map(({ id }) => id));
}
