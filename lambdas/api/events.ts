import { problems } from '../../shared/domain/problem.ts';
import { shownDelivery } from '../../shared/domain/delivery-view.ts';
import { filterView, type AcceptedEvent } from '../../shared/domain/event.ts';
import { matches } from '../../shared/domain/filter.ts';
import { takes } from '../../shared/domain/interest.ts';
import { filterIn } from '../../shared/domain/known-filters.ts';
import type { Subscription } from '../../shared/domain/subscription.ts';
import type { Answer, Request, Route } from '../../shared/runtime/http.ts';
import { paged } from '../../shared/runtime/paging.ts';
import type { World } from './world.ts';

/** @throws Problem 404 */
async function found(request: Request, world: World): Promise<AcceptedEvent> {
  const { tenant = '', id = '' } = request.params;
  const event = await world.events.find(tenant, id);
  if (event === undefined) throw problems.notFound();
  return event;
}

/** The event as JSON text, because its data must not be printed anew: 199.00 would come back as 199. */
async function show(request: Request, world: World): Promise<Answer> {
  const event = await found(request, world);
  const matched = await world.events.matched(event.tenant, event.event_id);
  const head = JSON.stringify({
    event_id: event.event_id,
    event_type: event.type,
    event_schema: event.schema,
    event_resource: event.resource,
    event_timestamp: event.timestamp,
    accepted_at: event.accepted_at,
    matching: matched === undefined ? 'pending' : 'done',
    matched: matched?.subscriptions.length ?? null,
  });
  return { status: 200, json: `${head.slice(0, -1)},"data":${event.body}}` };
}

/** Whether the subscription takes the event as both are now. */
const isWanted = (event: AcceptedEvent, { event_types, filter }: Subscription): boolean =>
  takes(event_types, event) &&
  (filter === null || matches(filterIn(JSON.stringify(filter)), filterView(event, JSON.parse(event.body))));

/** A page of deliveries must not take long because a million others wait. Of one that is not among these, its last attempt tells. */
const MOST_LOOKED_AT = 1_000;

async function delivery(event: AcceptedEvent, subscriptionId: string, world: World): Promise<Record<string, unknown>> {
  const { tenant, event_id } = event;
  const [subscription, attempts, isCancelled] = await Promise.all([
    world.subscriptions.find(tenant, subscriptionId),
    world.attempts.ofDelivery(event, subscriptionId),
    world.attempts.isCancelled(event, subscriptionId),
  ]);
  const isOver = attempts.at(-1)?.next === 'done';
  const [letter, waiting] = isOver
    ? [undefined, []]
    : await Promise.all([
        world.attempts.letterOf(event, subscriptionId),
        world.shelf.find({ tenant, subscriptionId }, event_id, { due: attempts.at(-1)?.next_at, most: MOST_LOOKED_AT }),
      ]);
  const wanted = subscription !== undefined && isWanted(event, subscription);
  const known = { event, subscriptionId, subscription, attempts, letter, isCancelled, isWanted: wanted };
  return shownDelivery({ ...known, waiting: waiting[0] });
}

async function listDeliveries(request: Request, world: World): Promise<Answer> {
  const event = await found(request, world);
  const matched = await world.events.matched(event.tenant, event.event_id);
  const subscriptionIds = (matched?.subscriptions ?? []).toSorted().toReversed();
  const of = { route: 'deliveries', signingKey: () => world.vault.signingKey('cursors') };
  const page = await paged(request, of, async ({ limit, after }) => {
    const left = subscriptionIds.filter((id) => after === undefined || id < after);
    const ids = left.slice(0, limit);
    const items = await Promise.all(ids.map((id) => delivery(event, id, world)));
    return { items, after: left.length > limit ? ids.at(-1) : undefined };
  });
  return { status: 200, body: page };
}

const ONE = '/v1/tenants/{tenant}/events/{id}';

export const routes: readonly Route<World>[] = [
  { method: 'GET', path: ONE, needs: 'events:read', answer: show },
  { method: 'GET', path: `${ONE}/deliveries`, needs: 'events:read', answer: listDeliveries },
];
