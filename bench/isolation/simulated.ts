import catalogue from '#catalogue';
import { deliver } from '../../lambdas/deliver/deliver.ts';
import { openTrouble } from '../../lambdas/deliver/trouble.ts';
import type { World as DeliverWorld } from '../../lambdas/deliver/world.ts';
import { ingestOne } from '../../lambdas/ingest/ingest.ts';
import { match, type World as MatchWorld } from '../../lambdas/match/match.ts';
import { sweep } from '../../lambdas/sweep/sweep.ts';
import { openTables, type Tables } from '../../local/aws/tables.ts';
import { DeliveryMessage } from '../../shared/domain/delivery.ts';
import { Job } from '../../shared/domain/job.ts';
import type { Outcome } from '../../shared/domain/outcome.ts';
import type { WorkOn } from '../../shared/runtime/batch.ts';
import { attemptsIn } from '../../shared/store/attempts.ts';
import { openDatabase } from '../../shared/store/database.ts';
import { healthIn } from '../../shared/store/health.ts';
import { TROUBLE_COPIES } from '../../shared/store/keys.ts';
import { pacer, ratesIn } from '../../shared/store/rates.ts';
import { troubledLately } from '../../shared/store/troubled.ts';
import { LambdaFunction, mapQueues } from '../../test/support/fleet.ts';
import { AT, make } from '../../test/support/make.ts';
import { FromBus } from '../../test/support/pipeline.ts';
import { seeded } from '../../test/support/seeded.ts';
import * as stages from '../../test/support/stage-world.ts';
import { VirtualTime } from '../../test/support/virtual-time.ts';
import { HEALTHY_TYPES, PER_SECOND_A_TYPE, TENANT, type Behaviour, type Case } from './cases.ts';
import { ratioAt, type Ratio } from './figures.ts';
import { HEALTHY } from './subscriptions.ts';

/**
 * The same cases with the clock as a value: the code of the stages as it is, on the tables of the local runner, in as many environments as
 * AWS would have. Nothing shares a processor here, so what is left is what the design makes wait for what: places in a queue, batches at
 * work, environments.
 */

/** How long things take that take time on AWS, in milliseconds. */
const TAKES = { tableCall: 5, healthyAnswer: 40, refusal: 2, coldStart: 400 };
const TIMEOUT_MS = 15_000;
const SUBSCRIBING_MS = 10_000;
const FLAP_MS = 2_000;
/** After the last event: for what is on its way. */
const DRAIN_MS = 20_000;
/** As the construct has them by default. */
const CONCURRENCY = { events: 10, deliveries: 25, retries: 10, deferred: 50, sweeps: 10 };

export interface Setting {
  /** For how long events are posted. */
  seconds: number;
  /** How many environments of each function stand ready. */
  warm: number;
}

export interface Simulated {
  p50: Ratio;
  p99: Ratio;
  /** The slowest of all. */
  worst: Ratio;
  arrived: number;
  due: number;
  twice: number;
  got: ReadonlyMap<string, number>;
}

/** A case with its trouble, divided by the same without. Events begin as the troublesome are new, so what it takes to know them counts. */
export async function simulate(one: Case, setting: Setting): Promise<Simulated> {
  const tables = await openTables(undefined);
  try {
    const without = await run({ ...one, troublemakers: [] }, setting, tables);
    const trouble = await run(one, setting, tables);
    return {
      p50: ratioAt(0.5, trouble.latencies, without.latencies),
      p99: ratioAt(0.99, trouble.latencies, without.latencies),
      worst: ratioAt(1, trouble.latencies, without.latencies),
      arrived: [...trouble.latencies, ...without.latencies].filter(Number.isFinite).length,
      due: trouble.latencies.length + without.latencies.length,
      twice: trouble.twice + without.twice,
      got: trouble.got,
    };
  } finally {
    await tables.close();
  }
}

let opened = 0;

async function run(one: Case, { seconds, warm }: Setting, tables: Tables): Promise<Book> {
  const time = new VirtualTime(AT);
  const db = onTime(time, tables.url);
  const stores = await stages.openStores(
    {
      async open() {
        const name = `simulated-${++opened}`;
        await tables.ensure({ name });
        return { db, name, clock: time, now: time.now, scan: async () => [], put: async () => undefined };
      },
    },
    time,
  );
  const bench = stages.openBench(stores);
  const book = new Book(time);
  const subscribed = subscribe(one, bench);
  await time.pass(SUBSCRIBING_MS);
  await subscribed;
  startFunctions({ time, bench, warm, post: endpointsOf(one, time, book) });
  const ingest = stages.ingestWorld(bench);
  for (const event of timetable(one, seconds)) {
    time.after(event.atMs, () => {
      book.post(event);
      void ingestOne(textOf(event), { tenant: event.tenant }, ingest).catch(bench.report);
    });
  }
  await time.pass(seconds * 1_000 + DRAIN_MS);
  db.destroy();
  const [failure] = [...bench.failures, ...bench.reports];
  if (failure !== undefined) throw new Error('something of ours failed', { cause: failure });
  return book;
}

/** A client whose calls take the time of a call, whatever they take on this machine. */
function onTime(time: VirtualTime, endpoint: string) {
  Object.assign(process.env, {
    AWS_ENDPOINT_URL_DYNAMODB: endpoint,
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'local',
    AWS_SECRET_ACCESS_KEY: 'local',
  });
  const db = openDatabase();
  const send = db.send.bind(db) as (command: unknown) => Promise<unknown>;
  return Object.assign(db, {
    async send(command: unknown) {
      await time.sleep(TAKES.tableCall);
      return time.working(() => send(command));
    },
  });
}

/* ---- Who gets what ---- */

interface Event {
  tenant: string;
  type: string;
  id: string;
  atMs: number;
}

/** Every type at its own rate, evenly, and not all in the same moment. */
function timetable({ beside }: Case, seconds: number): Event[] {
  const healthy = HEALTHY_TYPES.map((type) => ({ tenant: TENANT, type, perSecond: PER_SECOND_A_TYPE }));
  const streams = [...healthy, { tenant: beside.tenant, type: beside.event_type, perSecond: beside.perSecond }];
  return streams.flatMap(({ perSecond, ...stream }, n) =>
    Array.from({ length: perSecond * seconds }, (_, i) => ({
      ...stream,
      id: `${n}-${i}`,
      atMs: 1_000 + ((i + n / streams.length) / perSecond) * 1_000,
    })),
  );
}

const samples = new Map(
  Object.entries(catalogue.eventTypes).map(([type, { sample }]) => [type, JSON.stringify(sample)]),
);

const textOf = ({ type, id }: Event): string =>
  `{"event_type":"${type}","event_id":"${id}","data":${samples.get(type)}}`;

const healthyIds = Array.from({ length: HEALTHY }, (_, n) => `healthy-${n}`);

async function subscribe({ troublemakers }: Case, { subscriptions }: stages.Bench): Promise<void> {
  const wishes = [
    ...healthyIds.map((id) => ({ tenant: TENANT, id, event_types: [...HEALTHY_TYPES] })),
    ...troublemakers.map(({ tenant, name, event_types }) => ({ tenant, id: name, event_types: [...event_types] })),
  ];
  for (const wish of wishes) {
    await subscriptions.create(make.subscription({ ...wish, interest: `itr-${wish.id}` }));
  }
}

/** What was posted when, and what arrived of it at healthy subscribers. */
class Book {
  twice = 0;
  /** Requests that each of the troublesome got. */
  readonly got = new Map<string, number>();
  readonly #time: VirtualTime;
  readonly #posted = new Map<string, { at: number; arrivals: Map<string, number> }>();

  constructor(time: VirtualTime) {
    this.#time = time;
  }

  post({ id, type }: Event): void {
    if (HEALTHY_TYPES.includes(type)) this.#posted.set(id, { at: this.#time.now().getTime(), arrivals: new Map() });
  }

  arrive(subscription: string, id: string): void {
    if (!healthyIds.includes(subscription)) {
      this.got.set(subscription, (this.got.get(subscription) ?? 0) + 1);
      return;
    }
    const { at, arrivals } = this.#posted.get(id) ?? { at: NaN, arrivals: new Map<string, number>() };
    if (arrivals.has(subscription)) this.twice += 1;
    else arrivals.set(subscription, this.#time.now().getTime() - at);
  }

  /** From the moment of the post to that of the arrival, in milliseconds; Infinity for what never arrived. */
  get latencies(): number[] {
    return [...this.#posted.values()].flatMap(({ arrivals }) => healthyIds.map((id) => arrivals.get(id) ?? Infinity));
  }
}

/* ---- The subscribers ---- */

function endpointsOf({ troublemakers }: Case, time: VirtualTime, book: Book): DeliverWorld['post'] {
  const behaviours = new Map(troublemakers.map(({ name, behaviour }) => [name, behaviour]));
  return async ({ subscription, payload }) => {
    const { event_id } = JSON.parse(payload.text) as { event_id: string };
    book.arrive(subscription.id, event_id);
    const from = time.now().getTime();
    const outcome = answers[behaviours.get(subscription.id) ?? 'works'](from);
    await time.sleep(outcome.duration_ms);
    return outcome;
  };
}

const accepts: Outcome = { kind: 'accepted', status: 200, duration_ms: TAKES.healthyAnswer };

const answers: Readonly<Record<Behaviour, (now: number) => Outcome>> = {
  works: () => accepts,
  hangs: () => ({ kind: 'unreachable', reason: 'timeout_headers', duration_ms: TIMEOUT_MS }),
  flaps: (now) =>
    Math.floor(now / FLAP_MS) % 2 === 0 ? accepts : { kind: 'rejected', status: 500, duration_ms: TAKES.healthyAnswer },
  'refuses connections': () => ({
    kind: 'unreachable',
    reason: 'connection_refused',
    duration_ms: TAKES.refusal,
  }),
};

/* ---- The functions ---- */

interface Deployment {
  time: VirtualTime;
  bench: stages.Bench;
  warm: number;
  post: DeliverWorld['post'];
}

/** One lane, where whatever waits for something waits for all; each environment with what it knows by itself. */
function startFunctions({ time, bench, warm, post }: Deployment): void {
  const { queues } = bench;
  const chance = seeded(1);
  const ready = { warm, coldMs: TAKES.coldStart };
  const delivering = (place: 'lane' | 'deferred') =>
    new LambdaFunction(time, {
      ...ready,
      schema: DeliveryMessage,
      open(): WorkOn<DeliveryMessage> {
        const world = deliverWorldOf({ bench, time, place, post, chance: () => chance.below(1_000) / 1_000 });
        return (records) => deliver(records, world, new AbortController().signal);
      },
    });
  const matching = new LambdaFunction(time, {
    ...ready,
    schema: FromBus,
    open() {
      const world = matchWorldOf({ bench, time, chance: () => chance.below(TROUBLE_COPIES) });
      return (records) => match(records, world);
    },
  });
  const sweeping = new LambdaFunction(time, {
    ...ready,
    schema: Job,
    open() {
      const world = stages.sweepWorld(bench);
      return (records) => sweep(records, world, () => 60_000);
    },
  });
  const [ofLane, ofDeferred] = [delivering('lane'), delivering('deferred')];
  mapQueues(time, [
    { queue: queues.events, lambda: matching, batchSize: 10, maxConcurrency: CONCURRENCY.events },
    { queue: queues.deliveries, lambda: ofLane, batchSize: 10, maxConcurrency: CONCURRENCY.deliveries },
    { queue: queues.retries, lambda: ofLane, batchSize: 10, maxConcurrency: CONCURRENCY.retries },
    { queue: queues.deferred, lambda: ofDeferred, batchSize: 10, maxConcurrency: CONCURRENCY.deferred },
    { queue: queues.sweeps, lambda: sweeping, batchSize: 1, maxConcurrency: CONCURRENCY.sweeps },
  ]);
  const tick = (): void => {
    queues.sweeps.send(JSON.stringify({ v: 1, kind: 'tick' }));
    time.after(60_000, tick);
  };
  time.after(30_000, tick);
}

interface Environment {
  bench: stages.Bench;
  time: VirtualTime;
  chance: () => number;
}

function deliverWorldOf({
  bench,
  time,
  chance,
  place,
  post,
}: Environment & { place: 'lane' | 'deferred'; post: DeliverWorld['post'] }): DeliverWorld {
  const { flow, noteFailure } = bench;
  const { claim, record, expectRecords, keepCounts, bury, acknowledge } = attemptsIn(flow, stages.RETENTION_DAYS);
  const copy = Math.floor(chance() * TROUBLE_COPIES);
  return {
    ...stages.deliverWorld(bench, place),
    ...{ claim, record, expectRecords, keepCounts, bury, acknowledge },
    ...openTrouble({
      health: healthIn(flow, { copy, token: () => `token-${chance()}-${chance()}` }),
      now: time.now,
      after: (ms, then) => time.after(ms, then),
      togetherMs: 100,
      noteFailure,
    }),
    ...pacer(ratesIn(flow), { ceilingPerSecond: stages.CEILING, now: time.now }),
    jitter: chance,
    pause: time.sleep,
    post,
  };
}

function matchWorldOf({ bench, time, chance }: Environment): MatchWorld {
  const { flow, report } = bench;
  const health = healthIn(flow, { copy: chance(), token: () => '' });
  const { troubleOf } = troubledLately({ read: health.troubled, now: () => time.now().getTime(), report });
  return {
    ...stages.matchWorld(bench),
    isSuspect: async (tenant, subscriptionId) => (await troubleOf(tenant, subscriptionId))?.suspect === true,
  };
}
