import { afterAll, describe, expect, jest, test } from '@jest/globals';
import { deliveryId } from '../../shared/domain/id.ts';
import { startDynalite } from '../support/dynamodb.ts';
import { Injected, Watch, type Effects, type Fault } from '../support/faults.ts';
import { startPipeline, type Pipeline, type Stage } from '../support/pipeline.ts';
import { posted, rejected, TENANT } from '../support/stage-world.ts';

/*
 * Each stage is run once without a fault, which tells its effects: the verbs it awaits. Then it is run again for each of
 * them, and breaks off right before it (the effect is not done) or right after it (it is done, and nobody learns of it).
 * Afterwards the world goes on as AWS would: messages come again, the publisher posts again, the clock moves, the sweep runs.
 */

jest.setTimeout(30_000); // a fault may cost a minute of ticks, and this machine may be busy

// Not in beforeAll: the names of the tests are made of the effects that the clean runs find.
const dynamo = await startDynalite();
afterAll(() => dynamo.close());

/** One delivery that is owed: how many requests it takes when nothing breaks, and how it ends. */
interface Due {
  event: string;
  subscription: string;
  requests: number;
  ends: 'accepted' | 'dead';
}

interface Scenario {
  stage: Stage;
  about: string;
  /** `dies` alone where a failed call ends the invocation as well, because nothing else runs beside it. */
  kinds: readonly Fault['kind'][];
  due: readonly Due[];
  act(pipeline: Pipeline): Promise<void>;
}

const once = (event: string, subscription = 'sub_1'): Due => ({ event, subscription, requests: 1, ends: 'accepted' });

const post = async (pipeline: Pipeline, ...events: string[]): Promise<void> => {
  for (const event_id of events) await pipeline.post(posted({ event_id }));
};

/** Longer than what travels, so that it is fetched where it is needed. */
const LONG = JSON.stringify({ id: 'g1', note: 'x'.repeat(70_000) });

const SCENARIOS: readonly Scenario[] = [
  {
    stage: 'ingest',
    about: 'takes an event, and its publisher comes back a minute later',
    kinds: ['dies'],
    due: [once('e1')],
    async act(pipeline) {
      await pipeline.subscribe({});
      await post(pipeline, 'e1');
    },
  },
  {
    stage: 'ingest',
    about: 'takes an event, and its publisher comes back at once',
    kinds: ['dies'],
    due: [once('e1')],
    async act(pipeline) {
      await pipeline.subscribe({});
      await post(pipeline, 'e1');
      await pipeline.postAgain();
    },
  },
  {
    stage: 'ingest',
    about: 'takes a batch of three',
    kinds: ['dies'],
    due: [once('e1'), once('e2'), once('e3')],
    async act(pipeline) {
      await pipeline.subscribe({});
      const events = ['e1', 'e2', 'e3'].map((event_id) => posted({ event_id }));
      await pipeline.post(`{"events":[${events.join()}]}`, 'batch');
    },
  },
  {
    stage: 'match',
    about: 'matches two events in one batch',
    kinds: ['dies', 'fails'],
    due: [once('e1'), once('e1', 'sub_2'), once('e2'), once('e2', 'sub_2')],
    async act(pipeline) {
      await pipeline.subscribe({}, { event_types: ['Guest.*'] });
      await post(pipeline, 'e1', 'e2');
    },
  },
  {
    stage: 'match',
    about: 'filters an event whose data stayed behind',
    kinds: ['dies', 'fails'],
    due: [once('e1')],
    async act(pipeline) {
      await pipeline.subscribe({ filter: { data: { id: ['g1'] } } });
      await pipeline.post(posted({ event_id: 'e1', data: LONG }));
    },
  },
  {
    stage: 'deliver',
    about: 'delivers to a subscriber that accepts',
    kinds: ['dies', 'fails'],
    due: [once('e1')],
    async act(pipeline) {
      await pipeline.subscribe({});
      await post(pipeline, 'e1');
    },
  },
  {
    stage: 'deliver',
    about: 'delivers data that stayed behind',
    kinds: ['dies', 'fails'],
    due: [once('e1')],
    async act(pipeline) {
      await pipeline.subscribe({});
      await pipeline.post(posted({ event_id: 'e1', data: LONG }));
    },
  },
  {
    stage: 'deliver',
    about: 'delivers to a subscriber that fails the first time',
    kinds: ['dies', 'fails'],
    due: [{ event: 'e1', subscription: 'sub_1', requests: 2, ends: 'accepted' }],
    async act(pipeline) {
      await pipeline.subscribe({});
      pipeline.answering.set('sub_1', (_, earlier) => (earlier === 0 ? rejected(500) : undefined));
      await post(pipeline, 'e1');
    },
  },
  {
    stage: 'deliver',
    about: 'gives up a delivery after two attempts',
    kinds: ['dies', 'fails'],
    due: [{ event: 'e1', subscription: 'sub_1', requests: 2, ends: 'dead' }],
    async act(pipeline) {
      await pipeline.subscribe({ retry: { delays_seconds: [30] } });
      pipeline.answering.set('sub_1', () => rejected(503));
      await post(pipeline, 'e1');
    },
  },
  {
    stage: 'deliver',
    about: 'delivers to one that accepts, one that fails the first time and one that is gone',
    kinds: ['dies'],
    due: [
      once('e1'),
      { event: 'e1', subscription: 'sub_2', requests: 2, ends: 'accepted' },
      { event: 'e1', subscription: 'sub_3', requests: 1, ends: 'dead' },
    ],
    async act(pipeline) {
      await pipeline.subscribe({}, {}, {});
      pipeline.answering.set('sub_2', (_, earlier) => (earlier === 0 ? rejected(500) : undefined));
      pipeline.answering.set('sub_3', () => rejected(410));
      await post(pipeline, 'e1');
    },
  },
  {
    stage: 'sweep',
    about: 'publishes what the bus lost',
    kinds: ['dies'],
    due: [once('e1')],
    async act(pipeline) {
      await pipeline.subscribe({});
      pipeline.bus.state.loses = 1;
      await post(pipeline, 'e1');
    },
  },
  {
    stage: 'sweep',
    about: 'closes a marker that was left behind',
    kinds: ['dies'],
    due: [once('e1')],
    async act(pipeline) {
      await pipeline.subscribe({});
      await post(pipeline, 'e1');
      await pipeline.pump();
      await pipeline.events.open((await pipeline.events.find(TENANT, 'e1'))!);
    },
  },
];

/* ---- What must hold in the end ---- */

const idOf = ({ event, subscription }: Due, accepted_at: string): string =>
  deliveryId({ tenant: TENANT, eventId: event, acceptedAt: accepted_at, subscriptionId: subscription });

/** Requests that subscribers got and whose attempts are not on record, by webhook-id. */
function watchRequests({ worlds: { deliver } }: Pipeline): ReadonlyMap<string, number> {
  const unrecorded = new Map<string, number>();
  const { post, record } = deliver;
  deliver.post = (sending) => {
    unrecorded.set(sending.id, (unrecorded.get(sending.id) ?? 0) + 1);
    return post(sending);
  };
  deliver.record = async (step, attempt) => {
    await record(step, attempt);
    unrecorded.delete(attempt.delivery_id);
  };
  return unrecorded;
}

async function expectDelivered(pipeline: Pipeline, due: Due, excused: ReadonlySet<string>): Promise<void> {
  const event = (await pipeline.events.find(TENANT, due.event))!;
  const id = idOf(due, event.accepted_at);
  const arrivals = pipeline.arrivals.filter((arrival) => arrival.id === id);
  expect(new Set(arrivals.map(({ text }) => text)).size).toBe(1);
  expect(arrivals.length).toBeGreaterThanOrEqual(due.requests);
  expect(arrivals.length).toBeLessThanOrEqual(due.requests + (excused.has(id) ? 1 : 0));

  const attempts = await pipeline.attempts.ofDelivery(event, due.subscription);
  expect(attempts.map(({ attempt }) => attempt)).toEqual(attempts.map((_, i) => i + 1));
  if (!excused.has(id)) expect(attempts).toHaveLength(due.requests);
  expect(attempts.at(-1)?.next).toBe(due.ends === 'dead' ? 'dead' : 'done');
  const letter = await pipeline.attempts.letterOf(event, due.subscription);
  expect(letter !== undefined).toBe(due.ends === 'dead');
}

async function expectPromiseKept(pipeline: Pipeline, { due }: Scenario, excused: ReadonlySet<string>): Promise<void> {
  for (const one of due) await expectDelivered(pipeline, one, excused);
  expect(new Set(pipeline.arrivals.map(({ id }) => id)).size).toBe(due.length);
  for (const event of new Set(due.map(({ event }) => event))) {
    const found = await pipeline.events.matched(TENANT, event);
    expect(found?.subscriptions.toSorted()).toEqual(
      due.filter((one) => one.event === event).map(({ subscription }) => subscription),
    );
  }
  expect(await pipeline.openEvents()).toEqual([]);
  expect(Object.values(pipeline.queues).flatMap(({ dead }) => dead)).toEqual([]);
  expect(pipeline.failures.filter((error) => !(error instanceof Injected))).toEqual([]);
}

/* ---- Clean runs, and a broken one for each effect ---- */

/** A run without a fault: the effects that it found, and how it ended. */
async function cleanRun(scenario: Scenario): Promise<{ known: Effects; end: () => Promise<void> }> {
  const watch = new Watch();
  const pipeline = await startPipeline(dynamo, { [scenario.stage]: watch });
  await scenario.act(pipeline);
  const [settled] = await Promise.allSettled([pipeline.settle()]);
  const end = async (): Promise<void> => {
    expect(settled).toEqual({ status: 'fulfilled', value: undefined });
    await expectPromiseKept(pipeline, scenario, new Set());
  };
  return { known: watch.effects, end };
}

async function breakAt(scenario: Scenario, known: Effects, fault: Fault): Promise<void> {
  const excused = new Set<string>();
  let unrecorded: ReadonlyMap<string, number> = new Map();
  const onFault = (): void => unrecorded.forEach((_, id) => excused.add(id));
  const watch = new Watch({ fault, known, onFault });
  const pipeline = await startPipeline(dynamo, { [scenario.stage]: watch });
  unrecorded = watchRequests(pipeline);
  await scenario.act(pipeline);
  await pipeline.settle();
  expect(watch.struck).toBeDefined();
  await expectPromiseKept(pipeline, scenario, excused);
}

const ordinal = (names: readonly string[], at: number): string => {
  const earlier = names.slice(0, at).filter((name) => name === names[at]).length;
  return earlier === 0 ? `${names[at]}` : `${names[at]} number ${earlier + 1}`;
};

/** Whether some subscriber has a request whose attempt is not recorded. */
const isUnrecorded = (names: readonly string[], { at, side }: Fault): boolean => {
  const done = names.slice(0, side === 'after' ? at + 1 : at);
  const count = (name: string): number => done.filter((one) => one === name).length;
  return count('post') > count('record');
};

/** What only looks, and many times: that it breaks once is enough. */
const LOOKS = ['troubleOf', 'slotFor', 'isSuspect', 'isDue', 'stalled', 'held', 'last', 'tidy'];

for (const scenario of SCENARIOS) {
  const { known, end } = await cleanRun(scenario);
  const names = known.begun;
  const places = names
    .map((_, at) => at)
    .filter((at) => !LOOKS.includes(names[at]!) || names.indexOf(names[at]!) === at);
  const faults = places.flatMap((at) =>
    scenario.kinds.flatMap((kind) => (['before', 'after'] as const).map((side): Fault => ({ at, kind, side }))),
  );
  const promise = (fault: Fault): string =>
    isUnrecorded(names, fault) ? 'one more arrival at most, with the same webhook-id' : 'one arrival each';

  describe(`${scenario.stage} ${scenario.about}`, () => {
    test('nothing breaks: one arrival each', end);

    test.each(
      faults.map((fault) => ({
        sentence: `${scenario.stage} ${fault.kind} ${fault.side} ${ordinal(names, fault.at)}: ${promise(fault)}`,
        fault,
      })),
    )('$sentence', async ({ fault }) => {
      await breakAt(scenario, known, fault);
    });
  });
}
