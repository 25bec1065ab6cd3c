import { UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { Allowance, intervalOf, MICRO, retryAfter, slotsBefore } from '../domain/rate.ts';
import { shared } from '../domain/gather.ts';
import type { Subscription } from '../domain/subscription.ts';
import { unlessRefused } from './conditional.ts';
import type { ItemKey, Table } from './database.ts';
import { keys } from './keys.ts';

const MOST_TRIES = 8;
/** What was not used for so long is as good as new. */
const KEPT_SECONDS = 3_600;

/** How many moments are wanted, at which rate. `now` is milliseconds since 1970. */
export interface Wanted {
  count: number;
  perSecond: number;
  now: number;
}

export type Rates = ReturnType<typeof ratesIn>;

/** Rates that hold over all functions: one counter for each, which says when its next free moment is. */
export function ratesIn({ db, name: TableName }: Table) {
  async function update(Key: ItemKey, expression: string, { condition, values }: Update): Promise<number | undefined> {
    const output = await unlessRefused(
      db.send(
        new UpdateCommand({
          TableName,
          Key,
          UpdateExpression: `SET #next = ${expression}, v = :v, expires_at = :expiry`,
          ConditionExpression: condition,
          ExpressionAttributeNames: { '#next': 'next' },
          ExpressionAttributeValues: { ':v': 1, ...values },
          ReturnValues: 'UPDATED_NEW',
        }),
      ),
    );
    return output === undefined ? undefined : Number(output.Attributes?.next);
  }

  /** The next free moment after so many were taken, or undefined where it is further ahead than `most` already. */
  async function take(key: ItemKey, { count, perSecond, now, most = Infinity }: Wanted & { most?: number }) {
    const at = now * MICRO;
    const expiry = Math.ceil(now / 1_000) + KEPT_SECONDS + Math.ceil(count / perSecond);
    const span = count * intervalOf(perSecond);
    for (let round = 0; round < MOST_TRIES; round++) {
      const ahead = { ':span': span, ':now': at, ':expiry': expiry };
      const bounded = Number.isFinite(most);
      const queued = await update(key, '#next + :span', {
        condition: bounded ? '#next >= :now AND #next <= :most' : '#next >= :now',
        values: bounded ? { ...ahead, ':most': at + most * 1_000_000 } : ahead,
      });
      if (queued !== undefined) return queued;
      const begun = await update(key, ':begun', {
        condition: 'attribute_not_exists(#next) OR #next < :now',
        values: { ':begun': at + span, ':now': at, ':expiry': expiry },
      });
      if (begun !== undefined) return begun;
      if (bounded) return undefined;
    }
    throw new Error('a rate was changed by others again and again');
  }

  return {
    /** So many moments of the subscription's, in milliseconds since 1970, in order; none is given twice. */
    async reserve({ tenant, id }: Pick<Subscription, 'tenant' | 'id'>, wanted: Wanted): Promise<number[]> {
      const next = await take(keys.rate(tenant, id), wanted);
      return next === undefined ? [] : slotsBefore(next, wanted);
    },

    /**
     * Takes so many of a tenant's budget, or takes nothing and answers in how many seconds to ask again. A budget may be overdrawn by
     * a burst of so many seconds.
     */
    async budget(tenant: string, wanted: Wanted & { burstSeconds: number }): Promise<number | undefined> {
      const { burstSeconds, now, perSecond } = wanted;
      const next = await take(keys.ingestRate(tenant), { ...wanted, most: burstSeconds });
      // Whoever was refused finds the budget overdrawn by a burst at least.
      return next === undefined
        ? retryAfter((now + burstSeconds * 1_000) * MICRO + intervalOf(perSecond), { now, burstSeconds })
        : undefined;
    },
  };
}

interface Update {
  condition: string;
  values: Record<string, unknown>;
}

/** An environment's requests to one subscription in a second that cost nothing. */
const FREE_A_SECOND = 2;
/** Those that come so close reserve together. */
const TOGETHER_MS = 5;

/** What a pacer goes by. */
export interface Pace {
  /** Of subscriptions that name no rate of their own. */
  ceilingPerSecond: number;
  now(): Date;
}

interface Asking {
  subscription: Subscription;
  count: number;
}

/**
 * Says when a subscription's request may go. Who named a rate has every request reserved; for the others the ceiling holds, and costs
 * nothing as long as an environment sends them no more than two a second.
 */
export function pacer(rates: Pick<Rates, 'reserve'>, { ceilingPerSecond, now }: Pace) {
  const allowance = new Allowance(FREE_A_SECOND);
  const nameOf = ({ tenant, id }: Subscription): string => `${tenant} ${id}`;

  const reserve = shared<Asking, Map<Asking, number>>({
    keyOf: ({ subscription }) => nameOf(subscription),
    waitMs: TOGETHER_MS,
    async handle(asking) {
      const [first] = asking;
      if (first === undefined) return new Map();
      const { subscription } = first;
      const count = asking.reduce((sum, one) => sum + one.count, 0);
      const perSecond = subscription.rate_limit_per_second ?? ceilingPerSecond;
      const slots = await rates.reserve(subscription, { count, perSecond, now: now().getTime() });
      let used = 0;
      return new Map(asking.map((one) => [one, slots[(used += one.count) - 1] ?? 0]));
    },
  });

  return {
    /** Milliseconds since 1970; undefined where it may go at once. */
    async slotFor(subscription: Subscription): Promise<number | undefined> {
      const isLimited = subscription.rate_limit_per_second !== null;
      const count = isLimited ? 1 : allowance.take(nameOf(subscription), now().getTime());
      if (count === 0) return undefined;
      const asking = { subscription, count };
      return (await reserve(asking)).get(asking);
    },
  };
}

/** What is taken at a time beyond the free ones, so that accepting stays cheap. */
const BLOCK = 10;
const BURST_SECONDS = 2;
/** Events a second of one tenant in one environment that cost nothing. */
const FREE_EVENTS = 2;

/**
 * A tenant's budget of events. The first few a second in an environment are free; from then on blocks are taken, which are used up
 * here before another one is taken.
 *
 * @param perSecond 0: as many as it likes
 */
export function budgetOf(rates: Pick<Rates, 'budget'>, { perSecond, now }: { perSecond: number; now(): Date }) {
  const allowance = new Allowance(FREE_EVENTS);
  const left = new Map<string, { second: number; events: number }>();

  return async (tenant: string, events: number): Promise<number | undefined> => {
    if (perSecond === 0) return undefined;
    const at = now().getTime();
    const wanted = events === 1 ? allowance.take(tenant, at) : events;
    const second = Math.floor(at / 1_000);
    const block = left.get(tenant);
    const inHand = block?.second === second ? block.events : 0;
    if (wanted <= inHand) {
      left.set(tenant, { second, events: inHand - wanted });
      return undefined;
    }
    const count = Math.max(wanted - inHand, Math.min(BLOCK, Math.ceil(perSecond)));
    const seconds = await rates.budget(tenant, { count, perSecond, now: at, burstSeconds: BURST_SECONDS });
    if (seconds !== undefined) return seconds;
    if (left.size >= MOST_TENANTS) left.clear();
    left.set(tenant, { second, events: inHand + count - wanted });
    return undefined;
  };
}

const MOST_TENANTS = 10_000;
