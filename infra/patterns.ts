import { Match, type EventPattern } from 'aws-cdk-lib/aws-events';
import { BadSetting } from './bad-setting.ts';

/** The source of every event that ingest accepted. No one but ingest and sweep may put it on the bus. */
export const EVENT_SOURCE = 'event-fanout';

/**
 * The source of what we tell operators, for rules of their own; no lane takes it. No one but sweep may put it on the bus: what
 * a publisher posts never passes for a notice of ours.
 */
export const OPERATIONS_SOURCE = 'event-fanout.operations';

/** What EventBridge takes for a source, as far as it can name a message group as well. */
const SOURCE = /^[\w./-]{1,128}$/;

/**
 * The patterns that pick what other services put on the bus.
 *
 * @throws where a source is one of ours or of AWS, none at all, or named twice
 */
export function inboundPatterns(sources: readonly string[]): EventPattern[] {
  for (const source of sources) {
    const isOurs = source === EVENT_SOURCE || source === OPERATIONS_SOURCE;
    if (isOurs)
      throw new BadSetting(`inboundSources cannot name ${source}, which is ours: lanes trust what carries it.`);
    if (source.startsWith('aws.'))
      throw new BadSetting(`inboundSources cannot name ${source}: AWS keeps aws. for itself.`);
    if (!SOURCE.test(source)) throw new BadSetting(`inboundSources names "${source}", which is no source.`);
  }
  const twice = sources.find((source, index) => sources.indexOf(source) !== index);
  if (twice !== undefined) throw new BadSetting(`inboundSources names ${twice} twice.`);
  return pack(sources, (some) => JSON.stringify({ source: some }).length <= LONGEST_PATTERN).map((source) => ({
    source,
  }));
}

/** What a group is made of: its event types, in the order of the catalogue. */
export type TypesByGroup = ReadonlyMap<string, readonly string[]>;

/** EventBridge refuses longer ones. https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html */
const LONGEST_PATTERN = 2_048;

/**
 * The patterns that pick exactly these event types, each type in exactly one pattern. Names are spelled out and never
 * matched by prefix: `Guest.` would also take `Guest.Membership.*` of another group, and deliver it twice.
 */
export const routedPatterns = (types: readonly string[]): EventPattern[] =>
  pack(types, (some) => fits({ 'detail-type': some })).map((some) => ({ source: [EVENT_SOURCE], detailType: some }));

/**
 * The patterns that pick every event of ours that no lane picks.
 *
 * One list of all known types is the plain way. A larger catalogue does not fit into one pattern, and rules that exclude
 * a part of it each would catch what the other parts hold; so there the rules share the events out by group, and one more
 * takes those whose group is unknown or missing.
 */
export function unroutedPatterns(groups: TypesByGroup): EventPattern[] {
  const typesOf = (names: readonly string[]): string[] => names.flatMap((name) => groups.get(name) ?? []);
  const names = [...groups.keys()];
  const source = [EVENT_SOURCE];
  if (fits({ 'detail-type': [{ 'anything-but': typesOf(names) }] })) {
    return [{ source, detailType: Match.anythingBut(...typesOf(names)) }];
  }
  const parts = pack(names, (some) =>
    fits({ 'detail-type': [{ 'anything-but': typesOf(some) }], detail: { group: some } }),
  );
  return [
    { source, detail: { group: Match.anyOf(Match.anythingBut(...names), Match.doesNotExist()) } },
    ...parts.map((some) => ({ source, detailType: Match.anythingBut(...typesOf(some)), detail: { group: some } })),
  ];
}

const fits = (rest: object): boolean => JSON.stringify({ source: [EVENT_SOURCE], ...rest }).length <= LONGEST_PATTERN;

/** Cuts a list into runs that fit, each as long as can be. @throws where a single entry does not fit */
function pack(names: readonly string[], fit: (some: string[]) => boolean): string[][] {
  const runs: string[][] = [];
  for (const name of names) {
    const run = runs.at(-1);
    if (run && fit([...run, name])) run.push(name);
    else if (fit([name])) runs.push([name]);
    else
      throw new BadSetting(
        `${name} does not fit into an event pattern of ${LONGEST_PATTERN} characters: split the group.`,
      );
  }
  return runs;
}
