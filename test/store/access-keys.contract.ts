import { describe, expect, test } from '@jest/globals';
import { FIRST_KEY_ID, hashOf, keyText, type Key } from '../../shared/domain/key.ts';
import { Problem } from '../../shared/domain/problem.ts';
import { accessKeysIn, type AccessKeys } from '../../shared/store/access-keys.ts';
import type { TestTable } from '../support/dynamodb.ts';
import { AT, later, make } from '../support/make.ts';

const FIRST = 'the-first-admin-key-of-all';

const idOf = (n: number): string => `key_${String(n).padStart(26, '0')}`;
const textOf = (n: number): string => keyText(idOf(n), Buffer.alloc(32, n));
/** A whole key whose text is `textOf(n)`. */
const keyOf = (n: number, changes: Partial<Key> = {}): Key =>
  make.accessKey({ id: idOf(n), sha256: hashOf(textOf(n)), ...changes });
const adminOf = (n: number): Key => keyOf(n, { scopes: ['admin'] });

/** What becomes of a caller with this key: who he is, or the problem's code. */
const asks = async (keys: AccessKeys, text: string | undefined, as: 'now' | 'lately' = 'now'): Promise<string> => {
  try {
    return (await keys.authenticate(text, as)).id;
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    return error.code;
  }
};

export const accessKeysContract = (backend: string, openTable: () => Promise<TestTable>) => {
  const open = async () => {
    const table = await openTable();
    const secret = { value: FIRST };
    /** As another process would see the same table. */
    const another = () => accessKeysIn(table, async () => secret.value);
    return { table, clock: table.clock, secret, another, keys: another() };
  };

  describe(`a caller on ${backend}`, () => {
    test('is who his key says', async () => {
      const { keys } = await open();
      const key = keyOf(1, {
        name: 'ci',
        tenant: 'acme',
        scopes: ['events:read', 'events:write'],
        expires_at: later(60),
      });
      await keys.create(key);
      await keys.create(keyOf(2));
      expect(await keys.authenticate(textOf(1), 'now')).toEqual(key);
      expect(await keys.authenticate(textOf(1), 'lately')).toEqual(key);
    });

    test.each([
      ['nothing', undefined],
      ['an empty text', ''],
      ['a text of no form', 'Basic dXNlcjpwYXNz'],
      ['an id alone', idOf(1)],
      ['an id that is unknown', textOf(2)],
      ['another secret for an id that is known', `${idOf(1)}.${'A'.repeat(43)}`],
      ["another key's secret", `${idOf(1)}.${textOf(3).split('.')[1] ?? ''}`],
      ['the hash in place of the secret', `${idOf(1)}.${hashOf(textOf(1))}`],
      ['the key and a letter more', `${textOf(1)}A`],
      ['the id of the first admin key', FIRST_KEY_ID],
      ['a text that differs from the first admin key in a letter', `${FIRST.slice(0, -1)}L`],
    ])('is nobody with %s', async (_, text) => {
      const { keys } = await open();
      await keys.create(keyOf(1));
      await keys.create(keyOf(3));
      expect([await asks(keys, text, 'now'), await asks(keys, text, 'lately')]).toEqual([
        'unauthorized',
        'unauthorized',
      ]);
    });

    test('is nobody when his key has expired, though it was known a moment ago', async () => {
      const { keys, clock } = await open();
      await keys.create(keyOf(1, { expires_at: later(10) }));
      clock.advance(9.999);
      expect([await asks(keys, textOf(1), 'now'), await asks(keys, textOf(1), 'lately')]).toEqual([idOf(1), idOf(1)]);
      clock.advance(0.001);
      expect([await asks(keys, textOf(1), 'lately'), await asks(keys, textOf(1), 'now')]).toEqual([
        'unauthorized',
        'unauthorized',
      ]);
    });

    test('is told no more than that he is nobody', async () => {
      const { keys } = await open();
      await keys.create(keyOf(1, { expires_at: later(-1) }));
      const problems = await Promise.all(
        [undefined, 'x', textOf(1), textOf(2)].map((text) =>
          keys.authenticate(text, 'now').catch((error: unknown) => error),
        ),
      );
      expect(new Set(problems.map((problem) => JSON.stringify(problem))).size).toBe(1);
      expect(problems[0]).toMatchObject({ status: 401, code: 'unauthorized' });
    });

    test('is refused at once for writes when his key is deleted, and within 30 s for reads', async () => {
      const { keys, another, clock } = await open();
      await keys.create(keyOf(1));
      expect(await asks(keys, textOf(1), 'lately')).toBe(idOf(1));
      clock.advance(1);
      await another().remove(keyOf(1));

      clock.advance(28.999);
      expect(await asks(keys, textOf(1), 'lately')).toBe(idOf(1));
      clock.advance(0.001);
      expect(await asks(keys, textOf(1), 'lately')).toBe('unauthorized');
    });

    test('whose key is deleted is refused for reads as well, once a write of his was refused', async () => {
      const { keys, another } = await open();
      await keys.create(keyOf(1));
      expect(await asks(keys, textOf(1), 'lately')).toBe(idOf(1));
      await another().remove(keyOf(1));
      expect(await asks(keys, textOf(1), 'now')).toBe('unauthorized');
      expect(await asks(keys, textOf(1), 'lately')).toBe('unauthorized');
    });

    test('has for writes at once the scopes that his key was changed to, and within 30 s for reads', async () => {
      const { keys, another, clock } = await open();
      await keys.create(keyOf(1, { scopes: ['events:read'] }));
      await keys.authenticate(textOf(1), 'lately');
      await another().change(keyOf(1, { scopes: ['events:write'] }));
      expect((await keys.authenticate(textOf(1), 'lately')).scopes).toEqual(['events:read']);
      clock.advance(30);
      expect((await keys.authenticate(textOf(1), 'lately')).scopes).toEqual(['events:write']);
      await another().change(keyOf(1, { scopes: ['subscriptions:read'] }));
      expect((await keys.authenticate(textOf(1), 'now')).scopes).toEqual(['subscriptions:read']);
      expect((await keys.authenticate(textOf(1), 'lately')).scopes).toEqual(['subscriptions:read']);
    });

    test('is known again at once when nobody knew him a moment ago', async () => {
      const { keys } = await open();
      expect(await asks(keys, textOf(1), 'lately')).toBe('unauthorized');
      await keys.create(keyOf(1));
      expect(await asks(keys, textOf(1), 'lately')).toBe(idOf(1));
    });
  });

  describe(`the first admin key on ${backend}`, () => {
    const first = { id: FIRST_KEY_ID, scopes: ['admin'], tenant: null, expires_at: null, created_at: AT };

    test('is admitted before anything is in the table', async () => {
      const { keys } = await open();
      expect(await keys.authenticate(FIRST, 'now')).toMatchObject({ ...first, sha256: hashOf(FIRST) });
      expect(await keys.find(FIRST_KEY_ID)).toBeUndefined();
    });

    test('is listed and found when it is entered, as often as that is done', async () => {
      const { keys, clock } = await open();
      const key = await keys.authenticate(FIRST, 'now');
      await keys.enterFirst(key);
      clock.advance(60);
      await keys.enterFirst(await keys.authenticate(FIRST, 'now'));
      expect(await keys.find(FIRST_KEY_ID)).toEqual(key);
      expect(await keys.list({ limit: 10 })).toEqual({ keys: [key], after: undefined });
    });

    test('is refused when it was removed, and does not come back by being used', async () => {
      const { keys, another } = await open();
      const key = await keys.authenticate(FIRST, 'now');
      await keys.enterFirst(key);
      await keys.create(adminOf(1));
      expect(await keys.remove(key)).toBe(true);
      expect([await asks(keys, FIRST), await asks(another(), FIRST, 'lately')]).toEqual([
        'unauthorized',
        'unauthorized',
      ]);
      // Somebody may still hold it for half a minute, where only something is read.
      await keys.enterFirst(key);
      expect(await asks(keys, FIRST)).toBe('unauthorized');
      expect(await keys.find(FIRST_KEY_ID)).toBeUndefined();
      expect((await keys.list({ limit: 10 })).keys).toEqual([adminOf(1)]);
    });

    test('is another one as soon as the secret store says so', async () => {
      const { keys, secret } = await open();
      await keys.enterFirst(await keys.authenticate(FIRST, 'now'));
      secret.value = 'the-second-first-admin-key';
      expect(await asks(keys, FIRST)).toBe('unauthorized');
      expect(await asks(keys, secret.value)).toBe(FIRST_KEY_ID);
      await keys.enterFirst(await keys.authenticate(secret.value, 'now'));
      expect((await keys.find(FIRST_KEY_ID))?.sha256).toBe(hashOf(secret.value));
    });

    test('lets its owner in again with a new value after it was removed', async () => {
      const { keys, secret } = await open();
      const key = await keys.authenticate(FIRST, 'now');
      await keys.enterFirst(key);
      await keys.create(adminOf(1));
      await keys.remove(key);
      secret.value = 'the-second-first-admin-key';
      const again = await keys.authenticate(secret.value, 'now');
      await keys.enterFirst(again);
      expect(await keys.find(FIRST_KEY_ID)).toEqual(again);
      expect(await keys.remove(adminOf(1))).toBe(true);
    });

    test('counts as one that is left', async () => {
      const { keys } = await open();
      await keys.enterFirst(await keys.authenticate(FIRST, 'now'));
      await keys.create(adminOf(1));
      expect(await keys.remove(adminOf(1))).toBe(true);
      expect(await keys.remove(await keys.authenticate(FIRST, 'now'))).toBe(false);
      expect(await asks(keys, FIRST)).toBe(FIRST_KEY_ID);
    });
  });

  describe(`admin keys on ${backend}`, () => {
    test('may go until one is left, which stays', async () => {
      const { keys } = await open();
      for (const n of [1, 2, 3]) await keys.create(adminOf(n));
      expect(await keys.remove(adminOf(2))).toBe(true);
      expect(await keys.remove(adminOf(1))).toBe(true);
      expect(await keys.remove(adminOf(3))).toBe(false);
      expect([await asks(keys, textOf(1)), await asks(keys, textOf(3))]).toEqual(['unauthorized', idOf(3)]);
      expect((await keys.list({ limit: 10 })).keys).toEqual([adminOf(3)]);
    });

    test('cannot all lose their scope', async () => {
      const { keys } = await open();
      await keys.create(adminOf(1));
      await keys.create(adminOf(2));
      expect(await keys.change(keyOf(1, { scopes: ['events:read'] }))).toBe('changed');
      expect(await keys.change(keyOf(2, { scopes: ['events:read'] }))).toBe('last admin');
      expect((await keys.find(idOf(2)))?.scopes).toEqual(['admin']);
      expect(await keys.remove(adminOf(2))).toBe(false);
    });

    test('that delete each other at once are not both gone', async () => {
      for (let round = 0; round < 10; round++) {
        const { keys, another } = await open();
        await keys.create(adminOf(1));
        await keys.create(adminOf(2));
        const removed = await Promise.all([keys.remove(adminOf(1)), another().remove(adminOf(2))]);
        expect(removed.toSorted()).toEqual([false, true]);
        const left = removed[0] ? 2 : 1;
        expect((await keys.list({ limit: 10 })).keys).toEqual([adminOf(left)]);
        expect(await asks(keys, textOf(left))).toBe(idOf(left));
      }
    });

    test('that lose their scope and are deleted at once are not both gone', async () => {
      for (let round = 0; round < 5; round++) {
        const { keys } = await open();
        await keys.create(adminOf(1));
        await keys.create(adminOf(2));
        const [removed, fate] = await Promise.all([keys.remove(adminOf(1)), keys.change(keyOf(2))]);
        expect(removed).toBe(fate === 'last admin');
        const { keys: left } = await keys.list({ limit: 10 });
        expect(left.filter(({ scopes }) => scopes.includes('admin'))).toHaveLength(1);
      }
    });

    test('that were deleted are not brought back by a change that was under way', async () => {
      const { keys } = await open();
      await keys.create(adminOf(1));
      for (const key of [keyOf(2), adminOf(3)]) {
        await keys.create(key);
        await keys.remove(key);
        expect(await keys.change({ ...key, name: 'back again' })).toBe('gone');
        expect(await keys.find(key.id)).toBeUndefined();
      }
      expect((await keys.list({ limit: 10 })).keys).toEqual([adminOf(1)]);
      expect(await keys.remove(adminOf(1))).toBe(false);
    });

    test('do not count twice when they are changed', async () => {
      const { keys } = await open();
      await keys.create(adminOf(1));
      await keys.create(adminOf(1));
      expect(await keys.remove(adminOf(1))).toBe(false);
    });

    test('do not keep other keys from going, whether there is an admin or not', async () => {
      const { keys } = await open();
      await keys.create(keyOf(1));
      await keys.create(keyOf(2));
      expect(await keys.remove(keyOf(1))).toBe(true);
      await keys.create(adminOf(3));
      expect(await keys.remove(keyOf(2))).toBe(true);
      expect((await keys.list({ limit: 10 })).keys).toEqual([adminOf(3)]);
    });
  });

  describe(`the keys on ${backend}`, () => {
    test.each([1, 2, 5, 6])('are listed in pages of %i, the newest first, and each can be found', async (limit) => {
      const { keys } = await open();
      for (const n of [1, 2, 3, 4]) await keys.create(keyOf(n));
      await keys.create(adminOf(5));
      const pages: string[][] = [];
      let after: string | undefined;
      do {
        const page = await keys.list({ limit, after });
        pages.push(page.keys.map(({ id }) => id));
        after = page.after;
      } while (after !== undefined);
      expect(pages.flat()).toEqual([5, 4, 3, 2, 1].map(idOf));
      expect(pages).toHaveLength(Math.ceil(5 / limit));
      expect(await keys.find(idOf(3))).toEqual(keyOf(3));
      expect(await keys.find(idOf(9))).toBeUndefined();
    });

    test('are listed as they are after a change', async () => {
      const { keys } = await open();
      await keys.create(keyOf(1));
      await keys.create(keyOf(1, { name: 'new' }));
      expect((await keys.list({ limit: 10 })).keys).toEqual([keyOf(1, { name: 'new' })]);
      expect(await keys.find(idOf(1))).toEqual(keyOf(1, { name: 'new' }));
    });

    test('do not come back with a change that comes after their removal', async () => {
      const { keys, table } = await open();
      for (const key of [adminOf(1), adminOf(2), keyOf(3)]) await keys.create(key);
      await keys.remove(adminOf(2));
      await keys.remove(keyOf(3));
      const before = await table.scan();
      expect(await keys.change(keyOf(2, { scopes: ['admin'], name: 'back' }))).toBe('gone');
      expect(await keys.change(keyOf(3, { name: 'back' }))).toBe('gone');
      expect(await keys.change(keyOf(3, { scopes: ['admin'] }))).toBe('gone');
      expect(await table.scan()).toEqual(before);
      expect([await asks(keys, textOf(2)), await asks(keys, textOf(3))]).toEqual(['unauthorized', 'unauthorized']);
      expect(await keys.remove(adminOf(1))).toBe(false);
    });

    test('can gain the scope of an admin, and count as one then', async () => {
      const { keys } = await open();
      await keys.create(adminOf(1));
      await keys.create(keyOf(2));
      expect(await keys.change(adminOf(2))).toBe('changed');
      expect(await keys.remove(adminOf(1))).toBe(true);
      expect(await keys.remove(adminOf(2))).toBe(false);
    });

    test('are counted by the tenant that they are bound to, until they are deleted', async () => {
      const { keys } = await open();
      const bound = [1, 2, 3].map((n) => keyOf(n, { tenant: 'acme', expires_at: later(-n) }));
      for (const key of [...bound, keyOf(4, { tenant: 'acme-2' }), keyOf(5), adminOf(6)]) await keys.create(key);
      expect(await keys.countOf('acme')).toBe(3);
      await keys.change({ ...bound[0]!, name: 'another name' });
      await keys.remove(bound[1]!);
      expect(await Promise.all(['acme', 'acme-2', 'other'].map(keys.countOf))).toEqual([2, 1, 0]);
    });

    test('stand nowhere in the clear', async () => {
      const { keys, table } = await open();
      await keys.enterFirst(await keys.authenticate(FIRST, 'now'));
      await keys.create(keyOf(1));
      const everything = JSON.stringify(await table.scan());
      expect(everything).toContain(hashOf(textOf(1)));
      expect(everything).not.toContain(textOf(1).split('.')[1]);
      expect(everything).not.toContain(FIRST);
    });
  });
};
