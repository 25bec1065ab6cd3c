import {
  heldFor,
  heldOf,
  released,
  RELEASED_AFTER_SECONDS,
  SETTLING_SECONDS,
  type Holding,
  type Stretch,
} from '../../shared/domain/hold.ts';
import { newId } from '../../shared/domain/id.ts';
import type { Subscription } from '../../shared/domain/subscription.ts';
import { replayFrom } from '../../shared/store/replays.ts';
import type { World } from './world.ts';

/** A catch-up that is durable before the subscription names it; the walk ends by itself where it never does. */
async function beginCatchUp({ tenant, id }: Subscription, stretch: Stretch, world: World): Promise<string> {
  const replay_id = newId('rpl', world.now(), world.random(10));
  const started_at = world.now().toISOString();
  const of = { tenant, subscription_id: id };
  await world.replays.create(replayFrom({ ...of, replay_id, kind: 'catch_up', ...stretch, started_at }));
  await world.ask({ v: 1, kind: 'walk', ...of, replay_id }, SETTLING_SECONDS);
  return replay_id;
}

async function caughtUpTo({ tenant, id, catch_up }: Subscription, world: World): Promise<string | undefined> {
  const replay = catch_up && (await world.replays.find({ tenant, subscription_id: id }, catch_up.replay_id));
  return replay === undefined || replay.cursor === '' ? undefined : replay.cursor.split('#')[0];
}

/** How the subscription is held once its owner has set this status. What it missed while it was paused is on its way then. */
export async function heldAs(before: Subscription, status: Subscription['status'], world: World): Promise<Holding> {
  if (status === before.status) return before;
  const at = world.now().toISOString();
  const held = heldOf(before);
  if (status !== 'enabled') {
    await world.held.list({ tenant: before.tenant, subscriptionId: before.id });
    return heldFor({ ...before, held }, status, { at, caughtUpTo: await caughtUpTo(before, world) });
  }
  const { after, catchUp } = released({ ...before, held }, at);
  const of = { tenant: before.tenant, subscription_id: before.id };
  for (const seconds of RELEASED_AFTER_SECONDS)
    await world.ask({ v: 1, kind: 'release', ...of, what: 'held' }, seconds);
  if (catchUp === undefined) return after;
  return { ...after, catch_up: { ...catchUp, replay_id: await beginCatchUp(before, catchUp, world) } };
}
