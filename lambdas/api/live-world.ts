import { randomBytes } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { environment } from '../../shared/runtime/env.ts';
import { byGateway } from '../../shared/runtime/gateway-auth.ts';
import { notingUse } from '../../shared/runtime/http.ts';
import { note, noteFailure } from '../../shared/runtime/log.ts';
import { accessKeysIn } from '../../shared/store/access-keys.ts';
import { attemptsIn } from '../../shared/store/attempts.ts';
import { openDatabase } from '../../shared/store/database.ts';
import { deliveryEraser } from '../../shared/store/erase-delivery.ts';
import { eventsIn } from '../../shared/store/events.ts';
import { keyUseIn } from '../../shared/store/key-use.ts';
import { figuresIn } from '../../shared/store/figures.ts';
import { healthIn } from '../../shared/store/health.ts';
import { heldIn } from '../../shared/store/held.ts';
import { madeOnceIn } from '../../shared/store/made-once.ts';
import { ratesIn } from '../../shared/store/rates.ts';
import { replaysIn } from '../../shared/store/replays.ts';
import { shelfIn } from '../../shared/store/shelf.ts';
import { subscriptionsIn } from '../../shared/store/subscriptions.ts';
import { tenantsIn } from '../../shared/store/tenants.ts';
import { openKms, vaultIn } from '../../shared/store/vault.ts';
import { createAddressGuard, type AddressPolicy } from '../../shared/wire/address-guard.ts';
import { createPoster } from '../../shared/wire/post.ts';
import { jobsFor, openQueues, queueAt } from '../../shared/wire/queue.ts';
import { openSecrets, secretFrom } from '../../shared/wire/secret.ts';
import { signedPost } from '../../shared/wire/signed-post.ts';
import { withSessions } from './portal-sessions.ts';
import type { Served } from './routes.ts';
import type { World } from './world.ts';

/** Many times what match's look-up takes, and rarely waited for: only a change of types or filter does. */
const READERS_PASS_MS = 500;

const env = environment('api');
const db = openDatabase();
const now = (): Date => new Date();
const control = { db, name: env.CONTROL_TABLE, now };
const flow = { db, name: env.FLOW_TABLE, now };
const firstKey = secretFrom(openSecrets(), { arn: env.ADMIN_KEY_SECRET, now: () => Date.now() });

const accessKeys = accessKeysIn(control, firstKey);
const keyUse = keyUseIn(flow);
const tenants = tenantsIn(flow, env.RETENTION_DAYS);
const vault = vaultIn(control, { client: openKms(), keyArn: env.DATA_KEY });
const attempts = attemptsIn(flow, env.RETENTION_DAYS);
const shelf = shelfIn(flow, env.RETENTION_DAYS);
const policy: AddressPolicy = { targets: env.ALLOW_PRIVATE_TARGETS ? 'any' : 'public', ...env.TARGETS };

/** A portal session is a key as well, of which nothing is kept. */
const byKey = withSessions(
  notingUse(accessKeys.authenticate, { note: keyUse.note, report: (error) => noteFailure('key.use_not_noted', error) }),
  { vault, now, tenants },
);
export const serves: Served = { by: env.AUTH.by, catalogue: env.CATALOGUE_ACCESS };
export const authenticate = env.AUTH.by === 'keys' ? byKey : byGateway(env.AUTH, now);

export const world: World = {
  now,
  random: randomBytes,
  subscriptions: subscriptionsIn(control, () => pause(READERS_PASS_MS)),
  events: eventsIn(flow, env.RETENTION_DAYS),
  eraseDelivery: deliveryEraser({ attempts, shelf }),
  attempts,
  shelf,
  replays: replaysIn(flow, env.RETENTION_DAYS),
  held: heldIn(flow),
  figures: figuresIn(flow, env.RETENTION_DAYS, (error) => noteFailure('item.unreadable', error)),
  health: healthIn(flow, { copy: 0, token: () => '', report: (error) => noteFailure('item.unreadable', error) }),
  ask: jobsFor(
    queueAt(openQueues(), { url: env.SWEEPS_QUEUE_URL, report: (error) => noteFailure('job.not_asked', error) }),
  ),
  accessKeys,
  keyUse,
  tenants,
  once: madeOnceIn(flow),
  rates: ratesIn(flow),
  vault,
  post: signedPost(vault, { poster: createPoster({ policy }), newSpan: () => randomBytes(8) }),
  deadline: (ms) => AbortSignal.timeout(ms),
  policy,
  refuseUrl: createAddressGuard(policy).refuse,
  note,
};
