import catalogue from '#catalogue';
import { testSubscription } from '../../shared/contract/subscriptions.ts';
import { verdict } from '../../shared/domain/attempt.ts';
import { shownAttempt } from '../../shared/domain/delivery-view.ts';
import { contentHash, type AcceptedEvent } from '../../shared/domain/event.ts';
import { newId } from '../../shared/domain/id.ts';
import { takes } from '../../shared/domain/interest.ts';
import { nearest } from '../../shared/domain/nearest.ts';
import { payloadOf } from '../../shared/domain/payload.ts';
import { problems } from '../../shared/domain/problem.ts';
import { retryAfterSeconds } from '../../shared/domain/rate.ts';
import type { Subscription } from '../../shared/domain/subscription.ts';
import type { Answer, Request, Route } from '../../shared/runtime/http.ts';
import { subscriptionIn } from './found.ts';
import type { World } from './world.ts';

/** Somebody waits for the answer, and the gateway does so for half a minute at most. */
const LONGEST_SECONDS = 10;

const types = Object.entries(catalogue.eventTypes);

/** The type that is wished, or the first that the subscription takes. @throws Problem 422 where there is none */
function typeFor({ event_types }: Subscription, wished: string | undefined): string {
  const names = types.map(([name]) => name);
  if (wished === undefined) {
    const taken = types.find(([type, { group }]) => takes(event_types, { type, group }));
    return taken?.[0] ?? names[0] ?? '';
  }
  if (names.includes(wished)) return wished;
  const hint = nearest(wished, names);
  const detail = `is no event type${hint === undefined ? '' : `; the nearest is ${hint}`}`;
  throw problems.invalid([{ pointer: '/event_type', detail }]);
}

/** An event that nobody posted, with the sample of its type as data. */
function sampleOf(name: string, tenant: string, world: World): AcceptedEvent {
  const now = world.now();
  const type = catalogue.eventTypes[name];
  const body = JSON.stringify(type?.sample ?? {});
  return {
    tenant,
    event_id: newId('evt', now, world.random(10)),
    type: name,
    group: type?.group ?? '',
    schema: 'v1',
    resource: null,
    timestamp: now.toISOString(),
    accepted_at: now.toISOString(),
    sha256: contentHash(name, body),
    body,
  };
}

/**
 * Sends a sample now, whatever the subscription's status, and shows the whole attempt. It is no delivery: nothing is kept of it, it
 * is not tried again, and it counts neither for the circuit nor for any figure.
 */
async function test(request: Request, world: World): Promise<Answer> {
  const { event_type } = request.body(testSubscription.body.schema);
  const subscription = await subscriptionIn(request, world);
  const event = sampleOf(typeFor(subscription, event_type), subscription.tenant, world);
  const at = world.now();
  const budget = await world.rates.test(subscription, at.getTime());
  if (!budget.ok) throw problems.testedTooOften(retryAfterSeconds(budget.opens, at.getTime()));

  const id = newId('test', at, world.random(10));
  const timeout_seconds = Math.min(subscription.timeout_seconds, LONGEST_SECONDS);
  const outcome = await world.post({
    subscription: { ...subscription, timeout_seconds },
    id,
    payload: payloadOf(subscription.format, event, id),
    traceparent: undefined,
    at,
    signal: world.deadline((LONGEST_SECONDS + 1) * 1000),
  });
  const next =
    outcome.kind === 'accepted' ? ({ kind: 'done' } as const) : ({ kind: 'dead', because: 'exhausted' } as const);
  const { tenant, id: subscription_id } = subscription;
  world.note('subscription.tested', { tenant, subscription_id, outcome: outcome.kind });
  const attempt = {
    event_id: event.event_id,
    event_type: event.type,
    subscription_id,
    delivery_id: id,
    run: 1,
    attempt: 1,
    at: at.toISOString(),
    ...verdict(outcome, next),
  };
  return { status: 200, body: { ...shownAttempt(attempt), test: true } };
}

export const routes: readonly Route<World>[] = [{ operation: testSubscription, answer: test }];
