import { once } from 'node:events';
import { createServer as createHttpServer, type IncomingHttpHeaders, type RequestListener } from 'node:http';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, type TlsOptions } from 'node:tls';
import { setImmediate, setTimeout } from 'node:timers/promises';
import { until } from './until.ts';

export interface Received {
  method: string;
  path: string;
  headers: IncomingHttpHeaders;
  body: Buffer;
}

export interface Inbox {
  url: string;
  requests: Received[];
  /** The requests as soon as there are that many. */
  waitFor(count: number, withinMs?: number): Promise<Received[]>;
  close(): Promise<void>;
}

/** A subscriber that works: keeps each request with its raw body, and answers 200 or what it is told. */
export async function startInbox(answer: RequestListener = (_, response) => response.end()): Promise<Inbox> {
  const requests: Received[] = [];
  const server = createHttpServer((request, response) => {
    request.socket.unref(); // a test that failed before it closed this must not keep its process
    const { method = '', url = '', headers } = request;
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      requests.push({ method, path: url, headers, body: Buffer.concat(chunks) });
      answer(request, response);
    });
  });
  const port = await listen(server);
  server.unref();
  return {
    url: `http://127.0.0.1:${port}`,
    requests,
    waitFor: (count, withinMs) => until(() => requests.length >= count && requests, withinMs),
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

async function listen(server: Server): Promise<number> {
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  return port;
}

/** One connection as the subscriber sees it, down to the byte. */
export class Peer {
  readonly socket: Socket;
  /** Requests that have come in whole on this connection. */
  requests = 0;
  #count: (bytes: number) => void;

  constructor(socket: Socket, count: (bytes: number) => void) {
    this.socket = socket;
    this.#count = count;
  }

  /** Resolves when the kernel has taken it, or when the connection is gone. */
  send(data: string | Buffer): Promise<void> {
    const bytes = Buffer.from(data);
    return new Promise((done) => {
      this.socket.once('close', done);
      this.socket.write(bytes, (error) => {
        if (!error) this.#count(bytes.length);
        this.socket.off('close', done);
        done();
      });
    });
  }

  /** Sends the same again and again until the other side has had enough. It shares our event loop, so it gets its turn. */
  async flood(data: string | Buffer): Promise<void> {
    while (!this.socket.destroyed) {
      await this.send(data);
      await setImmediate();
    }
  }

  /** Sends byte by byte, slowly. */
  async drip(data: string, everyMs: number): Promise<void> {
    for (const byte of Buffer.from(data)) {
      if (this.socket.destroyed) return;
      await this.send(Buffer.from([byte]));
      await setTimeout(everyMs);
    }
  }

  end(): void {
    this.socket.end();
  }

  reset(): void {
    this.socket.resetAndDestroy();
  }
}

/** What a subscriber does: on each connection, and on each request that has come in whole. */
export interface Script {
  connected?(peer: Peer): unknown;
  asked?(peer: Peer): unknown;
  tls?: TlsOptions;
  /** What the URL says, where that is not what the subscriber speaks. */
  scheme?: 'https';
}

export interface Subscriber {
  url: string;
  port: number;
  /** Whole requests, head and body as they came. */
  requests: string[];
  connections: Peer[];
  /** Bytes that the kernel has taken from us, in all. */
  sent(): number;
  close(): Promise<void>;
}

/** A subscriber of raw sockets, which can misbehave in any way. */
export async function startSubscriber(script: Script): Promise<Subscriber> {
  const requests: string[] = [];
  const connections: Peer[] = [];
  const sockets = new Set<Socket>();
  let sent = 0;

  function serve(socket: Socket): void {
    const peer = new Peer(socket, (bytes) => (sent += bytes));
    connections.push(peer);
    socket.on('error', () => {}); // what the other side does to the connection is the test's matter, not ours
    void script.connected?.(peer);
    if (script.asked)
      eachRequest(socket, (request) => {
        requests.push(request);
        peer.requests += 1;
        void script.asked?.(peer);
      });
  }

  const server = script.tls ? createTlsServer(script.tls, serve) : createServer(serve);
  server.on('connection', (socket: Socket) => sockets.add(socket.on('close', () => sockets.delete(socket))));
  server.on('tlsClientError', () => {});
  const port = await listen(server);
  return {
    url: `${script.tls ? 'https' : (script.scheme ?? 'http')}://127.0.0.1:${port}`,
    port,
    requests,
    connections,
    sent: () => sent,
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

/** Calls back with each request (head and content-length body) that has come in whole. */
function eachRequest(socket: Socket, whole: (request: string) => void): void {
  let text = '';
  socket.on('data', (chunk: Buffer) => {
    text += chunk.toString('latin1');
    for (;;) {
      const head = /^[^]*?\r\n\r\n/.exec(text)?.[0];
      if (head === undefined) return;
      const length = head.length + Number(/content-length: (\d+)/i.exec(head)?.[1] ?? 0);
      if (text.length < length) return;
      whole(text.slice(0, length));
      text = text.slice(length);
    }
  });
}
