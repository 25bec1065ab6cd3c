import middy from '@middy/core';
import { router } from '../../shared/runtime/http.ts';
import { showProblems } from '../../shared/runtime/show-problems.ts';
import { world } from './live-world.ts';
import { routes } from './routes.ts';

/** The gateway sends these to ingest, and every other method on their paths to here. */
const INGEST = [
  { method: 'POST', path: '/v1/tenants/{tenant}/events' },
  { method: 'POST', path: '/v1/tenants/{tenant}/events/batch' },
] as const;

const serve = router(routes, world.accessKeys.authenticate, INGEST);

/** The control plane: every route that ingest has not. */
export const handler = middy()
  .use(showProblems())
  .handler((event) => serve(event, world));
