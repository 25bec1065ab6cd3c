/** What is said of an operational event type to whoever may subscribe to it. */
export interface OperationalType {
  /** One sentence for the reader of the portal and of `GET /v1/event-types`. */
  description: string;
  /** A complete `data`. */
  sample: Readonly<Record<string, unknown>>;
}

/** The group of the event types below. */
export const OPERATIONAL_GROUP = 'Operations';

/**
 * The events that we publish ourselves, of what happened to a subscription. They belong to no catalogue: every deployment has
 * them, a subscription gets them only where it names them exactly, and no publisher can post them.
 */
export const OPERATIONAL_TYPES = {
  'Subscription.Disabled': {
    description: 'A subscription was disabled because its endpoint failed for too long or answered 410 Gone.',
    sample: {
      subscription_id: 'sub_06h2n4qb80r6t9v3w5x7y1z2kc',
      reason: 'failing',
      since: '2026-03-04T09:00:00.000Z',
      failures: 31,
    },
  },
  'Subscription.Recovered': {
    description: 'A subscription that was held back because its endpoint failed gets its events again.',
    sample: {
      subscription_id: 'sub_06h2n4qb80r6t9v3w5x7y1z2kc',
      since: '2026-03-04T09:00:00.000Z',
      failed_probes: 3,
    },
  },
  'DeadLetter.Created': {
    description: 'Deliveries to a subscription were given up; they can be replayed.',
    sample: {
      subscription_id: 'sub_06h2n4qb80r6t9v3w5x7y1z2kc',
      reason: 'exhausted',
      count: 2,
      delivery_ids: ['dlv_06h2n4qc00d4f6g8h0j2k4m6np', 'dlv_06h2n4qd40q1r3s5t7v9w0x2yz'],
    },
  },
} as const satisfies Record<string, OperationalType>;

export type OperationalTypeName = keyof typeof OPERATIONAL_TYPES;

/** Why a catalogue cannot have those names: one line for each that it defines. What it calls so would pass for a notice of ours. */
export const operationalFaults = (catalogue: { groups: object; eventTypes: object }): string[] => [
  ...Object.keys(catalogue.groups)
    .filter((name) => name === OPERATIONAL_GROUP)
    .map((name) => `group ${name}: the name is that of our own notices`),
  ...Object.keys(catalogue.eventTypes)
    .filter((name) => Object.hasOwn(OPERATIONAL_TYPES, name))
    .map((name) => `event type ${name}: the name is that of a notice of ours`),
];
