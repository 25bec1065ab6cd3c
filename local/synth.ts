import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, utimesSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Refusal } from './settings.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const CACHE = join(ROOT, 'node_modules/.cache/event-fanout');

/** All that goes into the template and the bundles. */
const SOURCES = ['infra', 'lambdas', 'shared', 'portal', 'cdk.json', 'package.json', 'package-lock.json'];

export interface SynthOptions {
  allowPrivate: boolean;
  catalogue: string | undefined;
  inboundSources: readonly string[];
  /** Called before a build, which takes seconds. */
  onBuild(): void;
  signal: AbortSignal;
}

/**
 * Runs the CDK app, unless it was run before on the same sources, and resolves to the folder of the cloud assembly, which is not
 * to be changed. Throws a `Refusal` with the build's own words.
 */
export async function synthesize(options: SynthOptions): Promise<string> {
  const { allowPrivate, catalogue, inboundSources, onBuild, signal } = options;
  const context = JSON.stringify({
    stage: 'dev',
    allowPrivateTargets: String(allowPrivate),
    ingestPerSecond: '0', // nothing is throttled locally
    ...(catalogue && { catalogue }),
    ...(inboundSources.length > 0 && { inboundSources: inboundSources.join() }),
  });
  const assembly = join(CACHE, fingerprint(context));
  // A team's catalogue may import files from anywhere, so no fingerprint can tell that it is unchanged.
  if (catalogue === undefined && existsSync(assembly)) {
    utimesSync(assembly, new Date(), new Date());
    return assembly;
  }
  onBuild();
  const unfinished = `${assembly}.${process.pid}`;
  try {
    await build({ CDK_OUTDIR: unfinished, CDK_CONTEXT_JSON: context }, signal);
    moveInto(assembly, unfinished);
  } finally {
    rmSync(unfinished, { recursive: true, force: true });
  }
  removeOld();
  return assembly;
}

function fingerprint(context: string): string {
  const hash = createHash('sha256').update(`${process.version}\0${context}`);
  for (const file of SOURCES.map((source) => join(ROOT, source))
    .filter((path) => existsSync(path))
    .flatMap(filesIn)) {
    hash.update(`\0${relative(ROOT, file)}\0`).update(readFileSync(file));
  }
  return hash.digest('hex').slice(0, 16);
}

function filesIn(path: string): string[] {
  if (!statSync(path).isDirectory()) return [path];
  const entries = readdirSync(path, { withFileTypes: true, recursive: true });
  const files = entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name));
  return files.sort();
}

/** A build in a folder of its own and a rename at the end: nobody sees half an assembly, however many start at once. */
function moveInto(assembly: string, unfinished: string): void {
  rmSync(join(unfinished, 'bundles'), { recursive: true, force: true }); // what the assets were copied from
  rmSync(assembly, { recursive: true, force: true });
  try {
    renameSync(unfinished, assembly);
  } catch (error) {
    if (!existsSync(assembly)) throw error; // else somebody else was faster with the same one
  }
}

async function build(variables: Record<string, string>, signal: AbortSignal): Promise<void> {
  mkdirSync(CACHE, { recursive: true });
  const child = spawn(process.execPath, ['infra/app.ts'], { cwd: ROOT, env: { ...process.env, ...variables }, signal });
  const said: Buffer[] = [];
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => said.push(chunk));
  const code = await new Promise((resolve, reject) => child.on('error', reject).on('close', resolve));
  if (code !== 0) throw new Refusal(`The app could not be built:\n${Buffer.concat(said).toString().trim()}`);
}

const KEPT = 5;

function removeOld(): void {
  const folders = readdirSync(CACHE).map((name) => join(CACHE, name));
  const newestFirst = folders
    .map((path) => ({ path, at: statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0 }))
    .sort((a, b) => b.at - a.at);
  for (const { path } of newestFirst.slice(KEPT)) rmSync(path, { recursive: true, force: true });
}
