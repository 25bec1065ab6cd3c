import { Folding, type Counts, type Growth } from '../../shared/domain/count.ts';
import type { Job } from '../../shared/domain/job.ts';
import type { Window } from '../../shared/store/counts.ts';

export interface FoldWorld {
  now(): Date;
  /** What is to be folded now, of what was counted before then; undefined where there is nothing. */
  nextWindow(before: Date): Promise<Window | undefined>;
  counted(window: Window): AsyncIterable<{ counts: Counts; moment: string }>;
  /** A figure grows by each window once. */
  grow(growth: Growth, window: number): Promise<void>;
  folded(window: Window): Promise<void>;
  /** Asks the sweep for something, in so many seconds. */
  ask(job: Job, delay: number): Promise<void>;
  note(what: string, line: Record<string, string | number>): void;
}

/**
 * A count gets its moment before it is written, and whoever writes it has a minute to live. What is older than that, and than two clocks
 * can differ, is all there.
 */
const SETTLED_MS = 75_000;
/** So many figures grow side by side. */
const AT_ONCE = 50;
/** What is left of the function's time when it begins no other window. */
const SPARE_MS = 30_000;

/** Each figure grows by the window's number, so a window that breaks off is done again from its start, and by two at once. */
async function foldOne(window: Window, world: FoldWorld): Promise<void> {
  const folding = new Folding();
  let counts = 0;
  for await (const one of world.counted(window)) {
    folding.take(one.counts, one.moment);
    counts += 1;
  }
  const { growths } = folding;
  for (let i = 0; i < growths.length; i += AT_ONCE) {
    await Promise.all(growths.slice(i, i + AT_ONCE).map((growth) => world.grow(growth, window.number)));
  }
  await world.folded(window);
  world.note('sweep.fold', { window: window.number, to: window.to_at, counts, figures: growths.length });
}

/**
 * Adds what batches have counted to the figures of subscriptions and tenants. What it has not the time for, a job of its own does.
 *
 * @returns whether it came to the end
 */
export async function fold(world: FoldWorld, remainingMs: () => number): Promise<'all' | 'more'> {
  const before = new Date(world.now().getTime() - SETTLED_MS);
  for (;;) {
    const window = await world.nextWindow(before);
    if (window === undefined) return 'all';
    if (remainingMs() < SPARE_MS) {
      await world.ask({ v: 1, kind: 'fold' }, 0);
      return 'more';
    }
    await foldOne(window, world);
  }
}
