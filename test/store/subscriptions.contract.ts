import { describe, expect, test } from '@jest/globals';
import type { Subscription } from '../../shared/domain/subscription.ts';
import { readAll, writeAll } from '../../shared/store/database.ts';
import { subscriptionsIn, type Interest, type Subscriptions } from '../../shared/store/subscriptions.ts';
import type { TestTable } from '../support/dynamodb.ts';
import { later, make } from '../support/make.ts';

const CREATED = { type: 'Guest.Created', group: 'Guest' };
const FREEZE = { type: 'Guest.Membership.Freeze', group: 'GuestMembership' };

/** The next version of a subscription, whose interest has a name of its own. */
const changed = (before: Subscription, interest: string, changes: Partial<Subscription>): Subscription => ({
  ...before,
  ...changes,
  interest,
  version: before.version + 1,
  updated_at: later(before.version),
});

const idsOf = (interests: readonly Interest[]): string[] =>
  interests.map(({ subscription }) => subscription).toSorted();

/** Pages of ids, one after the other. */
async function pagesOf(subscriptions: Subscriptions, limit: number): Promise<string[][]> {
  const pages: string[][] = [];
  let after: string | undefined;
  do {
    const page = await subscriptions.list('acme', { limit, after });
    pages.push(page.subscriptions.map(({ id }) => id));
    after = page.after;
  } while (after !== undefined);
  return pages;
}

export const subscriptionsContract = (backend: string, openTable: () => Promise<TestTable>) => {
  const open = async () => {
    const table = await openTable();
    return { table, subscriptions: subscriptionsIn(table) };
  };

  describe(`a subscription on ${backend}`, () => {
    const deep = (depth: number): Record<string, unknown> => (depth === 0 ? { prefix: 'x' } : { a: deep(depth - 1) });

    test.each<[string, Partial<Subscription>]>([
      ['with nothing but defaults', {}],
      ['with sealed headers', { header_names: ['x-api-key'], sealed_headers: 'c2VhbGVk' }],
      ['with two secrets', { sealed_secrets: ['bmV3', 'b2xk'] }],
      ['with an own schedule', { retry: { delays_seconds: [0, 0.5, 86_400] } }],
      ['without retries', { retry: { delays_seconds: [] } }],
      ['with a hundred event types', { event_types: Array.from({ length: 100 }, (_, i) => `Type.Number${i}`) }],
      ['with one event type twice', { event_types: ['Guest.Created', 'Guest.Created'] }],
      ['with a filter', { filter: { data: { center_id: ['c1', null, true, { 'anything-but': ['x'] }] } } }],
      ['with an empty filter', { filter: {} }],
      [
        'with numbers in its filter that an attribute cannot hold',
        { filter: { data: { n: [1e300, -1e-300, 2 ** 70, 0.1] } } },
      ],
      ['with a filter nested deeper than an attribute can be', { filter: deep(90) }],
      [
        'with names in its filter that mean something to tables',
        { filter: { S: ['x'], 'a.b': { '#pk': [':v'] }, '': ['y'] } },
      ],
      ['with text beyond ASCII', { name: 'Zoë 🚀', description: '\u2028 東京' }],
      ['paused', { status: 'paused' }],
      ['disabled, for a reason', { status: 'disabled', disabled_reason: 'failing' }],
    ])('comes back as it was made: %s', async (_, changes) => {
      const { subscriptions } = await open();
      const subscription = make.subscription(changes);
      await subscriptions.create(subscription);
      expect(await subscriptions.find('acme', 'sub_1')).toEqual(subscription);
      expect((await subscriptions.list('acme', { limit: 1 })).subscriptions).toEqual([subscription]);
    });

    test('is found by its own tenant and id alone', async () => {
      const { subscriptions } = await open();
      await subscriptions.create(make.subscription());
      expect(await subscriptions.find('other', 'sub_1')).toBeUndefined();
      expect(await subscriptions.find('acme', 'sub_2')).toBeUndefined();
      expect((await subscriptions.list('other', { limit: 10 })).subscriptions).toEqual([]);
    });

    test.each([1, 3, 7, 8])('is listed once among others in pages of %i, the newest first', async (limit) => {
      const { subscriptions } = await open();
      const ids = Array.from({ length: 7 }, (_, i) => `sub_${i}`);
      for (const id of ids) await subscriptions.create(make.subscription({ id, interest: `itr_${id}` }));
      await subscriptions.create(make.subscription({ tenant: 'acme2', id: 'sub_9' }));
      const pages = await pagesOf(subscriptions, limit);
      expect(pages.flat()).toEqual(ids.toReversed());
      expect(pages).toHaveLength(Math.ceil(7 / limit));
    });

    test('is not replaced by one that is made with its id', async () => {
      const { subscriptions } = await open();
      await subscriptions.create(make.subscription());
      await subscriptions.create(make.subscription({ name: 'usurper' }));
      expect((await subscriptions.find('acme', 'sub_1'))?.name).toBe('crm.example');
    });

    test('is gone when it is removed, with all that it wanted, and can be removed once', async () => {
      const { subscriptions, table } = await open();
      const event_types = ['Guest.Created', 'Guest.*', 'group:Guest', '*'];
      const [gone, left] = [make.subscription({ event_types }), make.subscription({ id: 'sub_2', interest: 'itr_2' })];
      await subscriptions.create(gone);
      await subscriptions.create(left);
      expect(await subscriptions.remove(gone)).toBe(true);
      expect(await subscriptions.find('acme', 'sub_1')).toBeUndefined();
      expect(idsOf(await subscriptions.interested('acme', CREATED))).toEqual(['sub_2']);
      expect(await Array.fromAsync(readAll(table, { pk: 'INT#acme#*' }))).toEqual([]);
      expect(await subscriptions.remove(gone)).toBe(false);
    });

    test('takes with it what it wants now, when it changed after it was looked at', async () => {
      const { subscriptions } = await open();
      const before = make.subscription();
      await subscriptions.create(before);
      await subscriptions.replace(before, changed(before, 'itr_2', { event_types: ['*'] }));
      expect(await subscriptions.remove(before)).toBe(true);
      expect(await subscriptions.interested('acme', CREATED)).toEqual([]);
    });
  });

  describe(`interest on ${backend}`, () => {
    test.each<[string, string[], string[], string[]]>([
      ['an exact type', ['Guest.Created'], ['sub_1'], []],
      ['a prefix', ['Guest.*'], ['sub_1'], ['sub_1']],
      ['a longer prefix', ['Guest.Membership.*'], [], ['sub_1']],
      ['a group', ['group:GuestMembership'], [], ['sub_1']],
      ['everything', ['*'], ['sub_1'], ['sub_1']],
      ['something else', ['Invoice.Closed', 'group:Class'], [], []],
      ['the same in three ways', ['Guest.Created', 'Guest.*', '*'], ['sub_1', 'sub_1', 'sub_1'], ['sub_1', 'sub_1']],
    ])('in %s is found by the events that it takes', async (_, event_types, created, freeze) => {
      const { subscriptions } = await open();
      await subscriptions.create(make.subscription({ event_types }));
      expect(idsOf(await subscriptions.interested('acme', CREATED))).toEqual(created);
      expect(idsOf(await subscriptions.interested('acme', FREEZE))).toEqual(freeze);
      expect(await subscriptions.interested('other', CREATED)).toEqual([]);
    });

    test('comes with its filter as text, in which every number and depth survives', async () => {
      const { subscriptions } = await open();
      const filter = {
        data: { n: [1e300, 2 ** 70], $or: [{ a: [{ numeric: ['>', 0.1] }] }, { b: [{ exists: false }] }] },
      };
      await subscriptions.create(make.subscription({ filter }));
      await subscriptions.create(make.subscription({ id: 'sub_2', interest: 'itr_2', filter: null }));
      expect(await subscriptions.interested('acme', CREATED)).toEqual([
        { subscription: 'sub_1', filter: JSON.stringify(filter) },
        { subscription: 'sub_2', filter: null },
      ]);
    });

    test('of many thousands is found whole', async () => {
      const { subscriptions, table } = await open();
      // Put straight into the table: what counts is that they are more than one answer holds.
      const filter = JSON.stringify({ data: { text: ['x'.repeat(8_000)] } });
      const items = Array.from({ length: 400 }, (_, i) => ({
        put: { pk: 'INT#acme#*', sk: `sub_${i}#itr`, v: 1, subscription: `sub_${i}`, filter },
      }));
      await writeAll(table, items);
      expect(new Set(idsOf(await subscriptions.interested('acme', CREATED))).size).toBe(400);
    });

    test('follows a change of event types', async () => {
      const { subscriptions } = await open();
      const before = make.subscription({ event_types: ['Guest.*', 'Invoice.Closed'] });
      await subscriptions.create(before);
      const after = changed(before, 'itr_2', { event_types: ['Guest.Created'] });
      expect(await subscriptions.replace(before, after)).toBe(true);
      expect(await subscriptions.find('acme', 'sub_1')).toEqual(after);
      expect(idsOf(await subscriptions.interested('acme', CREATED))).toEqual(['sub_1']);
      expect(await subscriptions.interested('acme', FREEZE)).toEqual([]);
      expect(await subscriptions.interested('acme', { type: 'Invoice.Closed', group: 'Invoice' })).toEqual([]);
    });

    test('follows a change of the filter, and stands once', async () => {
      const { subscriptions } = await open();
      const before = make.subscription({ filter: { data: { a: [1] } } });
      await subscriptions.create(before);
      await subscriptions.replace(before, changed(before, 'itr_2', { filter: { data: { a: [2] } } }));
      expect(await subscriptions.interested('acme', CREATED)).toEqual([
        { subscription: 'sub_1', filter: '{"data":{"a":[2]}}' },
      ]);
    });

    test('stays when something else changes', async () => {
      const { subscriptions } = await open();
      const before = make.subscription();
      await subscriptions.create(before);
      const after = changed(before, before.interest, { name: 'new', status: 'paused' });
      expect(await subscriptions.replace(before, after)).toBe(true);
      expect(idsOf(await subscriptions.interested('acme', CREATED))).toEqual(['sub_1']);
    });

    test('is that of the winner after a race, and that of the losers is gone', async () => {
      const { subscriptions, table } = await open();
      let before = make.subscription({ event_types: ['*'] });
      await subscriptions.create(before);
      for (let round = 0; round < 5; round++) {
        const rivals = ['Guest.Created', 'Guest.*', 'group:Guest', '*'].map((wish, i) =>
          changed(before, `itr_${round}_${i}`, { event_types: [wish], name: wish }),
        );
        const from = before;
        const won = await Promise.all(rivals.map((after) => subscriptions.replace(from, after)));
        const winners = rivals.filter((_, i) => won[i]);
        expect(winners).toHaveLength(1);
        before = winners[0] ?? before;
        expect(await subscriptions.find('acme', 'sub_1')).toEqual(before);
        expect(await subscriptions.interested('acme', CREATED)).toHaveLength(1);
        const [wish = ''] = before.event_types;
        expect(await Array.fromAsync(readAll(table, { pk: `INT#acme#${wish}` }))).toHaveLength(1);
      }
    });

    test('of one who loses to an earlier change leaves no trace, and what stands stays', async () => {
      const { subscriptions } = await open();
      const before = make.subscription();
      await subscriptions.create(before);
      const first = changed(before, 'itr_2', { name: 'first' });
      await subscriptions.replace(before, first);
      expect(await subscriptions.replace(before, changed(before, 'itr_3', { event_types: ['*'] }))).toBe(false);
      expect(await subscriptions.replace(before, changed(before, before.interest, { name: 'third' }))).toBe(false);
      expect(await subscriptions.find('acme', 'sub_1')).toEqual(first);
      expect(idsOf(await subscriptions.interested('acme', CREATED))).toEqual(['sub_1']);
    });

    test('are counted by tenant', async () => {
      const { subscriptions } = await open();
      const all = [1, 2, 3].map((n) => make.subscription({ id: `sub_${n}` }));
      for (const one of [...all, make.subscription({ tenant: 'other' })]) await subscriptions.create(one);
      await subscriptions.remove(all[0]!);
      expect(await Promise.all(['acme', 'other', 'nobody'].map(subscriptions.count))).toEqual([2, 1, 0]);
    });

    test('does not come back with a change that comes after the removal', async () => {
      const { subscriptions } = await open();
      const before = make.subscription();
      await subscriptions.create(before);
      await subscriptions.remove(before);
      expect(await subscriptions.replace(before, changed(before, 'itr_2', { event_types: ['*'] }))).toBe(false);
      expect(await subscriptions.find('acme', 'sub_1')).toBeUndefined();
      expect(await subscriptions.interested('acme', CREATED)).toEqual([]);
    });
  });
};
