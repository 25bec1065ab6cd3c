import catalogue from '#catalogue';
import { INGEST, routes } from '../../lambdas/api/routes.ts';
import { wishes } from '../../lambdas/api/wishes.ts';
import { asyncApi } from '../../shared/contract/asyncapi.ts';
import { openApi } from '../../shared/contract/openapi.ts';
import type { Operation } from '../../shared/contract/operation.ts';
import { VERSION } from '../../shared/domain/version.ts';

/** All that callers may ask for, whoever answers it. */
export const operations: readonly Operation[] = [...INGEST, ...routes.map(({ operation }) => operation)];

/** Of the catalogue that the project comes with, where it is deployed. */
export const ours = { version: VERSION, catalogue, wishes: [...wishes], targets: 'public' } as const;

export const openApiDocument = openApi(operations, ours);

/** Of any deployment, whatever its catalogue. */
export const anyOpenApiDocument = openApi(operations, {
  version: VERSION,
  catalogue: { groups: {}, eventTypes: {} },
  wishes: [],
  targets: 'public',
});

export const asyncApiDocument = asyncApi({ version: VERSION, catalogue });
