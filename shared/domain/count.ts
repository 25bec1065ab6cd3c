import * as z from 'zod';
import { OPERATIONAL_GROUP } from '../catalogue/operational.ts';
import { attemptsIn, plus, type Sums } from './figures.ts';

/** What is counted of a tenant itself, or of one of its subscriptions. */
export interface Counted {
  tenant: string;
  subscriptionId?: string;
  sums: Sums;
}

/** What an event counts for that made so many deliveries. What we tell of ourselves is none that a tenant posted. */
export const countedOf = ({ tenant, group }: { tenant: string; group: string }, deliveries: number): Counted => ({
  tenant,
  sums: { ...(group !== OPERATIONAL_GROUP && { events: 1 }), deliveries },
});

const Kept = z.record(z.string(), z.number());

/** What one batch has counted, as it is kept: by tenant, and within it by subscription. */
export const Counts = z.record(
  z.string(),
  z.object({ itself: Kept.optional(), subscriptions: z.record(z.string(), Kept).optional() }),
);
export type Counts = z.infer<typeof Counts>;

/** A figure that grows: a subscription's of an hour (`2026-03-04T05`), or, without one, a tenant's of a day (`2026-03-04`). */
export interface Target {
  tenant: string;
  subscriptionId?: string;
  at: string;
}

/** No id is empty. */
const ITSELF = '';

export const HOUR_CHARS = '2026-03-04T05'.length;
export const DAY_CHARS = '2026-03-04'.length;

/** Adds up by key, however many come. */
class Adding<T extends { sums: Sums }> {
  readonly #found = new Map<string, T>();

  add(key: string, one: T): void {
    const before = this.#found.get(key);
    this.#found.set(key, before === undefined ? one : { ...one, sums: plus(before.sums, one.sums) });
  }

  get all(): T[] {
    return [...this.#found.values()];
  }
}

/** What they come to, each tenant and subscription once. */
function addedUp(counted: readonly Counted[]): Counted[] {
  const adding = new Adding<Counted>();
  // No id has a `#` in it.
  for (const one of counted) adding.add(`${one.tenant}#${one.subscriptionId ?? ITSELF}`, one);
  return adding.all;
}

/** As they are kept. */
export function countsOf(counted: readonly Counted[]): Counts {
  const tenants = Map.groupBy(addedUp(counted), ({ tenant }) => tenant);
  return Object.fromEntries([...tenants].map(([tenant, of]) => [tenant, keptOf(of)]));
}

function keptOf(counted: readonly Counted[]): Counts[string] {
  const kept = new Map(counted.map(({ subscriptionId = ITSELF, sums }) => [subscriptionId, sums]));
  const itself = kept.get(ITSELF);
  kept.delete(ITSELF);
  return {
    ...(itself !== undefined && { itself }),
    ...(kept.size > 0 && { subscriptions: Object.fromEntries(kept) }),
  };
}
const countedIn = (counts: Counts): Counted[] =>
  Object.entries(counts).flatMap(([tenant, { itself, subscriptions = {} }]) => [
    ...(itself === undefined ? [] : [{ tenant, sums: itself }]),
    ...Object.entries(subscriptions).map(([subscriptionId, sums]) => ({ tenant, subscriptionId, sums })),
  ]);

export interface Growth extends Target {
  sums: Sums;
}

/** What counted in that moment adds to: the subscription's hour, and its tenant's day. */
function growthsOf({ tenant, subscriptionId, sums }: Counted, moment: string): Growth[] {
  const day = moment.slice(0, DAY_CHARS);
  if (subscriptionId === undefined) return [{ tenant, at: day, sums }];
  const hour = { tenant, subscriptionId, at: moment.slice(0, HOUR_CHARS), sums };
  const attempts = attemptsIn(sums);
  return attempts === 0 ? [hour] : [hour, { tenant, at: day, sums: { attempts } }];
}

/** Folds what batches have counted, each in its moment, into one growth for each figure. */
export class Folding {
  readonly #adding = new Adding<Growth>();

  take(counts: Counts, moment: string): void {
    for (const counted of countedIn(counts)) {
      for (const growth of growthsOf(counted, moment)) {
        this.#adding.add(`${growth.tenant}#${growth.subscriptionId ?? ITSELF}#${growth.at}`, growth);
      }
    }
  }

  get growths(): Growth[] {
    return this.#adding.all;
  }
}
