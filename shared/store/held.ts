import * as z from 'zod';
import { readAll, writeAll, type ItemKey, type Table } from './database.ts';
import type { Whom } from './health.ts';
import { keys } from './keys.ts';

const Entry = z.object({ tenant: z.string(), subscription_id: z.string() });

const keyOf = ({ tenant, subscriptionId }: Whom): ItemKey => ({ ...keys.held, sk: `${tenant}#${subscriptionId}` });

export type HeldList = ReturnType<typeof heldIn>;

/**
 * The list of the subscriptions that are held. It may name some that are not: an entry is written before the subscription is held, and
 * goes when somebody has looked and found that it is not.
 */
export function heldIn(table: Table) {
  return {
    async list(whom: Whom): Promise<void> {
      const { tenant, subscriptionId: subscription_id } = whom;
      await writeAll(table, [{ put: { ...keyOf(whom), v: 1, tenant, subscription_id } }]);
    },

    async remove(whom: Whom): Promise<void> {
      await writeAll(table, [{ remove: keyOf(whom) }]);
    },

    async *all(): AsyncGenerator<Whom> {
      for await (const item of readAll(table, { ...keys.held, consistent: 'yes' })) {
        const { tenant, subscription_id: subscriptionId } = Entry.parse(item);
        yield { tenant, subscriptionId };
      }
    },
  };
}
