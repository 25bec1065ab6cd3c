import { describe, expect, test } from '@jest/globals';
import { tenantsIn, type Tenants } from '../../shared/store/tenants.ts';
import type { TestTable } from '../support/dynamodb.ts';
import { AT, later } from '../support/make.ts';

const RETENTION_DAYS = 14;
const OF = { tenant: 'acme', started_at: AT };

export const tenantsContract = (backend: string, openTable: () => Promise<TestTable>) =>
  describe(`tenants on ${backend}`, () => {
    const open = async () => {
      const table = await openTable();
      const reports: Error[] = [];
      const tenants = tenantsIn(table, RETENTION_DAYS, (error) => void reports.push(error));
      return { table, clock: table.clock, tenants, reports };
    };
    const begun = async () => {
      const opened = await open();
      await opened.tenants.enter('acme');
      await opened.tenants.beginErasure('acme', new Date(later(90)));
      return opened;
    };
    const stalled = (tenants: Tenants, seconds: number): Promise<string[]> =>
      Array.fromAsync(tenants.stalledErasures(new Date(later(seconds))));
    const namesIn = async (tenants: Tenants): Promise<string[]> =>
      (await tenants.list({ limit: 100 })).tenants.map(({ tenant }) => tenant);

    test('are known since somebody first made something for them, whoever comes at once', async () => {
      const { tenants, clock } = await open();
      const entered = await Promise.all(Array.from({ length: 8 }, () => tenants.enter('acme')));
      expect(entered).toEqual(Array.from({ length: 8 }, () => ({ tenant: 'acme', since: AT })));
      clock.advance(60);
      await tenants.enter('acme');
      expect(await tenants.find('acme')).toEqual({ tenant: 'acme', since: AT });
      expect(await tenants.find('other')).toBeUndefined();
    });

    test('never expire', async () => {
      const { tenants, clock } = await open();
      await tenants.enter('acme');
      clock.advance(86_400 * 1_000);
      expect(await namesIn(tenants)).toEqual(['acme']);
    });

    test('are listed by name, in pages that miss none and show none twice', async () => {
      const { tenants } = await open();
      const names = Array.from({ length: 23 }, (_, i) => `t-${String(i).padStart(2, '0')}`);
      await Promise.all(names.map((name) => tenants.enter(name)));
      const seen: string[] = [];
      let after: string | undefined;
      do {
        const page = await tenants.list({ limit: 5, after });
        seen.push(...page.tenants.map(({ tenant }) => tenant));
        after = page.after;
      } while (after !== undefined);
      expect(seen).toEqual(names);
    });

    test('in whose first moment somebody died are listed by whoever comes next', async () => {
      const { tenants, table } = await open();
      await tenants.enter('acme');
      const [, item] = (await table.scan()).toSorted((a, b) => (String(a.pk) > String(b.pk) ? -1 : 1));
      const half = await open();
      await half.table.put((await table.scan()).find(({ pk }) => pk !== item?.pk)!);
      await half.tenants.enter('acme');
      expect(await namesIn(half.tenants)).toEqual(['acme']);
    });

    test('may have nothing made for them from the moment on that their erasure begins', async () => {
      const { tenants } = await begun();
      expect(await tenants.enter('acme')).toMatchObject({ since: AT, erasure: { started_at: AT } });
      expect((await tenants.enter('other')).erasure).toBeUndefined();
      const counts = { events: 0, subscriptions: 0 };
      const erasure = { started_at: AT, phase: 'subscriptions', ...counts, next_at: Date.parse(later(90)) };
      expect((await tenants.find('acme'))?.erasure).toEqual({ ...erasure, touched_at: AT });
    });

    test('have one erasure at a time, and none where they are unknown', async () => {
      const { tenants, clock } = await begun();
      const before = await tenants.find('acme');
      clock.advance(60);
      await tenants.beginErasure('acme', new Date(later(999)));
      await tenants.beginErasure('other', new Date(later(999)));
      expect(await tenants.find('acme')).toEqual(before);
      expect(await tenants.find('other')).toBeUndefined();
    });

    test('tell how far their erasure is', async () => {
      const { tenants, clock } = await begun();
      clock.advance(100);
      await tenants.erased(OF, { events: 3, subscriptions: 1 });
      await tenants.erased(OF, { events: 4, subscriptions: 0 });
      const rest = await tenants.eraseRest(OF, new Date(later(1_000)));
      expect(rest?.erasure).toMatchObject({ phase: 'rest', events: 7, subscriptions: 1, touched_at: later(100) });
      expect(rest?.erasure?.next_at).toBe(Date.parse(later(1_000)));
    });

    test('that have come back hear nothing of the erasure before', async () => {
      const { tenants, clock } = await begun();
      await tenants.forget(OF);
      expect(await tenants.erased(OF, { events: 1, subscriptions: 1 })).toBeUndefined();
      clock.advance(60);
      await tenants.enter('acme');
      await tenants.beginErasure('acme', new Date(later(150)));
      expect(await tenants.erased(OF, { events: 1, subscriptions: 1 })).toBeUndefined();
      expect(await tenants.eraseRest(OF, new Date(later(150)))).toBeUndefined();
      expect((await tenants.find('acme'))?.erasure).toMatchObject({ started_at: later(60), events: 0 });
    });

    test('are forgotten with everything', async () => {
      const { tenants, table } = await begun();
      await tenants.forget(OF);
      expect(await table.scan()).toEqual([]);
      await tenants.forget(OF);
      expect(await tenants.enter('acme')).toEqual({ tenant: 'acme', since: AT });
      expect(await namesIn(tenants)).toEqual(['acme']);
    });

    test('whose erasure nobody has gone on with are found, once it was time', async () => {
      const { tenants, clock } = await begun();
      expect(await stalled(tenants, 90)).toEqual([]);
      expect(await stalled(tenants, 91)).toEqual(['acme']);
      clock.advance(100);
      await tenants.erased(OF, { events: 1, subscriptions: 1 });
      expect(await stalled(tenants, 100)).toEqual([]);
      expect(await stalled(tenants, 101)).toEqual(['acme']);
      await tenants.eraseRest(OF, new Date(later(1_000)));
      expect(await stalled(tenants, 1_000)).toEqual([]);
      expect(await stalled(tenants, 1_001)).toEqual(['acme']);
    });

    test('are off the list of erasures once that never began, or is over', async () => {
      const { tenants, table } = await open();
      await tenants.beginErasure('acme', new Date(later(90)));
      expect(await stalled(tenants, 0)).toEqual([]);
      expect(await table.scan()).toHaveLength(1);
      expect(await stalled(tenants, 1)).toEqual([]);
      expect(await table.scan()).toEqual([]);
    });

    test('with one that cannot be read keep no other from being found', async () => {
      const { tenants, table, reports } = await begun();
      await table.put({ pk: 'ERASING', sk: 'aaa', v: 9 });
      expect(await stalled(tenants, 91)).toEqual(['acme']);
      expect(reports).toHaveLength(1);
    });

    test('remember their deleted subscriptions for longer than anything of them can be left', async () => {
      const { tenants, table } = await open();
      await tenants.noteGone('acme', 'sub_1');
      const [gone] = await table.scan();
      expect(gone).toMatchObject({ pk: 'TENANT#acme', sk: 'gone#sub_1' });
      expect(gone?.expires_at).toBe(Math.ceil(Date.parse(AT) / 1000) + 74 * 86_400);
    });
  });
