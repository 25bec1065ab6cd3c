import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { AwsError } from '../../local/aws/rpc.ts';
import { writeAll } from '../../shared/store/database.ts';
import { keys } from '../../shared/store/keys.ts';
import { vaultIn, type Place } from '../../shared/store/vault.ts';
import type { TestTable } from '../support/dynamodb.ts';
import { startKms, type TestKms } from '../support/kms.ts';

const KEY_ARN = 'arn:aws:kms:us-east-1:123456789012:key/data';
const PLACE: Place = { tenant: 'acme', subscription: 'sub_1', field: 'secret' };
const SECRET = 'whsec_c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0IQ==';

export const vaultContract = (backend: string, openTable: () => Promise<TestTable>) =>
  describe(`a vault on ${backend}`, () => {
    let kms: TestKms;
    beforeAll(async () => {
      kms = await startKms();
    });
    afterAll(() => kms.close());

    const open = async () => {
      const table = await openTable();
      kms.calls.length = 0;
      kms.dataKeys.length = 0;
      /** As another process would open the same table. */
      const another = (keyArn = KEY_ARN) => vaultIn(table, { client: kms.client, keyArn });
      return { table, another, vault: another() };
    };

    test.each(['', 'a', SECRET, JSON.stringify({ 'x-a': 'Zoë 🚀 \u2028' }), 'x'.repeat(5_000)])(
      'opens what it sealed: %#',
      async (text) => {
        const { vault, another } = await open();
        const sealed = await vault.seal(PLACE, text);
        expect(await vault.open(PLACE, sealed)).toBe(text);
        expect(await another().open(PLACE, sealed)).toBe(text);
      },
    );

    test.each<[string, Partial<Place>]>([
      ['tenant', { tenant: 'other' }],
      ['subscription', { subscription: 'sub_2' }],
      ['field', { field: 'headers' }],
    ])('does not open what was moved to another %s', async (_, changes) => {
      const { vault } = await open();
      const sealed = await vault.seal(PLACE, SECRET);
      await vault.seal({ ...PLACE, ...changes }, SECRET);
      await expect(vault.open({ ...PLACE, ...changes }, sealed)).rejects.toThrow();
    });

    test('does not open what was changed, in any byte', async () => {
      const { vault } = await open();
      const sealed = Buffer.from(await vault.seal(PLACE, 'hi'), 'base64');
      const opened = await Promise.allSettled(
        Array.from(sealed, (_, at) => {
          const changed = Buffer.from(sealed);
          changed[at] = (changed[at] ?? 0) ^ 1;
          return vault.open(PLACE, changed.toString('base64'));
        }),
      );
      expect(opened.filter(({ status }) => status === 'fulfilled')).toEqual([]);
    });

    test('does not open what was cut short, at any byte', async () => {
      const { vault } = await open();
      const sealed = Buffer.from(await vault.seal(PLACE, 'hi'), 'base64');
      const cut = [
        ...Array.from(sealed, (_, length) => sealed.subarray(0, length)),
        ...Array.from(sealed, (_, from) => sealed.subarray(from + 1)),
      ];
      const opened = await Promise.allSettled(cut.map((bytes) => vault.open(PLACE, bytes.toString('base64'))));
      expect(opened.filter(({ status }) => status === 'fulfilled')).toEqual([]);
    });

    test('asks nobody whether its key is still the same, and looks every ten minutes', async () => {
      const { table, vault } = await open();
      const sealed = await vault.seal(PLACE, SECRET);
      kms.calls.length = 0;
      table.clock.advance(601);
      expect(await vault.open(PLACE, sealed)).toBe(SECRET);
      expect(kms.calls).toEqual([]);
    });

    test('takes the new key of a tenant that was erased meanwhile and has come back', async () => {
      const { table, vault, another } = await open();
      const before = await vault.seal(PLACE, SECRET);
      await writeAll(table, [{ remove: keys.dataKey(PLACE.tenant) }]);
      table.clock.advance(601);
      const sealed = await vault.seal(PLACE, SECRET);
      expect(await another().open(PLACE, sealed)).toBe(SECRET);
      await expect(vault.open(PLACE, before)).rejects.toThrow();
    });

    test('seals one text differently each time', async () => {
      const { vault } = await open();
      const sealed = await Promise.all(Array.from({ length: 50 }, () => vault.seal(PLACE, SECRET)));
      expect(new Set(sealed.map((text) => text.slice(0, 16))).size).toBe(50);
    });

    test('has a key for each tenant', async () => {
      const { vault } = await open();
      await vault.seal(PLACE, SECRET);
      await vault.seal({ ...PLACE, tenant: 'other' }, SECRET);
      expect(kms.calls.filter((call) => call === 'GenerateDataKey')).toHaveLength(2);
      expect(new Set(kms.dataKeys).size).toBe(2);
    });

    test('asks for a key once, however many want it at once and afterwards', async () => {
      const { vault } = await open();
      await Promise.all(Array.from({ length: 10 }, () => vault.seal(PLACE, SECRET)));
      const sealed = await vault.seal(PLACE, SECRET);
      await vault.open(PLACE, sealed);
      expect(kms.calls).toEqual(['GenerateDataKey', 'Decrypt']);
    });

    test('takes the key that is there already', async () => {
      const { vault, another } = await open();
      await vault.seal(PLACE, SECRET);
      await another().seal(PLACE, SECRET);
      expect(kms.calls).toEqual(['GenerateDataKey', 'Decrypt', 'Decrypt']);
    });

    test('has one key when several processes make it at once: each opens what any other sealed', async () => {
      for (let round = 0; round < 5; round++) {
        const { another } = await open();
        const vaults = Array.from({ length: 4 }, () => another());
        const sealed = await Promise.all(vaults.map((vault) => vault.seal(PLACE, SECRET)));
        const opened = await Promise.all(vaults.flatMap((vault) => sealed.map((text) => vault.open(PLACE, text))));
        expect(opened).toEqual(Array.from({ length: 16 }, () => SECRET));
      }
    });

    test('does not open what was sealed under another KMS key', async () => {
      const { vault, another } = await open();
      const sealed = await vault.seal(PLACE, SECRET);
      await expect(another(`${KEY_ARN}2`).open(PLACE, sealed)).rejects.toThrow('another key');
    });

    test("does not open a tenant's key in another tenant's place", async () => {
      const { vault, another, table } = await open();
      await vault.seal(PLACE, SECRET);
      const [item] = await table.scan();
      await table.put({ ...item, pk: 'DEK#other' });
      await expect(another().seal({ ...PLACE, tenant: 'other' }, SECRET)).rejects.toThrow('encryption context');
    });

    test('asks again after a call that failed', async () => {
      const { vault } = await open();
      kms.failOnce(new AwsError('AccessDeniedException', 'not yet'));
      await expect(vault.seal(PLACE, SECRET)).rejects.toThrow('not yet');
      expect(await vault.open(PLACE, await vault.seal(PLACE, SECRET))).toBe(SECRET);
    });

    test('leaves nothing in the clear, in what it seals or in the table', async () => {
      const { vault, table } = await open();
      const sealed = await vault.seal(PLACE, SECRET);
      await vault.signingKey('cursors');
      const everything = JSON.stringify([sealed, Buffer.from(sealed, 'base64').toString('latin1'), await table.scan()]);
      expect(kms.dataKeys.length).toBeGreaterThan(0);
      for (const clear of [SECRET, 'whsec_', ...kms.dataKeys]) expect(everything).not.toContain(clear);
    });

    test('has one signing key for a purpose, in every process', async () => {
      const { vault, another } = await open();
      const keys = await Promise.all([
        vault.signingKey('cursors'),
        another().signingKey('cursors'),
        vault.signingKey('portal'),
      ]);
      expect(keys[0]).toEqual(keys[1]);
      expect(keys[0]).not.toEqual(keys[2]);
      expect(keys[0]).toHaveLength(32);
    });

    test('has another signing key in another deployment', async () => {
      const [one, other] = [await open(), await open()];
      expect(await one.vault.signingKey('cursors')).not.toEqual(await other.vault.signingKey('cursors'));
    });
  });
