import { once } from 'node:events';
import { cpSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { announce, type Bus } from './announce.ts';
import { clientOf, itemsOf, type Call } from './client.ts';
import { adminKeyFor, openDataDir, type AdminKey, type DataDir } from './data-dir.ts';
import { runDemo } from './demo.ts';
import type { Emulators } from './emulators.ts';
import { openInbox, type Arrival, type Inbox } from './inbox.ts';
import { Logs } from './logs.ts';
import { samplesOf } from './samples.ts';
import { Refusal, type Settings } from './settings.ts';
import { synthesize } from './synth.ts';

/** The tenant of the curl lines and of the demo. */
const TENANT = 'demo';

type Closers = (() => unknown)[];

/** Starts everything, says how to use it, and resolves when `leave` came and all of it has ended in good order. */
export async function run(settings: Settings, leave: AbortSignal): Promise<void> {
  const began = Date.now();
  const toClose: Closers = [];
  try {
    await checkPort(settings);
    const files = openDataDir(settings.dataDir);
    toClose.push(files.close);
    const { url, call, adminKey, inbox, bus } = await startSystem({ settings, files, leave, toClose });
    await becomesHealthy(url, leave);
    const samples = await samplesOf(call);
    const seconds = ((Date.now() - began) / 1000).toFixed(1);
    announce({
      url,
      seconds,
      tenant: TENANT,
      adminKey,
      samples,
      folder: files.path('samples'),
      inboxUrl: inbox.url,
      bus,
      settings,
    });

    const { demoEvents: events } = settings;
    const demo = { call, tenant: TENANT, samples, inboxUrl: inbox.url, signal: leave, print: say };
    const running = events === undefined ? undefined : runDemo({ ...demo, events }).catch(reportError);
    if (!leave.aborted) await once(leave, 'abort');
    await running;
    say('Stopping: what runs is finished first. Ctrl-C again leaves at once.');
  } finally {
    for (let close = toClose.pop(); close; close = toClose.pop()) await close();
  }
}

interface Start {
  settings: Settings;
  files: DataDir;
  leave: AbortSignal;
  toClose: Closers;
}

interface System {
  url: string;
  call: Call;
  adminKey: AdminKey;
  inbox: Inbox;
  bus: Bus;
}

/** What is heavy to load is loaded while the app is built. Whatever was opened stands in `toClose`, also when this fails. */
async function startSystem({ settings, files, leave, toClose }: Start): Promise<System> {
  const runnerModule = import('./runner.ts');
  const [emulators, built] = await Promise.all([openEmulators(settings, toClose), build(settings, leave)]);
  const logs = new Logs({ dir: settings.dataDir && files.path('logs'), ...(settings.printLogs && { print: say }) });
  toClose.push(() => logs.close());

  let call: Call = async () => ({});
  const inbox = await openInbox({
    ports: portsBeside(settings.port),
    secrets: () => secretsOfInbox(call),
    onArrival: (arrival) => say(lineOf(arrival)),
  });
  toClose.push(inbox.stop);

  const { host, port, environments } = settings;
  const adminKey = adminKeyFor(settings.adminKey, settings.dataDir && files.path('admin-key'));
  const { startRunner } = await runnerModule;
  const options = {
    host,
    port,
    environments,
    emulators,
    assembly: keep(built, files),
    adminKey: adminKey.value,
    logs,
    report: warn,
  };
  const runner = await startRunner(options).catch((error: unknown) => refusePort(error, settings));
  toClose.push(runner.stop);

  const url = urlOf(host, runner.port);
  call = clientOf(url, adminKey.value);
  return { url, call, adminKey, inbox, bus: { endpoint: emulators.endpoints.other, names: runner.buses } };
}

async function openEmulators({ dataDir }: Settings, toClose: Closers): Promise<Emulators> {
  const { startEmulators } = await import('./emulators.ts');
  try {
    const emulators = await startEmulators({ dataDir });
    toClose.push(emulators.stop);
    return emulators;
  } catch (error) {
    throw new Refusal(messageOf(error)); // another process has the folder, or what is in it cannot be read
  }
}

function build({ allowPrivate, catalogue, inboundSources }: Settings, signal: AbortSignal): Promise<string> {
  const onBuild = (): void => say('Building the functions and the template; the next start is quicker ...');
  return synthesize({ allowPrivate, catalogue, inboundSources, onBuild, signal });
}

/** Builds of other processes clear old ones away, so what this one runs on is its own. */
function keep(assembly: string, files: DataDir): string {
  const own = files.path('cdk.out');
  rmSync(own, { recursive: true, force: true });
  cpSync(assembly, own, { recursive: true });
  return own;
}

const portsBeside = (port: number): number[] =>
  port === 0 ? [0] : Array.from({ length: 20 }, (_, at) => port + 1 + at);

/** Before the work of a build rather than after it. */
async function checkPort(settings: Settings): Promise<void> {
  const server = createServer().listen(settings.port, settings.host);
  await once(server, 'listening').catch((error: unknown) => refusePort(error, settings));
  await once(server.close(), 'close');
}

function refusePort(error: unknown, { host, port }: Settings): never {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'EADDRINUSE')
    throw new Refusal(`Port ${port} of ${host} is taken: end what uses it, or choose another PORT.`);
  if (code === 'EACCES') throw new Refusal(`Port ${port} needs rights that you do not have: choose another PORT.`);
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND')
    throw new Refusal(`HOST is ${host}, which is no address of this machine.`);
  throw error;
}

/** A URL that opens on this machine: to listen on all addresses is no address to call. */
function urlOf(host: string, port: number): string {
  const reachable = { '0.0.0.0': '127.0.0.1', '::': '::1' }[host] ?? host;
  return `http://${reachable.includes(':') ? `[${reachable}]` : reachable}:${port}`;
}

const HEALTH_MS = 20_000;

async function becomesHealthy(url: string, leave: AbortSignal): Promise<void> {
  const giveUpAt = Date.now() + HEALTH_MS;
  for (;;) {
    const { ok, status } = await fetch(`${url}/healthz`, { signal: leave });
    if (ok) return;
    if (Date.now() > giveUpAt) throw new Refusal(`GET ${url}/healthz answers ${status}; see the lines above.`);
    await pause(200, undefined, { signal: leave });
  }
}

/** The secrets of all the subscriptions that the inbox may hear from. */
async function secretsOfInbox(call: Call): Promise<string[]> {
  const path = `/v1/tenants/${TENANT}/subscriptions`;
  const subscriptions = itemsOf(await call('GET', path));
  const secrets = await Promise.all(subscriptions.map(({ id }) => call('GET', `${path}/${String(id)}/secret`)));
  return secrets.map(({ secret }) => String(secret));
}

function lineOf({ method, eventType, deliveryId, bytes, signature }: Arrival): string {
  return `arrived  ${method.padEnd(5)} ${eventType.padEnd(28)} ${deliveryId}  ${bytes} bytes  signature ${signature}`;
}

const say = (line: string): void => console.log(`${timeOf(new Date())}  ${line}`);

/** In UTC, as in the answers of the API and in the functions' own lines. */
const timeOf = (at: Date): string => `${at.toISOString().slice(11, 19)}Z`;

const QUIET_MS = 10_000;
const lastSaid = new Map<string, number>();

/** What fails in a loop would fill the screen: the same line comes once in a while only. */
function warn(line: string): void {
  const now = Date.now();
  if (now - (lastSaid.get(line) ?? 0) < QUIET_MS) return;
  if (lastSaid.size > 100) lastSaid.clear(); // lines with ids in them never come again
  lastSaid.set(line, now);
  console.error(`${timeOf(new Date(now))}  ${line}`);
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

const reportError = (error: unknown): void => warn(messageOf(error));
