import { setImmediate as turn } from 'node:timers/promises';
import type { Clock } from './make.ts';

interface Timer {
  at: number;
  /** Those of the same moment fire in the order in which they were set. */
  order: number;
  fire(): void;
}

/**
 * Time that passes only while nothing has anything to do: however slow or busy the machine is, what takes no time here takes none. Work
 * of the machine itself, calls of a database for instance, says so with `working`, and is over before the next timer fires.
 */
export class VirtualTime implements Clock {
  #now: number;
  #made = 0;
  #working = 0;
  /** The next one last. */
  readonly #timers: Timer[] = [];

  constructor(from: string) {
    this.#now = Date.parse(from);
  }

  readonly now = (): Date => new Date(this.#now);

  advance(): never {
    throw new Error('this clock goes by itself');
  }

  /** Calls back in so many milliseconds unless it is called off first. */
  after(ms: number, then: () => void): () => void {
    const timer = { at: this.#now + Math.max(ms, 0), order: ++this.#made, fire: then };
    this.#timers.splice(this.#placeOf(timer), 0, timer);
    return () => {
      const place = this.#placeOf(timer);
      if (this.#timers[place] === timer) this.#timers.splice(place, 1);
    };
  }

  readonly sleep = (ms: number): Promise<void> => new Promise((resolve) => this.after(ms, resolve));

  /** Real work, which takes no time. */
  async working<T>(work: () => Promise<T>): Promise<T> {
    this.#working += 1;
    try {
      return await work();
    } finally {
      this.#working -= 1;
    }
  }

  /** Lets so many milliseconds pass. What is due in that time happens, and waits for the timers of this process are waits of this time. */
  async pass(ms: number): Promise<void> {
    const until = this.#now + ms;
    const takeBack = this.#takeTimers();
    try {
      for (;;) {
        await this.#rest();
        const next = this.#timers.at(-1);
        if (next === undefined || next.at > until) break;
        this.#timers.pop();
        this.#now = next.at;
        next.fire();
      }
    } finally {
      takeBack();
    }
    this.#now = until;
  }

  /** Resolves when nobody does anything but wait for a timer. */
  async #rest(): Promise<void> {
    for (let quiet = 0; quiet < 2;) {
      await turn();
      quiet = this.#working === 0 ? quiet + 1 : 0;
    }
  }

  /** Where it stands or would stand: by bisection, for there are thousands. */
  #placeOf({ at, order }: Timer): number {
    let [low, high] = [0, this.#timers.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      const one = this.#timers[middle];
      if (one !== undefined && (one.at > at || (one.at === at && one.order > order))) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** `setTimeout` is this clock's until it is given back. */
  #takeTimers(): () => void {
    const { setTimeout, clearTimeout } = globalThis;
    const after = this.after.bind(this);
    class Handle {
      #callOff: () => void;
      constructor(ms: number, fire: () => void) {
        this.#callOff = after(ms, fire);
      }
      close(): void {
        this.#callOff();
      }
      ref = (): this => this;
      unref = (): this => this;
      hasRef = (): boolean => true;
    }
    const set = (fire: (...args: unknown[]) => void, ms = 0, ...args: unknown[]): unknown =>
      new Handle(ms, () => fire(...args));
    const clear = (handle: unknown): void => {
      if (handle instanceof Handle) handle.close();
      else clearTimeout(handle as NodeJS.Timeout);
    };
    Object.assign(globalThis, { setTimeout: set, clearTimeout: clear });
    return () => Object.assign(globalThis, { setTimeout, clearTimeout });
  }
}
