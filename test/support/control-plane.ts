import { withSessions } from '../../lambdas/api/portal-sessions.ts';
import { notingUse } from '../../shared/runtime/http.ts';
import { routes } from '../../lambdas/api/routes.ts';
import type { World } from '../../lambdas/api/world.ts';
import type { Job } from '../../shared/domain/job.ts';
import type { Scope } from '../../shared/domain/key.ts';
import type { Outcome } from '../../shared/domain/outcome.ts';
import { accessKeysIn } from '../../shared/store/access-keys.ts';
import { keyUseIn } from '../../shared/store/key-use.ts';
import { deliveryEraser } from '../../shared/store/erase-delivery.ts';
import { healthIn } from '../../shared/store/health.ts';
import { madeOnceIn } from '../../shared/store/made-once.ts';
import { vaultIn } from '../../shared/store/vault.ts';
import type { Sending } from '../../shared/wire/signed-post.ts';
import { createAddressGuard } from '../../shared/wire/address-guard.ts';
import type { DynamoDb } from './dynamodb.ts';
import { callerOf } from './http-event.ts';
import type { TestKms } from './kms.ts';
import { ACCEPTED, openStores, type Stores } from './stage-world.ts';

export const ADMIN = 'first-admin-key-of-a-test';

/** Names that lead inside; every other one is public. */
const INSIDE = 'inside.example.com';

/** The control plane's bodies behind the router, with real stores, vault and address guard, on tables of its own or those given. */
export async function openControlPlane(dynamo: DynamoDb, kms: TestKms, given?: Stores) {
  const stores = given ?? (await openStores(dynamo));
  const { clock, control, subscriptions: subscriptionStore, events: eventStore, attempts } = stores;
  const { shelf, replays: replayStore, held, rates, tenants, figures } = stores;
  const health = healthIn(stores.flow, { copy: 0, token: () => '' });
  const keyUse = keyUseIn(stores.flow);
  const lines: Record<string, unknown>[] = [];
  const asked: Job[] = [];
  const sent: Sending[] = [];
  const answers: Outcome[] = [];
  let made = 0;
  const world: World = {
    now: clock.now,
    random: (count) => Buffer.alloc(count, ++made),
    subscriptions: subscriptionStore,
    events: eventStore,
    eraseDelivery: deliveryEraser({ attempts, shelf }),
    attempts,
    shelf,
    replays: replayStore,
    held,
    figures,
    health,
    once: madeOnceIn(stores.flow),
    rates,
    tenants,
    async post(sending) {
      sent.push(sending);
      return answers.shift() ?? ACCEPTED;
    },
    deadline: () => new AbortController().signal,
    ask: async (job) => void asked.push(job),
    accessKeys: accessKeysIn(control, async () => ADMIN),
    keyUse,
    vault: vaultIn(control, { client: kms.client, keyArn: 'arn:aws:kms:us-east-1:000000000000:key/data' }),
    policy: { targets: 'public' },
    refuseUrl: createAddressGuard({ targets: 'public' }, async (host) => [
      host === INSIDE ? '10.0.0.1' : '93.184.216.34',
    ]).refuse,
    note: (what, line) => void lines.push({ what, ...line }),
  };
  const call = callerOf(routes, {
    authenticate: withSessions(
      notingUse(world.accessKeys.authenticate, { note: keyUse.note, report: () => {} }),
      world,
    ),
    world,
    key: ADMIN,
  });
  return {
    ...stores,
    world,
    lines,
    health,
    /** What tests were sent, and what they get for an answer. */
    sent,
    answers,
    /** What the sweep was asked for. */
    asked,
    call,
    /** Makes an access key and answers its text. */
    async keyWith(scopes: readonly Scope[], more: { tenant?: string; expires_at?: string } = {}): Promise<string> {
      const { body } = await call('POST', '/v1/keys', { body: { name: 'a key', scopes, ...more } });
      return body.key;
    },
  };
}
export type ControlPlane = Awaited<ReturnType<typeof openControlPlane>>;
