import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildSync, type BuildOptions } from 'esbuild';
import type { Stage } from '../shared/runtime/env.ts';
import { buildPortalPage } from './portal-page.ts';

/** Where the code of the functions lies, ready to be uploaded. */
export interface Bundles {
  /** The very file that every function imports as `#catalogue`. */
  catalogue: string;
  /** For each stage a folder with `index.mjs`, its map and, save for the portal, `catalogue.mjs` and `package.json`. */
  folders: Record<Stage, string>;
}

/**
 * Bundles the handlers of all stages, and a catalogue beside each: a handler finds it by the name `#catalogue` at run
 * time, so a team's own catalogue leaves `index.mjs` as it was, byte for byte.
 *
 * @param catalogue path of a module whose default export is a Catalogue
 * @param into a folder; what is written there is named by its content, and equal input gives equal content on any machine
 */
export function bundle(catalogue: string, into: string): Bundles {
  const beside: Files = {
    'catalogue.mjs': bundleCatalogue(catalogue),
    'package.json': Buffer.from(JSON.stringify({ type: 'module', imports: { '#catalogue': './catalogue.mjs' } })),
  };
  const handlers = bundleHandlers();
  const writeStage = (stage: Stage): string =>
    // The portal is the same whatever events there are.
    writeFolder(join(into, stage), { ...handlers[stage], ...(stage !== 'portal' && beside) });
  const folders = forEachStage(writeStage);
  return { folders, catalogue: join(folders.ingest, 'catalogue.mjs') };
}

type Files = Record<string, Uint8Array>;

/** Spelled out, so that a stage that is left out does not compile. */
const forEachStage = <T>(make: (stage: Stage) => T): Record<Stage, T> => ({
  ingest: make('ingest'),
  inbound: make('inbound'),
  match: make('match'),
  deliver: make('deliver'),
  sweep: make('sweep'),
  api: make('api'),
  portal: make('portal'),
});

const ROOT = fileURLToPath(new URL('..', import.meta.url));

const OPTIONS = {
  absWorkingDir: ROOT,
  bundle: true,
  write: false,
  outdir: 'out', // never made, but the paths inside the maps are relative to it: they name no folder of this machine
  outExtension: { '.js': '.mjs' },
  format: 'esm',
  platform: 'node',
  target: 'node24',
  mainFields: ['module', 'main'],
  external: ['#catalogue'],
  minify: true,
  logLevel: 'silent', // a failed build throws, with all messages in it
  // Packages that are CommonJS inside call `require`, which an ES module does not have.
  banner: { js: "import{createRequire as makeRequire}from'node:module';const require=makeRequire(import.meta.url);" },
} as const satisfies BuildOptions;

/** A second way into a stage stands in its folder. */
const HANDLERS = {
  ...forEachStage((stage) => `lambdas/${stage}/handler.ts`),
  inbound: 'lambdas/ingest/inbound/handler.ts',
};

let handlers: Record<Stage, Files> | undefined;

/** Once for the life of the process: handlers do not change while it synthesizes, however many apps it makes. */
const bundleHandlers = (): Record<Stage, Files> => (handlers ??= buildHandlers());

function buildHandlers(): Record<Stage, Files> {
  const entryPoints = forEachStage((stage) => ({ in: HANDLERS[stage], out: `${stage}/index` }));
  const { outputFiles } = buildSync({
    ...OPTIONS,
    entryPoints: Object.values(entryPoints),
    sourcemap: 'linked',
    sourcesContent: false,
    define: { PORTAL_PAGE: JSON.stringify(buildPortalPage()) },
  });
  return forEachStage((stage) => {
    const files = outputFiles.filter(({ path }) => path.startsWith(join(ROOT, 'out', stage, 'index')));
    return Object.fromEntries(files.map(({ path, contents }) => [basename(path), contents]));
  });
}

/** A file outside of this project has no `node_modules` of its own: it may import zod all the same. */
function bundleCatalogue(path: string): Uint8Array {
  const { outputFiles } = buildSync({ ...OPTIONS, entryPoints: [path], nodePaths: [join(ROOT, 'node_modules')] });
  const [file] = outputFiles;
  if (!file) throw new Error(`esbuild made nothing of ${path}`);
  return file.contents;
}

/** @returns the folder's path, which ends in the hash of what is in it */
function writeFolder(prefix: string, files: Files): string {
  const hash = createHash('sha256');
  for (const [name, contents] of Object.entries(files)) hash.update(`${name}\0${contents.length}\0`).update(contents);
  const folder = `${prefix}-${hash.digest('hex').slice(0, 16)}`;
  mkdirSync(folder, { recursive: true });
  for (const [name, contents] of Object.entries(files)) writeFileSync(join(folder, name), contents);
  return folder;
}
