import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

export type Environment = Record<string, string>;

export interface Program {
  command: string;
  args: readonly string[];
  /** All that it gets: nothing of our own environment goes with it by itself. */
  environment: Environment;
  cwd?: string;
  /** Is called with each line as it is printed. */
  print?: (line: string) => void;
  /** Ends it. */
  signal?: AbortSignal;
}

/** A program that ended badly. The message holds the last lines that it printed. */
export class Failed extends Error {
  override readonly name = 'Failed';
}

const SHOWN_LINES = 40;

/**
 * Runs a program to its end.
 *
 * @returns all that it printed, on either channel
 * @throws Failed when it did not end with 0; an AbortError when it was ended by `signal`
 */
export async function run({ command, args, environment, cwd, print, signal }: Program): Promise<string> {
  const child = spawn(command, args, { env: environment, cwd, signal, stdio: ['ignore', 'pipe', 'pipe'] });
  const lines: string[] = [];
  for (const input of [child.stdout, child.stderr]) {
    createInterface({ input }).on('line', (line) => {
      lines.push(line);
      print?.(line);
    });
  }
  await once(child, 'close'); // rejects when it cannot be started, and when it is ended by the signal
  if (child.exitCode === 0) return lines.join('\n');
  const tail = lines.slice(-SHOWN_LINES).join('\n');
  throw new Failed(`${[command, ...args].join(' ')} ended with ${child.exitCode ?? child.signalCode}:\n${tail}`);
}

export const hasEnded = ({ exitCode, signalCode }: ChildProcess): boolean => exitCode !== null || signalCode !== null;
