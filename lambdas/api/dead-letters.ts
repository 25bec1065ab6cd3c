import { acknowledgeDeadLetter, listDeadLetters, replayDeadLetter } from '../../shared/contract/deliveries.ts';
import { problems } from '../../shared/domain/problem.ts';
import type { Answer, Request, Route } from '../../shared/runtime/http.ts';
import type { Letter } from '../../shared/store/attempts.ts';
import type { Timed } from '../../shared/store/events.ts';
import { deliveredIn, subscriptionIn } from './found.ts';
import { once } from './once.ts';
import { nextRun } from './replays.ts';
import { listed } from './listing.ts';
import type { World } from './world.ts';

/** A dead letter as callers see it. `kind` tells what the subscriber did from what our own code did. */
export const shownLetter = (letter: Letter): Record<string, unknown> => ({
  delivery_id: letter.delivery_id,
  event_id: letter.event_id,
  event_type: letter.event_type,
  subscription_id: letter.subscription_id,
  accepted_at: letter.accepted_at,
  kind: letter.kind,
  reason: letter.reason,
  died_at: letter.died_at,
  ...(letter.last !== undefined && { last: letter.last }),
});

async function list(request: Request, world: World): Promise<Answer> {
  const { tenant, id: subscriptionId } = await subscriptionIn(request, world);
  return listed(request, world, async (wanted) => {
    const { letters, after } = await world.attempts.deadLetters({ tenant, subscriptionId }, wanted);
    return { items: letters.map(shownLetter), after };
  });
}

/** Somebody has seen it: it is in the list no more, and cannot be replayed as one. */
async function acknowledge(request: Request, world: World): Promise<Answer> {
  const subscription = await subscriptionIn(request, world);
  const event = await deliveredIn(request, subscription, world);
  if (!(await world.attempts.acknowledge(event, subscription.id))) throw problems.notFound();
  const { tenant, id: subscription_id } = subscription;
  world.note('dead_letter.acknowledged', { tenant, subscription_id, event_id: event.event_id });
  return { status: 204 };
}

/** @throws Problem 404, 409 where it cannot be made once more */
async function expectDead(event: Timed, subscriptionId: string, world: World): Promise<void> {
  if ((await world.attempts.letterOf(event, subscriptionId)) === undefined) throw problems.notFound();
  const head = await world.events.find(event.tenant, event.event_id);
  if (head !== undefined && head.body === undefined) throw problems.eventErased();
}

/** The letter stays until the delivery is made. */
async function replay(request: Request, world: World): Promise<Answer> {
  const found = await subscriptionIn(request, world);
  const event = await deliveredIn(request, found, world);
  const { tenant, id: subscription_id } = found;
  const { event_id } = event;
  const makeRun = async (): Promise<string> => {
    await expectDead(event, subscription_id, world);
    return String((await nextRun(() => subscriptionIn(request, world), world)).runs);
  };
  const asked = { kind: 'replay of a dead letter', said: [subscription_id, event_id] };
  // In the same run it is made once, however often it is asked for: its attempts are claimed.
  const run = Number(await once(request, asked, makeRun, world));
  await world.ask({ v: 1, kind: 'resend', tenant, subscription_id, event_id, run }, 0);
  world.note('dead_letter.replayed', { tenant, subscription_id, event_id, run });
  return { status: 202, body: { delivery_id: request.params.delivery, event_id, subscription_id } };
}

export const routes: readonly Route<World>[] = [
  { operation: listDeadLetters, answer: list },
  { operation: acknowledgeDeadLetter, answer: acknowledge },
  { operation: replayDeadLetter, answer: replay },
];
