import type { z } from 'zod';
import { problems, type Fault } from '../domain/problem.ts';

const escapePart = (part: PropertyKey): string => String(part).replaceAll('~', '~0').replaceAll('/', '~1');
const pointerTo = (path: readonly PropertyKey[]): string => path.map((part) => `/${escapePart(part)}`).join('');

/** Where a value is wrong, as JSON Pointers below `base`; a member that must not be there is named itself. */
export function faultsOf(error: z.ZodError, base = ''): Fault[] {
  return error.issues.flatMap((issue) =>
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
