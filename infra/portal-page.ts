import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { buildSync } from 'esbuild';

/** The page that portal sessions lead to, whole: it loads nothing else. */
export interface PortalPage {
  html: string;
  /** The same as gzip in base64, as a function may answer it. */
  gzipped: string;
  /** Of the script and the style in it, for a content security policy that lets nothing else run: `sha256-...`. */
  scriptHash: string;
  styleHash: string;
  /** Another one for every other page. */
  etag: string;
}

const FOLDER = fileURLToPath(new URL('../portal', import.meta.url));

/** As its users' browsers are: those of the last two years. */
const TARGET = ['es2023', 'chrome123', 'firefox120', 'safari17.5'];

const sha256 = (text: string): string => createHash('sha256').update(text).digest('base64');

/** @throws where the page's sources do not build */
export function buildPortalPage(): PortalPage {
  const [script, style] = ['main.tsx', 'style.css'].map(built);
  if (script === undefined || style === undefined) throw new Error('the page has a script and a style');
  const html = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Webhooks</title>
<link rel="icon" href="data:,">
<style>${style}</style>
</head>
<body>
<div id="app"></div>
<noscript>This page needs JavaScript.</noscript>
<script type="module">${script}</script>
</body>
</html>
`;
  return {
    html,
    gzipped: gzipSync(html, { level: 9 }).toString('base64'),
    scriptHash: `sha256-${sha256(script)}`,
    styleHash: `sha256-${sha256(style)}`,
    etag: `"${sha256(html).slice(0, 22)}"`,
  };
}

function built(entry: string): string {
  const { outputFiles } = buildSync({
    absWorkingDir: FOLDER,
    entryPoints: [join(FOLDER, entry)],
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'browser',
    target: TARGET,
    jsx: 'automatic',
    jsxImportSource: 'preact',
    minify: true,
    legalComments: 'none',
    logLevel: 'silent', // a failed build throws, with all messages in it
  });
  const text = outputFiles[0]?.text.trim() ?? '';
  // Such a text would end the element that it stands in.
  if (/<\/(script|style)/i.test(text)) throw new Error(`${entry} holds the end of its own element`);
  return text;
}
