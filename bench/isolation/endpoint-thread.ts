/** Runs in a worker thread: subscribers that note what arrives, in no other's way. Each path of the server is one endpoint. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { parentPort } from 'node:worker_threads';
import { isObject } from '../../local/json.ts';
import { clock } from './clock.ts';
import type { Behaviour } from './cases.ts';
import type { Arrival, Ask } from './endpoints.ts';

if (parentPort === null) throw new Error('this file runs in a worker thread only');
const port = parentPort;

const FLAP_MS = 2_000;

const behaviours = new Map<string, { behaviour: Behaviour; since: number }>();
const hanging = new Set<ServerResponse>();
let arrivals: Arrival[] = [];

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

function eventIdIn(text: string): string {
  const envelope: unknown = JSON.parse(text);
  return isObject(envelope) ? String(envelope['event_id']) : '';
}

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const at = clock();
  const { url: path = '', headers } = request;
  const { behaviour, since } = behaviours.get(path) ?? { behaviour: 'works', since: 0 };
  const text = await textOf(request);
  arrivals.push({ path, eventId: eventIdIn(text), deliveryId: String(headers['webhook-id']), at });
  if (behaviour === 'hangs') {
    hanging.add(response.on('close', () => hanging.delete(response)));
    return;
  }
  const isDown = behaviour === 'flaps' && Math.floor((at - since) / FLAP_MS) % 2 === 1;
  response.writeHead(isDown ? 500 : 204).end();
}

const server = createServer((request, response) => {
  answer(request, response).catch(() => response.destroy()); // the runner gave up in the middle of its request
});
await once(server.listen(0, '127.0.0.1'), 'listening');

port.on('message', (ask: Ask) => {
  if (ask.kind === 'behave') behaviours.set(ask.path, { behaviour: ask.behaviour, since: clock() });
  if (ask.kind === 'let go') for (const response of hanging) response.destroy();
  if (ask.kind === 'collect') {
    port.postMessage(arrivals);
    arrivals = [];
  }
});
const address = server.address();
port.postMessage(typeof address === 'object' ? address?.port : undefined);
