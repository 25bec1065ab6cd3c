import { SendMessageCommand, type Message, type SendMessageCommandInput } from '@aws-sdk/client-sqs';
import { expect, test } from '@jest/globals';
import type { SQSEvent, SQSRecord } from 'aws-lambda';
import { ACCOUNT, REGION } from '../../local/aws/identity.ts';
import { until } from '../support/until.ts';
import { differs, leftOut } from './differs.ts';
import { isEmpty, nameOf, take, type Probe } from './probe.ts';
import { MOST_RECEIVES, queueNamed } from './probe-stack.ts';
import { openRecorder } from './recorder.ts';
import { SQS_RECORD_RECORDED, SQS_RECORDED, SQS_SEND } from './sources.ts';
import { HIDDEN_SECONDS } from './target.ts';

const arnOf = (queue: string): string => `arn:aws:sqs:${REGION}:${ACCOUNT}:${queueNamed(queue)}`;
const MILLIS = expect.stringMatching(/^\d{13}$/);

const send = ({ sqs, queueUrl }: Probe, queue: string, message: Omit<SendMessageCommandInput, 'QueueUrl'>) =>
  sqs.send(new SendMessageCommand({ QueueUrl: queueUrl(queue), ...message }));

/** What a message is when it comes to a function, and when it comes again. */
export function queueCases(probe: Probe): void {
  // Begun before all else: it takes as long as several time-outs.
  const dying = seeOneDie(probe);
  dying.catch(() => {}); // its own test says why

  /** Sends a message, and gives the record of it that the function gets. */
  async function delivered(queue: string, message: Partial<SendMessageCommandInput> = {}): Promise<SQSRecord> {
    const recorder = await openRecorder<SQSEvent>(() => ({}));
    await send(probe, queue, { MessageBody: JSON.stringify({ recorder: recorder.url }), ...message });
    await until(() => isEmpty(probe, queue), 20_000);
    await recorder.close();
    const [record] = recorder.events.flatMap(({ Records }) => Records);
    if (!record) throw new Error('the function got nothing');
    return record;
  }

  test('a record has the shape that Lambda gives it', async () => {
    expect(await delivered('records')).toEqual({
      messageId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      receiptHandle: expect.stringMatching(/./),
      body: expect.stringMatching(/^\{"recorder":".*"\}$/),
      attributes: {
        ApproximateReceiveCount: '1',
        SentTimestamp: MILLIS,
        SenderId: expect.stringMatching(/./),
        ApproximateFirstReceiveTimestamp: MILLIS,
      },
      messageAttributes: {},
      md5OfBody: expect.stringMatching(/^[0-9a-f]{32}$/),
      eventSource: 'aws:sqs',
      eventSourceARN: arnOf('records'),
      awsRegion: REGION,
    });
  });

  const given = {
    Title: { DataType: 'String', StringValue: 'The Whistler' },
    Author: { DataType: 'String', StringValue: 'John Grisham' },
    WeeksOn: { DataType: 'Number', StringValue: '6' },
  };
  const inLowerCase = (more: object) => ({
    Title: { dataType: 'String', stringValue: 'The Whistler', ...more },
    Author: { dataType: 'String', stringValue: 'John Grisham', ...more },
    WeeksOn: { dataType: 'Number', stringValue: '6', ...more },
  });
  differs(
    'attributes of a message come with lists that are always empty, and with their checksum',
    {
      aws: {
        messageAttributes: inLowerCase({ stringListValues: [], binaryListValues: [] }),
        md5OfMessageAttributes: 'd25a6aea97eb8f585bfa92d314504a92',
      },
      emulator: { messageAttributes: inLowerCase({}), md5OfMessageAttributes: undefined },
      source: SQS_RECORD_RECORDED,
    },
    async () => {
      const { messageAttributes, md5OfMessageAttributes } = await delivered('attributes', { MessageAttributes: given });
      return { messageAttributes, md5OfMessageAttributes };
    },
  );

  test('an attribute of bytes is in base64', async () => {
    const MessageAttributes = { bytes: { DataType: 'Binary', BinaryValue: Buffer.from([0, 255]) } };
    const { messageAttributes } = await delivered('attributes', { MessageAttributes });
    expect(messageAttributes['bytes']).toMatchObject({ dataType: 'Binary', binaryValue: 'AP8=' });
  });

  // SQS_RECORDED has it too.
  test('the group of a message comes with it, on a standard queue too', async () => {
    const { attributes } = await delivered('groups-sent', { MessageGroupId: 'acme' });
    expect(attributes.MessageGroupId).toBe('acme');
  });

  test('a delayed message comes when its delay is over', async () => {
    const { attributes } = await delivered('delays', { DelaySeconds: 1 });
    const waited = Number(attributes.ApproximateFirstReceiveTimestamp) - Number(attributes.SentTimestamp);
    expect(waited).toBeGreaterThanOrEqual(1000);
  });

  for (const [what, message, source] of [
    ['a delay of more than 900 seconds', { DelaySeconds: 901 }, SQS_SEND],
    ['a group with a space in it', { MessageGroupId: 'a b' }, SQS_RECORDED],
    ['a group of more than 128 characters', { MessageGroupId: 'a'.repeat(129) }, SQS_RECORDED],
  ] as const)
    differs(`${what} is refused`, { aws: 'InvalidParameterValue', emulator: 'accepted', source }, () =>
      // To a queue that nobody reads: the emulator would deliver it.
      send(probe, 'refused', { MessageBody: 'x', ...message }).then(() => 'accepted', nameOf),
    );

  test('what always fails comes as often as the queue says, each time after the time-out, and is dead then', async () => {
    const { id, received, dead } = await dying;
    const records = received.map(({ record }) => record);
    expect(records.map(({ attributes }) => attributes.ApproximateReceiveCount)).toEqual(['1', '2', '3']);
    expect(records.map(({ messageId }) => messageId)).toEqual(Array(MOST_RECEIVES).fill(id));
    // By the queue's own clock, from its first receive on: nothing that takes long can make these smaller.
    received.forEach(({ sinceFirst }, nth) => expect(sinceFirst).toBeGreaterThanOrEqual(nth * HIDDEN_SECONDS * 1000));
    expect(dead).toMatchObject({ MessageId: id, Body: records[0]?.body });
    // SQS_RECORDED: the move itself is no receive.
    expect(dead?.Attributes?.ApproximateReceiveCount).toBe(String(MOST_RECEIVES + 1));
  });

  leftOut(
    'a dead message says which queue it comes from',
    {
      aws: arnOf('receives'),
      ours: undefined,
      source: SQS_RECORDED,
      because: 'only a move back would read it, and the local runner has none',
    },
    async () => (await dying).dead?.Attributes?.DeadLetterQueueSourceArn,
  );
}

interface Death {
  id: string | undefined;
  received: { record: SQSRecord; sinceFirst: number }[];
  dead: Message | undefined;
}

/** Sends a message with which the function always fails, and waits for it in the dead queue. */
async function seeOneDie(probe: Probe): Promise<Death> {
  const received: Death['received'] = [];
  const recorder = await openRecorder<SQSEvent>(({ Records }) => {
    const since = ({ attributes }: SQSRecord) => Date.now() - Number(attributes.ApproximateFirstReceiveTimestamp);
    received.push(...Records.map((record) => ({ record, sinceFirst: since(record) })));
    return { throws: 'never' };
  });
  const { MessageId: id } = await send(probe, 'receives', { MessageBody: JSON.stringify({ recorder: recorder.url }) });
  const dead = await until(async () => (await take(probe, 'dead', 1))[0], 30_000);
  await recorder.close();
  return { id, received, dead };
}
