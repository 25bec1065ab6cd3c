import { PutCommand } from '@aws-sdk/lib-dynamodb';
import { removeIf, unlessRefused } from './conditional.ts';
import { readRange, type Table } from './database.ts';
import type { Whom } from './health.ts';
import { keys } from './keys.ts';

const nameOf = ({ tenant, subscriptionId }: Whom): string => `${tenant} ${subscriptionId}`;

/** The right to one request to a suspect. `until` is milliseconds since 1970. */
export interface Lease extends Whom {
  slot: number;
  token: string;
  until: number;
}

/** So many requests a suspect may have under way. */
export const MOST_LEASES = 10;
const MOST_TRIES = 3;
/** Where all were held a moment ago, nobody looks again so soon: a flood would ask for each of its events. */
const FULL_MS = 200;
const MOST_FULL = 1_000;

/**
 * The leases of suspects: a fixed number of slots, each of which is held by one until it is given back or its time is over.
 *
 * @param first where the turns begin, so that not all environments try the same slot first
 */
export function leasesIn(table: Table, { first, token }: { first: number; token: () => string }) {
  const { db, name: TableName } = table;
  let turns = first * MOST_TRIES;
  /** Whose slots were all held, and until when that is believed. */
  const full = new Map<string, number>();

  function noteFull(whom: Whom, until: number): void {
    if (full.size >= MOST_FULL) full.clear();
    full.set(nameOf(whom), until);
  }

  /**
   * The slots that nobody seems to hold. A read of half a unit that spares the writes: where all are held, nobody gets one of
   * them by trying. All who ask at once begin at another slot.
   */
  async function freeSlots(whom: Whom, now: Date): Promise<number[]> {
    const turn = turns++;
    const { items } = await readRange(table, keys.leasesOf(whom));
    const held = new Map(items.map(({ sk, lease_until }) => [sk, Number(lease_until)]));
    const untilOf = (slot: number): number => held.get(keys.lease(whom, slot).sk) ?? 0;
    const slots = Array.from({ length: MOST_LEASES }, (_, i) => (turn + i) % MOST_LEASES);
    const free = slots.filter((slot) => untilOf(slot) <= now.getTime());
    if (free.length === 0) noteFull(whom, Math.min(now.getTime() + FULL_MS, ...slots.map(untilOf)));
    return free;
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
      if ((full.get(nameOf(whom)) ?? 0) > now.getTime()) return undefined;
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
      full.delete(nameOf(lease));
      await removeIf(table, keys.lease(lease, lease.slot), { only: 'holder = :it', it: lease.token });
    },
  };
}
