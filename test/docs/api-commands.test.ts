import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { run } from '../../deploy/program.ts';
import { blocksOf } from '../deployed/documented-commands.ts';
import { startSystem } from '../support/running-system.ts';
import { startInbox } from '../support/subscriber.ts';

/** What the page needs and Node does not bring. */
const missing = ['bash', 'curl'].filter((program) => {
  try {
    execFileSync(program, ['--version'], { stdio: 'ignore' });
    return false;
  } catch {
    return true;
  }
});

/** Says what it leaves out, and why: `.ci/run` has everything. */
const withTools = missing.length === 0 ? test : test.skip;
if (missing.length > 0) console.warn(`SKIPPED: the commands of docs/api.md need ${missing.join(' and ')}`);

withTools(
  'every command of docs/api.md does what the page says, one after the other in one terminal',
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'event-fanout-api-md-'));
    const [system, inbox] = [await startSystem(), await startInbox()];
    const script = join(folder, 'page.sh');
    writeFileSync(script, blocksOf(readFileSync('docs/api.md', 'utf8')).join('\n\n'));
    const { PATH = '', HOME = '' } = process.env;
    const environment = {
      PATH,
      HOME,
      FANOUT_URL: system.url,
      FANOUT_ADMIN_KEY: system.adminKey,
      FANOUT_INBOX: inbox.url,
    };
    try {
      const signal = AbortSignal.timeout(60_000);
      await run({ command: 'bash', args: ['-euo', 'pipefail', script], environment, signal });
      // A test, and the event, once however often it was posted. What is asked for last may be cancelled by what comes after.
      const [tried, event] = await inbox.waitFor(2);
      expect(String(tried!.headers['webhook-id'])).toMatch(/^test_/);
      expect(event).toMatchObject({ method: 'PUT', headers: { 'webhook-id': expect.stringMatching(/^dlv_/) } });
    } finally {
      await inbox.close();
      await system.stop();
      rmSync(folder, { recursive: true });
    }
  },
  120_000,
);
