import { MOST_DELIVERIES_A_MESSAGE, type DeliveryMessage } from '../../shared/domain/delivery.ts';
import { filterView, type AcceptedEvent, type ErasedEvent, type TravellingEvent } from '../../shared/domain/event.ts';
import { matches } from '../../shared/domain/filter.ts';
import { filterIn } from '../../shared/domain/known-filters.ts';
import { isOfErased } from '../../shared/domain/tenancy.ts';
import type { Received } from '../../shared/runtime/batch.ts';
import type { Matched } from '../../shared/store/events.ts';
import type { Interest } from '../../shared/store/subscriptions.ts';
import type { Tenant } from '../../shared/store/tenants.ts';

/** A delivery message on its way to a queue, fair by tenant, or by subscription where it is for one in trouble. */
export interface Outgoing {
  body: DeliveryMessage;
  group: string;
  to: 'deliveries' | 'deferred';
  /** The record it was made from, which is done only when all of its messages are durable. */
  from: string;
  /** Seconds. */
  delay?: number;
}

/**
 * A message whose first sending had no answer is sent again at once, but comes only when an attempt of the first copy is over
 * and written down (30 s at most, and some for the rest): a claim sees nothing before.
 */
export const RESENT_SECONDS = 45;

/** What match touches outside. */
export interface World {
  now(): Date;
  interested(tenant: string, event: { type: string; group: string }): Promise<Interest[]>;
  /** The tenant as it was half a minute ago at most; undefined only where there is none. */
  tenant(tenant: string): Promise<Tenant | undefined>;
  /** The event with its data, for those whose data stayed behind. */
  find(tenant: string, eventId: string): Promise<AcceptedEvent | ErasedEvent | undefined>;
  /** Whether the subscription lets requests hang, as it was known a second ago. */
  isSuspect(tenant: string, subscriptionId: string): Promise<boolean>;
  /** Whether match was there before and finished. */
  isMatched(tenant: string, eventId: string): Promise<boolean>;
  /** Answers what could not be sent. */
  send(messages: readonly Outgoing[]): Promise<Outgoing[]>;
  /** Writes down whom match found, and that the events are no longer open. */
  close(found: readonly { event: TravellingEvent; matched: Matched }[]): Promise<void>;
  note(what: string, line: Record<string, string | number | boolean>): void;
  /** A failure of ours: the record comes again. */
  noteFailure(what: string, error: unknown, line: Record<string, string | number>): void;
}

interface Found {
  id: string;
  event: TravellingEvent;
  matched: Matched;
  messages: Outgoing[];
}

/** Reads the event's data only once, and only for whoever filters on it. */
function filterOn(event: TravellingEvent, world: World): (filter: string) => Promise<boolean> {
  let view: Promise<Record<string, unknown> | undefined> | undefined;
  const read = async (): Promise<Record<string, unknown> | undefined> => {
    const body = event.body ?? (await world.find(event.tenant, event.event_id))?.body;
    return body === undefined ? undefined : filterView(event, JSON.parse(body));
  };
  return async (filter) => {
    view ??= read();
    const seen = await view;
    return seen !== undefined && matches(filterIn(filter), seen);
  };
}

/** The subscriptions that want the event, each once. */
async function wanting(event: TravellingEvent, interests: readonly Interest[], world: World): Promise<string[]> {
  const passes = filterOn(event, world);
  const ids = new Set<string>();
  for (const { subscription, filter } of interests) {
    if (!ids.has(subscription) && (filter === null || (await passes(filter)))) ids.add(subscription);
  }
  return [...ids];
}

/** A record that may be a second copy makes deliveries that may be second copies. */
const inDoubt = ({ message, receiveCount }: Received<TravellingEvent>): boolean =>
  message.doubt === true || receiveCount > 1;

const bodyFor = (event: TravellingEvent, ids: readonly string[]): DeliveryMessage => ({
  v: 1,
  event,
  deliveries: ids.map((subscription_id) => ({ subscription_id, run: 1, attempt: 1 })),
});

/** Those who answer share messages. Who lets requests hang would hold up the others in his, so he travels alone. */
async function messagesFor(from: string, { event, subscriptions }: Wanted, world: World): Promise<Outgoing[]> {
  const suspect = await Promise.all(subscriptions.map((id) => world.isSuspect(event.tenant, id)));
  const well = subscriptions.filter((_, i) => suspect[i] === false);
  const alone = subscriptions.filter((_, i) => suspect[i] === true);
  const parts = Array.from({ length: Math.ceil(well.length / MOST_DELIVERIES_A_MESSAGE) }, (_, part) =>
    well.slice(part * MOST_DELIVERIES_A_MESSAGE, (part + 1) * MOST_DELIVERIES_A_MESSAGE),
  );
  return [
    ...parts.map((ids): Outgoing => ({ from, to: 'deliveries', group: event.tenant, body: bodyFor(event, ids) })),
    ...alone.map((id): Outgoing => ({ from, to: 'deferred', group: id, body: bodyFor(event, [id]) })),
  ];
}

interface Wanted {
  event: TravellingEvent;
  subscriptions: readonly string[];
}

/** Interests by tenant, type and group, so that a batch of like events asks once. */
function interestsFor(world: World): (event: TravellingEvent) => Promise<Interest[]> {
  const asked = new Map<string, Promise<Interest[]>>();
  return ({ tenant, type, group }) => {
    const key = `${tenant} ${type} ${group}`;
    const known = asked.get(key) ?? world.interested(tenant, { type, group });
    asked.set(key, known);
    return known;
  };
}

/**
 * A queue, the bus or somebody who redrives may hold an event back until its tenant is erased, and another one has its name. Only what
 * is old can be such a one, so that others cost no look. It leaves nothing behind: not even that it was here.
 */
async function isDropped(event: TravellingEvent, world: World): Promise<boolean> {
  if (!(await isOfErased(event, world))) return false;
  const { tenant, event_id, type } = event;
  world.note('event.left_over', { tenant, event_id, event_type: type });
  return true;
}

async function find(record: Received<TravellingEvent>, { interests, world }: Batch): Promise<Found | 'done'> {
  if (await isDropped(record.message, world)) return 'done';
  const event: TravellingEvent = inDoubt(record) ? { ...record.message, doubt: true } : record.message;
  // A second copy of what was finished would only make second copies of every delivery.
  if (event.doubt === true && (await world.isMatched(event.tenant, event.event_id))) return 'done';
  const subscriptions = await wanting(event, await interests(event), world);
  const matched = { at: world.now().toISOString(), subscriptions };
  return { id: record.id, event, matched, messages: await messagesFor(record.id, { event, subscriptions }, world) };
}

interface Batch {
  interests: (event: TravellingEvent) => Promise<Interest[]>;
  world: World;
}

/** One that fails keeps no other from being matched. */
async function findOrFail(record: Received<TravellingEvent>, batch: Batch): Promise<Found | 'done' | 'failed'> {
  try {
    return await find(record, batch);
  } catch (error) {
    const { tenant, event_id } = record.message;
    batch.world.noteFailure('match.failed', error, { tenant, event_id, message_id: record.id });
    return 'failed';
  }
}

const noteMatched = ({ event, matched }: Found, world: World): void =>
  world.note('event.matched', {
    tenant: event.tenant,
    event_id: event.event_id,
    event_type: event.type,
    matched: matched.subscriptions.length,
    doubt: event.doubt === true,
  });

/**
 * Turns each event into the deliveries it makes: the only place where one becomes many. Nothing here waits for a subscriber,
 * and what it costs grows with the number of those who want the event, not of those who exist.
 *
 * @returns the ids of the messages whose deliveries are not all durable
 */
export async function match(records: readonly Received<TravellingEvent>[], world: World): Promise<Set<string>> {
  const batch = { interests: interestsFor(world), world };
  const results = await Promise.all(records.map((record) => findOrFail(record, batch)));
  const found = results.filter((result) => typeof result === 'object');

  const unsent = await world.send(found.flatMap(({ messages }) => messages));
  const failed = new Set(unsent.map(({ from }) => from));
  const done = found.filter(({ id }) => !failed.has(id));
  await world.close(done);
  for (const one of done) noteMatched(one, world);
  return new Set([...failed, ...records.filter((_, i) => results[i] === 'failed').map(({ id }) => id)]);
}
