/** For so long ingest goes by what it knows of a tenant: an erasure begins meanwhile, and events are let in. */
export const ENTERED_MS = 30_000;

/** How long an erasure waits before it takes anything away: whoever was let in must be through with what he makes. */
export const ERASURE_BEGINS_SECONDS = 90;

/**
 * And when the subscriptions are gone, before everything else goes. By then all that was on its way has come to rest, and found no
 * subscription: a queue holds nothing back for longer, and who had opened the tenant's data key has forgotten it.
 */
export const ERASURE_RESTS_SECONDS = 900;

/**
 * Whatever is younger is of the tenant that has the name now: an erasure takes longer than that and what ingest lets in meanwhile, and
 * no tenant begins under the name before it is over.
 */
const SURELY_OF_NOW_MS = 15 * 60_000;

/** A tenant is entered a moment after its first event was given its time, and clocks differ. An erasure lies between two tenants. */
const ABOUT_MS = 5 * 60_000;

/** Whether it has to be looked at to whom an event of that time belongs. */
export const mayBeLeftOver = (acceptedAt: string, now: Date): boolean =>
  now.getTime() - Date.parse(acceptedAt) > SURELY_OF_NOW_MS;

/** What was accepted before then is none of the tenant's, but of one that had its name before and was erased. RFC 3339. */
export const beginningOf = ({ since }: { since: string }): string =>
  new Date(Date.parse(since) - ABOUT_MS).toISOString();

/**
 * Whether an event that may be left over is: its tenant is erased, or about to be, or the name is another one's by now. Whoever has
 * something accepted is known as a tenant before.
 */
export const isLeftOver = (acceptedAt: string, tenant: { since: string; erasure?: object | undefined } | undefined) =>
  tenant === undefined || tenant.erasure !== undefined || acceptedAt < beginningOf(tenant);

/** Where it is known what time it is, and who has which name. */
export interface Tenancy {
  now(): Date;
  tenant(tenant: string): Promise<{ since: string; erasure?: object | undefined } | undefined>;
}

/** Whether the event is left over from a tenant that was erased since. Only for an old one does somebody have to look. */
export const isOfErased = async (
  { tenant, accepted_at }: { tenant: string; accepted_at: string },
  world: Tenancy,
): Promise<boolean> => mayBeLeftOver(accepted_at, world.now()) && isLeftOver(accepted_at, await world.tenant(tenant));
