import { isIP, Socket } from 'node:net';
import { buildConnector, Client, errors, type Dispatcher } from 'undici';
import { AddressNotAllowed, type AddressGuard } from './address-guard.ts';

const HEAD_BYTES = 16 * 1024;
/** Of a body, its framing included: an excerpt needs no more, and a longer one costs the connection. */
const BODY_BYTES = 16 * 1024;
/** Below the five seconds after which many servers close an idle connection. */
const KEPT_MS = 4_000;
/** A bound for sockets that outlive their request; the request's own deadline comes first. */
const CONNECT_MS = 30_000;

const CLIENT: Client.Options = {
  allowH2: false,
  pipelining: 1,
  keepAliveTimeout: KEPT_MS,
  keepAliveMaxTimeout: KEPT_MS,
  maxHeaderSize: HEAD_BYTES,
  // One deadline over everything is kept by the caller.
  headersTimeout: 0,
  bodyTimeout: 0,
};

export type Dial = (options: buildConnector.Options, callback: buildConnector.Callback) => unknown;

/** Names are checked by the guard's look-up. It is never called for a literal address, so those are checked here. */
export function dialler(guard: AddressGuard): Dial {
  const dial = buildConnector({ allowH2: false, minVersion: 'TLSv1.2', lookup: guard.lookup, timeout: CONNECT_MS });
  return (options, callback) => {
    if (isIP(options.hostname) === 0 || guard.admitsAddress(options.hostname)) return dial(options, callback);
    queueMicrotask(() => callback(new AddressNotAllowed(), null));
  };
}

const EMPTY: Buffer = Buffer.alloc(0);
const INTERIM = /^HTTP\/1\.[01] 1(?!01)\d\d/;
const INTERIM_LENGTH = 'HTTP/1.1 100'.length;
const isStartOfInterim = (text: string): boolean => /^HTTP\/1\.[01] 1$/.test(text + 'HTTP/1.1 1'.slice(text.length));

/**
 * Drops interim answers in front of the real one. RFC 9110 15.2 makes clients skip what they did not ask for; undici
 * fails a request on an unasked `100 Continue`, which real servers send.
 */
class InterimAnswers {
  #held = EMPTY;

  /** What the parser may see of the bytes so far, or undefined while that is not known. */
  pass(chunk: Buffer): Buffer | undefined {
    this.#held = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk]);
    for (;;) {
      const start = this.#held.toString('latin1', 0, INTERIM_LENGTH);
      if (!isStartOfInterim(start.slice(0, 10)) || (start.length === INTERIM_LENGTH && !INTERIM.test(start)))
        return this.#held;
      const end = this.#held.indexOf('\r\n\r\n');
      if (end < 0) return this.#held.length > HEAD_BYTES ? this.#held : undefined;
      this.#held = this.#held.subarray(end + 4);
    }
  }
}

/** One kept-alive connection that never carries two requests at once. */
export class Connection {
  readonly #client: Client;
  #socket: Socket | undefined;
  #carried = 0;
  #received = 0;
  #limit = HEAD_BYTES;
  #interim: InterimAnswers | undefined;

  constructor(origin: string, dial: Dial, onClosed: (connection: Connection) => void) {
    this.#client = new Client(origin, {
      ...CLIENT,
      connect: (options, callback) => {
        const dialled = dial(options, (...[error, socket]) => {
          if (error) return callback(error, null);
          callback(null, this.#adopt(socket));
        });
        // undici hands the socket out at once although its types do not say so. Without it, one that is still
        // connecting would only end with its own time-out.
        this.#socket = dialled instanceof Socket ? dialled : undefined;
      },
    });
    this.#client.on('disconnect', () => onClosed(this));
  }

  dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): void {
    this.#client.dispatch(options, handler);
  }

  /** To be called when the request is written. */
  begin(): void {
    this.#carried += 1;
    this.#received = 0;
    this.#limit = HEAD_BYTES;
    this.#interim = new InterimAnswers();
  }

  /** To be called when the answer's head is complete. */
  answered(): void {
    this.#limit = this.#received + BODY_BYTES;
  }

  /** It was kept from an earlier request and has given no byte since: the other side may have closed it unnoticed. */
  get isStale(): boolean {
    return this.#carried > 1 && this.#received === 0;
  }

  get isAlive(): boolean {
    return this.#client.stats.connected;
  }

  /** Ends it at once, in whatever state. */
  cut(): void {
    this.#socket?.destroy(new errors.InformationalError('cut'));
    void this.#client.destroy();
  }

  #adopt(socket: Socket): Socket {
    this.#carried = 0;
    const read: (size?: number) => Buffer | null = socket.read.bind(socket);
    socket.read = (size?: number): Buffer | null => {
      for (let chunk = read(size); chunk !== null; chunk = read(size)) {
        const passed = this.#inspect(socket, chunk);
        if (passed.length > 0) return passed;
      }
      return null;
    };
    return socket;
  }

  /**
   * undici counts header fields and payload alone: a status line, a chunk size or interim answers without end would keep
   * us reading at full speed until the deadline.
   */
  #inspect(socket: Socket, chunk: Buffer): Buffer {
    if (this.#received > this.#limit) socket.destroy(new errors.HeadersOverflowError());
    this.#received += chunk.length;
    if (this.#interim === undefined) return chunk;
    const passed = this.#interim.pass(chunk);
    if (passed !== undefined) this.#interim = undefined;
    return passed ?? EMPTY;
  }
}
