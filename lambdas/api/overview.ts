import { listAllDeadLetters } from '../../shared/contract/deliveries.ts';
import { listAllSubscriptions } from '../../shared/contract/subscriptions.ts';
import { circuitOf, shown, type Subscription } from '../../shared/domain/subscription.ts';
import type { Answer, Request, Route } from '../../shared/runtime/http.ts';
import { queryIn, type Page } from '../../shared/runtime/paging.ts';
import { shownLetter } from './dead-letters.ts';
import { listed } from './listing.ts';
import type { World } from './world.ts';

/* What an operator sees of all tenants together. */

async function listLetters(request: Request, world: World): Promise<Answer> {
  const { kind, ...stretch } = queryIn(request, listAllDeadLetters.query);
  return listed(request, world, async (wanted) => {
    const { letters, after } = await world.attempts.allDeadLetters(stretch, wanted);
    const items = letters.filter((letter) => kind === undefined || letter.kind === kind);
    return { items: items.map((letter) => ({ tenant: letter.tenant, ...shownLetter(letter) })), after };
  });
}

interface Wanted {
  circuit?: 'closed' | 'open' | 'probing' | undefined;
  status?: Subscription['status'] | undefined;
}

const isWanted = (subscription: Subscription, { circuit, status }: Wanted): boolean =>
  (status === undefined || subscription.status === status) &&
  (circuit === undefined || circuitOf(subscription).state === circuit);

interface Found {
  subscriptions: Subscription[];
  /** Where the next page goes on: `tenant#subscription`. */
  after: string | undefined;
}

/** A page looks at so many at most, so that it is answered in time however few of them are wanted. */
const MOST_LOOKED_AT = 300;

/** Of those who are held, of whom there is a list: whoever is paused, disabled or has an open circuit. */
async function heldOnes(wanted: Wanted, { limit, after }: Page, world: World): Promise<Found> {
  const subscriptions: Subscription[] = [];
  let looked = 0;
  for await (const { tenant, subscriptionId, position } of world.held.all(after)) {
    const subscription = await world.subscriptions.find(tenant, subscriptionId);
    if (subscription !== undefined && isWanted(subscription, wanted)) subscriptions.push(subscription);
    looked += 1;
    if (subscriptions.length === limit || looked === MOST_LOOKED_AT) return { subscriptions, after: position };
  }
  return { subscriptions, after: undefined };
}

const MOST_TENANTS = 50;

/** The next one by name. The list may name some that there are not: of these it goes on. */
async function nextTenant(before: string | undefined, world: World): Promise<string | undefined> {
  let after = before;
  do {
    const page = await world.tenants.list({ limit: 1, after });
    const [found] = page.tenants;
    if (found !== undefined) return found.tenant;
    after = page.after;
  } while (after !== undefined);
  return undefined;
}

/** Tenant by tenant, each one's newest first. */
async function allOf(wanted: Wanted, { limit, after }: Page, world: World): Promise<Found> {
  const subscriptions: Subscription[] = [];
  let [tenant, position] = after?.split('#').map((part) => part || undefined) ?? [];
  for (let looked = 0; looked < MOST_TENANTS; looked++) {
    tenant ??= await nextTenant(undefined, world);
    if (tenant === undefined) return { subscriptions, after: undefined };
    const page = await world.subscriptions.list(tenant, { limit: limit - subscriptions.length, after: position });
    subscriptions.push(...page.subscriptions.filter((one) => isWanted(one, wanted)));
    if (page.after !== undefined) return { subscriptions, after: `${tenant}#${page.after}` };
    [tenant, position] = [await nextTenant(tenant, world), undefined];
    if (tenant === undefined) return { subscriptions, after: undefined };
    if (subscriptions.length === limit) return { subscriptions, after: `${tenant}#` };
  }
  return { subscriptions, after: `${tenant ?? ''}#` };
}

const isOfHeld = ({ circuit, status }: Wanted): boolean =>
  (circuit !== undefined && circuit !== 'closed') || (status !== undefined && status !== 'enabled');

async function listSubscriptions(request: Request, world: World): Promise<Answer> {
  const wanted = queryIn(request, listAllSubscriptions.query);
  return listed(request, world, async (asked) => {
    const found = await (isOfHeld(wanted) ? heldOnes : allOf)(wanted, asked, world);
    const items = found.subscriptions.map((one) => ({ tenant: one.tenant, ...shown(one) }));
    return { items, after: found.after };
  });
}

export const routes: readonly Route<World>[] = [
  { operation: listAllDeadLetters, answer: listLetters },
  { operation: listAllSubscriptions, answer: listSubscriptions },
];
