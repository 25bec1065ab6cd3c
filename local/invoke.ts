import { randomUUID } from 'node:crypto';
import { createInterface } from 'node:readline';
import type { EventLoopUtilization } from 'node:perf_hooks';
import type { Readable } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { isObject } from './json.ts';
import { isProcessorBusy } from './processor.ts';

/** What the template says about a function (AWS::Lambda::Function), with local values for what it refers to. */
export interface FunctionSpec {
  name: string;
  arn: string;
  /** The folder of its bundle. */
  code: string;
  /** File and export, for example `index.handler`. */
  handler: string;
  timeoutSeconds: number;
  memoryMb: number;
  /** All its environment variables; it sees none of the runner's. */
  env: Record<string, string>;
}

/** What passes between the threads. Events and results travel as JSON, so that nothing gets through that AWS would not carry. */
export type Request = { event: string; requestId: string; deadline: number };
export type Answer = { result: string } | { error: { name: string; message: string; stack?: string | undefined } };

/** The function threw, ran out of time, or its environment ended; `name` is what Lambda calls the type of the error. */
export class InvocationFailed extends Error {
  constructor(name: string, message: string, stack?: string) {
    super(message);
    this.name = name;
    this.stack = stack ?? `${name}: ${message}`; // the function's stack; ours would only mislead
  }
}

export interface PoolOptions {
  /** Takes each line the function prints, and the reason of each failed invocation. */
  write: (line: string) => void;
  mostEnvironments?: number;
  /** So many stand ready from the start, and take turns, so that none of them is colder than the others. */
  standing?: number;
  /** An environment that had nothing to do for this long is ended. */
  idleMs?: number;
}

/** Beyond this (each takes about 60 MB), invocations wait in line: nothing is throttled locally, it only takes longer. */
const MOST_ENVIRONMENTS = 40;
const IDLE_MS = 5 * 60_000;

/**
 * Lambda makes an environment for each invocation that finds none free. Two cores are only slowed down by that: where invocations
 * end soon, a few environments do more than many, so more are made only when nothing has ended for this long.
 */
const PATIENCE_MS = 300;
/** One for each core that such a machine has at least. */
const MOST_STARTING = 2;
/**
 * Where the processors are busy, all waits are long, and more environments make them longer. One now and then, for the busy may be
 * busy with something else.
 */
const BUSY_PAUSE_MS = 1_000;

/**
 * An invocation that did next to nothing for so long is held up by somebody else, a subscriber that hangs for instance, and its
 * environment works for nobody. So many others stand by then, before an invocation waits for them.
 */
const HELD_MS = 200;
const NEXT_TO_NOTHING = 0.3;
const STANDING_BY = 2;

/**
 * One function with its environments. Each serves one invocation at a time and is used again, the most recently used first. More
 * are made while invocations wait in vain.
 */
export class Pool {
  readonly #spec: FunctionSpec;
  readonly #options: Required<PoolOptions>;
  readonly #environments = new Set<Environment>();
  readonly #idle: Environment[] = [];
  readonly #line: PromiseWithResolvers<Environment>[] = [];
  readonly #running = new Set<Promise<unknown>>();
  #growing: Promise<void> | undefined;
  /** Environments whose invocation has lasted for long. */
  #held = 0;
  #startedAt = -Infinity;

  constructor(spec: FunctionSpec, options: PoolOptions) {
    this.#spec = spec;
    this.#options = { mostEnvironments: MOST_ENVIRONMENTS, standing: 1, idleMs: IDLE_MS, ...options };
  }

  /** Resolves to what the handler returned; throws an `InvocationFailed`. */
  invoke(event: unknown): Promise<unknown> {
    const run = this.#run(JSON.stringify(event)).finally(() => this.#running.delete(run));
    this.#running.add(run);
    return run;
  }

  /** How many environments have nothing to do. */
  get idle(): number {
    return this.#idle.length;
  }

  /** Has environments ready before an invocation needs them. */
  async warm(): Promise<void> {
    this.#giveBack(await this.#take());
    while (this.#environments.size < this.#options.standing) await this.#startOne();
  }

  /** Lets running invocations end, which their time-out makes sure of, and then ends all environments. */
  async stop(): Promise<void> {
    while (this.#running.size > 0) await Promise.allSettled(this.#running);
    await this.#growing;
    await Promise.all([...this.#environments].map((environment) => environment.end()));
  }

  async #run(event: string): Promise<unknown> {
    try {
      const environment = await this.#take();
      return JSON.parse(await this.#watched(environment, event).finally(() => this.#giveBack(environment)));
    } catch (error) {
      this.#options.write(failureOf(error).stack ?? '');
      throw error;
    }
  }

  async #watched(environment: Environment, event: string): Promise<string> {
    let held = 0;
    const look = (): void => {
      if (held > 0 || environment.utilization() > NEXT_TO_NOTHING) return;
      held = 1;
      this.#held += 1;
      void this.#start(this.#held + STANDING_BY - this.#environments.size);
    };
    environment.utilization();
    const timer = setInterval(look, HELD_MS);
    try {
      return await environment.invoke(event);
    } finally {
      clearInterval(timer);
      this.#held -= held;
    }
  }

  async #take(): Promise<Environment> {
    const warm = this.#options.standing > 1 ? this.#idle.shift() : this.#idle.pop();
    if (warm?.alive) {
      warm.keep();
      return warm;
    }
    if (warm) return this.#take(); // it is just being ended
    const place = Promise.withResolvers<Environment>();
    this.#line.push(place);
    this.#grow();
    return place.promise;
  }

  #giveBack(environment: Environment): void {
    if (!environment.alive) return;
    const next = this.#line.shift();
    if (next) return next.resolve(environment);
    this.#idle.push(environment);
    const { standing, idleMs } = this.#options;
    if (standing === 1 || this.#environments.size > standing) environment.endIn(idleMs);
  }

  #grow(): void {
    this.#growing ??= this.#startWhatIsMissing().finally(() => (this.#growing = undefined));
  }

  async #startWhatIsMissing(): Promise<void> {
    while (this.#line.length > 0 && this.#room > 0) {
      await this.#start(Math.min(await this.#howManyMore(), MOST_STARTING));
    }
  }

  /** One at first; later as many as wait in vain, which shows in the same one being first in line for a while. */
  async #howManyMore(): Promise<number> {
    if (this.#environments.size === 0) return 1;
    const first = this.#line[0];
    await pause(PATIENCE_MS);
    return first === this.#line[0] ? this.#line.length : 0;
  }

  get #room(): number {
    return this.#options.mostEnvironments - this.#environments.size;
  }

  async #start(count: number): Promise<void> {
    if (count < 1) return;
    // The first one is never put off: whoever waits for it would ask again at once, and again.
    const mayWait = this.#environments.size > 0 && performance.now() - this.#startedAt < BUSY_PAUSE_MS;
    if (mayWait && isProcessorBusy()) return;
    this.#startedAt = performance.now();
    await Promise.all(Array.from({ length: Math.min(count, this.#room) }, () => this.#startOne()));
  }

  async #startOne(): Promise<void> {
    const environment = new Environment(this.#spec, this.#options.write);
    this.#environments.add(environment);
    void environment.gone.then(() => this.#forget(environment));
    try {
      await environment.started;
      this.#giveBack(environment);
    } catch (error) {
      this.#line.shift()?.reject(error);
    }
  }

  #forget(environment: Environment): void {
    this.#environments.delete(environment);
    const at = this.#idle.indexOf(environment);
    if (at >= 0) this.#idle.splice(at, 1);
    this.#grow();
  }
}

/** A worker thread that runs `environment.ts`. */
class Environment {
  readonly started: Promise<string>;
  /** Resolves when the thread has ended, for whatever reason. */
  readonly gone: Promise<void>;
  alive = true;
  readonly #spec: FunctionSpec;
  readonly #worker: Worker;
  #expected: PromiseWithResolvers<string> | undefined;
  #retirement: NodeJS.Timeout | undefined;
  #utilization: EventLoopUtilization | undefined;

  constructor(spec: FunctionSpec, write: (line: string) => void) {
    this.#spec = spec;
    this.#worker = new Worker(new URL('./environment.ts', import.meta.url), {
      workerData: spec,
      env: spec.env,
      execArgv: [],
      stdout: true,
      stderr: true,
      resourceLimits: { maxOldGenerationSizeMb: spec.memoryMb },
    });
    for (const stream of [this.#worker.stdout, this.#worker.stderr]) eachLine(stream, write);
    this.#worker.on('message', (answer: Answer) => this.#settle(answer));
    this.#worker.on('error', (error: unknown) => this.#die(failureOf(error)));
    this.gone = new Promise((resolve) => {
      this.#worker.on('exit', (code) => {
        this.#die(new InvocationFailed('Runtime.ExitError', `Runtime exited with status ${code}`));
        resolve();
      });
    });
    this.started = this.#next();
  }

  async invoke(event: string): Promise<string> {
    const { timeoutSeconds } = this.#spec;
    const timer = setTimeout(() => {
      this.#die(new InvocationFailed('Sandbox.Timedout', `Task timed out after ${timeoutSeconds.toFixed(2)} seconds`));
      void this.#worker.terminate();
    }, timeoutSeconds * 1000);
    const request = { event, requestId: randomUUID(), deadline: Date.now() + timeoutSeconds * 1000 };
    this.#worker.postMessage(request satisfies Request);
    return this.#next().finally(() => clearTimeout(timer));
  }

  /** How much of the time since the last call it was at work, from 0 to 1. */
  utilization(): number {
    const { eventLoopUtilization } = this.#worker.performance;
    const now = eventLoopUtilization();
    const { utilization } = eventLoopUtilization(now, this.#utilization);
    this.#utilization = now;
    return utilization;
  }

  endIn(milliseconds: number): void {
    this.#retirement = setTimeout(() => void this.end(), milliseconds).unref();
  }

  keep(): void {
    clearTimeout(this.#retirement);
  }

  async end(): Promise<void> {
    this.alive = false;
    this.keep();
    await this.#worker.terminate();
  }

  #next(): Promise<string> {
    this.#expected = Promise.withResolvers();
    return this.#expected.promise;
  }

  #settle(answer: Answer): void {
    if ('result' in answer) this.#expected?.resolve(answer.result);
    else this.#expected?.reject(new InvocationFailed(answer.error.name, answer.error.message, answer.error.stack));
  }

  /** An environment that dies while idle fails nobody: what was expected of it has long been settled. */
  #die(reason: InvocationFailed): void {
    this.alive = false;
    this.#expected?.reject(reason);
  }
}

/** Node rebuilds an error of another thread as an object with the error's members. */
function failureOf(error: unknown): InvocationFailed {
  if (!isObject(error)) return new InvocationFailed('Runtime.Unknown', String(error));
  const { name, message, stack } = error as unknown as Error;
  return new InvocationFailed(name, message, stack);
}

function eachLine(stream: Readable, write: (line: string) => void): void {
  createInterface({ input: stream }).on('line', write);
}
