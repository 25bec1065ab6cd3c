import * as z from 'zod';
import { Auth } from '../domain/caller.ts';

const name = z.string().min(1);
const flag = z.enum(['true', 'false']).transform((text) => text === 'true');
const days = z.coerce.number().int().min(5);
/** As the API takes a subscription's own rate: once in ten seconds is the least. */
const ceiling = z.coerce.number().min(0.1);
/** 0 is no budget at all. */
const budget = z.coerce.number().min(0);
/** Addresses have no spaces in them. */
const addresses = name.transform((text) => text.split(' '));
const auth = name.transform((text): unknown => JSON.parse(text)).pipe(Auth);

/** Where subscribers may be, beside what the internet is. */
const Targets = z.strictObject({
  /** Ports beside 443 and 8443. */
  ports: z.array(z.number().int().min(1).max(65_535)).default([]),
  /** CIDR blocks that count as public. */
  allow: z.array(z.union([z.cidrv4(), z.cidrv6()])).default([]),
  /** CIDR blocks that are refused whatever else holds. */
  deny: z.array(z.union([z.cidrv4(), z.cidrv6()])).default([]),
});
const targets = name.transform((text): unknown => JSON.parse(text)).pipe(Targets);

/** Every variable that a function is given: infra writes them, handlers read them, each through its own list below. */
const VARIABLES = {
  CONTROL_TABLE: name,
  FLOW_TABLE: name,
  BUS_NAME: name,
  EVENT_SOURCE: name,
  /** Of what we tell of ourselves, apart from what publishers post. */
  OPERATIONS_SOURCE: name,
  /** The ARN of the topic that operators listen to. */
  NOTICES_TOPIC: name,
  ADMIN_KEY_SECRET: name,
  DATA_KEY: name,
  DELIVERIES_QUEUE_URL: name,
  RETRIES_QUEUE_URL: name,
  DEFERRED_QUEUE_URL: name,
  SWEEPS_QUEUE_URL: name,
  UNDELIVERABLE_QUEUE_URL: name,
  INBOUND_QUEUE_URL: name,
  INBOUND_DEAD_QUEUE_URL: name,
  /** Of all lanes, and of what is deferred. */
  DEAD_QUEUE_URLS: addresses,
  /** Requests a second to a subscription that names no rate of its own. */
  CEILING_PER_SECOND: ceiling,
  /** Events a second that a tenant may post; 0: as many as it likes. */
  INGEST_PER_SECOND: budget,
  /** How callers are known, as JSON. */
  AUTH: auth,
  ALLOW_PRIVATE_TARGETS: flag,
  /** As JSON. */
  TARGETS: targets,
  /** Whether the catalogue of event types needs no key. */
  CATALOGUE_ACCESS: z.enum(['open', 'key']),
  RETENTION_DAYS: days,
  /** Who may show the portal in a frame, as a content security policy says it. */
  FRAME_ANCESTORS: name,
};

export type Variable = keyof typeof VARIABLES;

/** What each stage's functions are given. A type for infra, so that a missing one does not compile. */
export const STAGE_VARIABLES = {
  ingest: [
    'CONTROL_TABLE',
    'FLOW_TABLE',
    'BUS_NAME',
    'EVENT_SOURCE',
    'AUTH',
    'ADMIN_KEY_SECRET',
    'RETENTION_DAYS',
    'INGEST_PER_SECOND',
  ],
  /** Ingest again, for events that come in by the bus: it has no keys to look up. */
  inbound: [
    'FLOW_TABLE',
    'BUS_NAME',
    'EVENT_SOURCE',
    'RETENTION_DAYS',
    'INGEST_PER_SECOND',
    'INBOUND_QUEUE_URL',
    'INBOUND_DEAD_QUEUE_URL',
  ],
  match: ['CONTROL_TABLE', 'FLOW_TABLE', 'DELIVERIES_QUEUE_URL', 'DEFERRED_QUEUE_URL', 'RETENTION_DAYS'],
  deliver: [
    'CONTROL_TABLE',
    'FLOW_TABLE',
    'RETRIES_QUEUE_URL',
    'DEFERRED_QUEUE_URL',
    'SWEEPS_QUEUE_URL',
    'DATA_KEY',
    'CEILING_PER_SECOND',
    'ALLOW_PRIVATE_TARGETS',
    'TARGETS',
    'RETENTION_DAYS',
  ],
  sweep: [
    'CONTROL_TABLE',
    'FLOW_TABLE',
    'BUS_NAME',
    'EVENT_SOURCE',
    'OPERATIONS_SOURCE',
    'NOTICES_TOPIC',
    'SWEEPS_QUEUE_URL',
    'DEFERRED_QUEUE_URL',
    'UNDELIVERABLE_QUEUE_URL',
    'DEAD_QUEUE_URLS',
    'CEILING_PER_SECOND',
    'RETENTION_DAYS',
  ],
  api: [
    'CONTROL_TABLE',
    'FLOW_TABLE',
    'SWEEPS_QUEUE_URL',
    'AUTH',
    'ADMIN_KEY_SECRET',
    'DATA_KEY',
    'ALLOW_PRIVATE_TARGETS',
    'TARGETS',
    'CATALOGUE_ACCESS',
    'RETENTION_DAYS',
  ],
  portal: ['FRAME_ANCESTORS'],
} as const satisfies Record<string, readonly Variable[]>;

export type Stage = keyof typeof STAGE_VARIABLES;
export type EnvironmentOf<S extends Stage> = Record<(typeof STAGE_VARIABLES)[S][number], string>;

type Values = { [V in Variable]: z.infer<(typeof VARIABLES)[V]> };

const faultIn =
  (schema: z.ZodType) =>
  (text: string): string | undefined => {
    const [issue] = schema.safeParse(text).error?.issues ?? [];
    return issue && `${issue.path.join('.')} ${issue.message}`;
  };

/** What of `auth` the functions cannot read, as they would say it at their cold start; undefined where they can. */
export const faultOfAuth = faultIn(auth);
/** The same of `targets`. */
export const faultOfTargets = faultIn(targets);

/** The stage's variables, typed. @throws ZodError at the cold start when one is missing or wrong, naming it */
export function environment<S extends Stage>(stage: S): Pick<Values, (typeof STAGE_VARIABLES)[S][number]> {
  const names: readonly Variable[] = STAGE_VARIABLES[stage];
  const shape = Object.fromEntries(names.map((variable) => [variable, VARIABLES[variable]]));
  return z.object(shape).parse(process.env) as Pick<Values, (typeof STAGE_VARIABLES)[S][number]>;
}
