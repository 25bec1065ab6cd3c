import { randomInt } from 'node:crypto';
import { environment } from '../../shared/runtime/env.ts';
import { note, noteFailure } from '../../shared/runtime/log.ts';
import { openDatabase } from '../../shared/store/database.ts';
import { eventsIn } from '../../shared/store/events.ts';
import { healthIn } from '../../shared/store/health.ts';
import { TROUBLE_COPIES } from '../../shared/store/keys.ts';
import { lately } from '../../shared/store/lately.ts';
import { subscriptionsIn } from '../../shared/store/subscriptions.ts';
import { tenantsIn } from '../../shared/store/tenants.ts';
import { troubledLately } from '../../shared/store/troubled.ts';
import { openQueues, queueAt } from '../../shared/wire/queue.ts';
import { ENTERED_MS } from '../../shared/domain/tenancy.ts';
import { asDoubtful } from '../../shared/domain/delivery.ts';
import { RESENT_SECONDS, type Outgoing, type World } from './match.ts';

const env = environment('match');
const db = openDatabase();
const now = (): Date => new Date();
const events = eventsIn({ db, name: env.FLOW_TABLE, now }, env.RETENTION_DAYS, {
  uncounted: (error) => noteFailure('counts.not_kept', error),
});
const health = healthIn({ db, name: env.FLOW_TABLE, now }, { copy: randomInt(TROUBLE_COPIES), token: () => '' });
const { troubleOf } = troubledLately({
  read: health.troubled,
  now: () => Date.now(),
  report: (error) => noteFailure('trouble.not_read', error),
});
const tenants = lately(tenantsIn({ db, name: env.FLOW_TABLE, now }, env.RETENTION_DAYS).find, {
  keyOf: (tenant) => tenant,
  now: () => Date.now(),
  keptMs: ENTERED_MS,
});
const sqs = openQueues();
const report = (error: unknown): void => noteFailure('deliveries.not_sent', error);
const queues = {
  deliveries: queueAt(sqs, { url: env.DELIVERIES_QUEUE_URL, report }),
  deferred: queueAt(sqs, { url: env.DEFERRED_QUEUE_URL, report }),
};

/** Answers what could not be sent. */
const send = async (to: Outgoing['to'], messages: readonly Outgoing[]): Promise<Outgoing[]> =>
  queues[to].send(
    messages.filter((message) => message.to === to),
    (message) => ({ ...asDoubtful(message), delay: RESENT_SECONDS }),
  );

export const world: World = {
  now,
  interested: subscriptionsIn({ db, name: env.CONTROL_TABLE, now }).interested,
  tenant: tenants.lately,
  find: events.find,
  isMatched: events.isMatched,
  isSuspect: async (tenant, subscriptionId) => (await troubleOf(tenant, subscriptionId))?.suspect === true,
  send: async (messages) => (await Promise.all([send('deliveries', messages), send('deferred', messages)])).flat(),
  close: events.close,
  note,
  noteFailure,
};
