import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { DeleteCommand, GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import * as z from 'zod';
import { interestsIn } from '../domain/interest.ts';
import { Subscription } from '../domain/subscription.ts';
import { countOf, readAll, readRange, writeAll, type Item, type Table, type Write } from './database.ts';
import { keys } from './keys.ts';

const Interest = z.object({ subscription: z.string(), filter: z.string().nullable() });

/** A subscription that wants events of some type, with its filter as JSON text, null without one. */
export type Interest = z.infer<typeof Interest>;

type Wants = Pick<Subscription, 'tenant' | 'id' | 'interest' | 'event_types' | 'filter'>;

const interestItems = (of: Wants): Item[] =>
  of.event_types.map((wish) => ({
    ...keys.interest(of.tenant, wish, { subscription: of.id, interest: of.interest }),
    v: 1,
    subscription: of.id,
    // As text: a filter may hold numbers and depths that an attribute may not.
    filter: of.filter === null ? null : JSON.stringify(of.filter),
  }));

const puts = (of: Wants): Write[] => interestItems(of).map((put) => ({ put }));
const removals = (of: Wants): Write[] =>
  interestItems(of).map(({ pk, sk }) => ({ remove: { pk: String(pk), sk: String(sk) } }));

/** A filter is kept as text for the same reason as above. */
const toItem = (subscription: Subscription): Item => ({
  ...keys.subscription(subscription.tenant, subscription.id),
  v: 1,
  ...subscription,
  filter: subscription.filter === null ? null : JSON.stringify(subscription.filter),
});

const fromItem = (item: Item): Subscription =>
  Subscription.parse({
    ...item,
    filter: typeof item.filter === 'string' ? (JSON.parse(item.filter) as unknown) : null,
  });

export type Subscriptions = ReturnType<typeof subscriptionsIn>;

/**
 * Subscriptions, and the interest items by which match finds them. Interest items are never changed: a change of event types
 * or filter writes new ones under a new name first, then the subscription that names them, then removes the old ones. So
 * at every moment the current ones stand, whatever crashes and whoever else writes; a stale one costs a look and is harmless.
 *
 * @param readersPass waits before the old ones go: match asks for several wishes at once, and an answer from before the change
 * beside one from after the removal would find neither
 */
export function subscriptionsIn(table: Table, readersPass: () => Promise<void> = async () => undefined) {
  const { db, name: TableName } = table;

  /** False where the condition failed: somebody else changed it first. */
  async function putIf(
    subscription: Subscription,
    condition: { expression: string; version?: number },
  ): Promise<boolean> {
    try {
      await db.send(
        new PutCommand({
          TableName,
          Item: toItem(subscription),
          ConditionExpression: condition.expression,
          ...(condition.version !== undefined && {
            ExpressionAttributeNames: { '#version': 'version' },
            ExpressionAttributeValues: { ':version': condition.version },
          }),
        }),
      );
      return true;
    } catch (error) {
      if (error instanceof ConditionalCheckFailedException) return false;
      throw error;
    }
  }

  async function find(tenant: string, id: string): Promise<Subscription | undefined> {
    const { Item } = await db.send(
      new GetCommand({ TableName, Key: keys.subscription(tenant, id), ConsistentRead: true }),
    );
    return Item === undefined ? undefined : fromItem(Item);
  }

  /**
   * Whether the change was made after all. The client tries a put again whose answer got lost, which then fails on its own
   * work: whoever took that for a defeat would take away the interest that stands.
   */
  const stands = async ({ tenant, id, interest }: Subscription): Promise<boolean> =>
    (await find(tenant, id))?.interest === interest;

  return {
    async create(subscription: Subscription): Promise<void> {
      await writeAll(table, puts(subscription));
      await putIf(subscription, { expression: 'attribute_not_exists(pk)' });
    },

    /** False where `before` is no longer what stands; nothing is changed then. */
    async replace(before: Subscription, after: Subscription): Promise<boolean> {
      const moved = before.interest !== after.interest;
      if (moved) await writeAll(table, puts(after));
      const put = await putIf(after, { expression: '#version = :version', version: before.version });
      const won = put || (moved && (await stands(after)));
      if (moved && won) await readersPass();
      if (moved) await writeAll(table, removals(won ? before : after));
      return won;
    },

    find,

    /** False where there was none. */
    async remove(subscription: Subscription): Promise<boolean> {
      const { Attributes } = await db.send(
        new DeleteCommand({
          TableName,
          Key: keys.subscription(subscription.tenant, subscription.id),
          ReturnValues: 'ALL_OLD',
        }),
      );
      await writeAll(table, removals(Attributes === undefined ? subscription : fromItem(Attributes)));
      return Attributes !== undefined;
    },

    /** A page of a tenant's subscriptions, newest first. */
    async list(
      tenant: string,
      page: { limit: number; after?: string | undefined },
    ): Promise<{ subscriptions: Subscription[]; after: string | undefined }> {
      const { items, after } = await readRange(table, {
        pk: keys.subscriptionPartition(tenant),
        order: 'newest',
        ...page,
      });
      return { subscriptions: items.map(fromItem), after };
    },

    /** How many a tenant has. */
    count: (tenant: string): Promise<number> => countOf(table, keys.subscriptionPartition(tenant)),

    /** Everyone who asked for events of this type and group; one subscription may stand there several times. */
    async interested(tenant: string, event: { type: string; group: string }): Promise<Interest[]> {
      const lists = await Promise.all(
        interestsIn(event.type, event.group).map((wish) =>
          Array.fromAsync(readAll(table, { pk: keys.interestPartition(tenant, wish), consistent: 'yes' }), (item) =>
            Interest.parse(item),
          ),
        ),
      );
      return lists.flat();
    },
  };
}
