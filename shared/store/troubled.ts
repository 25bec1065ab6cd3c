import type { Trouble } from './health.ts';

/** How the list of those in trouble is read. `now` is milliseconds. */
export interface Reading {
  read(): Promise<readonly Trouble[]>;
  now(): number;
}

const FRESH_MS = 1_000;
/** Older than this, it is waited for: an environment that was frozen for an hour must not go by what it knew then. */
const STALE_MS = 3_000;

const nameOf = (tenant: string, subscriptionId: string): string => `${tenant} ${subscriptionId}`;

/**
 * The list of subscriptions in trouble, read at most once a second and only while somebody asks: all that isolation costs
 * where everything is well.
 */
export function troubledLately({ read, now }: Reading) {
  let known = new Map<string, Trouble>();
  let readAt = -Infinity;
  let reading: Promise<void> | undefined;

  async function refresh(): Promise<void> {
    const startedAt = now();
    try {
      const list = await read();
      known = new Map(list.map((trouble) => [nameOf(trouble.tenant, trouble.subscriptionId), trouble]));
      readAt = startedAt;
    } finally {
      reading = undefined;
    }
  }

  return {
    /** What troubles the subscription, as it was a second ago; undefined where nothing does. */
    async troubleOf(tenant: string, subscriptionId: string): Promise<Trouble | undefined> {
      const age = now() - readAt;
      if (age > FRESH_MS) {
        reading ??= refresh();
        // Otherwise the answer of a moment ago will do, and nobody waits.
        if (age > STALE_MS) await reading;
        else reading.catch(() => undefined);
      }
      return known.get(nameOf(tenant, subscriptionId));
    },

    /** This environment has just seen it hang, and need not read that first. */
    mark(tenant: string, subscriptionId: string): void {
      const name = nameOf(tenant, subscriptionId);
      const before = known.get(name);
      known.set(name, { tenant, subscriptionId, open: false, slowUntil: 0, ...before, suspect: true });
    },
  };
}
