import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { routes as apiRoutes } from '../../lambdas/api/routes.ts';
import { routes as ingestRoutes } from '../../lambdas/ingest/routes.ts';
import type { Operation } from '../../shared/contract/operation.ts';
import { pathParameters } from '../../shared/contract/operation.ts';
import { deliveryId } from '../../shared/domain/id.ts';
import { accessKeysIn } from '../../shared/store/access-keys.ts';
import { ADMIN, openControlPlane } from '../support/control-plane.ts';
import { startDynalite, type DynamoDb } from '../support/dynamodb.ts';
import { fuzz, SEED } from '../support/fuzz.ts';
import { bitten, HOSTILE_TEXTS, mangled } from '../support/hostile-values.ts';
import { callerOf, type Call, type Reply } from '../support/http-event.ts';
import { startKms, type TestKms } from '../support/kms.ts';
import { make } from '../support/make.ts';
import { postable } from '../support/published.ts';
import type { Seeded } from '../support/seeded.ts';
import { openWorlds, posted } from '../support/stage-world.ts';

type Ask = (method: string, path: string, call?: Call) => Promise<Reply>;

let dynamo: DynamoDb;
let kms: TestKms;
let control: Ask;
let ingest: Ask;
/** Things that are there, by the name that a path gives them. */
let there: Record<string, readonly string[]>;

beforeAll(async () => {
  console.log(`FUZZ_SEED=${SEED}`);
  dynamo = await startDynalite();
  kms = await startKms();
  const plane = await openControlPlane(dynamo, kms);
  control = plane.call;
  const { worlds } = await openWorlds(dynamo, plane);
  const { authenticate } = accessKeysIn(plane.control, async () => ADMIN);
  ingest = callerOf(ingestRoutes, { authenticate, world: worlds.ingest, key: ADMIN });

  const wish = { url: 'https://crm.example.com/hooks', event_types: ['Guest.*'] };
  const { body } = await control('POST', '/v1/tenants/acme/subscriptions', { body: wish });
  await ingest('POST', '/v1/tenants/acme/events', { body: posted({ event_id: 'e1' }) });
  const event = make.event({ event_id: 'e1' });
  await plane.events.close([{ event, matched: { at: event.accepted_at, subscriptions: [body.id] } }]);
  const delivery = deliveryId({
    tenant: 'acme',
    eventId: 'e1',
    subscriptionId: body.id,
    acceptedAt: event.accepted_at,
  });
  there = { id: [body.id, 'e1'], delivery: [delivery], type: ['Guest.Created'], replay: ['rpl_1'] };
});
afterAll(async () => {
  await kms.close();
  await dynamo.close();
});

const chanceful = (chance: Seeded, known: readonly string[]): string => {
  const [first, ...others] = known;
  return first !== undefined && chance.below(4) > 0 ? chance.pick([first, ...others]) : chance.pick(HOSTILE_TEXTS);
};

/** Lone surrogates have no spelling in a URL. */
const inUrl = (text: string): string => encodeURIComponent(text.toWellFormed());

/** A tenant is erased only where no other request needs it. */
const tenantsFor = ({ id }: Operation): string[] => (id === 'eraseTenant' ? ['doomed'] : ['acme', 'other']);

function pathFor(operation: Operation, chance: Seeded): string {
  return pathParameters(operation.path).reduce((path, { name }) => {
    const known = name === 'tenant' ? tenantsFor(operation) : (there[name] ?? []);
    return path.replace(`{${name}}`, inUrl(chanceful(chance, known)) || 'x');
  }, operation.path);
}

function queryFor({ query, pages }: Operation, chance: Seeded): string {
  const names = [...Object.keys(query?.shape ?? {}), ...(pages === undefined ? [] : ['limit', 'cursor'])];
  const asked = names.filter(() => chance.below(3) === 0);
  if (chance.below(10) === 0) asked.push(chance.pick(HOSTILE_TEXTS));
  const good = ['2026-03-04T05:06:07Z', '7', 'Guest.Created', 'accepted'];
  return asked.map((name) => `${inUrl(name)}=${inUrl(chanceful(chance, good))}`).join('&');
}

function headersFor({ headers = [] }: Operation, chance: Seeded): Record<string, string> {
  const named = [...headers, 'traceparent', 'content-type'].filter(() => chance.below(6) === 0);
  return Object.fromEntries(named.map((name) => [name, chance.pick(HOSTILE_TEXTS)]));
}

const WISHES = [
  { url: 'https://crm.example.com/hooks', event_types: ['Guest.*'], filter: { data: { id: ['g1'] } }, headers: { 'x-a': 'b' } },
  { url: 'https://crm.example.com/hooks', event_types: ['*'], name: 'n', description: 'd', method: 'PUT', format: 'standard', signing: 'v1a', timeout_seconds: 9, rate_limit_per_second: 0.5, retry: { delays_seconds: [1, 2] }, status: 'paused' },
] as const; // prettier-ignore

function bodyFor(operation: Operation, chance: Seeded): unknown {
  if (operation.body === undefined) return undefined;
  const examples = [...Object.values(operation.body.examples), ...WISHES, JSON.parse(chance.pick(SAMPLES).text)];
  const [first, ...others] = operation.id === 'createSubscription' ? WISHES : examples;
  const example = chance.pick([first, ...others]);
  return chance.below(4) === 0 ? bitten(JSON.stringify(example), chance) : mangled(example, chance);
}

const [first, ...others] = postable;
if (first === undefined) throw new Error('nothing is published');
const SAMPLES = [first, ...others] as const;

const callFor = (operation: Operation, chance: Seeded): Call => {
  const body = bodyFor(operation, chance);
  return { headers: headersFor(operation, chance), ...(body !== undefined && { body }) };
};

async function askOddly(ask: Ask, operation: Operation, chance: Seeded): Promise<Reply> {
  const path = `${pathFor(operation, chance)}?${queryFor(operation, chance)}`;
  const call = callFor(operation, chance);
  const reply = await ask(operation.method, path, call);
  if (reply.status < 500) return reply;
  throw new Error(`${operation.method} ${path} ${JSON.stringify(call.headers)} ${String(call.body)}: ${reply.text}`);
}

test.each(apiRoutes.map(({ operation }) => [operation.id, operation] as const))(
  'whatever is asked of %s, the answer is one of the contract, and no 500',
  async (_, operation) => {
    const statuses = new Set<number>();
    await fuzz(15, async (chance) => statuses.add((await askOddly(control, operation, chance)).status));
    expect(statuses.size).toBeGreaterThan(0);
  },
);

test.each(['one', 'many'])(
  'whatever is posted, %s at a time, the answer is one of the contract, and no 500',
  async (shape) => {
    await fuzz(200, async (chance) => {
      const { text } = chance.pick(SAMPLES);
      const hostile = chance.below(2) === 0 ? bitten(text, chance) : Buffer.from(mangled(JSON.parse(text), chance));
      const reply = await (shape === 'one'
      ? ingest('POST', '/v1/tenants/acme/events', { body: hostile })
      : ingest('POST', '/v1/tenants/acme/events/batch', { body: Buffer.concat([Buffer.from(`{"events":[${text},`), hostile, Buffer.from(']}')]) })); // prettier-ignore
      const problems = [
        reply.body,
        ...(reply.body.results ?? []).map((result: { problem?: unknown }) => result.problem),
      ];
      expect(problems.filter((problem) => problem?.status >= 500)).toEqual([]);
    });
  },
);
