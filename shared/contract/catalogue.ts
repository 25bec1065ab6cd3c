import * as z from 'zod';
import { named, type Operation } from './operation.ts';

const EventType = named(
  'EventType',
  z.object({
    event_type: z.string(),
    group: z.string(),
    description: z.string(),
    schema: z.record(z.string(), z.unknown()).describe('JSON Schema 2020-12 of `data`.'),
    sample: z.unknown().describe('A complete `data`.'),
    sample_source: z.enum(['published', 'completed']).describe('completed: we filled in some or all of it.'),
    name_source: z.enum(['published', 'proposed']).describe('proposed: the name is ours, or only receivers know it.'),
  }),
);

const EXAMPLE = {
  event_type: 'Order.Placed',
  group: 'Order',
  description: 'An order was placed.',
  schema: { type: 'object', properties: { id: { type: 'string' } }, required: ['id'] },
  sample: { id: 'inv-1' },
  sample_source: 'published',
  name_source: 'published',
} as const;

/** All at once: there are not many. */
const wholeListOf = <T extends z.ZodType>(item: T) => z.object({ items: z.array(item), next_cursor: z.null() });

export const listEventTypes = {
  id: 'listEventTypes',
  tag: 'Catalogue',
  method: 'GET',
  path: '/v1/event-types',
  needs: 'open',
  summary: 'List all event types',
  answer: {
    status: 200,
    description: 'All of them.',
    schema: named('EventTypeList', wholeListOf(EventType)),
    example: { items: [EXAMPLE], next_cursor: null },
  },
} as const satisfies Operation;

export const getEventType = {
  id: 'getEventType',
  tag: 'Catalogue',
  method: 'GET',
  path: '/v1/event-types/{type}',
  needs: 'open',
  summary: 'Show an event type with its schema and a sample',
  answer: { status: 200, description: 'The type.', schema: EventType, example: EXAMPLE },
  refusals: ['noSuchEventType'],
} as const satisfies Operation;

export const listEventGroups = {
  id: 'listEventGroups',
  tag: 'Catalogue',
  method: 'GET',
  path: '/v1/event-groups',
  needs: 'open',
  summary: 'List the event groups',
  answer: {
    status: 200,
    description: 'All of them.',
    schema: named(
      'EventGroupList',
      wholeListOf(z.object({ group: z.string(), description: z.string(), event_types: z.array(z.string()) })),
    ),
    example: {
      items: [{ group: 'Order', description: 'What customers order.', event_types: ['Order.Placed'] }],
      next_cursor: null,
    },
  },
} as const satisfies Operation;
