import { readFileSync } from 'node:fs';
import { InvalidEventPatternException, PutEventsCommand, TestEventPatternCommand } from '@aws-sdk/client-eventbridge';
import { expect, test } from '@jest/globals';
import { until } from '../support/until.ts';
import type { PatternName } from './detail-patterns.ts';
import { take, type Probe } from './probe.ts';
import { BUS, SOURCE } from './probe-stack.ts';
import { TARGET } from './target.ts';

const VECTORS = new URL('../vectors/event-patterns.json', import.meta.url);

const DETAILS = {
  open: {
    state: 'open',
    paid: true,
    amount: 100,
    note: '',
    tags: ['vip', 'new'],
    customer: { address: { city: 'Oslo' } },
    lines: [
      { sku: 'A1', quantity: 2 },
      { sku: 'B2', quantity: 9 },
    ],
  },
  closed: {
    state: 'closed',
    paid: false,
    amount: 0,
    note: null,
    tags: [],
    customer: { address: null },
    lines: [{ sku: 'A1', quantity: 9 }],
  },
  texts: { state: 'OPEN', paid: 'true', amount: '100', note: 'x', tags: 'vip', customer: {}, lines: [] },
  lists: {
    state: ['new', 'o-n'],
    paid: true,
    amount: 500.5,
    note: {},
    tags: [['vip']],
    customer: [{ address: [{ city: 'Oslo' }] }],
  },
  bare: {},
};

type DetailName = keyof typeof DETAILS;

/** As AWS's own engine has it: `test/vectors/event-patterns.json` says how that was found out. */
const TAKEN: Record<PatternName, DetailName[]> = {
  exact: ['open', 'lists'],
  empty: ['open'],
  present: ['open', 'closed', 'texts'],
  missing: ['lists', 'bare'],
  boolean: ['open', 'lists'],
  number: ['open'],
  numeric: ['open'],
  prefix: ['open', 'lists'],
  suffix: ['open', 'lists'],
  'ignore-case': ['open', 'texts'],
  wildcard: ['open', 'lists'],
  'anything-but': ['open', 'texts', 'lists'],
  'anything-but-prefix': ['open', 'texts', 'lists'],
  nested: ['open', 'lists'],
  'nested-missing': ['open', 'texts', 'lists', 'bare'],
  array: ['open', 'texts', 'lists'],
  'array-missing': ['closed', 'bare'],
  elements: ['closed'],
  or: ['open', 'lists'],
  'and-or': ['open', 'lists'],
};

/** Which events a rule takes. */
export function patternCases(probe: Probe): void {
  const put = probe.events.send(
    new PutEventsCommand({
      Entries: Object.entries(DETAILS).map(([label, detail]) => ({
        EventBusName: BUS,
        Source: SOURCE,
        DetailType: 'Pattern',
        Detail: JSON.stringify({ label, ...detail }),
      })),
    }),
  );

  test.each(Object.entries(TAKEN))('the pattern "%s" takes %p', async (name, taken) => {
    await put;
    const labels: string[] = [];
    const takeMore = async (): Promise<number> =>
      labels.push(...(await take(probe, `matched-${name}`)).map(({ Body = '' }) => JSON.parse(Body).detail.label));
    await until(async () => (await takeMore()) >= taken.length);
    await takeMore();
    expect(labels.toSorted()).toEqual(taken.toSorted());
  });

  // The local runner's matcher is compared with AWS's engine on its own, in test/domain/filter.test.ts.
  if (TARGET === 'emulator')
    test("the emulator agrees with AWS's engine on all vectors but these", async () => {
      const wrong: string[] = [];
      for (const vector of vectors) if (!(await agrees(probe, vector))) wrong.push(vector.id);
      expect(wrong).toEqual([
        'numeric-limits-0732', // a number beyond the range of a double
        ...['cidr-1184', 'cidr-1186', 'cidr-1187'], // an IPv4 address in ::/0
      ]);
    }, 60_000);
}

interface Vector {
  id: string;
  expected: boolean | 'valid' | 'invalid';
  quirk?: boolean;
  pattern: object;
  event?: object;
  patternText?: string;
  eventText?: string;
}

const vectors = (JSON.parse(readFileSync(VECTORS, 'utf8')) as { cases: Vector[] }).cases.filter(({ quirk }) => !quirk);

async function agrees({ events }: Probe, { pattern, event = {}, expected, ...texts }: Vector): Promise<boolean> {
  const { patternText = JSON.stringify(pattern), eventText = JSON.stringify(event) } = texts;
  const asked = new TestEventPatternCommand({ EventPattern: patternText, Event: eventText });
  try {
    const { Result } = await events.send(asked);
    return expected === 'valid' || expected === Result;
  } catch (error) {
    if (error instanceof InvalidEventPatternException) return expected === 'invalid';
    throw error;
  }
}
