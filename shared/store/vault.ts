import { createCipheriv, createDecipheriv, createHmac, randomBytes } from 'node:crypto';
import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { DecryptCommand, GenerateDataKeyCommand, KMSClient } from '@aws-sdk/client-kms';
import { GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import type { Table } from './database.ts';
import { keys } from './keys.ts';

/** Where a sealed text belongs. Moved to another tenant, subscription or field, it does not open. */
export interface Place {
  tenant: string;
  subscription: string;
  field: 'headers' | 'secret';
}

const ALGORITHM = 'aes-256-gcm';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
/** No tenant can have this name, so what is derived from its key belongs to the deployment. */
const DEPLOYMENT = '!deployment';

const contextOf = ({ tenant, subscription, field }: Place): Buffer => Buffer.from(`${tenant}|${subscription}|${field}`);

function seal(key: Buffer, place: Place, text: string): string {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv(ALGORITHM, key, nonce).setAAD(contextOf(place));
  const sealed = Buffer.concat([nonce, cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()]);
  return sealed.toString('base64');
}

function open(key: Buffer, place: Place, sealed: string): string {
  const bytes = Buffer.from(sealed, 'base64');
  // Without its length said, a tag of four bytes would be taken as well.
  const decipher = createDecipheriv(ALGORITHM, key, bytes.subarray(0, NONCE_BYTES), { authTagLength: TAG_BYTES });
  decipher.setAAD(contextOf(place)).setAuthTag(bytes.subarray(-TAG_BYTES));
  return Buffer.concat([decipher.update(bytes.subarray(NONCE_BYTES, -TAG_BYTES)), decipher.final()]).toString('utf8');
}

export const openKms = (): KMSClient => new KMSClient({});

interface Opened {
  /** The key as it stands in the table. */
  blob: Buffer;
  key: Buffer;
}

/** Then it is looked at again: a tenant that was erased and comes back has another one. An erasure takes longer than that. */
const KEPT_MS = 10 * 60_000;

export type Vault = ReturnType<typeof vaultIn>;

/**
 * Seals what must not stand in a table in the clear. Each tenant has one data key, wrapped by the deployment's KMS key and
 * opened once a process: a KMS call for every secret would not cache at ten thousand subscriptions.
 */
export function vaultIn(table: Table, kms: { client: KMSClient; keyArn: string }) {
  const opened = new Map<string, { key: Promise<Opened>; until: number }>();

  async function wrapped(tenant: string): Promise<Buffer | undefined> {
    const { Item } = await table.db.send(
      new GetCommand({ TableName: table.name, Key: keys.dataKey(tenant), ConsistentRead: true }),
    );
    return typeof Item?.wrapped === 'string' ? Buffer.from(Item.wrapped, 'base64') : undefined;
  }

  async function unwrap(tenant: string, blob: Buffer): Promise<Buffer> {
    const { Plaintext } = await kms.client.send(
      new DecryptCommand({ KeyId: kms.keyArn, CiphertextBlob: blob, EncryptionContext: { tenant } }),
    );
    if (Plaintext === undefined) throw new Error('KMS answered without a key');
    return Buffer.from(Plaintext);
  }

  /** Makes the tenant's data key, and answers it wrapped. Two may try at once: the first to write it down wins, and both use that one. */
  async function make(tenant: string): Promise<Buffer> {
    const { CiphertextBlob } = await kms.client.send(
      new GenerateDataKeyCommand({ KeyId: kms.keyArn, KeySpec: 'AES_256', EncryptionContext: { tenant } }),
    );
    if (CiphertextBlob === undefined) throw new Error('KMS answered without a key');
    const Item = { ...keys.dataKey(tenant), v: 1, wrapped: Buffer.from(CiphertextBlob).toString('base64') };
    try {
      await table.db.send(
        new PutCommand({ TableName: table.name, Item, ConditionExpression: 'attribute_not_exists(pk)' }),
      );
    } catch (error) {
      if (!(error instanceof ConditionalCheckFailedException)) throw error;
    }
    const stored = await wrapped(tenant);
    if (stored === undefined) throw new Error(`the data key of ${tenant} was not kept`);
    return stored;
  }

  async function load(tenant: string, before: Promise<Opened> | undefined): Promise<Opened> {
    const blob = (await wrapped(tenant)) ?? (await make(tenant));
    const known = await before;
    // The same as before costs no call of KMS, which may not answer for an hour.
    return known?.blob.equals(blob) === true ? known : { blob, key: await unwrap(tenant, blob) };
  }

  async function keyOf(tenant: string): Promise<Buffer> {
    const now = table.now().getTime();
    const known = opened.get(tenant);
    if (known !== undefined && known.until > now) return (await known.key).key;
    const entry = { key: load(tenant, known?.key), until: now + KEPT_MS };
    opened.set(tenant, entry);
    // A failed call must not be remembered, or one throttle would silence the tenant for as long as the process lives.
    entry.key.catch(() => {
      if (opened.get(tenant) === entry) opened.delete(tenant);
    });
    return (await entry.key).key;
  }

  return {
    async seal(place: Place, text: string): Promise<string> {
      return seal(await keyOf(place.tenant), place, text);
    },
    /** @throws Error where the text was sealed for another place, or changed */
    async open(place: Place, sealed: string): Promise<string> {
      return open(await keyOf(place.tenant), place, sealed);
    },
    /** A key for the deployment's own signatures, the same in every process. */
    async signingKey(purpose: string): Promise<Buffer> {
      return createHmac('sha256', await keyOf(DEPLOYMENT))
        .update(purpose)
        .digest();
    },
  };
}
