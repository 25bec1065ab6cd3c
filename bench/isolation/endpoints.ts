import { once } from 'node:events';
import { createServer } from 'node:net';
import { Worker } from 'node:worker_threads';
import type { Behaviour } from './cases.ts';

/** A request that came in whole. */
export interface Arrival {
  path: string;
  eventId: string;
  deliveryId: string;
  /** By `clock`. */
  at: number;
}

export type Ask =
  | { kind: 'behave'; path: string; behaviour: Behaviour }
  /** Cuts every request that hangs. */
  | { kind: 'let go' }
  | { kind: 'collect' };

export interface Endpoints {
  /** An endpoint that behaves so from now on. */
  urlOf(path: string, behaviour: Behaviour): string;
  /** Cuts every request that hangs. */
  letGo(): void;
  /** What has arrived since the last time. */
  collect(): Promise<Arrival[]>;
  close(): Promise<void>;
}

/** Subscribers in threads of their own, the healthy ones apart: neither the load nor a flood must hold up what they note. */
export async function startEndpoints(): Promise<Endpoints> {
  const [healthy, troubled, closedPort] = await Promise.all([startThread(), startThread(), unusedPort()]);
  const threads = [healthy, troubled];
  return {
    urlOf(path, behaviour) {
      if (behaviour === 'refuses connections') return `http://127.0.0.1:${closedPort}${path}`;
      const thread = path.startsWith('/healthy') ? healthy : troubled;
      thread.tell({ kind: 'behave', path, behaviour });
      return `http://127.0.0.1:${thread.port}${path}`;
    },
    letGo: () => troubled.tell({ kind: 'let go' }),
    collect: async () => (await Promise.all(threads.map((thread) => thread.collect()))).flat(),
    async close() {
      await Promise.all(threads.map((thread) => thread.end()));
    },
  };
}

interface Thread {
  port: number;
  tell(ask: Ask): void;
  collect(): Promise<Arrival[]>;
  end(): Promise<unknown>;
}

async function startThread(): Promise<Thread> {
  const worker = new Worker(new URL('./endpoint-thread.ts', import.meta.url));
  /** What the thread says next; it speaks only when it has started and when it is asked to. */
  const hear = <T>(): Promise<T> => new Promise((heard) => worker.once('message', heard));
  const port = await hear<number>();
  const tell = (ask: Ask): void => worker.postMessage(ask);
  return {
    port,
    tell,
    collect() {
      tell({ kind: 'collect' });
      return hear<Arrival[]>();
    },
    end: () => worker.terminate(),
  };
}

/** Nobody listens there, and soon nobody will: the kernel hands out ports in turn. */
async function unusedPort(): Promise<number> {
  const server = createServer();
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const address = server.address();
  await once(server.close(), 'close');
  return typeof address === 'object' ? (address?.port ?? 0) : 0;
}
