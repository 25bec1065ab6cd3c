import { GetCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { shared } from '../domain/gather.ts';
import { Allowance, intervalOf, microsOf, opensAt, Recent, retryAfterSeconds, slotsBefore } from '../domain/rate.ts';
import type { Subscription } from '../domain/subscription.ts';
import { unlessRefused } from './conditional.ts';
import type { ItemKey, Table } from './database.ts';
import { keys } from './keys.ts';

const MOST_TRIES = 8;
/** An item that went while its moments were still ahead would give them out twice, and deliveries may wait for theirs for weeks. */
const KEPT_SECONDS = 30 * 86_400;

const TESTS_A_MINUTE = 10;

/** How many moments are wanted, at which rate. `now` is milliseconds since 1970. */
export interface Wanted {
  count: number;
  perSecond: number;
  now: number;
}

/** Whether it was taken, and from when on there is something to be had, in milliseconds since 1970. */
export interface Budget {
  ok: boolean;
  opens: number;
}

interface Taking extends Wanted {
  key: ItemKey;
  /** Nothing is taken where the next free moment is further ahead. */
  most: number;
}

interface Update {
  next: string;
  condition: string;
  values: Record<string, number>;
}

/**
 * A schedule for each rate: what a slow one gave out may reach days ahead, and who raises a rate wants it to count now. As long as
 * environments still know the old one, both run beside each other.
 */
const attributeOf = (perSecond: number): string => `next_${perSecond}`;

/** A schedule only moves ahead, so one of two updates is right, unless the item goes away between them. */
async function insist<T>(attempt: () => Promise<T | undefined>): Promise<T> {
  for (let tries = 0; tries < MOST_TRIES; tries++) {
    const answer = await attempt();
    if (answer !== undefined) return answer;
  }
  throw new Error('a rate was gone again and again');
}

export type Rates = ReturnType<typeof ratesIn>;

/**
 * Rates that hold over all functions: one counter for each, which says when its next free moment is. A call that is made again because
 * its answer got lost takes moments that nobody uses; none is ever given out twice.
 */
export function ratesIn({ db, name: TableName }: Table) {
  /** What the table said last. It tells which of the two updates is likely to be right, so that most reservations cost one. */
  const lastNext = new Recent<number>();

  async function update({ key, count, perSecond, now }: Taking, { next, condition, values }: Update) {
    const expiry = Math.ceil(now / 1_000 + count / perSecond) + KEPT_SECONDS;
    const command = new UpdateCommand({
      TableName,
      Key: key,
      UpdateExpression: `SET #next = ${next}, v = :v, expires_at = :expiry`,
      ConditionExpression: condition,
      ExpressionAttributeNames: { '#next': attributeOf(perSecond) },
      ExpressionAttributeValues: { ...values, ':v': 1, ':expiry': expiry },
      ReturnValues: 'UPDATED_NEW',
    });
    const output = await unlessRefused(db.send(command));
    return output && Number(output.Attributes?.[attributeOf(perSecond)]);
  }

  /** Behind those that were given out. */
  const join = (taking: Taking) =>
    update(taking, {
      next: '#next + :span',
      condition: '#next BETWEEN :now AND :most',
      values: {
        ':span': taking.count * intervalOf(taking.perSecond),
        ':now': microsOf(taking.now),
        ':most': taking.most,
      },
    });

  /** All that were given out are over. */
  const begin = (taking: Taking) =>
    update(taking, {
      next: ':begun',
      condition: 'attribute_not_exists(#next) OR #next < :now',
      values: {
        ':begun': microsOf(taking.now) + taking.count * intervalOf(taking.perSecond),
        ':now': microsOf(taking.now),
      },
    });

  /** The next free moment after these were taken; undefined where neither update was right. */
  async function take(taking: Taking): Promise<number | undefined> {
    const name = `${taking.key.pk} ${taking.perSecond}`;
    const isBusy = (lastNext.get(name) ?? 0) >= microsOf(taking.now);
    const next = isBusy
      ? ((await join(taking)) ?? (await begin(taking)))
      : ((await begin(taking)) ?? (await join(taking)));
    if (next !== undefined) lastNext.set(name, next);
    return next;
  }

  /** The next free moment as it stands; before all others where there is none. */
  async function nextOf({ key, perSecond }: Taking): Promise<number> {
    const { Item } = await db.send(new GetCommand({ TableName, Key: key, ConsistentRead: true }));
    return Number(Item?.[attributeOf(perSecond)] ?? 0);
  }

  async function takeOf(key: ItemKey, wanted: Wanted & { burstSeconds: number }): Promise<Budget> {
    const { burstSeconds, now } = wanted;
    const most = microsOf(now + burstSeconds * 1_000);
    const taking = { ...wanted, key, most };
    return insist(async () => {
      const taken = await take(taking);
      if (taken !== undefined) return { ok: true, opens: opensAt(taken, burstSeconds) };
      const next = await nextOf(taking);
      return next > most ? { ok: false, opens: opensAt(next, burstSeconds) } : undefined;
    });
  }

  return {
    /** So many moments of the subscription's, in milliseconds since 1970, in order; none is given twice, and none is before now. */
    async reserve({ tenant, id }: Pick<Subscription, 'tenant' | 'id'>, wanted: Wanted): Promise<number[]> {
      const taking = { ...wanted, key: keys.rate(tenant, id), most: Number.MAX_SAFE_INTEGER };
      return slotsBefore(await insist(() => take(taking)), wanted);
    },

    /**
     * Takes so many of a tenant's budget, or takes nothing. A budget may be overdrawn by a burst of so many seconds, and whoever finds
     * it no further overdrawn gets all that he asks for.
     */
    budget: (tenant: string, wanted: Wanted & { burstSeconds: number }): Promise<Budget> =>
      takeOf(keys.ingestRate(tenant), wanted),

    /** The right to one test of a subscription, of which there are ten a minute. `now` is milliseconds since 1970. */
    test: ({ tenant, id }: Pick<Subscription, 'tenant' | 'id'>, now: number): Promise<Budget> =>
      takeOf(keys.testRate(tenant, id), { count: 1, perSecond: TESTS_A_MINUTE / 60, now, burstSeconds: 54 }),
  };
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
  perSecond: number;
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
    // A rate that is changed at this moment is another one.
    keyOf: ({ subscription, perSecond }) => `${nameOf(subscription)} ${perSecond}`,
    waitMs: TOGETHER_MS,
    async handle(asking) {
      const [first] = asking;
      if (first === undefined) return new Map();
      const { subscription, perSecond } = first;
      const count = asking.reduce((sum, one) => sum + one.count, 0);
      const slots = await rates.reserve(subscription, { count, perSecond, now: now().getTime() });
      let used = 0;
      return new Map(asking.map((one) => [one, slots[(used += one.count) - 1] ?? 0]));
    },
  });

  return {
    /** Milliseconds since 1970; undefined where it may go at once. */
    async slotFor(subscription: Subscription): Promise<number | undefined> {
      const limit = subscription.rate_limit_per_second;
      const count = limit === null ? allowance.take(nameOf(subscription), now().getTime()) : 1;
      if (count === 0) return undefined;
      const asking = { subscription, count, perSecond: limit ?? ceilingPerSecond };
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
  const inHand = new Recent<number>();
  /** Until when it is overdrawn. Who posts on regardless must not keep the table busy, and gets nothing free either. */
  const closedUntil = new Recent<number>();
  // No more than is posted in a second: what lies in every environment's hand is taken from the others.
  const block = Math.min(BLOCK, Math.ceil(perSecond));
  const handOf = (tenant: string): number => inHand.get(tenant) ?? 0;

  return async (tenant: string, events: number): Promise<number | undefined> => {
    if (perSecond === 0) return undefined;
    const at = now().getTime();
    const closed = closedUntil.get(tenant) ?? 0;
    const isClosed = closed > at;
    const wanted = events === 1 && !isClosed ? allowance.take(tenant, at) : events;
    const used = Math.min(wanted, handOf(tenant));
    if (isClosed && used < wanted) return retryAfterSeconds(closed, at);
    // Before anything is waited for: others may come meanwhile.
    if (used > 0) inHand.set(tenant, handOf(tenant) - used);
    if (used === wanted) return undefined;
    const count = Math.max(wanted - used, block);
    const { ok, opens } = await rates.budget(tenant, { count, perSecond, now: at, burstSeconds: BURST_SECONDS });
    inHand.set(tenant, handOf(tenant) + used + (ok ? count - wanted : 0));
    closedUntil.set(tenant, opens);
    return ok ? undefined : retryAfterSeconds(opens, at);
  };
}
