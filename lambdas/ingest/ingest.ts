import catalogue from '#catalogue';
import {
  contentHash,
  PostedEvent,
  travelling,
  type AcceptedEvent,
  type ErasedEvent,
  type EventFacts,
  type TravellingEvent,
} from '../../shared/domain/event.ts';
import { compactJson, elementsOf, JsonTextError, membersOf } from '../../shared/domain/json-text.ts';
import { nearest } from '../../shared/domain/nearest.ts';
import { Problem, problems } from '../../shared/domain/problem.ts';
import { beginningOf } from '../../shared/domain/tenancy.ts';
import { parsedJson } from '../../shared/runtime/http.ts';
import { faultsOf, parsed } from '../../shared/runtime/parse.ts';
import type { Tenant } from '../../shared/store/tenants.ts';

/** What ingest touches outside. */
export interface World {
  now(): Date;
  /** Takes so many events of the tenant's budget; or takes nothing and answers in how many seconds to ask again. */
  admit(tenant: string, events: number): Promise<number | undefined>;
  /** The tenant as it was half a minute ago at most; it is known as one from then on. */
  enter(tenant: string): Promise<Tenant | undefined>;
  /** `evt_...` */
  newEventId(): string;
  /** A W3C trace context for an event whose publisher sent none. */
  newTrace(): string;
  /** Takes the id for the event; false where an event has it that was not accepted before its tenant began. */
  accept(event: AcceptedEvent, began?: string): Promise<boolean>;
  find(tenant: string, eventId: string): Promise<AcceptedEvent | ErasedEvent | undefined>;
  isMatched(tenant: string, eventId: string): Promise<boolean>;
  /** Writes the open marker; false where it stands. */
  open(event: EventFacts): Promise<boolean>;
  /** Answers what the bus did not take. */
  publish(events: readonly TravellingEvent[]): Promise<TravellingEvent[]>;
  note(what: string, line: Record<string, string | number | boolean>): void;
  noteFailure(what: string, error: unknown, line: Record<string, string | number>): void;
}

/** Where an event came in, beside its own text. */
export interface Origin {
  tenant: string;
  idempotencyKey?: string | undefined;
  traceparent?: string | undefined;
}

export interface Receipt {
  event_id: string;
  event_type: string;
  accepted_at: string;
  duplicate: boolean;
}

export const MOST_EVENT_BYTES = 256 * 1024;
export const MOST_BATCH_BYTES = 1024 * 1024;
const MOST_EVENTS = 100;
/** `data` may be nested 100 deep, inside the envelope. */
const DEEPEST = 101;

/** An event that has passed every check, with what the publisher said of it himself. */
interface Checked {
  event: AcceptedEvent;
  said: Pick<PostedEvent, 'event_timestamp' | 'event_schema' | 'event_resource'>;
}

/** @throws Problem 422 where a member stands twice or the nesting is too deep */
function exactText(text: string): string {
  try {
    return compactJson(text, DEEPEST);
  } catch (error) {
    if (!(error instanceof JsonTextError)) throw error;
    throw error.code === 'duplicate_member'
      ? problems.duplicateMember(error.pointer)
      : problems.nestingTooDeep(error.pointer);
  }
}

function typeNamed(name: string) {
  if (Object.hasOwn(catalogue.eventTypes, name)) {
    const type = catalogue.eventTypes[name];
    if (type !== undefined) return type;
  }
  throw problems.unknownEventType(name, nearest(name, Object.keys(catalogue.eventTypes)));
}

/** @throws Problem for anything that keeps the event from being accepted */
function check(text: string, origin: Origin, world: World): Checked {
  const exact = exactText(text);
  const posted = parsed(PostedEvent, parsedJson(exact));
  const type = typeNamed(posted.event_type);
  const checked = type.schema.safeParse(posted.data);
  if (!checked.success) throw problems.schemaMismatch(posted.event_type, faultsOf(checked.error, '/data'));

  const body = membersOf(exact).get('data') ?? '';
  const acceptedAt = world.now().toISOString();
  const resource = catalogue.groups[type.group]?.resource ?? null;
  const event: AcceptedEvent = {
    tenant: origin.tenant,
    event_id: posted.event_id ?? origin.idempotencyKey ?? world.newEventId(),
    type: posted.event_type,
    group: type.group,
    accepted_at: acceptedAt,
    sha256: contentHash(posted.event_type, body),
    timestamp: posted.event_timestamp ?? acceptedAt,
    schema: posted.event_schema ?? 'v1',
    resource: posted.event_resource === undefined ? resource : posted.event_resource,
    traceparent: origin.traceparent ?? world.newTrace(),
    body,
  };
  return { event, said: posted };
}

/** Of an erased one its hash alone is left to compare. */
const isSame = (first: AcceptedEvent | ErasedEvent, { event, said }: Checked): boolean =>
  first.sha256 === event.sha256 &&
  (first.body === undefined ||
    ((said.event_timestamp ?? first.timestamp) === first.timestamp &&
      (said.event_schema ?? first.schema) === first.schema &&
      (said.event_resource === undefined || said.event_resource === first.resource)));

const receiptOf = (event: EventFacts, duplicate: Receipt['duplicate']): Receipt => ({
  event_id: event.event_id,
  event_type: event.type,
  accepted_at: event.accepted_at,
  duplicate,
});

/** What is to be published of an event, if anything, and what its publisher is told. */
interface Taken {
  receipt: Receipt;
  publish?: TravellingEvent;
}

/** The id is taken already. @throws Problem 409 where that was another event */
async function takeAgain(checked: Checked, world: World): Promise<Taken> {
  const { tenant, event_id } = checked.event;
  const first = await world.find(tenant, event_id);
  if (first === undefined) throw new Error(`the head of ${event_id} went away while it was looked at`);
  if (!isSame(first, checked)) throw problems.idempotencyConflict(event_id);
  const receipt = receiptOf(first, true);
  // What was erased is not brought back by the same post.
  if (first.body === undefined || (await world.isMatched(tenant, event_id))) return { receipt };
  // An earlier try may have died before the marker. Whoever writes it publishes; if it stands, its writer does, or the sweep.
  if (!(await world.open(first))) return { receipt };
  // It may also be gone because match has just been there: then the sweep clears away the one we wrote.
  if (await world.isMatched(tenant, event_id)) return { receipt };
  return { receipt, publish: { ...travelling(first), doubt: true } };
}

/** @throws Problem 409 where its tenant is being erased, or the id is taken */
async function take(checked: Checked, world: World): Promise<Taken> {
  const { event } = checked;
  const tenant = await world.enter(event.tenant);
  if (tenant?.erasure !== undefined) throw problems.tenantBeingErased();
  if (!(await world.accept(event, tenant && beginningOf(tenant)))) return takeAgain(checked, world);
  const receipt = receiptOf(event, false);
  return (await world.open(event)) ? { receipt, publish: travelling(event) } : { receipt };
}

/** From here on the event is accepted: what the bus does not take now, the sweep publishes from the open marker. */
async function publish(taken: readonly Taken[], world: World): Promise<void> {
  const events = taken.map(({ publish }) => publish).filter((event) => event !== undefined);
  const left = events.length === 0 ? [] : await world.publish(events);
  for (const { tenant, event_id, type } of left) world.note('event.left_to_sweep', { tenant, event_id, type });
}

const noteAccepted = (tenant: string, { event_id, event_type, duplicate }: Receipt, world: World): void =>
  world.note('event.accepted', { tenant, event_id, event_type, duplicate });

/** Before anything else is done: what is refused here has no effect at all. @throws Problem 429 */
async function expectBudget(tenant: string, events: number, world: World): Promise<void> {
  const seconds = await world.admit(tenant, events);
  if (seconds !== undefined) throw problems.rateLimited(seconds);
}

/**
 * Accepts one event: after this returns, it reaches everyone who wants it, whatever fails. The cost is the same however
 * many that are.
 *
 * @param text the exact request body, JSON
 * @throws Problem 400, 409, 422, 429
 */
export async function ingestOne(text: string, origin: Origin, world: World): Promise<Receipt> {
  await expectBudget(origin.tenant, 1, world);
  parsedJson(text);
  const taken = await take(check(text, origin, world), world);
  await publish([taken], world);
  noteAccepted(origin.tenant, taken.receipt, world);
  return taken.receipt;
}

export interface BatchAnswer {
  accepted: number;
  duplicates: number;
  refused: number;
  /** One for each event, in their order. */
  results: (Receipt | { problem: Problem })[];
}

/** The texts of a batch's events. @throws Problem 400, 422 where the batch itself is wrong */
function eventsIn(text: string): string[] {
  const value = parsedJson(text);
  const members = typeof value === 'object' && value !== null && !Array.isArray(value) ? topMembers(text) : undefined;
  const extra = [...(members?.keys() ?? [])].find((name) => name !== 'events');
  if (extra !== undefined)
    throw problems.invalid([{ pointer: `/${extra}`, detail: 'is not a member that can be set' }]);
  const events = members?.get('events');
  if (events?.startsWith('[') !== true)
    throw problems.invalid([{ pointer: '/events', detail: 'must be an array of events' }]);
  const texts = elementsOf(events);
  if (texts.length < 1 || texts.length > MOST_EVENTS) {
    throw problems.invalid([{ pointer: '/events', detail: `must hold 1 to ${MOST_EVENTS} events` }]);
  }
  return texts;
}

function topMembers(text: string): Map<string, string> {
  try {
    return membersOf(text);
  } catch (error) {
    if (error instanceof JsonTextError) throw problems.duplicateMember(error.pointer);
    throw error;
  }
}

/** Takes events all at once, but those of one id in their order: the second must find the first. */
function inTurn(world: World): (checked: Checked) => Promise<Taken> {
  const turns = new Map<string, Promise<unknown>>();
  return (checked) => {
    const { event_id } = checked.event;
    const before = turns.get(event_id) ?? Promise.resolve();
    const mine = before.catch(() => undefined).then(() => take(checked, world));
    turns.set(event_id, mine);
    return mine;
  };
}

interface Alone {
  origin: Origin;
  world: World;
  take: (checked: Checked) => Promise<Taken>;
}

/** Whatever becomes of one event, it is that event's own answer: the others are accepted and published. */
async function takeText(text: string, { origin, world, take }: Alone): Promise<Taken | Problem> {
  try {
    if (Buffer.byteLength(text) > MOST_EVENT_BYTES) throw problems.tooLarge(`${MOST_EVENT_BYTES} bytes an event`);
    return await take(check(text, origin, world));
  } catch (error) {
    if (error instanceof Problem) return error;
    world.noteFailure('event.not_accepted', error, { tenant: origin.tenant });
    return problems.internal();
  }
}

/**
 * Accepts 1 to 100 events, each alone: one that is refused keeps no other from being accepted.
 *
 * @throws Problem 400, 422 where the batch itself is wrong, 429
 */
export async function ingestBatch(text: string, origin: Origin, world: World): Promise<BatchAnswer> {
  const texts = eventsIn(text);
  await expectBudget(origin.tenant, texts.length, world);
  const alone = { origin, world, take: inTurn(world) };
  const outcomes = await Promise.all(texts.map((event) => takeText(event, alone)));
  const taken = outcomes.filter((outcome): outcome is Taken => !(outcome instanceof Problem));
  await publish(taken, world);
  for (const { receipt } of taken) noteAccepted(origin.tenant, receipt, world);
  const duplicates = taken.filter(({ receipt }) => receipt.duplicate).length;
  return {
    accepted: taken.length - duplicates,
    duplicates,
    refused: outcomes.length - taken.length,
    results: outcomes.map((outcome) => (outcome instanceof Problem ? { problem: outcome } : outcome.receipt)),
  };
}
