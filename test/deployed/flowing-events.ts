import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { callerOf, type Caller, type Target } from '../support/api.ts';
import { startInbox } from '../support/subscriber.ts';
import { until } from '../support/until.ts';

const TENANTS = ['north', 'south', 'west'];

/** Of each tenant, by name. Every event is wanted by two of them. */
const SUBSCRIPTIONS: Record<string, string[]> = {
  all: ['*'],
  guests: ['Guest.*'],
  others: ['Employee.Created', 'group:AppointmentGroup'],
};

const EVENTS = [
  { event_type: 'Guest.Created', data: { id: 'g1' }, wantedBy: ['all', 'guests'] },
  { event_type: 'Employee.Created', data: { id: 'e1' }, wantedBy: ['all', 'others'] },
  { event_type: 'Guest.Updated', data: { id: 'g1' }, wantedBy: ['all', 'guests'] },
  { event_type: 'AppointmentGroup.Delete', data: { appointment_group_id: 'a1' }, wantedBy: ['all', 'others'] },
];

/** Each waits for its answers, so that a system that is just starting gets no more than it can take. */
const PUBLISHERS = 4;
const EVERY_MS = 200;

/** The sweep leaves an event alone for so long; a batch whose function was killed stays hidden for three minutes or six. */
const RECOVERED_MS = 120_000;

/** A delivery that must come, because its event was answered 202. */
interface Owed {
  /** Which subscriber must get which event: `/north/guests <event id>`. */
  what: string;
  /** When its event was posted first. */
  postedAt: number;
}

interface Arrival {
  at: number;
  webhookId: string;
  /** What sent it: its `user-agent`. */
  sender: string;
}

/** What came of all that was posted. */
export interface Tally {
  events: number;
  deliveries: number;
  /** Owed, and never come. */
  missing: string[];
  /** Come, and never owed. */
  strays: string[];
  /** Come with several values of `webhook-id`, by which no subscriber could tell that they are the same. */
  renamed: string[];
  /** Arrivals beyond the first of each delivery. */
  duplicates: number;
  /** Posts that were not answered 202, and so made again. */
  repeatedPosts: number;
  slowestMs: number;
  /** Deliveries of which something was lost on the way, to judge by how long they took. */
  recovered: number;
  senders: string[];
}

export interface Flow {
  /** Resolves when so many versions of the code have sent something. */
  sentBy(versions: number, withinMs: number): Promise<unknown>;
  /** Posts no more. */
  stop(): Promise<void>;
  /** Waits for all that is owed, but not longer than this, and closes the subscribers. */
  end(withinMs: number): Promise<Tally>;
}

/** Lets events flow, 20 a second at most, until told to stop. */
export async function startFlow(target: Target): Promise<Flow> {
  const api = callerOf(target);
  const subscribers = await startSubscribers(api);
  const publisher = startPublisher(api);
  return {
    sentBy: (versions, withinMs) => until(() => subscribers.senders().length >= versions, withinMs),
    stop: publisher.stop,
    async end(withinMs) {
      const { owed } = publisher;
      // What is still missing then stands in the tally.
      await until(() => owed.every(({ what }) => subscribers.arrivals.has(what)), withinMs).catch(() => {});
      await subscribers.close();
      return { repeatedPosts: publisher.repeatedPosts(), senders: subscribers.senders(), ...tally(owed, subscribers) };
    },
  };
}

async function startSubscribers(api: Caller) {
  const arrivals = new Map<string, Arrival[]>();
  const inbox = await startInbox((_, response) => {
    const { path, headers, body } = inbox.requests.at(-1)!;
    const what = `${path} ${JSON.parse(body.toString()).event_id}`;
    const [webhookId, sender] = [String(headers['webhook-id']), String(headers['user-agent'])];
    arrivals.set(what, [...(arrivals.get(what) ?? []), { at: Date.now(), webhookId, sender }]);
    response.end();
  });
  for (const tenant of TENANTS)
    for (const [name, event_types] of Object.entries(SUBSCRIPTIONS))
      await api.subscribe(tenant, { url: `${inbox.url}/${tenant}/${name}`, event_types });
  const senders = (): string[] => [...new Set([...arrivals.values()].flat().map(({ sender }) => sender))];
  return { arrivals, senders, close: inbox.close };
}

function startPublisher(api: Caller) {
  const owed: Owed[] = [];
  const leaving = new AbortController();
  let [posted, repeatedPosts] = [0, 0];

  const isAccepted = (tenant: string, event: object): Promise<boolean> =>
    api.post(`/v1/tenants/${tenant}/events`, event).then(
      ({ status }) => status === 202,
      () => false,
    );

  /** As publishers do: the same event, with the same id, until it is accepted. */
  async function publish(count: number): Promise<void> {
    const tenant = TENANTS[count % TENANTS.length]!;
    const { wantedBy, ...event } = EVENTS[count % EVENTS.length]!;
    const event_id = randomUUID();
    const postedAt = Date.now();
    while (!(await isAccepted(tenant, { ...event, event_id }))) {
      repeatedPosts++;
      await pause(EVERY_MS);
    }
    owed.push(...wantedBy.map((name) => ({ what: `/${tenant}/${name} ${event_id}`, postedAt })));
  }

  async function publishOn(): Promise<void> {
    while (!leaving.signal.aborted) await Promise.all([publish(posted++), pause(EVERY_MS)]);
  }

  const published = Promise.all(Array.from({ length: PUBLISHERS }, publishOn));
  const stop = async (): Promise<void> => {
    leaving.abort();
    await published;
  };
  return { owed, repeatedPosts: () => repeatedPosts, stop };
}

function tally(owed: readonly Owed[], { arrivals }: { arrivals: ReadonlyMap<string, readonly Arrival[]> }) {
  const wanted = new Set(owed.map(({ what }) => what));
  const idsOf = (what: string): Set<string> => new Set(arrivals.get(what)?.map(({ webhookId }) => webhookId));
  const delays = owed.map(({ what, postedAt }) => (arrivals.get(what)?.[0]?.at ?? postedAt) - postedAt);
  return {
    events: new Set(owed.map(({ what }) => what.split(' ')[1])).size,
    deliveries: owed.length,
    missing: [...wanted].filter((what) => !arrivals.has(what)),
    strays: [...arrivals.keys()].filter((what) => !wanted.has(what)),
    renamed: [...wanted].filter((what) => idsOf(what).size > 1),
    duplicates: [...arrivals.values()].reduce((sum, { length }) => sum + length - 1, 0),
    slowestMs: Math.max(...delays),
    recovered: delays.filter((delay) => delay > RECOVERED_MS).length,
  };
}
