import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

/** Where the emulators keep their files. */
export interface DataFolder {
  /** Absolute or relative path of a file or folder in it; undefined when nothing is kept. */
  path(name: string): string | undefined;
  /** 32 bytes that encrypt what KMS would; the same ones for the life of the folder. */
  masterKey: Buffer;
  release(): void;
}

/** Takes the folder for this process alone. Without one, nothing is kept. Throws when another process holds it. */
export function openDataFolder(dir: string | undefined): DataFolder {
  if (dir === undefined) return { path: () => undefined, masterKey: randomBytes(32), release: () => {} };

  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const lock = takeLock(dir);
  return { path: (name) => join(dir, name), masterKey: masterKeyIn(dir), release: () => lock.close() };
}

/**
 * SQLite locks a file through the kernel, which lets go whenever the process ends, kill -9 included. So there is no stale lock to
 * guess about, as there would be with a process number that another program may have by now: `pid` is for the message only.
 */
function takeLock(dir: string): DatabaseSync {
  const lock = new DatabaseSync(join(dir, 'lock'));
  const pid = join(dir, 'pid');
  try {
    lock.exec('BEGIN EXCLUSIVE');
  } catch (cause) {
    lock.close();
    const holder = existsSync(pid) ? ` (process ${readFileSync(pid, 'utf8')})` : '';
    throw new Error(`The data folder ${dir} is in use${holder}: stop that process, or choose another folder.`, {
      cause,
    });
  }
  writeFileSync(pid, String(process.pid));
  return lock;
}

function masterKeyIn(dir: string): Buffer {
  const file = join(dir, 'kms.key');
  if (!existsSync(file)) {
    // Renamed into place, so that a crash cannot leave half a key behind.
    writeFileSync(`${file}.new`, randomBytes(32), { mode: 0o600 });
    renameSync(`${file}.new`, file);
  }
  const key = readFileSync(file);
  if (key.length !== 32)
    throw new Error(`${file} is not a key of 32 bytes: what it encrypted cannot be read without it.`);
  return key;
}
