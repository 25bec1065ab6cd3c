import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import { Logs } from '../../local/logs.ts';
import { startRunner, type Runner } from '../../local/runner.ts';
import { makeAssembly, removeAssemblies } from '../support/assembly.ts';
import { emulatorBench, receive, type Started } from '../support/emulators.ts';
import { until } from '../support/until.ts';

const bench = emulatorBench();

afterAll(async () => {
  await bench.cleanUp();
  removeAssemblies();
});

const arn = (id: string) => ({ 'Fn::GetAtt': [id, 'Arn'] });

interface Playing {
  emulators: Started;
  logs: string;
  troubles: string[];
}

/** Plays the template while `look` looks at it. */
async function playing(resources: Parameters<typeof makeAssembly>[0], look: (playing: Playing) => Promise<void>) {
  const assembly = makeAssembly(resources);
  mkdirSync(join(assembly, 'asset.code'));
  writeFileSync(join(assembly, 'asset.code', 'index.mjs'), PUBLISHING);
  const emulators = await bench.start();
  const dir = await bench.folder();
  const logs = new Logs({ dir });
  const troubles: string[] = [];
  const report = (trouble: string): void => void troubles.push(trouble);
  const common = { host: '127.0.0.1', port: 0, adminKey: 'x'.repeat(20) };
  const runner: Runner = await startRunner({ ...common, emulators, assembly, logs, report });
  await look({ emulators, logs: dir, troubles }).finally(async () => {
    await runner.stop();
    await logs.close();
  });
}

/** A function that publishes what its queue brings. */
const PUBLISHING = `
  import { SNSClient, PublishCommand } from ${JSON.stringify(import.meta.resolve('@aws-sdk/client-sns'))};
  const client = new SNSClient({});
  export const handler = async ({ Records }) => {
    for (const { body } of Records) {
      await client.send(new PublishCommand({ TopicArn: process.env.TOPIC, Subject: 'Tick', Message: body }));
    }
  };`;

const everyMinute = (Arn: unknown) => ({
  Type: 'AWS::Events::Rule',
  Properties: { ScheduleExpression: 'rate(1 minute)', Targets: [{ Arn, Id: '1', Input: '{"kind":"tick"}' }] },
});

test('a schedule puts its input into the queue as soon as the runner starts', async () => {
  const resources = { Sweeps: { Type: 'AWS::SQS::Queue' }, EveryMinute: everyMinute(arn('Sweeps')) };
  await playing(resources, async ({ emulators, troubles }) => {
    const QueueUrl = `${emulators.endpoints.sqs}/000000000000/Sweeps`;
    const [message] = await until(async () => {
      const messages = await receive(emulators.sqs, QueueUrl, 1);
      return messages.length > 0 && messages;
    });
    expect(message?.Body).toBe('{"kind":"tick"}');
    expect(message?.Attributes?.MessageGroupId).toBeUndefined();
    expect(troubles).toEqual([]);
  });
}, 30_000);

test('a schedule that cannot send says so', async () => {
  const elsewhere = everyMinute('arn:aws:sqs:us-east-1:000000000000:Gone');
  await playing({ EveryMinute: elsewhere }, async ({ troubles }) => {
    await until(async () => troubles.length > 0);
    expect(troubles).toEqual([expect.stringMatching(/^EveryMinute: .*does not exist/)]);
  });
}, 30_000);

test('what a function publishes to the topic is a line of the notices', async () => {
  const resources = {
    Notices: { Type: 'AWS::SNS::Topic' },
    Sweeps: { Type: 'AWS::SQS::Queue' },
    Sweep: {
      Type: 'AWS::Lambda::Function',
      Properties: {
        Code: { S3Key: 'code.zip' },
        Handler: 'index.handler',
        Timeout: 20,
        MemorySize: 512,
        Environment: { Variables: { TOPIC: { Ref: 'Notices' } } },
      },
    },
    Mapping: {
      Type: 'AWS::Lambda::EventSourceMapping',
      Properties: { EventSourceArn: arn('Sweeps'), FunctionName: { Ref: 'Sweep' } },
    },
    EveryMinute: everyMinute(arn('Sweeps')),
  };
  await playing(resources, async ({ logs, troubles }) => {
    const line = await until(async () => readFileSync(join(logs, 'notices.log'), 'utf8'), 20_000);
    expect(JSON.parse(line)).toEqual({ topic: 'Notices', Subject: 'Tick', Message: '{"kind":"tick"}' });
    expect(troubles).toEqual([]);
  });
}, 30_000);
