import * as z from 'zod';
import { cursorAt, positionIn } from '../domain/cursor.ts';
import { problems } from '../domain/problem.ts';
import type { Request } from './http.ts';

/** The page a caller asks for. */
export interface Page {
  limit: number;
  after: string | undefined;
}

const DEFAULT_LIMIT = 50;
const Limit = z
  .string()
  .regex(/^[0-9]+$/)
  .transform(Number)
  .pipe(z.number().min(1).max(100));

/** What makes this list another one than the same route with other filters. */
const nameOf = ({ operation, params, query }: Request): string => {
  const { cursor: _cursor, limit: _limit, ...filters } = query;
  return JSON.stringify([operation.id, Object.entries(params).toSorted(), Object.entries(filters).toSorted()]);
};

/** What the request asks by, beside the page. @throws Problem 400 for a bad value or an unknown parameter */
export function queryIn<T>(request: Request, schema: z.ZodType<T>): T {
  if (request.operation.query !== schema) throw new Error(`${request.operation.id} has another query in the contract`);
  expectKnown(request);
  const { success, data, error } = schema.safeParse(request.query);
  if (success) return data;
  const [issue] = error.issues;
  throw problems.badQuery(String(issue?.path[0]), issue?.message ?? 'is wrong');
}

/** @throws Problem 400 */
function expectKnown({ operation, query }: Request): void {
  const known = [...(operation.pages === undefined ? [] : PAGE), ...Object.keys(operation.query?.shape ?? {})];
  const unknown = Object.keys(query).find((name) => !known.includes(name));
  if (unknown !== undefined) throw problems.badQuery(unknown, 'is not a parameter here');
}

const PAGE = ['limit', 'cursor'];

/**
 * Reads a page by the request's `limit` and `cursor`, and answers it as every list does.
 *
 * @throws Problem 400 for a bad limit, a forged cursor or one of another list, an unknown parameter
 */
export async function paged(
  request: Request,
  signingKey: () => Promise<Buffer>,
  read: (page: Page) => Promise<{ items: readonly unknown[]; after: string | undefined }>,
): Promise<{ items: readonly unknown[]; next_cursor: string | null }> {
  expectKnown(request);
  const limit = Limit.safeParse(request.query.limit ?? String(DEFAULT_LIMIT));
  if (!limit.success) throw problems.badQuery('limit', 'must be a whole number from 1 to 100');

  const signed = { name: nameOf(request), key: await signingKey() };
  const { cursor } = request.query;
  const after = cursor === undefined ? undefined : positionIn(signed, cursor);
  if (cursor !== undefined && after === undefined) throw problems.badCursor();

  const page = await read({ limit: limit.data, after });
  return { items: page.items, next_cursor: page.after === undefined ? null : cursorAt(signed, page.after) };
}
