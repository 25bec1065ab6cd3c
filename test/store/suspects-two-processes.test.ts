import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { MOST_LEASES } from '../../shared/store/leases.ts';
import { startDynalite, type DynamoDb } from '../support/dynamodb.ts';
import type { Request, Sender } from '../support/suspect-sender.ts';
import { until } from '../support/until.ts';

let dynalite: DynamoDb;
beforeAll(async () => {
  dynalite = await startDynalite();
});
afterAll(() => dynalite.close());

const senders: { end(): void }[] = [];
afterAll(() => senders.forEach((sender) => sender.end()));

/** A process of its own on that table. */
async function startSender(sender: Sender) {
  const child = spawn(process.execPath, ['test/support/suspect-sender.ts', JSON.stringify(sender)], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: process.env, // jest has one of its own, and where the table is stands there
  });
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const hear = async (): Promise<unknown> => JSON.parse((await lines.next()).value ?? 'null');
  const started = {
    end: () => void child.stdin.end(),
    async do(deed: 'see' | 'mark' | 'send'): Promise<unknown> {
      child.stdin.write(`${deed}\n`);
      return hear();
    },
  };
  senders.push(started);
  expect(await hear()).toBe('ready');
  return started;
}

/** How many requests were under way when each of them began. */
const crowds = (requests: readonly Request[]): number[] =>
  requests.map(({ from }) => requests.filter((other) => other.from <= from && other.to > from).length);

test('two processes know of one suspect, and have ten requests to it under way together', async () => {
  const { name: table } = await dynalite.open();
  const [one, other] = [await startSender({ table, copy: 0 }), await startSender({ table, copy: 1 })];
  expect([await one.do('see'), await other.do('see')]).toEqual([false, false]);
  await one.do('mark');
  expect(await one.do('see')).toBe(true);
  await until(async () => (await other.do('see')) === true);

  const both = (await Promise.all([one.do('send'), other.do('send')])) as [Request[], Request[]];
  expect(both.map(({ length }) => length > 0)).toEqual([true, true]);
  const most = Math.max(...crowds(both.flat()));
  expect(most).toBeLessThanOrEqual(MOST_LEASES);
  expect(most).toBeGreaterThan(MOST_LEASES / 2);
}, 60_000);
