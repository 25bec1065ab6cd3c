import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createPoster, type Poster } from '../../shared/wire/post.ts';
import { signedPost } from '../../shared/wire/signed-post.ts';
import { ADMIN, openControlPlane, type ControlPlane } from '../support/control-plane.ts';
import { startDynalite, type DynamoDb } from '../support/dynamodb.ts';
import { startKms, type TestKms } from '../support/kms.ts';
import { startPipeline, type Pipeline } from '../support/pipeline.ts';
import { leaksIn, spellingsOf } from '../support/spellings.ts';
import { posted } from '../support/stage-world.ts';
import { startInbox, type Inbox } from '../support/subscriber.ts';

/*
 * Everything that knows a secret is made to work, and to fail; then all that was kept, sent inside, written down or shown is searched for
 * each of them, in whatever spelling.
 */

const ALL = '/v1/tenants/acme/subscriptions';
const OWN = `whsec_${Buffer.from('0123456789-own-secret-of-a-test-').toString('base64')}`;
const NEXT = `whsec_${Buffer.from('9876543210-next-secret-of-a-test').toString('base64')}`;
const HEADER = 'Bearer h34der-v4lue-0f-4-test';
const PATCHED = 'p4tched-"v4lue"-0f-4-test';

let dynamo: DynamoDb;
let kms: TestKms;
let plane: ControlPlane;
let pipe: Pipeline;
let echo: Inbox;
let poster: Poster;
/** By what they are. */
const secrets: Record<string, string> = { ADMIN, OWN, NEXT, HEADER, PATCHED, TOKEN: HEADER.slice(7) };
/** All that anybody was shown, save where a secret is what was asked for. */
const shown: string[] = [];

beforeAll(async () => {
  dynamo = await startDynalite();
  kms = await startKms();
  plane = await openControlPlane(dynamo, kms);
  pipe = await startPipeline(dynamo, {}, plane);
  echo = await startInbox((request, response) => {
    response.writeHead(request.url === '/dead' ? 410 : 500, { 'content-type': 'application/json' });
    response.end(JSON.stringify(request.headers));
  });
  poster = createPoster({ policy: { targets: 'any' } });
  const post = signedPost(plane.world.vault, { poster, newSpan: () => Buffer.alloc(8, 1) });
  // The address is checked where the URL is entered; these are ours, and it is kept as they are.
  pipe.worlds.deliver.post = (sending) => post(atEcho(sending));
  pipe.worlds.deferred.post = pipe.worlds.deliver.post;
  plane.world.post = pipe.worlds.deliver.post;
  plane.world.refuseUrl = async () => undefined;
});
afterAll(async () => {
  await poster.close();
  await echo.close();
  await kms.close();
  await dynamo.close();
});

type Sending = Parameters<ReturnType<typeof signedPost>>[0];
const atEcho = (sending: Sending): Sending => {
  const url = echo.url + new URL(sending.subscription.url).pathname;
  return { ...sending, subscription: { ...sending.subscription, url } };
};

async function ask(method: string, path: string, body?: unknown) {
  const reply = await plane.call(method, path, { ...(body !== undefined && { body }) });
  shown.push(reply.text, JSON.stringify(reply.headers));
  return reply;
}

/** Answers that are there to show a secret; what they show is looked for everywhere else. */
async function reveal(name: string, method: string, path: string, body?: unknown) {
  const { body: shownOnce } = await plane.call(method, path, { ...(body !== undefined && { body }) });
  secrets[name] = shownOnce.secret ?? shownOnce.key ?? shownOnce.token;
  return shownOnce;
}

const wish = (path: string, more: Record<string, unknown> = {}) => ({
  url: `https://crm.example.com${path}`,
  event_types: ['Guest.*'],
  headers: { 'x-api-key': HEADER },
  ...more,
});

/** Everything that a key can be, with the secrets in it where they do not belong as well. */
async function makeAll(): Promise<string[]> {
  const own = await reveal('own again', 'POST', ALL, wish('/', { secret: OWN }));
  const made = await reveal('made', 'POST', ALL, wish('/dead', { name: 'made' }));
  const ed25519 = await reveal('ed25519', 'POST', ALL, wish('/', { signing: 'v1a', name: 'ed' }));
  const switched = await reveal('before v1a', 'POST', ALL, wish('/', { name: 'switched' }));
  await ask('PATCH', `${ALL}/${switched.id}`, { signing: 'v1a' });
  await reveal('after v1a', 'GET', `${ALL}/${switched.id}/secret`);
  await reveal('rotated', 'POST', `${ALL}/${made.id}/secret/rotate`, {});
  await reveal('next', 'POST', `${ALL}/${own.id}/secret/rotate`, { secret: NEXT });
  await ask('PATCH', `${ALL}/${own.id}`, { headers: { 'x-other': PATCHED } });
  await reveal('tenant key', 'POST', '/v1/keys', { name: 'k', scopes: ['subscriptions:read'], tenant: 'acme' });
  await reveal('session', 'POST', '/v1/tenants/acme/portal-session', {});
  return [own.id, made.id, ed25519.id, switched.id];
}

/** Refusals of requests that hold them. */
async function failAll(id: string): Promise<void> {
  await ask('POST', ALL, wish('/', { secret: `${OWN}!`, headers: { 'x-a': `${HEADER}\n` } }));
  await ask('POST', ALL, wish('/', { secret: OWN, signing: 'v1a' }));
  await ask('POST', ALL, `{"secret":"${OWN}","headers":{"a":"${HEADER}" ${NEXT}`);
  await ask('PATCH', `${ALL}/${id}`, { secret: NEXT });
  await ask('POST', `${ALL}/${id}/secret/rotate`, { secret: NEXT, overlap: 1 });
  await ask('POST', '/v1/filter-test', `{"filter":{"a":["${OWN}"]},"event":${HEADER}`);
}

async function askAll(ids: readonly string[]): Promise<void> {
  const parts = ['', '/attempts', '/waiting', '/dead-letters', '/stats', '/replays', '/public-key'];
  const paths = [ALL, ...ids.flatMap((id) => parts.map((part) => `${ALL}/${id}${part}`)), '/v1/keys', '/v1/me', '/v1/tenants', '/v1/tenants/acme', '/v1/tenants/acme/usage', '/v1/tenants/acme/events', '/v1/tenants/acme/events/e1', '/v1/tenants/acme/events/e1/deliveries']; // prettier-ignore
  for (const path of paths) await ask('GET', path);
}

const dump = (value: unknown): string =>
  JSON.stringify(value, (_, one: unknown) => (one instanceof Uint8Array ? Buffer.from(one).toString('hex') : one));

test('secrets, header values, keys and sessions are in no table, queue, line, list or refusal', async () => {
  const ids = await makeAll();
  await pipe.post(posted({ event_id: 'e1' }));
  await pipe.pump();
  for (const id of ids) await ask('POST', `${ALL}/${id}/test`, {});
  await failAll(ids[0] ?? '');
  await askAll(ids);

  // What it searches for was there: each subscriber got the header and told all that it got.
  expect(echo.requests.filter(({ headers }) => headers['x-api-key'] === HEADER).length).toBeGreaterThan(ids.length);
  expect(shown.filter((text) => text.includes('***')).length).toBeGreaterThan(0);
  const { control, flow, queues, told, lines, failures, reports } = pipe;
  const places = {
    'the control table': dump(await control.scan()),
    'the flow table': dump(await flow.scan()),
    'the queues': Object.values(queues).flatMap(({ taken, dead }) => [...taken, ...dead]).join('\n'), // prettier-ignore
    'what operators are told': dump(told),
    'the lines of the stages': dump([lines, failures.map(String), reports.map(String)]),
    'the lines of the control plane': dump(plane.lines),
    'jobs for the sweep': dump(plane.asked),
    'what callers are shown': shown.join('\n'),
  };
  expect(Object.values(places).every((text) => text.length > 2 || text === '[]')).toBe(true);
  const leaks = Object.entries(places).map(([place, text]) => [place, leaksIn(text, secrets)]);
  expect(Object.fromEntries(leaks)).toEqual(Object.fromEntries(Object.keys(places).map((place) => [place, []])));
});

test('the search finds each of them in any of its spellings', () => {
  for (const [name, secret] of Object.entries(secrets)) {
    for (const spelling of spellingsOf(secret)) expect(leaksIn(`x ${spelling} y`, { [name]: secret })).toEqual([name]);
  }
});
