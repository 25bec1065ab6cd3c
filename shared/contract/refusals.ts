import * as z from 'zod';
import { Problem, problems } from '../domain/problem.ts';
import { named, pathParameters, type Operation, type Refusal } from './operation.ts';

/** RFC 9457. */
export const ProblemDocument = named(
  'Problem',
  z.object({
    type: z.string().describe('A URN that names the kind of problem.'),
    title: z.string(),
    status: z.number().int(),
    code: z.string().describe('Stable, for programs.'),
    detail: z.string().describe('What to do, for people.'),
    errors: z
      .array(
        z.union([
          z.object({ pointer: z.string().describe('JSON Pointer into the body.'), detail: z.string() }),
          z.object({ parameter: z.string().describe('Of the path, the query or the headers.'), detail: z.string() }),
        ]),
      )
      .optional(),
    request_id: z.string(),
  }),
);

/** One of each, for the reference. */
export const EXAMPLES: Readonly<Record<Refusal, Problem>> = {
  malformedJson: problems.malformedJson('Unexpected end of JSON input'),
  badQuery: problems.badQuery('limit', 'must be a whole number from 1 to 100'),
  badCursor: problems.badCursor(),
  unauthorized: problems.unauthorized(),
  missingScope: problems.missingScope('subscriptions:write'),
  notFound: problems.notFound(),
  noSuchEventType: problems.noSuchEventType('Order.Placd', 'Order.Placed'),
  methodNotAllowed: problems.methodNotAllowed(['GET', 'POST']),
  idempotencyConflict: problems.idempotencyConflict('evt-1'),
  eventErased: problems.eventErased(),
  tenantHasKeys: problems.tenantHasKeys(2),
  tenantBeingErased: problems.tenantBeingErased(),
  lastAdminKey: problems.lastAdminKey(),
  conflict: problems.conflict('The subscription is disabled: enable it first.'),
  stale: problems.stale(),
  tooLarge: problems.tooLarge('262144 bytes'),
  notJson: problems.notJson('application/json'),
  invalid: problems.invalid([{ pointer: '/name', detail: 'must be 1 to 256 characters' }]),
  duplicateMember: problems.duplicateMember('/data/id'),
  nestingTooDeep: problems.nestingTooDeep('/data/a'),
  unknownEventType: problems.unknownEventType('Order.Placd', 'Order.Placed'),
  schemaMismatch: problems.schemaMismatch('Order.Placed', [{ pointer: '/data/id', detail: 'must be a string' }]),
  urlRefused: problems.urlRefused('The URL must be https and lead to a public address.'),
  rateLimited: problems.rateLimited(2),
  testedTooOften: problems.testedTooOften(12),
  internal: problems.internal(),
};

/** What follows from the shape of an operation. */
function* shapeRefusals({ needs, path, pages, query, headers, body }: Operation): Generator<Refusal> {
  const params = pathParameters(path);
  if (needs !== 'open') yield 'unauthorized';
  if (needs !== 'open' && needs !== 'any') yield 'missingScope';
  if (params.length > 0) yield 'notFound';
  // A body is the caller's to get right, and so are the ids of a path.
  if (params.length > 0 || body !== undefined || headers?.includes('idempotency-key') === true) yield 'invalid';
  if (pages !== undefined || query !== undefined) yield 'badQuery';
  if (pages !== undefined) yield 'badCursor';
  if (body !== undefined) yield* ['malformedJson', 'notJson', 'tooLarge', 'duplicateMember'] as const;
  yield 'internal';
}

/** All that an operation may answer beside its success, by status. */
export function refusalsOf(operation: Operation): Map<number, Refusal[]> {
  const all = new Set([...shapeRefusals(operation), ...(operation.refusals ?? [])]);
  return Map.groupBy(all, (refusal) => EXAMPLES[refusal].status);
}
