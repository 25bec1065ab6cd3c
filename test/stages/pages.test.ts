import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { deliveryId } from '../../shared/domain/id.ts';
import { replayFrom } from '../../shared/store/replays.ts';
import type { Resting } from '../../shared/store/shelf.ts';
import { openControlPlane, type ControlPlane } from '../support/control-plane.ts';
import { startDynalite, type DynamoDb } from '../support/dynamodb.ts';
import { fuzz } from '../support/fuzz.ts';
import { startKms, type TestKms } from '../support/kms.ts';
import { later, make } from '../support/make.ts';
import type { Seeded } from '../support/seeded.ts';

let dynamo: DynamoDb;
let kms: TestKms;
let plane: ControlPlane;
beforeAll(async () => {
  [dynamo, kms] = [await startDynalite(), await startKms()];
});
beforeEach(async () => {
  plane = await openControlPlane(dynamo, kms);
  await plane.subscriptions.create(make.subscription());
});
afterAll(async () => {
  await kms.close();
  await dynamo.close();
});

const ALL = '/v1/tenants/acme/subscriptions';
const ONE = `${ALL}/sub_1`;
const OF = { tenant: 'acme', subscription_id: 'sub_1' };

/** A list, and how something gets into it at a moment and out of it again. */
interface List {
  path: string;
  /** What its items are told apart by. */
  id: string;
  /** `n` is another one each time; `seconds` says where in the list it stands, where that is a matter of time. */
  add(n: number, seconds: number): Promise<{ id: string; remove?: () => Promise<unknown> }>;
}

const eventAt = (n: number, seconds: number) => make.event({ event_id: `e${n}`, accepted_at: later(seconds) });
const deliveryOf = (n: number, seconds: number): string =>
  deliveryId({ tenant: 'acme', eventId: `e${n}`, acceptedAt: later(seconds), subscriptionId: 'sub_1' });

const remover = (path: string) => () => plane.call('DELETE', path);

async function addWaiting(n: number, seconds: number) {
  const { body: _body, ...event } = eventAt(n, 0);
  const due = Date.parse(later(seconds));
  const step = make.deliveryStep({ attempt: 2, not_before: due });
  const resting: Resting = { event: { v: 1, ...event }, step, due, why: 'schedule' };
  await plane.shelf.rest(resting);
  return { id: event.event_id, remove: () => plane.shelf.remove(resting) };
}

async function addLetter(n: number, seconds: number) {
  const event = eventAt(n, seconds);
  const letter = { event, subscriptionId: 'sub_1', deliveryId: deliveryOf(n, seconds), run: 1, at: later(60) };
  await plane.attempts.bury({ ...letter, kind: 'fault', reason: 'fault' });
  return { id: event.event_id, remove: () => plane.attempts.acknowledge(event, 'sub_1') };
}

const LISTS: Record<string, List> = {
  subscriptions: {
    path: ALL,
    id: 'id',
    async add(n) {
      plane.clock.advance(n % 3);
      const body = { url: 'https://crm.example.com/', event_types: ['Guest.*'] };
      const { id } = (await plane.call('POST', ALL, { body })).body;
      return { id, remove: remover(`${ALL}/${id}`) };
    },
  },
  keys: {
    path: '/v1/keys',
    id: 'id',
    async add() {
      const { id } = (await plane.call('POST', '/v1/keys', { body: { name: 'k', scopes: ['events:read'] } })).body;
      return { id, remove: remover(`/v1/keys/${id}`) };
    },
  },
  tenants: {
    path: '/v1/tenants',
    id: 'tenant',
    async add(n, seconds) {
      const tenant = `t${seconds}-${n}`;
      await plane.tenants.enter(tenant);
      return { id: tenant };
    },
  },
  events: {
    path: '/v1/tenants/acme/events',
    id: 'event_id',
    async add(n, seconds) {
      const event = eventAt(n, seconds);
      await plane.events.close([{ event, matched: { at: later(60), subscriptions: [] } }]);
      return { id: event.event_id };
    },
  },
  attempts: {
    path: `${ONE}/attempts`,
    id: 'event_id',
    async add(n, seconds) {
      const event = eventAt(n, seconds);
      const attempt = make.attempt({ event_id: event.event_id, delivery_id: deliveryOf(n, seconds), at: later(seconds) }); // prettier-ignore
      await plane.attempts.record(make.step({ event }), attempt);
      return { id: event.event_id };
    },
  },
  'what waits': { path: `${ONE}/waiting`, id: 'event_id', add: addWaiting },
  'dead letters': { path: `${ONE}/dead-letters`, id: 'event_id', add: addLetter },
  replays: {
    path: `${ONE}/replays`,
    id: 'replay_id',
    async add(n, seconds) {
      const replay_id = `rpl_${String(seconds).padStart(3, '0')}_${n}`;
      const about = {
        kind: 'replay',
        only: 'dead',
        run: 2,
        from: later(0),
        to: later(9),
        started_at: later(9),
      } as const;
      await plane.replays.create(replayFrom({ ...OF, replay_id, ...about }));
      return { id: replay_id };
    },
  },
};

const MOMENTS = 20;
const MOST_PAGES = 200;

/** Reads the whole list in pages of random size, and between two of them something comes and something goes. */
async function readWhileItChanges({ path, id, add }: List, chance: Seeded) {
  let made = 0;
  const there: Awaited<ReturnType<List['add']>>[] = [];
  const enter = async (): Promise<void> => void there.push(await add((made += 1), chance.below(MOMENTS)));
  for (let i = 0; i < 24; i++) await enter();
  const throughout = new Set(there.map((one) => one.id));
  const seen: string[] = [];
  let cursor: string | null = null;
  for (let page = 0; page < MOST_PAGES; page++) {
    const query = new URLSearchParams({ limit: String(1 + chance.below(6)), ...(cursor !== null && { cursor }) });
    const { status, body } = await plane.call('GET', `${path}?${query.toString()}`);
    expect(status).toBe(200);
    seen.push(...body.items.map((item: Record<string, string>) => item[id]));
    cursor = body.next_cursor;
    if (cursor === null) return { seen, throughout };
    if (chance.below(2) === 0) await enter();
    const [gone] = chance.below(2) === 0 ? there.splice(chance.below(there.length), 1) : [];
    if (gone?.remove === undefined) continue;
    await gone.remove();
    throughout.delete(gone.id);
  }
  throw new Error('the pages have no end');
}

test.each(Object.keys(LISTS))(
  'the pages of %s miss nothing that stays and show nothing twice, whatever comes and goes between them',
  async (name) => {
    const list = LISTS[name];
    if (list === undefined) throw new Error(`${name} is no list`);
    await fuzz(2, async (chance) => {
      plane = await openControlPlane(dynamo, kms);
      await plane.subscriptions.create(make.subscription());
      const { seen, throughout } = await readWhileItChanges(list, chance);
      expect(seen.filter((one, i) => seen.indexOf(one) !== i)).toEqual([]);
      expect([...throughout].filter((one) => !seen.includes(one))).toEqual([]);
    });
  },
);

test('the pages of an event’s deliveries show each of them once', async () => {
  const event = make.event();
  const subscriptions = Array.from({ length: 23 }, (_, i) => `sub_${i}`);
  await plane.events.accept(event);
  await plane.events.close([{ event, matched: { at: later(1), subscriptions } }]);
  const path = '/v1/tenants/acme/events/evt_1/deliveries';
  const seen: string[] = [];
  for (let cursor: string | null = ''; cursor !== null;) {
    const { body } = await plane.call('GET', `${path}?limit=5${cursor && `&cursor=${cursor}`}`);
    seen.push(...body.items.map((item: Record<string, string>) => item.subscription_id));
    cursor = body.next_cursor;
  }
  expect(seen.toSorted()).toEqual(subscriptions.toSorted());
});
