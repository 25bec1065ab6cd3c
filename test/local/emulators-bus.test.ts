import { DatabaseSync } from 'node:sqlite';
import { afterEach, expect, jest, test } from '@jest/globals';
import { PutEventsCommand, type PutEventsRequestEntry } from '@aws-sdk/client-eventbridge';
import type { Target } from '../../local/aws/bus.ts';
import { drain, emulatorBench } from '../support/emulators.ts';

const bench = emulatorBench();
afterEach(bench.cleanUp);

const entry = (given: Partial<PutEventsRequestEntry> = {}): PutEventsRequestEntry => ({
  EventBusName: 'bus',
  Source: 'event-fanout',
  DetailType: 'Guest.Created',
  Detail: '{"tenant":"acme"}',
  ...given,
});

const ARN = 'arn:aws:sqs:us-east-1:000000000000:';
const rule = (name: string, pattern: unknown, target: Partial<Target> = {}) => ({
  name,
  busName: 'bus',
  pattern,
  targets: [{ queueArn: ARN + name, ...target }],
});

/** Starts emulators with these queues. `messages` takes what a queue holds, `bodies` shows their JSON. */
async function withQueues(...names: string[]) {
  const emulators = await bench.start(await bench.folder());
  const urls = new Map(names.map((name) => [name, emulators.ensureQueue({ name, attributes: {} }).url]));
  return {
    ...emulators,
    put: (...Entries: PutEventsRequestEntry[]) => emulators.events.send(new PutEventsCommand({ Entries })),
    messages: (name: string) => drain(emulators.sqs, urls.get(name) ?? ''),
    bodies: async (name: string) => (await drain(emulators.sqs, urls.get(name) ?? '')).map(parsedBody),
  };
}
const parsedBody = ({ Body = '' }: { Body?: string }) => JSON.parse(Body) as { detail: Record<string, unknown> };

test('an event arrives in the envelope of EventBridge', async () => {
  const { setRules, put, bodies } = await withQueues('guests');
  setRules([rule('guests', { source: ['event-fanout'] })]);
  const { Entries } = await put(entry({ Time: new Date('2026-01-02T03:04:05.678Z'), Resources: ['centre/7'] }));

  expect(await bodies('guests')).toEqual([
    {
      version: '0',
      id: Entries?.[0]?.EventId,
      'detail-type': 'Guest.Created',
      source: 'event-fanout',
      account: '000000000000',
      time: '2026-01-02T03:04:05Z',
      region: 'us-east-1',
      resources: ['centre/7'],
      detail: { tenant: 'acme' },
    },
  ]);
});

test('the values of the detail arrive, not their spelling, and any character does', async () => {
  const { setRules, put, messages } = await withQueues('guests');
  setRules([rule('guests', { source: ['event-fanout'] })]);
  await put(entry({ Detail: '{ "price": 199.00, "name": "Zoë 😀", "data": "{\\"price\\":199.00}" }' }));

  const [message] = await messages('guests');
  expect(message?.Body).toContain(
    '"detail":{"price":199,"name":"Zo\\u00eb \\ud83d\\ude00","data":"{\\"price\\":199.00}"}',
  );
  expect(parsedBody(message ?? {}).detail.name).toBe('Zoë 😀');
});

test('the target says which part of the event is the message group', async () => {
  const { setRules, put, messages } = await withQueues('guests');
  setRules([rule('guests', { source: ['event-fanout'] }, { messageGroupId: '$.detail.tenant' })]);
  await put(entry({ Detail: '{"tenant":"acme"}' }), entry({ Detail: '{}' }));
  expect((await messages('guests')).map(({ Attributes }) => Attributes?.MessageGroupId)).toEqual(['acme', undefined]);
});

test('every rule of its bus that matches gets an event, and no other rule', async () => {
  const { setRules, put, bodies } = await withQueues('guests', 'all', 'invoices', 'elsewhere');
  setRules([
    rule('guests', { 'detail-type': ['Guest.Created', 'Guest.Merged'] }),
    rule('all', { detail: { tenant: ['acme'] } }),
    rule('invoices', { 'detail-type': ['Invoice.Closed'] }),
    { ...rule('elsewhere', { source: ['event-fanout'] }), busName: 'other' },
  ]);
  await put(entry(), entry({ EventBusName: 'arn:aws:events:us-east-1:000000000000:event-bus/bus' }));

  const counts = ['guests', 'all', 'invoices', 'elsewhere'].map(async (name) => (await bodies(name)).length);
  expect(await Promise.all(counts)).toEqual([2, 2, 0, 0]);
});

test('an event that no rule wants, or for a bus that does not exist, is accepted and dropped', async () => {
  const { put } = await withQueues();
  const answer = await put(entry(), entry({ EventBusName: 'no-such-bus' }));
  expect(answer).toMatchObject({
    FailedEntryCount: 0,
    Entries: [{ EventId: expect.any(String) }, { EventId: expect.any(String) }],
  });
});

test.each([
  ['a detail that is no JSON', { Detail: '{"tenant":' }, 'MalformedDetail'],
  ['a detail that is a list', { Detail: '[]' }, 'MalformedDetail'],
  ['a detail that is null', { Detail: 'null' }, 'MalformedDetail'],
  ['no detail', { Detail: undefined }, 'InvalidArgument'],
  ['no source', { Source: undefined }, 'InvalidArgument'],
  ['an empty type', { DetailType: '' }, 'InvalidArgument'],
  ["one of AWS's own sources", { Source: 'aws.s3' }, 'NotAuthorizedForSourceException'],
])('an entry with %s fails alone', async (_, given, code) => {
  const { setRules, put, bodies } = await withQueues('guests');
  setRules([rule('guests', { source: ['event-fanout'] })]);
  const { FailedEntryCount, Entries } = await put(entry(given), entry());

  expect({ FailedEntryCount, codes: Entries?.map(({ ErrorCode }) => ErrorCode) }).toEqual({
    FailedEntryCount: 1,
    codes: [code, undefined],
  });
  expect(await bodies('guests')).toHaveLength(1);
});

test('a request of eleven entries, of none, or of more than a mebibyte is refused whole', async () => {
  const { put } = await withQueues();
  const sized = (size: number) =>
    entry({ Source: 's', DetailType: 't', Detail: JSON.stringify({ x: 'x'.repeat(size - 10) }) });
  await expect(put(...Array.from({ length: 11 }, () => entry()))).rejects.toThrow('1 to 10 entries');
  await expect(put()).rejects.toThrow('1 to 10 entries');
  await expect(put(sized(2 ** 19), sized(2 ** 19 + 1))).rejects.toMatchObject({ name: 'ValidationException' });
  expect((await put(sized(2 ** 19), sized(2 ** 19))).FailedEntryCount).toBe(0);
});

test('what a target cannot take goes to its dead queue, with the reason', async () => {
  const { setRules, put, messages } = await withQueues('dead');
  setRules([rule('missing', { source: ['event-fanout'] }, { deadLetterArn: `${ARN}dead` })]);
  expect((await put(entry())).FailedEntryCount).toBe(0);

  const [letter] = await messages('dead');
  expect(parsedBody(letter ?? {}).detail).toEqual({ tenant: 'acme' });
  expect(letter?.MessageAttributes).toMatchObject({
    RULE_ARN: { StringValue: 'arn:aws:events:us-east-1:000000000000:rule/bus/missing' },
    TARGET_ARN: { StringValue: `${ARN}missing` },
    ERROR_CODE: { StringValue: 'NO_RESOURCE' },
    ERROR_MESSAGE: { StringValue: `There is no queue ${ARN}missing.` },
  });
});

test('an event whose group no queue takes goes to the dead queue', async () => {
  const { setRules, put, messages } = await withQueues('guests', 'dead');
  const target = { messageGroupId: '$.detail.tenant', deadLetterArn: `${ARN}dead` };
  setRules([rule('guests', { source: ['event-fanout'] }, target)]);
  await put(entry({ Detail: '{"tenant":"the big one"}' }));
  const [letter] = await messages('dead');
  expect(letter?.MessageAttributes?.ERROR_CODE).toMatchObject({ StringValue: 'INVALID_PARAMETER' });
});

test('an event too long for its queue goes to the dead queue', async () => {
  const emulators = await withQueues('dead');
  emulators.ensureQueue({ name: 'small', attributes: { MaximumMessageSize: '1024' } });
  emulators.setRules([rule('small', { source: ['event-fanout'] }, { deadLetterArn: `${ARN}dead` })]);
  await emulators.put(entry({ Detail: JSON.stringify({ x: 'x'.repeat(1024) }) }));
  expect(
    (await emulators.messages('dead')).map(({ MessageAttributes }) => MessageAttributes?.ERROR_CODE),
  ).toMatchObject([{ StringValue: 'INVALID_PARAMETER' }]);
});

test.each([
  ['without a dead queue', {}],
  ['with a dead queue that is missing too', { deadLetterArn: `${ARN}nowhere` }],
])('an entry that its target cannot take fails %s, so that whoever published it learns of it', async (_, target) => {
  const { setRules, put, bodies } = await withQueues('guests');
  setRules([
    rule('guests', { source: ['event-fanout'] }),
    rule('missing', { 'detail-type': ['Guest.Merged'] }, target),
  ]);
  const { Entries } = await put(entry(), entry({ DetailType: 'Guest.Merged' }));
  expect(Entries?.map(({ ErrorCode }) => ErrorCode)).toEqual([undefined, 'InternalFailure']);
  expect(await bodies('guests')).toHaveLength(2);
});

test('nothing is accepted that the disk does not take', async () => {
  const folder = await bench.folder();
  const { events, setRules, ensureQueue } = await bench.start(folder);
  ensureQueue({ name: 'guests', attributes: {} });
  setRules([rule('guests', { source: ['event-fanout'] })]);
  const disk = new DatabaseSync(`${folder}/queues/fauxqs.db`);
  disk.exec(`CREATE TRIGGER full BEFORE INSERT ON sqs_messages BEGIN SELECT RAISE(ABORT, 'no space'); END`);
  disk.close();

  const printed = jest.spyOn(console, 'error').mockImplementation(() => {});
  const putting = events.send(new PutEventsCommand({ Entries: [entry()] }));
  await expect(putting).rejects.toMatchObject({ name: 'InternalFailure', message: 'Error: no space' });
  expect(printed).toHaveBeenCalled();
  printed.mockRestore();
});
