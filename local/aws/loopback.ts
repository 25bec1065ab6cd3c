import { once } from 'node:events';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';

export interface Listening {
  url: string;
  /** Takes no new connections, lets running requests answer, then closes the server and what belongs to it. */
  close(): Promise<void>;
}

const SWEEP_MS = 10;

/**
 * Serves at a free port of 127.0.0.1, whatever the server's own idea of a host is. `onSweep` is called while closing, again and
 * again until the last request has answered: the place to wake long polls.
 */
export async function listenOnLoopback(server: Server, onSweep: () => void = () => {}): Promise<Listening> {
  let closing = false;
  guard(server, () => closing);
  // An idle connection is given up by its client alone: when both may, a process that was busy for seconds calls into its own closing.
  server.keepAliveTimeout = 0;
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');

  const close = (): Promise<void> =>
    new Promise((resolve, reject) => {
      closing = true;
      // Node closes the connections that are idle now; one that becomes idle later would stay for its whole keep-alive time.
      const sweep = setInterval(() => {
        onSweep();
        server.closeIdleConnections();
      }, SWEEP_MS);
      server.close((error) => {
        clearInterval(sweep);
        if (error) reject(error);
        else resolve();
      });
    });
  return { url: `http://127.0.0.1:${address.port}`, close };
}

/** Stands in front of the server's own handlers. */
function guard(server: Server, isClosing: () => boolean): void {
  const handlers = server.listeners('request');
  server.removeAllListeners('request');
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    if (isFromBrowser(request)) return refuse(request, response);
    if (isClosing()) response.setHeader('connection', 'close');
    for (const handle of handlers) handle.call(server, request, response);
  });
}

/** No SDK sends an Origin or another host's name. A web page does, and dynalite would let it read every table. */
function isFromBrowser({ headers }: IncomingMessage): boolean {
  const host = headers.host?.replace(/:\d+$/, '');
  return headers.origin !== undefined || (host !== '127.0.0.1' && host !== 'localhost');
}

function refuse(request: IncomingMessage, response: ServerResponse): void {
  request.resume();
  response.writeHead(403, { connection: 'close' }).end('not for browsers');
}
