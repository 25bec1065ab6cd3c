import type { Whom } from '../../shared/store/health.ts';

/** When requests that are not answered make their subscription suspect. */
const LONG_MS = 1_000;
/** Several at once need not take that long. */
const SOON = { ms: 200, requests: 3 };

export interface Watching {
  /** Calls back in so many milliseconds unless it is called off first. */
  after(ms: number, then: () => void): () => void;
  suspect(whom: Whom): Promise<void>;
}

interface Pending {
  /** How many requests have waited for long enough to count, and were not answered. */
  late: number;
  marked: Promise<void> | undefined;
  running: number;
}

/**
 * Watches the requests under way in this environment. A subscription of which one is pending for a second is suspect, and so is
 * one of which three are pending for 200 ms with no answer since: the mark must come before its requests hold every invocation.
 */
export function watchRequests({
  after,
  suspect,
}: Watching): (whom: Whom) => (ended: 'answered' | 'failed') => Promise<void> {
  const pending = new Map<string, Pending>();

  return (whom) => {
    const name = `${whom.tenant} ${whom.subscriptionId}`;
    const state = pending.get(name) ?? { late: 0, marked: undefined, running: 0 };
    pending.set(name, state);
    state.running += 1;
    let counted = false;
    const mark = (): void => void (state.marked ??= suspect(whom));
    const callOffs = [
      after(SOON.ms, () => {
        counted = true;
        state.late += 1;
        if (state.late >= SOON.requests) mark();
      }),
      after(LONG_MS, mark),
    ];
    return async (ended) => {
      for (const callOff of callOffs) callOff();
      state.running -= 1;
      if (ended === 'answered') state.late = 0;
      else if (counted) state.late = Math.max(state.late - 1, 0);
      const { marked } = state;
      if (state.running === 0) pending.delete(name);
      // An environment may be frozen when its invocation ends, and the mark with it.
      await marked;
    };
  };
}
