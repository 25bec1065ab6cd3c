import { environment } from '../../shared/runtime/env.ts';
import { note, noteFailure } from '../../shared/runtime/log.ts';
import { openDatabase } from '../../shared/store/database.ts';
import { eventsIn } from '../../shared/store/events.ts';
import { subscriptionsIn } from '../../shared/store/subscriptions.ts';
import { openQueues, queueAt } from '../../shared/wire/queue.ts';
import { asDoubtful } from '../../shared/domain/delivery.ts';
import { RESENT_SECONDS, type World } from './match.ts';

const env = environment('match');
const db = openDatabase();
const now = (): Date => new Date();
const events = eventsIn({ db, name: env.FLOW_TABLE, now }, env.RETENTION_DAYS);
const deliveries = queueAt(openQueues(), {
  url: env.DELIVERIES_QUEUE_URL,
  report: (error) => noteFailure('deliveries.not_sent', error),
});

export const world: World = {
  now,
  interested: subscriptionsIn({ db, name: env.CONTROL_TABLE, now }).interested,
  find: events.find,
  isMatched: events.isMatched,
  send: (messages) => deliveries.send(messages, (message) => ({ ...asDoubtful(message), delay: RESENT_SECONDS })),
  close: events.close,
  note,
  noteFailure,
};
