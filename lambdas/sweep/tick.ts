import type { Job } from '../../shared/domain/job.ts';
import type { Whom } from '../../shared/store/health.ts';

export interface TickWorld {
  now(): Date;
  shelves: readonly number[];
  /** Whether anything on that part of the shelf is due before then. */
  isDue(shard: number, before: Date): Promise<boolean>;
  /** Catch-ups and replays that nobody has touched since then: whoever worked on them died between two pieces. */
  stalled(before: Date): AsyncIterable<Whom & { replayId: string }>;
  /** Tenants whose erasure nobody has touched since then, and that should have gone on. */
  stalledErasures(before: Date): AsyncIterable<string>;
  /** Takes off the list of those in trouble who is well again. Answers how many. */
  tidy(now: Date): Promise<number>;
  ask(job: Job, delay: number): Promise<void>;
  note(what: string, line: Record<string, string | number>): void;
}

/** What is due until the next tick, and a little, for that may be late. */
export const AHEAD_MS = 75_000;
const STALLED_MS = 3 * 60_000;

/** Once a minute: asks for what there is to do, and does nothing itself that could take long. */
export async function tick(world: TickWorld): Promise<void> {
  const now = world.now();
  const ahead = new Date(now.getTime() + AHEAD_MS);
  const due = await Promise.all(world.shelves.map((shard) => world.isDue(shard, ahead)));
  const shelves = world.shelves.filter((_, i) => due[i] === true);
  const jobs: Job[] = [
    { v: 1, kind: 'markers' },
    { v: 1, kind: 'held' },
    { v: 1, kind: 'fold' },
    { v: 1, kind: 'redrive', queue: 'undeliverable' },
    { v: 1, kind: 'redrive', queue: 'dead' },
    ...shelves.map((shard): Job => ({ v: 1, kind: 'shelf', shard })),
  ];
  await Promise.all(jobs.map((job) => world.ask(job, 0)));
  const stalled = new Date(now.getTime() - STALLED_MS);
  const erasures = await askErasures(stalled, world);
  const walks = await askStalled(stalled, world);
  const well = await world.tidy(now);
  world.note('sweep.tick', { shelves: shelves.length, erasures, walks, well });
}

async function askErasures(before: Date, world: TickWorld): Promise<number> {
  let erasures = 0;
  for await (const tenant of world.stalledErasures(before)) {
    await world.ask({ v: 1, kind: 'erase_tenant', tenant }, 0);
    erasures += 1;
  }
  return erasures;
}

/** Last of all, and one by one: where the list cannot be read to its end, everything else is asked for. Answers how many. */
async function askStalled(before: Date, world: TickWorld): Promise<number> {
  let walks = 0;
  for await (const { tenant, subscriptionId: subscription_id, replayId: replay_id } of world.stalled(before)) {
    await world.ask({ v: 1, kind: 'walk', tenant, subscription_id, replay_id }, 0);
    walks += 1;
  }
  return walks;
}
