import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import { Logs } from '../../local/logs.ts';
import { startRunner } from '../../local/runner.ts';
import { makeAssembly, removeAssemblies } from '../support/assembly.ts';
import { emulatorBench, receive } from '../support/emulators.ts';
import { until } from '../support/until.ts';

const bench = emulatorBench();

afterAll(async () => {
  await bench.cleanUp();
  removeAssemblies();
});

const arn = (id: string) => ({ 'Fn::GetAtt': [id, 'Arn'] });

test("a scheduled call that fails leaves a record in its function's destination, as on AWS", async () => {
  const assembly = makeAssembly({
    Sweep: { Type: 'AWS::Lambda::Function', Properties: { Code: { S3Key: 'code.zip' }, Handler: 'index.handler' } },
    Failed: { Type: 'AWS::SQS::Queue' },
    Config: {
      Type: 'AWS::Lambda::EventInvokeConfig',
      Properties: {
        FunctionName: { Ref: 'Sweep' },
        MaximumRetryAttempts: 0,
        DestinationConfig: { OnFailure: { Destination: arn('Failed') } },
      },
    },
    EveryMinute: {
      Type: 'AWS::Events::Rule',
      Properties: { ScheduleExpression: 'rate(1 minute)', Targets: [{ Arn: arn('Sweep'), Id: '1' }] },
    },
  });
  mkdirSync(join(assembly, 'asset.code'));
  writeFileSync(
    join(assembly, 'asset.code', 'index.mjs'),
    `export const handler = async () => { throw new Error('no table \\u{1f680}'); };`,
  );
  const emulators = await bench.start();
  const logs = new Logs({ dir: undefined });
  const troubles: string[] = [];
  const runner = await startRunner({
    host: '127.0.0.1', port: 0, emulators, assembly, adminKey: 'x'.repeat(20), logs,
    report: (trouble) => troubles.push(trouble),
  }); // prettier-ignore
  try {
    const QueueUrl = `${emulators.endpoints.sqs}/000000000000/Failed`;
    const [message] = await until(async () => {
      const messages = await receive(emulators.sqs, QueueUrl, 1);
      return messages.length > 0 && messages;
    });
    expect(JSON.parse(message?.Body ?? '')).toMatchObject({
      version: '1.0',
      requestContext: { condition: 'RetriesExhausted' },
      requestPayload: { source: 'aws.events' },
      responsePayload: { errorMessage: expect.stringContaining('no table 🚀') },
    });
    expect(troubles).toEqual([expect.stringContaining('no table')]);
  } finally {
    await runner.stop();
    await logs.close();
  }
}, 30_000);
