import catalogue from '#catalogue';
import type { Catalogue } from '../../shared/catalogue/define.ts';
import { asyncApi } from '../../shared/contract/asyncapi.ts';
import { openApi } from '../../shared/contract/openapi.ts';
import type { Operation } from '../../shared/contract/operation.ts';
import { getAsyncApi, getHealth, getOpenApi } from '../../shared/contract/service.ts';
import { VERSION } from '../../shared/domain/version.ts';
import type { Route } from '../../shared/runtime/http.ts';
import { wishes } from './wishes.ts';
import type { World } from './world.ts';

const NOTHING: Catalogue = { groups: {}, eventTypes: {} };

/** The text is made when first asked for, and once: it takes some 200 ms and has half a megabyte. */
function once<T>(make: (of: T) => unknown): (of: T) => string {
  let text: string | undefined;
  return (of) => (text ??= JSON.stringify(make(of)));
}

const asyncApiText = once(() => asyncApi({ version: VERSION, catalogue }));

/** What subscribers receive, with the schema of every event type. */
export const asyncApiRoute: Route<World> = {
  operation: getAsyncApi,
  answer: async (_, world) => ({ status: 200, json: asyncApiText(world) }),
};

/** What tells of the service itself. @param operations all that callers may ask for, these included */
export function serviceRoutes(operations: () => readonly Operation[], access: 'open' | 'key'): readonly Route<World>[] {
  // Where the catalogue needs a key, its types and schemas do not stand in a document that needs none.
  const shown = access === 'open' ? { catalogue, wishes: [...wishes] } : { catalogue: NOTHING, wishes: [] };
  const openApiText = once(({ policy }: World) => openApi(operations(), { version: VERSION, ...shown, ...policy }));
  return [
    { operation: getOpenApi, answer: async (_, world) => ({ status: 200, json: openApiText(world) }) },
    { operation: getHealth, answer: async () => ({ status: 200, body: { status: 'ok' } }) },
  ];
}
