/** What one AWS batch call takes. */
export interface CallLimits {
  entries: number;
  bytes: number;
}

/** One entry of a call: what is sent, and the text that counts against the call's size. */
export interface Entry<T> {
  item: T;
  text: string;
}

/** Cuts entries into calls that the service takes, in order. One that is too long by itself gets a call of its own. */
function intoCalls<T>(entries: readonly Entry<T>[], limits: CallLimits): Entry<T>[][] {
  const calls: Entry<T>[][] = [];
  let bytes = limits.bytes;
  for (const entry of entries) {
    if (bytes + entry.text.length > limits.bytes || calls.at(-1)?.length === limits.entries) {
      calls.push([]);
      bytes = 0;
    }
    calls.at(-1)?.push(entry);
    bytes += entry.text.length;
  }
  return calls;
}

const MOST_TRIES = 3;
const FIRST_PAUSE_MS = 50;

export interface Sending<T> {
  limits: CallLimits;
  /** The entry's text, in ASCII, so that its length is its size in bytes. */
  textOf(item: T): string;
  /** Sends one call; answers what was refused, entry by entry. May throw: then nobody knows whether any of it arrived. */
  send(entries: readonly Entry<T>[]): Promise<T[]>;
  /** The item as it must be sent again when nobody knows whether the first sending arrived. */
  inDoubt(item: T): T;
}

/**
 * Sends everything, some of it up to three times. Answers what could not be sent; the rest is durable where it was sent.
 * Batch calls answer 200 and say for each entry what became of it, so entries fail and are repeated one by one.
 */
export async function sendInCalls<T>(items: readonly T[], { limits, textOf, send, inDoubt }: Sending<T>): Promise<T[]> {
  let left = [...items];
  for (let round = 0; round < MOST_TRIES && left.length > 0; round++) {
    if (round > 0) await new Promise((resume) => setTimeout(resume, FIRST_PAUSE_MS * 4 ** (round - 1)));
    const calls = intoCalls(
      left.map((item) => ({ item, text: textOf(item) })),
      limits,
    );
    const refused = await Promise.all(
      calls.map((entries) => send(entries).catch(() => entries.map(({ item }) => inDoubt(item)))),
    );
    left = refused.flat();
  }
  return left;
}
