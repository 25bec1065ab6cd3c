import { eraseEvent } from '../../shared/contract/events.ts';
import type { ErasedEvent } from '../../shared/domain/event.ts';
import { problems } from '../../shared/domain/problem.ts';
import type { Answer, Request, Route } from '../../shared/runtime/http.ts';
import type { World } from './world.ts';

/**
 * Each of them may read a thousand deliveries that wait for its subscription, so few are worked on at once; and nothing further is begun
 * when a third of the function's time is over. Whoever matched more sees the rest go in the next minutes.
 */
const AT_ONCE = 10;
const FOR_MS = 5_000;
/** By then what was under way has been written down: a request that hung, and one that came again after its function had died. */
const AGAIN_SECONDS = 600;

/** Takes away what the event's deliveries left behind, as far as the time goes. */
async function eraseDeliveries(event: ErasedEvent, world: World): Promise<void> {
  const until = world.now().getTime() + FOR_MS;
  const matched = await world.events.matched(event.tenant, event.event_id);
  const ids = matched?.subscriptions ?? [];
  for (let done = 0; done < ids.length && world.now().getTime() < until; done += AT_ONCE) {
    await Promise.all(ids.slice(done, done + AT_ONCE).map((id) => world.eraseDelivery(event, id, world.now())));
  }
}

/**
 * The event is erased before this answers. What its deliveries left behind goes now as far as it can be done at once, and all of it by
 * the sweep: now, and once more for what was under way at this moment.
 */
async function erase(request: Request, world: World): Promise<Answer> {
  const { tenant = '', id: event_id = '' } = request.params;
  const event = await world.events.erase(tenant, event_id, world.now());
  if (event === undefined) throw problems.notFound();
  for (const delay of [0, AGAIN_SECONDS]) await world.ask({ v: 1, kind: 'erase', tenant, event_id }, delay);
  await eraseDeliveries(event, world);
  world.note('event.erased', { tenant, event_id });
  return { status: 204 };
}

export const routes: readonly Route<World>[] = [{ operation: eraseEvent, answer: erase }];
