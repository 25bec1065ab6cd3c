import { apiAt } from '../client/client.ts';
import { COMMANDS, type Command } from './commands.ts';

const { FANOUT_URL = 'http://127.0.0.1:4000', FANOUT_KEY = process.env['FANOUT_ADMIN_KEY'] } = process.env;

const usage = ([name, { takes }]: [string, Command]): string => `${name} ${takes}`.trim();
const WIDTH = Math.max(...Object.entries(COMMANDS).map((entry) => usage(entry).length));

const HELP = `npm run --silent fanout -- COMMAND ...

${Object.entries(COMMANDS)
  .map((entry) => `  ${usage(entry).padEnd(WIDTH)}  ${entry[1].does}`)
  .join('\n')}

FANOUT_URL is where the API answers (default: http://127.0.0.1:4000), FANOUT_KEY the access key. What a command answers is JSON;
it ends with 1 where the API refuses, and with 2 where the command is wrong.`;

/** How many words a command needs, and how many it can have. */
function countsOf({ takes }: Command): { least: number; most: number } {
  const words = takes.split(' ').filter((word) => word !== '');
  return { least: words.filter((word) => !word.endsWith('?')).length, most: words.length };
}

function end(code: number, text: string): never {
  (code === 0 ? process.stdout : process.stderr).write(`${text}\n`);
  process.exit(code);
}

async function main([name = '--help', ...words]: readonly string[]): Promise<void> {
  if (['--help', '-h', 'help'].includes(name)) end(0, HELP);
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (command === undefined) return end(2, `There is no command ${name}; --help lists them.`);
  const { least, most } = countsOf(command);
  if (words.length < least || words.length > most) return end(2, `${usage([name, command])}: ${command.does}.`);
  if (FANOUT_KEY === undefined || FANOUT_KEY === '') return end(2, 'Set FANOUT_KEY to an access key.');

  const { data, error } = await command.run(apiAt(FANOUT_URL, FANOUT_KEY), words);
  if (error !== undefined) end(1, JSON.stringify(error, null, 2));
  if (data !== undefined) process.stdout.write(`${JSON.stringify(data, null, 2)}\n`);
}

/** Why nothing was asked: what failed at the bottom of it says more than that something did. */
function reasonOf(failure: unknown): string {
  if (!(failure instanceof Error)) return String(failure);
  return failure.cause === undefined ? failure.message : `${failure.message}: ${reasonOf(failure.cause)}`;
}

main(process.argv.slice(2)).catch((failure: unknown) => end(2, reasonOf(failure)));
