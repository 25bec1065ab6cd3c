import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { GetCommand, PutCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { FIRST_KEY_ID, hashOf, idInKey, isLive, Key, sameHash } from '../domain/key.ts';
import { problems } from '../domain/problem.ts';
import { countOf, readRange, writeAll, type Item, type ItemKey, type Table, type Write } from './database.ts';
import { keys } from './keys.ts';

const isAdmin = (key: Key): boolean => key.scopes.includes('admin');

export type AccessKeys = ReturnType<typeof accessKeysIn>;

/** A deleted key is refused at once where something is written, and after this long where something is read. */
const KEPT_MS = 30_000;
/** So many keys are kept at most; beyond that the oldest is read again. */
const MOST_KEPT = 1_000;

/**
 * Access keys by id, the list of them, and the set of admin keys that must never be empty.
 *
 * @param first reads the first admin key from the deployment's secret store
 */
export function accessKeysIn(table: Table, first: () => Promise<string>) {
  const { db, name: TableName } = table;
  const kept = new Map<string, { key: Key; until: number }>();

  const bothItems = (key: Key): Write[] => [
    { put: { ...keys.accessKeyListed(key.id), v: 1, ...key } },
    { put: { ...keys.accessKey(key.id), v: 1, ...key } },
  ];

  /** What tells of it in the list of its tenant. */
  const ofTenant = ({ tenant, id }: Key): ItemKey[] => (tenant === null ? [] : [keys.accessKeyOfTenant(tenant, id)]);

  async function enterAdmin(id: string): Promise<void> {
    await db.send(
      new UpdateCommand({
        TableName,
        Key: keys.admins,
        UpdateExpression: 'ADD ids :id',
        ExpressionAttributeValues: { ':id': new Set([id]) },
      }),
    );
  }

  /** Atomic, so that two admins who delete each other at once cannot both succeed. False where it is the last one. */
  async function leaveAdmin(id: string): Promise<boolean> {
    try {
      await db.send(
        new UpdateCommand({
          TableName,
          Key: keys.admins,
          UpdateExpression: 'DELETE ids :id',
          ConditionExpression: 'size(ids) > :one OR NOT contains(ids, :it)',
          ExpressionAttributeValues: { ':id': new Set([id]), ':it': id, ':one': 1 },
        }),
      );
      return true;
    } catch (error) {
      if (error instanceof ConditionalCheckFailedException) return false;
      throw error;
    }
  }

  async function read(id: string): Promise<Item | undefined> {
    const { Item } = await db.send(new GetCommand({ TableName, Key: keys.accessKey(id), ConsistentRead: true }));
    return Item;
  }

  /** The key of this text as it stands in the table or the secret store, or undefined. */
  async function standing(text: string, hash: string): Promise<Key | undefined> {
    const id = idInKey(text);
    if (id === undefined) return sameHash(hash, hashOf(await first())) ? firstKey(hash) : undefined;
    const item = await read(id);
    const key = item === undefined ? undefined : Key.parse(item);
    return key !== undefined && sameHash(key.sha256, hash) ? key : undefined;
  }

  /**
   * The first admin key. A tombstone of the same hash says that it was deleted; a new value in the secret store is a new key,
   * so nobody is ever locked out of his own deployment. Nothing is written here: ingest may only read this table.
   */
  async function firstKey(sha256: string): Promise<Key | undefined> {
    const item = await read(FIRST_KEY_ID);
    if (item?.sha256 === sha256) return item.revoked === true ? undefined : Key.parse(item);
    const created_at = table.now().toISOString();
    return {
      id: FIRST_KEY_ID,
      name: 'first admin key',
      scopes: ['admin'],
      tenant: null,
      expires_at: null,
      created_at,
      sha256,
    };
  }

  return {
    /** Read with strong consistency, so that a deleted key is refused at once. */
    async find(id: string): Promise<Key | undefined> {
      const item = await read(id);
      return item === undefined || item.revoked === true ? undefined : Key.parse(item);
    },

    /** Enters a new key. */
    async create(key: Key): Promise<void> {
      if (isAdmin(key)) await enterAdmin(key.id);
      // Before the key: a tenant that has one must never seem to have none.
      await writeAll(
        table,
        ofTenant(key).map((listed) => ({ put: { ...listed, v: 1 } })),
      );
      await writeAll(table, bothItems(key));
    },

    /** Changes a key, unless it was deleted meanwhile or is the last admin key and would lose that scope. */
    async change(key: Key): Promise<'changed' | 'gone' | 'last admin'> {
      if (isAdmin(key)) await enterAdmin(key.id);
      else if (!(await leaveAdmin(key.id))) return 'last admin';
      try {
        const Item = { ...keys.accessKey(key.id), v: 1, ...key };
        await db.send(new PutCommand({ TableName, Item, ConditionExpression: 'attribute_exists(pk)' }));
      } catch (error) {
        if (!(error instanceof ConditionalCheckFailedException)) throw error;
        await leaveAdmin(key.id);
        return 'gone';
      }
      await writeAll(table, bothItems(key).slice(0, 1));
      return 'changed';
    },

    /** Enters the first admin key among the others, so that it is listed and counts as one that is left. */
    async enterFirst(key: Key): Promise<void> {
      if ((await read(key.id))?.sha256 === key.sha256) return;
      await enterAdmin(key.id);
      await writeAll(table, bothItems(key));
    },

    /** False where it is the last admin key. */
    async remove(key: Key): Promise<boolean> {
      if (!(await leaveAdmin(key.id))) return false;
      // The first key still stands in the secret store: its item stays, and says that it is deleted.
      const gone: Write =
        key.id === FIRST_KEY_ID
          ? { put: { ...keys.accessKey(key.id), v: 1, ...key, revoked: true } }
          : { remove: keys.accessKey(key.id) };
      await writeAll(table, [gone, { remove: keys.accessKeyListed(key.id) }]);
      await writeAll(
        table,
        ofTenant(key).map((remove) => ({ remove })),
      );
      return true;
    },

    /** How many keys are bound to the tenant, expired ones included. */
    countOf: (tenant: string): Promise<number> => countOf(table, keys.tenantKeysPartition(tenant)),

    /** A page of all keys, newest first. */
    async list(page: {
      limit: number;
      after?: string | undefined;
    }): Promise<{ keys: Key[]; after: string | undefined }> {
      const { items, after } = await readRange(table, {
        ...keys.listedAccessKeys,
        order: 'newest',
        ...page,
      });
      return { keys: items.map((item) => Key.parse(item)), after };
    },

    /**
     * Whose key this is. `lately` may answer from half a minute ago, `now` reads.
     *
     * @throws Problem 401 for a key that is malformed, unknown, deleted or expired: all of them alike
     */
    async authenticate(text: string | undefined, as: 'now' | 'lately'): Promise<Key> {
      if (text === undefined) throw problems.unauthorized();
      const hash = hashOf(text);
      const remembered = kept.get(hash);
      const now = table.now();
      if (
        as === 'lately' &&
        remembered !== undefined &&
        remembered.until > now.getTime() &&
        isLive(remembered.key, now)
      ) {
        return remembered.key;
      }
      const key = await standing(text, hash);
      kept.delete(hash);
      if (key === undefined || !isLive(key, now)) throw problems.unauthorized();
      if (kept.size >= MOST_KEPT) kept.delete(kept.keys().next().value ?? '');
      kept.set(hash, { key, until: now.getTime() + KEPT_MS });
      return key;
    },
  };
}
