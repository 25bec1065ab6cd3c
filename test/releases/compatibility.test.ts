import '../support/quiet-logs.ts';
import { readdirSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { Webhook } from 'standardwebhooks';
import current from '../../package.json' with { type: 'json' };
import type { DeliveryStep } from '../../shared/domain/delivery.ts';
import type { TravellingEvent } from '../../shared/domain/event.ts';
import { asciiJson } from '../../shared/domain/json-text.ts';
import type { Item } from '../../shared/store/database.ts';
import { startDynalite, type DynamoDb } from '../support/dynamodb.ts';
import { startKms, type TestKms } from '../support/kms.ts';
import { recordingIn, type Delivery, type Recording } from './recording.ts';
import { openService, type Sent, type Service } from './service.ts';
import { kindOf, shapesIn } from './shape.ts';
import { MASTER_KEY, tell } from './story.ts';

/*
 * A message may wait for three days, a queue holds it for fourteen, tables outlive every release, and a canary or a roll-back
 * makes two releases meet. So what a release writes is recorded once (record.ts), and every later one must read it: here.
 */

/**
 * Members that are written now and were not by some release. It ignores them, as the cases with a later member show. Any other
 * difference would be read wrongly, or not at all, by the release that a roll-back brings back.
 */
const ADDED: readonly { member: string; since: string; because: string }[] = [];

const files = readdirSync(import.meta.dirname)
  .filter((name) => name.endsWith('.json'))
  .map((name) => readFileSync(new URL(name, import.meta.url), 'utf8'));
const releases = files.map(recordingIn);

let dynamo: DynamoDb;
beforeAll(async () => {
  dynamo = await startDynalite();
});
afterAll(() => dynamo.close());

/* ---- What a later release may add ---- */

/** With one more member in each of its objects. */
function withLater(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withLater);
  if (typeof value !== 'object' || value === null) return value;
  return { ...Object.fromEntries(Object.entries(value).map(([name, member]) => [name, withLater(member)])), later: 1 };
}
const laterBody = (body: string): string => asciiJson(withLater(JSON.parse(body)));
/** A member of the item's own: the one object inside an item is a retry policy, which holds what a caller may say and no more. */
const laterItem = (item: Item): Item => ({ ...item, later: 1 });

/** The body with some members changed, one level down at most. */
const merged = (body: string, changes: Record<string, unknown>): string => {
  const message = JSON.parse(body);
  for (const [name, value] of Object.entries(changes)) {
    message[name] = typeof value === 'object' ? { ...message[name], ...value } : value;
  }
  return asciiJson(message);
};

const withLaterMembers = ({ tables, queues, ...rest }: Recording): Recording => ({
  ...rest,
  tables: { control: tables.control.map(laterItem), flow: tables.flow.map(laterItem) },
  queues: {
    events: queues.events.map(laterBody),
    deliveries: queues.deliveries.map(laterBody),
    retries: queues.retries.map(laterBody),
  },
});

const cases = releases.flatMap((recording): [string, Recording][] => [
  [recording.version, recording],
  [`${recording.version}, with a member that a later release adds`, withLaterMembers(recording)],
]);

/* ---- What a recording says ---- */

/** What a body says, whichever queue it was in. */
function saidIn(body: string): { event: TravellingEvent; deliveries: DeliveryStep[] } {
  const { detail, event = detail, deliveries = [] } = JSON.parse(body);
  return { event, deliveries };
}

/** Bodies with what to call them. */
const named = (bodies: readonly string[]): [string, string][] =>
  bodies.map((body) => {
    const { event, deliveries } = saidIn(body);
    const [step] = deliveries;
    const attempt = step === undefined ? [] : [`attempt ${step.attempt} for ${deliveries.length}`];
    return [[event.event_id, ...(event.doubt ? ['in doubt'] : []), ...attempt].join(', '), body];
  });

const itemsOf = ({ tables }: Recording, kind: string): Item[] =>
  [...tables.control, ...tables.flow].filter((item) => kindOf(item) === kind);

const deliveriesOf = ({ deliveries }: Recording, eventId: string): Delivery[] =>
  deliveries.filter(({ event_id }) => event_id === eventId);

const secretOf = ({ answers }: Recording, subscriptionId: string): string =>
  JSON.parse(answers.find(({ path }) => path.endsWith(`${subscriptionId}/secret`))?.text ?? '').secret;

/* ---- What is done today ---- */

/** All that tells one request from another, save what names its moment or our version. */
function essenceOf({ headers, ...request }: Sent): unknown {
  const { 'webhook-timestamp': _at, 'webhook-signature': _signature, 'user-agent': _version, ...kept } = headers;
  return { ...request, headers: kept };
}

/** @throws WebhookVerificationError */
function verify({ headers, body }: Sent, secret: string, now: Date): void {
  const clock = jest.spyOn(Date, 'now').mockReturnValue(now.getTime());
  new Webhook(secret).verify(body, headers, { jsonParse: false });
  clock.mockRestore();
}

/** That each of these deliveries was sent once, as it was recorded and with a good signature, and nothing else. */
function expectSent({ requests, clock }: Service, recording: Recording, deliveries: readonly Delivery[]): void {
  const sent = requests.toSorted((a, b) => (a.url < b.url ? -1 : 1));
  const expected = deliveries.toSorted((a, b) => (a.request!.url < b.request!.url ? -1 : 1));
  expect(sent.map(essenceOf)).toEqual(expected.map(({ request }) => essenceOf(request!)));
  sent.forEach((request, i) => verify(request, secretOf(recording, expected[i]!.subscription_id), clock.now()));
}

const advanceTo = ({ clock }: Service, time: number): void => clock.advance((time - clock.now().getTime()) / 1000);

const ATTEMPTED = ['attempt', 'claim', 'dead letter'];

describe.each(cases)('of %s', (_, recording) => {
  let kms: TestKms;
  beforeAll(async () => {
    kms = await startKms(Buffer.from(recording.master_key, 'base64'));
  });
  afterAll(() => kms.close());

  const { events, deliveries, retries } = recording.queues;
  const owner = recording.answers[0]!.key;
  const statuses = new Map(itemsOf(recording, 'subscription').map(({ id, status }) => [id, status]));
  const isEnabled = ({ subscription_id }: { subscription_id: string }): boolean =>
    statuses.get(subscription_id) === 'enabled';

  /** The service as the release left it, `without` the items of some kinds. */
  const open = (without: readonly string[] = []): Promise<Service> =>
    openService(dynamo, kms, {
      at: recording.at,
      control: recording.tables.control,
      flow: recording.tables.flow.filter((item) => !without.includes(kindOf(item))),
    });

  describe('an event in the events queue', () => {
    test.each(named(events))('finds those who wanted it, and reaches them: %s', async (__, body) => {
      const service = await open(['matched', ...ATTEMPTED]);
      const { event } = saidIn(body);
      service.queues.events.send(body);
      await service.matchOnce();
      expect(service.queues.events.isEmpty).toBe(true);

      const made = service.queues.deliveries.bodies.map(saidIn);
      const wanted = deliveriesOf(recording, event.event_id);
      expect(made).toMatchObject([{ event: { event_id: event.event_id } }]);
      expect(made[0]?.event.doubt).toBe(event.doubt);
      expect(made[0]?.deliveries.map((step) => step.subscription_id).toSorted()).toEqual(
        wanted.map(({ subscription_id }) => subscription_id).toSorted(),
      );
      await service.deliverOnce();
      expectSent(service, recording, wanted.filter(isEnabled));
    });

    test('in doubt and matched already makes nothing', async () => {
      const service = await open();
      const matched = new Set(itemsOf(recording, 'matched').map(({ pk }) => String(pk).split('#').at(-1)));
      const again = events.filter((body) => saidIn(body).event.doubt && matched.has(saidIn(body).event.event_id));
      expect(again).not.toEqual([]);
      for (const body of again) service.queues.events.send(body);
      await service.matchOnce();
      expect([service.queues.events.isEmpty, service.queues.deliveries.bodies]).toEqual([true, []]);
    });
  });

  describe('a delivery', () => {
    const waiting = [
      ...named(deliveries).map((row) => ['deliveries', ...row] as const),
      ...named(retries).map((row) => ['retries', ...row] as const),
    ];

    test.each(waiting)('in the %s queue sends what it sent then, when it is due: %s', async (queue, __, body) => {
      const service = await open(ATTEMPTED);
      const { event, deliveries: steps } = saidIn(body);
      service.queues[queue].send(body);
      await service.deliverOnce();
      const due = Math.max(...steps.map(({ not_before = 0 }) => not_before));
      if (due > Date.parse(recording.at)) {
        expect(service.requests).toEqual([]);
        advanceTo(service, due);
        await service.deliverOnce();
      }

      const subscriptions = new Set(steps.map(({ subscription_id }) => subscription_id));
      const wanted = deliveriesOf(recording, event.event_id).filter((one) => subscriptions.has(one.subscription_id));
      expectSent(service, recording, wanted.filter(isEnabled));
      // What is held is dropped, and found again when its subscription is released.
      expect(service.queues.retries.bodies).toEqual([]);
    });

    test('may travel with as many others as it could then', async () => {
      const service = await open(ATTEMPTED);
      const body = deliveries.find((one) => saidIn(one).deliveries.every(isEnabled))!;
      const [step] = saidIn(body).deliveries;
      const runs = Array.from({ length: recording.most_deliveries_a_message }, (__, i) => ({ ...step, run: i + 1 }));
      service.queues.deliveries.send(asciiJson({ ...JSON.parse(body), deliveries: runs }));
      await service.deliverOnce();
      expect(service.queues.deliveries.isEmpty).toBe(true);
      expect(service.requests).toHaveLength(runs.length);
    });

    test('whose attempt is settled ends there', async () => {
      const service = await open();
      const keyOf = (step: Item): string =>
        [step.event_id, step.subscription_id, step.run, step.attempt].map(String).join(' ');
      const settled = new Set(itemsOf(recording, 'attempt').map(keyOf));
      const over = [...deliveries, ...retries].filter((body) => {
        const { event, deliveries: steps } = saidIn(body);
        return event.doubt && steps.every((step) => settled.has(keyOf({ event_id: event.event_id, ...step })));
      });
      expect(over.length).toBeGreaterThan(1);
      for (const body of over) service.queues.deliveries.send(body);
      await service.deliverOnce();
      expect(service.requests).toEqual([]);
      expect([service.queues.deliveries.bodies, service.queues.retries.bodies]).toEqual([[], []]);
    });

    test('that somebody else has claimed waits until the lease is over, and is made then', async () => {
      const service = await open();
      const { event_id, subscription_id, attempt } = recording.held;
      const isHeld = ({ event, deliveries: [step] }: ReturnType<typeof saidIn>): boolean =>
        event.event_id === event_id && step?.subscription_id === subscription_id && step.attempt === attempt;
      service.queues.retries.send(retries.find((body) => isHeld(saidIn(body)))!);
      await service.deliverOnce();
      expect(service.requests).toEqual([]);
      expect(service.queues.retries.bodies.map(saidIn)).toMatchObject([{ deliveries: [{ subscription_id, attempt }] }]);
      const [claim] = itemsOf(recording, 'claim');
      expect(service.queues.retries.nextAt).toBeGreaterThanOrEqual(Number(claim?.lease_until));

      advanceTo(service, service.queues.retries.nextAt);
      await service.deliverOnce();
      const wanted = deliveriesOf(recording, event_id).filter((one) => one.subscription_id === subscription_id);
      expectSent(service, recording, wanted);
    });
  });

  test('what was accepted and not matched is swept when it is due, and delivered', async () => {
    const service = await open();
    const published = (): unknown[] =>
      service.queues.events.taken.map((body) => saidIn(body).event).map(({ event_id, doubt }) => [event_id, doubt]);
    await service.tick();
    expect(published()).toEqual(recording.overdue.map((id) => [id, true]));
    await service.pump();
    expectSent(
      service,
      recording,
      recording.overdue.flatMap((id) => deliveriesOf(recording, id)),
    );

    const postponed = itemsOf(recording, 'open marker').filter(({ next_at }) => next_at !== undefined);
    expect(postponed).not.toEqual([]);
    advanceTo(service, Math.max(...postponed.map(({ next_at }) => Number(next_at))));
    await service.tick();
    expect(published().slice(recording.overdue.length)).toEqual(postponed.map(({ event_id }) => [event_id, true]));

    await service.pump();
    const swept = new Set([...recording.overdue, ...postponed.map(({ event_id }) => event_id)]);
    const left = itemsOf(recording, 'open marker').map(({ event_id }) => event_id);
    expect(await service.openEvents()).toEqual(left.filter((id) => !swept.has(id)));
  });

  test('an event that is posted again is known, and another one under its id is refused', async () => {
    const service = await open();
    const acceptedAt = new Map(itemsOf(recording, 'event').map((head) => [head.event_id, head.accepted_at]));
    for (const post of recording.posts) {
      const receipt = await service.publish(post);
      expect(receipt).toMatchObject({ duplicate: true, accepted_at: acceptedAt.get(receipt.event_id) });
      const other = { ...post, text: post.text.replace('"data":{', '"data":{"more":1,') };
      await expect(service.publish(other)).rejects.toMatchObject({ code: 'event_id_conflict' });
    }
    expect(service.queues.events.bodies).toEqual([]);
  });

  describe('the control plane', () => {
    let service: Service;
    beforeAll(async () => {
      service = await open();
    });

    const asked = recording.answers.map((said) => [said.path.replace(/cursor=.*/, 'cursor=…'), said] as const);
    test.each(asked)('answers %s as it did then', async (__, said) => {
      const { status, text, body } = await service.call('GET', said.path, { key: said.key });
      expect(status).toBe(said.status);
      if (status !== 200) return;
      expect(body).toMatchObject(JSON.parse(said.text));
      // Values alone would not tell 199.00 from 199.
      expect(text.slice(text.indexOf('"data":'))).toBe(said.text.slice(said.text.indexOf('"data":')));
    });

    test('changes and deletes a subscription, with its headers and interests', async () => {
      const { control, call } = await open();
      const [{ tenant, id, header_names } = {}] = itemsOf(recording, 'subscription').filter(
        ({ sealed_headers }) => sealed_headers !== undefined,
      );
      const one = `/v1/tenants/${String(tenant)}/subscriptions/${String(id)}`;
      const interests = async (): Promise<unknown[]> =>
        (await control.scan()).filter((item) => kindOf(item) === 'interest' && item.subscription === id);

      const patch = { event_types: ['Guest.Deleted'], headers: { 'X-More': 'more' } };
      const { status, body } = await call('PATCH', one, { key: owner, body: patch });
      expect([status, body.header_names]).toEqual([200, [...(header_names as string[]), 'X-More']]);
      expect(await interests()).toMatchObject([{ pk: `INT#${String(tenant)}#Guest.Deleted` }]);
      expect(await call('DELETE', one, { key: owner })).toMatchObject({ status: 204 });
      expect(await interests()).toEqual([]);
    });

    test('changes and deletes keys, and never the last one of an admin', async () => {
      const { call } = await open();
      const ask = (method: string, path: string, body?: object) => call(method, path, { key: owner, body });
      const { id: own } = (await ask('GET', '/v1/me')).body;
      for (const { id } of itemsOf(recording, 'listed access key').filter((key) => key.id !== own)) {
        const one = `/v1/keys/${String(id)}`;
        expect(await ask('PATCH', one, { name: 'new' })).toMatchObject({ status: 200 });
        expect(await ask('DELETE', one)).toMatchObject({ status: 204 });
      }
      expect(await ask('DELETE', `/v1/keys/${String(own)}`)).toMatchObject({ body: { code: 'last_admin_key' } });
    });
  });

  test.each([
    ['events', { detail: { v: 2 } }],
    ['deliveries', { v: 2 }],
    ['deliveries', { event: { v: 2 } }],
    ['retries', { v: 2 }],
  ] as const)('a message in the %s queue of a version nobody knows, %j, is never acked', async (name, version) => {
    const service = await open(['matched', ...ATTEMPTED]);
    const queue = service.queues[name];
    const unknown = merged(recording.queues[name][0]!, version);
    queue.send(unknown);
    for (let receives = 1; receives <= 5; receives++) {
      await service.pump();
      expect([queue.bodies, queue.dead]).toEqual([[unknown], []]);
      service.clock.advance(360);
    }
    // Not lost, and not tried for ever: a release that knows it may take it back from there.
    await service.pump();
    expect([queue.bodies, queue.dead]).toEqual([[], [unknown]]);
    expect([service.requests, service.queues.deliveries.bodies, service.queues.retries.bodies]).toEqual([[], [], []]);
  });
});

/** `a.b` and `a` of `a.b[].c`. */
const parentsOf = (member: string): string[] =>
  [...member.matchAll(/[.[]/g)].map(({ index }) => member.slice(0, index));

describe('what this release writes', () => {
  let kms: TestKms;
  let today: Record<string, string>;
  beforeAll(async () => {
    kms = await startKms(MASTER_KEY);
    today = shapesIn(await tell(dynamo, kms, current.version));
  }, 60_000);
  afterAll(() => kms.close());

  test.each(releases.map((recording) => [recording.version, recording] as const))(
    'is what %s wrote, member by member, save what it ignores',
    (_, recording) => {
      const before = shapesIn(recording);
      const isAdded = (member: string): boolean =>
        !(member in before) && ADDED.some((added) => [member, ...parentsOf(member)].includes(added.member));
      const known = Object.entries(today).filter(([member]) => !isAdded(member));
      expect(Object.fromEntries(known)).toEqual(before);
    },
  );

  test('is recorded: before a version goes out, `npm run record:release` writes its file', () => {
    expect(releases.map(({ version }) => version)).toContain(current.version);
  });
});

test('a recording that is edited is refused', () => {
  for (const file of files) expect(() => recordingIn(file.replace('evt_', 'evt_x'))).toThrow('it is history');
});
