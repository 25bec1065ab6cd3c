import * as z from 'zod';

/** Why a subscription gets nothing for now. One mechanism for all three: what matches meanwhile is found again by the walk. */
export const HELD_FOR = ['paused', 'circuit', 'disabled'] as const;
export type HeldFor = (typeof HELD_FOR)[number];

/**
 * A subscription is held. Deliveries of events accepted at `since` or later are dropped, for the walk that follows finds them;
 * those of older events rest on the shelf. `at` is when this reason began, which is later where one follows another.
 */
export const Held = z.object({ since: z.iso.datetime(), at: z.iso.datetime(), reason: z.enum(HELD_FOR) });
export type Held = z.infer<typeof Held>;

/** A stretch of time, from its first moment to the first that is no more in it. */
export const Stretch = z.object({ from: z.iso.datetime(), to: z.iso.datetime() });
export type Stretch = z.infer<typeof Stretch>;

/**
 * An open circuit; a closed one is not written down. `probes` counts the probes that failed, `probe_at` is when the next one may
 * go, in milliseconds since 1970. `carrier` names the delivery that comes back to be the probe.
 */
export const Circuit = z.object({
  state: z.enum(['open', 'probing']),
  since: z.iso.datetime(),
  probes: z.number().int(),
  probe_at: z.number(),
  carrier: z.string().optional(),
});
export type Circuit = z.infer<typeof Circuit>;

/** Names the delivery that comes back to be the probe. */
export const carrierName = (eventId: string, run: number): string => `${eventId}#${run}`;

/** What the subscription missed and gets now: the walk of this id over the events accepted in that time. */
export const CatchUp = Stretch.extend({ replay_id: z.string() });
export type CatchUp = z.infer<typeof CatchUp>;

/** What a subscription's being held is made of. */
export interface Holding {
  status: 'enabled' | 'paused' | 'disabled';
  disabled_reason: string | null;
  held?: Held | undefined;
  circuit?: Circuit | undefined;
  circuit_closed_at?: string | undefined;
  catch_up?: CatchUp | undefined;
  pauses: Stretch[];
  gaps: Stretch[];
}

/** Environments know a subscription by what it was up to ten seconds ago, and may drop for that long what they think is held. */
const LATE_KNOWLEDGE_MS = 15_000;

/** What a catch-up has to walk after a release at that moment. */
export const missedSince = (since: string, releasedAt: Date): Stretch => ({
  from: since,
  to: new Date(releasedAt.getTime() + LATE_KNOWLEDGE_MS).toISOString(),
});

/**
 * When what rests because of a hold is sent after its release: at once, and when nobody remembers the hold any more, for who does puts
 * another delivery on the shelf.
 */
export const RELEASED_AFTER_SECONDS = [5, 15];

/** Until then the subscription names its catch-up, or the walk finds that it was not to be. */
export const SETTLING_SECONDS = 5;

const MOST_STRETCHES = 50;

/** Old ones are joined rather than forgotten: time between two of them then counts as theirs, which makes nothing die early. */
function withStretch(stretches: readonly Stretch[], added: Stretch): Stretch[] {
  const all = [...stretches, added];
  const [first, second, ...rest] = all;
  if (all.length <= MOST_STRETCHES || first === undefined || second === undefined) return all;
  return [{ from: first.from, to: second.to }, ...rest];
}

/** How much of the time from `from` to `to` lies in those stretches, in milliseconds. */
export const within = (stretches: readonly Stretch[], { from, to }: Stretch): number =>
  stretches.reduce((sum, stretch) => {
    const start = Math.max(Date.parse(stretch.from), Date.parse(from));
    const end = Math.min(Date.parse(stretch.to), Date.parse(to));
    return sum + Math.max(end - start, 0);
  }, 0);

/** How old a delivery is, in milliseconds: time in which its subscription was paused makes it no older. */
export function ageOf(acceptedAt: string, { pauses, held }: Pick<Holding, 'pauses' | 'held'>, now: Date): number {
  const to = now.toISOString();
  const running = held?.reason === 'paused' ? [{ from: held.at, to }] : [];
  return now.getTime() - Date.parse(acceptedAt) - within([...pauses, ...running], { from: acceptedAt, to });
}

/** Whether what was accepted then was missed: the subscription was disabled, and nobody keeps it for later. */
export const isMissed = (acceptedAt: string, { gaps, held }: Pick<Holding, 'gaps' | 'held'>): boolean =>
  (held?.reason === 'disabled' && acceptedAt >= held.since) ||
  gaps.some(({ from, to }) => acceptedAt >= from && acceptedAt < to);

/** From when a hold that begins now has to count: what a hold or a catch-up before it has not brought yet is part of it. */
const sinceOf = ({ held, catch_up }: Holding, { at, caughtUpTo }: Change): string =>
  held?.since ?? (catch_up === undefined ? at : (caughtUpTo ?? catch_up.from));

export interface Change {
  /** RFC 3339. */
  at: string;
  /** How far a catch-up that is under way has come, by accepted_at. */
  caughtUpTo?: string | undefined;
}

/** What ends when a subscription is no longer held as it was. */
function ended({ held, pauses, gaps }: Holding, at: string): Pick<Holding, 'pauses' | 'gaps'> {
  if (held?.reason === 'paused') return { pauses: withStretch(pauses, { from: held.at, to: at }), gaps };
  if (held?.reason === 'disabled') return { pauses, gaps: withStretch(gaps, { from: held.since, to: at }) };
  return { pauses, gaps };
}

const isOpen = ({ circuit }: Holding): boolean => circuit !== undefined;
const closed = (before: Holding, at: string): Pick<Holding, 'circuit' | 'circuit_closed_at'> => ({
  circuit: undefined,
  circuit_closed_at: isOpen(before) ? at : before.circuit_closed_at,
});

/** Its circuit opens. */
export const opened = (before: Holding, circuit: Circuit, change: Change): Holding => ({
  ...before,
  circuit,
  held: { since: sinceOf(before, change), at: change.at, reason: 'circuit' },
});

/** Somebody sets it paused or disabled. A circuit that was open is forgotten: who resumes it wants it tried. */
export function heldFor(
  before: Holding,
  reason: Exclude<HeldFor, 'circuit'>,
  change: Change & { why?: string },
): Holding {
  const wasMissed = before.held?.reason === 'disabled';
  return {
    ...before,
    ...ended(before, change.at),
    ...closed(before, change.at),
    status: reason,
    disabled_reason: reason === 'disabled' ? (change.why ?? null) : null,
    // What was missed while it was disabled stays missed.
    held: { since: wasMissed ? change.at : sinceOf(before, change), at: change.at, reason },
  };
}

/** What nobody would bring after a release at that moment, unless a walk does. */
function lostWithout({ reason, since, at }: Held, releasedAt: Date): Stretch | undefined {
  if (reason !== 'disabled') return missedSince(since, releasedAt);
  // That it is disabled is never said from memory. But somebody may remember how it was held before, and drop for that.
  const isRemembered = releasedAt.getTime() - Date.parse(at) < LATE_KNOWLEDGE_MS;
  return isRemembered ? missedSince(releasedAt.toISOString(), releasedAt) : undefined;
}

/**
 * It gets what it wants again. What it was held from is to be caught up, unless it was disabled: that is missed, and is
 * brought by a replay that somebody asks for.
 */
export function released(before: Holding, at: string): { after: Holding; catchUp: Stretch | undefined } {
  const after: Holding = {
    ...before,
    ...ended(before, at),
    ...closed(before, at),
    status: 'enabled',
    disabled_reason: null,
    held: undefined,
  };
  const { held } = before;
  return { after, catchUp: held && lostWithout(held, new Date(at)) };
}

/** How the subscription is held, if it is. */
export const heldOf = ({ held, status, updated_at: at }: Holding & { updated_at: string }): Held | undefined =>
  held ?? (status === 'enabled' ? undefined : { since: at, at, reason: status });
