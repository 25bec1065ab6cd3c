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

/** Cuts items into calls that the service takes, in order. One that is too long by itself gets a call of its own. */
function* intoCalls<T>(items: readonly T[], { limits, textOf }: Sending<T>): Generator<Entry<T>[]> {
  let call: Entry<T>[] = [];
  let bytes = 0;
  for (const item of items) {
    const text = textOf(item);
    if (call.length === limits.entries || (call.length > 0 && bytes + text.length > limits.bytes)) {
      yield call;
      call = [];
      bytes = 0;
    }
    call.push({ item, text });
    bytes += text.length;
  }
  if (call.length > 0) yield call;
}

const MOST_TRIES = 3;
const FIRST_PAUSE_MS = 50;
/** A megabyte each, and made only when their turn comes: an event for ten thousand must not fill the memory. */
const MOST_AT_ONCE = 8;

export interface Sending<T> {
  limits: CallLimits;
  /** The entry's text, in ASCII, so that its length is its size in bytes. */
  textOf(item: T): string;
  /** Sends one call; answers what was refused, entry by entry. May throw: then nobody knows whether any of it arrived. */
  send(entries: readonly Entry<T>[]): Promise<T[]>;
  /** The item as it must be sent again when nobody knows whether the first sending arrived. */
  inDoubt(item: T): T;
  /** Told why a call failed: whoever looks for the cause at night finds it in the log. */
  report(error: unknown): void;
}

/** Sends a round of calls, a few at a time; answers what was refused or is in doubt. */
async function sendRound<T>(items: readonly T[], sending: Sending<T>): Promise<T[]> {
  const calls = intoCalls(items, sending);
  const left: T[] = [];
  const worker = async (): Promise<void> => {
    for (const entries of calls) {
      try {
        left.push(...(await sending.send(entries)));
      } catch (error) {
        sending.report(error);
        left.push(...entries.map(({ item }) => sending.inDoubt(item)));
      }
    }
  };
  await Promise.all(Array.from({ length: MOST_AT_ONCE }, worker));
  return left;
}

/**
 * Sends everything, some of it up to three times. Answers what could not be sent; the rest is durable where it was sent.
 * Batch calls answer 200 and say for each entry what became of it, so entries fail and are repeated one by one.
 */
export async function sendInCalls<T>(items: readonly T[], sending: Sending<T>): Promise<T[]> {
  let left = [...items];
  for (let round = 0; round < MOST_TRIES && left.length > 0; round++) {
    if (round > 0) await new Promise((resume) => setTimeout(resume, FIRST_PAUSE_MS * 4 ** (round - 1)));
    left = await sendRound(left, sending);
  }
  return left;
}
