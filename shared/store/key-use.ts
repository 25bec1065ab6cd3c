import { GetCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { unlessRefused } from './conditional.ts';
import { writeAll, type Table } from './database.ts';
import { keys } from './keys.ts';

/** It is written down no more often than that. */
const AGAIN_MS = 60_000;
/** So many keys are remembered at most; beyond that one more write is tried, and refused by its condition. */
const MOST_KNOWN = 1_000;

export type KeyUse = ReturnType<typeof keyUseIn>;

/** When each access key was used last, to the minute. */
export function keyUseIn(table: Table) {
  const { db, name: TableName } = table;
  const known = new Map<string, number>();

  return {
    /** Notes that the key was used now: one write a minute at most, from however many processes. */
    async note(keyId: string): Promise<void> {
      const now = table.now().getTime();
      if (now - (known.get(keyId) ?? -Infinity) < AGAIN_MS) return;
      if (known.size >= MOST_KNOWN) known.delete(known.keys().next().value ?? '');
      known.set(keyId, now);
      const update = new UpdateCommand({
        TableName,
        Key: keys.keyUse(keyId),
        UpdateExpression: 'SET v = :v, used_at = :now',
        ConditionExpression: 'attribute_not_exists(used_at) OR used_at <= :before',
        ExpressionAttributeValues: { ':v': 1, ':now': now, ':before': now - AGAIN_MS },
      });
      await unlessRefused(db.send(update));
    },

    /** When it was used last, RFC 3339; null where it never was. */
    async last(keyId: string): Promise<string | null> {
      const { Item } = await db.send(new GetCommand({ TableName, Key: keys.keyUse(keyId), ConsistentRead: true }));
      return typeof Item?.used_at === 'number' ? new Date(Item.used_at).toISOString() : null;
    },

    /** For a key that is no more. */
    async forget(keyId: string): Promise<void> {
      known.delete(keyId);
      await writeAll(table, [{ remove: keys.keyUse(keyId) }]);
    },
  };
}
