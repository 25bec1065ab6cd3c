/** What is thrown where a test lets something break. */
export class Injected extends Error {}

/**
 * Where something breaks. `dies`: the process is gone, and nothing it does afterwards has an effect. `fails`: this one call
 * rejects, and the process lives on. `before`: the effect was not done; `after`: it was done, and its answer is lost.
 */
export interface Fault {
  /**
   * An effect of the clean run, counted from 0, over all invocations. Here it is the one of that name that comes as the first, second,
   * third ... as it did there: what runs side by side may come in another order each time.
   */
  at: number;
  side: 'before' | 'after';
  kind: 'dies' | 'fails';
}

/** The effects of a stage: the verbs of its world that are awaited, in the order they began. */
export interface Effects {
  begun: string[];
  /** Those that answer a stream. */
  streams: Set<string>;
}

type Verb = (...args: unknown[]) => unknown;
type Stream = AsyncIterable<unknown>;

const countOf = (name: string, names: readonly string[]): number => names.filter((one) => one === name).length;

const isStream = (value: unknown): value is Stream =>
  typeof value === 'object' && value !== null && Symbol.asyncIterator in value;

async function* broken(stream: Stream | undefined, strike: () => void): AsyncGenerator {
  if (stream !== undefined) yield* stream;
  strike();
  throw new Injected();
}

/**
 * Watches the worlds of a stage's invocations. Without a plan it finds the stage's effects, so that a new verb counts by
 * itself; with the effects of such a run and a fault, it breaks one of them.
 */
export class Watch {
  readonly effects: Effects = { begun: [], streams: new Set() };
  /** The effect that broke, once it did. */
  struck: string | undefined;
  readonly #plan: { fault: Fault; known: Effects; onFault: () => void } | undefined;

  constructor(plan?: { fault: Fault; known: Effects; onFault: () => void }) {
    this.#plan = plan;
  }

  /** The world for one invocation: when it dies, the next one has its own. */
  enter<W extends object>(world: W): { world: W; isDead: () => boolean } {
    const life = { isDead: false };
    const watched = new Proxy(world, {
      get: (target, name) => {
        const verb: unknown = Reflect.get(target, name);
        if (typeof verb !== 'function' || typeof name !== 'string') return verb;
        return (...args: unknown[]) => this.#call(name, () => (verb as Verb)(...args), life);
      },
    });
    return { world: watched, isDead: () => life.isDead };
  }

  #call(name: string, run: () => unknown, life: { isDead: boolean }): unknown {
    if (this.#plan === undefined) return this.#learn(name, run());
    const { fault, known, onFault } = this.#plan;
    if (!known.begun.includes(name)) return run();
    const answersStream = known.streams.has(name);
    const fail = (result: unknown, strike: () => void): unknown => {
      if (answersStream) return broken(isStream(result) ? result : undefined, strike);
      return Promise.resolve(result).then(() => {
        strike();
        throw new Injected();
      });
    };
    if (life.isDead) return fail(undefined, () => {});
    this.effects.begun.push(name);
    const there = known.begun.slice(0, fault.at + 1);
    if (name !== known.begun[fault.at] || countOf(name, this.effects.begun) !== countOf(name, there)) return run();

    const strike = (): void => {
      this.struck = name;
      life.isDead = fault.kind === 'dies';
      onFault();
    };
    if (fault.side === 'after') return fail(run(), strike);
    strike();
    return fail(undefined, () => {});
  }

  #learn(name: string, result: unknown): unknown {
    if (isStream(result)) this.effects.streams.add(name);
    if (isStream(result) || result instanceof Promise) this.effects.begun.push(name);
    return result;
  }
}
