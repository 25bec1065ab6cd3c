import { eraseTenant, getTenant, listTenants } from '../../shared/contract/tenants.ts';
import { problems } from '../../shared/domain/problem.ts';
import { ERASURE_BEGINS_SECONDS } from '../../shared/domain/tenancy.ts';
import type { Answer, Request, Route } from '../../shared/runtime/http.ts';
import type { Tenant } from '../../shared/store/tenants.ts';
import { listed } from './listing.ts';
import type { World } from './world.ts';

/** @throws Problem 409 */
export async function expectNotErased(tenant: string, world: World): Promise<void> {
  if ((await world.tenants.enter(tenant)).erasure !== undefined) throw problems.tenantBeingErased();
}

function shown({ tenant, since, erasure }: Tenant): Record<string, unknown> {
  if (erasure === undefined) return { tenant, since, erasure: null };
  const { started_at, events, subscriptions } = erasure;
  return { tenant, since, erasure: { state: 'running', started_at, events, subscriptions } };
}

async function shownWhole(tenant: Tenant, world: World): Promise<Record<string, unknown>> {
  const [subscriptions, keys] = await Promise.all([
    world.subscriptions.count(tenant.tenant),
    world.accessKeys.countOf(tenant.tenant),
  ]);
  const { erasure, ...rest } = shown(tenant);
  return { ...rest, subscriptions, keys, erasure };
}

/** @throws Problem 404 */
async function found({ params: { tenant: name = '' } }: Request, world: World): Promise<Tenant> {
  const tenant = await world.tenants.find(name);
  if (tenant === undefined) throw problems.notFound();
  return tenant;
}

async function show(request: Request, world: World): Promise<Answer> {
  return { status: 200, body: await shownWhole(await found(request, world), world) };
}

/** By name, and without what would have to be counted for each. */
async function list(request: Request, world: World): Promise<Answer> {
  return listed(request, world, async (wanted) => {
    const { tenants, after } = await world.tenants.list(wanted);
    return { items: tenants.map(shown), after };
  });
}

/** Keys first: whoever still holds one would be told that it works, and that nothing does. */
async function erase(request: Request, world: World): Promise<Answer> {
  const before = await found(request, world);
  const { tenant } = before;
  if (before.erasure === undefined) {
    const keys = await world.accessKeys.countOf(tenant);
    if (keys > 0) throw problems.tenantHasKeys(keys);
    await world.tenants.beginErasure(tenant, new Date(world.now().getTime() + ERASURE_BEGINS_SECONDS * 1000));
    await world.ask({ v: 1, kind: 'erase_tenant', tenant }, ERASURE_BEGINS_SECONDS);
    world.note('tenant.erasure_started', { tenant });
  }
  return { status: 202, body: await shownWhole(await found(request, world), world) };
}

export const routes: readonly Route<World>[] = [
  { operation: listTenants, answer: list },
  { operation: getTenant, answer: show },
  { operation: eraseTenant, answer: erase },
];
