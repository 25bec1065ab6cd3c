import catalogue from '#catalogue';
import { asDoubtful } from '../../shared/domain/delivery.ts';
import { knownWishes } from '../../shared/domain/interest.ts';
import { environment } from '../../shared/runtime/env.ts';
import { note, noteFailure } from '../../shared/runtime/log.ts';
import { attemptsIn } from '../../shared/store/attempts.ts';
import { countsIn } from '../../shared/store/counts.ts';
import { openDatabase } from '../../shared/store/database.ts';
import { deliveryEraser } from '../../shared/store/erase-delivery.ts';
import { tenantEraser } from '../../shared/store/erase-tenant.ts';
import { eventsIn } from '../../shared/store/events.ts';
import { figuresIn } from '../../shared/store/figures.ts';
import { healthIn } from '../../shared/store/health.ts';
import { heldIn } from '../../shared/store/held.ts';
import { SHELF_SHARDS } from '../../shared/store/keys.ts';
import { replaysIn } from '../../shared/store/replays.ts';
import { shelfIn } from '../../shared/store/shelf.ts';
import { subscriptionsIn } from '../../shared/store/subscriptions.ts';
import { tenantsIn } from '../../shared/store/tenants.ts';
import { busNamed, openBus } from '../../shared/wire/bus.ts';
import { jobsFor, messagesIn, openQueues, queueAt } from '../../shared/wire/queue.ts';
import { openTopics, topicAt } from '../../shared/wire/topic.ts';
import type { World } from './sweep.ts';

const DAY = 24 * 60 * 60 * 1000;
const env = environment('sweep');
const now = (): Date => new Date();
const unreadable = (error: Error): void => noteFailure('item.unreadable', error);
const uncounted = (error: Error): void => noteFailure('counts.not_kept', error);
const db = openDatabase();
const flow = { db, name: env.FLOW_TABLE, now };

const control = { db, name: env.CONTROL_TABLE, now };
const subscriptions = subscriptionsIn(control);
const events = eventsIn(flow, env.RETENTION_DAYS, { unreadable, uncounted });
const attempts = attemptsIn(flow, env.RETENTION_DAYS, { unreadable, uncounted });
const counts = countsIn(flow, unreadable);
const replays = replaysIn(flow, env.RETENTION_DAYS, unreadable);
const shelf = shelfIn(flow, env.RETENTION_DAYS, unreadable);
const held = heldIn(flow, unreadable);
const tenants = tenantsIn(flow, env.RETENTION_DAYS, unreadable);
const wishes = knownWishes(new Map(Object.entries(catalogue.eventTypes).map(([type, { group }]) => [type, group])));

const buses = openBus();
const report = (error: unknown): void => noteFailure('event.not_published', error);
const lanes = busNamed(buses, { name: env.BUS_NAME, source: env.EVENT_SOURCE, report });
const operators = busNamed(buses, { name: env.BUS_NAME, source: env.OPERATIONS_SOURCE, report });
const topic = topicAt(openTopics(), env.NOTICES_TOPIC);

const sqs = openQueues();
const notSent = (error: unknown): void => noteFailure('message.not_sent', error);
const deferred = queueAt(sqs, { url: env.DEFERRED_QUEUE_URL, report: notSent });
const LAST = { undeliverable: [env.UNDELIVERABLE_QUEUE_URL], dead: env.DEAD_QUEUE_URLS };

export const world: World = {
  now,
  retentionMs: env.RETENTION_DAYS * DAY,
  ceilingPerSecond: env.CEILING_PER_SECOND,
  note,
  noteFailure,
  ask: jobsFor(queueAt(sqs, { url: env.SWEEPS_QUEUE_URL, report: notSent })),

  subscription: subscriptions.find,
  replace: subscriptions.replace,
  interested: subscriptions.interested,

  find: events.find,
  isMatched: events.isMatched,
  matched: events.matched,
  eraseDelivery: deliveryEraser({ attempts, shelf }),
  overdue: events.overdue,
  postpone: events.postpone,
  forget: events.forget,
  accept: events.accept,
  open: events.open,
  timeline: events.timeline,
  publish: lanes.publish,

  tenant: tenants.find,
  eraser: tenantEraser({ control, flow, tenants }, [...wishes]),
  erased: tenants.erased,
  eraseRest: tenants.eraseRest,
  forgetTenant: tenants.forget,
  stalledErasures: tenants.stalledErasures,

  shelves: Array.from({ length: SHELF_SHARDS }, (_, shard) => shard),
  isDue: shelf.isDue,
  due: shelf.due,
  waiting: shelf.all,
  taken: shelf.taken,
  async removed(resting) {
    await Promise.all(resting.map((one) => shelf.remove(one)));
  },
  // What may have been sent before is in doubt already.
  send: (messages) => deferred.send(messages, asDoubtful),

  nextWindow: counts.nextWindow,
  counted: counts.counted,
  folded: counts.folded,
  grow: figuresIn(flow, env.RETENTION_DAYS, unreadable).grow,

  attemptsBetween: attempts.attemptsBetween,
  lettersBetween: attempts.lettersBetween,
  bury: attempts.bury,

  findReplay: replays.find,
  advance: replays.advance,
  finish: replays.finish,
  stalled: replays.stalled,

  held: held.all,
  unlist: held.remove,
  searched: held.searched,
  tidy: healthIn(flow, { copy: 0, token: () => '', report: unreadable }).tidy,

  async tellOperators({ type, detail }) {
    await operators.tell({ type, detail });
    await topic.publish({ subject: type, message: JSON.stringify({ type, ...detail }) });
  },

  async *last(queue) {
    for (const url of LAST[queue]) yield* messagesIn(sqs, url);
  },
};
