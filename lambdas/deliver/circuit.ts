import type { OperationalTypeName } from '../../shared/catalogue/operational.ts';
import { isHopeless, opens, probeAfter } from '../../shared/domain/circuit.ts';
import type { DeliveryStep } from '../../shared/domain/delivery.ts';
import {
  carrierName,
  heldFor,
  opened,
  released,
  RELEASED_AFTER_SECONDS,
  SETTLING_SECONDS,
  type Circuit,
  type Stretch,
} from '../../shared/domain/hold.ts';
import type { Job } from '../../shared/domain/job.ts';
import type { Subscription } from '../../shared/domain/subscription.ts';
import type { Health, Whom } from '../../shared/store/health.ts';
import { replayFrom } from '../../shared/store/replays.ts';
import { messageOf, whomOf } from './work.ts';
import type { Work, World } from './world.ts';

const MOST_TRIES = 5;

const carrierOf = ({ event, step }: Work): string => carrierName(event.event_id, step.run);

export const isCarrier = (work: Work, circuit: Circuit): boolean =>
  work.step.probe === true && circuit.carrier === carrierOf(work);

const versionAfter = (before: Subscription, at: string): Pick<Subscription, 'version' | 'updated_at'> => ({
  version: before.version + 1,
  updated_at: before.status === 'enabled' ? before.updated_at : at,
});

interface Change {
  whom: Whom;
  /** The subscription as it is to be; undefined where nothing is to be changed any more. */
  change(before: Subscription): Promise<Subscription | undefined>;
}

/** Changes the subscription as it stands, again when somebody else was faster. Answers it as it was before and is now. */
async function changeNow({ whom, change }: Change, world: World): Promise<Subscription | undefined> {
  for (let round = 0; round < MOST_TRIES; round++) {
    const before = await world.subscription(whom.tenant, whom.subscriptionId, 'now');
    const after = before && (await change(before));
    if (before === undefined || after === undefined) return undefined;
    const changed = { ...after, ...versionAfter(before, world.now().toISOString()) };
    if (await world.replace(before, changed)) return changed;
  }
  throw new Error(`${whom.subscriptionId} changes faster than it can be read`);
}

/**
 * Opens the circuit where enough requests failed in a row: from now on nothing goes to the subscriber but one probe at a time.
 * The delivery that failed last comes back to be the first one.
 *
 * @param next how that delivery goes on; undefined where it does not, and the first to come later is the probe
 */
export async function openIfFailing(
  work: Work,
  { health, next, world }: { health: Health; next: DeliveryStep | undefined; world: World },
): Promise<void> {
  const now = world.now();
  if (!opens(health, now)) return;
  const whom = whomOf(work);
  const probe_at = probeAfter(0, { now, jitter: world.jitter() });
  const circuit: Circuit = {
    state: 'open',
    since: now.toISOString(),
    probes: 0,
    probe_at,
    ...(next !== undefined && { carrier: carrierOf(work) }),
  };
  // Both before the circuit opens: a list that names one too many is harmless, and so is a probe of a closed one.
  await world.listHeld(whom);
  const change = async (before: Subscription): Promise<Subscription | undefined> => {
    if (before.held !== undefined || before.status !== 'enabled') return undefined;
    if (next !== undefined) {
      const probe = { ...next, probe: true as const, not_before: probe_at };
      await world.defer(messageOf(work, probe, Math.ceil((probe_at - now.getTime()) / 1000)));
    }
    const { catch_up } = before;
    const caughtUpTo = catch_up && (await world.caughtUpTo(whom, catch_up.replay_id));
    return { ...before, ...opened(before, circuit, { at: now.toISOString(), caughtUpTo }) };
  };
  const after = await changeNow({ whom, change }, world);
  if (after === undefined) return;
  await world.opened(whom, now);
  world.note('circuit.opened', { ...lineOf(whom), failures: health.failures });
}

/** How long a probe may take: its attempt's time-out, and some for what stands around it. */
const MARGIN_SECONDS = 10;

/** The right to be the probe that is due; the subscription with it, undefined where somebody else was faster. */
export async function takeProbe(
  work: Work,
  subscription: Subscription,
  world: World,
): Promise<Subscription | undefined> {
  const { circuit } = subscription;
  const now = world.now().getTime();
  if (circuit === undefined || circuit.probe_at > now) return undefined;
  const probing: Circuit = {
    ...circuit,
    state: 'probing',
    probe_at: now + (subscription.timeout_seconds + MARGIN_SECONDS) * 1000,
    carrier: carrierOf(work),
  };
  const after = { ...subscription, circuit: probing, version: subscription.version + 1 };
  return (await world.replace(subscription, after)) ? after : undefined;
}

/** A catch-up that is durable before the subscription names it; the walk ends by itself where it never does. */
async function beginCatchUp(whom: Whom, stretch: Stretch, world: World): Promise<string> {
  const replay_id = world.newReplayId();
  const { tenant, subscriptionId: subscription_id } = whom;
  const started_at = world.now().toISOString();
  await world.begin(replayFrom({ tenant, subscription_id, replay_id, kind: 'catch_up', ...stretch, started_at }));
  await world.ask({ v: 1, kind: 'walk', tenant, subscription_id, replay_id }, SETTLING_SECONDS);
  return replay_id;
}

/** The subscriber answers again: closes the circuit, and lets come what it missed. */
export async function close(whom: Whom, world: World): Promise<void> {
  const { tenant, subscriptionId: subscription_id } = whom;
  const change = async (before: Subscription): Promise<Subscription | undefined> => {
    if (before.circuit === undefined) return undefined;
    const at = world.now();
    const { after, catchUp } = released(before, at.toISOString());
    const replay_id = catchUp && (await beginCatchUp(whom, catchUp, world));
    const data = { since: before.circuit.since, failed_probes: before.circuit.probes };
    for (const seconds of RELEASED_AFTER_SECONDS)
      await world.ask({ v: 1, kind: 'release', tenant, subscription_id, what: 'held' }, seconds);
    await world.ask(noticeOf(whom, { type: 'Subscription.Recovered', at, data }), SETTLING_SECONDS);
    return { ...before, ...after, ...(catchUp && replay_id !== undefined && { catch_up: { ...catchUp, replay_id } }) };
  };
  if ((await changeNow({ whom, change }, world)) !== undefined) world.note('circuit.closed', lineOf(whom));
}

const lineOf = ({ tenant, subscriptionId }: Whom) => ({ tenant, subscription_id: subscriptionId });

/** `id` is the same however often the same thing is told. */
const noticeOf = (
  { tenant, subscriptionId: subscription_id }: Whom,
  notice: { type: OperationalTypeName; at: Date; data: Record<string, unknown> },
): Job => ({
  v: 1,
  kind: 'notice',
  tenant,
  subscription_id,
  id: `${subscription_id}-${notice.at.getTime()}`,
  event_type: notice.type,
  at: notice.at.toISOString(),
  data: { subscription_id, ...notice.data },
});

/** Gives the subscription up: what comes from now on is missed until its owner enables it. Everybody who asked is told. */
export async function disable(
  whom: Whom,
  { why, failures, world }: { why: 'gone' | 'failing'; failures: number; world: World },
): Promise<void> {
  const at = world.now();
  await world.listHeld(whom);
  const change = async (before: Subscription): Promise<Subscription | undefined> => {
    if (before.status === 'disabled') return undefined;
    const caughtUpTo = before.catch_up && (await world.caughtUpTo(whom, before.catch_up.replay_id));
    const data = { reason: why, since: before.held?.since ?? at.toISOString(), failures };
    await world.ask(noticeOf(whom, { type: 'Subscription.Disabled', at, data }), SETTLING_SECONDS);
    return { ...before, ...heldFor(before, 'disabled', { at: at.toISOString(), caughtUpTo, why }) };
  };
  const after = await changeNow({ whom, change }, world);
  if (after !== undefined) world.note('subscription.disabled', { ...lineOf(whom), reason: why });
}

/** What a probe that failed leads to: the next one, the end of the subscription, or nothing where its circuit is gone by now. */
export type AfterProbe = { kind: 'again'; at: number } | { kind: 'disabled' } | { kind: 'no circuit' };

/** The probe failed. */
export async function probeFailed(whom: Whom, health: Health, world: World): Promise<AfterProbe> {
  const now = world.now();
  const subscription = await world.subscription(whom.tenant, whom.subscriptionId, 'now');
  if (subscription !== undefined && isHopeless(health, subscription.retry, now)) {
    await disable(whom, { why: 'failing', failures: health.failures, world });
    return { kind: 'disabled' };
  }
  const change = async (before: Subscription): Promise<Subscription | undefined> => {
    if (before.circuit === undefined) return undefined;
    const probes = before.circuit.probes + 1;
    const probe_at = probeAfter(probes, { now, jitter: world.jitter() });
    return { ...before, circuit: { ...before.circuit, state: 'open', probes, probe_at } };
  };
  const after = await changeNow({ whom, change }, world);
  return after?.circuit === undefined ? { kind: 'no circuit' } : { kind: 'again', at: after.circuit.probe_at };
}
