import '../support/quiet-logs.ts';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { Message } from '@aws-sdk/client-sqs';
import { takeInbound, type World } from '../../lambdas/ingest/inbound/inbound.ts';
import { FromService } from '../../shared/domain/inbound.ts';
import { batchOf } from '../../shared/runtime/batch.ts';
import { passOnTo } from '../../shared/wire/queue.ts';
import { startDynalite, type DynamoDb } from '../support/dynamodb.ts';
import { countOf, drain, emulatorBench, receive, type Started } from '../support/emulators.ts';
import { openWorlds, TENANT, type Opened } from '../support/stage-world.ts';

const bench = emulatorBench();
const [INBOUND, DEAD] = ['inbound', 'dead'] as const;

let dynamo: DynamoDb;
let opened: Opened;
let aws: Started;
let urls: Record<typeof INBOUND | typeof DEAD, string>;
let world: World;
beforeAll(async () => {
  dynamo = await startDynalite();
});
beforeEach(async () => {
  opened = await openWorlds(dynamo);
  aws = await bench.start();
  const made = (name: string): string => aws.ensureQueue({ name, attributes: {} }).url;
  urls = { [INBOUND]: made(INBOUND), [DEAD]: made(DEAD) };
  const refuse = passOnTo(aws.sqs, urls.dead);
  world = {
    ...opened.worlds.ingest,
    chance: () => 0,
    refuse: (text, attributes) => refuse(text, { attributes }),
    postpone: passOnTo(aws.sqs, urls.inbound),
  };
});
afterEach(bench.cleanUp);
afterAll(() => dynamo.close());

/** EventBridge's envelope, as text. */
const put = (detail: string, { id = 'b1', type = 'Guest.Created' } = {}): string =>
  `{"version":"0","id":"${id}","detail-type":"${type}","source":"com.acme.crm","detail":${detail}}`;
const guest = (more = ''): string => put(`{"tenant":"acme","data":{"id":"g1","price":199.00}${more}}`);

/** One invocation with these messages; answers which of them must come again, by their place. */
async function take(...bodies: string[]): Promise<number[]> {
  const Records = bodies.map((body, i) => ({
    messageId: String(i),
    receiptHandle: '',
    body,
    attributes: {
      ApproximateReceiveCount: '1',
      SentTimestamp: '0',
      SenderId: '',
      ApproximateFirstReceiveTimestamp: '0',
    },
    messageAttributes: {},
    md5OfBody: '',
    eventSource: 'aws:sqs',
    eventSourceARN: '',
    awsRegion: '',
  }));
  const handle = batchOf(FromService, (records) => takeInbound(records, world));
  const { batchItemFailures } = await handle({ Records }, { getRemainingTimeInMillis: () => 30_000 });
  return batchItemFailures.map(({ itemIdentifier }) => Number(itemIdentifier));
}

const published = (): Record<string, unknown>[] =>
  opened.queues.events.bodies.map((body) => (JSON.parse(body) as { detail: Record<string, unknown> }).detail);
const dead = (): Promise<Message[]> => drain(aws.sqs, urls.dead);
const reasonsIn = ({ MessageAttributes = {} }: Message): Record<string, unknown> =>
  Object.fromEntries(Object.entries(MessageAttributes).map(([name, { StringValue }]) => [name, StringValue]));

describe('an event that another service put on the bus', () => {
  test('is accepted and published as one that was posted, with the tokens of its data', async () => {
    expect(await take(guest(',"event_id":"e1","event_timestamp":"2026-01-02T03:04:05.6789Z"'))).toEqual([]);
    const body = '{"id":"g1","price":199.00}';
    const facts = { type: 'Guest.Created', group: 'Guest', timestamp: '2026-01-02T03:04:05.6789Z' };
    expect(await opened.events.find(TENANT, 'e1')).toMatchObject({ ...facts, body });
    expect(published()).toMatchObject([{ tenant: TENANT, event_id: 'e1', ...facts, body }]);
    expect(opened.lines).toMatchObject([{ what: 'event.accepted', event_id: 'e1', duplicate: false }]);
    expect(await dead()).toEqual([]);
  });

  test('is known by the id that EventBridge gave it where it has none: a copy of it is a duplicate', async () => {
    expect(await take(guest(), guest())).toEqual([]);
    await take(guest());
    expect(opened.lines.map(({ event_id, duplicate }) => [event_id, duplicate]).sort()).toEqual([
      ['b1', false],
      ['b1', true],
      ['b1', true],
    ]);
  });

  test('is left to the sweep where the bus does not take it', async () => {
    opened.bus.faults.push(...Array.from({ length: 3 }, () => ({ refuses: () => true })));
    expect(await take(guest(',"event_id":"e1"'))).toEqual([]);
    expect(opened.lines.map(({ what }) => what)).toEqual(['event.left_to_sweep', 'event.accepted']);
  });
});

describe('a refusal', () => {
  test.each([
    [
      'an unknown type',
      put('{"tenant":"acme","data":{}}', { type: 'Guest.Creatd' }),
      'unknown_event_type',
      '/event_type',
    ],
    ['data of another schema', put('{"tenant":"acme","data":{"id":7}}'), 'schema_mismatch', '/data/id'],
    ['no tenant', put('{"data":{"id":"g1"}}'), 'invalid', '/tenant'],
    ['a member that nobody knows', guest(',"colour":"red"'), 'invalid', '/colour'],
    ['data that is a text', put('{"tenant":"acme","data":"\\"g1\\""}'), 'invalid', '/data'],
    ['an id that is none', guest(',"event_id":"a.b"'), 'invalid', '/event_id'],
  ])('for %s goes to the dead queue at once, as it came and with its error', async (_, body, code, pointer) => {
    expect(await take(body)).toEqual([]);
    const letters = await dead();
    expect(letters.map(({ Body }) => Body)).toEqual([body]);
    expect(reasonsIn(letters[0] ?? {})).toMatchObject({ ERROR_CODE: code, ERROR_MESSAGE: expect.any(String) });
    expect(String(reasonsIn(letters[0] ?? {}).ERROR_PLACES)).toContain(`"pointer":"${pointer}"`);
    expect(published()).toEqual([]);
    expect(opened.lines).toMatchObject([{ what: 'inbound.refused', event_source: 'com.acme.crm', code }]);
  });

  test('for an event of more than 256 KiB', async () => {
    const long = (bytes: number): string => {
      const text = (note: string): string => `{"data":{"id":"g1","note":"${note}"},"event_type":"Guest.Created"}`;
      return put(`{"tenant":"acme","data":{"id":"g1","note":"${'x'.repeat(bytes - text('').length)}"}}`);
    };
    await take(long(256 * 1024));
    expect(await dead()).toEqual([]);
    await take(long(256 * 1024 + 1));
    expect((await dead()).map(reasonsIn)).toMatchObject([{ ERROR_CODE: 'too_large' }]);
  });

  test('for another event under an id that is taken', async () => {
    await take(guest(',"event_id":"e1"'));
    await take(put('{"tenant":"acme","event_id":"e1","data":{"id":"another"}}'));
    expect((await dead()).map(reasonsIn)).toMatchObject([{ ERROR_CODE: 'event_id_conflict' }]);
  });

  test('takes no neighbour along', async () => {
    expect(await take(put('{}'), guest(',"event_id":"e1"'))).toEqual([]);
    expect(published()).toMatchObject([{ event_id: 'e1' }]);
    expect(await dead()).toHaveLength(1);
  });

  test('that the dead queue does not take comes again, and is no silence', async () => {
    world = { ...world, refuse: passOnTo(aws.sqs, `${urls.dead}-gone`) };
    expect(await take(put('{}'))).toEqual([0]);
    expect(opened.failures).toHaveLength(1);
  });
});

test('what is over its tenant’s budget waits in the queue as it came, as a new message, and is no dead letter', async () => {
  const late = guest(',"event_id":"e1"');
  world = { ...world, admit: async () => 1 };
  expect(await take(late)).toEqual([]);
  expect(opened.lines).toMatchObject([{ what: 'inbound.postponed', code: 'rate_limited' }]);
  expect([published(), await dead()]).toEqual([[], []]);

  const [again, ...others] = await receive(aws.sqs, urls.inbound, 20);
  expect([again?.Body, again?.Attributes?.MessageGroupId, again && countOf(again), others]).toEqual([
    late,
    'acme', // apart from those of the same source whose tenants are within theirs
    1,
    [],
  ]);
  world = { ...world, admit: async () => undefined };
  await take(again?.Body ?? '');
  expect(published()).toMatchObject([{ event_id: 'e1' }]);
});

test('what cannot be put back comes again', async () => {
  world = { ...world, admit: async () => 1, postpone: passOnTo(aws.sqs, `${urls.inbound}-gone`) };
  expect(await take(guest())).toEqual([0]);
});

test('a failure of ours brings the message again, and leaves the others alone', async () => {
  const accept: World['accept'] = async (event) => {
    if (event.event_id === 'e1') throw new Error('the table is throttled');
    return opened.events.accept(event);
  };
  world = { ...world, accept };
  expect(await take(guest(',"event_id":"e1"'), guest(',"event_id":"e2"'), 'no JSON', '{"id":"b2"}')).toEqual([0, 2, 3]);
  expect(published()).toMatchObject([{ event_id: 'e2' }]);
  expect(await dead()).toEqual([]);
});
