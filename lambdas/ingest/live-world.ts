import { randomBytes } from 'node:crypto';
import { newId } from '../../shared/domain/id.ts';
import { environment } from '../../shared/runtime/env.ts';
import { notingUse } from '../../shared/runtime/http.ts';
import { note, noteFailure } from '../../shared/runtime/log.ts';
import { accessKeysIn } from '../../shared/store/access-keys.ts';
import { keyUseIn } from '../../shared/store/key-use.ts';
import { openDatabase } from '../../shared/store/database.ts';
import { eventsIn } from '../../shared/store/events.ts';
import { lately } from '../../shared/store/lately.ts';
import { budgetOf, ratesIn } from '../../shared/store/rates.ts';
import { tenantsIn } from '../../shared/store/tenants.ts';
import { busNamed, openBus } from '../../shared/wire/bus.ts';
import { openSecrets, secretFrom } from '../../shared/wire/secret.ts';
import type { World } from './ingest.ts';

const env = environment('ingest');
const db = openDatabase();
const now = (): Date => new Date();
/** An erasure takes nothing away before this has surely passed. */
const ENTERED_MS = 30_000;
const flow = { db, name: env.FLOW_TABLE, now };
const events = eventsIn(flow, env.RETENTION_DAYS);
const entered = lately(tenantsIn(flow, env.RETENTION_DAYS).enter, {
  keyOf: (tenant) => tenant,
  now: () => Date.now(),
  keptMs: ENTERED_MS,
});
const bus = busNamed(openBus(), {
  name: env.BUS_NAME,
  source: env.EVENT_SOURCE,
  report: (error) => noteFailure('event.not_published', error),
});

const accessKeys = accessKeysIn(
  { db, name: env.CONTROL_TABLE, now },
  secretFrom(openSecrets(), { arn: env.ADMIN_KEY_SECRET, now: () => Date.now() }),
);
export const authenticate = notingUse(accessKeys.authenticate, {
  note: keyUseIn({ db, name: env.FLOW_TABLE, now }).note,
  report: (error) => noteFailure('key.use_not_noted', error),
});

export const world: World = {
  now,
  admit: budgetOf(ratesIn(flow), { perSecond: env.INGEST_PER_SECOND, now }),
  enter: entered.lately,
  newEventId: () => newId('evt', now(), randomBytes(10)),
  newTrace: () => `00-${randomBytes(16).toString('hex')}-${randomBytes(8).toString('hex')}-01`,
  accept: events.accept,
  find: events.find,
  isMatched: events.isMatched,
  open: events.open,
  publish: bus.publish,
  note,
  noteFailure,
};
