import { GetCommand, PutCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import * as z from 'zod';
import { removeIf, unlessRefused } from './conditional.ts';
import { readAll, type Table } from './database.ts';
import { keys, TROUBLE_COPIES } from './keys.ts';
import { leasesIn } from './leases.ts';
import { readable, warn, type Report } from './readable.ts';

export type { Lease } from './leases.ts';

export interface Whom {
  tenant: string;
  subscriptionId: string;
}

/** What is known against a subscription since it answered last. */
export interface Health {
  failures: number;
  /** RFC 3339. */
  failingSince: string | undefined;
  suspect: boolean;
  open: boolean;
}

/** An entry in the list of those in trouble. `slowUntil` is milliseconds since 1970, and over once it has passed. */
export interface Trouble extends Whom {
  suspect: boolean;
  open: boolean;
  slowUntil: number;
}

export interface HealthProps {
  /** Which copy of the list is read here. */
  copy: number;
  /** A text that nobody else has, for each lease. */
  token(): string;
  /** Hears of items that cannot be read. */
  report?: Report;
}

/**
 * What is known of one subscription. `rev` grows with every change, and `edition` is the `rev` of the last change that the list
 * has to show; `listed` is the edition that it shows. So whoever comes next knows that somebody died between the two.
 */
const Truth = z.object({
  tenant: z.string(),
  subscription_id: z.string(),
  failures: z.number().default(0),
  failing_since: z.string().optional(),
  suspect_since: z.string().optional(),
  open_since: z.string().optional(),
  well_since: z.string().optional(),
  slow_until: z.number().default(0),
  rev: z.number(),
  edition: z.number().default(0),
  listed: z.number().optional(),
  /** It belongs on the list: from its first failure until it is taken off. */
  wanted: z.literal(true).optional(),
  expires_at: z.number(),
});
type Truth = z.infer<typeof Truth>;

const Entry = z.object({
  tenant: z.string(),
  subscription_id: z.string(),
  suspect: z.boolean(),
  open: z.boolean(),
  slow_until: z.number(),
  rev: z.number(),
});
type Entry = z.infer<typeof Entry>;

/** A change of the truth, as parts of an update expression. */
interface Change {
  at: Date;
  set?: readonly string[];
  remove?: readonly string[];
  values?: Record<string, unknown>;
  only?: string;
}

/** What failed longer ago says nothing of today. */
const KEPT_SECONDS = 30 * 86_400;
/** Taken off sooner, one that fails now and then would be put on the list and off it again all day. */
const WELL_MS = 60_000;
/** A slow endpoint is left alone until later in steps of this size: each of them is written to every copy. */
const SLOW_STEP_MS = 1_000;
const LOOKED_AT_ONCE = 25;

const COPIES = Array.from({ length: TROUBLE_COPIES }, (_, copy) => copy);
/** It begins with the clock: one that begins anew is newer than all that was ever listed of it. */
const NEXT_REV = 'if_not_exists(rev, :start) + :one';

const expiryOf = (at: Date): number => Math.ceil(at.getTime() / 1000) + KEPT_SECONDS;
/** What expires at this second or before has expired. */
const secondOf = (at: Date): number => Math.floor(at.getTime() / 1000);
const whomOf = ({ tenant, subscription_id }: Entry): Whom => ({ tenant, subscriptionId: subscription_id });

const healthOf = (truth: Truth): Health => ({
  failures: truth.failures,
  failingSince: truth.failing_since,
  suspect: truth.suspect_since !== undefined,
  open: truth.open_since !== undefined,
});

function entryOf(truth: Truth): Entry {
  const { tenant, subscription_id, slow_until, rev } = truth;
  const { suspect, open } = healthOf(truth);
  return { tenant, subscription_id, suspect, open, slow_until, rev };
}

const isWell = (truth: Truth, now: Date): boolean =>
  truth.suspect_since === undefined &&
  truth.open_since === undefined &&
  truth.slow_until <= now.getTime() &&
  truth.well_since !== undefined &&
  Date.parse(truth.well_since) + WELL_MS <= now.getTime();

export type HealthStore = ReturnType<typeof healthIn>;

/**
 * The health of subscriptions that fail, the list of them that every environment reads once a second, and the leases of those
 * that are suspect. One item is the truth about a subscription. The list stands in copies, each of which shows what the truth said
 * at some moment, and never an older one than it showed before.
 *
 * A failure whose answer got lost may be counted twice: a circuit then opens a little sooner.
 */
export function healthIn(table: Table, { copy, token, report = warn }: HealthProps) {
  const { db, name: TableName } = table;

  /** The truth as it is after the change, or undefined where `only` does not hold. */
  async function changed(whom: Whom, { at, set = [], remove = [], values, only }: Change): Promise<Truth | undefined> {
    const always = ['v = :v', 'tenant = :tenant', 'subscription_id = :id', 'expires_at = :expiry', `rev = ${NEXT_REV}`];
    const removed = remove.length > 0 ? ` REMOVE ${remove.join(', ')}` : '';
    const output = await unlessRefused(
      db.send(
        new UpdateCommand({
          TableName,
          Key: keys.health(whom),
          UpdateExpression: `SET ${[...always, ...set].join(', ')}${removed}`,
          ...(only !== undefined && { ConditionExpression: only }),
          ExpressionAttributeValues: {
            ':v': 1,
            ':tenant': whom.tenant,
            ':id': whom.subscriptionId,
            ':expiry': expiryOf(at),
            ':start': at.getTime(),
            ':one': 1,
            ...values,
          },
          ReturnValues: 'ALL_NEW',
        }),
      ),
    );
    return output && Truth.parse(output.Attributes);
  }

  /** A change that the list has to show. */
  const shown = (whom: Whom, change: Change): Promise<Truth | undefined> =>
    changed(whom, { ...change, set: [`edition = ${NEXT_REV}`, ...(change.set ?? [])] });

  /** Something against the subscription, which belongs on the list from then on. */
  async function noted(whom: Whom, { at, set = [], values }: Change): Promise<Truth> {
    const change: Change = {
      at,
      set: ['wanted = :yes', ...set],
      remove: ['well_since'],
      values: { ...values, ':yes': true },
    };
    const now = secondOf(at);
    const truth = await changed(whom, {
      ...change,
      values: { ...change.values, ':now': now },
      only: 'attribute_not_exists(expires_at) OR expires_at > :now',
    });
    if (truth !== undefined) return truth;
    // What has expired may stand for days until the table removes it, and must not count on.
    await removeIf(table, keys.health(whom), { only: 'expires_at <= :it', it: now });
    const begun = await changed(whom, change);
    if (begun === undefined) throw new Error('an update without a condition was refused');
    return begun;
  }

  /** Keeps the first moment, however often it is called. */
  async function turned(whom: Whom, since: 'suspect_since' | 'open_since', at: Date): Promise<void> {
    const truth = await noted(whom, { at });
    if (truth[since] !== undefined) return list(truth);
    const change = { at, set: [`${since} = :at`], values: { ':at': at.toISOString() } };
    await list((await shown(whom, { ...change, only: `attribute_not_exists(${since})` })) ?? truth);
  }

  /**
   * Leaves an entry alone that is newer. It does not expire: it would go before its truth does, and not come back. The tick takes
   * off those whose truth is no more.
   */
  const putEntry = (entry: Entry, to: number): Promise<unknown> =>
    unlessRefused(
      db.send(
        new PutCommand({
          TableName,
          Item: { ...keys.trouble(whomOf(entry), to), v: 1, ...entry },
          ConditionExpression: 'attribute_not_exists(pk) OR rev < :rev',
          ExpressionAttributeValues: { ':rev': entry.rev },
        }),
      ),
    );

  /** Makes the list show the truth, where it does not do so already. */
  async function list(truth: Truth): Promise<void> {
    if (truth.wanted === undefined || truth.listed === truth.edition) return;
    const entry = entryOf(truth);
    await Promise.all(COPIES.map((to) => putEntry(entry, to)));
    await unlessRefused(
      db.send(
        new UpdateCommand({
          TableName,
          Key: keys.health(whomOf(entry)),
          UpdateExpression: 'SET listed = :edition',
          // Whoever marks an older edition last only makes the next one list it again; but he must not make a truth that is gone.
          ConditionExpression: 'attribute_exists(pk)',
          ExpressionAttributeValues: { ':edition': truth.edition },
        }),
      ),
    );
  }

  async function* entries(of: number): AsyncGenerator<Entry> {
    for await (const item of readAll(table, { pk: keys.troublePartition(of) })) {
      const entry = readable(Entry, item, report);
      if (entry !== undefined) yield entry;
    }
  }

  /** Takes off what the copies show of the subscription, unless it is newer than that. */
  const takeOff = (entry: Entry, rev: number): Promise<unknown> =>
    Promise.all(
      COPIES.map((from) => removeIf(table, keys.trouble(whomOf(entry), from), { only: 'rev <= :it', it: rev })),
    );

  /** Takes one off who is well or whom nobody knows any more, and otherwise makes the list show how he is. */
  async function tidied(entry: Entry, now: Date): Promise<boolean> {
    const whom = whomOf(entry);
    const { Item } = await db.send(new GetCommand({ TableName, Key: keys.health(whom), ConsistentRead: true }));
    const truth = Item && readable(Truth, Item, report);
    if (Item === undefined || (truth && truth.expires_at * 1000 <= now.getTime())) {
      await takeOff(entry, entry.rev);
      return true;
    }
    if (truth === undefined) return false;
    if (!isWell(truth, now)) {
      await list(truth);
      return false;
    }
    // First the truth, in a new edition: a failure that comes now lists it again, and its entry is too new to be taken off.
    const { rev } = truth;
    const change = { at: now, remove: ['wanted'], values: { ':rev': rev }, only: 'rev = :rev' };
    if ((await shown(whom, change)) === undefined) return false;
    await takeOff(entry, rev);
    return true;
  }

  return {
    /**
     * So many requests failed. One write; five more at the first failure since the subscription was well, and six where it wants to
     * be left alone until later than was known.
     */
    async failed(
      whom: Whom,
      { count, at, slowUntil = 0 }: { count: number; at: Date; slowUntil?: number | undefined },
    ): Promise<Health> {
      const failed = await noted(whom, {
        at,
        set: [
          'failures = if_not_exists(failures, :none) + :count',
          'failing_since = if_not_exists(failing_since, :at)',
        ],
        values: { ':none': 0, ':count': count, ':at': at.toISOString() },
      });
      const isLater = slowUntil >= failed.slow_until + SLOW_STEP_MS;
      const change = { at, set: ['slow_until = :slow'], values: { ':slow': slowUntil } };
      const only = 'attribute_not_exists(slow_until) OR slow_until < :slow';
      const truth = (isLater ? await shown(whom, { ...change, only }) : undefined) ?? failed;
      await list(truth);
      return healthOf(truth);
    },

    /**
     * A request was answered: one who is listed has no failures any more, and no open circuit. In time, he is no suspect either.
     * That he is slow ends by its own time: an endpoint that takes some and refuses others would never be.
     */
    async answered(whom: Whom, { at, inTime }: { at: Date; inTime: 'yes' | 'no' }): Promise<void> {
      const isInTime = inTime === 'yes';
      const truth = await changed(whom, {
        at,
        set: ['failures = :none', ...(isInTime ? ['well_since = if_not_exists(well_since, :at)'] : [])],
        remove: ['failing_since'],
        values: { ':none': 0, ':now': secondOf(at), ...(isInTime && { ':at': at.toISOString() }) },
        only: 'expires_at > :now',
      });
      if (truth === undefined) return;
      const { suspect, open } = healthOf(truth);
      const over = [...(open ? ['open_since'] : []), ...(suspect && isInTime ? ['suspect_since'] : [])];
      if (over.length === 0) return list(truth);
      await list((await shown(whom, { at, remove: over, only: 'attribute_exists(pk)' })) ?? truth);
    },

    /** It lets requests hang. */
    suspected: (whom: Whom, at: Date): Promise<void> => turned(whom, 'suspect_since', at),

    /** Its circuit is open. */
    opened: (whom: Whom, at: Date): Promise<void> => turned(whom, 'open_since', at),

    /** Everyone on the list, as it was a moment ago. */
    async troubled(): Promise<Trouble[]> {
      return Array.fromAsync(entries(copy), (entry) => {
        const { suspect, open, slow_until: slowUntil } = entry;
        return { ...whomOf(entry), suspect, open, slowUntil };
      });
    },

    /** Takes off the list who has been well for a minute. Answers how many. */
    async tidy(now: Date): Promise<number> {
      // Another copy every minute: what one who died left in a single one of them is found within four.
      const listed = await Array.fromAsync(entries(Math.floor(now.getTime() / WELL_MS) % TROUBLE_COPIES));
      let gone = 0;
      for (let i = 0; i < listed.length; i += LOOKED_AT_ONCE) {
        const looked = listed.slice(i, i + LOOKED_AT_ONCE).map((entry) => tidied(entry, now));
        gone += (await Promise.all(looked)).filter(Boolean).length;
      }
      return gone;
    },

    ...leasesIn(table, { first: copy, token }),
  };
}
