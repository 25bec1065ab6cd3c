import * as z from 'zod';
import type { Catalogue } from '../catalogue/define.ts';
import { OPERATIONAL_TYPES } from '../catalogue/operational.ts';
import { FORMATS, type Format } from '../domain/payload.ts';

type Json = Record<string, unknown>;

interface Type {
  name: string;
  description: string;
  /** JSON Schema of `data`. */
  schema: Json;
  sample: unknown;
}

function jsonSchemaOf(schema: z.ZodType): Json {
  const { $schema: _schema, ...rest } = z.toJSONSchema(schema, { unrepresentable: 'any' });
  return rest;
}

const typesOf = ({ eventTypes }: Catalogue): Type[] => [
  ...Object.entries(eventTypes).map(([name, { description, schema, sample }]) => ({
    name,
    description,
    schema: jsonSchemaOf(schema),
    sample,
  })),
  ...Object.entries(OPERATIONAL_TYPES).map(([name, { description, sample }]) => ({
    name,
    description,
    schema: { type: 'object' },
    sample,
  })),
];

const text = { type: 'string' } as const;
const time = { type: 'string', format: 'date-time' } as const;
const object = (properties: Json): Json => ({ type: 'object', required: Object.keys(properties), properties });

const dataOf = (name: string): Json => ({ $ref: `#/components/schemas/${name}` });

/** What the body holds beside `data`; the values are those of the example. */
const BODIES: Readonly<Record<Format, (type: string) => { members: Json; example: Json }>> = {
  envelope: (type) => ({
    members: {
      id: text,
      event_id: text,
      event_schema: text,
      event_resource: { type: ['string', 'null'] },
      event_type: { const: type },
      event_timestamp: time,
    },
    example: {
      id: 'dlv_06h2n4qc00d4f6g8h0j2k4m6np',
      event_id: 'evt-1',
      event_schema: 'v1',
      event_resource: null,
      event_type: type,
      event_timestamp: '2026-03-04T09:00:00Z',
    },
  }),
  standard: (type) => ({
    members: { type: { const: type }, timestamp: time },
    example: { type, timestamp: '2026-03-04T09:00:00Z' },
  }),
  cloudevents: (type) => ({
    members: {
      specversion: { const: '1.0' },
      id: text,
      source: text,
      type: { const: type },
      time,
      dataschema: text,
      eventid: text,
      datacontenttype: text,
    },
    example: {
      specversion: '1.0',
      id: 'dlv_06h2n4qc00d4f6g8h0j2k4m6np',
      source: '/tenants/acme',
      type,
      time: '2026-03-04T09:00:00Z',
      dataschema: `urn:event-fanout:event-type:${type}:v1`,
      eventid: 'evt-1',
      datacontenttype: 'application/json',
    },
  }),
  'cloudevents-binary': () => ({ members: {}, example: {} }),
};

const CE_HEADERS = ['ce-specversion', 'ce-id', 'ce-source', 'ce-type', 'ce-time', 'ce-dataschema', 'ce-eventid'];

/** What says who sent it, and where the attributes of the event are headers, those. */
const headersFor = (format: Format): Json =>
  object(
    Object.fromEntries(
      [
        'webhook-id',
        'webhook-timestamp',
        'webhook-signature',
        'user-agent',
        ...(format === 'cloudevents-binary' ? CE_HEADERS : []),
      ].map((name) => [name, text]),
    ),
  );

function message(format: Format, { name, description, sample }: Type): Json {
  const { members, example } = BODIES[format](name);
  const isBare = format === 'cloudevents-binary';
  return {
    name,
    title: name,
    summary: description,
    contentType: format === 'cloudevents' ? 'application/cloudevents+json' : 'application/json',
    headers: { $ref: `#/components/schemas/headers.${format}` },
    payload: isBare ? dataOf(name) : object({ ...members, data: dataOf(name) }),
    examples: [{ payload: isBare ? sample : { ...example, data: sample } }],
  };
}

const key = (name: string): string => name.replaceAll('.', '-');

const channel = (format: Format, types: readonly Type[]): Json => ({
  // The URL is the subscription's own.
  address: null,
  title: `Subscriptions with the format ${format}`,
  messages: Object.fromEntries(types.map((type) => [key(type.name), message(format, type)])),
});

/**
 * What subscribers receive, as AsyncAPI 3.0: a channel for each format, a message for each event type.
 *
 * https://www.asyncapi.com/docs/reference/specification/v3.0.0
 */
export function asyncApi({ version, catalogue }: { version: string; catalogue: Catalogue }): Json {
  const types = typesOf(catalogue);
  return {
    asyncapi: '3.0.0',
    info: {
      title: 'event-fanout',
      version,
      description:
        'Requests to subscribers, signed by Standard Webhooks 1.0. No order is promised, and one may come twice: `webhook-id` is the same for all that are one delivery. Answer 2xx first and work afterwards.',
      license: { name: 'Apache 2.0', url: 'https://www.apache.org/licenses/LICENSE-2.0' },
    },
    defaultContentType: 'application/json',
    channels: Object.fromEntries(FORMATS.map((format) => [format, channel(format, types)])),
    operations: Object.fromEntries(
      FORMATS.map((format) => [
        `send-${format}`,
        {
          action: 'send',
          channel: { $ref: `#/channels/${format}` },
          bindings: { http: { method: 'POST', bindingVersion: '0.3.0' } },
          messages: types.map(({ name }) => ({ $ref: `#/channels/${format}/messages/${key(name)}` })),
        },
      ]),
    ),
    components: {
      schemas: {
        ...Object.fromEntries(types.map(({ name, schema }) => [name, schema])),
        ...Object.fromEntries(FORMATS.map((format) => [`headers.${format}`, headersFor(format)])),
      },
    },
  };
}
