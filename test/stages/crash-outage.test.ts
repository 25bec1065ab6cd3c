import { afterAll, describe, expect, jest, test } from '@jest/globals';
import { startDynalite } from '../support/dynamodb.ts';
import { Injected, Watch, type Fault } from '../support/faults.ts';
import { AT } from '../support/make.ts';
import { startPipeline, type Pipeline, type Stage } from '../support/pipeline.ts';
import { ACCEPTED, posted, rejected, TENANT } from '../support/stage-world.ts';

/*
 * A short outage: a circuit opens, is probed, closes, and what was held is caught up. It is lived through once without a fault, which
 * tells the effects of each stage; then the process dies once before and once after each of them, and each of them fails once.
 * Whatever breaks, every event must arrive in the end.
 */

jest.setTimeout(120_000);

const dynamo = await startDynalite();
afterAll(() => dynamo.close());

const OUTAGE_SECONDS = 25;
const MOST_MINUTES = 90;
const EVENTS = [
  'before',
  ...Array.from({ length: 9 }, (_, i) => `failing-${i}`),
  'last-straw',
  'held-1',
  'held-2',
  'after',
];

const secondsIn = ({ clock }: Pipeline): number => (clock.now().getTime() - Date.parse(AT)) / 1000;

async function post(pipeline: Pipeline, ...events: string[]): Promise<void> {
  for (const event_id of events) await pipeline.post(posted({ event_id }));
  await pipeline.pump();
}

/** Lets messages come when they are due, until that moment. */
async function goOn(pipeline: Pipeline, until: number): Promise<void> {
  while (secondsIn(pipeline) < until) {
    const nextAt = Math.min(...Object.values(pipeline.queues).map((queue) => queue.nextAt));
    const next = (nextAt - Date.parse(AT)) / 1000;
    pipeline.clock.advance(Math.max(Math.ceil(Math.min(next, until) - secondsIn(pipeline)), 1));
    await pipeline.postAgain();
    await pipeline.pump();
  }
}

const eventsAt = (pipeline: Pipeline): Set<string> =>
  new Set(
    pipeline.arrivals.filter(({ at }) => at >= Date.parse(AT) + OUTAGE_SECONDS * 1000).map(({ text }) => eventIn(text)),
  );
const eventIn = (text: string): string => (JSON.parse(text) as { event_id: string }).event_id;

/** What arrived while the subscriber worked. */
function taken(pipeline: Pipeline): Set<string> {
  const { arrivals } = pipeline;
  return new Set([...eventsAt(pipeline), ...arrivals.slice(0, 1).map(({ text }) => eventIn(text))]);
}

async function liveThrough(pipeline: Pipeline): Promise<void> {
  await pipeline.subscribe({});
  let first = true;
  pipeline.answering.set('sub_1', () => {
    const works = first || secondsIn(pipeline) >= OUTAGE_SECONDS;
    first = false;
    return works ? ACCEPTED : rejected(500);
  });
  await post(pipeline, 'before');
  await post(pipeline, ...EVENTS.slice(1, 10));
  await goOn(pipeline, 6);
  await post(pipeline, 'last-straw');
  await goOn(pipeline, 12);
  await post(pipeline, 'held-1', 'held-2');
  await goOn(pipeline, 40);
  await post(pipeline, 'after');
  for (let minute = 1; minute <= MOST_MINUTES && taken(pipeline).size < EVENTS.length; minute++) {
    await goOn(pipeline, minute * 60);
    await pipeline.tick();
    await pipeline.pump();
  }
  // What a dead process held comes again, and finds that it is done.
  await goOn(pipeline, secondsIn(pipeline) + 400);
}

async function expectPromiseKept(pipeline: Pipeline): Promise<void> {
  expect([...taken(pipeline)].toSorted()).toEqual(EVENTS.toSorted());
  for (const event_id of EVENTS) {
    const event = (await pipeline.events.find(TENANT, event_id))!;
    const arrivals = pipeline.arrivals.filter(({ text }) => eventIn(text) === event_id);
    expect(new Set(arrivals.map(({ id, text }) => `${id} ${text}`)).size).toBe(1);
    const attempts = await pipeline.attempts.ofDelivery(event, 'sub_1');
    expect([event_id, attempts.at(-1)?.next]).toEqual([event_id, 'done']);
  }
  expect(Object.values(pipeline.queues).flatMap(({ dead }) => dead)).toEqual([]);
  expect(pipeline.failures.filter((error) => !isInjected(error))).toEqual([]);
}

const isInjected = (error: unknown): boolean =>
  error instanceof Injected || (error instanceof Error && error.cause instanceof Injected);

/** What only looks or waits: a crash there is a crash before what follows it. */
const LOOKS = [
  'pause', 'subscription', 'troubleOf', 'slotFor', 'find', 'isMatched', 'isDue', 'stalled', 'held', 'last', 'due', 'waiting', 'overdue', 'timeline',
  'attemptsBetween', 'lettersBetween', 'findReplay', 'caughtUpTo', 'interested', 'tidy',
]; // prettier-ignore

const STAGES_AT_WORK: readonly Stage[] = ['deliver', 'deferred', 'sweep'];

const watches = Object.fromEntries(STAGES_AT_WORK.map((stage) => [stage, new Watch()]));
const clean = await startPipeline(dynamo, watches);
await liveThrough(clean);

test('nothing breaks: everything arrives, and the circuit was open and closed', async () => {
  await expectPromiseKept(clean);
  const circuits = clean.lines.map(({ what }) => what).filter((what) => what.startsWith('circuit'));
  expect(circuits).toEqual(['circuit.opened', 'circuit.closed']);
  expect((await clean.subscriptions.find(TENANT, 'sub_1'))?.circuit).toBeUndefined();
});

for (const stage of STAGES_AT_WORK) {
  const known = watches[stage]!.effects;
  const places = known.begun.map((_, at) => at).filter((at) => known.begun.indexOf(known.begun[at]!) === at);
  const faults = places
    .filter((at) => !LOOKS.includes(known.begun[at]!))
    .flatMap((at): Fault[] => [
      { at, side: 'before', kind: 'dies' },
      { at, side: 'after', kind: 'dies' },
      // Throttled for so long that the client gave up, while the process lives on.
      { at, side: 'before', kind: 'fails' },
    ]);

  describe(`${stage} in an outage`, () => {
    test.each(faults.map((fault) => ({ sentence: `${fault.kind} ${fault.side} ${known.begun[fault.at]}`, fault })))(
      '$sentence: everything arrives',
      async ({ fault }) => {
        const watch = new Watch({ fault, known, onFault: () => undefined });
        const pipeline = await startPipeline(dynamo, { [stage]: watch });
        await liveThrough(pipeline);
        expect(watch.struck).toBeDefined();
        await expectPromiseKept(pipeline);
      },
    );
  });
}
