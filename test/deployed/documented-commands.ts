import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isWorthALine } from '../../deploy/cdk.ts';
import { run, type Environment } from '../../deploy/program.ts';
import { tell } from './step.ts';
import { makeRepository } from './working-tree.ts';

export interface Reading {
  /** The Markdown file, as somebody in a fresh clone finds it. */
  page: string;
  /** Takes the clone and what goes from one block to the next; it does not exist yet. */
  folder: string;
  environment: Environment;
  signal: AbortSignal;
}

/**
 * Does what a page says: gets the project and runs every `sh` block of the page in order, each in a bash of its own that ends at the
 * first failing command. What a block exports, its functions, and the folder it ends in are there in the next one, as in somebody's
 * terminal. NEXT and PREVIOUS name two releases.
 *
 * @throws Failed with the end of what the block printed
 */
export async function followPage({ page, folder, environment, signal }: Reading): Promise<void> {
  mkdirSync(folder);
  const clone = join(folder, 'event-fanout');
  const { previous, next } = await makeRepository(clone);
  const terminal = join(folder, 'terminal.sh');
  writeFileSync(terminal, '');
  const given = { ...environment, TERMINAL: terminal, PREVIOUS: previous, NEXT: next };
  for (const [index, block] of blocksOf(readFileSync(join(clone, page), 'utf8')).entries()) {
    const file = join(folder, `block-${index + 1}.sh`);
    writeFileSync(file, ['. "$TERMINAL"', withoutInstall(block), REMEMBER].join('\n'));
    block.split('\n').forEach((line) => tell(`$ ${line}`));
    const print = (line: string): void => (isWorthALine(line) ? tell(`  ${line}`) : undefined);
    await run({ command: 'bash', args: ['-euo', 'pipefail', file], cwd: clone, environment: given, print, signal });
  }
}

const REMEMBER = '{ declare -f; export -p; printf "cd %q\\n" "$PWD"; } > "$TERMINAL"\n';

/** The code blocks that are marked as `sh`. */
export const blocksOf = (markdown: string): string[] =>
  [...markdown.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, block = '']) => block.trimEnd());

/** The clone has our `node_modules` already, and half a minute of a package registry proves nothing about the page. */
function withoutInstall(block: string): string {
  const install = /^npm ci(?: && |$)/gm;
  if (install.test(block)) tell('SKIPPED: npm ci');
  return block.replaceAll(install, '');
}
