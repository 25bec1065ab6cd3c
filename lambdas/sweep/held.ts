import { carrierName, heldOf, type Held } from '../../shared/domain/hold.ts';
import { deliveryId } from '../../shared/domain/id.ts';
import { takes } from '../../shared/domain/interest.ts';
import type { Subscription } from '../../shared/domain/subscription.ts';
import { stepAfter, type Tried } from '../../shared/domain/walk.ts';
import type { DeadLetter, Letter, Stretch } from '../../shared/store/attempts.ts';
import type { Timed } from '../../shared/store/events.ts';
import type { Whom } from '../../shared/store/health.ts';
import { travelling, type AcceptedEvent } from '../../shared/domain/event.ts';
import type { Outgoing } from './shelf.ts';

export interface HeldWorld {
  now(): Date;
  /** Everyone who may be held. */
  held(): AsyncIterable<Whom>;
  /** He is not: the list need not name him. */
  unlist(whom: Whom): Promise<void>;
  subscription(tenant: string, id: string): Promise<Subscription | undefined>;
  replace(before: Subscription, after: Subscription): Promise<boolean>;
  timeline(
    tenant: string,
    page: Stretch & { after?: string | undefined; limit: number },
  ): Promise<{ events: Timed[]; after: string | undefined }>;
  attemptsBetween(whom: Whom, stretch: Stretch): Promise<ReadonlyMap<string, readonly Tried[]>>;
  lettersBetween(whom: Whom, stretch: Stretch): Promise<ReadonlyMap<string, Letter>>;
  find(tenant: string, eventId: string): Promise<AcceptedEvent | undefined>;
  bury(letter: DeadLetter): Promise<void>;
  send(messages: readonly Outgoing[]): Promise<Outgoing[]>;
  /** For how long events are kept, in milliseconds. */
  retentionMs: number;
  note(what: string, line: Record<string, string | number>): void;
}

/** So long before its event goes a held delivery becomes a dead letter, which outlives it. */
const BEFORE_RETENTION_MS = 12 * 60 * 60_000;
/** A probe that is so late has no delivery to make it. */
const LATE_PROBE_MS = 60_000;
const PAGE = 200;

/** Events of a stretch that the subscription still has to get, oldest first, a page at a time. */
async function* unsettled(subscription: Subscription, stretch: Stretch, world: HeldWorld): AsyncGenerator<Timed[]> {
  const { tenant, id: subscriptionId } = subscription;
  let after: string | undefined;
  do {
    const page = await world.timeline(tenant, { ...stretch, after, limit: PAGE });
    after = page.after;
    const [first, last] = [page.events[0], page.events.at(-1)];
    if (first === undefined || last === undefined) continue;
    const whom = { tenant, subscriptionId };
    const part = { from: first.accepted_at, to: justAfter(last.accepted_at) };
    const [attempts, letters] = await Promise.all([
      world.attemptsBetween(whom, part),
      world.lettersBetween(whom, part),
    ]);
    yield page.events.filter(
      (event) =>
        takes(subscription.event_types, event) &&
        stepAfter(subscriptionId, {
          attempts: attempts.get(event.event_id) ?? [],
          letter: letters.get(event.event_id),
        }) !== undefined,
    );
  } while (after !== undefined);
}

const justAfter = (time: string): string => new Date(Date.parse(time) + 1).toISOString();

/** What the retention is about to take becomes dead letters, and is held no more. */
async function bringToRetention(subscription: Subscription, held: Held, world: HeldWorld): Promise<void> {
  const now = world.now();
  const to = new Date(now.getTime() - world.retentionMs + BEFORE_RETENTION_MS).toISOString();
  if (held.reason === 'disabled' || held.since >= to) return;
  const { tenant, id: subscriptionId } = subscription;
  let buried = 0;
  for await (const events of unsettled(subscription, { from: held.since, to }, world)) {
    await Promise.all(events.map((event) => buryOne({ tenant, subscriptionId }, event, world)));
    buried += events.length;
  }
  // Whoever changed it meanwhile did not change that; the next minute does it.
  const version = subscription.version + 1;
  await world.replace(subscription, { ...subscription, held: { ...held, since: to }, version });
  world.note('sweep.retention', { tenant, subscription_id: subscriptionId, buried });
}

async function buryOne({ tenant, subscriptionId }: Whom, timed: Timed, world: HeldWorld): Promise<void> {
  const event = await world.find(tenant, timed.event_id);
  if (event === undefined) return;
  const { event_id: eventId, accepted_at: acceptedAt } = timed;
  await world.bury({
    event,
    subscriptionId,
    deliveryId: deliveryId({ tenant, eventId, acceptedAt, subscriptionId }),
    run: 1,
    kind: 'delivery',
    reason: 'retention',
    at: world.now().toISOString(),
  });
}

/** The delivery that was to probe the circuit is gone: the oldest one that is held takes its place. */
async function findProbe(subscription: Subscription, held: Held, world: HeldWorld): Promise<void> {
  const { circuit, tenant, id: subscription_id } = subscription;
  const now = world.now();
  if (circuit === undefined || circuit.probe_at > now.getTime() - LATE_PROBE_MS) return;
  for await (const events of unsettled(subscription, { from: held.since, to: now.toISOString() }, world)) {
    const [oldest] = events;
    const event = oldest && (await world.find(tenant, oldest.event_id));
    if (oldest === undefined || event === undefined) continue;
    const whom = { tenant, subscriptionId: subscription_id };
    const at = { from: oldest.accepted_at, to: justAfter(oldest.accepted_at) };
    const attempts = (await world.attemptsBetween(whom, at)).get(oldest.event_id) ?? [];
    const step = stepAfter(subscription_id, { attempts, letter: undefined });
    if (step === undefined) continue;
    const carrier = carrierName(event.event_id, step.run);
    const version = subscription.version + 1;
    if (!(await world.replace(subscription, { ...subscription, circuit: { ...circuit, carrier }, version }))) return;
    const message = {
      body: {
        v: 1 as const,
        event: { ...travelling(event), doubt: true as const },
        deliveries: [{ ...step, probe: true as const }],
      },
      group: subscription_id,
      delay: 0,
    };
    if ((await world.send([message])).length > 0) throw new Error('the probe could not be sent');
    world.note('sweep.probe', { tenant, subscription_id });
    return;
  }
}

/** Looks after everyone who is held. */
export async function lookAfterHeld(world: HeldWorld): Promise<void> {
  for await (const whom of world.held()) {
    const subscription = await world.subscription(whom.tenant, whom.subscriptionId);
    const held = subscription && heldOf(subscription);
    if (subscription === undefined || held === undefined) await world.unlist(whom);
    else {
      await bringToRetention(subscription, held, world);
      await findProbe(subscription, held, world);
    }
  }
}
