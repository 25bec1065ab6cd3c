import * as z from 'zod';

const name = z.string().min(1);
const flag = z.enum(['true', 'false']).transform((text) => text === 'true');
const days = z.coerce.number().int().min(5);

/** Every variable that a function is given: infra writes them, handlers read them, each through its own list below. */
const VARIABLES = {
  CONTROL_TABLE: name,
  FLOW_TABLE: name,
  BUS_NAME: name,
  EVENT_SOURCE: name,
  ADMIN_KEY_SECRET: name,
  DATA_KEY: name,
  DELIVERIES_QUEUE_URL: name,
  RETRIES_QUEUE_URL: name,
  ALLOW_PRIVATE_TARGETS: flag,
  RETENTION_DAYS: days,
};

export type Variable = keyof typeof VARIABLES;

/** What each stage's functions are given. A type for infra, so that a missing one does not compile. */
export const STAGE_VARIABLES = {
  ingest: ['CONTROL_TABLE', 'FLOW_TABLE', 'BUS_NAME', 'EVENT_SOURCE', 'ADMIN_KEY_SECRET', 'RETENTION_DAYS'],
  match: ['CONTROL_TABLE', 'FLOW_TABLE', 'DELIVERIES_QUEUE_URL', 'RETENTION_DAYS'],
  deliver: ['CONTROL_TABLE', 'FLOW_TABLE', 'RETRIES_QUEUE_URL', 'DATA_KEY', 'ALLOW_PRIVATE_TARGETS', 'RETENTION_DAYS'],
  sweep: ['FLOW_TABLE', 'BUS_NAME', 'EVENT_SOURCE', 'RETENTION_DAYS'],
  api: ['CONTROL_TABLE', 'FLOW_TABLE', 'ADMIN_KEY_SECRET', 'DATA_KEY', 'ALLOW_PRIVATE_TARGETS', 'RETENTION_DAYS'],
} as const satisfies Record<string, readonly Variable[]>;

export type Stage = keyof typeof STAGE_VARIABLES;
export type EnvironmentOf<S extends Stage> = Record<(typeof STAGE_VARIABLES)[S][number], string>;

type Values = { [V in Variable]: z.infer<(typeof VARIABLES)[V]> };

/** The stage's variables, typed. @throws ZodError at the cold start when one is missing or wrong, naming it */
export function environment<S extends Stage>(stage: S): Pick<Values, (typeof STAGE_VARIABLES)[S][number]> {
  const names: readonly Variable[] = STAGE_VARIABLES[stage];
  const shape = Object.fromEntries(names.map((variable) => [variable, VARIABLES[variable]]));
  return z.object(shape).parse(process.env) as Pick<Values, (typeof STAGE_VARIABLES)[S][number]>;
}
