import { setTimeout as pause } from 'node:timers/promises';
import type { Target } from './api.ts';

/** What is posted: JSON text, for every token of `data` is to arrive as it stands here. */
export interface Post {
  eventId: string;
  eventType: string;
  data: string;
}

/** A publisher as the contract wants it: it posts an event again, the very same one, until somebody says 202. */
export interface Publisher {
  /** Every event that was answered with 202, by its id. */
  readonly accepted: ReadonlyMap<string, Post>;
  /** Posts that had no answer, or 5xx, and were made again. */
  readonly repeats: number;
  /** Answers that say that the event was there already. */
  readonly known: number;
  /** Resolves when it is accepted; throws when it is refused. */
  publish(post: Post): Promise<void>;
  /** The same, to be waited for by `stop`. */
  begin(post: Post): void;
  /** Posts what `next` makes, so many a second, unless too many have no answer yet. */
  start(next: () => Post, perSecond: number): void;
  /** Posts no new ones, and resolves when all are accepted. */
  stop(): Promise<void>;
  /** Gives up what has no answer. */
  close(): void;
}

/** Not sooner: while the other side starts, it needs the processor more than we do. */
const AGAIN_AFTER_MS = 250;
const MOST_UNANSWERED = 20;
const PATIENCE_MS = 10_000;

/** @param target where to post now; it may be gone, and elsewhere later */
export function startPublisher(target: () => Target, tenant: string): Publisher {
  const accepted = new Map<string, Post>();
  const underWay = new Set<Promise<void>>();
  const failures: unknown[] = [];
  let [repeats, known] = [0, 0];
  let clock: NodeJS.Timeout | undefined;
  let isClosed = false;

  async function postOnce({ eventId, eventType, data }: Post): Promise<'accepted' | 'unanswered'> {
    const { url, adminKey } = target();
    const response = await fetch(`${url}/v1/tenants/${tenant}/events`, {
      method: 'POST',
      headers: { authorization: `Bearer ${adminKey}`, 'content-type': 'application/json' },
      body: `{"event_id":"${eventId}","event_type":"${eventType}","data":${data}}`,
      signal: AbortSignal.timeout(PATIENCE_MS),
    }).catch(() => undefined);
    if (response === undefined || response.status >= 500) return 'unanswered';
    // Its status is the promise; the rest of the answer may be cut off.
    const text = await response.text().catch(() => '');
    if (response.status !== 202) throw new Error(`${eventId} is refused with ${response.status}: ${text}`);
    if (text.includes('"duplicate":true')) known += 1;
    return 'accepted';
  }

  async function publish(post: Post): Promise<void> {
    while ((await postOnce(post)) === 'unanswered') {
      if (isClosed) return;
      repeats += 1;
      await pause(AGAIN_AFTER_MS);
    }
    accepted.set(post.eventId, post);
  }

  function begin(post: Post): void {
    const following = publish(post)
      .catch((error: unknown) => failures.push(error))
      .then(() => void underWay.delete(following));
    underWay.add(following);
  }

  return {
    accepted,
    get repeats() {
      return repeats;
    },
    get known() {
      return known;
    },
    publish,
    begin,
    start(next, perSecond) {
      clock = setInterval(() => {
        if (underWay.size < MOST_UNANSWERED) begin(next());
      }, 1_000 / perSecond);
    },
    async stop() {
      clearInterval(clock);
      await Promise.all(underWay);
      if (failures.length > 0) throw new Error(`refused: ${failures.slice(0, 5).map(String).join('; ')}`);
    },
    close() {
      clearInterval(clock);
      isClosed = true;
    },
  };
}
