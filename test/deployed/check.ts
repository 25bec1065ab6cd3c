import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { cdkOn, type Cdk, type Deployment } from '../../deploy/cdk.ts';
import { startMinistack, type Ministack, type MinistackOptions } from '../../deploy/ministack.ts';
import { Failed, run, type Environment } from '../../deploy/program.ts';
import { installPython } from '../../deploy/python.ts';
import { Refusal } from '../../deploy/refusal.ts';
import { followPage } from './documented-commands.ts';
import { expectSignatures, SETTINGS_OF_IAM } from './callers-by-iam.ts';
import { expectTokens, settingsOfTokens, startIssuer } from './callers-with-tokens.ts';
import { explain } from './explain.ts';
import type { Flow } from './flowing-events.ts';
import { expectSame, inventoryOf, type Inventory } from './leftovers.ts';
import { expectAllDelivered, redeployWhileEventsFlow } from './redeploy.ts';
import { expectSettings, SETTINGS } from './settings.ts';
import { step, StepFailed, tell, timeOfDay } from './step.ts';
import { expectSwept, plant } from './sweep-at-work.ts';
import { ROOT } from './working-tree.ts';

const HELP = `npm run deploy:check                       a real "cdk deploy" to ministack, and all that must hold afterwards
npm run deploy:check -- --only=auth        one run: plain (IAM ignored), auth (IAM enforced), parity (test/parity) or docs (docs/deploy.md)
npm run deploy:check -- --only=auth,sweep  of plain and auth only some steps: suite, redeploy, settings, sweep, diff, callers, destroy

It ends at the first step that fails.`;

const RUNS = ['plain', 'auth', 'parity', 'docs'] as const;
const STEPS = ['suite', 'redeploy', 'settings', 'sweep', 'diff', 'callers', 'destroy'] as const;
const RUNS_OF_STEPS: readonly string[] = ['plain', 'auth'];

interface Choice {
  runs: ReadonlySet<(typeof RUNS)[number]>;
  steps: ReadonlySet<(typeof STEPS)[number]>;
}

/** Undefined when help is asked for. */
function readChoice(args: string[]): Choice | undefined {
  const { help, only } = readFlags(args);
  if (help) return undefined;
  const named = only?.split(',') ?? [];
  const unknown = named.find((name) => ![...RUNS, ...STEPS].some((known) => known === name));
  if (unknown !== undefined) throw new Refusal(`there is no ${unknown}, but ${[...RUNS, ...STEPS].join(', ')}.`);
  const [runs, steps] = [RUNS.filter((name) => named.includes(name)), STEPS.filter((name) => named.includes(name))];
  const allRuns = steps.length > 0 ? RUNS.filter((name) => RUNS_OF_STEPS.includes(name)) : RUNS;
  return { runs: new Set(runs.length > 0 ? runs : allRuns), steps: new Set(steps.length > 0 ? steps : STEPS) };
}

function readFlags(args: string[]): { help?: boolean | undefined; only?: string | undefined } {
  try {
    return parseArgs({ args, options: { only: { type: 'string' }, help: { type: 'boolean', short: 'h' } } }).values;
  } catch (error) {
    const [reason = ''] = error instanceof Error ? error.message.split('. ') : [];
    throw new Refusal(`${reason}. There are --only and --help.`);
  }
}

/** What has to come by itself, the sweep above all, has the time of the other runs for it. */
async function check({ runs, steps }: Choice): Promise<void> {
  const programs = await step('install ministack', 180, (signal) => installPython({ print: tell, signal }));
  const folder = mkdtempSync(join(tmpdir(), 'event-fanout-check-'));
  const begin = (name: string, iam: MinistackOptions['iam'], work: Work): Promise<Rest> =>
    beginRun({ name, programs, folder: join(folder, name), iam }, work);

  // A redeployment needs no grant that the first one did not need; and callers by IAM are let in where that is ignored.
  const without = (left: string): Choice['steps'] => new Set([...steps].filter((name) => name !== left));
  const rests: Rest[] = [];
  if (runs.has('plain'))
    rests.push(await begin('plain', 'ignored', (cloud) => deployAndUse(cloud, without('callers'))));
  if (runs.has('auth'))
    rests.push(await begin('auth', 'enforced', (cloud) => deployAndUse(cloud, without('redeploy'))));
  if (runs.has('parity')) rests.push(await begin('parity', 'ignored', compareWithLocal));
  if (runs.has('docs')) rests.push(await begin('docs', 'ignored', followDocs));
  for (const finish of rests) await finish();
  rmSync(folder, { recursive: true, force: true });
}

/** A ministack of its own and what is done there. */
interface Cloud {
  ministack: Ministack;
  cdk: Cdk;
  folder: string;
  step: typeof step;
}

/** What is done later. */
type Rest = () => Promise<void>;
type Work = (cloud: Cloud) => Promise<Rest | undefined>;

async function beginRun(options: MinistackOptions & { name: string }, work: Work): Promise<Rest> {
  const { folder, iam, name } = options;
  mkdirSync(folder);
  const ofRun: typeof step = (title, seconds, doIt) => step(`${name}: ${title}`, seconds, doIt);
  const ministack = await ofRun(`start ministack, IAM ${iam}`, 90, (signal) => startMinistack({ ...options, signal }));
  const cloud = { ministack, folder, step: ofRun, cdk: cdkOn({ ministack, folder, settings: SETTINGS, print: tell }) };
  const rest = await explained(cloud, () => work(cloud));
  return async () => {
    await explained(cloud, async () => rest?.());
    await ministack.stop();
  };
}

async function explained<T>({ ministack, folder }: Cloud, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    await explain(ministack, folder);
    throw error;
  }
}

async function deployAndUse(cloud: Cloud, steps: Choice['steps']): Promise<Rest> {
  const { ministack, cdk, folder, step } = cloud;
  await step('cdk bootstrap', 120, (signal) => cdk.bootstrap({ signal }));
  const before = await step('list what is there', 60, (signal) => inventoryOf(ministack.environment, signal));
  const deployment = await step('cdk deploy', 180, (signal) => cdk.deploy({ signal }));

  const planted = steps.has('sweep') && (await step('forget an event', 30, () => plant(ministack, deployment)));
  const other = join(folder, 'other-code');
  const redeploy = (signal: AbortSignal): Promise<Flow> => redeployWhileEventsFlow({ cdk, deployment }, other, signal);
  const flow = steps.has('redeploy') && (await step('redeploy while events flow', 240, redeploy));

  if (steps.has('settings')) await step('what settings add', 60, () => expectSettings(ministack, deployment, 50_000));
  if (steps.has('suite')) await step('the end-to-end tests', 240, (signal) => runSuite(cloud, deployment, signal));
  const from = flow ? other : ROOT;
  if (steps.has('diff')) await step('cdk diff is empty', 120, (signal) => cdk.diff({ from, signal }));

  return async () => {
    if (planted) await step('the sweep has found the event', 150, () => expectSwept(planted, 140_000));
    if (flow) await step('all that flowed is delivered', 430, () => expectAllDelivered(flow, 420_000));
    if (steps.has('callers')) await useOtherCallers(cloud);
    if (!steps.has('destroy')) return;
    await step('cdk destroy', 180, (signal) => cdk.destroy({ signal }));
    const left = (signal: AbortSignal): Promise<Inventory> => inventoryOf(ministack.environment, signal);
    await step('nothing is left', 60, async (signal) => expectSame(before, await left(signal)));
  };
}

/** The same stack twice more, for callers that the gateway knows: nobody comes in with a key then, so it is the last use of it. */
async function useOtherCallers({ ministack, cdk, step }: Cloud): Promise<void> {
  await step('callers with tokens', 120, async (signal) => {
    const issuer = await startIssuer(ministack);
    await expectTokens(await cdk.deploy({ settings: settingsOfTokens(issuer), signal }), issuer);
    await issuer.close();
  });
  await step('callers by IAM', 120, async (signal) => {
    await expectSignatures(await cdk.deploy({ settings: SETTINGS_OF_IAM, signal }), ministack);
  });
}

async function runSuite({ ministack }: Cloud, { url, adminKey }: Deployment, signal: AbortSignal): Promise<void> {
  const environment = { ...ministack.environment, FANOUT_URL: url, FANOUT_ADMIN_KEY: adminKey };
  await runNode(['test/deployed/suite.ts', '--silent', '--bail'], environment, signal);
}

async function compareWithLocal({ ministack, cdk, step }: Cloud): Promise<undefined> {
  await step('cdk bootstrap', 120, (signal) => cdk.bootstrap({ signal }));
  const probe = ['test/parity/deploy-probe.ts', '--silent', '--bail'];
  await step('the cases of test/parity', 240, (signal) => runNode(probe, ministack.environment, signal));
}

async function runNode(args: readonly string[], environment: Environment, signal: AbortSignal): Promise<void> {
  const plainText = { ...environment, FORCE_COLOR: '0' };
  await run({ command: process.execPath, args, environment: plainText, cwd: ROOT, print: tell, signal });
}

const PAGE = 'docs/deploy.md';

async function followDocs({ ministack: { environment }, folder, step }: Cloud): Promise<undefined> {
  await step(`the commands of ${PAGE}`, 420, (signal) =>
    followPage({ page: PAGE, folder: join(folder, 'reader'), environment, signal }),
  );
}

function report(error: unknown): void {
  const { message, cause } = error instanceof StepFailed ? error : { message: undefined, cause: error };
  const why = cause instanceof Refusal || cause instanceof Failed ? cause.message : cause;
  console.error(...(message === undefined ? ['deploy:check:'] : [`\n=== FAILED: ${message}\n`]), why);
}

try {
  const choice = readChoice(process.argv.slice(2));
  if (choice) await check(choice);
  console.log(choice ? `\n=== all of it holds (${timeOfDay()})` : HELP);
  process.exit();
} catch (error) {
  report(error);
  process.exit(1); // whatever still waits for something
}
