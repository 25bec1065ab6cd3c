/**
 * A process that sends to suspects: `node suspect-sender.ts <JSON>`. It is told what to do line by line and answers each line by one of
 * JSON: `see` who it thinks is suspect, `mark` the subscription, `send` so many requests, each by a lease where there is one.
 */
import { randomUUID } from 'node:crypto';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { openDatabase } from '../../shared/store/database.ts';
import { healthIn } from '../../shared/store/health.ts';
import { troubledLately } from '../../shared/store/troubled.ts';

export interface Sender {
  table: string;
  /** Which copy of the list it reads. */
  copy: number;
}
/** A request that was under way, by a clock that all processes share, in milliseconds; its lease's slot. */
export interface Request {
  from: number;
  to: number;
  slot: number;
}

setTimeout(() => process.exit(1), 60_000).unref(); // should nobody say anything

const REQUESTS = 60;
const AT_ONCE = 12;
const LASTS_MS = 15;
const WHOM = { tenant: 'acme', subscriptionId: 'sub_1' };

const { table, copy } = JSON.parse(process.argv[2] ?? '') as Sender;
const now = (): Date => new Date();
const health = healthIn({ db: openDatabase(), name: table, now }, { copy, token: randomUUID });
const list = troubledLately({ read: health.troubled, now: () => Date.now(), report: console.error });
const clock = (): number => Number(process.hrtime.bigint()) / 1e6;

async function sendOne(): Promise<Request[]> {
  const lease = await health.lease(WHOM, { now: now(), seconds: 25 });
  if (lease === undefined) {
    await pause(LASTS_MS);
    return [];
  }
  const from = clock();
  await pause(LASTS_MS);
  const to = clock();
  await health.giveBack(lease);
  return [{ from, to, slot: lease.slot }];
}

async function send(): Promise<Request[]> {
  const made: Request[] = [];
  for (let n = 0; n < REQUESTS; n += AT_ONCE) {
    made.push(...(await Promise.all(Array.from({ length: AT_ONCE }, sendOne))).flat());
  }
  return made;
}

const deeds: Record<string, () => Promise<unknown>> = {
  see: async () => (await list.troubleOf(WHOM.tenant, WHOM.subscriptionId))?.suspect === true,
  mark: async () => {
    list.mark(WHOM.tenant, WHOM.subscriptionId);
    await health.suspected(WHOM, now());
    return true;
  },
  send,
};

console.log('"ready"');
for await (const word of createInterface(process.stdin)) console.log(JSON.stringify(await deeds[word]?.()));
process.exit(0);
