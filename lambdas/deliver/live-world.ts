import { randomBytes, randomInt, randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { noticeOfDead } from '../../shared/domain/dead-letter.ts';
import { asDoubtful } from '../../shared/domain/delivery.ts';
import { shared } from '../../shared/domain/gather.ts';
import { newId } from '../../shared/domain/id.ts';
import { environment } from '../../shared/runtime/env.ts';
import { note, noteFailure } from '../../shared/runtime/log.ts';
import { attemptsIn } from '../../shared/store/attempts.ts';
import { openDatabase } from '../../shared/store/database.ts';
import { eventsIn } from '../../shared/store/events.ts';
import { healthIn } from '../../shared/store/health.ts';
import { heldIn } from '../../shared/store/held.ts';
import { TROUBLE_COPIES } from '../../shared/store/keys.ts';
import { lately } from '../../shared/store/lately.ts';
import { pacer, ratesIn } from '../../shared/store/rates.ts';
import { replaysIn } from '../../shared/store/replays.ts';
import { shelfIn } from '../../shared/store/shelf.ts';
import { subscriptionsIn } from '../../shared/store/subscriptions.ts';
import { openKms, vaultIn } from '../../shared/store/vault.ts';
import { createPoster } from '../../shared/wire/post.ts';
import { gatheringQueue, jobsFor, openQueues, queueAt } from '../../shared/wire/queue.ts';
import { signedPost } from '../../shared/wire/signed-post.ts';
import { openTrouble } from './trouble.ts';
import type { World } from './world.ts';

/** What happens to one subscription within this time is written or told at once. */
const TOGETHER_MS = 100;
const DAY = 24 * 60 * 60 * 1000;
const env = environment('deliver');
const db = openDatabase();
const now = (): Date => new Date();
const unreadable = (error: Error): void => noteFailure('item.unreadable', error);
const uncounted = (error: Error): void => noteFailure('counts.not_kept', error);
const control = { db, name: env.CONTROL_TABLE, now };
const flow = { db, name: env.FLOW_TABLE, now };

const subscriptions = subscriptionsIn(control);
const attempts = attemptsIn(flow, env.RETENTION_DAYS, { unreadable, uncounted });
const replays = replaysIn(flow, env.RETENTION_DAYS);
const shelf = shelfIn(flow, env.RETENTION_DAYS, unreadable);
const vault = vaultIn(control, { client: openKms(), keyArn: env.DATA_KEY });
const poster = createPoster({
  policy: { targets: env.ALLOW_PRIVATE_TARGETS ? 'any' : 'public', ...env.TARGETS },
});
const subscription = lately((key: { tenant: string; id: string }) => subscriptions.find(key.tenant, key.id), {
  keyOf: ({ tenant, id }) => `${tenant} ${id}`,
  now: () => Date.now(),
  keptMs: 10_000,
});

const sqs = openQueues();
const report = (error: unknown): void => noteFailure('deliveries.not_sent', error);
const retries = queueAt(sqs, { url: env.RETRIES_QUEUE_URL, report });
const deferred = queueAt(sqs, { url: env.DEFERRED_QUEUE_URL, report });
const ask = jobsFor(queueAt(sqs, { url: env.SWEEPS_QUEUE_URL, report }));

export const world: World = {
  now,
  jitter: () => Math.random(),
  place: env.RETRIES_QUEUE_URL === env.DEFERRED_QUEUE_URL ? 'deferred' : 'lane',
  subscription: (tenant, id, as) => subscription[as]({ tenant, id }),
  replace: subscriptions.replace,
  keptUntil: (acceptedAt) => Date.parse(acceptedAt) + env.RETENTION_DAYS * DAY,
  find: eventsIn(flow, env.RETENTION_DAYS).find,
  claim: attempts.claim,
  post: signedPost(vault, { poster, newSpan: () => randomBytes(8) }),
  pause: (ms) => pause(ms),
  enqueue: gatheringQueue(retries, asDoubtful),
  defer: gatheringQueue(deferred, asDoubtful),
  rest: shelf.rest,
  expect: shelf.expect,
  over: shelf.over,
  record: attempts.record,
  expectRecords: attempts.expectRecords,
  keepCounts: attempts.keepCounts,
  bury: attempts.bury,
  acknowledge: attempts.acknowledge,
  tellDead: shared({
    keyOf: ({ event, subscriptionId, reason }) => `${event.tenant} ${subscriptionId} ${reason}`,
    waitMs: TOGETHER_MS,
    handle: (letters) => ask(noticeOfDead(letters), 0),
  }),
  ...openTrouble({
    health: healthIn(flow, { copy: randomInt(TROUBLE_COPIES), token: randomUUID, report: unreadable }),
    now,
    after(ms, then) {
      const timer = setTimeout(then, ms);
      return () => clearTimeout(timer);
    },
    togetherMs: TOGETHER_MS,
    noteFailure,
  }),
  ...pacer(ratesIn(flow), { ceilingPerSecond: env.CEILING_PER_SECOND, now }),
  listHeld: heldIn(flow).list,
  caughtUpTo: async ({ tenant, subscriptionId }, replayId) =>
    (await replays.find({ tenant, subscription_id: subscriptionId }, replayId))?.cursor.split('#')[0],
  newReplayId: () => newId('rpl', now(), randomBytes(10)),
  begin: replays.create,
  count: (whom, replayId, what) => replays.count(whom, replayId, { delivered: 0, dead: 0, [what]: 1 }),
  ask,
  note,
  noteFailure,
};
