import type { Route } from '../../shared/runtime/http.ts';
import { routes as accessKeys } from './access-keys.ts';
import { audited } from './audit.ts';
import { routes as deadLetters } from './dead-letters.ts';
import { routes as eventTypes } from './event-types.ts';
import { routes as events } from './events.ts';
import { routes as figures } from './figures.ts';
import { routes as filters } from './filters.ts';
import { routes as replays } from './replays.ts';
import { routes as secrets } from './secrets.ts';
import { routes as subscriptions } from './subscriptions.ts';
import { routes as tests } from './tests.ts';
import { routes as waiting } from './waiting.ts';
import type { World } from './world.ts';

const health: Route<World> = {
  method: 'GET',
  path: '/healthz',
  needs: 'open',
  answer: async () => ({ status: 200, body: { status: 'ok' } }),
};

/** All that the control plane answers; every change leaves its line. */
export const routes: readonly Route<World>[] = [
  ...subscriptions,
  ...secrets,
  ...filters,
  ...tests,
  ...waiting,
  ...deadLetters,
  ...replays,
  ...events,
  ...figures,
  ...accessKeys,
  ...eventTypes,
  health,
].map(audited);
