import middy from '@middy/core';
import { router, type Route } from '../../shared/runtime/http.ts';
import { showProblems } from '../../shared/runtime/show-problems.ts';
import { routes as accessKeys } from './access-keys.ts';
import { audited } from './audit.ts';
import { routes as deadLetters } from './dead-letters.ts';
import { routes as eventTypes } from './event-types.ts';
import { routes as events } from './events.ts';
import { world } from './live-world.ts';
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

/** The gateway sends these to ingest, and every other method on their paths to here. */
const INGEST = [
  { method: 'POST', path: '/v1/tenants/{tenant}/events' },
  { method: 'POST', path: '/v1/tenants/{tenant}/events/batch' },
] as const;

const routes = [
  ...subscriptions,
  ...secrets,
  ...filters,
  ...tests,
  ...waiting,
  ...deadLetters,
  ...replays,
  ...events,
  ...accessKeys,
  ...eventTypes,
  health,
];
const serve = router(routes.map(audited), world.accessKeys.authenticate, INGEST);

/** The control plane: every route that ingest has not. */
export const handler = middy()
  .use(showProblems())
  .handler((event) => serve(event, world));
