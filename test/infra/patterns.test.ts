import { describe, expect, test } from '@jest/globals';
import { Stack } from 'aws-cdk-lib';
import type { EventPattern } from 'aws-cdk-lib/aws-events';
import { routedPatterns, unroutedPatterns, type TypesByGroup } from '../../infra/patterns.ts';
import { compilePattern, matches } from '../../shared/domain/filter.ts';

const LONGEST = 2_048;

/** As it will stand in the template. */
const rendered = (patterns: EventPattern[]): object[] =>
  patterns.map((pattern) => {
    const { detailType, ...rest }: EventPattern = new Stack().resolve(pattern);
    return { ...rest, ...(detailType !== undefined && { 'detail-type': detailType }) };
  });

const eventOf = (type: string, group?: string): object => ({
  source: 'event-fanout',
  'detail-type': type,
  detail: { type, ...(group !== undefined && { group }) },
});

const hits = (patterns: object[], event: object): number =>
  patterns.filter((pattern) => matches(compilePattern(pattern), event)).length;

/** Groups of a platform much larger than ours. */
const catalogueOf = (groups: number, types: number): TypesByGroup =>
  new Map(
    Array.from({ length: groups }, (_, group) => [
      `Group${group}`,
      Array.from({ length: types }, (_, type) => `Group${group}.SomethingHappened${type}`),
    ]),
  );

describe.each([
  ['a small catalogue', catalogueOf(2, 3)],
  ['one that just passes the limit', catalogueOf(4, 20)],
  ['a large one', catalogueOf(30, 40)],
])('%s', (_, groups) => {
  const all = [...groups].flatMap(([group, types]) => types.map((type) => ({ group, type })));
  const routed = rendered(routedPatterns(all.map(({ type }) => type)));
  const unrouted = rendered(unroutedPatterns(groups));

  test('every type is taken by one rule of its lane and left alone by the catch-all', () => {
    for (const { group, type } of all) {
      expect([type, hits(routed, eventOf(type, group)), hits(unrouted, eventOf(type, group))]).toEqual([type, 1, 0]);
    }
  });

  test.each([
    ['an unknown type of a known group', eventOf('Group1.Nothing', 'Group1')],
    ['the beginning of a known type', eventOf('Group1.SomethingHappened', 'Group1')],
    ['an unknown group', eventOf('Other.Thing', 'Other')],
    ['an event that names no group', eventOf('Other.Thing')],
  ])('%s is caught, once', (_, event) => {
    expect([hits(routed, event), hits(unrouted, event)]).toEqual([0, 1]);
  });

  test('no pattern is longer than EventBridge takes', () => {
    for (const pattern of [...routed, ...unrouted]) expect(JSON.stringify(pattern).length).toBeLessThanOrEqual(LONGEST);
  });
});

test('a pattern is filled up before the next one is begun', () => {
  const [types = []] = catalogueOf(1, 200).values();
  const lengths = rendered(routedPatterns(types)).map((pattern) => JSON.stringify(pattern).length);
  expect(lengths.length).toBeGreaterThan(2);
  for (const length of lengths.slice(0, -1)) expect(length).toBeGreaterThan(LONGEST - 40);
});

test('a group too large to be told apart in one pattern is refused, and not passed over', () => {
  expect(() => unroutedPatterns(catalogueOf(2, 100))).toThrow('Group0 does not fit into an event pattern');
});
