import { MOST_DELIVERIES_A_MESSAGE } from '../../shared/domain/delivery.ts';
import type { Outcome } from '../../shared/domain/outcome.ts';
import type { Item } from '../../shared/store/database.ts';
import type { DynamoDb, TestTable } from '../support/dynamodb.ts';
import type { TestKms } from '../support/kms.ts';
import { ADMIN } from '../support/control-plane.ts';
import { later } from '../support/make.ts';
import { ACCEPTED, posted, rejected } from '../support/stage-world.ts';
import type { Answered, Delivery, Recording } from './recording.ts';
import { openService, type Post, type Service } from './service.ts';

/** Fixed, so that what a release wrapped with it can be opened for ever. */
export const MASTER_KEY = Buffer.alloc(32, 7);

/* ---- Who is in it ---- */

const url = (name: string): string => `https://${name}.example.com/hooks`;

/** Every verb, format and kind of retry policy; filter, headers, a secret of their own; one rests, one will be disabled. */
const SUBSCRIBERS = {
  crm: {
    event_types: ['Guest.Created', 'Guest.OptedIn'],
    description: 'Zoë’s',
    headers: { 'X-Api-Key': 'hush', Authorization: 'Basic dTpw' },
  },
  ledger: {
    event_types: ['Guest.*'],
    method: 'PUT',
    format: 'standard',
    filter: { data: { price: [{ numeric: ['>=', 100] }], name: [{ prefix: 'Zoë' }] } },
    secret: 'whsec_bGVkZ2VyLWxlZGdlci1sZWRnZXItbGVkZ2VyIQ==',
  },
  search: {
    event_types: ['group:Guest'],
    method: 'PATCH',
    retry: { delays_seconds: [5, 300.5] },
    timeout_seconds: 30,
  },
  all: { event_types: ['*'], retry: 'svix' },
  gone: { event_types: ['Class.Booking.*'], retry: 'zenoti' },
  once: { event_types: ['Class.Booking.*', 'group:Class'], retry: { delays_seconds: [] } },
  off: { event_types: ['group:Class'] },
  resting: { event_types: ['group:Class'], status: 'paused' },
  elsewhere: { event_types: ['*'] },
} as const;
type Name = keyof typeof SUBSCRIBERS;

const tenantOf = (name: Name): string => (name === 'elsewhere' ? 'beta' : 'acme');

const thanks: Outcome = { kind: 'accepted', status: 200, duration_ms: 7, response_excerpt: 'thänks' };
const unreachable: Outcome = { kind: 'unreachable', reason: 'timeout_headers', duration_ms: 7 };
const blocked: Outcome = { kind: 'blocked', reason: 'address_not_allowed', duration_ms: 7 };

/** Request by request; who has no answer left accepts. */
const ANSWERS: Partial<Record<Name, (Outcome | Error)[]>> = {
  crm: [thanks],
  search: [
    ...[rejected(503), rejected(503), rejected(503)],
    ...[ACCEPTED, ACCEPTED, ACCEPTED],
    ...[rejected(503), new Error('the process is gone')],
  ],
  all: [rejected(503, '7200'), unreachable],
  gone: [rejected(410)],
  once: [blocked],
  off: [rejected(500)],
};

const postOf = (event_id: string, more: Parameters<typeof posted>[0], tenant = 'acme'): Post => ({
  tenant,
  text: posted({ event_id, ...more }),
});
const invoice = { event_type: 'Invoice.Closed', data: '{"invoice":{"id":"i1"}}' };

const POSTS = {
  exact: postOf('evt_exact', {
    event_timestamp: '2026-03-04T05:06:00.1234567+05:30',
    data: '{"id":"g1","name":"Zoë 🚀","price":199.00,"big":820982911946154508,"n":1.0e2,"spelt":"\\u00e9\\/"}',
  }),
  /** Too long to travel. */
  long: postOf('evt_long', { event_type: 'Guest.Updated', data: `{"id":"g1","note":"${'x'.repeat(66_000)}"}` }),
  class: postOf('evt_class', {
    event_type: 'Class.Booking.Created',
    event_schema: 'v2',
    event_resource: null,
    data: '{"session_id":12345678901234567890}',
  }),
  beta: postOf('evt_beta', {}, 'beta'),
  doubt: postOf('evt_doubt', { event_type: 'Guest.Deleted' }),
  swept: postOf('evt_swept', invoice),
  lost: postOf('evt_lost', invoice),
  held: postOf('evt_held', { event_type: 'Guest.Merged' }),
  fresh: postOf('evt_fresh', invoice),
};

/* ---- What happens ---- */

/** @throws Error where the answer is a refusal: the story would be another one */
async function ask({ call }: Service, ...[method, path, more]: Parameters<Service['call']>) {
  const reply = await call(method, path, more);
  if (reply.status >= 300) throw new Error(`${method} ${path} answers ${reply.text}`);
  return reply;
}

async function makeKeys(service: Service): Promise<string[]> {
  const texts: string[] = [];
  for (const body of [
    { name: 'ops', scopes: ['admin'] },
    { name: 'portal', scopes: ['events:read', 'subscriptions:read'], tenant: 'acme' },
    { name: 'brief', scopes: ['events:write'], expires_at: later(60) },
  ]) {
    texts.push((await ask(service, 'POST', '/v1/keys', { body })).body.key);
    service.clock.advance(1);
  }
  return texts;
}

const pathOf = (name: Name, id = ''): string => `/v1/tenants/${tenantOf(name)}/subscriptions/${id}`;

/** @returns their ids by name */
async function subscribe(service: Service): Promise<Record<Name, string>> {
  const ids: Record<string, string> = {};
  for (const name of Object.keys(SUBSCRIBERS) as Name[]) {
    const body = { url: url(name), ...SUBSCRIBERS[name] };
    ids[name] = (await ask(service, 'POST', pathOf(name).slice(0, -1), { body })).body.id;
    service.answers.set(new URL(url(name)).hostname, [...(ANSWERS[name] ?? [])]);
    service.clock.advance(1);
  }
  const changes = { event_types: ['Guest.Created'], headers: { 'X-Team': 'guests', authorization: null } };
  await ask(service, 'PATCH', pathOf('crm', ids.crm), { body: changes });
  return ids;
}

/** First attempts, and the second ones that are due soon. */
async function deliverFirst(service: Service, ids: Record<Name, string>): Promise<void> {
  for (const name of ['exact', 'long', 'class', 'beta'] as const) await service.publish(POSTS[name]);
  // Sent twice, and marked the second time; both copies are in one batch, so both of them make deliveries.
  service.faults.putEvents.push({ losesAnswer: true });
  await service.publish(POSTS.doubt);
  await service.matchOnce();
  await service.pump(1);

  await ask(service, 'PATCH', pathOf('off', ids.off), { body: { status: 'disabled' } });
  // Until deliver has forgotten how that one was.
  service.clock.advance(11);
  await service.pump(1);
}

/** Until one marker has been swept, one is overdue and one is fresh, and an invocation has died with a claim in its hands. */
async function leaveOpen({ clock, bus, ...service }: Service): Promise<void> {
  bus.state.loses = 2;
  await service.publish(POSTS.swept);
  clock.advance(30);
  await service.publish(POSTS.lost);
  clock.advance(60);
  await service.publish(POSTS.held);
  await service.matchOnce();
  while (await service.deliverOnce(1));

  clock.advance(31);
  await service.tick();
  while (await service.deliverOnce(1));
  clock.advance(33);
  await service.publish(POSTS.fresh);
  clock.advance(1);
}

/* ---- What is written down ---- */

const eventIdIn = ({ text }: Post): string => String((JSON.parse(text) as Record<string, unknown>).event_id);
const eventPaths = Object.values(POSTS).map((post) => `/v1/tenants/${post.tenant}/events/${eventIdIn(post)}`);

/** What callers are answered now, lists page by page. The first key is deleted, and must never open anything again. */
async function answersOf(service: Service, keys: readonly string[], ids: Record<Name, string>): Promise<Answered[]> {
  const [owner = ''] = keys;
  const answers: Answered[] = [];
  async function read(path: string, key = owner): Promise<void> {
    const { status, text, body } = await service.call('GET', path, { key });
    answers.push({ key, path, status, text });
    const cursor: unknown = body.next_cursor;
    if (typeof cursor === 'string') await read(`${path.split('&cursor')[0] ?? ''}&cursor=${cursor}`);
  }
  for (const key of [...keys, ADMIN]) await read('/v1/me', key);
  const ones = (Object.keys(ids) as Name[]).map((name) => pathOf(name, ids[name]));
  for (const one of ones) for (const path of [one, `${one}/secret`, `${one}/attempts?limit=2`]) await read(path);
  for (const one of eventPaths) for (const path of [one, `${one}/deliveries?limit=2`]) await read(path);
  await read('/v1/keys?limit=2');
  await read(`${pathOf('crm').slice(0, -1)}?limit=5`);
  return answers;
}

const keyOf = ({ pk, sk }: Item): string => `${String(pk)} ${String(sk)}`;

/** In the order of their keys, because a scan's is nobody's choice. */
const itemsOf = async (table: TestTable): Promise<Item[]> =>
  (await table.scan()).toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));

/** What was sent to it so far, each body once. Deliveries of one message go on in no order, so there is none here. */
const bodiesOf = ({ taken }: { taken: readonly string[] }): string[] => [...new Set(taken)].toSorted();

/** The release goes on by itself until nothing is left to do. What it does then is what every later one has to do. */
async function goOn(
  service: Service,
  resting: string,
  key: string,
): Promise<Pick<Recording, 'overdue' | 'deliveries'>> {
  const { taken } = service.queues.events;
  const before = taken.length;
  await service.tick();
  const overdue = taken.slice(before).map((body): string => JSON.parse(body).detail.event_id);
  await ask(service, 'PATCH', pathOf('resting', resting), { key, body: { status: 'enabled' } });
  await service.settle(200);

  const deliveries: Delivery[] = [];
  for (const path of eventPaths) {
    const { body } = await ask(service, 'GET', `${path}/deliveries`, { key });
    for (const { delivery_id, event_id, subscription_id } of body.items) {
      const request = service.requests.find(({ headers }) => headers['webhook-id'] === delivery_id);
      deliveries.push({ event_id, subscription_id, ...(request !== undefined && { request }) });
    }
  }
  return { overdue, deliveries };
}

/**
 * A few minutes in the life of a service, and all that is written in them: by the real bodies and stores, at moments and with
 * ids that are always the same. `kms` must have the master key of above.
 */
export async function tell(dynamo: DynamoDb, kms: TestKms, version: string): Promise<Recording> {
  const service = await openService(dynamo, kms);
  const keys = await makeKeys(service);
  const [owner = ''] = keys;
  const ids = await subscribe(service);
  await deliverFirst(service, ids);
  await leaveOpen(service);
  await ask(service, 'DELETE', '/v1/keys/key_first', { key: owner });

  const at = service.clock.now().toISOString();
  // First, because the key that signs cursors is made when it is first needed.
  const answers = await answersOf(service, keys, ids);
  const tables = { control: await itemsOf(service.control), flow: await itemsOf(service.flow) };
  const { events, deliveries, retries } = service.queues;
  const queues = { events: bodiesOf(events), deliveries: bodiesOf(deliveries), retries: bodiesOf(retries) };
  const end = await goOn(service, ids.resting, owner);
  if (service.failures.length !== 1) throw new AggregateError(service.failures, 'the story went another way');
  return {
    version,
    at,
    master_key: MASTER_KEY.toString('base64'),
    held: { event_id: 'evt_held', subscription_id: ids.search, attempt: 2 },
    most_deliveries_a_message: MOST_DELIVERIES_A_MESSAGE,
    posts: Object.values(POSTS),
    answers,
    queues,
    tables,
    ...end,
  };
}
