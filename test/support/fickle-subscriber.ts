import type { RequestListener } from 'node:http';
import type { Seeded } from './seeded.ts';
import { startInbox, type Inbox } from './subscriber.ts';

/** How a subscriber fails where it does not work. */
const FAILURES = {
  refuses: (_, response) => response.writeHead(500).end(),
  hangs: () => {},
  resets: ({ socket }) => socket.resetAndDestroy(),
} as const satisfies Record<string, RequestListener>;

export type Failure = keyof typeof FAILURES;

export interface FickleSubscriber extends Pick<Inbox, 'url' | 'requests' | 'close'> {
  /** Whether it was asked for the event and answered 200. */
  took(eventId: string): boolean;
  /** Requests for what it had taken already. */
  readonly duplicates: number;
  /** From now on it works. */
  mend(): void;
}

export interface Fickleness {
  fails: Failure;
  /** So many of a hundred requests, on average. */
  percent: number;
  chance: Seeded;
}

/** A subscriber that fails by chance, and keeps all that it was sent. Without a fickleness it works. */
export async function startFickleSubscriber(fickleness?: Fickleness): Promise<FickleSubscriber> {
  const taken = new Set<string>();
  let duplicates = 0;
  let isMended = fickleness === undefined;
  const inbox = await startInbox((request, response) => {
    const eventId = eventIdIn(inbox.requests.at(-1)?.body);
    if (taken.has(eventId)) duplicates += 1;
    if (!isMended && fickleness !== undefined && fickleness.chance.below(100) < fickleness.percent) {
      FAILURES[fickleness.fails](request, response);
      return;
    }
    taken.add(eventId);
    response.end();
  });
  return {
    url: inbox.url,
    requests: inbox.requests,
    close: inbox.close,
    took: (eventId) => taken.has(eventId),
    get duplicates() {
      return duplicates;
    },
    mend() {
      isMended = true;
    },
  };
}

/** Of an envelope. */
export const eventIdIn = (body: Buffer | undefined): string => JSON.parse(String(body)).event_id;
