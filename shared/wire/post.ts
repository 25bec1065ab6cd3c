import type { Dispatcher } from 'undici';
import type { Outcome, UnreachableReason } from '../domain/outcome.ts';
import { AddressNotAllowed, createAddressGuard, type AddressPolicy, type Resolver } from './address-guard.ts';
import type { Connection } from './connection.ts';
import { Endpoints } from './endpoints.ts';
import { printable, SHOWN_BYTES } from './excerpt.ts';
import { isOurs, reasonOf } from './reason.ts';

/** The verdict does not wait for the body, so a body that comes slowly is not worth holding an invocation for. */
const BODY_MS = 1_000;
const LONGEST_RETRY_AFTER = 128;

export interface PostRequest {
  method: 'POST' | 'PUT' | 'PATCH';
  url: string;
  /** Signature and user-agent included; nothing is added but `host`, `connection` and `content-length`. */
  headers: Record<string, string>;
  body: Buffer | string;
  /** From the first dial to the last header: DNS, TLS and a free second try included. */
  timeoutMs: number;
  /** Ends it from our side, waiting for a connection included; `post` then rejects with the signal's reason. */
  signal?: AbortSignal;
}

export interface Poster {
  /** Makes one HTTP try. Whatever the other side does is an outcome; a rejection is a fault of ours. */
  post(request: PostRequest): Promise<Outcome>;
  /** Waits for the tries under way and closes all connections. */
  close(): Promise<void>;
}

export interface PosterOptions {
  policy: AddressPolicy;
  resolver?: Resolver;
}

/** To be made once for a process: it keeps connections for the next request. */
export function createPoster({ policy, resolver }: PosterOptions): Poster {
  const guard = createAddressGuard(policy, resolver);
  const endpoints = new Endpoints(guard);
  const running = new Set<Promise<Outcome>>();

  async function attempt(request: PostRequest): Promise<Outcome> {
    // Checked again although it was at registration: the policy may have changed since, or a table been written by hand.
    const url = guard.admitUrl(request.url);
    if (url === undefined) return { kind: 'blocked', reason: 'address_not_allowed', duration_ms: 0 };
    const seat = await endpoints.seatAt(url, request.signal);
    let fate: 'keep' | 'cut' = 'cut';
    try {
      const startedAt = performance.now();
      const send = (): Promise<Ending> =>
        new Exchange(seat.connection, startedAt + request.timeoutMs, request.signal).run(request, url);
      let ending = await send();
      if (ending.kind === 'unreachable' && ending.isStale) ending = await send(); // which dials anew
      fate = ending.kind === 'answered' && ending.isWhole ? 'keep' : 'cut';
      return outcomeOf(ending, Math.round(ending.at - startedAt));
    } finally {
      seat.leave(fate);
    }
  }

  async function post(request: PostRequest): Promise<Outcome> {
    const outcome = attempt(request);
    running.add(outcome);
    return outcome.finally(() => running.delete(outcome));
  }

  async function close(): Promise<void> {
    await Promise.allSettled(running);
    endpoints.closeKept();
  }

  return { post, close };
}

interface Head {
  status: number;
  retryAfter: string | undefined;
  /** An encoded body is never decoded, so it is not shown either. */
  isReadable: boolean;
  at: number;
}

type Ending =
  | { kind: 'answered'; head: Head; body: Buffer; isWhole: boolean; at: number }
  | { kind: 'unreachable'; reason: UnreachableReason; isStale: boolean; at: number }
  | { kind: 'blocked'; at: number };

function outcomeOf(ending: Ending, duration_ms: number): Outcome {
  if (ending.kind === 'blocked') return { kind: 'blocked', reason: 'address_not_allowed', duration_ms };
  if (ending.kind === 'unreachable') return { kind: 'unreachable', reason: ending.reason, duration_ms };
  const { status, retryAfter, isReadable } = ending.head;
  const excerpt = isReadable ? printable(ending.body) : undefined;
  const shown = excerpt === undefined ? {} : { response_excerpt: excerpt };
  if (status >= 200 && status < 300) return { kind: 'accepted', status, duration_ms, ...shown };
  const asked = retryAfter === undefined ? {} : { retry_after: retryAfter };
  return { kind: 'rejected', status, ...asked, duration_ms, ...shown };
}

/** One request on one connection, until it is clear what came of it. It leaves the connection as it is. */
class Exchange implements Dispatcher.DispatchHandler {
  readonly #connection: Connection;
  readonly #deadline: number;
  readonly #signal: AbortSignal | undefined;
  readonly #ending = Promise.withResolvers<Ending>();
  readonly #chunks: Buffer[] = [];
  #bytes = 0;
  #isSent = false;
  #head: Head | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(connection: Connection, deadline: number, signal: AbortSignal | undefined) {
    this.#connection = connection;
    this.#deadline = deadline;
    this.#signal = signal;
  }

  async run({ method, headers, body }: PostRequest, url: URL): Promise<Ending> {
    this.#signal?.throwIfAborted();
    const abandon = (): void => this.#ending.reject(this.#signal?.reason);
    this.#signal?.addEventListener('abort', abandon);
    this.#timer = setTimeout(() => this.#fail(this.#isSent ? 'timeout_headers' : 'timeout_connect'), this.#left());
    try {
      this.#connection.dispatch({ method, path: url.pathname + url.search, headers, body }, this);
      return await this.#ending.promise;
    } finally {
      clearTimeout(this.#timer);
      this.#signal?.removeEventListener('abort', abandon);
    }
  }

  onRequestStart(): void {
    this.#isSent = true;
    this.#connection.begin();
  }

  onResponseStart(_: unknown, status: number, headers: Record<string, string | string[] | undefined>): void {
    if (status === 101) return this.#fail('upgrade_refused');
    if (status < 100) return this.#fail('malformed_response');
    if (status < 200) return;
    this.#connection.answered();
    const coding = headers['content-encoding'] ?? 'identity';
    const retryAfter = [headers['retry-after']].flat()[0]?.slice(0, LONGEST_RETRY_AFTER);
    this.#head = { status, retryAfter, isReadable: coding === 'identity', at: performance.now() };
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#conclude(false), Math.min(this.#left(), BODY_MS));
  }

  onResponseData(_: unknown, chunk: Buffer): void {
    if (this.#bytes <= SHOWN_BYTES) this.#chunks.push(chunk);
    this.#bytes += chunk.length;
  }

  onResponseEnd(): void {
    this.#conclude(true);
  }

  onResponseError(_: unknown, error: Error): void {
    if (this.#head) return this.#conclude(false);
    if (error instanceof AddressNotAllowed) return this.#ending.resolve({ kind: 'blocked', at: performance.now() });
    if (isOurs(error)) return this.#ending.reject(error);
    this.#fail(reasonOf(error));
  }

  #left(): number {
    return Math.max(this.#deadline - performance.now(), 0);
  }

  #conclude(isWhole: boolean): void {
    const head = this.#head;
    if (!head) return;
    this.#ending.resolve({ kind: 'answered', head, body: Buffer.concat(this.#chunks), isWhole, at: head.at });
  }

  #fail(reason: UnreachableReason): void {
    const isStale = this.#connection.isStale && (reason === 'connection_reset' || reason === 'closed_early');
    this.#ending.resolve({ kind: 'unreachable', reason, isStale, at: performance.now() });
  }
}
