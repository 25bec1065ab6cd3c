import type { Trouble, Whom } from './health.ts';

/** How the list of those in trouble is read. `now` is milliseconds. */
export interface Reading {
  read(): Promise<readonly Trouble[]>;
  now(): number;
  /** Hears that it could not be read. */
  report(error: unknown): void;
}

const FRESH_MS = 1_000;
/** Older than this, it is waited for: an environment that was frozen for an hour must not go by what it knew then. */
const STALE_MS = 3_000;

const nameOf = (tenant: string, subscriptionId: string): string => `${tenant} ${subscriptionId}`;

/** A reading under way, and when it began. */
interface Pending {
  since: number;
  done: Promise<void>;
}

/**
 * The list of subscriptions in trouble, read at most once a second and only while somebody asks: all that isolation costs
 * where everything is well.
 */
export function troubledLately({ read, now, report }: Reading) {
  let known = new Map<string, Trouble>();
  let readAt = -Infinity;
  let reading: Pending | undefined;
  /** Who was seen to hang, and when. */
  const marked = new Map<string, { whom: Whom; at: number }>();

  const suspect = ({ tenant, subscriptionId }: Whom): void => {
    const name = nameOf(tenant, subscriptionId);
    known.set(name, { tenant, subscriptionId, open: false, slowUntil: 0, ...known.get(name), suspect: true });
  };

  function show(list: readonly Trouble[], since: number): void {
    known = new Map(list.map((trouble) => [nameOf(trouble.tenant, trouble.subscriptionId), trouble]));
    readAt = since;
    for (const [name, { whom, at }] of marked) {
      // A list that was read so soon cannot know of it yet.
      if (since - at < FRESH_MS) suspect(whom);
      else marked.delete(name);
    }
  }

  function refresh(since: number): Pending {
    const done = read()
      .then((list) => {
        if (since >= readAt) show(list, since);
      })
      // Whoever was well goes on getting what is his: what was known last, or nothing, will do until it can be read.
      .catch(report)
      .finally(() => {
        if (reading === pending) reading = undefined;
      });
    const pending = { since, done };
    return pending;
  }

  return {
    /** What troubles the subscription, as it was a second ago; undefined where nothing does. */
    async troubleOf(tenant: string, subscriptionId: string): Promise<Trouble | undefined> {
      const at = now();
      const age = at - readAt;
      if (age > FRESH_MS) {
        // One that began before the environment was frozen tells what was true then, or that its connection is gone.
        if (reading === undefined || at - reading.since > STALE_MS) reading = refresh(at);
        // Otherwise the answer of a moment ago will do, and nobody waits.
        if (age > STALE_MS) await reading.done;
      }
      return known.get(nameOf(tenant, subscriptionId));
    },

    /** This environment has just seen it hang, and need not read that first. */
    mark(tenant: string, subscriptionId: string): void {
      const whom = { tenant, subscriptionId };
      suspect(whom);
      marked.set(nameOf(tenant, subscriptionId), { whom, at: now() });
    },
  };
}
