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
 * @returns the event types of each lane, by its name; a draining one has none
 * @throws where a plan does not name every group once, or drains what it routes to
 */
export function planLanes({ lanes, drainingLanes }: PlanProps, groups: TypesByGroup): Map<string, string[]> {
  const names = [...groups.keys()];
  const plan = lanes === 'one' ? { all: names } : lanes === 'per-group' ? onePerGroup(names) : lanes;
  check(plan, names);
  checkDraining(drainingLanes, Object.keys(plan));
  return new Map([
    ...Object.entries(plan).map(([lane, members]): [string, string[]] => [
      lane,
      members.flatMap((group) => groups.get(group) ?? []),
    ]),
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

/** What ingest, api and sweep are left with when every lane works at its limit. */
const RESERVED = 100;

/**
 * Lanes that together may use more than the account has would be throttled, and a throttled receive counts as one of the
 * five that a message has: under load, good messages would end in the dead queue.
 *
 * @throws with the figures where they do not fit
 */
export function checkConcurrency(
  lanes: number,
  { laneConcurrency, accountConcurrency }: { laneConcurrency: LaneConcurrency; accountConcurrency: number },
): void {
  const { events, deliveries, retries } = laneConcurrency;
  const each = events + deliveries + retries;
  const needed = lanes * each + RESERVED;
  if (needed <= accountConcurrency) return;
  throw new BadSetting(
    `${lanes} lanes of ${each} concurrent executions (${events} events, ${deliveries} deliveries, ${retries} retries) and ` +
      `${RESERVED} kept for ingest, api and sweep make ${needed}, but the account has ${accountConcurrency}. ` +
      'Let groups share lanes, lower laneConcurrency, or have the limit raised and say so in accountConcurrency.',
  );
}
