import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import { callerOf, type Caller, type Target } from '../support/api.ts';
import { eventIdIn, startFickleSubscriber, type Failure } from '../support/fickle-subscriber.ts';
import { startPublisher, type Post, type Publisher } from '../support/publisher.ts';
import { startAndKill9, startSystem } from '../support/running-system.ts';
import { seeded, type Seeded } from '../support/seeded.ts';
import { until } from '../support/until.ts';

/*
 * Promise 1 as a whole, where test/stages/crash.test.ts looks at each step: the runner is killed with SIGKILL at moments that
 * nobody has chosen, while events come in, while deliveries fail and wait and hang, and while it starts.
 *
 * CRASH_ROUNDS=100 npm test -- test/local/crash-at-random.test.ts    for longer; more than 8 rounds have a subscriber as well
 *                                                                     that is down until the end, so that circuits open
 * CRASH_SEED=1234                                                     the same chance again
 */

const ROUNDS = Number(process.env['CRASH_ROUNDS'] ?? 8);
const SEED = Number(process.env['CRASH_SEED'] ?? Date.now() % 1_000_000);
const TENANT = 'crash';

const PER_SECOND = 5;
const BURST = 20;
/** It is killed at some moment until then. */
const LIFE_MS = 2_000;
const START_MS = 3_000;
const SOON_MS = 100;
/** The sweep publishes a marker when it is two minutes old, and a message that was received in vain comes again after six. */
const SETTLES_WITHIN_MS = 600_000;
const POLL_MS = 500;
const SHOWN = 20;

interface Wish {
  name: string;
  event_types: string[];
  fails?: Failure;
  /** So many of a hundred requests. */
  percent?: number;
  timeout_seconds?: number;
  retry?: { delays_seconds: number[] };
}

const TYPES: readonly [string, ...string[]] = ['Guest.Created', 'Guest.Updated', 'Invoice.Closed'];
/** So short that some deliveries are given up. */
const retry = { delays_seconds: [1, 1, 2, 2] };

const WISHES: readonly Wish[] = [
  { name: 'works', event_types: ['*'] },
  { name: 'works as well', event_types: ['*'] },
  { name: 'refuses', event_types: ['Guest.Created'], fails: 'refuses', percent: 50, retry },
  { name: 'hangs', event_types: ['Guest.Updated'], fails: 'hangs', percent: 50, retry, timeout_seconds: 1 },
  { name: 'resets', event_types: ['Invoice.Closed'], fails: 'resets', percent: 50, retry },
];
const DOWN: Wish = { name: 'is down', event_types: ['Guest.Created'], fails: 'refuses', percent: 100 };

async function subscribe({ name, event_types, fails, percent = 0, ...more }: Wish, { api, chance }: Making) {
  const own = seeded(chance.below(2 ** 31));
  const subscriber = await startFickleSubscriber(fails && { fails, percent, chance: own });
  const { id } = await api.subscribe(TENANT, { name, event_types, ...more, url: subscriber.url });
  const wants = (type: string): boolean => event_types.some((one) => one === '*' || one === type);
  return Object.assign(subscriber, { name, id, wants });
}
type Subscriber = Awaited<ReturnType<typeof subscribe>>;

interface Making {
  api: Caller;
  chance: Seeded;
}

/** With numbers that a parser would change, and one in ten so large that its data travel apart from it. */
function postsOf(chance: Seeded): () => Post {
  let made = 0;
  return () => {
    const n = made++;
    const note = 'x'.repeat(n % 10 === 9 ? 70_000 : 20);
    const data = `{"id":"g${n}","invoice":{"id":"i${n}"},"price":199.00,"big":820982911946154508,"note":"${note}"}`;
    return { eventId: `e${n}`, eventType: chance.pick(TYPES), data };
  };
}

interface Scene {
  dataDir: string;
  chance: Seeded;
  publisher: Publisher;
  next: () => Post;
  /** Tells the publisher where to post from now on. */
  reach(target: Target): void;
}

/** What happens until it is killed. */
type Act = (scene: Scene) => Promise<void>;

const atRandom: Act = ({ chance }) => pause(chance.below(LIFE_MS));

const afterBurst: Act = async ({ chance, publisher, next }) => {
  await Promise.all(Array.from({ length: BURST }, () => publisher.publish(next())));
  await pause(chance.below(SOON_MS));
};

/** Most of it has no answer by then. */
const duringBurst: Act = async ({ chance, publisher, next }) => {
  for (let n = 0; n < BURST; n++) publisher.begin(next());
  await pause(chance.below(SOON_MS));
};

/** One life of the runner, and sometimes another one before it that did not come to anything. */
async function live(act: Act, scene: Scene): Promise<void> {
  const { dataDir, chance, reach } = scene;
  if (chance.below(4) === 0) await startAndKill9(dataDir, chance.below(START_MS));
  const system = await startSystem({ dataDir });
  reach(system);
  await act(scene);
  await system.kill9();
}

/** A delivery that was promised. */
interface Owed {
  event: Post;
  subscriber: Subscriber;
}

function owedIn({ accepted }: Publisher, subscribers: readonly Subscriber[]): Owed[] {
  return [...accepted.values()].flatMap((event) =>
    subscribers.filter(({ wants }) => wants(event.eventType)).map((subscriber) => ({ event, subscriber })),
  );
}

const isDelivered = ({ event, subscriber }: Owed): boolean => subscriber.took(event.eventId);

/** What the API says of it; what it cannot tell now it will later. */
async function standingOf({ event, subscriber }: Owed, api: Caller): Promise<{ state: string; reason?: string }> {
  const { status, body } = await api.get(`/v1/tenants/${TENANT}/events/${event.eventId}/deliveries`);
  if (status !== 200) return { state: `unknown, for the API answers ${status}` };
  return (
    body.items.find((item: { subscription_id: string }) => item.subscription_id === subscriber.id) ?? { state: 'none' }
  );
}

/** Resolves when each is delivered, or dead with a reason; to the reasons. */
async function settled(owed: readonly Owed[], api: Caller): Promise<{ one: Owed; reason: string }[]> {
  const deaths: { one: Owed; reason: string }[] = [];
  const giveUpAt = Date.now() + SETTLES_WITHIN_MS;
  for (const one of owed) {
    const isOver = async (): Promise<boolean> => {
      if (isDelivered(one)) return true;
      const { state, reason } = await standingOf(one, api);
      if (state === 'dead' && reason !== undefined) deaths.push({ one, reason });
      else await pause(POLL_MS);
      return state === 'dead' && reason !== undefined;
    };
    await until(isOver, giveUpAt - Date.now()).catch(() => reportMissing(owed, api));
  }
  return deaths;
}

async function reportMissing(owed: readonly Owed[], api: Caller): Promise<never> {
  const open = owed.filter((one) => !isDelivered(one));
  const lines: string[] = [];
  for (const one of open.slice(0, SHOWN)) {
    const { state, reason = '' } = await standingOf(one, api);
    lines.push(
      `${one.event.eventId} (${one.event.eventType}) at the one that ${one.subscriber.name}: ${state} ${reason}`,
    );
  }
  throw new Error([`${open.length} of ${owed.length} deliveries are not made, such as`, ...lines].join('\n'));
}

/** However often an event was sent to a subscriber, it was with one webhook-id, in the same bytes, with the data as posted. */
function expectRecognisable({ name, requests }: Subscriber, accepted: ReadonlyMap<string, Post>): void {
  const first = new Map<string, { id: unknown; body: Buffer }>();
  for (const { headers, body } of requests) {
    const id = headers['webhook-id'];
    const eventId = eventIdIn(body);
    const before = first.get(eventId);
    if (before === undefined) {
      first.set(eventId, { id, body });
      expect(body.includes(`"data":${accepted.get(eventId)?.data ?? 'never accepted'}`)).toBe(true);
    } else if (before.id !== id || !before.body.equals(body)) {
      throw new Error(
        `${eventId} came twice to the one that ${name}, as ${String(before.id)} and ${String(id)}, in other bytes`,
      );
    }
  }
  expect(new Set([...first.values()].map(({ id }) => id)).size).toBe(first.size);
}

function printed({ owed, deaths, subscribers, publisher }: Result): string {
  const sum = (of: (one: Subscriber) => number): number => subscribers.reduce((total, one) => total + of(one), 0);
  const reasons = Object.entries(Object.groupBy(deaths, ({ reason }) => reason));
  return [
    `seed ${SEED}, ${ROUNDS} rounds and 2 bursts:`,
    `${publisher.accepted.size} events accepted (${publisher.repeats} posts repeated, ${publisher.known} of them known already),`,
    `${owed.length} deliveries owed, ${owed.filter(isDelivered).length} made,`,
    `dead: ${reasons.map(([reason, of]) => `${of?.length ?? 0} ${reason}`).join(', ') || 'none'},`,
    `${sum(({ requests }) => requests.length)} requests, ${sum(({ duplicates }) => duplicates)} of them duplicates of what had been taken.`,
  ].join(' ');
}

interface Result {
  owed: readonly Owed[];
  deaths: readonly { one: Owed; reason: string }[];
  subscribers: readonly Subscriber[];
  publisher: Publisher;
}

type Closers = (() => unknown)[];

async function story(dataDir: string, toClose: Closers): Promise<Result> {
  const chance = seeded(SEED);
  const first = await startSystem({ dataDir });
  let target: Target = first;
  const wishes = ROUNDS > 8 ? [...WISHES, DOWN] : WISHES;
  const subscribers: Subscriber[] = [];
  for (const wish of wishes) subscribers.push(await subscribe(wish, { api: callerOf(first), chance }));
  toClose.push(...subscribers.map(({ close }) => close));
  await first.kill9();

  const publisher = startPublisher(() => target, TENANT);
  toClose.push(publisher.close);
  const scene: Scene = { dataDir, chance, publisher, next: postsOf(chance), reach: (next) => (target = next) };
  publisher.start(scene.next, PER_SECOND);
  for (let n = 0; n < ROUNDS; n++) await live(atRandom, scene);
  await live(afterBurst, scene);
  await live(duringBurst, scene);

  const last = await startSystem({ dataDir });
  toClose.push(last.kill9);
  scene.reach(last);
  await publisher.stop();
  const api = callerOf(last);
  for (const subscriber of subscribers) await mend(subscriber, api);
  const owed = owedIn(publisher, subscribers);
  const deaths = await settled(owed, api);
  await last.stop();
  return { owed, deaths, subscribers, publisher };
}

/** As whoever has mended something would: what rests because of it is asked for now. */
async function mend(subscriber: Subscriber, api: Caller): Promise<void> {
  subscriber.mend();
  const path = `/v1/tenants/${TENANT}/subscriptions/${subscriber.id}/release`;
  await until(async () => (await api.post(path, {})).status === 202);
}

test(
  'what was accepted is delivered, or dead with a reason, whenever the runner was killed',
  async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'event-fanout-crash-'));
    const toClose: Closers = [];
    try {
      const result = await story(dataDir, toClose);
      const { publisher, subscribers, deaths } = result;
      console.log(printed(result));
      for (const subscriber of subscribers) expectRecognisable(subscriber, publisher.accepted);
      // Nobody gives up a subscriber that always answers.
      const givenUp = deaths.filter(({ one }) => one.subscriber.name.startsWith('works'));
      expect(givenUp.map(({ reason }) => reason)).toEqual([]);
    } catch (cause) {
      throw new Error(`CRASH_SEED=${SEED} CRASH_ROUNDS=${ROUNDS}: ${String(cause)}`, { cause });
    } finally {
      for (let close = toClose.pop(); close; close = toClose.pop()) await close();
      await rm(dataDir, { recursive: true, force: true });
    }
  },
  120_000 + ROUNDS * 15_000 + SETTLES_WITHIN_MS,
);
