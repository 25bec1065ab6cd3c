import { eraseEvent } from '../../shared/contract/events.ts';
import { problems } from '../../shared/domain/problem.ts';
import type { Answer, Request, Route } from '../../shared/runtime/http.ts';
import type { World } from './world.ts';

/** Deliveries that the answer waits for; whoever matched more sees the rest go in the next minutes. */
const MOST_AT_ONCE = 100;
/** By then what was under way has been written down: a request that hung, and one that came again after its function had died. */
const AGAIN_SECONDS = 600;

/**
 * The event is erased before this answers. What its deliveries left behind goes now as far as it can be done at once, and all of it by
 * the sweep: now, and once more for what was under way at this moment.
 */
async function erase(request: Request, world: World): Promise<Answer> {
  const { tenant = '', id: event_id = '' } = request.params;
  const event = await world.events.erase(tenant, event_id, world.now());
  if (event === undefined) throw problems.notFound();
  for (const delay of [0, AGAIN_SECONDS]) await world.ask({ v: 1, kind: 'erase', tenant, event_id }, delay);
  const matched = await world.events.matched(tenant, event_id);
  const ids = (matched?.subscriptions ?? []).slice(0, MOST_AT_ONCE);
  await Promise.all(ids.map((id) => world.eraseDelivery(event, id, world.now())));
  world.note('event.erased', { tenant, event_id });
  return { status: 204 };
}

export const routes: readonly Route<World>[] = [{ operation: eraseEvent, answer: erase }];
