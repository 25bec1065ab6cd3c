import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/* `npm run test:deployed`: the end-to-end tests against what FANOUT_URL and FANOUT_ADMIN_KEY name. Arguments go to jest. */

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const JEST = ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning', 'node_modules/jest/bin/jest.js'];

/** A function that starts on a busy machine takes seconds, and an event passes several. */
const COLD_START_MS = '30000';

/** In one sentence; undefined where nothing is wrong. */
async function reasonNotTo(): Promise<string | undefined> {
  const { FANOUT_URL: url, FANOUT_ADMIN_KEY: key } = process.env;
  if (!url || !key)
    return 'FANOUT_URL and FANOUT_ADMIN_KEY must say which deployment to test, and its first admin key.';
  try {
    const { status } = await fetch(`${url}/healthz`);
    return status === 200 ? undefined : `GET ${url}/healthz answers ${status} and not 200.`;
  } catch (error) {
    const { cause } = error as { cause?: { code?: string } };
    const why = cause?.code ?? String(error);
    const hint = why.includes('CERT') ? ': NODE_EXTRA_CA_CERTS must name its certificate' : '';
    return `${url} does not answer (${why})${hint}.`;
  }
}

const reason = await reasonNotTo();
if (reason === undefined) {
  const args = [...JEST, 'test/flow', '--testTimeout', COLD_START_MS, ...process.argv.slice(2)];
  const { status } = spawnSync(process.execPath, args, {
    cwd: ROOT,
    env: { ...process.env, FANOUT_TARGET: 'deployed' },
    stdio: 'inherit',
  });
  process.exitCode = status ?? 1;
} else {
  console.error(`test:deployed: ${reason}`);
  process.exitCode = 1;
}
