import type { Clock } from './make.ts';

/** A message that a receiver holds: hidden from others until the queue's time is up or it is removed. */
export interface Held {
  id: string;
  body: string;
  receiveCount: number;
}

export interface QueueOptions {
  clock: Clock;
  visibilitySeconds: number;
  /** What is received more often goes to the dead queue. */
  maxReceiveCount?: number;
}

const ASCII = /^[\x20-\x7e]*$/;

/** A standard SQS queue whose clock is a value: at least once, redelivered with its receive count, dead after five. */
export class InMemoryQueue {
  readonly dead: string[] = [];
  /** Everything that was ever sent to it. */
  readonly taken: string[] = [];
  #messages: (Held & { visibleAt: number })[] = [];
  #made = 0;
  readonly #options: QueueOptions;

  constructor(options: QueueOptions) {
    this.#options = options;
  }

  get #now(): number {
    return this.#options.clock.now().getTime();
  }

  send(body: string, delaySeconds = 0): void {
    if (!ASCII.test(body)) throw new Error('queues get ASCII only');
    if (!Number.isInteger(delaySeconds) || delaySeconds < 0 || delaySeconds > 900) {
      throw new Error(`DelaySeconds is 0 to 900, not ${delaySeconds}`);
    }
    const id = `message-${++this.#made}`;
    this.taken.push(body);
    this.#messages.push({ id, body, receiveCount: 0, visibleAt: this.#now + delaySeconds * 1000 });
  }

  /** At most ten that are visible now, as an event source mapping takes them. */
  receive(most = 10): Held[] {
    const visible = this.#messages.filter(({ visibleAt }) => visibleAt <= this.#now);
    for (const message of visible.filter(({ receiveCount }) => receiveCount >= (this.#options.maxReceiveCount ?? 5))) {
      this.dead.push(message.body);
      this.remove(message.id);
    }
    const held = this.#messages.filter(({ visibleAt }) => visibleAt <= this.#now).slice(0, most);
    for (const message of held) {
      message.receiveCount += 1;
      message.visibleAt = this.#now + this.#options.visibilitySeconds * 1000;
    }
    return held.map(({ id, body, receiveCount }) => ({ id, body, receiveCount }));
  }

  remove(id: string): void {
    this.#messages = this.#messages.filter((message) => message.id !== id);
  }

  get isEmpty(): boolean {
    return this.#messages.length === 0;
  }

  /** Everything in it, held and delayed ones as well. */
  get bodies(): string[] {
    return this.#messages.map(({ body }) => body);
  }

  /** When the next message can be received, in milliseconds since 1970; Infinity without one. */
  get nextAt(): number {
    return Math.min(...this.#messages.map(({ visibleAt }) => visibleAt));
  }
}
