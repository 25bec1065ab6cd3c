import * as z from 'zod';
import { getDelivery } from '../../shared/contract/deliveries.ts';
import { getEvent, listDeliveries, listEvents } from '../../shared/contract/events.ts';
import { replayEvent } from '../../shared/contract/replays.ts';
import { shownAttempt, shownDelivery } from '../../shared/domain/delivery-view.ts';
import type { AcceptedEvent, ErasedEvent, EventFacts } from '../../shared/domain/event.ts';
import { acceptedAtOf, deliveryId } from '../../shared/domain/id.ts';
import { takes } from '../../shared/domain/interest.ts';
import { passes } from '../../shared/domain/known-filters.ts';
import { problems } from '../../shared/domain/problem.ts';
import { beginningOf, mayBeLeftOver } from '../../shared/domain/tenancy.ts';
import type { Subscription } from '../../shared/domain/subscription.ts';
import type { Answer, Request, Route } from '../../shared/runtime/http.ts';
import { queryIn } from '../../shared/runtime/paging.ts';
import type { Timed } from '../../shared/store/events.ts';
import { subscriptionOf } from './found.ts';
import { once } from './once.ts';
import { nextRun } from './replays.ts';
import { listed } from './listing.ts';
import type { World } from './world.ts';

/** An erasure does not find every head: whoever has the tenant's name since then must not. */
async function isOfAnEarlier({ tenant: name, accepted_at }: EventFacts, world: World): Promise<boolean> {
  const tenant = mayBeLeftOver(accepted_at, world.now()) ? await world.tenants.find(name) : undefined;
  return tenant !== undefined && accepted_at < beginningOf(tenant);
}

/** @throws Problem 404 */
async function found(request: Request, world: World): Promise<AcceptedEvent | ErasedEvent> {
  const { tenant = '', id = '' } = request.params;
  const event = await world.events.find(tenant, id);
  if (event === undefined || (await isOfAnEarlier(event, world))) throw problems.notFound();
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
    ...(event.body === undefined && { erased_at: event.erased_at }),
  });
  return { status: 200, json: `${head.slice(0, -1)},"data":${event.body ?? 'null'}}` };
}

/** Whether the subscription takes the event as both are now; nobody takes one that was erased. */
const isWanted = (event: AcceptedEvent | ErasedEvent, { event_types, filter }: Subscription): boolean =>
  event.body !== undefined && takes(event_types, event) && passes(filter, event, event.body);

/** A page of deliveries must not take long because a million others wait. Of one that is not among these, its last attempt tells. */
const MOST_LOOKED_AT = 1_000;

async function delivery(
  event: AcceptedEvent | ErasedEvent,
  subscriptionId: string,
  world: World,
): Promise<Record<string, unknown>> {
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

async function deliveries(request: Request, world: World): Promise<Answer> {
  const event = await found(request, world);
  const matched = await world.events.matched(event.tenant, event.event_id);
  const subscriptionIds = (matched?.subscriptions ?? []).toSorted().toReversed();
  return listed(request, world, async ({ limit, after }) => {
    const left = subscriptionIds.filter((id) => after === undefined || id < after);
    const ids = left.slice(0, limit);
    const items = await Promise.all(ids.map((id) => delivery(event, id, world)));
    return { items, after: left.length > limit ? ids.at(-1) : undefined };
  });
}

const utc = (moment: string | undefined): string | undefined => moment && new Date(moment).toISOString();

/** Events that match has seen, which takes it some milliseconds; without their data. */
async function list(request: Request, world: World): Promise<Answer> {
  const { type, from, to } = queryIn(request, listEvents.query);
  return listed(request, world, async (wanted) => {
    const read = await world.events.ofTenant(request.params.tenant ?? '', { from: utc(from), to: utc(to) }, wanted);
    const items = read.events.filter((event) => type === undefined || event.type === type);
    return { items: items.map(shownTimed), after: read.after };
  });
}

const shownTimed = ({ event_id, type: event_type, accepted_at, matched }: Timed): Record<string, unknown> => ({
  event_id,
  event_type,
  accepted_at,
  matching: 'done',
  matched,
});

/** One delivery, by the id that its subscriber knows it by, with all that was tried. */
async function showDelivery(request: Request, world: World): Promise<Answer> {
  const { tenant = '', delivery: id = '' } = request.params;
  const { event, subscriptionId } = await deliveryIn(tenant, id, world);
  const attempts = await world.attempts.ofDelivery(event, subscriptionId);
  const shownOne = await delivery(event, subscriptionId, world);
  return { status: 200, body: { ...shownOne, attempts_list: attempts.map(shownAttempt) } };
}

/** @throws Problem 404 */
async function deliveryIn(
  tenant: string,
  id: string,
  world: World,
): Promise<{ event: AcceptedEvent | ErasedEvent; subscriptionId: string }> {
  const acceptedAt = acceptedAtOf(id);
  const then = acceptedAt === undefined ? [] : await world.events.ofMoment(tenant, acceptedAt);
  for (const { event_id: eventId, accepted_at } of then) {
    const matched = await world.events.matched(tenant, eventId);
    const subscriptionId = matched?.subscriptions.find(
      (one) => deliveryId({ tenant, eventId, acceptedAt: accepted_at, subscriptionId: one }) === id,
    );
    const event = subscriptionId === undefined ? undefined : await world.events.find(tenant, eventId);
    if (event !== undefined && subscriptionId !== undefined) return { event, subscriptionId };
  }
  throw problems.notFound();
}

/** Each is a change of its subscription: whoever has more of them replays a range for each instead. */
const MOST_REPLAYED = 100;

/** Whom the event goes to once more: who is named, or everybody it matched who can get it. @throws Problem 404, 409, 422 */
async function againFor(event: AcceptedEvent, named: string | undefined, world: World): Promise<string[]> {
  const ids = (await world.events.matched(event.tenant, event.event_id))?.subscriptions ?? [];
  if (named !== undefined) {
    if (!ids.includes(named)) throw problems.notFound();
    return [named];
  }
  if (ids.length > MOST_REPLAYED) {
    const detail = `must name one of the ${ids.length} that the event matched: more than ${MOST_REPLAYED} are not replayed at once`;
    throw problems.invalid([{ pointer: '/subscription_id', detail }]);
  }
  const found = await Promise.all(ids.map((id) => world.subscriptions.find(event.tenant, id)));
  return found.flatMap((one) => (one === undefined || one.status === 'disabled' ? [] : one.id));
}

/** A run for each of them, as text. @throws Problem 404, 409, 422 */
async function makeRuns(event: AcceptedEvent | ErasedEvent, named: string | undefined, world: World): Promise<string> {
  if (event.body === undefined) throw problems.eventErased();
  const made: z.infer<typeof Runs> = [];
  for (const subscription_id of await againFor(event, named, world)) {
    const { runs: run } = await nextRun(() => subscriptionOf(event.tenant, subscription_id, world), world);
    made.push({ subscription_id, run });
  }
  return JSON.stringify(made);
}

const Runs = z.array(z.object({ subscription_id: z.string(), run: z.number() }));

/** In the same run a delivery is made once, however often it is asked for: its attempts are claimed. */
async function replay(request: Request, world: World): Promise<Answer> {
  const { subscription_id: named } = request.body(replayEvent.body.schema);
  const event = await found(request, world);
  const { tenant, event_id, accepted_at: acceptedAt } = event;
  const asked = { kind: 'replay of an event', said: [event_id, named] };
  const runs = Runs.parse(JSON.parse(await once(request, asked, () => makeRuns(event, named, world), world)));
  for (const { subscription_id, run } of runs) {
    await world.ask({ v: 1, kind: 'resend', tenant, subscription_id, event_id, run }, 0);
  }
  world.note('event.replayed', { tenant, event_id, deliveries: runs.length });
  const deliveries = runs.map(({ subscription_id }) => ({
    delivery_id: deliveryId({ tenant, eventId: event_id, acceptedAt, subscriptionId: subscription_id }),
    subscription_id,
  }));
  return { status: 202, body: { event_id, deliveries } };
}

export const routes: readonly Route<World>[] = [
  { operation: listEvents, answer: list },
  { operation: getEvent, answer: show },
  { operation: listDeliveries, answer: deliveries },
  { operation: replayEvent, answer: replay },
  { operation: getDelivery, answer: showDelivery },
];
