import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Duration, RemovalPolicy, Stack, Stage as CdkStage, Tags } from 'aws-cdk-lib';
import { Rule, Schedule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { Function as Lambda } from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import { Api, type Domain } from './api.ts';
import { BadSetting } from './bad-setting.ts';
import { bundle, type Bundles } from './bundle.ts';
import type { CanaryTraffic } from './canary.ts';
import { typesByGroup } from './catalogue-of.ts';
import { Lane, type LaneConcurrency } from './lane.ts';
import { checkConcurrency, planLanes, type Lanes } from './lane-plan.ts';
import { EVENT_SOURCE, unroutedPatterns, type TypesByGroup } from './patterns.ts';
import { toQueue } from './queue.ts';
import { StageFunction } from './stage-function.ts';
import { State } from './state.ts';
import { allow } from './table.ts';

export interface EventFanoutProps {
  /** Path of a module (`.ts`, `.mjs`, `.js`) whose default export is a Catalogue. Default: the catalogue of this project. */
  catalogue?: string;
  /**
   * `per-group`: a lane for each event group, so that none delays another. `one`: a single lane named `all`, which costs
   * least. Or a plan of your own, `{ sales: ['Invoice', 'Guest'], rest: [...] }`, which names every group once.
   * Default: `per-group`.
   */
  lanes?: Lanes;
  /**
   * Lanes of the deploy before that are no longer in `lanes`: nothing is routed to them, and they are worked on until they
   * are empty. Whoever leaves them out at once leaves behind what they hold. Default: none.
   */
  drainingLanes?: readonly string[];
  /** How long events, bodies, attempts, dead letters and ids are kept, in days; at least 5. Default: 14. */
  retentionDays?: number;
  /**
   * For how many days, at most 35, the table of events can be put back to any second. Erased and expired events stay in
   * such a backup for as long. Default: 0, none; the table of keys and subscriptions always has 35.
   */
  eventRecoveryDays?: number;
  /** How many batches of each queue of a lane are worked on at a time. Default: 10 events, 25 deliveries, 10 retries. */
  laneConcurrency?: LaneConcurrency;
  /** The account's limit of concurrent Lambda executions, which the lanes must fit into. Default: 1,000. */
  accountConcurrency?: number;
  /** A name of your own for the API. Default: the one that API Gateway gives. */
  domain?: Domain;
  /** Lets new code take over by and by, and takes it back when it fails. Default: it takes over at once. */
  canary?: CanaryTraffic;
  /** Where whatever holds something is made: a stack of its own, which deploys of code do not touch. Default: here. */
  stateIn?: Construct;
  /** For trying things out: all goes when the stack goes, or a lane. Default: whatever holds something is kept. */
  dev?: {
    /** Lets subscriptions name private and loopback addresses, and plain http. Default: false. */
    allowPrivateTargets?: boolean;
  };
}

/** What is not chosen has a value all the same; these have none. */
type Optional = 'domain' | 'canary' | 'dev';
type WithDefault = Required<Omit<EventFanoutProps, Optional | 'stateIn'>>;
type Chosen = WithDefault & Pick<EventFanoutProps, Optional>;

/** The schedule of retries takes 3 days, and an endpoint may fail for 5 before it is disabled: events must outlive both. */
const LEAST_RETENTION_DAYS = 5;
/** https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/PointInTimeRecovery_Howitworks.html */
const MOST_RECOVERY_DAYS = 35;

const DEFAULTS: WithDefault = {
  catalogue: fileURLToPath(new URL('../shared/catalogue/catalogue.ts', import.meta.url)),
  lanes: 'per-group',
  drainingLanes: [],
  retentionDays: 14,
  eventRecoveryDays: 0,
  laneConcurrency: { events: 10, deliveries: 25, retries: 10 },
  accountConcurrency: 1_000,
};

/**
 * The webhook service: an HTTP API that takes events, and everything behind it that brings each of them to every
 * subscriber who wants it.
 */
export class EventFanout extends Construct {
  /** Whatever holds something. */
  readonly state: State;
  /** By name. */
  readonly lanes: ReadonlyMap<string, Lane>;
  readonly ingest: Lambda;
  readonly sweep: Lambda;
  readonly controlPlane: Lambda;
  readonly api: Api;

  private readonly props: Chosen;
  private readonly bundles: Bundles;

  constructor(scope: Construct, id: string, { stateIn, ...given }: EventFanoutProps = {}) {
    super(scope, id);
    this.props = withDefaults(given);
    this.bundles = bundle(resolve(this.props.catalogue), bundleFolder(this));
    const groups = typesByGroup(this.bundles.catalogue);
    const plan = planLanes(this.props, groups);
    checkConcurrency(plan.size, this.props);

    this.state = new State(stateIn ?? this, stateIn ? id : 'State', {
      name: Stack.of(this).stackName,
      lanes: [...plan.keys()],
      eventRecoveryDays: this.props.eventRecoveryDays,
      removalPolicy: this.props.dev ? RemovalPolicy.DESTROY : RemovalPolicy.RETAIN,
    });
    this.lanes = this.makeLanes(plan);
    const rules = [...this.catchUnrouted(groups), ...[...this.lanes.values()].flatMap((lane) => lane.rules)];

    const ingest = this.makeIngest();
    // An event accepted before its rule is there would wait for the sweep.
    ingest.node.addDependency(...rules);
    const controlPlane = this.makeControlPlane();
    this.sweep = this.makeSweep();
    this.api = new Api(this, 'Api', {
      ingest: ingest.live,
      controlPlane: controlPlane.live,
      domain: this.props.domain,
    });
    this.ingest = ingest;
    this.controlPlane = controlPlane;
    for (const part of [this, this.state]) Tags.of(part).add('application', 'event-fanout');
    this.node.addValidation({ validate: () => this.faults() });
  }

  /** What can be said only when all is set. A stack that is not to be lost is one that others rely on. */
  private faults(): string[] {
    const isProtected = [this, this.state].some((part) => Stack.of(part).terminationProtection);
    return this.props.dev?.allowPrivateTargets && isProtected
      ? ['dev.allowPrivateTargets is for a stack that may be lost, and this one has termination protection.']
      : [];
  }

  private makeLanes(plan: ReadonlyMap<string, readonly string[]>): Map<string, Lane> {
    const { state, bundles, props } = this;
    return new Map(
      [...plan].map(([name, eventTypes]) => {
        const queues = state.lanes.get(name);
        if (!queues) throw new Error(`lane ${name} has no queues`);
        const lane = new Lane(this, `Lane-${name}`, {
          name,
          queues,
          state,
          bundles,
          eventTypes,
          laneConcurrency: props.laneConcurrency,
          retentionDays: props.retentionDays,
          allowPrivateTargets: props.dev?.allowPrivateTargets ?? false,
          canary: props.canary,
        });
        return [name, lane];
      }),
    );
  }

  private catchUnrouted(groups: TypesByGroup): Rule[] {
    const { bus, unrouted, undeliverable } = this.state;
    return unroutedPatterns(groups).map(
      (eventPattern, index) =>
        new Rule(this, `Unrouted${index + 1}`, {
          eventBus: bus,
          eventPattern,
          targets: [toQueue(unrouted, undeliverable)],
        }),
    );
  }

  private makeIngest(): StageFunction<'ingest'> {
    const { bundles, props } = this;
    const { tables, adminKey, bus, publisherPath } = this.state;
    const ingest = new StageFunction(this, 'Ingest', {
      stage: 'ingest',
      bundles,
      canary: props.canary,
      rolePath: publisherPath,
      environment: {
        CONTROL_TABLE: tables.control.tableName,
        FLOW_TABLE: tables.flow.tableName,
        BUS_NAME: bus.eventBusName,
        EVENT_SOURCE,
        ADMIN_KEY_SECRET: adminKey.arn,
        RETENTION_DAYS: String(props.retentionDays),
      },
    });
    allow(ingest, tables.control, ['GetItem']);
    allow(ingest, tables.flow, ['GetItem', 'Query', 'PutItem']);
    this.letPublish(ingest);
    this.letReadAdminKey(ingest);
    return ingest;
  }

  private makeSweep(): StageFunction<'sweep'> {
    const { bundles, props } = this;
    const { tables, bus, undeliverable, failedSweeps, scheduleName, publisherPath } = this.state;
    const sweep = new StageFunction(this, 'Sweep', {
      stage: 'sweep',
      bundles,
      canary: props.canary,
      rolePath: publisherPath,
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
    sweep.live.configureAsyncInvoke({ ...once, onFailure: { bind: () => ({ destination: failedSweeps.queueArn }) } });
    failedSweeps.grant(sweep, 'sqs:SendMessage');
    new Rule(this, 'EveryMinute', {
      ruleName: scheduleName,
      schedule: Schedule.rate(Duration.minutes(1)),
      targets: [
        {
          bind: (rule) => ({
            ...new LambdaFunction(sweep.live, once).bind(rule),
            deadLetterConfig: { arn: undeliverable.queueArn },
          }),
        },
      ],
    });
    return sweep;
  }

  private makeControlPlane(): StageFunction<'api'> {
    const { bundles, props } = this;
    const { tables, adminKey, dataKey } = this.state;
    const api = new StageFunction(this, 'ControlPlane', {
      stage: 'api',
      bundles,
      canary: props.canary,
      environment: {
        CONTROL_TABLE: tables.control.tableName,
        FLOW_TABLE: tables.flow.tableName,
        ADMIN_KEY_SECRET: adminKey.arn,
        DATA_KEY: dataKey.keyArn,
        ALLOW_PRIVATE_TARGETS: String(props.dev?.allowPrivateTargets ?? false),
        RETENTION_DAYS: String(props.retentionDays),
      },
    });
    allow(api, tables.control, ['GetItem', 'Query', 'PutItem', 'UpdateItem', 'DeleteItem', 'BatchWriteItem']);
    allow(api, tables.flow, ['GetItem', 'Query']);
    dataKey.grant(api, 'kms:GenerateDataKey', 'kms:Decrypt');
    this.letReadAdminKey(api);
    return api;
  }

  /** Under our own source only, in each entry of a call; no other role is given it, which is what lets the lanes trust it. */
  private letPublish(stage: Lambda): void {
    stage.addToRolePolicy(
      new PolicyStatement({
        actions: ['events:PutEvents'],
        resources: [this.state.bus.eventBusArn],
        conditions: { 'ForAllValues:StringEquals': { 'events:source': EVENT_SOURCE } },
      }),
    );
  }

  private letReadAdminKey(stage: Lambda): void {
    stage.addToRolePolicy(
      new PolicyStatement({ actions: ['secretsmanager:GetSecretValue'], resources: [this.state.adminKey.arn] }),
    );
  }
}

/** @throws where a value cannot work */
function withDefaults(given: EventFanoutProps): Chosen {
  const chosen = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  const props: Chosen = { ...DEFAULTS, ...chosen };
  if (!Number.isInteger(props.retentionDays) || props.retentionDays < LEAST_RETENTION_DAYS) {
    throw new BadSetting(
      `retentionDays must be a whole number of at least ${LEAST_RETENTION_DAYS}: ${props.retentionDays}`,
    );
  }
  const { eventRecoveryDays } = props;
  if (!Number.isInteger(eventRecoveryDays) || eventRecoveryDays < 0 || eventRecoveryDays > MOST_RECOVERY_DAYS) {
    throw new BadSetting(
      `eventRecoveryDays must be a whole number from 0 to ${MOST_RECOVERY_DAYS}: ${eventRecoveryDays}`,
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
