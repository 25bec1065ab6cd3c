import middy from '@middy/core';
import { router } from '../../shared/runtime/http.ts';
import { showProblems } from '../../shared/runtime/show-problems.ts';
import { authenticate, serves, world } from './live-world.ts';
import { elsewhereWhere, routesWhere } from './routes.ts';

const serve = router(routesWhere(serves), authenticate, elsewhereWhere(serves));

/** The control plane: every route that ingest has not. */
export const handler = middy()
  .use(showProblems())
  .handler((event) => serve(event, world));
