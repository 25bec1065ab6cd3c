import {
  appendFileSync,
  cpSync,
  existsSync,
  globSync,
  mkdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run } from '../../deploy/program.ts';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** Whoever owns the folder, and with nobody's configuration. */
const git = (cwd: string, ...args: string[]): Promise<string> =>
  run({
    command: 'git',
    args: ['-c', 'safe.directory=*', ...args],
    cwd,
    environment: { PATH: process.env['PATH'] ?? '' },
  });

/** The project as it lies here, with what is not committed yet, in a folder of its own. It shares our `node_modules`. */
export async function copyWorkingTree(into: string): Promise<void> {
  const listed = await git(ROOT, 'ls-files', '-z', '--cached', '--others', '--exclude-standard');
  const files = listed.split('\0').filter((file) => file !== '' && existsSync(join(ROOT, file))); // a deleted one is listed too
  for (const file of files) {
    mkdirSync(dirname(join(into, file)), { recursive: true });
    cpSync(join(ROOT, file), join(into, file));
  }
  symlinkSync(join(ROOT, 'node_modules'), join(into, 'node_modules'));
}

/** Makes the code of every function another one. Subscribers see in `user-agent` which of them it is that sends. */
export function changeCode(folder: string): void {
  for (const handler of globSync('lambdas/**/handler.ts', { cwd: folder }))
    appendFileSync(join(folder, handler), "\nexport const deployed = 'again';\n");
  const { version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  for (const file of ['package.json', 'shared/domain/version.ts']) {
    const path = join(folder, file);
    writeFileSync(path, readFileSync(path, 'utf8').replaceAll(version, `${version}-again`));
  }
}

/** What an upgrade goes between: revisions to check out. */
export interface Releases {
  /** The project as it lies here. */
  previous: string;
  /** The same with other code. */
  next: string;
}

/** A repository as whoever clones the project has one, with two releases, of which the first is checked out. */
export async function makeRepository(into: string): Promise<Releases> {
  await git(ROOT, 'init', '--quiet', into);
  await copyWorkingTree(into);
  const previous = await commit(into);
  changeCode(into);
  const next = await commit(into);
  await git(into, 'checkout', '--quiet', '--detach', previous);
  return { previous, next };
}

async function commit(folder: string): Promise<string> {
  const somebody = ['-c', 'user.name=deploy:check', '-c', 'user.email=check@example.com'];
  await git(folder, 'add', '--all');
  await git(folder, ...somebody, 'commit', '--quiet', '--message', 'A release');
  return git(folder, 'rev-parse', 'HEAD');
}
