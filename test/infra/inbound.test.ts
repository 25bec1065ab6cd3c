import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import { App, Stack } from 'aws-cdk-lib';
import { AccountRootPrincipal, Role, type CfnPolicy } from 'aws-cdk-lib/aws-iam';
import { EventFanout, type EventFanoutProps } from '../../infra/event-fanout.ts';
import { compilePattern, matches } from '../../shared/domain/filter.ts';
import { list, nameOf, Synthesis, target, type Kinds, type Resource } from './synthesis.ts';

const scratch = mkdtempSync(join(tmpdir(), 'fanout-inbound-'));
const without = new Synthesis({ stage: 'dev' });
const inbound = new Synthesis({ stage: 'dev', inboundSources: 'com.acme.billing,com.acme.crm' });
afterAll(() => {
  for (const synthesis of [without, inbound]) synthesis.remove();
  rmSync(scratch, { recursive: true, force: true });
});

const make = (props: EventFanoutProps, at = new Stack(new App({ outdir: scratch }), 'Stack')): EventFanout =>
  new EventFanout(at, 'EventFanout', { lanes: 'one', ...props });

const lambdaOf = (stack: Synthesis, stage: string): Resource<Kinds['AWS::Lambda::Function']> | undefined =>
  stack
    .all('AWS::Lambda::Function')
    .find(({ Properties }) => Properties.Environment.Variables['POWERTOOLS_SERVICE_NAME'] === stage);

type Target = Kinds['AWS::Events::Rule']['Targets'][number];

const targetsFor = (source: string, type = 'Guest.Created'): Target[] =>
  inbound
    .all('AWS::Events::Rule')
    .filter(({ Properties: { EventPattern } }) => EventPattern !== undefined)
    .filter(({ Properties: { EventPattern } }) =>
      matches(compilePattern(EventPattern), {
        source,
        'detail-type': type,
        detail: { tenant: 'acme', group: 'Guest' },
      }),
    )
    .flatMap(({ Properties }) => Properties.Targets);

describe('what another service puts on the bus', () => {
  test.each(['com.acme.billing', 'com.acme.crm'])('goes from %s to the inbound queue and to no lane', (source) => {
    for (const type of ['Guest.Created', 'Nobody.Knows', 'Subscription.Disabled'])
      expect(targetsFor(source, type).map(({ Arn }) => nameOf(target(Arn)))).toEqual(['InboundEvents']);
  });

  test.each(['event-fanout', 'event-fanout.operations', 'com.acme', 'com.acme.billing.eu', 'aws.s3'])(
    'does not come in from %s',
    (source) => {
      expect(targetsFor(source).map(({ Arn }) => nameOf(target(Arn)))).not.toContain('InboundEvents');
    },
  );

  test('is fair by source, for a tenant’s name is not checked yet', () => {
    expect(targetsFor('com.acme.crm').map(({ SqsParameters }) => SqsParameters)).toEqual([
      { MessageGroupId: '$.source' },
    ]);
  });

  test('ends in a dead queue of its own, which the sweep never publishes from', () => {
    const [rule] = targetsFor('com.acme.crm');
    expect(nameOf(target(rule?.DeadLetterConfig?.Arn))).toBe('InboundDead');
    const queue = inbound.all('AWS::SQS::Queue').find(({ id }) => nameOf(id) === 'InboundEvents');
    expect(queue?.Properties.RedrivePolicy?.maxReceiveCount).toBe(5);
    expect(nameOf(target(queue?.Properties.RedrivePolicy?.deadLetterTargetArn))).toBe('InboundDead');
    expect(JSON.stringify(lambdaOf(inbound, 'sweep')?.Properties.Environment)).not.toContain('Inbound');
    const senders = inbound
      .all('AWS::SQS::QueuePolicy')
      .filter(({ Properties }) => Properties.Queues.some((one) => nameOf(target(one)).startsWith('Inbound')))
      .map(({ Properties }) => JSON.stringify(Properties.PolicyDocument.Statement));
    expect(senders).toHaveLength(2);
    for (const sender of senders) expect(sender).toContain(':rule/EventFanout-dev-events/*"');
  });

  test('is worked on by a function that has neither keys nor control table, and publishes under our source alone', () => {
    const lambda = lambdaOf(inbound, 'inbound');
    const granted: Record<string, string[]> = {};
    const statements = inbound
      .all('AWS::IAM::Policy')
      .filter(({ Properties }) => Properties.Roles.some((role) => target(role) === target(lambda?.Properties.Role)))
      .flatMap(({ Properties }) => Properties.PolicyDocument.Statement);
    for (const { Action, Resource } of statements)
      for (const resource of list(Resource))
        (granted[nameOf(target(resource))] ??= []).push(...list(Action).map((action) => action.replace(/^.*:/, '')));
    for (const actions of Object.values(granted)) actions.sort();
    expect(granted).toEqual({
      InboundLog: ['CreateLogStream', 'PutLogEvents'],
      TablesFlow: ['GetItem', 'PutItem', 'Query', 'UpdateItem'],
      Bus: ['PutEvents'],
      InboundEvents: [
        'ChangeMessageVisibility', 'DeleteMessage', 'GetQueueAttributes', 'GetQueueUrl', 'ReceiveMessage', 'SendMessage',
      ], // prettier-ignore
      InboundDead: ['SendMessage'],
    });
    const publishing = statements.find(({ Action }) => Action === 'events:PutEvents');
    expect(publishing?.Condition).toEqual({ 'ForAllValues:StringEquals': { 'events:source': ['event-fanout'] } });
    const role = inbound.all('AWS::IAM::Role').find(({ id }) => id === target(lambda?.Properties.Role));
    expect(role?.Properties.Path).toBe('/event-fanout/EventFanout-dev/publishers/');
  });

  test('is not accepted before the rules of all lanes are there', () => {
    const rules = inbound.all('AWS::Events::Rule').filter(({ id }) => /Lane|Unrouted/.test(id));
    expect(lambdaOf(inbound, 'inbound')?.DependsOn).toEqual(expect.arrayContaining(rules.map(({ id }) => id)));
  });

  test('has its queues in the outputs', () => {
    expect(JSON.stringify(inbound.template.Outputs['InboundQueues'])).toMatch(/InboundEvents.*InboundDead/);
  });
});

test('without a source there is nothing that would have to be polled or paid', () => {
  expect(JSON.stringify(without.template)).not.toContain('Inbound');
  expect(lambdaOf(without, 'inbound')).toBeUndefined();
});

describe('a publisher of the account', () => {
  const stack = new Stack(new App({ outdir: scratch }), 'Publishers');
  const fanout = make({ inboundSources: ['com.acme.billing', 'com.acme.crm'] }, stack);
  const role = new Role(stack, 'Billing', { assumedBy: new AccountRootPrincipal() });

  test('may put events under its own source, which the bus denies nobody', () => {
    fanout.grantPublish(role, 'com.acme.billing').assertSuccess();
    const policy = role.node.findChild('DefaultPolicy').node.defaultChild as CfnPolicy;
    expect(stack.resolve(policy.policyDocument)).toMatchObject({
      Statement: [
        {
          Effect: 'Allow',
          Action: 'events:PutEvents',
          Condition: { 'ForAllValues:StringEquals': { 'events:source': ['com.acme.billing'] } },
        },
      ],
    });
    const [bus] = inbound.all('AWS::Events::EventBus');
    expect(bus?.Properties.Policy.Statement.map(({ Effect, Condition }) => [Effect, Condition])).toEqual([
      [
        'Deny',
        expect.objectContaining({
          'ForAnyValue:StringEquals': { 'events:source': ['event-fanout', 'event-fanout.operations'] },
        }),
      ],
    ]);
  });

  test('is not given the right to put events that nobody would take', () => {
    expect(() => fanout.grantPublish(role, 'com.acme.shop')).toThrow('com.acme.shop is none of inboundSources.');
    expect(() => fanout.grantPublish(role, 'event-fanout')).toThrow('event-fanout is none of inboundSources.');
  });
});

test.each([
  [['event-fanout'], 'inboundSources cannot name event-fanout, which is ours'],
  [['event-fanout.operations'], 'inboundSources cannot name event-fanout.operations, which is ours'],
  [['aws.s3'], 'inboundSources cannot name aws.s3'],
  [['com.acme.crm', 'com.acme.crm'], 'inboundSources names com.acme.crm twice.'],
  [['com acme'], 'inboundSources names "com acme", which is no source.'],
  [[''], 'inboundSources names "", which is no source.'],
])('%j is refused', (inboundSources, reason) => {
  expect(() => make({ inboundSources })).toThrow(reason);
});

test('many sources share rules, none of which is too long for EventBridge', () => {
  const inboundSources = Array.from({ length: 100 }, (_, i) => `com.acme.a-service-with-a-long-name.${i}`);
  const stack = new Stack(new App({ outdir: scratch }), 'Many');
  make({ inboundSources }, stack);
  const rules = stack.node
    .findAll()
    .filter(({ node }) => /^InboundRule/.test(node.id))
    .map((rule) =>
      JSON.stringify(stack.resolve((rule.node.defaultChild as unknown as { eventPattern: unknown }).eventPattern)),
    );
  expect(rules.length).toBeGreaterThan(1);
  for (const rule of rules) expect(rule.length).toBeLessThanOrEqual(2_048);
  expect(rules.flatMap((rule) => (JSON.parse(rule) as { source: string[] }).source)).toEqual(inboundSources);
});

test('what takes it has its place in the account’s concurrency', () => {
  const props = { deferredConcurrency: 50, accountConcurrency: 205 };
  expect(() => make(props)).not.toThrow();
  expect(() => make({ ...props, inboundSources: ['com.acme.crm'] })).toThrow(/10 for inboundSources, .* make 215/);
});
