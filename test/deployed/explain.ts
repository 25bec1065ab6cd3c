import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { tailOf, type Ministack } from '../../deploy/ministack.ts';
import { run } from '../../deploy/program.ts';

const SHOWN_LINES = 40;

/** Prints what tells why a step failed, and writes all that the functions have logged into the folder. */
export async function explain(ministack: Ministack, folder: string): Promise<void> {
  console.log(`\n--- the end of ${ministack.log}`);
  console.log(tailOf(ministack.log, SHOWN_LINES));
  const lines = await linesOfFunctions(ministack).catch((error: unknown) => [`They cannot be read: ${String(error)}`]);
  const all = join(folder, 'functions.log');
  writeFileSync(all, lines.join('\n'));
  console.log(`\n--- the last errors of the functions; ${all} has every line`);
  console.log(lines.filter(isError).slice(-SHOWN_LINES).join('\n') || 'none');
  console.log(`\n--- everything is kept in ${folder}`);
}

const isError = (line: string): boolean => /"level":"ERROR"|Error:|Task timed out|cannot be read/.test(line);

interface LogGroups {
  logGroups: { logGroupName: string }[];
}
interface LogEvents {
  events: { timestamp: number; message: string }[];
}

/** Of all of them, in the order of time. */
async function linesOfFunctions({ environment }: Ministack): Promise<string[]> {
  const ask = async (...args: string[]): Promise<unknown> =>
    JSON.parse(await run({ command: 'aws', args: ['logs', ...args, '--output', 'json'], environment }));
  const { logGroups } = (await ask('describe-log-groups')) as LogGroups;
  const found = await Promise.all(
    logGroups.map(({ logGroupName }) => ask('filter-log-events', '--log-group-name', logGroupName)),
  );
  const events = (found as LogEvents[]).flatMap((page) => page.events);
  return events.sort((one, other) => one.timestamp - other.timestamp).flatMap(({ message }) => message.split('\n'));
}
