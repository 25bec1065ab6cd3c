import { readRange, type Item, type Range, type Table } from './database.ts';

/** A page over several partitions that share a list among them. */
export interface MergedRange extends Omit<Range, 'pk' | 'prefix'> {
  order: 'newest' | 'oldest';
  limit: number;
  /** How many to read of each partition; `limit` by default, with which no page is short of what there is. */
  each?: number;
}

/**
 * One page of a list that is spread over partitions, in the order of the sort keys of all of them. Every partition is read as far
 * as its own page goes, so all is known only up to the nearest of these ends, and the page ends there. Of two items with one sort
 * key, that of the later partition counts.
 */
export async function mergedPage(
  table: Table,
  pks: readonly string[],
  range: MergedRange,
): Promise<{ items: Item[]; after: string | undefined }> {
  const sign = range.order === 'oldest' ? 1 : -1;
  const order = (a: string, b: string): number => (a === b ? 0 : a < b ? -sign : sign);
  const { each = range.limit } = range;
  const pages = await Promise.all(pks.map((pk) => readRange(table, { ...range, limit: each, pk })));
  const [end] = pages.flatMap(({ after }) => after ?? []).toSorted(order);
  const known = [...new Map(pages.flatMap(({ items }) => items.map((item) => [String(item.sk), item])))]
    .filter(([sk]) => end === undefined || order(sk, end) <= 0)
    .toSorted(([a], [b]) => order(a, b));
  const shown = known.slice(0, range.limit);
  return {
    items: shown.map(([, item]) => item),
    after: shown.length < known.length ? shown.at(-1)?.[0] : end,
  };
}
