import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { startDynalite, type DynamoDb } from '../support/dynamodb.ts';
import { AT } from '../support/make.ts';
import type { Taking, Took } from '../support/rate-taker.ts';

let dynalite: DynamoDb;
beforeAll(async () => {
  dynalite = await startDynalite();
});
afterAll(() => dynalite.close());

const NOW = Date.parse(AT);

/** A process of its own, which has found its table and waits for the word. */
async function startTaker(taking: Taking) {
  const child = spawn(process.execPath, ['test/support/rate-taker.ts', JSON.stringify(taking)], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: process.env, // jest has one of its own, and where the table is stands there
  });
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const { value } = await lines.next();
  if (value !== 'ready') throw new Error(`it said ${String(value)}`);
  return {
    async run(): Promise<Took[]> {
      child.stdin.end('go\n');
      const took: Took[] = [];
      for (let line = await lines.next(); !line.done; line = await lines.next()) {
        took.push(JSON.parse(line.value) as Took);
      }
      return took;
    },
  };
}

const crowdIn = (slots: readonly number[]): number =>
  Math.max(...slots.map((from) => slots.filter((slot) => slot >= from && slot < from + 1_000).length));

const counts = (length: number, most: number): number[] => Array.from({ length }, (_, i) => 1 + (i % most));

/** Two processes, each with a clock of its own. */
const cases: [name: string, perSecond: number, one: Partial<Taking>, other: Partial<Taking>][] = [
  ['all at one moment', 40, {}, {}],
  ['several at a time', 300, { counts: counts(150, 4) }, { counts: counts(100, 7) }],
  ['more than the rate, and clocks that differ', 40, { stepMs: 20 }, { stepMs: 30, from: NOW + 35 }],
  ['about as many as the rate', 50, { stepMs: 40 }, { stepMs: 40, from: NOW + 13 }],
  ['fewer than the rate, which has gaps', 50, { stepMs: 90 }, { stepMs: 110, from: NOW - 50 }],
  ['one in ten seconds', 0.1, { counts: counts(40, 2) }, { counts: counts(40, 1), stepMs: 3_000 }],
];

test.each(cases)(
  'two processes keep one rate together: %s',
  async (_, perSecond, ...both) => {
    const { name: table } = await dynalite.open();
    const takings = both.map((changes) => ({
      table,
      perSecond,
      counts: counts(150, 1),
      from: NOW,
      stepMs: 0,
      ...changes,
    }));
    const takers = await Promise.all(takings.map(startTaker));
    const took = await Promise.all(takers.map(({ run }) => run()));

    // They were at work at the same time.
    const ends = took.map((one) => [one.at(0)?.slots.at(0) ?? Infinity, one.at(-1)?.slots.at(-1) ?? 0]);
    expect(Math.max(...ends.map(([first = 0]) => first))).toBeLessThan(Math.min(...ends.map(([, last = 0]) => last)));
    // Nothing is dropped: each has all that it asked for.
    expect(took.map((one) => one.map(({ slots }) => slots.length))).toEqual(takings.map((taking) => taking.counts));
    const early = took.flat().filter(({ now, slots }) => slots.some((slot) => slot < now));
    expect(early).toEqual([]);
    const slots = took
      .flat()
      .flatMap((one) => one.slots)
      .toSorted((a, b) => a - b);
    const gaps = slots.slice(1).map((slot, i) => slot - (slots[i] ?? slot));
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(Math.floor(1_000 / perSecond));
    expect(crowdIn(slots)).toBeLessThanOrEqual(Math.floor(perSecond) + 1);
  },
  60_000,
);
