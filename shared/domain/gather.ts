/** How items meet: `most` in a group, and how long the first one waits for company. */
export interface Meeting<T> {
  most: number;
  /** Handles a group; answers the indices of those that failed. What it throws fails all of them. */
  handle(group: readonly T[]): Promise<readonly number[]>;
}

interface Waiting<T> {
  item: T;
  done: () => void;
  failed: (error: unknown) => void;
}

/** Long enough for what one batch finishes together to meet, short enough to add nothing that anybody could see. */
const GATHERING_MS = 3;

/**
 * Lets items that come at about the same time share one call. An AWS call costs the same CPU whatever it carries, so this is
 * most of what a delivery costs. Each item still resolves only when it is handled itself.
 */
export function gather<T>({ most, handle }: Meeting<T>): (item: T) => Promise<void> {
  let waiting: Waiting<T>[] = [];
  let timer: NodeJS.Timeout | undefined;

  async function handleGroup(group: readonly Waiting<T>[]): Promise<void> {
    try {
      const failed = new Set(await handle(group.map(({ item }) => item)));
      group.forEach((one, i) => (failed.has(i) ? one.failed(new Error('it was not taken')) : one.done()));
    } catch (error) {
      group.forEach((one) => one.failed(error));
    }
  }

  const flush = (): void => {
    clearTimeout(timer);
    timer = undefined;
    const group = waiting;
    waiting = [];
    void handleGroup(group);
  };

  return (item) =>
    new Promise((done, failed) => {
      waiting.push({ item, done, failed });
      if (waiting.length === most) flush();
      else timer ??= setTimeout(flush, GATHERING_MS);
    });
}
