import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { ACCOUNT, REGION, type Ministack } from './ministack.ts';
import { run } from './program.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const CLI = join(ROOT, 'node_modules/aws-cdk/bin/cdk');

/** A small stack that goes away whole and may send to this machine. */
const SETTINGS = ['-c', 'stage=dev', '-c', 'allowPrivateTargets=true'];

export interface CdkOptions {
  ministack: Ministack;
  /** Takes the assemblies: builds of others in the project's own `cdk.out` must not come between. */
  folder: string;
  /** Beside a developer's own, as the CLI has them: `-c`, `name=value` ... */
  settings?: readonly string[];
  /** Is called with what is worth a line; what the CLI printed last is in the error when it fails. */
  print(line: string): void;
}

/** What has been deployed. */
export interface Deployment {
  /** Where the API answers. */
  url: string;
  adminKey: string;
  /** The value of an output, whichever stack has it. @throws Error where there is none of this name */
  output(name: string): string;
}

export interface Running {
  /** The project's folder, where it is a copy. */
  from?: string;
  /** Beside those of all deployments. */
  settings?: readonly string[];
  signal?: AbortSignal;
}

/** The pinned CDK CLI, on all stacks of the project and with a developer's settings. Each verb throws `Failed`. */
export function cdkOn({ ministack, folder, settings = [], print }: CdkOptions) {
  const { environment } = ministack;
  const assembly = join(folder, 'cdk.out');

  const cdk = (args: readonly string[], { from = ROOT, signal }: Running): Promise<string> =>
    run({
      command: process.execPath,
      args: [CLI, ...args, '--no-notices', '--output', assembly],
      cwd: from,
      environment,
      print: (line) => isWorthALine(line) && print(line.trimEnd()),
      ...(signal && { signal }),
    });

  return {
    async bootstrap(running: Running = {}): Promise<void> {
      await cdk(['bootstrap', `aws://${ACCOUNT}/${REGION}`], running);
    },

    async deploy(running: Running = {}): Promise<Deployment> {
      const file = join(folder, 'outputs.json');
      const approved = ['--require-approval', 'never'];
      const chosen = [...SETTINGS, ...settings, ...(running.settings ?? [])];
      await cdk(['deploy', '--all', ...chosen, ...approved, '--outputs-file', file], running);
      const output = readOutputs(file);
      const adminKey = await readSecret(ministack, output('AdminKeySecretArn'));
      return { url: urlOf(ministack.endpoint, output('ApiUrl')), adminKey, output };
    },

    /** Fails when what is deployed differs from what the project says. */
    async diff(running: Running = {}): Promise<void> {
      const chosen = [...SETTINGS, ...settings, ...(running.settings ?? [])];
      await cdk(['diff', '--fail', ...chosen], running); // of all stacks: it knows no --all
    },

    /** Takes away what was synthesized last. */
    async destroy(running: Running = {}): Promise<void> {
      await cdk(['destroy', '--all', '--force', '--app', assembly], running);
    },
  };
}

/** Of each of a hundred assets and resources the CLI says when it begins and when it ends, and then come dozens of outputs. */
export const isWorthALine = (line: string): boolean =>
  line.trim() !== '' &&
  !/ \| +\d+(?:\/\d+)? \| .*_(?:IN_PROGRESS|COMPLETE|SKIPPED) |\b(?:start|success): |^\w+\.\w+ = |^Outputs:|^Stack ARN:|^arn:/.test(
    line,
  );

export type Cdk = ReturnType<typeof cdkOn>;

type Outputs = Record<string, Record<string, string>>;

function readOutputs(file: string): (name: string) => string {
  const stacks = Object.values(JSON.parse(readFileSync(file, 'utf8')) as Outputs);
  return (name) => {
    const value = stacks.map((outputs) => outputs[name]).find((found) => found !== undefined);
    if (value === undefined) throw new Error(`No stack has an output ${name}.`);
    return value;
  };
}

async function readSecret({ client }: Ministack, SecretId: string): Promise<string> {
  const manager = new SecretsManagerClient(client);
  const { SecretString } = await manager.send(new GetSecretValueCommand({ SecretId }));
  if (SecretString === undefined) throw new Error(`${SecretId} holds no text.`);
  return SecretString;
}

/**
 * AWS has a host name for each API; ministack answers under a path as well, which needs no name to resolve and leaves leading
 * slashes whole.
 */
export function urlOf(endpoint: string, apiUrl: string): string {
  const [api = ''] = new URL(apiUrl).hostname.split('.');
  return `${endpoint.replace('localhost', '127.0.0.1')}/_aws/execute-api/${api}/$default`;
}
