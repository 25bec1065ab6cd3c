import { testFilter } from '../../shared/contract/subscriptions.ts';
import { compilePattern, matches, PatternError, type Pattern } from '../../shared/domain/filter.ts';
import { problems, type Fault } from '../../shared/domain/problem.ts';
import type { Answer, Request, Route } from '../../shared/runtime/http.ts';
import type { World } from './world.ts';

const LONGEST_FILTER = 8 * 1024;

type Filter = Record<string, unknown>;

/** The filter as it can be matched, or what is wrong with it. */
function compiled(filter: Filter): Pattern | Fault[] {
  try {
    // First, because it refuses the depths at which printing the filter would fail.
    const pattern = compilePattern(filter);
    const bytes = Buffer.byteLength(JSON.stringify(filter));
    return bytes > LONGEST_FILTER
      ? [{ pointer: '/filter', detail: `must be ${LONGEST_FILTER} bytes at most` }]
      : pattern;
  } catch (error) {
    if (!(error instanceof PatternError)) throw error;
    return [{ pointer: `/filter${error.pointer}`, detail: error.detail }];
  }
}

/** What is wrong with the filter that a subscription is to have. */
export function faultsInFilter(filter: Filter | null): Fault[] {
  const pattern = filter === null ? [] : compiled(filter);
  return Array.isArray(pattern) ? pattern : [];
}

/** As deep as an event's data may be, and the members of its envelope. */
const MOST_NESTED = 102;

/** Whether anything in it is nested deeper than that; it goes by levels, for a body may have ten thousand. */
function isTooDeep(value: unknown): boolean {
  let level: unknown[] = [value];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > MOST_NESTED) return true;
    level = level.flatMap((one): unknown[] => (typeof one === 'object' && one !== null ? Object.values(one) : []));
  }
  return false;
}

/** Whether a filter would let an event through: for whoever writes one, before a subscription has it. */
async function tryFilter(request: Request): Promise<Answer> {
  const { filter, event } = request.body(testFilter.body.schema);
  const pattern = compiled(filter);
  if (Array.isArray(pattern)) throw problems.invalid(pattern);
  if (isTooDeep(event)) throw problems.invalid([{ pointer: '/event', detail: 'is nested too deep' }]);
  return { status: 200, body: { matches: matches(pattern, event) } };
}

export const routes: readonly Route<World>[] = [{ operation: testFilter, answer: tryFilter }];
