/**
 * A process that reserves moments of one rate: `node rate-taker.ts <JSON>`. It begins at the first thing it is told and prints one JSON
 * line for every reservation: when it asked, and the moments that it was given. Its clock is a value that goes on by itself.
 */
import { once } from 'node:events';
import { openDatabase } from '../../shared/store/database.ts';
import { ratesIn } from '../../shared/store/rates.ts';

export interface Taking {
  table: string;
  perSecond: number;
  /** How many moments it wants each time, one time after the other. */
  counts: number[];
  /** Milliseconds since 1970, and how much later each next reservation is. */
  from: number;
  stepMs: number;
}
export interface Took {
  now: number;
  slots: number[];
}

setTimeout(() => process.exit(1), 60_000).unref(); // should nobody say anything

const { table, perSecond, counts, from, stepMs } = JSON.parse(process.argv[2] ?? '') as Taking;
const rates = ratesIn({ db: openDatabase(), name: table, now: () => new Date(from) });

console.log('ready');
await once(process.stdin, 'data');
for (const [i, count] of counts.entries()) {
  const now = from + i * stepMs;
  const slots = await rates.reserve({ tenant: 'acme', id: 'sub_1' }, { count, perSecond, now });
  console.log(JSON.stringify({ now, slots } satisfies Took));
}
process.exit(0);
