import catalogue from '#catalogue';
import { asyncApi } from '../../shared/contract/asyncapi.ts';
import { openApi } from '../../shared/contract/openapi.ts';
import type { Operation } from '../../shared/contract/operation.ts';
import { getAsyncApi, getHealth, getOpenApi } from '../../shared/contract/service.ts';
import { VERSION } from '../../shared/domain/version.ts';
import type { Route } from '../../shared/runtime/http.ts';
import { wishes } from './wishes.ts';
import type { World } from './world.ts';

/** The text is made when first asked for, and once: it takes some milliseconds and has 200 KB. */
function once<T>(make: (of: T) => unknown): (of: T) => string {
  let text: string | undefined;
  return (of) => (text ??= JSON.stringify(make(of)));
}

/** What tells of the service itself. @param operations all that callers may ask for, these included */
export function serviceRoutes(operations: () => readonly Operation[]): readonly Route<World>[] {
  const openApiText = once(({ targets }: World) =>
    openApi(operations(), { version: VERSION, catalogue, wishes: [...wishes], targets }),
  );
  const asyncApiText = once(() => asyncApi({ version: VERSION, catalogue }));
  return [
    { operation: getOpenApi, answer: async (_, world) => ({ status: 200, json: openApiText(world) }) },
    { operation: getAsyncApi, answer: async (_, world) => ({ status: 200, json: asyncApiText(world) }) },
    { operation: getHealth, answer: async () => ({ status: 200, body: { status: 'ok' } }) },
  ];
}
