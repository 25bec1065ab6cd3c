import { UpdateCommand } from '@aws-sdk/lib-dynamodb';
import * as z from 'zod';
import { DAY_CHARS, type Growth, type Target } from '../domain/count.ts';
import type { Sums } from '../domain/figures.ts';
import { unlessRefused } from './conditional.ts';
import { readAll, type Table } from './database.ts';
import type { Whom } from './health.ts';
import { keys } from './keys.ts';
import { readable, warn, type Report } from './readable.ts';

/** A year and a month: whoever is billed for a year still finds its first days when that is over. */
const USAGE_DAYS = 400;
const DAY_SECONDS = 86_400;

/** A figure as it is kept: how much of everything, and the last window that is in it. */
const Kept = z
  .object({ pk: z.string(), sk: z.string(), v: z.number(), folded: z.number(), expires_at: z.number() })
  .catchall(z.number())
  .transform(({ pk: _pk, sk: at, v: _v, folded: _folded, expires_at: _expiry, ...sums }) => ({ at, sums }));

/** Figures by their hour or day. Where nothing happened, there is none. */
export type Figures = ReadonlyMap<string, Sums>;

/** From the first hour or day that counts to the first that does not. */
interface Stretch {
  from: string;
  to: string;
}

export type FigureStore = ReturnType<typeof figuresIn>;

/** What was counted of subscriptions by hour, and of tenants by day. */
export function figuresIn(table: Table, retentionDays: number, report: Report = warn) {
  const { db, name: TableName } = table;

  const expiry = ({ at, subscriptionId }: Target): number => {
    const days = 1 + (subscriptionId === undefined ? USAGE_DAYS : retentionDays);
    return Date.parse(at.slice(0, DAY_CHARS)) / 1000 + days * DAY_SECONDS;
  };

  async function read(pk: string, { from, to }: Stretch): Promise<Figures> {
    const found = new Map<string, Sums>();
    // Backwards, for so a range ends at both ends.
    for await (const item of readAll(table, { pk, from, after: to, order: 'newest' })) {
      const kept = readable(Kept, item, report);
      if (kept !== undefined) found.set(kept.at, kept.sums);
    }
    return found;
  }

  return {
    /** Adds to a figure what the window of that number holds for it. It grows once by each window, however often and by whom it is asked. */
    async grow({ sums, ...target }: Growth, window: number): Promise<void> {
      const names = Object.keys(sums);
      const update = new UpdateCommand({
        TableName,
        Key: keys.figure(target),
        UpdateExpression: `SET folded = :window, v = :v, expires_at = :expiry ADD ${names.map((_, i) => `#n${i} :n${i}`).join(', ')}`,
        // Windows are folded one after the other, so that a later one is in it says that this one is as well.
        ConditionExpression: 'attribute_not_exists(pk) OR folded < :window',
        ExpressionAttributeNames: Object.fromEntries(names.map((name, i) => [`#n${i}`, name])),
        ExpressionAttributeValues: {
          ...Object.fromEntries(names.map((name, i) => [`:n${i}`, sums[name]])),
          ':window': window,
          ':v': 1,
          ':expiry': expiry(target),
        },
      });
      await unlessRefused(db.send(update));
    },

    /** A subscription's, by hour. */
    ofSubscription: ({ tenant, subscriptionId }: Whom, stretch: Stretch): Promise<Figures> =>
      read(keys.statPartition(tenant, subscriptionId), stretch),

    /** A tenant's, by day. */
    ofTenant: (tenant: string, stretch: Stretch): Promise<Figures> => read(keys.usePartition(tenant), stretch),
  };
}
