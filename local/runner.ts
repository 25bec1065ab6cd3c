import { devNull } from 'node:os';
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { ACCOUNT, REGION } from './aws/identity.ts';
import type { Emulators } from './emulators.ts';
import { startHttpApi, type HttpApi } from './http-api.ts';
import { Pool, type FunctionSpec } from './invoke.ts';
import type { Logs } from './logs.ts';
import { Loop } from './loop.ts';
import { readTemplate } from './template.ts';
import { wire, type Schedule, type Wiring } from './wiring.ts';

export interface RunnerOptions {
  host: string;
  port: number;
  emulators: Emulators;
  /** The folder of the cloud assembly. It must stay: code is loaded from it whenever more environments are needed. */
  assembly: string;
  /** The value of every secret that the template declares. */
  adminKey: string;
  logs: Logs;
  /** So many of each function stand ready and take turns; undefined: one does, and more are made when they are needed. */
  environments?: number | undefined;
  /** Told of failed invocations and of whatever else should not happen. */
  report(trouble: string): void;
}

/** The deployed thing, on one machine. */
export interface Runner {
  port: number;
  /** The names of the buses that rules listen to. */
  buses: string[];
  /** Takes no more requests and messages, and resolves when what runs has ended. */
  stop(): Promise<void>;
}

const CREDENTIALS = { accessKeyId: 'local', secretAccessKey: 'local' };

/** Plays a cloud assembly: every queue, table, rule, function, mapping, schedule and route that its template names. */
export async function startRunner(options: RunnerOptions): Promise<Runner> {
  const { emulators, assembly, host, port } = options;
  const endpoint = emulators.endpoints.sqs;
  const queueUrl = (name: string): string => `${endpoint}/${ACCOUNT}/${name}`;
  const wiring = wire(readTemplate(assembly), { queueUrl, environment: environmentFor(emulators) });
  await declare(wiring, options);

  const functions = new Functions(wiring.functions, options);
  const api = await startHttpApi({ routes: wiring.routes, host, port, invoke: functions.invoke });
  const sqs = new SQSClient({
    region: REGION,
    credentials: CREDENTIALS,
    endpoint,
    useQueueUrlAsEndpoint: false,
    md5: false,
  });
  const loops = wiring.mappings.map(({ functionName, ...mapping }) => {
    const invoke = (event: unknown): Promise<unknown> => functions.invoke(functionName, event);
    return new Loop(mapping, { sqs, invoke, report: (trouble) => functions.report(functionName, trouble) });
  });
  const clocks = wiring.schedules.map((schedule) => startClock(schedule, { sqs, report: options.report }));
  functions.warm();
  const buses = [...new Set(wiring.rules.map(({ busName }) => busName))];
  return { port: api.port, buses, stop: () => stop({ api, clocks, loops, functions, sqs }) };
}

async function declare(
  { queues, tables, secrets, topics, rules }: Wiring,
  { emulators, adminKey, logs }: RunnerOptions,
): Promise<void> {
  const notices = logs.open('notices');
  for (const queue of queues) emulators.ensureQueue(queue);
  for (const name of secrets) emulators.ensureSecret({ name, value: adminKey });
  for (const name of topics)
    emulators.ensureTopic({ name, take: (message) => notices(JSON.stringify({ topic: labelOf(name), ...message })) });
  emulators.setRules(rules);
  await Promise.all(tables.map(emulators.ensureTable));
}

interface Parts {
  api: HttpApi;
  clocks: NodeJS.Timeout[];
  loops: Loop[];
  functions: Functions;
  sqs: SQSClient;
}

async function stop({ api, clocks, loops, functions, sqs }: Parts): Promise<void> {
  clocks.forEach((clock) => clearInterval(clock));
  await Promise.all([api.stop(), ...loops.map((loop) => loop.stop())]);
  await functions.stop();
  sqs.destroy();
}

/** Sends once at once: what came due while nothing ran here should not wait for the first round. */
function startClock(schedule: Schedule, { sqs, report }: { sqs: SQSClient; report(trouble: string): void }) {
  const { name, queueUrl, everyMs, body } = schedule;
  const send = (): void =>
    void sqs
      .send(new SendMessageCommand({ QueueUrl: queueUrl, MessageBody: body }))
      .catch((error: unknown) => report(`${labelOf(name)}: ${String(error)}`));
  send();
  return setInterval(send, everyMs);
}

/** What Lambda sets for every function, and the way to the services here. Files of this machine's AWS tools must not count. */
const environmentFor = ({ endpoints }: Emulators): Record<string, string> => ({
  AWS_REGION: REGION,
  AWS_DEFAULT_REGION: REGION,
  AWS_ACCESS_KEY_ID: CREDENTIALS.accessKeyId,
  AWS_SECRET_ACCESS_KEY: CREDENTIALS.secretAccessKey,
  AWS_CONFIG_FILE: devNull,
  AWS_SHARED_CREDENTIALS_FILE: devNull,
  AWS_EC2_METADATA_DISABLED: 'true',
  AWS_ENDPOINT_URL: endpoints.other,
  AWS_ENDPOINT_URL_SQS: endpoints.sqs,
  AWS_ENDPOINT_URL_DYNAMODB: endpoints.dynamodb,
  AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
});

/** The functions by name. Their troubles are told under the logical id without CDK's hash. */
class Functions {
  readonly #pools: Map<string, Pool>;
  readonly #report: (trouble: string) => void;

  constructor(
    specs: readonly FunctionSpec[],
    { logs, environments, report }: Pick<RunnerOptions, 'logs' | 'environments' | 'report'>,
  ) {
    const poolOf = (spec: FunctionSpec): Pool =>
      new Pool(spec, {
        write: logs.open(labelOf(spec.name)),
        ...(environments !== undefined && { standing: environments }),
      });
    this.#pools = new Map(specs.map((spec) => [spec.name, poolOf(spec)]));
    this.#report = report;
  }

  readonly invoke = async (name: string, event: unknown): Promise<unknown> => {
    const pool = this.#pools.get(name);
    if (!pool) throw new Error(`the template names no function ${name}`);
    try {
      return await pool.invoke(event);
    } catch (error) {
      this.report(name, error instanceof Error ? error.message : String(error));
      throw error;
    }
  };

  report(name: string, trouble: string): void {
    this.#report(`${labelOf(name)}: ${trouble}`);
  }

  /** A bundle that does not load is reported when it is invoked. */
  warm(): void {
    for (const pool of this.#pools.values()) pool.warm().catch(() => {});
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#pools.values()].map((pool) => pool.stop()));
  }
}

const labelOf = (name: string): string => name.replace(/[0-9A-F]{8}$/, '');
