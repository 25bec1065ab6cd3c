import type * as z from 'zod';
import type { Item } from './database.ts';

/** Hears of an item that nobody can read. */
export type Report = (error: Error) => void;

/** Who hears of what fails nothing: items that nobody can read, and counts that were not kept. */
export interface Reports {
  unreadable?: Report;
  uncounted?: Report;
}

/** Loud where nobody asked to hear of it. */
export const warn: Report = ({ message, cause }) => process.emitWarning(message, { detail: String(cause) });

/**
 * What the item says, or undefined where it was damaged or is of a release that we know nothing of. That is reported and not
 * thrown: one such item in a list must not keep all the others from being found.
 */
export function readable<T>(schema: z.ZodType<T>, item: Item, report: Report): T | undefined {
  const { data, error } = schema.safeParse(item);
  if (error !== undefined)
    report(new Error(`item ${String(item.pk)} ${String(item.sk)} makes no sense`, { cause: error }));
  return data;
}
