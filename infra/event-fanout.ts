import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Duration, RemovalPolicy, Stack, Stage as CdkStage, Validations } from 'aws-cdk-lib';
import { EventBus, Rule, Schedule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Key } from 'aws-cdk-lib/aws-kms';
import type { Function as Lambda } from 'aws-cdk-lib/aws-lambda';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { Api } from './api.ts';
import { BadSetting } from './bad-setting.ts';
import { bundle, type Bundles } from './bundle.ts';
import { typesByGroup } from './catalogue-of.ts';
import { Lane, type LaneConcurrency } from './lane.ts';
import { checkConcurrency, planLanes, type LanePlan } from './lane-plan.ts';
import { EVENT_SOURCE, unroutedPatterns, type TypesByGroup } from './patterns.ts';
import { makeLastQueue, toQueue } from './queue.ts';
import { StageFunction } from './stage-function.ts';
import { allow, Tables } from './table.ts';

export interface EventFanoutProps {
  /** Path of a module (`.ts`, `.mjs`, `.js`) whose default export is a Catalogue. Default: the catalogue of this project. */
  catalogue?: string;
  /**
   * `per-group`: a lane for each event group, so that none delays another. `one`: a single lane named `all`, which costs
   * least. Or a plan of your own, `{ sales: ['Invoice', 'Guest'], rest: [...] }`, which names every group once.
   * Default: `per-group`.
   */
  lanes?: 'per-group' | 'one' | LanePlan;
  /** How long events, bodies, attempts, dead letters and ids are kept, in days; at least 5. Default: 14. */
  retentionDays?: number;
  /** Lets subscriptions name private and loopback addresses, and plain http. For a developer's machine only. Default: false. */
  allowPrivateTargets?: boolean;
  /** How many batches of each queue of a lane are worked on at a time. Default: 10 events, 25 deliveries, 10 retries. */
  laneConcurrency?: LaneConcurrency;
  /** The account's limit of concurrent Lambda executions, which the lanes must fit into. Default: 1,000. */
  accountConcurrency?: number;
  /**
   * What becomes of the tables, the queues, the data key and the admin key when the stack, or a lane, is taken away.
   * DESTROY also lifts the tables' protection against deletion. Default: RETAIN.
   */
  removalPolicy?: RemovalPolicy;
}

/** The schedule of retries takes 3 days, and an endpoint may fail for 5 before it is disabled: events must outlive both. */
const LEAST_RETENTION_DAYS = 5;

const DEFAULTS: Required<EventFanoutProps> = {
  catalogue: fileURLToPath(new URL('../shared/catalogue/catalogue.ts', import.meta.url)),
  lanes: 'per-group',
  retentionDays: 14,
  allowPrivateTargets: false,
  laneConcurrency: { events: 10, deliveries: 25, retries: 10 },
  accountConcurrency: 1_000,
  removalPolicy: RemovalPolicy.RETAIN,
};

/**
 * The webhook service: an HTTP API that takes events, and everything behind it that brings each of them to every
 * subscriber who wants it.
 */
export class EventFanout extends Construct {
  /** The key for everything, made with the stack. Its value is in no template, no output and no variable. */
  readonly adminKey: Secret;
  readonly tables: Tables;
  readonly bus: EventBus;
  /** What EventBridge tried to hand over until it gave up. */
  readonly undeliverable: Queue;
  /** Events that no lane took: kept, and each is a fault of ours. */
  readonly unrouted: Queue;
  /** By name. */
  readonly lanes: ReadonlyMap<string, Lane>;
  readonly ingest: Lambda;
  readonly sweep: Lambda;
  readonly controlPlane: Lambda;
  readonly apiUrl: string;

  private readonly props: Required<EventFanoutProps>;
  private readonly bundles: Bundles;
  private readonly dataKey: Key;

  constructor(scope: Construct, id: string, props: EventFanoutProps = {}) {
    super(scope, id);
    this.props = withDefaults(props);
    this.bundles = bundle(resolve(this.props.catalogue), bundleFolder(this));
    const groups = typesByGroup(this.bundles.catalogue);

    this.tables = new Tables(this, 'Tables', this.props);
    this.dataKey = this.makeDataKey();
    this.adminKey = this.makeAdminKey();

    this.bus = new EventBus(this, 'Bus', { eventBusName: `${Stack.of(this).stackName}-events` });
    this.undeliverable = this.makeUndeliverable();
    this.unrouted = makeLastQueue(this, 'Unrouted', { removalPolicy: this.props.removalPolicy });
    this.lanes = this.makeLanes(groups);
    const rules = [...this.catchUnrouted(groups), ...[...this.lanes.values()].flatMap((lane) => lane.rules)];

    this.ingest = this.makeIngest();
    // An event accepted before its rule is there would wait for the sweep.
    this.ingest.node.addDependency(...rules);
    this.sweep = this.makeSweep();
    this.controlPlane = this.makeControlPlane();
    this.apiUrl = new Api(this, 'Api', this).url;
  }

  private makeDataKey(): Key {
    return new Key(this, 'DataKey', {
      description: 'Wraps the data key of each tenant, which signing secrets and header values are encrypted with.',
      alias: `${Stack.of(this).stackName}-data`,
      enableKeyRotation: true,
      removalPolicy: this.props.removalPolicy,
    });
  }

  private makeAdminKey(): Secret {
    const adminKey = new Secret(this, 'AdminKey', {
      description: 'The first admin key of the API.',
      generateSecretString: { excludePunctuation: true, passwordLength: 48 },
      removalPolicy: this.props.removalPolicy,
    });
    Validations.of(adminKey).acknowledge({
      id: 'AwsSolutions::AwsSolutions-SMG4',
      reason:
        'People and programs hold this key, so changing it on a timer would lock them out. It is changed with put-secret-value, and daily work uses scoped keys with an expiry of their own.',
    });
    return adminKey;
  }

  private makeUndeliverable(): Queue {
    const undeliverable = makeLastQueue(this, 'Undeliverable', { removalPolicy: this.props.removalPolicy });
    undeliverable.addToResourcePolicy(
      new PolicyStatement({
        sid: 'RulesOfOurBus',
        principals: [new ServicePrincipal('events.amazonaws.com')],
        actions: ['sqs:SendMessage'],
        resources: [undeliverable.queueArn],
        conditions: { ArnLike: { 'aws:SourceArn': this.arnOfRules() } },
      }),
    );
    return undeliverable;
  }

  private arnOfRules(): string {
    return Stack.of(this).formatArn({
      service: 'events',
      resource: 'rule',
      resourceName: `${this.bus.eventBusName}/*`,
    });
  }

  private makeLanes(groups: TypesByGroup): Map<string, Lane> {
    const { bus, tables, undeliverable, dataKey, bundles, props } = this;
    const plan = planLanes(props.lanes, groups);
    checkConcurrency(plan.size, props);
    const shared = { ...props, bus, tables, undeliverable, dataKey, bundles, concurrency: props.laneConcurrency };
    return new Map(
      [...plan].map(([name, eventTypes]) => [name, new Lane(this, `Lane-${name}`, { ...shared, eventTypes })]),
    );
  }

  private catchUnrouted(groups: TypesByGroup): Rule[] {
    return unroutedPatterns(groups).map(
      (eventPattern, index) =>
        new Rule(this, `Unrouted${index + 1}`, {
          eventBus: this.bus,
          eventPattern,
          targets: [toQueue(this.unrouted, this.undeliverable)],
        }),
    );
  }

  private makeIngest(): Lambda {
    const { tables, adminKey, bus, bundles, props } = this;
    const ingest = new StageFunction(this, 'Ingest', {
      stage: 'ingest',
      bundles,
      environment: {
        CONTROL_TABLE: tables.control.tableName,
        FLOW_TABLE: tables.flow.tableName,
        BUS_NAME: bus.eventBusName,
        EVENT_SOURCE,
        ADMIN_KEY_SECRET: adminKey.secretArn,
        RETENTION_DAYS: String(props.retentionDays),
      },
    });
    allow(ingest, tables.control, ['GetItem']);
    allow(ingest, tables.flow, ['GetItem', 'Query', 'PutItem']);
    this.letPublish(ingest);
    this.letReadAdminKey(ingest);
    return ingest;
  }

  private makeSweep(): Lambda {
    const { tables, bus, bundles, undeliverable, props } = this;
    const sweep = new StageFunction(this, 'Sweep', {
      stage: 'sweep',
      bundles,
      environment: {
        FLOW_TABLE: tables.flow.tableName,
        BUS_NAME: bus.eventBusName,
        EVENT_SOURCE,
        RETENTION_DAYS: String(props.retentionDays),
      },
    });
    allow(sweep, tables.flow, ['GetItem', 'Query', 'UpdateItem', 'BatchWriteItem']);
    this.letPublish(sweep);
    // A missed minute is made good by the next one; a late repetition would only run beside it.
    const once = { retryAttempts: 0, maxEventAge: Duration.minutes(1) };
    sweep.configureAsyncInvoke(once);
    Validations.of(sweep).acknowledge({
      id: 'Serverless::Serverless-LambdaAsyncFailureDestination',
      reason: 'A failed sweep is not kept: all it would have done is still due in the table, and the next one does it.',
    });
    new Rule(this, 'EveryMinute', {
      schedule: Schedule.rate(Duration.minutes(1)),
      targets: [new LambdaFunction(sweep, { ...once, deadLetterQueue: undeliverable })],
    });
    return sweep;
  }

  private makeControlPlane(): Lambda {
    const { tables, adminKey, dataKey, bundles, props } = this;
    const api = new StageFunction(this, 'ControlPlane', {
      stage: 'api',
      bundles,
      environment: {
        CONTROL_TABLE: tables.control.tableName,
        FLOW_TABLE: tables.flow.tableName,
        ADMIN_KEY_SECRET: adminKey.secretArn,
        DATA_KEY: dataKey.keyArn,
        ALLOW_PRIVATE_TARGETS: String(props.allowPrivateTargets),
        RETENTION_DAYS: String(props.retentionDays),
      },
    });
    allow(api, tables.control, ['GetItem', 'Query', 'PutItem', 'UpdateItem', 'DeleteItem', 'BatchWriteItem']);
    allow(api, tables.flow, ['GetItem', 'Query']);
    dataKey.grant(api, 'kms:GenerateDataKey', 'kms:Decrypt');
    this.letReadAdminKey(api);
    return api;
  }

  /** Under our own source only, which no other role is given: that is what lets the lanes trust it. */
  private letPublish(stage: Lambda): void {
    stage.addToRolePolicy(
      new PolicyStatement({
        actions: ['events:PutEvents'],
        resources: [this.bus.eventBusArn],
        conditions: { StringEquals: { 'events:source': EVENT_SOURCE } },
      }),
    );
  }

  private letReadAdminKey(stage: Lambda): void {
    stage.addToRolePolicy(
      new PolicyStatement({ actions: ['secretsmanager:GetSecretValue'], resources: [this.adminKey.secretArn] }),
    );
  }
}

/** @throws where a value cannot work */
function withDefaults(given: EventFanoutProps): Required<EventFanoutProps> {
  const props = {
    ...DEFAULTS,
    ...Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)),
  };
  if (!Number.isInteger(props.retentionDays) || props.retentionDays < LEAST_RETENTION_DAYS) {
    throw new BadSetting(
      `retentionDays must be a whole number of at least ${LEAST_RETENTION_DAYS}: ${props.retentionDays}`,
    );
  }
  return props;
}

/** Beside the templates, where CDK picks the assets up. */
const bundleFolder = (scope: Construct): string => {
  const assembly = CdkStage.of(scope);
  if (!assembly) throw new Error('EventFanout must be made inside an App.');
  return resolve(assembly.assetOutdir, 'bundles');
};
