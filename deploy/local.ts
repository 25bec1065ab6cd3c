import { mkdtempSync, rmSync } from 'node:fs';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { cdkOn, type Deployment } from './cdk.ts';
import { startMinistack, tailOf, type Ministack } from './ministack.ts';
import { Failed } from './program.ts';
import { installPython } from './python.ts';
import { Refusal } from './refusal.ts';

const HELP = `npm run deploy:local             a real "cdk deploy" to an AWS on this machine (ministack), until Ctrl-C
npm run deploy:local -- --auth   the same with IAM enforced: a function may do what its role grants, and no more
npm run deploy:local -- --help   this text

It needs python3 with its venv module; ministack itself is installed under node_modules/.cache. Nothing is kept.`;

/** Undefined when help is asked for. */
function readFlags(args: string[]): Pick<Settings, 'iam'> | undefined {
  try {
    const { values } = parseArgs({
      args,
      options: { auth: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } },
    });
    return values.help ? undefined : { iam: values.auth ? 'enforced' : 'ignored' };
  } catch (error) {
    const [reason = ''] = error instanceof Error ? error.message.split('. ') : [];
    throw new Refusal(`${reason.replace(/\.$/, '')}. There are --auth and --help.`);
  }
}

interface Settings {
  iam: 'enforced' | 'ignored';
  leave: AbortSignal;
}

/** Deploys, says how to use it, and resolves when `leave` came and ministack has ended. */
async function deployLocally({ iam, leave: signal }: Settings): Promise<void> {
  const programs = await installPython({ print: say, signal });
  const folder = mkdtempSync(join(tmpdir(), 'event-fanout-deploy-'));
  try {
    say(`Starting ministack, IAM ${iam}; what it prints is in ${join(folder, 'ministack.log')}`);
    const ministack = await startMinistack({ programs, folder, iam, signal });
    await deployTo(ministack, folder, signal).finally(ministack.stop);
  } finally {
    if (signal.aborted) rmSync(folder, { recursive: true, force: true }); // else it tells what went wrong
  }
}

async function deployTo(ministack: Ministack, folder: string, signal: AbortSignal): Promise<void> {
  const cdk = cdkOn({ ministack, folder, print: (line) => console.log(`           ${line}`) });
  say('cdk bootstrap');
  await cdk.bootstrap({ signal });
  say('cdk deploy');
  announce(ministack, await cdk.deploy({ signal }));
  await Promise.race([once(signal, 'abort'), ministack.ended]);
  if (!signal.aborted) throw new Refusal(`ministack ended by itself; it printed:\n${tailOf(ministack.log, 20)}`);
  say('Stopping ministack; what was deployed goes with it.');
}

/** Every line stands for itself and can be pasted. */
function announce({ certificate }: Ministack, { url, adminKey }: Deployment): void {
  const authorization = '-H "authorization: Bearer $FANOUT_ADMIN_KEY"';
  const lines = [
    '',
    `event-fanout is deployed: ${url}`,
    '',
    'In a second terminal:',
    `export FANOUT_URL=${quoted(url)}`,
    `export FANOUT_ADMIN_KEY=${quoted(adminKey)}`,
    `export NODE_EXTRA_CA_CERTS=${quoted(certificate)}`,
    'npm run test:deployed',
    `curl -sS --cacert "$NODE_EXTRA_CA_CERTS" ${authorization} "$FANOUT_URL/v1/me"`,
    '',
    'Ctrl-C stops it.',
    '',
  ];
  console.log(lines.join('\n'));
}

/** For a shell: the key and the URL have characters in them that it would take for its own. */
const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

const say = (line: string): void => console.log(`${new Date().toISOString().slice(11, 19)}Z  ${line}`);

/** A second Ctrl-C leaves at once. */
const leaving = new AbortController();
function leave(): void {
  if (leaving.signal.aborted) process.exit(130);
  leaving.abort();
}
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, leave);

// npm ends on SIGTERM and tells nobody: without it, we are not wanted either.
if (process.env['npm_lifecycle_event'] !== undefined) {
  const npm = process.ppid;
  setInterval(() => process.ppid === npm || leaving.abort(), 500).unref();
}

try {
  const flags = readFlags(process.argv.slice(2));
  if (flags) await deployLocally({ ...flags, leave: leaving.signal });
  else console.log(HELP);
} catch (error) {
  if (!leaving.signal.aborted) {
    const isTold = error instanceof Refusal || error instanceof Failed;
    console.error(isTold ? `deploy:local: ${error.message}` : error);
    process.exitCode = 1;
  }
}
