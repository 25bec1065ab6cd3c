import { once } from 'node:events';
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import { Webhook } from 'standardwebhooks';
import { object, type Json } from './json.ts';

/** A delivery as it arrived. */
export interface Arrival {
  at: Date;
  method: string;
  eventType: string;
  deliveryId: string;
  bytes: number;
  signature: 'verified' | 'WRONG' | 'missing' | 'not checked';
}

export interface InboxOptions {
  /** The ports to try, in this order. */
  ports: readonly number[];
  /** The secrets it may expect; asked again when none of those it knows fits. */
  secrets(): Promise<string[]>;
  onArrival(arrival: Arrival): void;
}

export interface Inbox {
  url: string;
  stop(): Promise<void>;
}

/** A subscriber for trying things out: takes everything at `/inbox`, and verifies it with the library that subscribers use. */
export async function openInbox({ ports, secrets, onArrival }: InboxOptions): Promise<Inbox> {
  let known: string[] = [];
  const check = async (body: Buffer, headers: IncomingHttpHeaders): Promise<Arrival['signature']> => {
    const signature = String(headers['webhook-signature'] ?? '');
    if (signature === '') return 'missing';
    if (!/(^| )v1,/.test(signature)) return 'not checked'; // v1a needs the public key
    const fits = (secret: string): boolean => verifies(secret, body, headers);
    if (!known.some(fits)) known = await secrets().catch(() => []);
    if (known.length === 0) return 'not checked';
    return known.some(fits) ? 'verified' : 'WRONG';
  };

  const receive = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { method = '', url, headers } = request;
    const body = Buffer.concat(await request.toArray());
    const isOurs = url?.split('?')[0] === '/inbox';
    response.writeHead(isOurs ? 204 : 404).end(); // first the answer, then the work: as every receiver should
    if (!isOurs) return;
    const what = { method, eventType: eventTypeOf(body, headers), deliveryId: String(headers['webhook-id'] ?? '-') };
    onArrival({ at: new Date(), ...what, bytes: body.length, signature: await check(body, headers) });
  };
  const server = createServer((request, response) => {
    receive(request, response).catch(() => response.destroy()); // the sender went away
  });
  const port = await listenOnFirstFree(server, ports);
  return { url: `http://127.0.0.1:${port}/inbox`, stop: () => close(server) };
}

function verifies(secret: string, body: Buffer, headers: IncomingHttpHeaders): boolean {
  const texts = Object.entries(headers).map(([name, value]): [string, string] => [name, String(value)]);
  try {
    new Webhook(secret).verify(body, Object.fromEntries(texts), { jsonParse: false });
    return true;
  } catch {
    return false;
  }
}

/** Each format names the type in its own place. */
function eventTypeOf(body: Buffer, headers: IncomingHttpHeaders): string {
  const { event_type, type } = parsed(body);
  const named = [event_type, headers['ce-type'], type].find((name) => typeof name === 'string');
  return named ?? '-';
}

function parsed(body: Buffer): Json {
  try {
    return object(JSON.parse(body.toString()));
  } catch {
    return {};
  }
}

async function listenOnFirstFree(server: Server, ports: readonly number[]): Promise<number> {
  for (const port of ports) {
    server.listen(port, '127.0.0.1');
    const isTaken = await once(server, 'listening').then(
      () => false,
      () => true,
    );
    if (isTaken) continue;
    const address = server.address();
    if (address !== null && typeof address !== 'string') return address.port;
  }
  throw new Error(`none of the ports ${ports.join(', ')} is free for the inbox`);
}

async function close(server: Server): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  server.closeAllConnections();
  await closed;
}
