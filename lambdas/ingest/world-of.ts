import { newId } from '../../shared/domain/id.ts';
import { ENTERED_MS } from '../../shared/domain/tenancy.ts';
import type { environment } from '../../shared/runtime/env.ts';
import { note, noteFailure } from '../../shared/runtime/log.ts';
import type { Table } from '../../shared/store/database.ts';
import { eventsIn } from '../../shared/store/events.ts';
import { lately } from '../../shared/store/lately.ts';
import { budgetOf, ratesIn } from '../../shared/store/rates.ts';
import { tenantsIn } from '../../shared/store/tenants.ts';
import { busNamed, openBus } from '../../shared/wire/bus.ts';
import type { World } from './ingest.ts';

type Variables = Pick<
  ReturnType<typeof environment<'ingest'>>,
  'FLOW_TABLE' | 'BUS_NAME' | 'EVENT_SOURCE' | 'RETENTION_DAYS' | 'INGEST_PER_SECOND'
>;

/** What differs between a test and the real thing. */
interface Given extends Pick<Table, 'db' | 'now'> {
  /** Bytes of chance. */
  random(count: number): Buffer;
}

/** The world of ingest, whichever way an event comes in. */
export function worldOf(env: Variables, { db, now, random }: Given): World {
  const flow = { db, name: env.FLOW_TABLE, now };
  const events = eventsIn(flow, env.RETENTION_DAYS);
  const entered = lately(tenantsIn(flow, env.RETENTION_DAYS).enter, {
    keyOf: (tenant) => tenant,
    now: () => now().getTime(),
    keptMs: ENTERED_MS,
  });
  const bus = busNamed(openBus(), {
    name: env.BUS_NAME,
    source: env.EVENT_SOURCE,
    report: (error) => noteFailure('event.not_published', error),
  });
  return {
    now,
    admit: budgetOf(ratesIn(flow), { perSecond: env.INGEST_PER_SECOND, now }),
    enter: entered.lately,
    newEventId: () => newId('evt', now(), random(10)),
    newTrace: () => `00-${random(16).toString('hex')}-${random(8).toString('hex')}-01`,
    accept: events.accept,
    find: events.find,
    isMatched: events.isMatched,
    open: events.open,
    publish: bus.publish,
    note,
    noteFailure,
  };
}
