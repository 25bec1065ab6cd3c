import { OPERATIONAL_TYPES } from '../shared/catalogue/operational.ts';
import { BadSetting } from './bad-setting.ts';
import type { LaneConcurrency } from './lane.ts';
import type { TypesByGroup } from './patterns.ts';

/** Which groups share a lane, by the lane's name. */
export type LanePlan = Record<string, readonly string[]>;

export type Lanes = 'per-group' | 'one' | LanePlan;

export interface PlanProps {
  lanes: Lanes;
  /** Lanes of the deploy before that nothing is routed to any more, and that are worked on until they are empty. */
  drainingLanes: readonly string[];
}

/**
 * Our own notices go with the first lane: they are few, and a lane of their own would cost its idle polling.
 *
 * @returns the event types of each lane, by its name; a draining one has none
 * @throws where a plan does not name every group once, drains what it routes to, or has too many lanes
 */
export function planLanes({ lanes, drainingLanes }: PlanProps, groups: TypesByGroup): Map<string, string[]> {
  const names = [...groups.keys()];
  const plan = lanes === 'one' ? { all: names } : lanes === 'per-group' ? onePerGroup(names) : lanes;
  check(plan, names);
  checkDraining(drainingLanes, Object.keys(plan));
  checkCount(Object.keys(plan).length + drainingLanes.length);
  const typesOf = (members: readonly string[]): string[] => members.flatMap((group) => groups.get(group) ?? []);
  const [[first, members] = [undefined, []], ...others] = Object.entries(plan);
  if (first === undefined) throw new BadSetting('The catalogue has no event group, so there would be no lane.');
  return new Map([
    [first, [...typesOf(members), ...Object.keys(OPERATIONAL_TYPES)]],
    ...others.map(([lane, members]): [string, string[]] => [lane, typesOf(members)]),
    ...drainingLanes.map((lane): [string, string[]] => [lane, []]),
  ]);
}

const onePerGroup = (names: readonly string[]): LanePlan => Object.fromEntries(names.map((name) => [name, [name]]));

function check(plan: LanePlan, names: readonly string[]): void {
  const planned = Object.values(plan).flat();
  const faults = [
    ...names.filter((name) => !planned.includes(name)).map((name) => `${name} is in no lane`),
    ...planned.filter((name) => !names.includes(name)).map((name) => `the catalogue has no group ${name}`),
    ...planned.filter((name, index) => planned.indexOf(name) !== index).map((name) => `${name} is named twice`),
    ...Object.keys(plan)
      .filter((lane) => plan[lane]?.length === 0)
      .map((lane) => `lane ${lane} has no group`),
  ];
  if (faults.length > 0) throw new BadSetting(`lanes must name every event group once: ${faults.join('; ')}.`);
}

function checkDraining(draining: readonly string[], planned: readonly string[]): void {
  const routed = draining.find((lane) => planned.includes(lane));
  if (routed !== undefined) throw new BadSetting(`drainingLanes names ${routed}, which events are still routed to.`);
}

/**
 * The sweep is told the address of each lane's dead queue, some 135 bytes, and Lambda holds 4 KB of variables.
 * https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
 */
const MOST_LANES = 20;

function checkCount(lanes: number): void {
  if (lanes <= MOST_LANES) return;
  throw new BadSetting(`There can be ${MOST_LANES} lanes at most, not ${lanes}: let groups share lanes.`);
}

/** What ingest and api are left with when everything else works at its limit. */
const RESERVED = 100;

/** How many jobs of the sweep are done at a time: a few long walks must not keep the others waiting. */
export const SWEEP_CONCURRENCY = 10;

/** How many batches of what other services put on the bus are taken at a time. */
export const INBOUND_CONCURRENCY = 10;

export interface Concurrency {
  laneConcurrency: LaneConcurrency;
  /** Of the one queue for what comes late or takes long. */
  deferredConcurrency: number;
  /** Services that put events on the bus; without any, there is nothing that takes them. */
  inboundSources: readonly string[];
  /** What the account has for all. */
  accountConcurrency: number;
}

/**
 * Queues that together may use more than the account has would be throttled, and a throttled receive counts as one of the
 * five that a message has: under load, good messages would end in a dead queue.
 *
 * @throws with the figures where they do not fit
 */
export function checkConcurrency(lanes: number, props: Concurrency): void {
  const { deferredConcurrency, accountConcurrency } = props;
  const { events, deliveries, retries } = props.laneConcurrency;
  const each = events + deliveries + retries;
  const inbound = props.inboundSources.length > 0 ? INBOUND_CONCURRENCY : 0;
  const needed = lanes * each + deferredConcurrency + SWEEP_CONCURRENCY + inbound + RESERVED;
  if (needed <= accountConcurrency) return;
  throw new BadSetting(
    `${lanes} lanes of ${each} concurrent executions (${events} events, ${deliveries} deliveries, ${retries} retries), ` +
      `${deferredConcurrency} for what is deferred, ${inbound > 0 ? `${inbound} for inboundSources, ` : ''}${SWEEP_CONCURRENCY} for the sweep and ${RESERVED} kept for ingest and ` +
      `api make ${needed}, but the account has ${accountConcurrency}. Let groups share lanes, lower laneConcurrency or ` +
      'deferredConcurrency, or have the limit raised and say so in accountConcurrency.',
  );
}
