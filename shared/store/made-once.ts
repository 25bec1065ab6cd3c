import { GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import * as z from 'zod';
import { unlessRefused } from './conditional.ts';
import type { Table } from './database.ts';
import { keys } from './keys.ts';

/** What a caller asked to have made, under a key of his own. `content` is a hash of what he said. */
export interface Asked {
  tenant: string;
  /** What is made: the same key means another thing for another kind. */
  kind: string;
  key: string;
  content: string;
}

const Entry = z.object({ made: z.string(), content: z.string(), expires_at: z.number() });

/** So long a key is remembered. */
const KEPT_SECONDS = 24 * 60 * 60;

export type MadeOnce = ReturnType<typeof madeOnceIn>;

/** What callers may ask for as often as they like, and get once: they got no answer, and ask again. */
export function madeOnceIn({ db, name: TableName, now }: Table) {
  return {
    /**
     * The id that the key stands for: this one where it is new. Undefined where it was used for something else.
     */
    async idFor({ tenant, kind, key, content }: Asked, id: string): Promise<string | undefined> {
      const seconds = Math.floor(now().getTime() / 1000);
      const Key = keys.madeOnce(tenant, kind, key);
      const put = new PutCommand({
        TableName,
        Item: { ...Key, v: 1, made: id, content, expires_at: seconds + KEPT_SECONDS },
        // What has expired may stand for days until the table removes it.
        ConditionExpression: 'attribute_not_exists(pk) OR expires_at <= :now',
        ExpressionAttributeValues: { ':now': seconds },
      });
      if ((await unlessRefused(db.send(put))) !== undefined) return id;
      const { Item } = await db.send(new GetCommand({ TableName, Key, ConsistentRead: true }));
      const entry = Entry.parse(Item);
      return entry.content === content ? entry.made : undefined;
    },
  };
}
