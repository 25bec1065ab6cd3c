import middy from '@middy/core';
import { router } from '../../shared/runtime/http.ts';
import { showProblems } from '../../shared/runtime/show-problems.ts';
import { authenticate, world } from './live-world.ts';
import { INGEST, routes } from './routes.ts';

const serve = router(routes, authenticate, INGEST);

/** The control plane: every route that ingest has not. */
export const handler = middy()
  .use(showProblems())
  .handler((event) => serve(event, world));
