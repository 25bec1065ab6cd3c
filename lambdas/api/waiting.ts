import { cancelWaiting, listWaiting, releaseWaiting } from '../../shared/contract/deliveries.ts';
import { releaseSubscription } from '../../shared/contract/subscriptions.ts';
import { shownDelivery } from '../../shared/domain/delivery-view.ts';
import { problems } from '../../shared/domain/problem.ts';
import type { Subscription } from '../../shared/domain/subscription.ts';
import type { Answer, Request, Route } from '../../shared/runtime/http.ts';
import type { Resting } from '../../shared/store/shelf.ts';
import { deliveredIn, subscriptionIn } from './found.ts';
import { listed } from './listing.ts';
import type { World } from './world.ts';

async function shownWaiting(subscription: Subscription, waiting: Resting, world: World) {
  const { event } = waiting;
  const attempts = await world.attempts.ofDelivery(event, subscription.id);
  const known = { event, subscriptionId: subscription.id, subscription, attempts, waiting };
  return shownDelivery({ ...known, letter: undefined, isCancelled: false, isWanted: true });
}

/** What rests on the shelf or waits in a queue for its time, soonest first. */
async function list(request: Request, world: World): Promise<Answer> {
  const subscription = await subscriptionIn(request, world);
  const { tenant, id: subscriptionId } = subscription;
  return listed(request, world, async (wanted) => {
    const { waiting, after } = await world.shelf.waiting({ tenant, subscriptionId }, wanted);
    return { items: await Promise.all(waiting.map((one) => shownWaiting(subscription, one, world))), after };
  });
}

/** @throws Problem 404 where the delivery does not wait */
async function waitingIn(request: Request, world: World): Promise<{ subscription: Subscription; waiting: Resting[] }> {
  const subscription = await subscriptionIn(request, world);
  const event = await deliveredIn(request, subscription, world);
  const of = { tenant: subscription.tenant, subscriptionId: subscription.id };
  const attempts = await world.attempts.ofDelivery(event, subscription.id);
  const waiting = await world.shelf.find(of, event.event_id, { due: attempts.at(-1)?.next_at });
  if (waiting.length === 0) throw problems.notFound();
  return { subscription, waiting };
}

/** Its next attempt is settled before it was made: whatever brings it finds that there is nothing left to do. */
async function cancel(request: Request, world: World): Promise<Answer> {
  const { subscription, waiting } = await waitingIn(request, world);
  for (const resting of waiting) {
    const { event, step } = resting;
    await world.attempts.cancel(
      { event, subscriptionId: subscription.id, run: step.run, attempt: step.attempt },
      world.now(),
    );
    await world.shelf.remove(resting);
  }
  world.note('delivery.cancelled', {
    tenant: subscription.tenant,
    subscription_id: subscription.id,
    event_id: waiting[0]?.event.event_id ?? '',
  });
  return { status: 204 };
}

/** @throws Problem 409: what a paused subscription waits for is its owner */
function expectNotPaused({ status }: Subscription): void {
  if (status !== 'enabled') throw problems.conflict(`The subscription is ${status}: set its status to enabled first.`);
}

async function releaseOne(request: Request, world: World): Promise<Answer> {
  const { subscription, waiting } = await waitingIn(request, world);
  expectNotPaused(subscription);
  const { tenant, id: subscription_id } = subscription;
  const event_id = waiting[0]?.event.event_id ?? '';
  await world.ask({ v: 1, kind: 'release', tenant, subscription_id, what: 'all', event_id }, 0);
  return { status: 202, body: { released: waiting.length } };
}

const MOST_TRIES = 3;

/** An open circuit is tried at once: whoever asks for it has mended something. */
async function probeNow(request: Request, world: World): Promise<Subscription> {
  for (let round = 0; round < MOST_TRIES; round++) {
    const subscription = await subscriptionIn(request, world);
    expectNotPaused(subscription);
    const { circuit, version } = subscription;
    if (circuit === undefined) return subscription;
    const now = world.now().getTime();
    const after = { ...subscription, circuit: { ...circuit, probe_at: now - PROBE_OVERDUE_MS }, version: version + 1 };
    if (await world.subscriptions.replace(subscription, after)) return after;
  }
  throw problems.stale();
}

/** So late that the sweep looks for a delivery to make it where none comes by itself. */
const PROBE_OVERDUE_MS = 90_000;

async function releaseAll(request: Request, world: World): Promise<Answer> {
  const { tenant, id: subscription_id, circuit } = await probeNow(request, world);
  await world.ask({ v: 1, kind: 'release', tenant, subscription_id, what: 'all' }, 0);
  if (circuit !== undefined) await world.ask({ v: 1, kind: 'held' }, 0);
  world.note('subscription.released', { tenant, subscription_id });
  return { status: 202, body: {} };
}

export const routes: readonly Route<World>[] = [
  { operation: listWaiting, answer: list },
  { operation: cancelWaiting, answer: cancel },
  { operation: releaseWaiting, answer: releaseOne },
  { operation: releaseSubscription, answer: releaseAll },
];
