import middy from '@middy/core';
import { router } from '../../shared/runtime/http.ts';
import { showProblems } from '../../shared/runtime/show-problems.ts';
import { authenticate, world } from './live-world.ts';
import { routes } from './routes.ts';

const serve = router(routes, authenticate);

/** POST /v1/tenants/{tenant}/events and /events/batch */
export const handler = middy()
  .use(showProblems())
  .handler((event) => serve(event, world));
