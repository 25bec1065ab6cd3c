import { cancelReplay, getReplay, listReplays, startReplay } from '../../shared/contract/replays.ts';
import { problems } from '../../shared/domain/problem.ts';
import type { Subscription } from '../../shared/domain/subscription.ts';
import type { Answer, Request, Route } from '../../shared/runtime/http.ts';
import { replayFrom, type Replay } from '../../shared/store/replays.ts';
import { subscriptionIn } from './found.ts';
import { idOnce } from './once.ts';
import { listed } from './listing.ts';
import type { World } from './world.ts';

/** A replay as callers see it; a catch-up is one that nobody had to ask for. */
const shown = (replay: Replay): Record<string, unknown> => ({
  replay_id: replay.replay_id,
  subscription_id: replay.subscription_id,
  kind: replay.kind,
  from: replay.from,
  to: replay.to,
  only: replay.only === 'unsettled' ? 'missed' : replay.only,
  state: replay.state,
  matched: replay.matched,
  sent: replay.sent,
  delivered: replay.delivered,
  dead: replay.dead,
  started_at: replay.started_at,
  ...(replay.finished_at !== undefined && { finished_at: replay.finished_at }),
});

const MOST_TRIES = 3;

/**
 * The subscription that `find` answers, with a run of its own for what is to be made once more.
 *
 * @throws Problem 409 where it is disabled
 */
export async function nextRun(find: () => Promise<Subscription>, world: World): Promise<Subscription> {
  for (let round = 0; round < MOST_TRIES; round++) {
    const before = await find();
    if (before.status === 'disabled') throw problems.conflict('The subscription is disabled: enable it first.');
    const after = { ...before, runs: before.runs + 1, version: before.version + 1 };
    if (await world.subscriptions.replace(before, after)) return after;
  }
  throw problems.stale();
}

/** @throws Problem 409 */
async function expectNoneRunning(of: { tenant: string; subscription_id: string }, world: World): Promise<void> {
  const { replays } = await world.replays.list(of, { limit: 20 });
  const running = replays.find(({ kind, state }) => kind === 'replay' && state === 'running');
  if (running !== undefined) throw problems.conflict(`The replay ${running.replay_id} is still running.`);
}

async function start(request: Request, world: World): Promise<Answer> {
  const said = request.body(startReplay.body.schema);
  const { from, to, only = 'dead' } = said;
  const found = await subscriptionIn(request, world);
  const of = { tenant: found.tenant, subscription_id: found.id };
  const { id: replay_id, isNew } = await idOnce(request, { prefix: 'rpl', said: [found.id, said] }, world);
  const made = isNew ? undefined : await world.replays.find(of, replay_id);
  if (made !== undefined) return started(made);
  await expectNoneRunning(of, world);
  const { runs: run } = await nextRun(() => subscriptionIn(request, world), world);
  const now = world.now();
  const replay = replayFrom({
    ...of,
    replay_id,
    kind: 'replay',
    only,
    run,
    from: new Date(from).toISOString(),
    // What is accepted from now on is delivered by itself.
    to: new Date(Math.min(to === undefined ? Infinity : Date.parse(to), now.getTime())).toISOString(),
    started_at: now.toISOString(),
  });
  await world.replays.create(replay);
  await world.ask({ v: 1, kind: 'walk', ...of, replay_id: replay.replay_id }, 0);
  world.note('replay.started', { ...of, replay_id: replay.replay_id, only });
  return started(replay);
}

function started(replay: Replay): Answer {
  const { tenant, subscription_id, replay_id } = replay;
  const location = `/v1/tenants/${tenant}/subscriptions/${subscription_id}/replays/${replay_id}`;
  return { status: 202, body: shown(replay), headers: { location } };
}

async function list(request: Request, world: World): Promise<Answer> {
  const { tenant, id: subscription_id } = await subscriptionIn(request, world);
  return listed(request, world, async (wanted) => {
    const { replays, after } = await world.replays.list({ tenant, subscription_id }, wanted);
    return { items: replays.map(shown), after };
  });
}

/** @throws Problem 404 */
async function replayIn(request: Request, world: World): Promise<Replay> {
  const { tenant, id: subscription_id } = await subscriptionIn(request, world);
  const replay = await world.replays.find({ tenant, subscription_id }, request.params.replay ?? '');
  if (replay === undefined) throw problems.notFound();
  return replay;
}

/** What is sent already is delivered; one that is over stays as it is. */
async function cancel(request: Request, world: World): Promise<Answer> {
  const replay = await replayIn(request, world);
  if (replay.kind === 'catch_up') throw problems.conflict('A catch-up cannot be cancelled: pause the subscription.');
  await world.replays.finish(replay, { state: 'cancelled', at: world.now().toISOString() });
  const { tenant, subscription_id, replay_id } = replay;
  world.note('replay.cancelled', { tenant, subscription_id, replay_id });
  return { status: 204 };
}

export const routes: readonly Route<World>[] = [
  { operation: startReplay, answer: start },
  { operation: listReplays, answer: list },
  {
    operation: getReplay,
    answer: async (request, world) => ({ status: 200, body: shown(await replayIn(request, world)) }),
  },
  { operation: cancelReplay, answer: cancel },
];
