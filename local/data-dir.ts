import { randomBytes } from 'node:crypto';
import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Refusal } from './settings.ts';

/** The runner's own files: assembly, logs, samples, admin key. The emulators keep theirs beside them. */
export interface DataDir {
  path(name: string): string;
  /** Removes what was only for this run. */
  close(): void;
}

/** Throws a `Refusal` when it cannot be used. Without a folder, a temporary one is taken. */
export function openDataDir(dir: string | undefined): DataDir {
  if (dir !== undefined) {
    makeWritable(dir);
    return { path: (name) => join(dir, name), close: () => {} };
  }
  const temporary = mkdtempSync(join(tmpdir(), 'event-fanout-'));
  return { path: (name) => join(temporary, name), close: () => rmSync(temporary, { recursive: true, force: true }) };
}

function makeWritable(dir: string): void {
  try {
    mkdirSync(dir, { recursive: true, mode: 0o700 });
    accessSync(dir, constants.W_OK | constants.X_OK);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : '';
    const isFile = code === 'EEXIST' || code === 'ENOTDIR';
    throw new Refusal(`FANOUT_DATA: ${dir} ${isFile ? 'is not a folder' : `cannot be written to (${String(code)})`}.`);
  }
}

export interface AdminKey {
  value: string;
  /** What to put into a shell command so that the key itself is not in it, wherever that is possible. */
  inShell: string;
  /** Where it is, for people. */
  where: string;
}

/** The given key, or one made at the first start and kept in `file`; without a file, one for this run. */
export function adminKeyFor(given: string | undefined, file: string | undefined): AdminKey {
  if (given !== undefined) return { value: given, inShell: '$FANOUT_ADMIN_KEY', where: 'the one in FANOUT_ADMIN_KEY' };
  const made = randomBytes(32).toString('base64url');
  if (file === undefined) return { value: made, inShell: made, where: `${made} (for this run only: nothing is kept)` };

  if (!existsSync(file)) writeFileSync(file, made, { mode: 0o600 });
  return { value: readFileSync(file, 'utf8').trim(), inShell: `$(cat ${shellQuoted(file)})`, where: `in ${file}` };
}

export const shellQuoted = (text: string): string =>
  /^[\w./:@-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
