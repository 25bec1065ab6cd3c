import { PutEventsCommand, type PutEventsRequestEntry } from '@aws-sdk/client-eventbridge';
import type { Message } from '@aws-sdk/client-sqs';
import { expect, test } from '@jest/globals';
import { ACCOUNT, REGION } from '../../local/aws/identity.ts';
import { differs, undecided } from './differs.ts';
import { nameOf, take, type Probe } from './probe.ts';
import { BUS, SOURCE } from './probe-stack.ts';
import {
  PUT_EVENTS_ENTRY,
  PUT_EVENTS_RECORDED,
  PUT_EVENTS_REQUEST,
  RULE_DEAD_LETTERS,
  RULE_GROUPS,
} from './sources.ts';

/** No rule wants it. */
const entry = (given: Partial<PutEventsRequestEntry> = {}): PutEventsRequestEntry => ({
  EventBusName: BUS,
  Source: SOURCE,
  DetailType: 'Unwanted',
  Detail: '{}',
  ...given,
});

/** What a bus takes, and what a queue behind it gets. */
export function busCases(probe: Probe): void {
  const put = (...Entries: PutEventsRequestEntry[]) => probe.events.send(new PutEventsCommand({ Entries }));

  /** What the entries fail with, one by one; the name of the error when the request does. */
  const failuresOf = (...entries: PutEventsRequestEntry[]): Promise<unknown> =>
    put(...entries).then(({ Entries = [] }) => Entries.map(({ ErrorCode }) => ErrorCode), nameOf);

  /** Publishes an event, and gives its id and the message that the queue gets. */
  async function published(given: Partial<PutEventsRequestEntry> = {}): Promise<{ id?: string; message: Message }> {
    const { Entries = [] } = await put(entry({ DetailType: 'Envelope', ...given }));
    const [message = {}] = await take(probe, 'envelopes', 10);
    return { message, ...(Entries[0]?.EventId !== undefined && { id: Entries[0].EventId }) };
  }

  test('a queue gets the envelope of EventBridge and nothing else', async () => {
    const before = Date.now();
    const { id, message } = await published({
      Detail: '{ "a": [1, null, "x"], "b": {}, "c": "" }',
      Resources: ['one'],
    });
    const body = JSON.parse(message.Body ?? '');
    expect(body).toEqual({
      version: '0',
      id,
      'detail-type': 'Envelope',
      source: SOURCE,
      account: ACCOUNT,
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
      region: REGION,
      resources: ['one'],
      detail: { a: [1, null, 'x'], b: {}, c: '' },
    });
    expect(Date.parse(body.time)).toBeGreaterThanOrEqual(before - 1000);
    expect(message.MessageAttributes).toBeUndefined();
  });

  test('without resources there is an empty list', async () => {
    const { message } = await published();
    expect(JSON.parse(message.Body ?? '').resources).toEqual([]);
  });

  differs(
    'an event has the time that its publisher gave it, in whole seconds',
    { aws: true, emulator: false, source: PUT_EVENTS_ENTRY },
    async () => {
      const { message } = await published({ Time: new Date('2026-01-02T03:04:05.678Z') });
      return JSON.parse(message.Body ?? '').time === '2026-01-02T03:04:05Z';
    },
  );

  test('a text in the detail arrives to the letter, numbers in it as well', async () => {
    const text = '{"price":199.00,"big":9007199254740993,"name":"Zoë 😀"}';
    const { message } = await published({ Detail: JSON.stringify({ text }) });
    expect(JSON.parse(message.Body ?? '').detail).toEqual({ text });
  });

  // Documented is the range of whole numbers, 64 bits, and nothing about how a number is spelled on its way. The local bus spoils
  // what JSON.parse cannot hold, on purpose: nothing of ours may travel as a number (decision 0008).
  undecided(
    'how numbers in the detail are spelled',
    {
      ours: { price: '199', big: '9007199254740992', power: '100', zero: '0' },
      emulator: { price: '199.0', big: '9007199254740993', power: '100.0', zero: '0' },
    },
    async () => {
      const Detail = '{"price":199.00,"big":9007199254740993,"power":1e2,"zero":-0}';
      const { message } = await published({ Detail });
      const [, detail = ''] = /"detail": ?\{(.*?)\}/.exec(message.Body ?? '') ?? [];
      return Object.fromEntries(Array.from(detail.matchAll(/"(\w+)": ?([^,]+)/g), ([, name, value]) => [name, value]));
    },
  );

  differs(
    "the message's group is what the rule says, on a standard queue too",
    { aws: 'acme', emulator: undefined, source: RULE_GROUPS },
    async () => {
      await put(entry({ DetailType: 'Group', Detail: '{"tenant":"acme"}' }));
      return (await take(probe, 'groups', 10))[0]?.Attributes?.MessageGroupId;
    },
  );

  for (const [what, given, code] of [
    ['a detail that is no JSON', { Detail: '{"a":' }, 'MalformedDetail'],
    ['a detail that is a list', { Detail: '[]' }, 'MalformedDetail'],
    ['a detail that is a text', { Detail: '"a"' }, 'MalformedDetail'],
    ['no detail', { Detail: undefined }, 'InvalidArgument'],
    ['no source', { Source: undefined }, 'InvalidArgument'],
    ['no type', { DetailType: undefined }, 'InvalidArgument'],
  ] as const)
    differs(
      `an entry with ${what} fails alone`,
      { aws: [code, undefined], emulator: [undefined, undefined], source: PUT_EVENTS_RECORDED },
      async () => failuresOf(entry(given), entry()),
    );

  // https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-events-structure.html
  test('nobody but AWS publishes as aws', async () => {
    const codes = await failuresOf(entry({ Source: 'aws.probe' }), entry({ Source: 'awsome' }));
    expect(codes).toEqual(['NotAuthorizedForSourceException', undefined]);
  });

  // PUT_EVENTS_RECORDED has it too.
  test('an event for a bus that does not exist is accepted', async () => {
    expect(await failuresOf(entry({ EventBusName: 'nowhere' }))).toEqual([undefined]);
  });

  test('a bus may be called by its ARN', async () => {
    const { message } = await published({ EventBusName: `arn:aws:events:${REGION}:${ACCOUNT}:event-bus/${BUS}` });
    expect(message.Body).toContain('Envelope');
  });

  test('eleven entries are refused', async () => {
    expect(await failuresOf(...Array.from({ length: 11 }, () => entry()))).toBe('ValidationException');
  });
  differs(
    'no entries are refused',
    { aws: 'ValidationException', emulator: [], source: PUT_EVENTS_REQUEST },
    async () => failuresOf(),
  );
  differs(
    'entries of more than a mebibyte are refused',
    { aws: 'ValidationException', emulator: [undefined, undefined], source: PUT_EVENTS_RECORDED },
    async () => failuresOf(entry({ Detail: JSON.stringify({ x: 'x'.repeat(2 ** 20) }) }), entry()),
  );

  differs(
    'what a rule cannot place goes to its dead queue, with the reason',
    {
      aws: {
        RULE_ARN: expect.stringMatching(/^arn:aws:events:.*:rule\/probe\/./),
        TARGET_ARN: expect.stringMatching(/:probe-nowhere$/),
        ERROR_CODE: 'NO_RESOURCE',
        ERROR_MESSAGE: expect.stringMatching(/./),
      },
      emulator: undefined,
      source: RULE_DEAD_LETTERS,
    },
    async () => {
      await put(entry({ DetailType: 'Nowhere' }));
      const [letter] = await take(probe, 'undeliverable', 2);
      const attributes = letter && Object.entries(letter.MessageAttributes ?? {});
      return attributes && Object.fromEntries(attributes.map(([name, { StringValue }]) => [name, StringValue]));
    },
  );
}
