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
  const secondsNow = (): number => Math.floor(now().getTime() / 1000);

  async function read({ tenant, kind, key }: Asked): Promise<z.infer<typeof Entry> | undefined> {
    const { Item } = await db.send(
      new GetCommand({ TableName, Key: keys.madeOnce(tenant, kind, key), ConsistentRead: true }),
    );
    return Item && Entry.parse(Item);
  }

  return {
    /** What the key stands for, and whether it is for what is asked for here. Undefined where it is new. */
    async find(asked: Asked): Promise<{ id: string; isSame: boolean } | undefined> {
      const entry = await read(asked);
      if (entry === undefined || entry.expires_at <= secondsNow()) return undefined;
      return { id: entry.made, isSame: entry.content === asked.content };
    },

    /**
     * The id that the key stands for: this one where it is new. Undefined where it was used for something else.
     */
    async idFor(asked: Asked, id: string): Promise<string | undefined> {
      const { tenant, kind, key, content } = asked;
      const seconds = secondsNow();
      const put = new PutCommand({
        TableName,
        Item: { ...keys.madeOnce(tenant, kind, key), v: 1, made: id, content, expires_at: seconds + KEPT_SECONDS },
        // What has expired may stand for days until the table removes it.
        ConditionExpression: 'attribute_not_exists(pk) OR expires_at <= :now',
        ExpressionAttributeValues: { ':now': seconds },
      });
      if ((await unlessRefused(db.send(put))) !== undefined) return id;
      const entry = await read(asked);
      return entry?.content === content ? entry.made : undefined;
    },
  };
}
