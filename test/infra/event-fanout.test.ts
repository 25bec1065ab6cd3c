import { createRequire } from 'node:module';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import { App, Stack } from 'aws-cdk-lib';
import type { CfnFunction } from 'aws-cdk-lib/aws-lambda';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import cdkJson from '../../cdk.json' with { type: 'json' };
import { makeApp } from '../../infra/app.ts';
import { EventFanout, type EventFanoutProps } from '../../infra/event-fanout.ts';
import catalogue from '../../shared/catalogue/catalogue.ts';
import { OPERATIONAL_GROUP, OPERATIONAL_TYPES } from '../../shared/catalogue/operational.ts';
import { compilePattern, matches } from '../../shared/domain/filter.ts';
import { Job } from '../../shared/domain/job.ts';
import { operations } from '../support/documents.ts';
import { list, nameOf, Synthesis, target, targets, type Kinds, type Resource, type Statement } from './synthesis.ts';

type Lambda = Resource<Kinds['AWS::Lambda::Function']>;
type Variables = { variables: Record<string, unknown> };

const scratch = mkdtempSync(join(tmpdir(), 'fanout-'));
// Outside of the project, as a team's own catalogue is.
const ownCatalogue = join(scratch, 'catalogue.ts');
writeFileSync(
  ownCatalogue,
  `import { z } from 'zod';
  const type = (group: string) => ({
    group, description: 'x', schema: z.looseObject({}), sample: {}, sampleSource: 'completed', nameSource: 'proposed',
  });
  export default {
    groups: { Order: { description: 'Orders.' }, Parcel: { description: 'Parcels.' } },
    eventTypes: { 'Order.Placed': type('Order'), 'Order.Paid': type('Order'), 'Parcel.Sent': type('Parcel') },
  };`,
);

// A synthesis takes seconds: each is made once, and all tests look at these four.
const prod = new Synthesis({});
const dev = new Synthesis({ stage: 'dev', allowPrivateTargets: 'true', retentionDays: '5', ingestPerSecond: '0' });
const own = new Synthesis({ catalogue: ownCatalogue });
const options = new Synthesis({
  lanes: 'one',
  drainingLanes: 'Guest,Class',
  eventRecoveryDays: '7',
  canary: 'CANARY_10PERCENT_5MINUTES',
  throttles: '{"ingest":{"perSecond":9000,"burst":1000},"open":{"perSecond":5,"burst":10}}',
  domainName: 'hooks.example.com',
  certificateArn: 'arn:aws:acm:us-east-1:000000000000:certificate/1',
});

afterAll(() => {
  for (const synthesis of [prod, dev, own, options]) synthesis.remove();
  rmSync(scratch, { recursive: true, force: true });
});

const STAGES = [
  ['prod', prod],
  ['dev', dev],
] as const;

const rulesOfTheBus = (stack: Synthesis): Resource<Kinds['AWS::Events::Rule']>[] =>
  stack.all('AWS::Events::Rule').filter(({ Properties }) => Properties.EventPattern !== undefined);

/** The queues that an event ends in, one entry for each rule that takes it. */
const queuesFor = (stack: Synthesis, event: object): string[] =>
  rulesOfTheBus(stack)
    .filter(({ Properties }) => matches(compilePattern(Properties.EventPattern), event))
    .flatMap(({ Properties }) => Properties.Targets.map(({ Arn }) => nameOf(target(Arn))));

const eventOf = (type: string, group = 'Guest'): object => ({
  source: 'event-fanout',
  'detail-type': type,
  detail: { tenant: 't_1', type, group },
});

const workedQueues = (stack: Synthesis): Set<string> =>
  new Set(stack.all('AWS::Lambda::EventSourceMapping').map(({ Properties }) => target(Properties.EventSourceArn)));

const lambdasOf = (stack: Synthesis, stage: string): Lambda[] =>
  stack
    .all('AWS::Lambda::Function')
    .filter(({ Properties }) => Properties.Environment.Variables['POWERTOOLS_SERVICE_NAME'] === stage);

const allowedTo = (stack: Synthesis, lambda: Lambda): Statement[] =>
  stack
    .all('AWS::IAM::Policy')
    .filter(({ Properties }) => Properties.Roles.some((role) => target(role) === target(lambda.Properties.Role)))
    .flatMap(({ Properties }) => Properties.PolicyDocument.Statement);

describe('routing', () => {
  const types = Object.entries(catalogue.eventTypes);

  test.each(types)('%s goes to the lane of its group, once', (type, { group }) => {
    expect(queuesFor(prod, eventOf(type, group))).toEqual([`Lane${group}Events`]);
    expect(queuesFor(dev, eventOf(type, group))).toEqual(['LaneallEvents']);
  });

  test.each(STAGES)('%s: an event of ours that no lane knows is kept, and not passed over', (_, stack) => {
    expect(queuesFor(stack, eventOf('Guest.Vanished'))).toEqual(['Unrouted']);
    expect(queuesFor(stack, eventOf('Guest.'))).toEqual(['Unrouted']);
  });

  test.each(Object.keys(OPERATIONAL_TYPES))('%s, which is in no catalogue, goes with the first lane', (type) => {
    const [first] = Object.keys(catalogue.groups);
    expect(queuesFor(prod, eventOf(type, OPERATIONAL_GROUP))).toEqual([`Lane${first}Events`]);
    expect(queuesFor(dev, eventOf(type, OPERATIONAL_GROUP))).toEqual(['LaneallEvents']);
    expect(queuesFor(own, eventOf(type, OPERATIONAL_GROUP))).toEqual(['LaneOrderEvents']);
  });

  test.each(['someone-else', 'event-fanout.operations'])('what %s puts on the bus reaches no lane', (source) => {
    for (const type of [types[0]?.[0] ?? '', ...Object.keys(OPERATIONAL_TYPES)]) {
      expect(queuesFor(prod, { ...eventOf(type), source })).toEqual([]);
    }
  });

  test.each(STAGES)('%s: the schedule puts a job that the sweep knows into its queue every minute', (_, stack) => {
    const [rule, ...others] = stack.all('AWS::Events::Rule').filter((one) => one.Properties.ScheduleExpression);
    expect([rule?.Properties.ScheduleExpression, others]).toEqual(['rate(1 minute)', []]);
    const [tick, ...more] = rule?.Properties.Targets ?? [];
    expect([nameOf(target(tick?.Arn)), more]).toEqual(['Sweeps', []]);
    expect(Job.parse(JSON.parse(tick?.Input ?? ''))).toEqual({ v: 1, kind: 'tick' });
    expect(tick?.RetryPolicy).toEqual({ MaximumEventAgeInSeconds: 60, MaximumRetryAttempts: 0 });
    const [sweeps] = stack
      .all('AWS::SQS::QueuePolicy')
      .filter(
        ({ Properties }) => /Sweeps/.test(target(Properties.Queues)) && !/Failed/.test(target(Properties.Queues)),
      );
    const [sender] = sweeps?.Properties.PolicyDocument.Statement.filter(({ Effect }) => Effect === 'Allow') ?? [];
    expect(JSON.stringify(sender?.Condition)).toContain(`:rule/${rule?.Properties.Name}"`);
  });

  test.each(STAGES)('%s: events are fair by tenant, tried for a day, and then kept', (_, stack) => {
    for (const { Properties } of rulesOfTheBus(stack)) {
      expect(Properties.Targets).toEqual([
        expect.objectContaining({
          SqsParameters: { MessageGroupId: '$.detail.tenant' },
          RetryPolicy: { MaximumEventAgeInSeconds: 86_400, MaximumRetryAttempts: 185 },
        }),
      ]);
    }
  });

  test.each(STAGES)('%s: every rule target has a dead letter queue, which lets the rule send', (_, stack) => {
    const [policy] = stack
      .all('AWS::SQS::QueuePolicy')
      .filter(({ Properties }) => Properties.Queues.some((queue) => nameOf(target(queue)) === 'Undeliverable'));
    const senders = policy?.Properties.PolicyDocument.Statement.filter(({ Action }) => Action === 'sqs:SendMessage');
    const dead = stack
      .all('AWS::Events::Rule')
      .flatMap(({ Properties }) => Properties.Targets.map((one) => one.DeadLetterConfig));
    expect(new Set(dead.map((queue) => nameOf(target(queue))))).toEqual(new Set(['Undeliverable']));
    expect(senders).toHaveLength(1);
    const allowed = JSON.stringify(senders?.[0]?.Condition);
    const [schedule] = stack.all('AWS::Events::Rule').filter(({ id }) => nameOf(id) === 'EveryMinute');
    expect(allowed).toContain(`:rule/${schedule?.Properties.Name}"`);
    expect(allowed).toContain(`:rule/${stack.all('AWS::Events::EventBus')[0]?.Properties.Name}/*"`);
  });

  test.each(STAGES)('%s: ingest is made after all rules, so that nothing is accepted before', (_, stack) => {
    const [ingest] = lambdasOf(stack, 'ingest');
    const rules = rulesOfTheBus(stack).map(({ id }) => id);
    expect(rules.length).toBeGreaterThan(1);
    expect(ingest?.DependsOn).toEqual(expect.arrayContaining(rules));
  });
});

describe('queues', () => {
  test.each(STAGES)('%s: what is worked on goes to the dead queue after five receives', (_, stack) => {
    const worked = workedQueues(stack);
    const queues = stack.all('AWS::SQS::Queue').filter(({ id }) => worked.has(id));
    expect(queues).toHaveLength(worked.size);
    for (const { id, Properties } of queues) {
      expect(Properties.RedrivePolicy?.maxReceiveCount).toBe(5);
      const name = nameOf(id);
      const dead = name === 'Sweeps' ? 'FailedSweeps' : name.replace(/(Events|Deliveries|Retries)$/, 'Dead');
      expect(nameOf(target(Properties.RedrivePolicy?.deadLetterTargetArn))).toBe(dead);
    }
  });

  test.each(STAGES)('%s: a message stays hidden for six time-outs of its worker', (_, stack) => {
    const lambdas = new Map(stack.all('AWS::Lambda::Function').map((lambda) => [lambda.id, lambda.Properties.Timeout]));
    const queues = new Map(stack.all('AWS::SQS::Queue').map((queue) => [queue.id, queue.Properties.VisibilityTimeout]));
    for (const { Properties } of stack.all('AWS::Lambda::EventSourceMapping')) {
      const timeout = lambdas.get(target(Properties.FunctionName));
      expect(queues.get(target(Properties.EventSourceArn))).toBeGreaterThanOrEqual(6 * (timeout ?? Infinity));
    }
  });

  test.each(STAGES)('%s: one bad message does not take its batch along', (_, stack) => {
    for (const { Properties } of stack.all('AWS::Lambda::EventSourceMapping')) {
      expect(Properties.FunctionResponseTypes).toEqual(['ReportBatchItemFailures']);
    }
  });

  test('each is worked on at a bounded rate', () => {
    const mappings = prod.all('AWS::Lambda::EventSourceMapping').map(({ Properties }) => Properties);
    const shown = mappings
      .map(({ EventSourceArn, FunctionName, BatchSize, ScalingConfig }): [string, [number, number]] => [
        `${nameOf(target(EventSourceArn))} -> ${nameOf(target(FunctionName))}`,
        [BatchSize, ScalingConfig.MaximumConcurrency],
      ])
      .filter(([name]) => /^(LaneGuest[A-Z][a-z]+ |(?!Lane))/.test(name))
      .filter(([name]) => !/^LaneGuest(Membership|Package)/.test(name));
    expect(Object.fromEntries(shown)).toEqual({
      'LaneGuestEvents -> LaneGuestMatch': [10, 10],
      'LaneGuestDeliveries -> LaneGuestDeliver': [10, 25],
      'LaneGuestRetries -> LaneGuestDeliver': [10, 10],
      'DeferredDeliveries -> Deferred': [10, 50],
      'Sweeps -> Sweep': [1, 10],
    });
    expect(mappings).toHaveLength(3 * Object.keys(catalogue.groups).length + 2);
  });

  test.each(STAGES)('%s: all are encrypted, refuse plain http and keep messages for 14 days', (_, stack) => {
    const tlsOnly = new Set(
      stack
        .all('AWS::SQS::QueuePolicy')
        .filter(({ Properties }) =>
          Properties.PolicyDocument.Statement.some(
            ({ Effect, Action, Condition }) =>
              Effect === 'Deny' &&
              Action === 'sqs:*' &&
              JSON.stringify(Condition).includes('"aws:SecureTransport":"false"'),
          ),
        )
        .flatMap(({ Properties }) => Properties.Queues.map(target)),
    );
    for (const { id, Properties } of stack.all('AWS::SQS::Queue')) {
      expect(Properties).toMatchObject({ SqsManagedSseEnabled: true, MessageRetentionPeriod: 14 * 86_400 });
      expect(tlsOnly).toContain(id);
    }
  });
});

describe('functions', () => {
  const COMMON = ['LOG_LEVEL', 'NODE_OPTIONS', 'POWERTOOLS_SERVICE_NAME'];
  const TABLES = ['CONTROL_TABLE', 'FLOW_TABLE', 'RETENTION_DAYS'];
  const SENDING = ['DATA_KEY', 'ALLOW_PRIVATE_TARGETS', 'TARGETS', 'SWEEPS_QUEUE_URL'];
  test.each([
    ['ingest', [...TABLES, 'BUS_NAME', 'EVENT_SOURCE', 'AUTH', 'ADMIN_KEY_SECRET', 'INGEST_PER_SECOND']],
    ['match', [...TABLES, 'DELIVERIES_QUEUE_URL', 'DEFERRED_QUEUE_URL']],
    ['deliver', [...TABLES, ...SENDING, 'RETRIES_QUEUE_URL', 'DEFERRED_QUEUE_URL', 'CEILING_PER_SECOND']],
    [
      'sweep',
      [
        ...TABLES,
        'BUS_NAME',
        'EVENT_SOURCE',
        'OPERATIONS_SOURCE',
        'NOTICES_TOPIC',
        'CEILING_PER_SECOND',
        'SWEEPS_QUEUE_URL',
        'DEFERRED_QUEUE_URL',
        'UNDELIVERABLE_QUEUE_URL',
        'DEAD_QUEUE_URLS',
      ],
    ],
    ['api', [...TABLES, ...SENDING, 'AUTH', 'CATALOGUE_ACCESS', 'ADMIN_KEY_SECRET']],
    ['portal', ['FRAME_ANCESTORS']],
  ])('%s is given the variables it reads and no other', (stage, variables) => {
    const lambdas = [...lambdasOf(prod, stage), ...lambdasOf(dev, stage)];
    expect(lambdas.length).toBeGreaterThan(1);
    for (const { Properties } of lambdas) {
      expect(Object.keys(Properties.Environment.Variables).sort()).toEqual([...variables, ...COMMON].sort());
    }
  });

  test('every variable says the right thing', () => {
    const shownOf = (lambdas: Lambda[]): Record<string, string> =>
      Object.fromEntries(
        lambdas
          .flatMap(({ Properties }) => Object.entries(Properties.Environment.Variables))
          .map(([name, value]) => [name, typeof value === 'string' ? value : targets(value).map(nameOf).join(' ')]),
      );
    const lanes = dev.all('AWS::Lambda::Function').filter(({ id }) => nameOf(id) !== 'Deferred');
    expect(shownOf(lanes)).toMatchObject({
      CONTROL_TABLE: 'TablesControl',
      FLOW_TABLE: 'TablesFlow',
      BUS_NAME: 'Bus',
      EVENT_SOURCE: 'event-fanout',
      ADMIN_KEY_SECRET: 'AdminKey',
      AUTH: '{"by":"keys"}',
      DATA_KEY: 'DataKey',
      DELIVERIES_QUEUE_URL: 'LaneallDeliveries',
      RETRIES_QUEUE_URL: 'LaneallRetries',
      DEFERRED_QUEUE_URL: 'DeferredDeliveries',
      SWEEPS_QUEUE_URL: 'Sweeps',
      UNDELIVERABLE_QUEUE_URL: 'Undeliverable',
      DEAD_QUEUE_URLS: 'LaneallDead DeferredDead',
      OPERATIONS_SOURCE: 'event-fanout.operations',
      NOTICES_TOPIC: 'Notices',
      CEILING_PER_SECOND: '100',
      INGEST_PER_SECOND: '0',
      ALLOW_PRIVATE_TARGETS: 'true',
      TARGETS: '{}',
      CATALOGUE_ACCESS: 'open',
      RETENTION_DAYS: '5',
      FRAME_ANCESTORS: "'none'",
    });
    expect(shownOf(lambdasOf(dev, 'deliver').filter(({ id }) => nameOf(id) === 'Deferred'))).toMatchObject({
      RETRIES_QUEUE_URL: 'DeferredDeliveries',
      DEFERRED_QUEUE_URL: 'DeferredDeliveries',
    });
    expect(shownOf(lambdasOf(prod, 'deliver'))).toMatchObject({ ALLOW_PRIVATE_TARGETS: 'false', RETENTION_DAYS: '14' });
    expect(shownOf(lambdasOf(prod, 'ingest'))).toMatchObject({ INGEST_PER_SECOND: '500' });
  });

  test.each(STAGES)('%s: each has a role of its own, without a managed policy', (_, stack) => {
    const roles = stack.all('AWS::Lambda::Function').map(({ Properties }) => target(Properties.Role));
    expect(new Set(roles).size).toBe(roles.length);
    for (const { Properties } of stack.all('AWS::IAM::Role')) {
      expect(Properties.ManagedPolicyArns).toBeUndefined();
      expect(Properties.Policies).toBeUndefined();
    }
  });

  test.each(STAGES)('%s: no role may do anything to all resources, or everything to one', (_, stack) => {
    const statements = stack.all('AWS::IAM::Policy').flatMap(({ Properties }) => Properties.PolicyDocument.Statement);
    expect(statements.length).toBeGreaterThan(10);
    expect(statements.filter(({ Action, Resource }) => JSON.stringify([Action, Resource]).includes('*'))).toEqual([]);
  });

  const ITEMS = ['GetItem', 'Query', 'PutItem', 'UpdateItem', 'DeleteItem', 'BatchWriteItem'];
  const TAKE = ['ReceiveMessage', 'DeleteMessage'];
  const RECEIVE = ['ReceiveMessage', 'DeleteMessage', 'ChangeMessageVisibility', 'GetQueueAttributes', 'GetQueueUrl'];
  test.each([
    [
      'Ingest',
      {
        TablesControl: ['GetItem'],
        TablesFlow: ['GetItem', 'Query', 'PutItem', 'UpdateItem'],
        Bus: ['PutEvents'],
        AdminKey: ['GetSecretValue'],
      },
    ],
    [
      'LaneallMatch',
      {
        TablesControl: ['Query'],
        TablesFlow: ['GetItem', 'Query', 'BatchWriteItem'],
        LaneallEvents: RECEIVE,
        LaneallDeliveries: ['SendMessage'],
        DeferredDeliveries: ['SendMessage'],
      },
    ],
    [
      'LaneallDeliver',
      {
        TablesControl: ['GetItem', 'PutItem'],
        TablesFlow: ITEMS,
        LaneallDeliveries: RECEIVE,
        LaneallRetries: [...RECEIVE, 'SendMessage'],
        DeferredDeliveries: ['SendMessage'],
        Sweeps: ['SendMessage'],
        DataKey: ['Decrypt'],
      },
    ],
    [
      'Deferred',
      {
        TablesControl: ['GetItem', 'PutItem'],
        TablesFlow: ITEMS,
        DeferredDeliveries: [...RECEIVE, 'SendMessage'],
        Sweeps: ['SendMessage'],
        DataKey: ['Decrypt'],
      },
    ],
    [
      'Sweep',
      {
        TablesControl: ['GetItem', 'Query', 'PutItem', 'BatchWriteItem'],
        TablesFlow: ITEMS,
        Bus: ['PutEvents'],
        Notices: ['Publish'],
        Sweeps: [...RECEIVE, 'SendMessage'],
        DeferredDeliveries: ['SendMessage'],
        Undeliverable: TAKE,
        LaneallDead: TAKE,
        DeferredDead: TAKE,
      },
    ],
    [
      'ControlPlane',
      {
        TablesControl: ITEMS,
        TablesFlow: ITEMS,
        Sweeps: ['SendMessage'],
        DataKey: ['GenerateDataKey', 'Decrypt'],
        AdminKey: ['GetSecretValue'],
      },
    ],
    ['Portal', {}],
  ])('%s may do what it has to, to what it has to, and write its own log', (name, rights) => {
    const lambda = dev.all('AWS::Lambda::Function').find(({ id }) => nameOf(id) === name);
    const granted: Record<string, string[]> = {};
    for (const { Action, Resource } of lambda ? allowedTo(dev, lambda) : []) {
      for (const resource of list(Resource)) {
        (granted[nameOf(target(resource))] ??= []).push(...list(Action).map((action) => action.replace(/^.*:/, '')));
      }
    }
    const log = nameOf(target(lambda?.Properties.LoggingConfig.LogGroup));
    const expected = { ...rights, [log]: ['CreateLogStream', 'PutLogEvents'] };
    expect(sortedLists(granted)).toEqual(sortedLists(expected));
  });

  test('only ingest may publish, under the source that the rules trust, and sweep, which tells operators as well', () => {
    const publishers = prod
      .all('AWS::Lambda::Function')
      .flatMap((lambda) => allowedTo(prod, lambda).map((statement) => ({ lambda, statement })))
      .filter(({ statement }) => JSON.stringify(statement.Action).includes('events:'));
    const sources = publishers.map(({ lambda, statement }) => [nameOf(lambda.id), statement.Condition]);
    const only = (source: unknown): object => ({ 'ForAllValues:StringEquals': { 'events:source': source } });
    expect(Object.fromEntries(sources)).toEqual({
      Ingest: only(['event-fanout']),
      Sweep: only(['event-fanout', 'event-fanout.operations']),
    });
  });

  test.each(STAGES)('%s: whatever other roles may do, the bus refuses our sources from anyone else', (_, stack) => {
    const [bus] = stack.all('AWS::Events::EventBus');
    const [statement, ...others] = bus?.Properties.Policy.Statement ?? [];
    expect(others).toEqual([]);
    expect(statement).toMatchObject({
      Effect: 'Deny',
      Principal: '*',
      Action: 'events:PutEvents',
      Condition: { 'ForAnyValue:StringEquals': { 'events:source': ['event-fanout', 'event-fanout.operations'] } },
    });
    const [, path = ''] = /:role(\/[^"]+\/)\*"/.exec(JSON.stringify(statement?.Condition)) ?? [];
    expect(path).toMatch(/^\/event-fanout\/EventFanout(-dev)?\/publishers\/$/);
    const publishers = stack.all('AWS::IAM::Role').filter(({ Properties }) => Properties.Path === path);
    expect(publishers.map(({ id }) => nameOf(id))).toEqual(['IngestRole', 'SweepRole']);
  });

  test('a line of a stack trace names the source and nothing of the machine that built it', () => {
    for (const lambda of prod.all('AWS::Lambda::Function')) {
      const map: { sources: string[] } = JSON.parse(prod.code(lambda, 'index.mjs.map').toString());
      expect(map.sources).toContainEqual(expect.stringMatching(/^\.\.\/\.\.\/lambdas\/\w+\/handler\.ts$/));
      const ours = /^(\.\.\/\.\.\/(lambdas|shared|node_modules)\/|<define:)/;
      expect(map.sources.filter((source) => !ours.test(source))).toEqual([]);
    }
  });
});

const sortedLists = (lists: Record<string, string[]>): Record<string, string[]> =>
  Object.fromEntries(Object.entries(lists).map(([name, items]) => [name, [...items].sort()]));

describe('the API', () => {
  /** As the contract has them: one that is not told here would have the control plane's limit. */
  const openRoutes = operations.filter(({ needs }) => needs === 'open').map(({ method, path }) => `${method} ${path}`);

  test('posted events go to ingest, who opens the portal to its page, all else to the control plane', () => {
    const uris = new Map(
      dev.all('AWS::ApiGatewayV2::Integration').map(({ id, Properties }) => {
        expect(Properties.PayloadFormatVersion).toBe('2.0');
        return [id, nameOf(target(Properties.IntegrationUri))];
      }),
    );
    const routes = dev
      .all('AWS::ApiGatewayV2::Route')
      .map(({ Properties }) => [Properties.RouteKey, uris.get(target(Properties.Target))]);
    expect(Object.fromEntries(routes)).toEqual({
      $default: 'ControlPlane',
      'POST /v1/tenants/{tenant}/events': 'Ingest',
      'POST /v1/tenants/{tenant}/events/batch': 'Ingest',
      'GET /portal': 'Portal',
      ...Object.fromEntries(openRoutes.map((route) => [route, 'ControlPlane'])),
    });
  });

  const limit = (ThrottlingRateLimit: number, ThrottlingBurstLimit: number) => ({
    ThrottlingRateLimit,
    ThrottlingBurstLimit,
  });
  const limitsOf = (stack: Synthesis): Record<string, unknown> => {
    const [stage] = stack.all('AWS::ApiGatewayV2::Stage');
    return { $default: stage?.Properties.DefaultRouteSettings, ...stage?.Properties.RouteSettings };
  };

  test('what posts events, what needs a key and what needs none have limits apart', () => {
    expect(limitsOf(prod)).toEqual({
      $default: limit(200, 400),
      'POST /v1/tenants/{tenant}/events': limit(2_000, 4_000),
      'POST /v1/tenants/{tenant}/events/batch': limit(2_000, 4_000),
      'GET /portal': limit(50, 100),
      ...Object.fromEntries(openRoutes.map((route) => [route, limit(50, 100)])),
    });
  });

  test('a deployment chooses its own limits, one or all', () => {
    const chosen = limitsOf(options);
    expect([chosen['$default'], chosen['GET /healthz']]).toEqual([limit(200, 400), limit(5, 10)]);
    expect(chosen['POST /v1/tenants/{tenant}/events']).toEqual(limit(9_000, 1_000));
  });

  test('every route that has a limit is there before the stage that names it', () => {
    const [stage] = prod.all('AWS::ApiGatewayV2::Stage');
    const routes = prod.all('AWS::ApiGatewayV2::Route');
    const keys = routes.map(({ Properties }) => Properties.RouteKey);
    expect(Object.keys(limitsOf(prod)).sort()).toEqual(keys.sort());
    const named = routes.filter(({ Properties }) => Properties.RouteKey !== '$default').map(({ id }) => id);
    expect(stage?.DependsOn).toEqual(expect.arrayContaining(named));
  });

  test('the outputs say where the admin key is, and never what it is', () => {
    const { Outputs } = prod.template;
    expect(Object.keys(prod.work.Outputs).sort()).toEqual([
      'AdminKeyCommand',
      'AdminKeySecretArn',
      'ApiUrl',
      'BusName',
      'NoticesTopicArn',
    ]);
    expect(JSON.stringify(prod.template)).not.toContain('resolve:secretsmanager');
    expect(nameOf(target(Outputs['AdminKeySecretArn']))).toBe('AdminKey');
  });

  test('the outputs say where queues and the topic are', () => {
    const { Outputs } = dev.template;
    const named = (output: string): string[] => targets(Outputs[output]?.Value).map(nameOf);
    expect(named('NoticesTopicArn')).toEqual(['Notices']);
    expect(named('DeferredQueues')).toEqual(['DeferredDeliveries', 'DeferredDead']);
    expect(named('QueuesOfall')).toEqual(['LaneallEvents', 'LaneallDeliveries', 'LaneallRetries', 'LaneallDead']);
  });
});

describe('stages', () => {
  const STATE = [
    'AWS::DynamoDB::Table',
    'AWS::SQS::Queue',
    'AWS::KMS::Key',
    'AWS::SecretsManager::Secret',
    'AWS::Events::EventBus',
    'AWS::SNS::Topic',
  ];
  const isState = ({ Type }: Resource<unknown>): boolean => STATE.includes(Type);
  const stateOf = ({ template }: Synthesis): Resource<unknown>[] => Object.values(template.Resources).filter(isState);

  test.each(STAGES)('%s: whatever holds something stands in a stack that knows nothing of functions', (_, stack) => {
    expect(Object.values(stack.work.Resources).filter(isState)).toEqual([]);
    expect(stateOf(stack).length).toBeGreaterThan(STATE.length);
    const types = new Set(Object.values(stack.state.Resources).map(({ Type }) => Type));
    expect(types).toEqual(new Set([...STATE, 'AWS::KMS::Alias', 'AWS::SQS::QueuePolicy', 'AWS::SNS::TopicPolicy']));
    expect(JSON.stringify(stack.state)).not.toContain('Fn::GetStackOutput');
  });

  test('prod keeps whatever holds something, even when its stack is deleted or a property replaces it', () => {
    for (const { DeletionPolicy, UpdateReplacePolicy } of stateOf(prod)) {
      expect([DeletionPolicy, UpdateReplacePolicy]).toEqual(['Retain', 'Retain']);
    }
    for (const { Properties } of prod.all('AWS::DynamoDB::Table'))
      expect(Properties.DeletionProtectionEnabled).toBe(true);
  });

  test('dev leaves nothing behind', () => {
    expect(new Set(stateOf(dev).map(({ DeletionPolicy }) => DeletionPolicy))).toEqual(new Set(['Delete']));
    for (const { Properties } of dev.all('AWS::DynamoDB::Table'))
      expect(Properties.DeletionProtectionEnabled).toBe(false);
  });

  const protectionOf = ({ manifest }: Synthesis): (boolean | undefined)[] =>
    Object.values(manifest.artifacts)
      .filter(({ type }) => type === 'aws:cloudformation:stack')
      .map(({ properties }) => properties?.terminationProtection);

  test('both stacks of prod are protected from being deleted, those of dev are not', () => {
    expect(protectionOf(prod)).toEqual([true, true]);
    expect(protectionOf(dev)).toEqual([false, false]);
  });

  const recoveryOf = (stack: Synthesis): Record<string, unknown> =>
    Object.fromEntries(
      stack
        .all('AWS::DynamoDB::Table')
        .map(({ id, Properties }) => [nameOf(id), Properties.PointInTimeRecoverySpecification]),
    );

  test('what people entered can be put back to any second, and events only where a deployment says so', () => {
    const control = { TablesControl: { PointInTimeRecoveryEnabled: true } };
    expect(recoveryOf(prod)).toEqual(control);
    expect(recoveryOf(dev)).toEqual(control);
    expect(recoveryOf(options)).toEqual({
      ...control,
      TablesFlow: { PointInTimeRecoveryEnabled: true, RecoveryPeriodInDays: 7 },
    });
  });

  test('prod has a lane for each group, dev has one for all', () => {
    const lanes = (stack: Synthesis): string[] => lambdasOf(stack, 'match').map(({ id }) => nameOf(id));
    expect(lanes(prod)).toEqual(Object.keys(catalogue.groups).map((group) => `Lane${group}Match`));
    expect(lanes(dev)).toEqual(['LaneallMatch']);
  });

  test('every line that is kept is kept for a while only', () => {
    const groups = prod.all('AWS::Logs::LogGroup');
    expect(groups.length).toBe(prod.all('AWS::Lambda::Function').length + 1);
    for (const { Properties } of groups) expect(Properties.RetentionInDays).toBe(30);
  });

  test('a bill can be split by stage and lane', () => {
    const tagsOf = (id: string): Record<string, string> => {
      const lambda = prod.all('AWS::Lambda::Function').find((one) => nameOf(one.id) === id);
      return Object.fromEntries((lambda?.Properties.Tags ?? []).map(({ Key, Value }) => [Key, Value]));
    };
    const common = { application: 'event-fanout', 'event-fanout:stage': 'prod' };
    expect(tagsOf('LaneGuestDeliver')).toEqual({ ...common, 'event-fanout:lane': 'Guest' });
    for (const id of ['Ingest', 'Deferred', 'Sweep']) expect(tagsOf(id)).toEqual(common);
  });

  test('nothing is looked up in an account: synthesis needs no network', () => {
    for (const { manifest } of [prod, dev, own, options]) expect(manifest.missing).toBeUndefined();
  });

  test('no function is called without somebody who waits for its answer or brings the work again', () => {
    expect(Object.values(prod.template.Resources).map(({ Type }) => Type)).not.toContain(
      'AWS::Lambda::EventInvokeConfig',
    );
    const callers = prod.all('AWS::Lambda::Permission').map(({ Properties }) => Properties.Principal);
    expect(new Set(callers)).toEqual(new Set(['apigateway.amazonaws.com']));
  });

  test('the topic is encrypted, and refuses what is published in the clear', () => {
    const [topic] = prod.all('AWS::SNS::Topic');
    expect(topic?.Properties.KmsMasterKeyId).toBe('alias/aws/sns');
    const [policy] = prod.all('AWS::SNS::TopicPolicy');
    expect(policy?.Properties.PolicyDocument.Statement).toEqual([
      expect.objectContaining({
        Effect: 'Deny',
        Principal: '*',
        Action: 'sns:Publish',
        Condition: { Bool: { 'aws:SecureTransport': 'false' } },
      }),
    ]);
  });

  test('the flags of the CDK are those that the pinned version recommends', () => {
    const recommended: unknown = createRequire(import.meta.url)('aws-cdk-lib/recommended-feature-flags.json');
    expect(cdkJson.context).toEqual(recommended);
  });

  test('the stacks for dev are those that were agreed to last', () => {
    const blank = ({ state, work }: Synthesis): string =>
      JSON.stringify({ state, work }, null, 2).replaceAll(/\b[0-9a-f]{64}\b/g, '<hash>');
    expect(blank(dev)).toMatchSnapshot();
  });
});

describe('a lane that is drained', () => {
  test('gets nothing more and is worked on until it is empty', () => {
    const types = Object.entries(catalogue.eventTypes);
    for (const [type, { group }] of types) expect(queuesFor(options, eventOf(type, group))).toEqual(['LaneallEvents']);
    for (const lane of ['Guest', 'Class']) {
      const worked = [...workedQueues(options)].map(nameOf).filter((name) => name.startsWith(`Lane${lane}`));
      expect(worked.sort()).toEqual([`Lane${lane}Deliveries`, `Lane${lane}Events`, `Lane${lane}Retries`]);
    }
  });

  test('cannot be one that events are routed to', () => {
    expect(() => make({ drainingLanes: ['Order'] })).toThrow(
      'drainingLanes names Order, which events are still routed to.',
    );
  });

  test('counts where lanes are fitted into the account', () => {
    const props = { lanes: 'one', accountConcurrency: 249 } as const;
    expect(() => make(props)).not.toThrow();
    expect(() => make({ ...props, drainingLanes: ['Order'] })).toThrow(/^2 lanes of 45/);
  });
});

describe('a canary', () => {
  const FUNCTIONS = 5 + 2 * 3; // ingest, api, portal, sweep and what delivers the deferred, and match and deliver of three lanes

  test('stands before every function: nothing but its alias is called', () => {
    const aliases = options.all('AWS::Lambda::Alias');
    expect(aliases).toHaveLength(FUNCTIONS);
    const ids = new Set(aliases.map(({ id }) => id));
    const called = [
      ...options.all('AWS::Lambda::EventSourceMapping').map(({ Properties }) => Properties.FunctionName),
      ...options.all('AWS::ApiGatewayV2::Integration').map(({ Properties }) => Properties.IntegrationUri),
    ];
    expect(called).toHaveLength(3 * 3 + 2 + 3);
    for (const one of called) expect(ids).toContain(target(one));
  });

  test('takes new code back when it throws, and when it logs an error and answers all the same', () => {
    const groups = options.all('AWS::CodeDeploy::DeploymentGroup');
    expect(groups).toHaveLength(FUNCTIONS);
    const alarms = new Map(options.all('AWS::CloudWatch::Alarm').map(({ id, Properties }) => [id, Properties]));
    for (const { Properties } of groups) {
      expect(Properties.DeploymentConfigName).toBe('CodeDeployDefault.LambdaCanary10Percent5Minutes');
      expect(Properties.AutoRollbackConfiguration.Events).toContain('DEPLOYMENT_STOP_ON_ALARM');
      const watched = Properties.AlarmConfiguration.Alarms.map(({ Name }) => alarms.get(target(Name)));
      expect(watched.map((alarm) => [alarm?.MetricName.replace(/-.*/, ''), alarm?.Threshold])).toEqual([
        ['Errors', 1],
        ['faults', 1],
      ]);
    }
    for (const { Properties } of options.all('AWS::Logs::MetricFilter')) {
      expect(Properties.FilterPattern).toBe('{ $.level = "ERROR" }');
    }
  });

  test('is not there unless asked for', () => {
    for (const stack of [prod, dev]) expect(stack.all('AWS::Lambda::Alias')).toEqual([]);
  });
});

test('a domain of your own leads to the API, and the outputs say what its record must name', () => {
  expect(options.all('AWS::ApiGatewayV2::DomainName')[0]?.Properties.DomainName).toBe('hooks.example.com');
  expect(options.all('AWS::ApiGatewayV2::ApiMapping')[0]?.Properties.Stage).toBe('$default');
  expect(options.work.Outputs['ApiUrl']?.Value).toEqual({
    'Fn::Join': ['', ['https://', { Ref: options.all('AWS::ApiGatewayV2::DomainName')[0]?.id }, '/']],
  });
  expect(target(options.work.Outputs['DomainTarget'])).toBe(options.all('AWS::ApiGatewayV2::DomainName')[0]?.id);
});

describe('a catalogue of your own', () => {
  test('is what the code asks for by name, since none is built in', () => {
    const types = Object.keys(catalogue.eventTypes);
    for (const lambda of prod.all('AWS::Lambda::Function')) {
      const code = prod.code(lambda, 'index.mjs').toString();
      expect(types.filter((type) => code.includes(type))).toEqual([]);
    }
    // The portal has none at all.
    const others = prod
      .all('AWS::Lambda::Function')
      .filter((lambda) => !lambdasOf(prod, 'portal').some(({ id }) => id === lambda.id));
    expect(others.length).toBeGreaterThan(5);
    for (const lambda of others) expect(prod.code(lambda, 'catalogue.mjs').toString()).toContain(types.at(-1));
    const [ingest] = lambdasOf(prod, 'ingest');
    expect(ingest && prod.code(ingest, 'index.mjs').toString()).toContain('from"#catalogue"');
    expect(ingest && JSON.parse(prod.code(ingest, 'package.json').toString())).toMatchObject({
      imports: { '#catalogue': './catalogue.mjs' },
    });
  });

  test('makes its own rules and lanes', () => {
    expect(queuesFor(own, eventOf('Order.Paid', 'Order'))).toEqual(['LaneOrderEvents']);
    expect(queuesFor(own, eventOf('Parcel.Sent', 'Parcel'))).toEqual(['LaneParcelEvents']);
    expect(queuesFor(own, eventOf('Guest.Created', 'Guest'))).toEqual(['Unrouted']);
  });

  test('changes the catalogue beside the code and not one byte of the code', () => {
    for (const stage of ['ingest', 'match', 'deliver', 'sweep', 'api']) {
      const [[ours], [theirs]] = [lambdasOf(prod, stage), lambdasOf(own, stage)];
      if (!ours || !theirs) throw new Error(`no function of ${stage}`);
      expect(own.code(theirs, 'index.mjs').equals(prod.code(ours, 'index.mjs'))).toBe(true);
      expect(own.code(theirs, 'catalogue.mjs').equals(prod.code(ours, 'catalogue.mjs'))).toBe(false);
    }
  });

  test('is refused with a reason when it is no catalogue', () => {
    const path = join(scratch, 'none.ts');
    writeFileSync(path, `export default { types: [] };`);
    expect(() => make({ catalogue: path })).toThrow(
      'The default export of the catalogue must be { groups, eventTypes }.',
    );
  });

  test('is refused when a group would have a lane with nothing in it', () => {
    const path = join(scratch, 'empty-group.ts');
    writeFileSync(path, `export default { groups: { Order: { description: 'x' } }, eventTypes: {} };`);
    expect(() => make({ catalogue: path })).toThrow('Group Order of the catalogue has no event type.');
  });
});

const make = (props: EventFanoutProps): EventFanout =>
  new EventFanout(new Stack(new App({ outdir: scratch }), 'Stack'), 'EventFanout', {
    catalogue: ownCatalogue,
    ...props,
  });

describe('refusals', () => {
  test('lanes that want more than the account has are refused, with the figures', () => {
    const props = { laneConcurrency: { events: 10, deliveries: 25, retries: 10 }, accountConcurrency: 249 };
    expect(() => make(props)).toThrow(
      /^2 lanes of 45 concurrent .*, 50 for .* deferred, 10 for the sweep and 100 kept .* make 250, but the account has 249\./,
    );
    expect(() => make({ ...props, accountConcurrency: 250 })).not.toThrow();
    expect(() => make({ ...props, deferredConcurrency: 49 })).not.toThrow();
    expect(() => make({ ...props, accountConcurrency: 205, lanes: 'one' })).not.toThrow();
  });

  test.each([0, 0.09, -1, NaN, Infinity])('a subscription cannot be limited to %p requests a second', (rate) => {
    expect(() => make({ ceilingPerSecond: rate })).toThrow('ceilingPerSecond must be a number of at least 0.1');
  });

  test.each([-1, NaN, Infinity])('a tenant cannot be limited to %p events a second', (rate) => {
    expect(() => make({ ingestPerSecond: rate })).toThrow('ingestPerSecond must be a number of at least 0');
  });

  const manyGroups = (count: number): string => {
    const path = join(scratch, `groups-${count}.mjs`);
    const names = Array.from({ length: count }, (_, at) => `G${at}`);
    const groups = Object.fromEntries(names.map((name) => [name, { description: 'x' }]));
    const eventTypes = Object.fromEntries(names.map((name) => [`${name}.Done`, { group: name }]));
    writeFileSync(path, `export default ${JSON.stringify({ groups, eventTypes })};`);
    return path;
  };

  test('there can be twenty lanes: the addresses of their dead queues then still fit into the variables of the sweep', () => {
    const props = { accountConcurrency: 10_000, catalogue: manyGroups(20) };
    const { sweep, state } = make(props);
    expect(() => make({ ...props, drainingLanes: ['Old'] })).toThrow('There can be 20 lanes at most, not 21');

    // As long as CloudFormation makes the names, in the region whose name is longest.
    const where = 'ap-southeast-3:123456789012:';
    const called = (name: string): string => `Stack-of-a-team-with-a-long-name-State-${name}-123456789012`;
    const queue = `https://sqs.ap-southeast-3.amazonaws.com/123456789012/${'q'.repeat(80)}`;
    const resolved = Stack.of(sweep).resolve((sweep.node.defaultChild as CfnFunction).environment) as Variables;
    const variables = Object.entries(resolved.variables).map(([name, value]) => {
      if (name === 'DEAD_QUEUE_URLS') return [name, Array(state.dead.length).fill(queue).join(' ')];
      if (name.endsWith('_QUEUE_URL')) return [name, queue];
      if (name === 'NOTICES_TOPIC') return [name, `arn:aws:sns:${where}${called(target(value))}`];
      return [name, typeof value === 'string' ? value : called(target(value))];
    });
    expect(variables.flat().join('').length).toBeLessThan(4_096);
  });

  test.each([
    ['the group', `groups: { Operations: { description: 'x' } }, eventTypes: { 'A.B': { group: 'Operations' } }`],
    ['the event type', `groups: { A: { description: 'x' } }, eventTypes: { 'DeadLetter.Created': { group: 'A' } }`],
  ])('a catalogue cannot have %s of our own notices', (what, members) => {
    const path = join(scratch, `${what.replaceAll(' ', '-')}.mjs`);
    writeFileSync(path, `export default { ${members} };`);
    expect(() => make({ catalogue: path })).toThrow(`The catalogue cannot have ${what}`);
  });

  test('a catalogue without a group would make no lane', () => {
    const path = join(scratch, 'nothing.mjs');
    writeFileSync(path, `export default { groups: {}, eventTypes: {} };`);
    expect(() => make({ catalogue: path })).toThrow('The catalogue has no event group, so there would be no lane.');
  });

  test.each([4, 0, 7.5, NaN])('events cannot be kept for %p days', (retentionDays) => {
    expect(() => make({ retentionDays })).toThrow('retentionDays must be a whole number of at least 5');
  });

  test('groups may share lanes as a plan says', () => {
    const lanes = make({ lanes: { sales: ['Parcel', 'Order'] } }).lanes;
    expect([...lanes.keys()]).toEqual(['sales']);
  });

  test.each([
    ['leaves a group out', { a: ['Order'] }, 'Parcel is in no lane'],
    ['names a group that is not there', { a: ['Order', 'Parcel', 'Guest'] }, 'the catalogue has no group Guest'],
    ['names a group twice', { a: ['Order', 'Parcel'], b: ['Order'] }, 'Order is named twice'],
    ['has a lane with no group', { a: ['Order', 'Parcel'], b: [] }, 'lane b has no group'],
  ])('a plan that %s is refused', (_, lanes, reason) => {
    expect(() => make({ lanes })).toThrow(reason);
  });

  test.each([
    ['ingest', { perSecond: 0, burst: 1 }],
    ['controlPlane', { perSecond: 10, burst: 0 }],
    ['open', { perSecond: NaN, burst: 10 }],
    ['open', { perSecond: 10, burst: 1.5 }],
  ])('%s cannot be limited to %j', (name, throttle) => {
    expect(() => make({ throttles: { [name]: throttle } })).toThrow(`throttles.${name} must have a perSecond of`);
  });

  test.each([-1, 36, 1.5])('events cannot be put back for %p days', (eventRecoveryDays) => {
    expect(() => make({ eventRecoveryDays })).toThrow('eventRecoveryDays must be a whole number from 0 to 35');
  });

  test('private targets are refused together with termination protection, whenever that is set', () => {
    const synth = (terminationProtection: boolean): void => {
      const app = new App({ outdir: mkdtempSync(join(scratch, 'private-')) });
      const stack = new Stack(app, 'Stack');
      new EventFanout(stack, 'EventFanout', { catalogue: ownCatalogue, dev: { allowPrivateTargets: true } });
      stack.terminationProtection = terminationProtection;
      app.synth();
    };
    expect(() => synth(true)).toThrow('dev.allowPrivateTargets is for a stack that may be lost');
    expect(() => synth(false)).not.toThrow();
  });

  test('an unsafe resource fails the synthesis', () => {
    const app = makeApp({ catalogue: ownCatalogue }, mkdtempSync(join(scratch, 'unsafe-')));
    new Queue(new Stack(app, 'Unsafe'), 'Queue');
    expect(() => app.synth()).toThrow('The SQS queue does not require requests to use SSL.');
  });
});
