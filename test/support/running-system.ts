import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { hasEnded } from '../../deploy/program.ts';
import { until } from './until.ts';

const START = fileURLToPath(new URL('../../local/start.mjs', import.meta.url));

export interface SystemOptions {
  /** Kept when the system stops; without one it keeps everything in memory. */
  dataDir?: string;
  env?: Record<string, string>;
  args?: readonly string[];
}

/** The local runner in a process of its own, as `npm start` starts it. */
export interface RunningSystem {
  url: string;
  /** The one in `env`, or made by the runner in `dataDir`, or made here. */
  adminKey: string;
  pid: number;
  /** All it has printed so far. */
  output(): string;
  /** As Ctrl-C does; throws when it does not end well. */
  stop(): Promise<void>;
  /** As a power cut does. */
  kill9(): Promise<void>;
}

/** A build comes first when sources have changed, on a machine that may be busy with other tests. */
const START_MS = 120_000;

/** Resolves when it answers. The child ends with this process, whatever ends that: it watches the channel between them. */
export async function startSystem({ dataDir, env = {}, args = [] }: SystemOptions = {}): Promise<RunningSystem> {
  const given = env['FANOUT_ADMIN_KEY'] ?? (dataDir === undefined ? randomBytes(18).toString('base64url') : undefined);
  const kept = { FANOUT_DATA: dataDir ?? ':memory:', ...(given !== undefined && { FANOUT_ADMIN_KEY: given }) };
  const { child, output } = spawnRunner({ ...env, ...kept }, args);
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    if (hasEnded(child)) return;
    const closed = once(child, 'close');
    child.kill(signal);
    await closed;
  };
  try {
    const [, url = ''] = await until(() => {
      if (hasEnded(child)) throw new Error('it ended while starting');
      return / listening on (\S+)/.exec(output());
    }, START_MS);
    const adminKey = given ?? readFileSync(join(dataDir ?? '', 'admin-key'), 'utf8');
    const stop = async (): Promise<void> => {
      await end('SIGTERM');
      if (child.exitCode !== 0) throw new Error(`the runner ended with ${child.exitCode}; it printed:\n${output()}`);
    };
    return { url, adminKey, pid: child.pid ?? 0, output, stop, kill9: () => end('SIGKILL') };
  } catch (cause) {
    await end('SIGKILL');
    throw new Error(`the local runner did not start; it printed:\n${output()}`, { cause });
  }
}

/** Runs `npm start` to its end, for starts that are refused. */
export async function startAndEnd(
  env: Record<string, string>,
  args: readonly string[] = [],
): Promise<{ code: number | null; stderr: string }> {
  const { child, errors } = spawnRunner(env, args);
  await once(child, 'close');
  return { code: child.exitCode, stderr: errors() };
}

/** Starts it as `startSystem` does, and ends it with SIGKILL after that time, wherever its start has come to by then. */
export async function startAndKill9(dataDir: string, afterMs: number): Promise<void> {
  const { child } = spawnRunner({ FANOUT_DATA: dataDir }, []);
  const closed = once(child, 'close');
  setTimeout(() => child.kill('SIGKILL'), afterMs);
  await closed;
}

function spawnRunner(env: Record<string, string>, args: readonly string[]) {
  const { PATH = '', HOME = '' } = process.env; // of ours it gets nothing else: tests must not depend on a developer's shell
  const child = spawn(process.execPath, [START, ...args], {
    env: { PATH, HOME, PORT: '0', ...env },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  const [all, errors]: [Buffer[], Buffer[]] = [[], []];
  child.stdout?.on('data', (chunk: Buffer) => all.push(chunk));
  child.stderr?.on('data', (chunk: Buffer) => [all, errors].forEach((chunks) => chunks.push(chunk)));
  const text = (chunks: Buffer[]) => (): string => Buffer.concat(chunks).toString();
  return { child, output: text(all), errors: text(errors) };
}
