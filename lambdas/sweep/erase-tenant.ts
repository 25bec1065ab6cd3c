import type { Job } from '../../shared/domain/job.ts';
import { ERASURE_RESTS_SECONDS } from '../../shared/domain/tenancy.ts';
import type { TenantEraser } from '../../shared/store/erase-tenant.ts';
import { fold, type FoldWorld } from './fold.ts';
import type { ErasureOf, Tenant } from '../../shared/store/tenants.ts';

export interface EraseTenantWorld extends FoldWorld {
  now(): Date;
  tenant(tenant: string): Promise<Tenant | undefined>;
  /** What there is to take away in each phase, step by step. */
  eraser: TenantEraser;
  /** So many more are gone; undefined where the erasure is over. */
  erased(of: ErasureOf, gone: { events: number; subscriptions: number }): Promise<Tenant | undefined>;
  eraseRest(of: ErasureOf, nextAt: Date): Promise<Tenant | undefined>;
  forgetTenant(of: ErasureOf): Promise<void>;
  ask(job: Job, delay: number): Promise<void>;
  note(what: string, line: Record<string, string | number>): void;
}

/** Until what was counted has been added up. */
const FOLDING_SECONDS = 60;
/** Queues are not exact. */
const EARLY_MS = 5_000;
/** What is left of the function's time when nothing further is begun. */
const SPARE_MS = 15_000;

/** What became of a piece of the work: whoever finds the erasure over was one too many, and does nothing more. */
type Taken = { taken: 'all' | 'nothing' } | { taken: 'more'; place: string };

/** Takes away what there is behind that place, as far as the time goes. */
async function takeAway(
  { tenant, erasure }: Required<Tenant>,
  { after, world, remainingMs }: { after: string; world: EraseTenantWorld; remainingMs: () => number },
): Promise<Taken> {
  const of = { tenant, started_at: erasure.started_at };
  let place = after;
  for await (const gone of world.eraser[erasure.phase](tenant, after)) {
    if ((await world.erased(of, gone)) === undefined) return { taken: 'nothing' };
    place = gone.place ?? place;
    if (remainingMs() < SPARE_MS) return { taken: 'more', place };
  }
  return { taken: 'all' };
}

/**
 * Goes on with the erasure of a tenant: first its subscriptions, so that nothing more is made of it, and after a while everything else.
 * It begins so late that whatever ingest and the control plane had already let in is there.
 */
export async function eraseTenant(
  job: Extract<Job, { kind: 'erase_tenant' }>,
  world: EraseTenantWorld,
  remainingMs: () => number,
): Promise<void> {
  const found = await world.tenant(job.tenant);
  if (found?.erasure === undefined) return;
  const { tenant, erasure } = found;
  const { phase, started_at } = erasure;
  if (world.now().getTime() + EARLY_MS < erasure.next_at) return;
  const of = { tenant, started_at };
  // Touched, so that the tick leaves it alone; and asked, whether it is over by now.
  if ((await world.erased(of, { events: 0, subscriptions: 0 })) === undefined) return;

  // What was counted of it would otherwise come back as figures.
  if (phase === 'rest' && (await fold(world, remainingMs)) === 'more') return world.ask(job, FOLDING_SECONDS);
  const after = job.after?.started_at === started_at ? job.after.place : '';
  const piece = await takeAway({ ...found, erasure }, { after, world, remainingMs });
  world.note('sweep.erase_tenant', { tenant, phase, taken: piece.taken });
  if (piece.taken === 'nothing') return;
  if (piece.taken === 'more') return world.ask({ ...job, after: { started_at, place: piece.place } }, 0);
  if (phase === 'rest') return end(of, world);
  await world.eraseRest(of, new Date(world.now().getTime() + ERASURE_RESTS_SECONDS * 1000));
  await world.ask({ v: 1, kind: 'erase_tenant', tenant }, ERASURE_RESTS_SECONDS);
}

async function end(of: ErasureOf, world: EraseTenantWorld): Promise<void> {
  const { tenant, started_at } = of;
  const erasure = (await world.tenant(tenant))?.erasure;
  await world.forgetTenant(of);
  const { events = 0, subscriptions = 0 } = erasure ?? {};
  world.note('tenant.erased', { tenant, started_at, events, subscriptions });
}
