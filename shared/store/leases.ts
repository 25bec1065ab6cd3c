import { PutCommand } from '@aws-sdk/lib-dynamodb';
import { removeIf, unlessRefused } from './conditional.ts';
import { readRange, type Table } from './database.ts';
import type { Whom } from './health.ts';
import { keys } from './keys.ts';

/** The right to one request to a suspect. `until` is milliseconds since 1970. */
export interface Lease extends Whom {
  slot: number;
  token: string;
  until: number;
}

/** So many requests a suspect may have under way. */
export const MOST_LEASES = 10;
const MOST_TRIES = 3;

/**
 * The leases of suspects: a fixed number of slots, each of which is held by one until it is given back or its time is over.
 *
 * @param first where the turns begin, so that not all environments try the same slot first
 */
export function leasesIn(table: Table, { first, token }: { first: number; token: () => string }) {
  const { db, name: TableName } = table;
  let turns = first * MOST_TRIES;

  /**
   * The slots that nobody seems to hold. A read of half a unit that spares the writes: where all are held, nobody gets one of
   * them by trying. All who ask at once begin at another slot.
   */
  async function freeSlots(whom: Whom, now: Date): Promise<number[]> {
    const turn = turns++;
    const { items } = await readRange(table, keys.leasesOf(whom));
    const held = new Set(items.filter(({ lease_until }) => Number(lease_until) > now.getTime()).map(({ sk }) => sk));
    return Array.from({ length: MOST_LEASES }, (_, i) => (turn + i) % MOST_LEASES).filter(
      (slot) => !held.has(keys.lease(whom, slot).sk),
    );
  }

  /** Whether the slot is ours now: nobody holds it any more, or we took it before with an answer that got lost. */
  const take = async (lease: Lease, now: Date): Promise<boolean> =>
    (await unlessRefused(
      db.send(
        new PutCommand({
          TableName,
          Item: {
            ...keys.lease(lease, lease.slot),
            v: 1,
            holder: lease.token,
            lease_until: lease.until,
            expires_at: Math.ceil(lease.until / 1000),
          },
          ConditionExpression: 'attribute_not_exists(pk) OR lease_until <= :now OR holder = :holder',
          ExpressionAttributeValues: { ':now': now.getTime(), ':holder': lease.token },
        }),
      ),
    )) !== undefined;

  return {
    /**
     * Asks for the right to one request. Undefined where all are taken, or were taken while we asked. Whoever dies with one holds
     * it until its time is over, so that must outlast the request.
     */
    async lease(whom: Whom, { now, seconds }: { now: Date; seconds: number }): Promise<Lease | undefined> {
      const slots = await freeSlots(whom, now);
      const { tenant, subscriptionId } = whom;
      const lease = { tenant, subscriptionId, token: token(), until: now.getTime() + seconds * 1000 };
      for (const slot of slots.slice(0, MOST_TRIES)) {
        if (await take({ ...lease, slot }, now)) return { ...lease, slot };
      }
      return undefined;
    },

    /** The request is over. Where the lease ran out and somebody else holds the slot, that one's stays. */
    async giveBack(lease: Lease): Promise<void> {
      await removeIf(table, keys.lease(lease, lease.slot), { only: 'holder = :it', it: lease.token });
    },
  };
}
