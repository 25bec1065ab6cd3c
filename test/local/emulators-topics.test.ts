import { afterEach, expect, test } from '@jest/globals';
import { CreateTopicCommand, PublishCommand, SNSClient } from '@aws-sdk/client-sns';
import { emulatorBench } from '../support/emulators.ts';

const bench = emulatorBench();
afterEach(bench.cleanUp);

/** A topic, what was published to it, and the real SDK's client. */
async function start() {
  const { endpoints, ensureTopic } = await bench.start();
  const taken: unknown[] = [];
  const { arn: TopicArn } = ensureTopic({ name: 'notices', take: (message) => void taken.push(message) });
  const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };
  const sns = new SNSClient({ region: 'us-east-1', credentials, endpoint: endpoints.other, maxAttempts: 1 });
  return { TopicArn, taken, sns };
}

test('what is published is taken as it was sent, and has an id', async () => {
  const { TopicArn, taken, sns } = await start();
  const Message = 'a=b&c <d> "é" 🚀\n';
  const MessageAttributes = { type: { DataType: 'String', StringValue: 'x' } };
  const first = await sns.send(new PublishCommand({ TopicArn, Message, Subject: 'Hello', MessageAttributes }));
  const second = await sns.send(new PublishCommand({ TopicArn, Message: '{}' }));
  expect(first.MessageId).toMatch(/^[0-9a-f-]{36}$/);
  expect(second.MessageId).not.toBe(first.MessageId);
  expect(taken).toEqual([
    {
      Message,
      Subject: 'Hello',
      'MessageAttributes.entry.1.Name': 'type',
      'MessageAttributes.entry.1.Value.DataType': 'String',
      'MessageAttributes.entry.1.Value.StringValue': 'x',
    },
    { Message: '{}' },
  ]);
});

test.each([
  ['a topic that is not there', { TopicArn: 'arn:aws:sns:us-east-1:000000000000:<gone>&' }, 'NotFoundException'],
  ['a message that is too long', { Message: 'é'.repeat(128 * 1024 + 1) }, 'InvalidParameterException'],
  ['no message', { Message: '' }, 'InvalidParameterException'],
])('%s is refused as on AWS', async (_, input, name) => {
  const { TopicArn, taken, sns } = await start();
  await expect(sns.send(new PublishCommand({ TopicArn, Message: 'x', ...input }))).rejects.toMatchObject({ name });
  expect(taken).toEqual([]);
});

test('an operation that is not played is named', async () => {
  const { sns } = await start();
  await expect(sns.send(new CreateTopicCommand({ Name: 'mine' }))).rejects.toThrow(
    'The local runner has no CreateTopic.',
  );
});
