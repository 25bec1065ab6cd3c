import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { chromium, type Browser, type BrowserContextOptions, type Page } from 'playwright-core';

/** Debian's, Fedora's and macOS's; FANOUT_CHROMIUM names any other. */
const PLACES = [
  process.env['FANOUT_CHROMIUM'] ?? '',
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
];

/** Where Chromium is on this machine, if it is; a browser is not fetched by the way. */
export const chromiumPath = PLACES.find((place) => existsSync(place));

/** `npm run test:portal` wants a browser; elsewhere tests that need one may be skipped, and say so. */
export function whereThereIsABrowser(): boolean {
  if (chromiumPath !== undefined) return true;
  const text = 'There is no Chromium here, so the portal was not tried. Install one, or name it in FANOUT_CHROMIUM.';
  if (process.env['FANOUT_BROWSER'] === 'required') throw new Error(text);
  process.stderr.write(`\nSKIPPED: ${text}\n`);
  return false;
}

export const launch = (): Promise<Browser> =>
  // Tests run as root in containers, where Chromium has no sandbox of its own.
  chromium.launch({ executablePath: chromiumPath ?? '', args: ['--no-sandbox'] });

/** A page of a browser that has seen nothing before, and whatever went wrong in it. */
export interface Opened {
  page: Page;
  /** What it complained of: exceptions, errors in the console, what its policy refused. */
  complaints: string[];
  /** What it asked for, as `GET http://...`. */
  requests: string[];
}

export async function openPage(browser: Browser, url: string, options: BrowserContextOptions = {}): Promise<Opened> {
  const context = await browser.newContext({ viewport: { width: 1200, height: 900 }, ...options });
  const page = await context.newPage();
  // Before the test's own time is over, so that it says what it waited for.
  page.setDefaultTimeout(15_000);
  const complaints: string[] = [];
  const requests: string[] = [];
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text());
  });
  page.on('request', (request) => requests.push(`${request.method()} ${request.url()}`));
  await page.goto(url);
  return { page, complaints, requests };
}

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** What somebody who does not see it as we do cannot use, by the rules of WCAG 2.2 AA. */
export async function barriersOn(page: Page): Promise<string[]> {
  await page.evaluate(axe);
  return page.evaluate(async () => {
    const { axe } = globalThis as unknown as {
      axe: { run(options: object): Promise<{ violations: { id: string; nodes: { html: string }[] }[] }> };
    };
    const { violations } = await axe.run({ runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'] });
    return violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html}`));
  });
}
