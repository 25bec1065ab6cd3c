import * as z from 'zod';
import { named, type Operation } from './operation.ts';

export const getHealth = {
  id: 'getHealth',
  tag: 'Service',
  method: 'GET',
  path: '/healthz',
  needs: 'open',
  summary: 'Tell that the API answers',
  answer: {
    status: 200,
    description: 'It does.',
    schema: named('Health', z.object({ status: z.literal('ok') })),
    example: { status: 'ok' },
  },
} as const satisfies Operation;

const Document = z.record(z.string(), z.unknown());

export const getOpenApi = {
  id: 'getOpenApi',
  tag: 'Service',
  method: 'GET',
  path: '/openapi.json',
  needs: 'open',
  summary: 'Describe this API as OpenAPI 3.1',
  answer: {
    status: 200,
    description: 'This document.',
    schema: named('OpenApiDocument', Document.describe('https://spec.openapis.org/oas/v3.1.1')),
    example: { openapi: '3.1.1' },
  },
} as const satisfies Operation;

export const getAsyncApi = {
  id: 'getAsyncApi',
  tag: 'Service',
  method: 'GET',
  path: '/asyncapi.json',
  needs: 'open',
  summary: 'Describe what subscribers receive as AsyncAPI 3.0',
  answer: {
    status: 200,
    description: 'The document: a message for every event type.',
    schema: named(
      'AsyncApiDocument',
      Document.describe('https://www.asyncapi.com/docs/reference/specification/v3.0.0'),
    ),
    example: { asyncapi: '3.0.0' },
  },
} as const satisfies Operation;
