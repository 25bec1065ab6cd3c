import { describe, expect, test } from '@jest/globals';
import { heldIn } from '../../shared/store/held.ts';
import type { TestTable } from '../support/dynamodb.ts';

const WHOM = { tenant: 'acme', subscriptionId: 'sub_1' };
const MINUTE = 60;

export const heldContract = (backend: string, openTable: () => Promise<TestTable>) => {
  const open = async () => {
    const table = await openTable();
    const reports: Error[] = [];
    const held = heldIn(table, (error) => void reports.push(error));
    const names = async (after?: string) => (await Array.fromAsync(held.all(after))).map((one) => one.subscriptionId);
    return { table, clock: table.clock, held, reports, names };
  };

  describe(`the list of those who are held on ${backend}`, () => {
    test('says who, in an order that it can go on in', async () => {
      const { held, names } = await open();
      for (const subscriptionId of ['sub_3', 'sub_1', 'sub_2']) await held.list({ tenant: 'acme', subscriptionId });
      const [first] = await Array.fromAsync(held.all());
      expect(first).toEqual({ ...WHOM, position: 'acme#sub_1', searchedTo: '' });
      expect(await names()).toEqual(['sub_1', 'sub_2', 'sub_3']);
      expect(await names(first!.position)).toEqual(['sub_2', 'sub_3']);
      expect(await names('acme#sub_3')).toEqual([]);
    });

    test('loses who is found not to be held', async () => {
      const { held, clock, names } = await open();
      await held.list(WHOM);
      clock.advance(MINUTE);
      await held.remove(WHOM, clock.now());
      expect(await names()).toEqual([]);
      await held.remove(WHOM, clock.now());
    });

    test('keeps who has just been listed: he is about to be held', async () => {
      const { held, clock, names } = await open();
      await held.list(WHOM);
      clock.advance(MINUTE - 1);
      await held.remove(WHOM, clock.now());
      expect(await names()).toEqual(['sub_1']);
    });

    test('keeps who was listed again since somebody looked, however slow that was', async () => {
      const { held, clock, names } = await open();
      await held.list(WHOM);
      clock.advance(10 * MINUTE);
      const looked = clock.now();
      await held.list(WHOM);
      clock.advance(10 * MINUTE);
      await held.remove(WHOM, looked);
      expect(await names()).toEqual(['sub_1']);
    });

    test('takes an entry that does not say since when for an old one', async () => {
      const { held, table, clock, names } = await open();
      await held.list(WHOM);
      const [{ listed_at: _, ...entry } = {}] = await table.scan();
      await table.put(entry);
      expect(await names()).toEqual(['sub_1']);
      await held.remove(WHOM, clock.now());
      expect(await names()).toEqual([]);
    });

    test('remembers how far somebody searched, until he is held anew, and of nobody who is off it', async () => {
      const { held, table, clock } = await open();
      await held.list(WHOM);
      await held.searched(WHOM, 'there');
      expect(await Array.fromAsync(held.all())).toMatchObject([{ searchedTo: 'there' }]);
      await held.list(WHOM);
      expect(await Array.fromAsync(held.all())).toMatchObject([{ searchedTo: '' }]);
      clock.advance(MINUTE);
      await held.remove(WHOM, clock.now());
      await held.searched(WHOM, 'there');
      expect(await table.scan()).toEqual([]);
    });

    test('leaves out an entry that nobody can read, and says so', async () => {
      const { held, table, reports, names } = await open();
      for (const subscriptionId of ['sub_1', 'sub_2']) await held.list({ tenant: 'acme', subscriptionId });
      const [entry] = (await table.scan()).filter(({ sk }) => sk === 'acme#sub_1');
      await table.put({ ...entry, tenant: 7 });
      expect(await names()).toEqual(['sub_2']);
      expect(reports).toHaveLength(1);
    });
  });
};
