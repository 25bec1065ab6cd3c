import { createHash } from 'node:crypto';
import * as z from 'zod';
import { EventId, TenantId } from './id.ts';
import { asciiJson } from './json-text.ts';
import { text } from './text.ts';

/** RFC 3339 with any number of fraction digits (the catalogue's provider sends seven); kept and passed on as it was sent. */
const Timestamp = z
  .string()
  .regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,20})?(?:Z|[+-]\d\d:\d\d)$/i, {
    error: 'must be an RFC 3339 time',
    abort: true,
  })
  // The parser takes 30 February for 2 March.
  .refine((time) => z.iso.date().safeParse(time.slice(0, 10)).success && !Number.isNaN(Date.parse(time)), {
    error: 'must be a time that exists',
  })
  .meta({ format: 'date-time' });

/** What a publisher posts: the catalogue provider's envelope, of which only the type and the data are required. */
export const PostedEvent = z.strictObject({
  event_type: text(1, 256).describe('A type of the catalogue.'),
  data: z
    .record(z.string(), z.unknown())
    .describe("What happened, as the type's schema has it. It arrives token for token."),
  event_id: EventId.optional().describe(
    'By which a repeated post is told from another event. One is made where it is missing.',
  ),
  event_timestamp: Timestamp.optional().describe('When it happened. By default when it was accepted.'),
  event_schema: text(1, 64).optional(),
  event_resource: text(0, 256).nullable().optional(),
  id: text(0, 256).optional().describe("The provider's id of its own call. It means nothing here."),
});
export type PostedEvent = z.infer<typeof PostedEvent>;

const Facts = z.object({
  tenant: TenantId,
  event_id: EventId,
  type: z.string(),
  group: z.string(),
  /** Our clock, RFC 3339 UTC with milliseconds: what every list, range and retention runs on. */
  accepted_at: z.iso.datetime(),
  /** Of the type and the tokens of `data`: what makes two posts of one id the same. */
  sha256: z.string(),
  timestamp: z.string(),
  schema: z.string(),
  resource: z.string().nullable(),
  traceparent: z.string().optional(),
});

/** An accepted event without its data: what is known of it wherever it is on its way. */
export type EventFacts = z.infer<typeof Facts>;

/** An accepted event with `body`, the exact text of its `data`. */
export type AcceptedEvent = EventFacts & { body: string };

/** What stays of an event that was erased: that it was, and the hash that tells the same post from another one. */
export type ErasedEvent = EventFacts & { erased_at: string; body?: undefined };

/**
 * An accepted event as it travels, in EventBridge's `detail` and in queues. `data` goes as a string, because a bus promises
 * to keep a value, not its spelling; a long one stays in the event's head item and is fetched when it is needed.
 */
export const TravellingEvent = Facts.extend({
  v: z.literal(1),
  body: z.string().optional(),
  /** Set where this may be a second copy, so that whoever handles it looks before it acts. */
  doubt: z.literal(true).optional(),
});
export type TravellingEvent = z.infer<typeof TravellingEvent>;

/** SQS bills by 64 KB and a batch holds ten messages in 1 MiB: beyond this size, in ASCII, a body stays behind. */
const LONGEST_TRAVELLING_BODY = 64 * 1024;

/** The event as it travels: a long body stays in the head item, from where it is fetched when it is needed. */
export function travelling(event: AcceptedEvent): TravellingEvent {
  const { body, ...facts } = event;
  return asciiJson(body).length > LONGEST_TRAVELLING_BODY ? { v: 1, ...facts } : { v: 1, ...facts, body };
}

/** What two posts of one id must share beside their timestamp, schema and resource. */
export const contentHash = (type: string, body: string): string =>
  createHash('sha256').update(type).update('\n').update(body).digest('base64url');

/** The members a filter sees: the subscriber's envelope, as values. */
export const filterView = (event: EventFacts, data: unknown): Record<string, unknown> => ({
  event_id: event.event_id,
  event_schema: event.schema,
  event_resource: event.resource,
  event_type: event.type,
  event_timestamp: event.timestamp,
  data,
});
