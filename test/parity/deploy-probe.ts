/**
 * Deploys the probe where the usual variables of the CDK and the SDK lead (AWS_ENDPOINT_URL, AWS_REGION, credentials, and for TLS
 * AWS_CA_BUNDLE and NODE_EXTRA_CA_CERTS), on an account that was bootstrapped, and runs the cases of this folder against it:
 * `node test/parity/deploy-probe.ts`. Other arguments are for jest.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const env = { ...process.env, PROBE_TARGET: 'deployed' };

/** Gives what the stack tells. What the CDK says shows only when it fails. */
export function deployProbe(): Record<string, string> {
  const folder = mkdtempSync(join(tmpdir(), 'probe-'));
  const outputs = join(folder, 'outputs.json');
  try {
    const app = ['--app', `${process.execPath} test/parity/probe-stack.ts`, '--output', join(folder, 'cdk.out')];
    const quietly = ['--outputs-file', outputs, '--require-approval', 'never', '--no-notices'];
    const cdk = join(ROOT, 'node_modules/.bin/cdk');
    execFileSync(cdk, ['deploy', ...app, ...quietly], { cwd: ROOT, env, stdio: ['ignore', 'pipe', 'pipe'] });
    return (JSON.parse(readFileSync(outputs, 'utf8')) as { Probe: Record<string, string> }).Probe;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

if (import.meta.main) {
  const { ApiUrl = '' } = deployProbe();
  const cases = ['test', '--', 'test/parity', ...process.argv.slice(2)];
  const { status } = spawnSync('npm', cases, { cwd: ROOT, env: { ...env, PROBE_API_URL: ApiUrl }, stdio: 'inherit' });
  process.exitCode = status ?? 1;
}
