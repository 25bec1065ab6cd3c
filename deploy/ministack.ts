import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { hasEnded, type Environment } from './program.ts';

export interface MinistackOptions {
  /** Where its programs are, see `installPython`. */
  programs: string;
  /** Holds all that it writes: its log, its certificate, the code of the functions. */
  folder: string;
  /** `enforced`: every call needs a grant, as on AWS. `ignored`: whoever asks may do everything. */
  iam: 'enforced' | 'ignored';
  signal?: AbortSignal;
}

/** An AWS of somebody else's making, in a process of its own, on loopback. It keeps nothing when it stops. */
export interface Ministack {
  /** Of every service: `https://localhost:<port>`. */
  endpoint: string;
  /** What a program needs to take it for AWS, and nothing that would lead it elsewhere. */
  environment: Environment;
  /** The same for clients of the AWS SDK in this process. */
  client: { endpoint: string; region: string; credentials: { accessKeyId: string; secretAccessKey: string } };
  /** Path of the certificate that callers have to trust; this process does already. */
  certificate: string;
  /** Path of what it prints. */
  log: string;
  /** Resolves when it has ended, by `stop` or by itself. */
  ended: Promise<unknown>;
  stop(): Promise<void>;
}

export const ACCOUNT = '000000000000';
export const REGION = 'us-east-1';

/** Half a second is usual; the rest is for a machine that is busy. */
const START_MS = 60_000;
/** Then it is killed: what it holds is thrown away in any case. */
const STOP_MS = 5_000;

/** Resolves when it answers. @throws Error with the end of its log when it does not start */
export async function startMinistack(options: MinistackOptions): Promise<Ministack> {
  const { folder, signal } = options;
  const port = await freePort();
  const log = join(folder, 'ministack.log');
  const child = launch(options, port, log);
  const ended = once(child, 'exit');
  const stop = (): Promise<void> => end(child);
  try {
    const certificate = certificateIn(folder);
    const endpoint = `https://localhost:${port}`;
    await becomesHealthy(child, { endpoint, certificate, signal });
    const environment = environmentOf(options, endpoint, certificate);
    const credentials = { accessKeyId: CREDENTIAL, secretAccessKey: CREDENTIAL };
    return { endpoint, environment, client: { endpoint, region: REGION, credentials }, certificate, log, ended, stop };
  } catch (cause) {
    await stop();
    throw new Error(`ministack did not start; it printed:\n${tailOf(log, 20)}`, { cause });
  }
}

const certificateIn = (folder: string): string => join(folder, 'tmp/ministack-tls/server.crt');

const CONFIGURATION = fileURLToPath(new URL('ministack_conf.py', import.meta.url));

/** By hypercorn, as its container image does, because its own `main` would listen on port 443 as well. */
function launch({ programs, folder, iam }: MinistackOptions, port: number, log: string): ChildProcess {
  const temporary = join(folder, 'tmp');
  mkdirSync(temporary, { recursive: true });
  const output = openSync(log, 'a');
  const server = ['-m', 'hypercorn', '--config', `file:${CONFIGURATION}`, '--workers', '0'];
  return spawn(
    join(programs, 'python'),
    [...server, '--keep-alive', '75', '--bind', `127.0.0.1:${port}`, 'ministack.app:app'],
    {
      stdio: ['ignore', output, output],
      cwd: folder,
      // Spelled out, because the functions inherit it: an AWS_ENDPOINT_URL of somebody's shell would lead them elsewhere.
      env: {
        PATH: pathBehind(programs),
        HOME: folder,
        TMPDIR: temporary,
        PYTHONDONTWRITEBYTECODE: '1', // beside our configuration
        // An issuer of tokens has to have the same certificate: there is no other that it would trust.
        SSL_CERT_FILE: certificateIn(folder),
        STATE_DIR: join(folder, 'state'),
        S3_DATA_DIR: join(folder, 's3'),
        BIND_HOST: '127.0.0.1',
        GATEWAY_PORT: String(port),
        // Queues and buckets refuse plain http, and ministack holds that wherever it enforces policies.
        USE_SSL: '1',
        AUTH: String(iam === 'enforced'),
        LAMBDA_EXECUTOR: 'local',
        IOT_MTLS_ENABLED: '0',
      },
    },
  );
}

/** The functions run with the Node that runs us. */
const pathBehind = (programs: string): string =>
  [dirname(process.execPath), programs, process.env['PATH'] ?? ''].join(':');

/** Any would do: with IAM enforced, it still stands for the account's root user. */
const CREDENTIAL = 'test';

/** Started from nothing, so that no profile, proxy or role of the machine's owner is used by mistake. */
function environmentOf({ programs, folder }: MinistackOptions, endpoint: string, certificate: string): Environment {
  const home = join(folder, 'home');
  mkdirSync(home, { recursive: true });
  // Whatever name an API has at AWS, curl finds it here, where no certificate can be for that name.
  writeFileSync(join(home, '.curlrc'), `connect-to = "::127.0.0.1:${new URL(endpoint).port}"\ninsecure\n`);
  return {
    PATH: pathBehind(programs),
    HOME: home, // the CDK CLI keeps the account of each key there
    CI: 'true',
    AWS_ENDPOINT_URL: endpoint,
    AWS_ACCESS_KEY_ID: CREDENTIAL,
    AWS_SECRET_ACCESS_KEY: CREDENTIAL,
    AWS_REGION: REGION,
    AWS_DEFAULT_REGION: REGION,
    AWS_CONFIG_FILE: '/dev/null',
    AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_CA_BUNDLE: certificate,
    NODE_EXTRA_CA_CERTS: certificate,
    CDK_DEFAULT_ACCOUNT: ACCOUNT,
    CDK_DEFAULT_REGION: REGION,
    CDK_DISABLE_CLI_TELEMETRY: 'true',
  };
}

interface Waiting {
  endpoint: string;
  certificate: string;
  signal: AbortSignal | undefined;
}

async function becomesHealthy(child: ChildProcess, { endpoint, certificate, signal }: Waiting): Promise<void> {
  const giveUpAt = Date.now() + START_MS;
  while (!(existsSync(certificate) && (await answers(endpoint, certificate)))) {
    if (hasEnded(child)) throw new Error('it ended');
    if (Date.now() > giveUpAt) throw new Error(`no answer within ${START_MS} ms`);
    await pause(100, undefined, { signal });
  }
}

/** Makes this process trust the certificate on the way: the variable for it is read when a process starts, and only then. */
async function answers(endpoint: string, certificate: string): Promise<boolean> {
  try {
    setDefaultCACertificates([...new Set([...getCACertificates('default'), readFileSync(certificate, 'utf8')])]);
    return (await fetch(`${endpoint}/_ministack/health`)).ok;
  } catch {
    return false; // not yet: the certificate may be half written, and the port not open
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (hasEnded(child)) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  const kill = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
  await ended;
  clearTimeout(kill);
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await once(server.close(), 'close');
  return port;
}

export const tailOf = (file: string, lines: number): string =>
  existsSync(file) ? readFileSync(file, 'utf8').trimEnd().split('\n').slice(-lines).join('\n') : '';
