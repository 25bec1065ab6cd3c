import { GetCommand, PutCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import * as z from 'zod';
import { removeIf, unlessRefused } from './conditional.ts';
import { readAll, writeAll, type Item, type ItemKey, type Table } from './database.ts';
import { keys, TENANT_SHARDS } from './keys.ts';
import { mergedPage } from './merged.ts';
import { readable, warn, type Report } from './readable.ts';

/** How far the erasure of a tenant is. */
const Erasure = z.object({
  started_at: z.string(),
  /** First its subscriptions go, and when all that was on its way has come to rest, everything else. */
  phase: z.enum(['subscriptions', 'rest']),
  /** So many of each are gone. What is done twice may count twice. */
  events: z.number(),
  subscriptions: z.number(),
  /** Nothing is done before then, in milliseconds since 1970. */
  next_at: z.number(),
  touched_at: z.string(),
});
export type Erasure = z.infer<typeof Erasure>;

const Tenant = z.object({ tenant: z.string(), since: z.string(), erasure: Erasure.optional() });
export type Tenant = z.infer<typeof Tenant>;

const Erasing = z.object({ tenant: z.string(), started_at: z.string() });

/** For so much longer than events something of a deleted subscription may be left: its health, its rates, its replays. */
const LEFT_DAYS = 60;
const DAY_SECONDS = 86_400;

/** An erasure by its tenant and its beginning: the tenant may have come back since. */
export type ErasureOf = Pick<Tenant, 'tenant'> & Pick<Erasure, 'started_at'>;

export type Tenants = ReturnType<typeof tenantsIn>;

/**
 * The tenants that have ever had an event, a subscription or a key, until they are erased. Each has an item, which is read when
 * something is made for it, and an entry in a list, which is read by people. The entry is written first, and goes first while the item
 * still says that nothing may be made.
 *
 * @param report hears of items that cannot be read; they are left out of lists
 */
export function tenantsIn(table: Table, retentionDays: number, report: Report = warn) {
  const { db, name: TableName } = table;
  const listPartitions = Array.from({ length: TENANT_SHARDS }, (_, shard) => keys.tenantsPartition(shard));
  const erasingKey = (tenant: string): ItemKey => ({ ...keys.erasing, sk: tenant });

  const putNew = async (Item: Item): Promise<boolean> =>
    (await unlessRefused(
      db.send(new PutCommand({ TableName, Item, ConditionExpression: 'attribute_not_exists(pk)' })),
    )) !== undefined;

  async function find(tenant: string): Promise<Tenant | undefined> {
    const { Item } = await db.send(new GetCommand({ TableName, Key: keys.tenant(tenant), ConsistentRead: true }));
    return Item && Tenant.parse(Item);
  }

  /**
   * The tenant, for which nothing may be made while it is being erased. Whoever makes the first thing of it asks first, and so it is
   * known before.
   */
  async function enter(tenant: string): Promise<Tenant> {
    const known = await find(tenant);
    if (known !== undefined) return known;
    const entered = { tenant, since: table.now().toISOString() };
    await putNew({ ...keys.tenantListed(tenant), v: 1 });
    return (await putNew({ ...keys.tenant(tenant), v: 1, ...entered })) ? entered : enter(tenant);
  }

  /** Changes an erasure that is under way. Undefined where it is over, or another one is. */
  async function update(
    { tenant, started_at }: ErasureOf,
    change: { set: string; values: Item },
  ): Promise<Tenant | undefined> {
    const output = await unlessRefused(
      db.send(
        new UpdateCommand({
          TableName,
          Key: keys.tenant(tenant),
          UpdateExpression: `SET ${change.set}, erasure.touched_at = :at`,
          ConditionExpression: 'erasure.started_at = :started',
          ExpressionAttributeValues: { ...change.values, ':started': started_at, ':at': table.now().toISOString() },
          ReturnValues: 'ALL_NEW',
        }),
      ),
    );
    return output && Tenant.parse(output.Attributes);
  }

  return {
    find,
    enter,

    /** A page of all tenants, by name. */
    async list(page: {
      limit: number;
      after?: string | undefined;
    }): Promise<{ tenants: Tenant[]; after: string | undefined }> {
      const { items, after } = await mergedPage(table, listPartitions, { order: 'oldest', ...page });
      const found = await Promise.all(items.map(({ sk }) => find(String(sk))));
      return { tenants: found.filter((tenant) => tenant !== undefined), after };
    },

    /** The subscription is about to be deleted: whoever erases the tenant later must know of what it leaves behind. */
    async noteGone(tenant: string, subscriptionId: string): Promise<void> {
      const expires_at = Math.ceil(table.now().getTime() / 1000) + (retentionDays + LEFT_DAYS) * DAY_SECONDS;
      await writeAll(table, [{ put: { ...keys.gone(tenant, subscriptionId), v: 1, expires_at } }]);
    },

    /** From now on nothing is made for the tenant. Leaves an erasure alone that is under way. */
    async beginErasure(tenant: string, nextAt: Date): Promise<void> {
      const started_at = table.now().toISOString();
      await writeAll(table, [{ put: { ...erasingKey(tenant), v: 1, tenant, started_at } }]);
      const erasure: Erasure = {
        started_at,
        phase: 'subscriptions',
        events: 0,
        subscriptions: 0,
        next_at: nextAt.getTime(),
        touched_at: started_at,
      };
      await unlessRefused(
        db.send(
          new UpdateCommand({
            TableName,
            Key: keys.tenant(tenant),
            UpdateExpression: 'SET erasure = :erasure',
            ConditionExpression: 'attribute_exists(pk) AND attribute_not_exists(erasure)',
            ExpressionAttributeValues: { ':erasure': erasure },
          }),
        ),
      );
    },

    /** So many more are gone; undefined where the erasure is over. */
    erased: (of: ErasureOf, { events, subscriptions }: { events: number; subscriptions: number }) =>
      update(of, {
        set: 'erasure.events = erasure.events + :events, erasure.subscriptions = erasure.subscriptions + :subscriptions',
        values: { ':events': events, ':subscriptions': subscriptions },
      }),

    /** Its subscriptions are gone, and what is left goes then. */
    eraseRest: (of: ErasureOf, nextAt: Date) =>
      update(of, {
        set: 'erasure.phase = :phase, erasure.next_at = :next',
        values: { ':phase': 'rest', ':next': nextAt.getTime() },
      }),

    /** There is no such tenant any more. Whoever dies in between comes again, and finds the rest. */
    async forget({ tenant, started_at }: ErasureOf): Promise<void> {
      await writeAll(table, [{ remove: keys.tenantListed(tenant) }]);
      await removeIf(table, keys.tenant(tenant), { only: 'erasure.started_at = :it', it: started_at });
      await removeIf(table, erasingKey(tenant), { only: 'started_at <= :it', it: started_at });
    },

    /** Tenants whose erasure should have gone on before then, and nobody has touched it since. What is over is taken off the list. */
    async *stalledErasures(before: Date): AsyncGenerator<string> {
      for await (const item of readAll(table, { ...keys.erasing, consistent: 'yes' })) {
        const entry = readable(Erasing, item, report);
        // Its erasure may be about to be written.
        if (entry === undefined || Date.parse(entry.started_at) >= before.getTime()) continue;
        const erasure = (await find(entry.tenant))?.erasure;
        if (erasure === undefined) {
          await removeIf(table, erasingKey(entry.tenant), { only: 'started_at = :it', it: entry.started_at });
        } else if (Math.max(Date.parse(erasure.touched_at), erasure.next_at) < before.getTime()) {
          yield entry.tenant;
        }
      }
    },
  };
}
