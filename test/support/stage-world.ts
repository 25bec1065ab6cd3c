import * as deliverStage from '../../lambdas/deliver/deliver.ts';
import type * as ingestStage from '../../lambdas/ingest/ingest.ts';
import { RESENT_SECONDS, type World as MatchWorld } from '../../lambdas/match/match.ts';
import type * as sweepStage from '../../lambdas/sweep/sweep.ts';
import { asDoubtful } from '../../shared/domain/delivery.ts';
import { newId } from '../../shared/domain/id.ts';
import type { Outcome } from '../../shared/domain/outcome.ts';
import type { Subscription } from '../../shared/domain/subscription.ts';
import { attemptsIn } from '../../shared/store/attempts.ts';
import { eventsIn } from '../../shared/store/events.ts';
import { lately } from '../../shared/store/lately.ts';
import { subscriptionsIn } from '../../shared/store/subscriptions.ts';
import { busNamed } from '../../shared/wire/bus.ts';
import { gatheringQueue, queueAt } from '../../shared/wire/queue.ts';
import type { DynamoDb } from './dynamodb.ts';
import { busInMemory, sqsInMemory } from './in-memory-aws.ts';
import { InMemoryQueue } from './in-memory-queue.ts';
import { make } from './make.ts';

export const RETENTION_DAYS = 14;
const DAY_MS = 24 * 60 * 60 * 1000;
/** The tenant of everything here, unless a test says otherwise. */
export const TENANT = 'acme';
export const TRACE = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

/* ---- Subscribers ---- */

/** One request as the subscriber got it. */
export interface Arrival {
  subscription: string;
  /** `webhook-id` */
  id: string;
  text: string;
  /** Milliseconds since 1970. */
  at: number;
}

export const ACCEPTED: Outcome = { kind: 'accepted', status: 200, duration_ms: 7 };
export const rejected = (status: number, retry_after?: string): Outcome => ({
  kind: 'rejected',
  status,
  duration_ms: 7,
  ...(retry_after !== undefined && { retry_after }),
});

/** Answers a request, with nothing to accept it; `earlier` is how many of the same webhook-id came before. */
export type Answering = (sending: deliverStage.Sending, earlier: number) => Outcome | Promise<Outcome> | undefined;

/** Subscribers that are functions. Who is given no answer accepts. */
function subscribers() {
  const arrivals: Arrival[] = [];
  const answering = new Map<string, Answering>();
  return {
    arrivals,
    answering,
    async post(sending: deliverStage.Sending): Promise<Outcome> {
      const { subscription, id, text, at } = sending;
      const earlier = arrivals.filter((arrival) => arrival.id === id).length;
      arrivals.push({ subscription: subscription.id, id, text, at: at.getTime() });
      return (await answering.get(subscription.id)?.(sending, earlier)) ?? ACCEPTED;
    },
  };
}

/* ---- Tables, queues, bus ---- */

/** Tables of their own, and one clock, which stands at `at`. */
export async function openStores(dynamo: DynamoDb, at?: string) {
  const clock = make.clock(at);
  const control = { ...(await dynamo.open()), now: clock.now };
  const flow = { ...(await dynamo.open()), now: clock.now };
  return {
    clock,
    control,
    flow,
    subscriptions: subscriptionsIn(control),
    events: eventsIn(flow, RETENTION_DAYS),
    attempts: attemptsIn(flow, RETENTION_DAYS),
  };
}
export type Stores = Awaited<ReturnType<typeof openStores>>;

const [EVENTS, DELIVERIES, RETRIES] = ['events', 'deliveries', 'retries'] as const;

/** Something that a body wrote down about itself. */
export interface Line {
  what: string;
  [member: string]: unknown;
}

/**
 * What the stages' worlds are made of: real stores on tables of their own, and the real wire in front of a bus and queues
 * that are in this process. Visibility is six times the stage's time-out, as in the template.
 */
function openBench(stores: Stores) {
  const { clock } = stores;
  const queues = {
    [EVENTS]: new InMemoryQueue({ clock, visibilitySeconds: 180 }),
    [DELIVERIES]: new InMemoryQueue({ clock, visibilitySeconds: 360 }),
    [RETRIES]: new InMemoryQueue({ clock, visibilitySeconds: 360 }),
  };
  const lines: Line[] = [];
  const failures: unknown[] = [];
  const reports: unknown[] = [];
  return {
    ...stores,
    ...subscribers(),
    queues,
    sqs: sqsInMemory(queues),
    bus: busInMemory(queues.events),
    lines,
    /** What bodies said failed for a reason of ours. */
    failures,
    noteFailure: (_what: string, error: unknown): void => void failures.push(error),
    /** What bus and queues said of calls that failed and entries that were refused. */
    reports,
    report: (error: unknown): void => void reports.push(error),
    note: (what: string, line: Record<string, unknown>): void => void lines.push({ what, ...line }),
  };
}
type Bench = ReturnType<typeof openBench>;

/* ---- Worlds: what live-world.ts makes in each stage ---- */

function ingestWorld({ clock, events, bus, report, note, noteFailure }: Bench): ingestStage.World {
  let made = 0;
  return {
    now: clock.now,
    newEventId: () => newId('evt', clock.now(), Buffer.alloc(10, ++made)),
    newTrace: () => TRACE,
    accept: events.accept,
    find: events.find,
    isMatched: events.isMatched,
    open: events.open,
    publish: busNamed(bus.client, { name: 'bus', source: 'event-fanout', report }).publish,
    note,
    noteFailure,
  };
}

function matchWorld({ clock, subscriptions, events, sqs, report, note, noteFailure }: Bench): MatchWorld {
  const deliveries = queueAt(sqs.client, { url: DELIVERIES, report });
  return {
    now: clock.now,
    interested: subscriptions.interested,
    find: events.find,
    isMatched: events.isMatched,
    send: (messages) => deliveries.send(messages, (message) => ({ ...asDoubtful(message), delay: RESENT_SECONDS })),
    close: events.close,
    note,
    noteFailure,
  };
}

function deliverWorld({
  clock,
  subscriptions,
  events,
  attempts,
  sqs,
  post,
  report,
  note,
  noteFailure,
}: Bench): deliverStage.World {
  const subscription = lately((key: { tenant: string; id: string }) => subscriptions.find(key.tenant, key.id), {
    keyOf: ({ tenant, id }) => `${tenant} ${id}`,
    now: () => clock.now().getTime(),
    keptMs: 10_000,
  });
  return {
    now: clock.now,
    jitter: () => 0,
    subscription: (tenant, id, as) => (as === 'now' ? subscriptions.find(tenant, id) : subscription({ tenant, id })),
    isRetained: (acceptedAt) => Date.parse(acceptedAt) + RETENTION_DAYS * DAY_MS > clock.now().getTime(),
    find: events.find,
    claim: attempts.claim,
    post,
    enqueue: gatheringQueue(queueAt(sqs.client, { url: RETRIES, report }), asDoubtful),
    record: attempts.record,
    bury: attempts.bury,
    note,
    noteFailure,
  };
}

function sweepWorld({ clock, events, bus, report, note, noteFailure }: Bench): sweepStage.World {
  const { publish } = busNamed(bus.client, { name: 'bus', source: 'event-fanout', report });
  return { ...events, now: clock.now, publish, note, noteFailure };
}

/** A world for each stage, on tables of their own or those given. Tests may exchange a verb. */
export async function openWorlds(dynamo: DynamoDb, stores?: Stores) {
  const bench = openBench(stores ?? (await openStores(dynamo)));
  const { sqs, bus } = bench;
  return {
    ...bench,
    faults: { putEvents: bus.faults, sendMessageBatch: sqs.faults },
    /** How many messages each call of a queue held. */
    sent: sqs.sent,
    worlds: {
      ingest: ingestWorld(bench),
      match: matchWorld(bench),
      deliver: deliverWorld(bench),
      sweep: sweepWorld(bench),
    },
    /** Enters subscriptions as the control plane does; they are called sub_1, sub_2 ... unless they say otherwise. */
    async subscribe(...wishes: Partial<Subscription>[]): Promise<Subscription[]> {
      const made = wishes.map((wish, i) => make.subscription({ id: `sub_${i + 1}`, ...wish }));
      await Promise.all(made.map((subscription) => bench.subscriptions.create(subscription)));
      return made;
    },
  };
}
export type Opened = Awaited<ReturnType<typeof openWorlds>>;

/** The text of a post that ingest takes, whose data is `data` as it is written here. */
export const posted = (changes: Record<string, unknown> & { data?: string } = {}): string => {
  const { data = '{"id":"g1","price":199.00,"big":820982911946154508}', ...rest } = changes;
  const head = JSON.stringify({ event_type: 'Guest.Created', ...rest });
  return `${head.slice(0, -1)},"data":${data}}`;
};
