import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Failed, run, type Environment } from './program.ts';
import { Refusal } from './refusal.ts';

const REQUIREMENTS = fileURLToPath(new URL('requirements.txt', import.meta.url));
/** Not in `event-fanout`, whose old entries the local runner clears away. */
const CACHE = fileURLToPath(new URL('../node_modules/.cache/event-fanout-deploy', import.meta.url));

export interface Installing {
  /** Absolute path of a list of pinned packages; that of a deployment by default. */
  requirements?: string;
  print(line: string): void;
  signal?: AbortSignal;
}

/**
 * Installs what the requirements name, unless that has been done: about ten seconds the first time.
 *
 * @returns the folder of their programs: `python`, `aws`
 * @throws Refusal when the machine lacks something, with what to do about it
 */
export async function installPython({ requirements = REQUIREMENTS, print, signal }: Installing): Promise<string> {
  await checkMachine();
  const hash = createHash('sha256').update(readFileSync(requirements)).digest('hex').slice(0, 16);
  const installed = join(CACHE, `python-${hash}`);
  const programs = join(installed, 'bin');
  if (existsSync(programs)) return programs;

  print(`Installing what ${relative(process.cwd(), requirements)} names; the next start is quicker ...`);
  const own = `${installed}-${process.pid}`;
  try {
    await fill(own, requirements, signal);
    // The name appears with one step, when all is there. A venv cannot be renamed itself: its programs name their folder.
    symlinkSync(own, `${own}.link`);
    renameSync(`${own}.link`, installed);
  } catch (error) {
    rmSync(own, { recursive: true, force: true });
    throw error;
  }
  return programs;
}

async function fill(folder: string, requirements: string, signal: AbortSignal | undefined): Promise<void> {
  mkdirSync(CACHE, { recursive: true });
  // With the environment of whoever started us: it may say which index and which proxy pip has to use.
  const common = { environment: ourEnvironment(), ...(signal && { signal }) };
  await run({ ...common, command: 'python3', args: ['-m', 'venv', '--clear', folder] });
  const args = ['-m', 'pip', 'install', '--quiet', '--no-input', '--disable-pip-version-check', '-r', requirements];
  await run({ ...common, command: join(folder, 'bin/python'), args });
  if (!existsSync(join(folder, 'bin/aws'))) return;
  renameSync(join(folder, 'bin/aws'), join(folder, 'bin/aws-cli'));
  writeFileSync(join(folder, 'bin/aws'), AWS, { mode: 0o755 });
}

/**
 * Version 1 of the aws CLI, which is the one that PyPI has, takes SQS to be at AWS whatever AWS_ENDPOINT_URL says:
 * https://github.com/aws/aws-cli/blob/1.46.3/awscli/customizations/overridesslcommonname.py
 */
const AWS = `#!/bin/sh
exec "$(dirname "$0")/aws-cli" --endpoint-url "$AWS_ENDPOINT_URL" "$@"
`;

const VENV = 'a python3 of 3.10 or newer with its venv module, which Debian has in "apt-get install python3-venv"';

/** ministack makes its certificate with openssl, which comes to Debian with ca-certificates and so with python3-venv. */
async function checkMachine(): Promise<void> {
  const canMakeVenv = 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 10))';
  if (!(await works('python3', ['-c', canMakeVenv]))) throw new Refusal(`this needs ${VENV}.`);
  if (!(await works('openssl', ['version'])))
    throw new Refusal('this needs openssl, which Debian has in "apt-get install openssl".');
}

async function works(command: string, args: readonly string[]): Promise<boolean> {
  try {
    await run({ command, args, environment: ourEnvironment() });
    return true;
  } catch (error) {
    const missing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    if (missing || error instanceof Failed) return false;
    throw error;
  }
}

const ourEnvironment = (): Environment =>
  Object.fromEntries(
    Object.entries(process.env).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
