import { isDeepStrictEqual } from 'node:util';
import { fileURLToPath } from 'node:url';
import { run, type Environment } from '../../deploy/program.ts';

const INVENTORY = fileURLToPath(new URL('inventory.py', import.meta.url));

/** What an account holds: names by kind. */
export type Inventory = Record<string, string[]>;

export async function inventoryOf(environment: Environment, signal: AbortSignal): Promise<Inventory> {
  return JSON.parse(await run({ command: 'python', args: [INVENTORY], environment, signal })) as Inventory;
}

/** @throws Error that names what is there now and was not before, or no more */
export function expectSame(before: Inventory, now: Inventory): void {
  if (isDeepStrictEqual(before, now)) return;
  const missingIn = (some: Inventory, all: Inventory): string[] =>
    Object.entries(all).flatMap(([kind, names]) =>
      names.filter((name) => !some[kind]?.includes(name)).map((name) => `  ${kind}: ${name}`),
    );
  const lines = ['Left behind:', ...missingIn(before, now), 'Gone, though not ours:', ...missingIn(now, before)];
  throw new Error(lines.join('\n'));
}
