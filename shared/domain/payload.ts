import type { AcceptedEvent } from './event.ts';

/** How a subscription wants its events. */
export const FORMATS = ['envelope', 'standard', 'cloudevents', 'cloudevents-binary'] as const;
export type Format = (typeof FORMATS)[number];

/** What is sent: the exact text that is signed, and the headers that say what it is. */
export interface Payload {
  text: string;
  headers: Record<string, string>;
}

/** The tokens of `data` go out as they were posted, so they are put into the text and never printed. */
const withData = (head: Record<string, unknown>, { body }: AcceptedEvent): string =>
  `${JSON.stringify(head).slice(0, -1)},"data":${body}}`;

const JSON_TYPE = 'application/json';

function envelope(event: AcceptedEvent, deliveryId: string): Payload {
  const head = {
    id: deliveryId,
    event_id: event.event_id,
    event_schema: event.schema,
    event_resource: event.resource,
    event_type: event.type,
    event_timestamp: event.timestamp,
  };
  return { text: withData(head, event), headers: { 'content-type': JSON_TYPE } };
}

/** The payload shape of Standard Webhooks. */
function standard(event: AcceptedEvent): Payload {
  const head = { type: event.type, timestamp: event.timestamp };
  return { text: withData(head, event), headers: { 'content-type': JSON_TYPE } };
}

/** https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/spec.md#context-attributes; `eventid` is an extension. */
const attributesOf = (event: AcceptedEvent, deliveryId: string): Record<string, string> => ({
  specversion: '1.0',
  id: deliveryId,
  source: `/tenants/${event.tenant}`,
  type: event.type,
  time: event.timestamp,
  // A URI that names the schema; where it can be read, `GET /v1/event-types/{type}`, depends on the deployment.
  dataschema: `urn:event-fanout:event-type:${encodeURIComponent(event.type)}:${encodeURIComponent(event.schema)}`,
  eventid: event.event_id,
});

/** https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/http-protocol-binding.md#32-structured-content-mode */
function cloudEvent(event: AcceptedEvent, deliveryId: string): Payload {
  const head = { ...attributesOf(event, deliveryId), datacontenttype: JSON_TYPE };
  return { text: withData(head, event), headers: { 'content-type': 'application/cloudevents+json; charset=utf-8' } };
}

const NOT_IN_HEADERS = /[^\x21-\x7e]|["%]/gu;
const percent = (character: string): string =>
  Array.from(Buffer.from(character), (byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`).join('');

/** https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/http-protocol-binding.md#3132-http-header-values */
function binaryCloudEvent(event: AcceptedEvent, deliveryId: string): Payload {
  const attributes = Object.entries(attributesOf(event, deliveryId)).map(
    ([name, value]) => [`ce-${name}`, value.replace(NOT_IN_HEADERS, percent)] as const,
  );
  return { text: event.body, headers: { 'content-type': JSON_TYPE, ...Object.fromEntries(attributes) } };
}

const WRITERS: Record<Format, (event: AcceptedEvent, deliveryId: string) => Payload> = {
  envelope,
  standard,
  cloudevents: cloudEvent,
  'cloudevents-binary': binaryCloudEvent,
};

/** The bytes that a subscriber gets: the same in every attempt, with the tokens of `data` as they were posted. */
export const payloadOf = (format: Format, event: AcceptedEvent, deliveryId: string): Payload =>
  WRITERS[format](event, deliveryId);
