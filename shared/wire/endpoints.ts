import type { AddressGuard } from './address-guard.ts';
import { Connection, dialler } from './connection.ts';

const BUSY_AT_ONE = 64;
/** An environment has about 1,000 file descriptors, and the connections in use come on top. */
const KEPT_IN_ALL = 256;

/** The right to one connection to an endpoint until it is left. */
export interface Seat {
  readonly connection: Connection;
  leave(fate: 'keep' | 'cut'): void;
}

/**
 * The connections to one URL. Not to one origin: thousands of subscriptions may share a host, and a path that hangs must
 * not take the seats of its neighbours.
 */
class Endpoint {
  readonly kept: Connection[] = [];
  readonly #waiting: (() => void)[] = [];
  #busy = 0;

  get isUnused(): boolean {
    return this.#busy === 0 && this.kept.length === 0;
  }

  /** Waits for a free seat; rejects when the signal aborts first. */
  async sitDown(signal: AbortSignal | undefined): Promise<void> {
    if (this.#busy < BUSY_AT_ONE) {
      this.#busy += 1;
      return;
    }
    const turn = Promise.withResolvers<void>();
    this.#waiting.push(turn.resolve);
    const giveUp = (): void => {
      remove(this.#waiting, turn.resolve);
      turn.reject(signal?.reason);
    };
    signal?.addEventListener('abort', giveUp);
    await turn.promise.finally(() => signal?.removeEventListener('abort', giveUp));
  }

  /** A seat passes straight to who waits longest. */
  standUp(): void {
    const next = this.#waiting.shift();
    if (next) next();
    else this.#busy -= 1;
  }
}

function remove<T>(list: T[], item: T): boolean {
  const at = list.indexOf(item);
  if (at >= 0) list.splice(at, 1);
  return at >= 0;
}

/** Keeps connections open between requests, and bounds how many there are. */
export class Endpoints {
  readonly #dial;
  readonly #byUrl = new Map<string, Endpoint>();
  #kept = 0;

  constructor(guard: AddressGuard) {
    this.#dial = dialler(guard);
  }

  /** Waits for its turn where too many are at the endpoint already. */
  async seatAt(url: URL, signal?: AbortSignal): Promise<Seat> {
    signal?.throwIfAborted();
    const key = url.origin + url.pathname + url.search;
    const endpoint = this.#byUrl.get(key) ?? new Endpoint();
    this.#byUrl.set(key, endpoint);
    await endpoint.sitDown(signal);

    const open = (): Connection =>
      new Connection(url.origin, this.#dial, (closed) => {
        if (remove(endpoint.kept, closed)) this.#dropped(closed);
        this.#tidy(key, endpoint);
      });
    const connection = this.#takeKept(endpoint) ?? open();
    const leave = (fate: 'keep' | 'cut'): void => {
      if (fate === 'keep' && connection.isAlive && this.#kept < KEPT_IN_ALL) this.#keep(endpoint, connection);
      else connection.cut();
      endpoint.standUp();
      this.#tidy(key, endpoint);
    };
    return { connection, leave };
  }

  closeKept(): void {
    for (const { kept } of this.#byUrl.values()) for (const connection of kept.splice(0)) this.#dropped(connection);
    this.#byUrl.clear();
  }

  #keep(endpoint: Endpoint, connection: Connection): void {
    endpoint.kept.push(connection);
    this.#kept += 1;
  }

  #takeKept(endpoint: Endpoint): Connection | undefined {
    const connection = endpoint.kept.pop();
    if (connection) this.#kept -= 1;
    return connection;
  }

  #dropped(connection: Connection): void {
    this.#kept -= 1;
    connection.cut();
  }

  #tidy(key: string, endpoint: Endpoint): void {
    if (endpoint.isUnused && this.#byUrl.get(key) === endpoint) this.#byUrl.delete(key);
  }
}
