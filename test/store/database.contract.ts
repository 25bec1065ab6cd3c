import { describe, expect, test } from '@jest/globals';
import {
  countOf,
  gatheredWrites,
  keyPages,
  readAll,
  readRange,
  writeAll,
  type Item,
  type Range,
} from '../../shared/store/database.ts';
import type { TestTable } from '../support/dynamodb.ts';
import { AT } from '../support/make.ts';

const item = (sk: string, more: Item = {}): { put: Item } => ({ put: { pk: 'P', sk, ...more } });
const numbered = (count: number, more: Item = {}): { put: Item }[] =>
  Array.from({ length: count }, (_, i) => item(`k${String(i).padStart(3, '0')}`, more));

const keysOf = (items: readonly { sk?: unknown }[]): unknown[] => items.map(({ sk }) => sk);
const all = async (table: TestTable, range: Partial<Range> = {}): Promise<unknown[]> =>
  keysOf(await Array.fromAsync(readAll(table, { pk: 'P', consistent: 'yes', ...range })));

/** What the pages hold, one after the other. */
async function pagesOf(table: TestTable, range: Partial<Range>): Promise<unknown[][]> {
  const pages: unknown[][] = [];
  let after: string | undefined;
  do {
    const page = await readRange(table, { pk: 'P', ...range, after });
    pages.push(keysOf(page.items));
    after = page.after;
  } while (after !== undefined);
  return pages;
}

const EXPIRED = { expires_at: Date.parse(AT) / 1000 - 0.89 };
const LIVE = { expires_at: EXPIRED.expires_at + 1 };

export const databaseContract = (backend: string, open: () => Promise<TestTable>) =>
  describe(`a table on ${backend}`, () => {
    test('is read in the order of its sort keys, from either end', async () => {
      const table = await open();
      await writeAll(table, [item('b'), item('a'), item('B'), item('10'), item('9'), item('~')]);
      expect(await all(table)).toEqual(['10', '9', 'B', 'a', 'b', '~']);
      expect(await all(table, { order: 'newest' })).toEqual(['~', 'b', 'a', 'B', '9', '10']);
    });

    test.each<[string, Partial<Range>, unknown[][]]>([
      ['in pages', { limit: 2 }, [['a', 'b'], ['c', 'd'], ['e']]],
      ['from the newest', { limit: 2, order: 'newest' }, [['e', 'd'], ['c', 'b'], ['a']]],
      ['one by one', { limit: 1 }, [['a'], ['b'], ['c'], ['d'], ['e']]],
      ['in one page that it fills', { limit: 5 }, [['a', 'b', 'c', 'd', 'e']]],
      ['in one page that it does not fill', { limit: 6 }, [['a', 'b', 'c', 'd', 'e']]],
      ['without a limit', {}, [['a', 'b', 'c', 'd', 'e']]],
    ])('is read %s, each item once', async (_, range, pages) => {
      const table = await open();
      await writeAll(
        table,
        ['a', 'b', 'c', 'd', 'e'].map((sk) => item(sk)),
      );
      expect(await pagesOf(table, range)).toEqual(pages);
    });

    test('goes on behind a position, and not at it, whether it is still there or not', async () => {
      const table = await open();
      await writeAll(
        table,
        ['a', 'b', 'd'].map((sk) => item(sk)),
      );
      expect(await all(table, { after: 'b' })).toEqual(['d']);
      expect(await all(table, { after: 'c' })).toEqual(['d']);
      expect(await all(table, { after: 'b', order: 'newest' })).toEqual(['a']);
      expect(await all(table, { after: 'c', order: 'newest' })).toEqual(['b', 'a']);
      expect(await pagesOf(table, { after: 'c', limit: 2, order: 'newest' })).toEqual([['d', 'b'], ['a']]);
    });

    test('shows a stretch that starts with the same characters, up to the highest', async () => {
      const table = await open();
      await writeAll(
        table,
        ['a', 'x#', 'x#1', 'x#\u{10fffe}', 'x#~', 'x$', 'w'].map((sk) => item(sk)),
      );
      expect(await all(table, { prefix: 'x#' })).toEqual(['x#', 'x#1', 'x#~', 'x#\u{10fffe}']);
      expect(await all(table, { prefix: 'x#', order: 'newest' })).toEqual(['x#\u{10fffe}', 'x#~', 'x#1', 'x#']);
      expect(await all(table, { prefix: 'x#', after: 'x#1' })).toEqual(['x#~', 'x#\u{10fffe}']);
      expect(await all(table, { prefix: 'x#', after: 'x#1', order: 'newest' })).toEqual(['x#']);
    });

    test('shows a stretch from one sort key up, and to another, and nothing when it ends before it begins', async () => {
      const table = await open();
      await writeAll(
        table,
        ['a', 'b', 'c', 'd'].map((sk) => item(sk)),
      );
      expect(await all(table, { from: 'b' })).toEqual(['b', 'c', 'd']);
      expect(await all(table, { from: 'b', order: 'newest' })).toEqual(['d', 'c', 'b']);
      expect(await all(table, { from: 'b', after: 'd', order: 'newest' })).toEqual(['c', 'b']);
      expect(await pagesOf(table, { from: 'b', order: 'newest', limit: 2 })).toEqual([['d', 'c'], ['b']]);
      expect(await all(table, { from: 'c', after: 'b', order: 'newest' })).toEqual([]);
    });

    test('shows one partition, and nothing where there is none', async () => {
      const table = await open();
      await writeAll(table, [item('a'), { put: { pk: 'Q', sk: 'a' } }, { put: { pk: 'PP', sk: 'a' } }]);
      expect(await all(table)).toEqual(['a']);
      expect(await readRange(table, { pk: 'nowhere', limit: 3 })).toEqual({ items: [], after: undefined });
    });

    test('is read whole when it is larger than what one answer holds', async () => {
      const table = await open();
      await writeAll(table, numbered(30, { text: 'x'.repeat(100_000) }));
      expect(await all(table)).toHaveLength(30);
      expect(await all(table, { order: 'newest' })).toHaveLength(30);
      expect((await pagesOf(table, { limit: 20 })).flat()).toEqual(keysOf(numbered(30).map(({ put }) => put)));
    });

    test('leaves out what has expired, though it is still there', async () => {
      const table = await open();
      await writeAll(table, [item('a', EXPIRED), item('b', LIVE), item('c'), item('d', EXPIRED), item('e', EXPIRED)]);
      expect(await all(table)).toEqual(['b', 'c']);
      expect(await pagesOf(table, { limit: 2 })).toEqual([['b'], ['c'], []]);
      table.clock.advance(-1);
      expect(await all(table)).toEqual(['a', 'b', 'c', 'd', 'e']);
      table.clock.advance(1.109);
      expect(await all(table)).toEqual(['b', 'c']);
      table.clock.advance(0.001);
      expect(await all(table)).toEqual(['c']);
    });

    test('shows the attributes that are asked for, and knows what has expired all the same', async () => {
      const table = await open();
      await writeAll(table, [item('a', { ...LIVE, name: 'x', data: 'y' }), item('b', { ...EXPIRED, name: 'x' })]);
      const { items } = await readRange(table, { pk: 'P', only: ['name'] });
      expect(items).toEqual([{ pk: 'P', sk: 'a', name: 'x', ...LIVE }]);
    });

    test('tells every key of a stretch, of what has expired as well, while whoever asks takes them away', async () => {
      const table = await open();
      await writeAll(table, [...numbered(40), ...[item('x1', EXPIRED), item('x2')], { put: { pk: 'Q', sk: 'k000' } }]);
      const pages: string[][] = [];
      for await (const page of keyPages(table, { pk: 'P' }, 15)) {
        pages.push(keysOf(page).map(String));
        await writeAll(
          table,
          page.map((remove) => ({ remove })),
        );
      }
      expect(pages.flat()).toEqual([...numbered(40).map(({ put }) => put.sk), 'x1', 'x2']);
      expect(pages.map(({ length }) => length)).toEqual([15, 15, 12]);
      expect(await table.scan()).toMatchObject([{ pk: 'Q' }]);
    });

    test('tells the keys that start with something', async () => {
      const table = await open();
      await writeAll(table, [item('a#1'), item('a#2'), item('ab#1')]);
      const pages = await Array.fromAsync(keyPages(table, { pk: 'P', prefix: 'a#' }, 15));
      expect(pages.map(keysOf)).toEqual([['a#1', 'a#2']]);
      expect(await Array.fromAsync(keyPages(table, { pk: 'Q' }, 15))).toEqual([]);
    });

    test('counts a partition that is larger than what one answer holds', async () => {
      const table = await open();
      await writeAll(table, numbered(12, { text: 'x'.repeat(200_000) }));
      await writeAll(table, [{ put: { pk: 'Q', sk: 'k' } }]);
      expect(await countOf(table, 'P')).toBe(12);
      expect(await countOf(table, 'R')).toBe(0);
    });

    test('takes more writes than fit into a call', async () => {
      const table = await open();
      await writeAll(table, numbered(60));
      expect(await all(table)).toEqual(keysOf(numbered(60).map(({ put }) => put)));
      await writeAll(
        table,
        numbered(60).map(({ put }) => ({ remove: { pk: 'P', sk: String(put.sk) } })),
      );
      expect(await all(table)).toEqual([]);
    });

    test('takes two writes of one key, of which the later counts', async () => {
      const table = await open();
      const [a, b] = [
        { pk: 'P', sk: 'a' },
        { pk: 'P', sk: 'b' },
      ];
      await writeAll(table, [item('a', { n: 1 }), { remove: b }, item('a', { n: 2 }), item('b', { n: 3 })]);
      const { items } = await readRange(table, { pk: 'P' });
      expect(items).toEqual([
        { ...a, n: 2 },
        { ...b, n: 3 },
      ]);
      await writeAll(table, [item('a', { n: 4 }), { remove: a }]);
      expect(await all(table)).toEqual(['b']);
    });

    test('takes no write at all', async () => {
      const table = await open();
      await writeAll(table, []);
      expect(await all(table)).toEqual([]);
    });

    test('takes writes from all sides at once, each done when it is there', async () => {
      const table = await open();
      const write = gatheredWrites(table);
      const found = await Promise.all(
        numbered(60).map(async ({ put }) => {
          await write({ put });
          return all(table, { after: undefined, prefix: String(put.sk) });
        }),
      );
      expect(found.flat()).toEqual(keysOf(numbered(60).map(({ put }) => put)));
    });

    test('keeps text as it is, whatever stands in it, and leaves out what is undefined', async () => {
      const table = await open();
      const text = 'Zoë 🚀 \u2028 \\ " 199.00 \ufeff';
      await writeAll(table, [item('a', { text, empty: '', nothing: undefined, none: null, list: [], yes: true })]);
      const { items } = await readRange(table, { pk: 'P' });
      expect(items).toEqual([{ pk: 'P', sk: 'a', text, empty: '', none: null, list: [], yes: true }]);
    });
  });
