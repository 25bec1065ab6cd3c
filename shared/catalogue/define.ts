import type * as z from 'zod';
import { operationalFaults } from './operational.ts';

/** A family of event types. Groups are what lanes are made of, and what a subscription means by `group:Guest`. */
export interface EventGroup {
  description: string;
  /** What `event_resource` says where a publisher does not: a name, or null where the group has none. */
  resource?: string | null;
}

/** What is known of one event type. Its name is its key in `Catalogue.eventTypes`. */
export interface EventType {
  /** A key of `Catalogue.groups`. */
  group: string;
  /** One sentence for the reader of the portal and of `GET /v1/event-types`. */
  description: string;
  /**
   * Judges `data` alone, never the envelope. It is also shown as JSON Schema 2020-12, so it may hold only what that can
   * say: no transforms, no dates, no refinements. Publishers add members without notice: prefer `z.looseObject`.
   * Only the verdict counts: subscribers get the text that was posted, not what the schema makes of it.
   */
  schema: z.ZodType;
  /** A complete `data` that `schema` accepts: what a subscription's test sends. */
  sample: unknown;
  /** `published`: the sample stands in the publisher's documents or traffic; `completed`: we filled in some or all of it. */
  sampleSource: 'published' | 'completed';
  /** `published`: the publisher documents the name; `proposed`: it is ours, or only receivers know it. */
  nameSource: 'published' | 'proposed';
}

/**
 * Everything the service knows about events. The rules, queues, documents, JSON Schemas and the portal derive from it, so
 * a platform with events of its own replaces this one value (the default export of `#catalogue`) and nothing else:
 *
 * ```ts
 * export default defineCatalogue({
 *   groups: { Order: { description: 'Orders and what becomes of them.', resource: 'Order' } },
 *   eventTypes: {
 *     'Order.Shipped': {
 *       group: 'Order',
 *       description: 'An order left the warehouse.',
 *       schema: z.looseObject({ id: z.string() }),
 *       sample: { id: 'o_1' },
 *       sampleSource: 'completed',
 *       nameSource: 'proposed',
 *     },
 *   },
 * });
 * ```
 */
export interface Catalogue {
  /** By name: letters, digits and `_`, for it becomes part of the names of queues and alarms. */
  groups: Record<string, EventGroup>;
  /** By name: one or more such words, joined by dots. */
  eventTypes: Record<string, EventType>;
}

const GROUP_NAME = /^[A-Za-z0-9_]+$/;
const TYPE_NAME = /^[A-Za-z0-9_]+(\.[A-Za-z0-9_]+)*$/;

const spell = (path: readonly PropertyKey[]): string => ['data', ...path].map(String).join('.');

/**
 * Why a schema refuses its own sample, one line for each member at fault. `jitless`, because this runs whenever a function
 * starts cold, and compiling every schema of a catalogue takes longer than reading one sample with each.
 */
function sampleFaults(name: string, { schema, sample }: EventType): string[] {
  const issues = schema.safeParse(sample, { jitless: true }).error?.issues ?? [];
  return issues.map(
    ({ path, message }) => `event type ${name}: its schema refuses its sample: ${spell(path)}: ${message}`,
  );
}

function typeFaults(name: string, type: EventType, groups: Catalogue['groups']): string[] {
  const faults = sampleFaults(name, type);
  if (!TYPE_NAME.test(name)) {
    faults.unshift(`event type "${name}": a name is letters, digits and _, with dots between the words`);
  }
  if (!Object.hasOwn(groups, type.group)) {
    faults.unshift(
      `event type ${name}: group "${type.group}" is not declared; declared are ${Object.keys(groups).join(', ')}`,
    );
  }
  return faults;
}

/**
 * Hands back the catalogue as it came, or throws one error that lists everything wrong with it. A fault found here, at the
 * start, would otherwise show as events that no rule routes or as tests that no subscriber can pass.
 */
export function defineCatalogue(catalogue: Catalogue): Catalogue {
  const { groups, eventTypes } = catalogue;
  const faults = [
    ...Object.keys(groups)
      .filter((name) => !GROUP_NAME.test(name))
      .map((name) => `group "${name}": a name is letters, digits and _`),
    ...Object.entries(eventTypes).flatMap(([name, type]) => typeFaults(name, type, groups)),
    ...operationalFaults(catalogue),
  ];
  if (faults.length > 0) throw new Error(['The catalogue is not valid:', ...faults].join('\n- '));
  return catalogue;
}
