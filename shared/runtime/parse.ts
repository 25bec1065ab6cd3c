import type * as z from 'zod';
import { problems, type Fault } from '../domain/problem.ts';

const escapePart = (part: PropertyKey): string => String(part).replaceAll('~', '~0').replaceAll('/', '~1');
const pointerTo = (path: readonly PropertyKey[]): string => path.map((part) => `/${escapePart(part)}`).join('');

type Issue = z.core.$ZodIssue;

/** A body can be wrong in a hundred thousand places; nobody reads more than these. */
const MOST_FAULTS = 20;

const depthOf = (issues: readonly Issue[]): number =>
  issues.reduce((depth, { path }) => Math.max(depth, path.length), 0);

/**
 * A union says only that none of its options fits. What helps is the fault of the option that came furthest (the first of
 * equals), because that is the one the caller meant: its member is named, not the object around it.
 */
function meant(issue: Issue): Issue[] {
  if (issue.code !== 'invalid_union' || issue.errors.length === 0) return [issue];
  const options = issue.errors.map((issues) => issues.slice(0, MOST_FAULTS).flatMap(meant));
  const furthest = options.reduce((best, option) => (depthOf(option) > depthOf(best) ? option : best));
  return furthest.map((inner) => ({ ...inner, path: [...issue.path, ...inner.path] }));
}

/** Where a value is wrong (the first twenty places), as JSON Pointers below `base`; a member that must not be there is named itself. */
export function faultsOf(error: z.ZodError, base = ''): Fault[] {
  return error.issues
    .slice(0, MOST_FAULTS)
    .flatMap(meant)
    .slice(0, MOST_FAULTS)
    .flatMap((issue) =>
      issue.code === 'unrecognized_keys'
        ? issue.keys.map((key) => ({
            pointer: base + pointerTo([...issue.path, key]),
            detail: 'is not a member that can be set',
          }))
        : [{ pointer: base + pointerTo(issue.path), detail: issue.message }],
    );
}

/** The value, typed. @throws Problem 422 with a pointer for every fault */
export function parsed<T>(schema: z.ZodType<T>, value: unknown): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw problems.invalid(faultsOf(result.error));
}
