import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const made: string[] = [];

/** A folder as the build leaves it for a function, with this source as its `index.mjs` and further files by name. */
export function makeBundle(source: string, files: Record<string, string> = {}): string {
  const folder = mkdtempSync(join(tmpdir(), 'bundle-'));
  made.push(folder);
  for (const [name, text] of Object.entries({ 'index.mjs': source, ...files })) writeFileSync(join(folder, name), text);
  return folder;
}

export const removeBundles = (): void =>
  made.splice(0).forEach((folder) => rmSync(folder, { recursive: true, force: true }));
