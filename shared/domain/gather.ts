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

/** How items of one key meet: the first one waits so long for others, and all of them share what comes of it. */
export interface Sharing<T, R> {
  keyOf(item: T): string;
  waitMs: number;
  handle(items: readonly T[]): Promise<R>;
}

/** Lets items of one key that come at about the same time be handled as one. */
export function shared<T, R>({ keyOf, waitMs, handle }: Sharing<T, R>): (item: T) => Promise<R> {
  const meetings = new Map<string, { items: T[]; result: Promise<R> }>();

  function meet(key: string, first: T): Promise<R> {
    const items = [first];
    const result = new Promise<void>((resolve) => setTimeout(resolve, waitMs)).then(() => {
      meetings.delete(key);
      return handle(items);
    });
    meetings.set(key, { items, result });
    return result;
  }

  return (item) => {
    const key = keyOf(item);
    const meeting = meetings.get(key);
    if (meeting === undefined) return meet(key, item);
    meeting.items.push(item);
    return meeting.result;
  };
}
