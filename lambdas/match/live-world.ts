import { environment } from '../../shared/runtime/env.ts';
import { note } from '../../shared/runtime/log.ts';
import { openDatabase } from '../../shared/store/database.ts';
import { eventsIn } from '../../shared/store/events.ts';
import { subscriptionsIn } from '../../shared/store/subscriptions.ts';
import { openQueues, queueAt } from '../../shared/wire/queue.ts';
import { asDoubtful } from '../../shared/domain/delivery.ts';
import type { World } from './match.ts';

const env = environment('match');
const db = openDatabase();
const now = (): Date => new Date();
const events = eventsIn({ db, name: env.FLOW_TABLE, now }, env.RETENTION_DAYS);
const deliveries = queueAt(openQueues(), env.DELIVERIES_QUEUE_URL);

export const world: World = {
  now,
  interested: subscriptionsIn({ db, name: env.CONTROL_TABLE, now }).interested,
  find: events.find,
  send: (messages) => deliveries.send(messages, asDoubtful),
  close: events.close,
  note,
};
