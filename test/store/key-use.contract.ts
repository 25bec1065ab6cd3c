import { describe, expect, test } from '@jest/globals';
import { UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { keyUseIn } from '../../shared/store/key-use.ts';
import type { TestTable } from '../support/dynamodb.ts';

/** How many writes of an item were tried through this client. */
function counting(table: TestTable) {
  let tried = 0;
  table.db.middlewareStack.add(
    (next, context) => (args) => {
      if (context['commandName'] === UpdateCommand.name || context['commandName'] === 'UpdateItemCommand') tried += 1;
      return next(args);
    },
    { step: 'initialize' },
  );
  return () => tried;
}

export const keyUseContract = (backend: string, openTable: () => Promise<TestTable>) => {
  describe(`the use of keys on ${backend}`, () => {
    test('is known to the minute, and for each key', async () => {
      const table = await openTable();
      const use = keyUseIn(table);
      const first = table.clock.now().toISOString();
      await use.note('key_1');
      table.clock.advance(59);
      await use.note('key_1');
      expect(await use.last('key_1')).toBe(first);
      table.clock.advance(1);
      await use.note('key_1');
      expect(await use.last('key_1')).toBe(table.clock.now().toISOString());
      expect(await use.last('key_2')).toBeNull();
    });

    test('is written once a minute at most, from however many processes', async () => {
      const table = await openTable();
      const tried = counting(table);
      const [one, other] = [keyUseIn(table), keyUseIn(table)];
      for (let i = 0; i < 10; i++) await one.note('key_1');
      expect(tried()).toBe(1);
      const first = await one.last('key_1');
      table.clock.advance(30);
      await other.note('key_1');
      expect(await one.last('key_1')).toBe(first);
    });

    test('is forgotten with the key', async () => {
      const table = await openTable();
      const use = keyUseIn(table);
      await use.note('key_1');
      await use.forget('key_1');
      expect(await use.last('key_1')).toBeNull();
    });
  });
};
