import { randomBytes } from 'node:crypto';
import { asDoubtful } from '../../shared/domain/delivery.ts';
import { environment } from '../../shared/runtime/env.ts';
import { note, noteFailure } from '../../shared/runtime/log.ts';
import { attemptsIn } from '../../shared/store/attempts.ts';
import { openDatabase } from '../../shared/store/database.ts';
import { eventsIn } from '../../shared/store/events.ts';
import { lately } from '../../shared/store/lately.ts';
import { subscriptionsIn } from '../../shared/store/subscriptions.ts';
import { openKms, vaultIn } from '../../shared/store/vault.ts';
import { createPoster } from '../../shared/wire/post.ts';
import { gatheringQueue, openQueues, queueAt } from '../../shared/wire/queue.ts';
import type { World } from './deliver.ts';
import { signedPost } from './post-signed.ts';

const DAY = 24 * 60 * 60 * 1000;
const env = environment('deliver');
const db = openDatabase();
const now = (): Date => new Date();
const control = { db, name: env.CONTROL_TABLE, now };
const flow = { db, name: env.FLOW_TABLE, now };

const { find: findSubscription } = subscriptionsIn(control);
const attempts = attemptsIn(flow, env.RETENTION_DAYS);
const vault = vaultIn(control, { client: openKms(), keyArn: env.DATA_KEY });
const poster = createPoster({ policy: { targets: env.ALLOW_PRIVATE_TARGETS ? 'any' : 'public' } });
const subscription = lately((key: { tenant: string; id: string }) => findSubscription(key.tenant, key.id), {
  keyOf: ({ tenant, id }) => `${tenant} ${id}`,
  now: () => Date.now(),
  keptMs: 10_000,
});

const retries = queueAt(openQueues(), {
  url: env.RETRIES_QUEUE_URL,
  report: (error) => noteFailure('retries.not_sent', error),
});

export const world: World = {
  now,
  jitter: () => Math.random(),
  subscription: (tenant, id, as) => (as === 'now' ? findSubscription(tenant, id) : subscription({ tenant, id })),
  isRetained: (acceptedAt) => Date.parse(acceptedAt) + env.RETENTION_DAYS * DAY > Date.now(),
  find: eventsIn(flow, env.RETENTION_DAYS).find,
  claim: attempts.claim,
  post: signedPost(vault, { poster, newSpan: () => randomBytes(8) }),
  enqueue: gatheringQueue(retries, asDoubtful),
  record: attempts.record,
  bury: attempts.bury,
  note,
  noteFailure,
};
