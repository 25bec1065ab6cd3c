import type { Route } from '../../shared/runtime/http.ts';
import type { World } from './world.ts';

/** What changes something, or shows what nobody else may see. */
const isAudited = ({ operation: { method, needs } }: Route<World>): boolean =>
  needs.endsWith(':write') || (method !== 'GET' && !needs.endsWith(':read'));

/** The route, which leaves one line when it has been answered: who did what to whom. Refusals leave theirs elsewhere. */
export function audited(route: Route<World>): Route<World> {
  if (!isAudited(route)) return route;
  return {
    ...route,
    async answer(request, world) {
      const answer = await route.answer(request, world);
      const { tenant = null, id = null, delivery = null, replay = null } = request.params;
      world.note('control.audit', {
        key_id: request.key.id,
        did: `${route.operation.method} ${route.operation.path}`,
        tenant,
        id: id ?? idIn(answer.headers?.location),
        ...(delivery !== null && { delivery_id: delivery }),
        ...(replay !== null && { replay_id: replay }),
        status: answer.status,
        request_id: request.requestId,
      });
      return answer;
    },
  };
}

/** Of what was made. */
const idIn = (location: string | undefined): string | null => location?.split('/').at(-1) ?? null;
