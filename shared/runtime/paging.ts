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
const nameOf = ({ params, query }: Request, route: string): string => {
  const { cursor: _cursor, limit: _limit, ...filters } = query;
  return JSON.stringify([route, Object.entries(params).toSorted(), Object.entries(filters).toSorted()]);
};

/** What the request filters a list by, or asks for. Of a strict schema, only what that names. @throws Problem 400 */
export function filtersIn<T>({ query }: Request, filters: z.ZodType<T>): T {
  const { success, data, error } = filters.safeParse(query);
  if (success) return data;
  const [issue] = error.issues;
  if (issue?.code === 'unrecognized_keys') throw problems.badQuery(issue.keys[0] ?? '', 'is not a parameter here');
  throw problems.badQuery(String(issue?.path[0]), issue?.message ?? 'is wrong');
}

/**
 * Reads a page by the request's `limit` and `cursor`, and answers it as every list does.
 *
 * @throws Problem 400 for a bad limit, a forged cursor or one of another list, an unknown parameter
 */
export async function paged(
  request: Request,
  list: { route: string; signingKey: () => Promise<Buffer>; filters?: readonly string[] },
  read: (page: Page) => Promise<{ items: readonly unknown[]; after: string | undefined }>,
): Promise<{ items: readonly unknown[]; next_cursor: string | null }> {
  const unknown = Object.keys(request.query).find(
    (name) => !['limit', 'cursor', ...(list.filters ?? [])].includes(name),
  );
  if (unknown !== undefined) throw problems.badQuery(unknown, 'is not a parameter of this list');
  const limit = Limit.safeParse(request.query.limit ?? String(DEFAULT_LIMIT));
  if (!limit.success) throw problems.badQuery('limit', 'must be a whole number from 1 to 100');

  const signed = { name: nameOf(request, list.route), key: await list.signingKey() };
  const { cursor } = request.query;
  const after = cursor === undefined ? undefined : positionIn(signed, cursor);
  if (cursor !== undefined && after === undefined) throw problems.badCursor();

  const page = await read({ limit: limit.data, after });
  return { items: page.items, next_cursor: page.after === undefined ? null : cursorAt(signed, page.after) };
}
