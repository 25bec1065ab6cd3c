import { acceptedAtOf, deliveryId } from '../../shared/domain/id.ts';
import { problems } from '../../shared/domain/problem.ts';
import type { Subscription } from '../../shared/domain/subscription.ts';
import type { Request } from '../../shared/runtime/http.ts';
import type { Timed } from '../../shared/store/events.ts';
import type { World } from './world.ts';

/** The subscription that the path names. @throws Problem 404 */
export const subscriptionIn = ({ params: { tenant = '', id = '' } }: Request, world: World): Promise<Subscription> =>
  subscriptionOf(tenant, id, world);

/** @throws Problem 404 */
export async function subscriptionOf(tenant: string, id: string, world: World): Promise<Subscription> {
  const subscription = await world.subscriptions.find(tenant, id);
  if (subscription === undefined) throw problems.notFound();
  return subscription;
}

/** The event whose delivery to the subscription the path names: a delivery's id holds the moment when that was accepted. @throws Problem 404 */
export async function deliveredIn(request: Request, { tenant, id }: Subscription, world: World): Promise<Timed> {
  const { delivery = '' } = request.params;
  const acceptedAt = acceptedAtOf(delivery);
  const then = acceptedAt === undefined ? [] : await world.events.ofMoment(tenant, acceptedAt);
  const event = then.find(
    ({ event_id: eventId, accepted_at }) =>
      deliveryId({ tenant, eventId, acceptedAt: accepted_at, subscriptionId: id }) === delivery,
  );
  if (event === undefined) throw problems.notFound();
  return event;
}
