import catalogue from '#catalogue';
import { openTrouble } from '../../lambdas/deliver/trouble.ts';
import type * as deliverStage from '../../lambdas/deliver/world.ts';
import type * as ingestStage from '../../lambdas/ingest/ingest.ts';
import { RESENT_SECONDS, type World as MatchWorld } from '../../lambdas/match/match.ts';
import type * as sweepStage from '../../lambdas/sweep/sweep.ts';
import { noticeOfDead } from '../../shared/domain/dead-letter.ts';
import { asDoubtful } from '../../shared/domain/delivery.ts';
import { newId } from '../../shared/domain/id.ts';
import { knownWishes } from '../../shared/domain/interest.ts';
import type { Job } from '../../shared/domain/job.ts';
import type { Outcome } from '../../shared/domain/outcome.ts';
import type { Subscription } from '../../shared/domain/subscription.ts';
import { ENTERED_MS } from '../../shared/domain/tenancy.ts';
import { attemptsIn } from '../../shared/store/attempts.ts';
import { deliveryEraser } from '../../shared/store/erase-delivery.ts';
import { tenantEraser } from '../../shared/store/erase-tenant.ts';
import { countsIn } from '../../shared/store/counts.ts';
import { eventsIn } from '../../shared/store/events.ts';
import { figuresIn } from '../../shared/store/figures.ts';
import { healthIn } from '../../shared/store/health.ts';
import { heldIn } from '../../shared/store/held.ts';
import { SHELF_SHARDS } from '../../shared/store/keys.ts';
import { lately } from '../../shared/store/lately.ts';
import { pacer, ratesIn } from '../../shared/store/rates.ts';
import { replaysIn } from '../../shared/store/replays.ts';
import { shelfIn } from '../../shared/store/shelf.ts';
import { subscriptionsIn } from '../../shared/store/subscriptions.ts';
import { tenantsIn } from '../../shared/store/tenants.ts';
import { busNamed } from '../../shared/wire/bus.ts';
import { gatheringQueue, jobsFor, queueAt } from '../../shared/wire/queue.ts';
import type { Sending } from '../../shared/wire/signed-post.ts';
import type { DynamoDb } from './dynamodb.ts';
import { busInMemory, sqsInMemory } from './in-memory-aws.ts';
import { InMemoryQueue } from './in-memory-queue.ts';
import { make, type Clock } from './make.ts';

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
export type Answering = (sending: Sending, earlier: number) => Outcome | Promise<Outcome> | undefined;

/** Subscribers that are functions. Who is given no answer accepts. */
function subscribers() {
  const arrivals: Arrival[] = [];
  const answering = new Map<string, Answering>();
  return {
    arrivals,
    answering,
    async post(sending: Sending): Promise<Outcome> {
      const {
        subscription,
        id,
        payload: { text },
        at,
      } = sending;
      const earlier = arrivals.filter((arrival) => arrival.id === id).length;
      arrivals.push({ subscription: subscription.id, id, text, at: at.getTime() });
      return (await answering.get(subscription.id)?.(sending, earlier)) ?? ACCEPTED;
    },
  };
}

/* ---- Tables, queues, bus ---- */

/** Tables of their own, and one clock, which stands at `at`, or goes by itself. */
export async function openStores(dynamo: Pick<DynamoDb, 'open'>, at?: string | Clock) {
  const clock = typeof at === 'object' ? at : make.clock(at);
  const control = { ...(await dynamo.open()), now: clock.now };
  const flow = { ...(await dynamo.open()), now: clock.now };
  return {
    clock,
    control,
    flow,
    subscriptions: subscriptionsIn(control),
    events: eventsIn(flow, RETENTION_DAYS),
    attempts: attemptsIn(flow, RETENTION_DAYS),
    shelf: shelfIn(flow, RETENTION_DAYS),
    replays: replaysIn(flow, RETENTION_DAYS),
    held: heldIn(flow),
    rates: ratesIn(flow),
    tenants: tenantsIn(flow, RETENTION_DAYS),
    counts: countsIn(flow),
    figures: figuresIn(flow, RETENTION_DAYS),
  };
}
export type Stores = Awaited<ReturnType<typeof openStores>>;

const [EVENTS, DELIVERIES, RETRIES] = ['events', 'deliveries', 'retries'] as const;
const [DEFERRED, SWEEPS] = ['deferred', 'sweeps'] as const;
const wishes = knownWishes(new Map(Object.entries(catalogue.eventTypes).map(([type, { group }]) => [type, group])));
/** What a subscription without a rate of its own may get in a second. */
export const CEILING = 100;

/** Something that a body wrote down about itself. */
export interface Line {
  what: string;
  [member: string]: unknown;
}

/**
 * What the stages' worlds are made of: real stores on tables of their own, and the real wire in front of a bus and queues
 * that are in this process. Visibility is six times the stage's time-out, as in the template.
 */
export function openBench(stores: Stores) {
  const { clock } = stores;
  const queues = {
    [EVENTS]: new InMemoryQueue({ clock, visibilitySeconds: 180 }),
    [DELIVERIES]: new InMemoryQueue({ clock, visibilitySeconds: 360 }),
    [RETRIES]: new InMemoryQueue({ clock, visibilitySeconds: 360 }),
    [DEFERRED]: new InMemoryQueue({ clock, visibilitySeconds: 360 }),
    [SWEEPS]: new InMemoryQueue({ clock, visibilitySeconds: 360 }),
  };
  const told: { type: string; detail: Record<string, unknown> }[] = [];
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
    /** What operators were told. */
    told,
    /** What bodies said failed for a reason of ours. */
    failures,
    noteFailure: (_what: string, error: unknown): void => void failures.push(error),
    /** What bus and queues said of calls that failed and entries that were refused. */
    reports,
    report: (error: unknown): void => void reports.push(error),
    note: (what: string, line: Record<string, unknown>): void => void lines.push({ what, ...line }),
  };
}
export type Bench = ReturnType<typeof openBench>;

/* ---- Worlds: what live-world.ts makes in each stage ---- */

export function ingestWorld({ clock, events, tenants, bus, report, note, noteFailure }: Bench): ingestStage.World {
  let made = 0;
  const entered = lately(tenants.enter, {
    keyOf: (tenant) => tenant,
    now: () => clock.now().getTime(),
    keptMs: ENTERED_MS,
  });
  return {
    now: clock.now,
    admit: async () => undefined,
    enter: entered.lately,
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

export function matchWorld({
  clock,
  subscriptions,
  events,
  tenants,
  sqs,
  report,
  note,
  noteFailure,
}: Bench): MatchWorld {
  const deliveries = queueAt(sqs.client, { url: DELIVERIES, report });
  const deferred = queueAt(sqs.client, { url: DEFERRED, report });
  const known = lately(tenants.find, {
    keyOf: (tenant) => tenant,
    now: () => clock.now().getTime(),
    keptMs: ENTERED_MS,
  });
  return {
    now: clock.now,
    interested: subscriptions.interested,
    tenant: known.lately,
    find: events.find,
    isMatched: events.isMatched,
    isSuspect: async () => false,
    send: async (messages) => {
      const resent = <M extends (typeof messages)[number]>(message: M): M => ({
        ...asDoubtful(message),
        delay: RESENT_SECONDS,
      });
      const to = (name: string) => messages.filter((message) => message.to === name);
      const left = [await deliveries.send(to(DELIVERIES), resent), await deferred.send(to(DEFERRED), resent)];
      return left.flat();
    },
    close: events.close,
    note,
    noteFailure,
  };
}

function askedIn({ sqs, report }: Bench): (job: Job, delay: number) => Promise<void> {
  return jobsFor(queueAt(sqs.client, { url: SWEEPS, report }));
}

/** Of a function of the lane, or of the one that works on what is late or slow. */
export function deliverWorld(bench: Bench, place: 'lane' | 'deferred'): deliverStage.World {
  const { clock, subscriptions, events, attempts, replays, shelf, held, rates, flow, sqs, report } = bench;
  const subscription = lately((key: { tenant: string; id: string }) => subscriptions.find(key.tenant, key.id), {
    keyOf: ({ tenant, id }) => `${tenant} ${id}`,
    now: () => clock.now().getTime(),
    keptMs: 10_000,
  });
  const ask = askedIn(bench);
  let made = 0;
  return {
    now: clock.now,
    jitter: () => 0,
    place,
    subscription: (tenant, id, as) => subscription[as]({ tenant, id }),
    replace: subscriptions.replace,
    keptUntil: (acceptedAt) => Date.parse(acceptedAt) + RETENTION_DAYS * DAY_MS,
    find: events.find,
    claim: attempts.claim,
    post: bench.post,
    pause: async (ms) => clock.advance(ms / 1000),
    enqueue: gatheringQueue(queueAt(sqs.client, { url: place === 'lane' ? RETRIES : DEFERRED, report }), asDoubtful),
    defer: gatheringQueue(queueAt(sqs.client, { url: DEFERRED, report }), asDoubtful),
    rest: shelf.rest,
    expect: shelf.expect,
    over: shelf.over,
    record: attempts.record,
    expectRecords: attempts.expectRecords,
    keepCounts: attempts.keepCounts,
    bury: attempts.bury,
    acknowledge: attempts.acknowledge,
    tellDead: (letter) => ask(noticeOfDead([letter]), 0),
    ...openTrouble({
      health: healthIn(flow, { copy: 0, token: () => `token-${(made += 1)}` }),
      now: clock.now,
      // Nothing takes any time here, so nobody is ever late.
      after: () => () => undefined,
      togetherMs: 0,
      noteFailure: bench.noteFailure,
    }),
    ...pacer(rates, { ceilingPerSecond: CEILING, now: clock.now }),
    listHeld: held.list,
    caughtUpTo: async ({ tenant, subscriptionId }, replayId) =>
      (await replays.find({ tenant, subscription_id: subscriptionId }, replayId))?.cursor.split('#')[0],
    newReplayId: () => newId('rpl', clock.now(), Buffer.alloc(10, (made += 1))),
    begin: replays.create,
    count: (whom, replayId, what) => replays.count(whom, replayId, { delivered: 0, dead: 0, [what]: 1 }),
    ask,
    note: bench.note,
    noteFailure: bench.noteFailure,
  };
}

export function sweepWorld(bench: Bench): sweepStage.World {
  const { clock, subscriptions, events, attempts, replays, shelf, held, tenants, counts, figures } = bench;
  const { control, flow, bus, sqs, report } = bench;
  const { publish } = busNamed(bus.client, { name: 'bus', source: 'event-fanout', report });
  const deferred = queueAt(sqs.client, { url: DEFERRED, report });
  return {
    now: clock.now,
    retentionMs: RETENTION_DAYS * DAY_MS,
    ceilingPerSecond: CEILING,
    note: bench.note,
    noteFailure: bench.noteFailure,
    ask: askedIn(bench),
    subscription: subscriptions.find,
    replace: subscriptions.replace,
    interested: subscriptions.interested,
    ...events,
    ...counts,
    grow: figures.grow,
    eraseDelivery: deliveryEraser({ attempts, shelf }),
    publish,
    tenant: tenants.find,
    eraser: tenantEraser({ control, flow, tenants }, [...wishes]),
    erased: tenants.erased,
    eraseRest: tenants.eraseRest,
    forgetTenant: tenants.forget,
    stalledErasures: tenants.stalledErasures,
    shelves: Array.from({ length: SHELF_SHARDS }, (_, shard) => shard),
    isDue: shelf.isDue,
    due: shelf.due,
    waiting: shelf.all,
    taken: shelf.taken,
    async removed(resting) {
      await Promise.all(resting.map((one) => shelf.remove(one)));
    },
    send: (messages) => deferred.send(messages, asDoubtful),
    attemptsBetween: attempts.attemptsBetween,
    lettersBetween: attempts.lettersBetween,
    bury: attempts.bury,
    findReplay: replays.find,
    advance: replays.advance,
    finish: replays.finish,
    stalled: replays.stalled,
    held: held.all,
    unlist: held.remove,
    searched: held.searched,
    tidy: healthIn(flow, { copy: 0, token: () => '' }).tidy,
    tellOperators: async (notice) => void bench.told.push(notice),
    async *last() {
      // Nothing ends there in these tests.
    },
  };
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
      deliver: deliverWorld(bench, 'lane'),
      deferred: deliverWorld(bench, 'deferred'),
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
