import { createHash } from 'node:crypto';
import { listAttempts } from '../../shared/contract/deliveries.ts';
import {
  createSubscription,
  deleteSubscription,
  getSubscription,
  listSubscriptions,
  updateSubscription,
} from '../../shared/contract/subscriptions.ts';
import { shownAttempt } from '../../shared/domain/delivery-view.ts';
import { newId } from '../../shared/domain/id.ts';
import { nearest } from '../../shared/domain/nearest.ts';
import { problems, type Fault } from '../../shared/domain/problem.ts';
import {
  NewSubscription,
  shown,
  type SubscriptionPatch,
  withDefaults,
  type Subscription,
  type SubscriptionWish,
} from '../../shared/domain/subscription.ts';
import type { Answer, Request, Route } from '../../shared/runtime/http.ts';
import { queryIn } from '../../shared/runtime/paging.ts';
import { parsed } from '../../shared/runtime/parse.ts';
import { faultsInFilter } from './filters.ts';
import { subscriptionIn } from './found.ts';
import { heldAs } from './holding.ts';
import { idOnce } from './once.ts';
import { openSecret, sealSecret, secretFor, withSigning } from './secrets.ts';
import { wishes } from './wishes.ts';
import { expectNotErased } from './tenants.ts';
import { listed } from './listing.ts';
import type { World } from './world.ts';

const MOST_TRIES = 3;

function faultsInTypes(eventTypes: readonly string[]): Fault[] {
  return eventTypes.flatMap((wish, i) => {
    if (wishes.has(wish)) return [];
    const hint = nearest(wish, [...wishes]);
    return [
      {
        pointer: `/event_types/${i}`,
        detail: `matches no event type${hint === undefined ? '' : `; the nearest is ${hint}`}`,
      },
    ];
  });
}

/**
 * Only what the caller named: what became wrong by itself, as a name that leads elsewhere now, must not keep an owner from
 * pausing his subscription.
 *
 * @throws Problem 422 for what the shape alone cannot tell: types that match nothing, a bad filter, an address of ours
 */
async function checkNamed({ event_types, filter, url }: SubscriptionPatch, world: World): Promise<void> {
  const faults = [...faultsInTypes(event_types ?? []), ...faultsInFilter(filter ?? null)];
  if (faults.length > 0) throw problems.invalid(faults);
  const refusal = url === undefined ? undefined : await world.refuseUrl(url);
  if (refusal !== undefined) throw problems.urlRefused(refusal);
}

/** Of what its owner set, and of nothing that comes and goes by itself, as a circuit does. */
function etagOf(subscription: Subscription): string {
  const { circuit: _circuit, disabled_reason: _reason, updated_at: _at, ...set } = shown(subscription);
  const { sealed_headers = '', sealed_secrets, interest } = subscription;
  const text = JSON.stringify([set, sealed_headers, sealed_secrets, interest]);
  return `"${createHash('sha256').update(text).digest('base64url').slice(0, 22)}"`;
}

const answered = (
  subscription: Subscription,
  more: { status: number; secret?: string; location?: string },
): Answer => ({
  status: more.status,
  body: { ...shown(subscription), ...(more.secret !== undefined && { secret: more.secret }) },
  headers: {
    etag: etagOf(subscription),
    ...(more.location !== undefined && { location: more.location }),
    ...(more.secret !== undefined && { 'cache-control': 'no-store' }),
  },
});

const nameInterest = (world: World): string => newId('itr', world.now(), world.random(10));

type Headers = Record<string, string>;

async function sealHeaders(of: { tenant: string; id: string }, headers: Headers, world: World) {
  const header_names = Object.keys(headers);
  if (header_names.length === 0) return { header_names, sealed_headers: undefined };
  const place = { tenant: of.tenant, subscription: of.id, field: 'headers' } as const;
  return { header_names, sealed_headers: await world.vault.seal(place, JSON.stringify(headers)) };
}

async function openHeaders({ tenant, id, sealed_headers }: Subscription, world: World): Promise<Headers> {
  if (sealed_headers === undefined) return {};
  return JSON.parse(await world.vault.open({ tenant, subscription: id, field: 'headers' }, sealed_headers)) as Headers;
}

async function create(request: Request, world: World): Promise<Answer> {
  const tenant = request.params.tenant ?? '';
  const said = request.body(createSubscription.body.schema);
  const { headers = {}, secret: given, ...posted } = said;
  await checkNamed(posted, world);
  await expectNotErased(tenant, world);

  const { id, isNew } = await idOnce(request, { prefix: 'sub', said }, world);
  const made = isNew ? undefined : await world.subscriptions.find(tenant, id);
  if (made !== undefined) return created(made, await openSecret(made, world));
  const now = world.now().toISOString();
  const secret = secretFor(posted.signing ?? 'v1', given, world);
  const subscription: Subscription = {
    ...withDefaults(posted),
    ...(await sealHeaders({ tenant, id }, headers, world)),
    tenant,
    id,
    sealed_secrets: [await sealSecret({ tenant, id }, secret, world)],
    disabled_reason: null,
    ...(posted.status !== undefined &&
      posted.status !== 'enabled' && { held: { since: now, at: now, reason: posted.status } }),
    pauses: [],
    gaps: [],
    runs: 1,
    created_at: now,
    updated_at: now,
    version: 1,
    interest: nameInterest(world),
  };
  if (subscription.held !== undefined) await world.held.list({ tenant, subscriptionId: id });
  await world.subscriptions.create(subscription);
  world.note('subscription.created', { tenant, subscription_id: id });
  return created(subscription, secret);
}

const created = (subscription: Subscription, secret: string): Answer =>
  answered(subscription, {
    status: 201,
    secret,
    location: `/v1/tenants/${subscription.tenant}/subscriptions/${subscription.id}`,
  });

const WithHeaders = NewSubscription.pick({ headers: true });

/**
 * Headers merge by name, upper and lower case alike; null takes one away.
 *
 * @throws Problem 422 where there are more of them together than a new subscription may have
 */
function mergedHeaders(before: Headers, patch: NonNullable<SubscriptionPatch['headers']>): Headers {
  const named = new Set(Object.keys(patch).map((name) => name.toLowerCase()));
  const kept = Object.entries(before).filter(([name]) => !named.has(name.toLowerCase()));
  const added = Object.entries(patch).filter((entry): entry is [string, string] => entry[1] !== null);
  return parsed(WithHeaders, { headers: Object.fromEntries([...kept, ...added]) }).headers ?? {};
}

/** Each named member replaced whole, null for its default; a default name follows the URL. */
function patched(before: Subscription, patch: SubscriptionPatch): SubscriptionWish {
  const followsUrl = before.name === new URL(before.url).host;
  const name = patch.name === undefined && !followsUrl ? before.name : patch.name;
  return withDefaults({
    ...before,
    ...patch,
    name,
    event_types: patch.event_types ?? before.event_types,
    url: patch.url ?? before.url,
    headers: undefined,
  });
}

async function changed(before: Subscription, patch: SubscriptionPatch, world: World): Promise<Subscription> {
  const wish = patched(before, patch);
  const headers =
    patch.headers === undefined
      ? { header_names: before.header_names, sealed_headers: before.sealed_headers }
      : await sealHeaders(
          before,
          patch.headers === null ? {} : mergedHeaders(await openHeaders(before, world), patch.headers),
          world,
        );
  const wantsOthers =
    JSON.stringify([wish.event_types, wish.filter]) !== JSON.stringify([before.event_types, before.filter]);
  return {
    ...before,
    ...(await heldAs(before, wish.status, world)),
    ...wish,
    ...headers,
    ...(await withSigning(before, wish.signing, world)),
    updated_at: world.now().toISOString(),
    version: before.version + 1,
    interest: wantsOthers ? nameInterest(world) : before.interest,
  };
}

/** @throws Problem 412 where `If-Match` names none but other versions */
function expectMatch({ headers }: Request, subscription: Subscription): void {
  const expected = headers['if-match']?.split(',').map((tag) => tag.trim()) ?? ['*'];
  if (!expected.includes('*') && !expected.includes(etagOf(subscription))) throw problems.stale();
}

/** Whoever mends something must not be judged by what failed before. */
const isFreshStart = (before: Subscription, after: Subscription): boolean =>
  before.url !== after.url || (before.status !== 'enabled' && after.status === 'enabled');

const forgive = ({ tenant, id: subscriptionId }: Subscription, world: World): Promise<void> =>
  world.health.answered({ tenant, subscriptionId }, { at: world.now(), inTime: 'yes' });

async function change(request: Request, world: World): Promise<Answer> {
  const patch = request.body(updateSubscription.body.schema);
  await checkNamed(patch, world);
  for (let round = 0; round < MOST_TRIES; round++) {
    const before = await subscriptionIn(request, world);
    expectMatch(request, before);
    const after = await changed(before, patch, world);
    if (await world.subscriptions.replace(before, after)) {
      if (isFreshStart(before, after)) await forgive(after, world);
      world.note('subscription.changed', {
        tenant: after.tenant,
        subscription_id: after.id,
        members: Object.keys(patch).join(' '),
      });
      return answered(after, { status: 200 });
    }
  }
  throw problems.stale();
}

async function remove(request: Request, world: World): Promise<Answer> {
  const subscription = await subscriptionIn(request, world);
  expectMatch(request, subscription);
  await world.tenants.noteGone(subscription.tenant, subscription.id);
  if (!(await world.subscriptions.remove(subscription))) throw problems.notFound();
  await forgive(subscription, world); // the list of those in trouble need not name it any more
  world.note('subscription.deleted', { tenant: subscription.tenant, subscription_id: subscription.id });
  return { status: 204 };
}

async function list(request: Request, world: World): Promise<Answer> {
  return listed(request, world, async ({ limit, after }) => {
    const read = await world.subscriptions.list(request.params.tenant ?? '', { limit, after });
    return { items: read.subscriptions.map(shown), after: read.after };
  });
}

async function attempts(request: Request, world: World): Promise<Answer> {
  const { tenant, id } = await subscriptionIn(request, world);
  const { outcome, event_type, from, to } = queryIn(request, listAttempts.query);
  return listed(request, world, async (wanted) => {
    const read = await world.attempts.ofSubscription({ tenant, subscriptionId: id, from, to }, wanted);
    const items = read.attempts.filter(
      (attempt) =>
        (outcome === undefined || attempt.outcome === outcome) &&
        (event_type === undefined || attempt.event_type === event_type),
    );
    return { items: items.map(shownAttempt), after: read.after };
  });
}

export const routes: readonly Route<World>[] = [
  { operation: createSubscription, answer: create },
  { operation: listSubscriptions, answer: list },
  {
    operation: getSubscription,
    answer: async (request, world) => answered(await subscriptionIn(request, world), { status: 200 }),
  },
  { operation: updateSubscription, answer: change },
  { operation: deleteSubscription, answer: remove },
  { operation: listAttempts, answer: attempts },
];
