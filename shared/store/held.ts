import { UpdateCommand } from '@aws-sdk/lib-dynamodb';
import * as z from 'zod';
import { removeIf, unlessRefused } from './conditional.ts';
import { readAll, writeAll, type ItemKey, type Table } from './database.ts';
import type { Whom } from './health.ts';
import { keys } from './keys.ts';
import { readable, warn, type Report } from './readable.ts';

const Entry = z.object({ tenant: z.string(), subscription_id: z.string(), searched_to: z.string().default('') });

/** Somebody of the list. */
export interface Listed extends Whom {
  /** His place in it, which `after` goes on from. */
  position: string;
  /** How far the timeline was searched for his next probe: a position in it, empty for its beginning. */
  searchedTo: string;
}

/** Whoever lists somebody holds him within this time. */
const LISTED_FOR_MS = 60_000;

const keyOf = ({ tenant, subscriptionId }: Whom): ItemKey => ({ ...keys.held, sk: `${tenant}#${subscriptionId}` });

export type HeldList = ReturnType<typeof heldIn>;

/**
 * The list of the subscriptions that are held. It may name some that are not: an entry is written before the subscription is held, and
 * goes when somebody has looked and found that it is not.
 *
 * @param report hears of entries that cannot be read; they are left out
 */
export function heldIn(table: Table, report: Report = warn) {
  return {
    async list(whom: Whom): Promise<void> {
      const { tenant, subscriptionId: subscription_id } = whom;
      const listed_at = table.now().toISOString();
      await writeAll(table, [{ put: { ...keyOf(whom), v: 1, tenant, subscription_id, listed_at } }]);
    },

    /**
     * Takes him off the list, as one who looked `at` that moment and found that he is not held. Whoever was listed in the minute
     * before, or since, stays: he may be held by now. Entries of releases that did not say when are as old as can be.
     */
    async remove(whom: Whom, at: Date): Promise<void> {
      await removeIf(table, keyOf(whom), {
        only: 'attribute_not_exists(listed_at) OR listed_at <= :it',
        it: new Date(at.getTime() - LISTED_FOR_MS).toISOString(),
      });
    },

    /** Writes down how far the timeline was searched for his next probe. Brings back nobody who is off the list. */
    async searched(whom: Whom, position: string): Promise<void> {
      await unlessRefused(
        table.db.send(
          new UpdateCommand({
            TableName: table.name,
            Key: keyOf(whom),
            UpdateExpression: 'SET searched_to = :to',
            ConditionExpression: 'attribute_exists(pk)',
            ExpressionAttributeValues: { ':to': position },
          }),
        ),
      );
    },

    /** All of the list, or those behind that position. */
    async *all(after?: string): AsyncGenerator<Listed> {
      for await (const item of readAll(table, { ...keys.held, after, consistent: 'yes' })) {
        const entry = readable(Entry, item, report);
        if (entry === undefined) continue;
        const { tenant, subscription_id: subscriptionId, searched_to: searchedTo } = entry;
        yield { tenant, subscriptionId, position: String(item.sk), searchedTo };
      }
    },
  };
}
