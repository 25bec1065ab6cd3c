import { setTimeout as pause } from 'node:timers/promises';
import { clientOf, type Call } from '../../local/client.ts';
import type { RunningSystem } from '../../test/support/running-system.ts';
import { Book, type Time } from './book.ts';
import { HEALTHY_TYPES, PER_SECOND_A_TYPE, TENANT, type Case, type Troublemaker } from './cases.ts';
import { clock } from './clock.ts';
import { cpuOf } from './cpu.ts';
import type { Endpoints } from './endpoints.ts';
import { ratioAt, type Ratio } from './figures.ts';
import { startLoad, type Stream } from './load.ts';
import { subscribeHealthy, subscribeTroublemakers } from './subscriptions.ts';

export interface Setting {
  system: RunningSystem;
  endpoints: Endpoints;
  /** How long a stretch with trouble lasts; one without, half as long. */
  seconds: number;
}

export interface Measured {
  p50: Ratio;
  p99: Ratio;
  /** Divided by what it was while the same subscribers got the same events and answered. */
  p50Load: Ratio;
  p99Load: Ratio;
  /** The noise: the same without trouble on either side. */
  p50Noise: Ratio;
  p99Noise: Ratio;
  cpu: number;
  /** Events accepted, of those that were to be posted. */
  accepted: number;
  posted: number;
  /** Deliveries to healthy subscribers. */
  arrived: number;
  due: number;
  twice: number;
  /** Requests that each of the troublesome got, and deliveries that were due to it. */
  trouble: { name: string; got: number; due: number }[];
}

const ROUNDS = 2;
/** So that code is compiled and connections stand. */
const WARM_UP_MS = 4_000;
const LONGEST_REST_MS = 20_000;
/** What is posted beside comes in batches: a request costs far more than the events in it, and two cores are soon used up. */
const BATCHES_A_SECOND = 5;

/** How long a case takes at least. */
export const durationMs = (seconds: number): number => WARM_UP_MS + (ROUNDS * 3 + 0.5) * seconds * 1_000 + 30_000;

interface Stretch extends Time {
  /** Seconds that the runner used in it. */
  cpu: number;
}

/** A case from the first subscription to the last one's end. */
export async function measure(one: Case, { system, endpoints, seconds }: Setting): Promise<Measured> {
  const call = clientOf(system.url, system.adminKey);
  const healthy = await subscribeHealthy({ call, endpoints });
  const load = startLoad(system, await streamsOf(one, call));
  try {
    const book = new Book(load.events, endpoints);
    const alternated = await alternate(one, { call, system, endpoints, seconds, book });
    return figuresOf(one, { ...alternated, book });
  } finally {
    await load.stop();
    await healthy.end();
  }
}

/** The data are the catalogue's samples, so that bodies have the size of real ones. */
async function streamsOf({ beside }: Case, call: Call): Promise<Stream[]> {
  const healthy = HEALTHY_TYPES.map((event_type) => ({
    tenant: TENANT,
    event_type,
    perSecond: PER_SECOND_A_TYPE,
    together: 1,
  }));
  const together = Math.max(Math.round(beside.perSecond / BATCHES_A_SECOND), 1);
  return Promise.all(
    [...healthy, { ...beside, together }].map(async (stream) => {
      const { sample } = await call('GET', `/v1/event-types/${stream.event_type}`);
      return { ...stream, data: sample };
    }),
  );
}

interface Alternated {
  without: Stretch[];
  withLoad: Stretch[];
  withTrouble: Stretch[];
  unseen: ReadonlyMap<Troublemaker, number>;
}

type Alternating = Setting & { call: Call; book: Book };

async function alternate(one: Case, { call, system, endpoints, seconds, book }: Alternating): Promise<Alternated> {
  const during = async (ms: number): Promise<Stretch> => {
    const [from, cpu] = [clock(), cpuOf(system.pid)];
    await pause(ms);
    return { from, to: clock(), cpu: cpuOf(system.pid) - cpu };
  };

  const unseen = new Map<Troublemaker, number>();
  const duringTrouble = async (ms: number): Promise<Stretch> => {
    const trouble = await subscribeTroublemakers(one.troublemakers, { call, endpoints });
    const stretch = await during(ms);
    for (const [maker, count] of await trouble.unseen()) unseen.set(maker, (unseen.get(maker) ?? 0) + count);
    await trouble.end();
    await book.becomesCalm(LONGEST_REST_MS);
    return stretch;
  };
  const wellBehaved = one.troublemakers.map((maker) => ({
    ...maker,
    name: `${maker.name}-well`,
    behaviour: 'works' as const,
  }));
  const duringLoad = async (ms: number): Promise<Stretch> => {
    const load = await subscribeTroublemakers(wellBehaved, { call, endpoints });
    const stretch = await during(ms);
    await load.end();
    await book.becomesCalm(LONGEST_REST_MS);
    return stretch;
  };

  await pause(WARM_UP_MS);
  const without = [await during(seconds * 500)];
  const [withLoad, withTrouble]: [Stretch[], Stretch[]] = [[], []];
  for (let round = 0; round < ROUNDS; round++) {
    withTrouble.push(await duringTrouble(seconds * 1_000));
    without.push(await during(seconds * 500));
    withLoad.push(await duringLoad(seconds * 1_000));
    without.push(await during(seconds * 500));
  }
  await book.becomesCalm(LONGEST_REST_MS);
  return { without, withLoad, withTrouble, unseen };
}

function figuresOf(one: Case, alternated: Alternated & { book: Book }): Measured {
  const { without, withLoad, withTrouble, unseen, book } = alternated;
  const calms = without.map((stretch) => book.latencies(stretch));
  const [calm, troubled] = [calms.flat(), withTrouble.flatMap((stretch) => book.latencies(stretch))];
  const loaded = withLoad.flatMap((stretch) => book.latencies(stretch));
  const inner = calms.slice(1, -1).flat();
  const outer = [...(calms[0] ?? []), ...(calms.at(-1) ?? [])];
  const posted = [...without, ...withLoad, ...withTrouble].flatMap((stretch) => book.postedIn(stretch));
  return {
    p50: ratioAt(0.5, troubled, calm),
    p99: ratioAt(0.99, troubled, calm),
    p50Load: ratioAt(0.5, troubled, loaded),
    p99Load: ratioAt(0.99, troubled, loaded),
    p50Noise: ratioAt(0.5, inner, outer),
    p99Noise: ratioAt(0.99, inner, outer),
    cpu: cpuIn(withTrouble) / cpuIn(without),
    accepted: posted.filter(({ status }) => status === 202).length,
    posted: posted.length,
    arrived: [...calm, ...loaded, ...troubled].filter(Number.isFinite).length,
    due: calm.length + loaded.length + troubled.length,
    twice: book.duplicates,
    trouble: one.troublemakers.map((maker) => ({
      name: maker.name,
      got: book.requestsTo(maker) + (unseen.get(maker) ?? 0),
      due: [...withTrouble].flatMap((stretch) => book.postedIn(stretch)).filter(({ stream }) => wants(maker, stream))
        .length,
    })),
  };
}

const wants = ({ tenant, event_types }: Troublemaker, stream: Stream): boolean =>
  stream.tenant === tenant && event_types.includes(stream.event_type);

/** CPU seconds a second. */
const cpuIn = (stretches: readonly Stretch[]): number =>
  stretches.reduce((sum, { cpu }) => sum + cpu, 0) /
  stretches.reduce((sum, { from, to }) => sum + (to - from) / 1_000, 0);
