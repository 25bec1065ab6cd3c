import { join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import { readTemplate, resolve } from '../../local/template.ts';
import { wire, type Wiring } from '../../local/wiring.ts';
import { makeAssembly, makeAssemblyOf, removeAssemblies } from '../support/assembly.ts';

afterAll(removeAssemblies);

describe('references', () => {
  const standIns = {
    ref: (id: string) => `ref-${id}`,
    attribute: (id: string, name: string) => `${name}-of-${id}`,
    output: (stack: string, name: string) => ({ 'Fn::Join': ['.', [stack, name, { Ref: 'There' }]] }),
  };

  test.each([
    ['a plain value', { a: [1, 'x', null, false] }, { a: [1, 'x', null, false] }],
    ['Ref', { Ref: 'Table' }, 'ref-Table'],
    ['Fn::GetAtt', { 'Fn::GetAtt': ['Queue', 'Arn'] }, 'Arn-of-Queue'],
    ['Fn::GetAtt in one text', { 'Fn::GetAtt': 'Stack.Outputs.Url' }, 'Outputs.Url-of-Stack'],
    ['Fn::Join', { 'Fn::Join': ['/', ['a', { Ref: 'B' }, { Ref: 'AWS::Region' }]] }, 'a/ref-B/us-east-1'],
    [
      'Fn::Sub',
      { 'Fn::Sub': '${AWS::AccountId}-${Key}-${Key.Arn}-${!kept}' },
      '000000000000-ref-Key-Arn-of-Key-${kept}',
    ],
    ['Fn::Sub with names of its own', { 'Fn::Sub': ['${a}${Key}', { a: { Ref: 'A' } }] }, 'ref-Aref-Key'],
    ['Fn::Select of Fn::Split', { 'Fn::Select': [1, { 'Fn::Split': [':', 'a:b:c'] }] }, 'b'],
    [
      'Fn::GetStackOutput, which is read on from there',
      { 'Fn::GetStackOutput': { StackName: 'State', Region: { Ref: 'AWS::Region' }, OutputName: 'Url' } },
      'State.Url.ref-There',
    ],
    ['a pseudo parameter', { Ref: 'AWS::Partition' }, 'aws'],
    ['AWS::NoValue, which is nothing', { a: 1, b: { Ref: 'AWS::NoValue' } }, { a: 1 }],
    ['deep inside', { a: [{ b: { Ref: 'C' } }] }, { a: [{ b: 'ref-C' }] }],
    ['an event pattern, whose members look alike', { 'anything-but': ['Ref'] }, { 'anything-but': ['Ref'] }],
  ])('%s', (_, value, expected) => {
    expect(resolve(value, standIns)).toEqual(expected);
  });

  test('a function that is not known is an error', () => {
    expect(() => resolve({ 'Fn::ImportValue': 'x' }, standIns)).toThrow('Fn::ImportValue is not known');
  });
});

type Resources = Parameters<typeof makeAssembly>[0];

const places = {
  queueUrl: (name: string) => `http://127.0.0.1:9/000000000000/${name}`,
  environment: { AWS_REGION: 'us-east-1' },
};
const wired = (resources: Resources): Wiring => wire(readTemplate(makeAssembly(resources)), places);

const arn = (id: string) => ({ 'Fn::GetAtt': [id, 'Arn'] });

const LAMBDA = {
  Type: 'AWS::Lambda::Function',
  Properties: {
    Code: { S3Bucket: 'b', S3Key: 'code.zip' },
    Handler: 'index.handler',
    Role: arn('Role'),
    Runtime: 'nodejs24.x',
  },
};
const QUEUE = { Type: 'AWS::SQS::Queue' };

test('queues carry their attributes, and a dead-letter queue is named by its ARN', () => {
  const { queues } = wired({
    Dead: { ...QUEUE, Properties: { QueueName: 'the-dead' } },
    Events: {
      ...QUEUE,
      Properties: {
        VisibilityTimeout: 180,
        DelaySeconds: 5,
        SqsManagedSseEnabled: true,
        RedrivePolicy: { deadLetterTargetArn: arn('Dead'), maxReceiveCount: 5 },
      },
    },
  });
  const RedrivePolicy = '{"deadLetterTargetArn":"arn:aws:sqs:us-east-1:000000000000:the-dead","maxReceiveCount":5}';
  expect(queues).toEqual([
    { name: 'the-dead', attributes: {} },
    { name: 'Events', attributes: { VisibilityTimeout: '180', DelaySeconds: '5', RedrivePolicy } },
  ]);
});

test('tables are known by name and keys', () => {
  const KeySchema = [
    { AttributeName: 'sk', KeyType: 'RANGE' },
    { AttributeName: 'pk', KeyType: 'HASH' },
  ];
  const { tables } = wired({
    Flow: { Type: 'AWS::DynamoDB::Table', Properties: { KeySchema, BillingMode: 'PAY_PER_REQUEST' } },
  });
  expect(tables).toEqual([{ name: 'Flow', keys: ['pk', 'sk'] }]);
});

test('a function has its code, its limits, and its variables with local values', () => {
  const Variables = {
    RETRIES_QUEUE_URL: { Ref: 'Retries' },
    FLOW_TABLE: { Ref: 'Flow' },
    BUS_NAME: { Ref: 'Bus' },
    DATA_KEY: arn('Key'),
    ADMIN_KEY_SECRET: { Ref: 'Secret' },
    RETENTION_DAYS: 14,
  };
  const assembly = makeAssembly({
    Deliver: {
      ...LAMBDA,
      Properties: { ...LAMBDA.Properties, Timeout: 60, MemorySize: 512, Environment: { Variables } },
    },
    Retries: QUEUE,
    Flow: {
      Type: 'AWS::DynamoDB::Table',
      Properties: {
        KeySchema: [
          { AttributeName: 'pk', KeyType: 'HASH' },
          { AttributeName: 'sk', KeyType: 'RANGE' },
        ],
      },
    },
    Bus: { Type: 'AWS::Events::EventBus', Properties: { Name: 'fanout' } },
    Key: { Type: 'AWS::KMS::Key', Properties: { KeyPolicy: { Resource: arn('Unheard') } } },
    Secret: { Type: 'AWS::SecretsManager::Secret', Properties: { GenerateSecretString: {} } },
  });
  const { functions, secrets } = wire(readTemplate(assembly), places);
  expect(secrets).toEqual(['Secret']);
  expect(functions).toEqual([
    {
      name: 'Deliver',
      arn: 'arn:aws:lambda:us-east-1:000000000000:function:Deliver',
      code: join(assembly, 'asset.code'),
      handler: 'index.handler',
      timeoutSeconds: 60,
      memoryMb: 512,
      env: {
        AWS_REGION: 'us-east-1',
        AWS_LAMBDA_FUNCTION_NAME: 'Deliver',
        AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '512',
        RETRIES_QUEUE_URL: 'http://127.0.0.1:9/000000000000/Retries',
        FLOW_TABLE: 'Flow',
        BUS_NAME: 'fanout',
        DATA_KEY: 'arn:aws:kms:us-east-1:000000000000:key/Key',
        ADMIN_KEY_SECRET: 'arn:aws:secretsmanager:us-east-1:000000000000:secret:Secret',
        RETENTION_DAYS: '14',
      },
    },
  ]);
});

test("a function that says nothing has Lambda's own limits", () => {
  expect(wired({ Plain: LAMBDA }).functions[0]).toMatchObject({ timeoutSeconds: 3, memoryMb: 128 });
});

const mappingOf = (properties: object) =>
  wired({
    Match: LAMBDA,
    Events: QUEUE,
    Mapping: {
      Type: 'AWS::Lambda::EventSourceMapping',
      Properties: { EventSourceArn: arn('Events'), FunctionName: { Ref: 'Match' }, ...properties },
    },
  }).mappings;

const PLAIN_MAPPING = {
  functionName: 'Match',
  queueArn: 'arn:aws:sqs:us-east-1:000000000000:Events',
  queueUrl: 'http://127.0.0.1:9/000000000000/Events',
  batchSize: 10,
  windowSeconds: 0,
  maxConcurrency: 1000,
  reportsItemFailures: false,
};

test.each([
  ['nothing more', {}, [PLAIN_MAPPING]],
  ['a function by ARN', { FunctionName: arn('Match') }, [PLAIN_MAPPING]],
  [
    'batches',
    { BatchSize: 50, MaximumBatchingWindowInSeconds: 2 },
    [{ ...PLAIN_MAPPING, batchSize: 50, windowSeconds: 2 }],
  ],
  ['a limit', { ScalingConfig: { MaximumConcurrency: 7 } }, [{ ...PLAIN_MAPPING, maxConcurrency: 7 }]],
  [
    'ReportBatchItemFailures',
    { FunctionResponseTypes: ['ReportBatchItemFailures'] },
    [{ ...PLAIN_MAPPING, reportsItemFailures: true }],
  ],
  ['Enabled: false', { Enabled: false }, []],
])('a mapping with %s', (_, properties, expected) => {
  expect(mappingOf(properties)).toEqual(expected);
});

const BUS = { Type: 'AWS::Events::EventBus', Properties: { Name: 'fanout' } };
const ruleOf = (properties: object) =>
  wired({
    Bus: BUS,
    Sweep: LAMBDA,
    Events: QUEUE,
    Dead: QUEUE,
    Rule: { Type: 'AWS::Events::Rule', Properties: properties },
  });

test('a rule has its bus, its pattern, and targets with group and dead letters', () => {
  const { rules, schedules } = ruleOf({
    EventBusName: { Ref: 'Bus' },
    EventPattern: { 'detail-type': ['Guest.Created'] },
    Targets: [
      {
        Arn: arn('Events'),
        Id: '1',
        SqsParameters: { MessageGroupId: '$.detail.tenant' },
        DeadLetterConfig: { Arn: arn('Dead') },
      },
      { Arn: arn('Dead'), Id: '2', RetryPolicy: { MaximumRetryAttempts: 3 } },
    ],
  });
  const sqs = 'arn:aws:sqs:us-east-1:000000000000';
  expect(schedules).toEqual([]);
  expect(rules).toEqual([
    {
      name: 'Rule',
      busName: 'fanout',
      pattern: { 'detail-type': ['Guest.Created'] },
      targets: [
        { queueArn: `${sqs}:Events`, messageGroupId: '$.detail.tenant', deadLetterArn: `${sqs}:Dead` },
        { queueArn: `${sqs}:Dead` },
      ],
    },
  ]);
});

test.each([
  ['rate(1 minute)', 60_000],
  ['rate(5 minutes)', 300_000],
  ['rate(2 hours)', 7_200_000],
  ['rate(1 day)', 86_400_000],
])('the schedule %s comes every %d ms, and puts its input into a queue', (ScheduleExpression, everyMs) => {
  const Targets = [{ Arn: arn('Events'), Id: '1', Input: '{"v":1}', DeadLetterConfig: { Arn: arn('Dead') } }];
  const { rules, schedules } = ruleOf({ ScheduleExpression, Targets });
  expect(rules).toEqual([]);
  const queueUrl = 'http://127.0.0.1:9/000000000000/Events';
  expect(schedules).toEqual([{ name: 'Rule', queueUrl, everyMs, body: '{"v":1}' }]);
});

test('a topic is referred to by its ARN', () => {
  const NOTICES_TOPIC = { Ref: 'Notices' };
  const { topics, functions } = wired({
    Notices: { Type: 'AWS::SNS::Topic', Properties: { DisplayName: 'x', KmsMasterKeyId: 'alias/aws/sns' } },
    Sweep: { ...LAMBDA, Properties: { ...LAMBDA.Properties, Environment: { Variables: { NOTICES_TOPIC } } } },
    Policy: { Type: 'AWS::SNS::TopicPolicy', Properties: { Topics: [{ Ref: 'Notices' }] } },
  });
  expect(topics).toEqual(['Notices']);
  expect(functions[0]?.env['NOTICES_TOPIC']).toBe('arn:aws:sns:us-east-1:000000000000:Notices');
});

describe('two stacks', () => {
  const output = (OutputName: string) => ({ 'Fn::GetStackOutput': { StackName: 'App-State', OutputName } });
  const state = {
    stackName: 'App-State',
    Resources: { Events: QUEUE },
    Outputs: { EventsUrl: { Value: { Ref: 'Events' } }, EventsArn: { Value: arn('Events') } },
  };
  const withVariable = (value: object): Resources => ({
    Match: { ...LAMBDA, Properties: { ...LAMBDA.Properties, Environment: { Variables: { QUEUE: value } } } },
  });

  test('are one system: what one holds, the other refers to', () => {
    const wiring = wire(
      readTemplate(makeAssemblyOf({ State: state, App: { Resources: withVariable(output('EventsUrl')) } })),
      places,
    );
    expect(wiring.queues).toMatchObject([{ name: 'Events' }]);
    expect(wiring.functions[0]?.env).toMatchObject({ QUEUE: 'http://127.0.0.1:9/000000000000/Events' });
  });

  test('an output that is not there is an error', () => {
    const assembly = makeAssemblyOf({ State: state, App: { Resources: withVariable(output('Gone')) } });
    expect(() => wire(readTemplate(assembly), places)).toThrow('holds no output Gone of a stack App-State');
  });

  test('that use one logical id twice are an error', () => {
    const assembly = makeAssemblyOf({ State: state, App: { Resources: { Events: QUEUE } } });
    expect(() => readTemplate(assembly)).toThrow('two stacks have a resource Events');
  });
});

test('a rule that is disabled does nothing', () => {
  const { rules, schedules } = ruleOf({ State: 'DISABLED', ScheduleExpression: 'rate(1 minute)', Targets: [] });
  expect([rules, schedules]).toEqual([[], []]);
});

const httpApi = (integration: object = {}, route: object = {}): Resources => ({
  Ingest: LAMBDA,
  Api: { Type: 'AWS::ApiGatewayV2::Api', Properties: { Name: 'x', ProtocolType: 'HTTP' } },
  Stage: { Type: 'AWS::ApiGatewayV2::Stage', Properties: { ApiId: { Ref: 'Api' }, StageName: '$default' } },
  Integration: {
    Type: 'AWS::ApiGatewayV2::Integration',
    Properties: {
      IntegrationType: 'AWS_PROXY',
      IntegrationUri: arn('Ingest'),
      PayloadFormatVersion: '2.0',
      ...integration,
    },
  },
  Route: {
    Type: 'AWS::ApiGatewayV2::Route',
    Properties: {
      RouteKey: 'POST /v1/tenants/{tenant}/events',
      AuthorizationType: 'NONE',
      Target: { 'Fn::Join': ['', ['integrations/', { Ref: 'Integration' }]] },
      ...route,
    },
  },
});

test('a route leads to the function of its integration', () => {
  expect(wired(httpApi()).routes).toEqual([{ key: 'POST /v1/tenants/{tenant}/events', functionName: 'Ingest' }]);
});

test('what means nothing on one machine is left out', () => {
  const { queues, functions } = wired({
    Role: { Type: 'AWS::IAM::Role', Properties: { Anything: 1 } },
    Alarm: { Type: 'AWS::CloudWatch::Alarm' },
    Policy: { Type: 'AWS::SQS::QueuePolicy', Properties: { Queues: [{ Ref: 'Nowhere' }] } },
  });
  expect([queues, functions]).toEqual([[], []]);
});

const scheduled = (target: object): Resources => ({
  Sweep: LAMBDA,
  Events: QUEUE,
  Rule: {
    Type: 'AWS::Events::Rule',
    Properties: { ScheduleExpression: 'rate(1 minute)', Targets: [{ Id: '1', ...target }] },
  },
});

/** Whatever a template says and the runner would not do is an error: left out in silence, local and deployed would drift apart. */
test.each<[string, Resources, string]>([
  ['a type', { Stream: { Type: 'AWS::Kinesis::Stream' } }, 'Stream is a AWS::Kinesis::Stream, which'],
  [
    'who gets what is published',
    { Topic: { Type: 'AWS::SNS::Topic', Properties: { Subscription: [] } } },
    'Topic (AWS::SNS::Topic) has Subscription, which',
  ],
  [
    'a property',
    { Fair: { ...QUEUE, Properties: { FifoQueue: true } } },
    'Fair (AWS::SQS::Queue) has FifoQueue, which',
  ],
  [
    'a reference',
    { F: { ...LAMBDA, Properties: { ...LAMBDA.Properties, Handler: { Ref: 'Gone' } } } },
    'refers to Gone, which',
  ],
  [
    'an attribute',
    { Q: QUEUE, F: { ...LAMBDA, Properties: { ...LAMBDA.Properties, Handler: { 'Fn::GetAtt': ['Q', 'Size'] } } } },
    'refers to Size of Q, which',
  ],
  [
    'an asset',
    { F: { ...LAMBDA, Properties: { ...LAMBDA.Properties, Code: { S3Key: 'other.zip' } } } },
    'holds no asset other.zip',
  ],
  ['a schedule that calls a function', scheduled({ Arn: arn('Sweep') }), 'Rule puts no constant input into a queue'],
  ['a schedule without an input', scheduled({ Arn: arn('Events') }), 'Rule puts no constant input into a queue'],
  ['a schedule with an input path', scheduled({ Arn: arn('Events'), InputPath: '$' }), 'Rule has InputPath, which'],
  ['another payload format', httpApi({ PayloadFormatVersion: '1.0' }), 'payload format 2.0'],
  ['an authorizer', httpApi({}, { AuthorizationType: 'JWT' }), 'Route has an authorizer'],
  [
    'a cron schedule',
    { R: { Type: 'AWS::Events::Rule', Properties: { ScheduleExpression: 'cron(0 8 * * ? *)', Targets: [] } } },
    'cron(0 8 * * ? *) is not known',
  ],
  [
    'an input transformer',
    {
      R: {
        Type: 'AWS::Events::Rule',
        Properties: { EventPattern: {}, Targets: [{ Arn: 'a', Id: 'i', InputPath: '$' }] },
      },
    },
    'R has InputPath, which',
  ],
])('%s that is not known is an error', (_, resources, message) => {
  expect(() => wired(resources)).toThrow(message);
});
