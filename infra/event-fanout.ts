import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { RemovalPolicy, Stack, Stage as CdkStage, Tags } from 'aws-cdk-lib';
import { Rule } from 'aws-cdk-lib/aws-events';
import { PolicyStatement, type Grant, type IGrantable } from 'aws-cdk-lib/aws-iam';
import type { Function as Lambda } from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import { OPERATIONAL_GROUP, OPERATIONAL_TYPES } from '../shared/catalogue/operational.ts';
import { Api, type CatalogueAccess, type Domain } from './api.ts';
import { authVariable, type Auth } from './auth.ts';
import { BadSetting } from './bad-setting.ts';
import { bundle, type Bundles } from './bundle.ts';
import { letPublish } from './bus.ts';
import type { CanaryTraffic } from './canary.ts';
import { typesByGroup } from './catalogue-of.ts';
import { makeDeliver, type DeliverProps } from './deliver.ts';
import { makeInbound, makeIngest, type IngestProps } from './ingest.ts';
import { Lane, type LaneConcurrency } from './lane.ts';
import { checkConcurrency, planLanes, SWEEP_CONCURRENCY, type Lanes } from './lane-plan.ts';
import { unroutedPatterns, type TypesByGroup } from './patterns.ts';
import { checkFrames, makePortal } from './portal.ts';
import { toQueue, work } from './queue.ts';
import { StageFunction } from './stage-function.ts';
import { State } from './state.ts';
import { throttlesOf, type Throttles } from './throttles.ts';
import { makeSweep, tickEveryMinute } from './sweep.ts';
import { allow } from './table.ts';
import { targetsVariable, type Targets } from './targets.ts';

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
  /** How many batches of what comes late or takes long are worked on at a time, of all lanes together. Default: 50. */
  deferredConcurrency?: number;
  /** The account's limit of concurrent Lambda executions, which all that must fit into. Default: 1,000. */
  accountConcurrency?: number;
  /** Requests a second to a subscription that names no rate of its own; at least 0.1. Default: 100. */
  ceilingPerSecond?: number;
  /** Events a second that a tenant may post before it is told to slow down; 0: as many as it likes. Default: 500. */
  ingestPerSecond?: number;
  /**
   * Sources under which other services of the account put events on the bus, for every tenant: they pass the checks of a post over
   * HTTP. `grantPublish` gives a role the right to. Default: none, and nothing is made for them.
   */
  inboundSources?: readonly string[];
  /**
   * How callers of the API are known: by keys that it makes itself; by tokens of an issuer, `{ jwt: { issuer, audience } }`; or by
   * IAM, `{ iam: { 'arn:aws:iam::123456789012:role/billing': { scopes: ['events:write'], tenant: 'acme' } } }`. Default: `keys`.
   */
  auth?: Auth;
  /**
   * What API Gateway lets through, apart for events, the control plane and what needs no key. Each holds for all callers together.
   * Default: 2,000 requests a second (4,000 at once), 200 (400) and 50 (100).
   */
  throttles?: Partial<Throttles>;
  /**
   * Where subscribers may be, beside public addresses on the ports 443 and 8443: other `ports`, and networks (CIDR blocks) that are to
   * count as public (`allow`) or are refused whatever else holds (`deny`). Default: nothing more, and nothing less.
   */
  targets?: Targets;
  /** Whether the catalogue, `/v1/event-types`, `/v1/event-groups` and `/asyncapi.json`, needs a key. Default: `open`. */
  catalogueAccess?: CatalogueAccess;
  /**
   * Origins of your own pages that may show the page of portal sessions in a frame, as `https://app.example.com`. Default: none may.
   */
  portalFrames?: readonly string[];
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
type WithDefault = Required<Omit<EventFanoutProps, Optional | 'stateIn' | 'throttles'>>;
type Chosen = WithDefault & Pick<EventFanoutProps, Optional> & { throttles: Throttles };

/** The schedule of retries takes 3 days, and an endpoint may fail for 5 before it is disabled: events must outlive both. */
const LEAST_RETENTION_DAYS = 5;
/** https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/PointInTimeRecovery_Howitworks.html */
const MOST_RECOVERY_DAYS = 35;
/** Once in ten seconds, as for a subscription's own rate. */
const LEAST_CEILING = 0.1;

const DEFAULTS: WithDefault = {
  catalogue: fileURLToPath(new URL('../shared/catalogue/catalogue.ts', import.meta.url)),
  lanes: 'per-group',
  drainingLanes: [],
  retentionDays: 14,
  eventRecoveryDays: 0,
  laneConcurrency: { events: 10, deliveries: 25, retries: 10 },
  deferredConcurrency: 50,
  accountConcurrency: 1_000,
  ceilingPerSecond: 100,
  ingestPerSecond: 500,
  inboundSources: [],
  targets: {},
  catalogueAccess: 'open',
  auth: 'keys',
  portalFrames: [],
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
  /** Takes what other services put on the bus, where there are any. */
  readonly inbound: Lambda | undefined;
  /** Delivers what comes late or takes long, of all lanes. */
  readonly deferred: Lambda;
  readonly sweep: Lambda;
  readonly controlPlane: Lambda;
  /** Serves the page of portal sessions; where the gateway knows callers there are none. */
  readonly portal: Lambda | undefined;
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
      inboundSources: this.props.inboundSources,
      eventRecoveryDays: this.props.eventRecoveryDays,
      removalPolicy: this.props.dev ? RemovalPolicy.DESTROY : RemovalPolicy.RETAIN,
    });
    this.lanes = this.makeLanes(plan);
    const rules = [...this.catchUnrouted(groups), ...[...this.lanes.values()].flatMap((lane) => lane.rules)];

    const ingest = makeIngest(this, 'Ingest', this.ingestProps());
    this.inbound = this.makeInbound();
    // An event accepted before its rule is there would wait for the sweep.
    for (const stage of [ingest, this.inbound]) stage?.node.addDependency(...rules);
    const controlPlane = this.makeControlPlane();
    this.deferred = this.makeDeferred();
    this.sweep = this.makeSweep();
    const portal = this.makePortal();
    this.api = new Api(this, 'Api', {
      ingest: ingest.live,
      controlPlane: controlPlane.live,
      portal: portal?.live,
      domain: this.props.domain,
      throttles: this.props.throttles,
      auth: this.props.auth,
      catalogueAccess: this.props.catalogueAccess,
    });
    if (this.props.auth === 'keys') for (const stage of [ingest, controlPlane]) this.letReadAdminKey(stage);
    this.ingest = ingest;
    this.controlPlane = controlPlane;
    this.portal = portal;
    for (const part of [this, this.state]) Tags.of(part).add('application', 'event-fanout');
    this.node.addValidation({ validate: () => this.faults() });
  }

  /**
   * Lets a role put events on the bus under one of the `inboundSources`, and under no other source.
   *
   * @throws where it is none of them: its events would reach nobody
   */
  grantPublish(grantee: IGrantable, source: string): Grant {
    if (!this.props.inboundSources.includes(source)) throw new BadSetting(`${source} is none of inboundSources.`);
    return letPublish(grantee, this.state.bus, [source]);
  }

  /** What can be said only when all is set. A stack that is not to be lost is one that others rely on. */
  private faults(): string[] {
    const isProtected = [this, this.state].some((part) => Stack.of(part).terminationProtection);
    return this.props.dev?.allowPrivateTargets && isProtected
      ? ['dev.allowPrivateTargets is for a stack that may be lost, and this one has termination protection.']
      : [];
  }

  private makeLanes(plan: ReadonlyMap<string, readonly string[]>): Map<string, Lane> {
    const { state, props } = this;
    return new Map(
      [...plan].map(([name, eventTypes]) => {
        const queues = state.lanes.get(name);
        if (!queues) throw new Error(`lane ${name} has no queues`);
        const lane = new Lane(this, `Lane-${name}`, {
          ...this.deliverProps(),
          name,
          queues,
          eventTypes,
          laneConcurrency: props.laneConcurrency,
        });
        return [name, lane];
      }),
    );
  }

  private deliverProps(): DeliverProps {
    const { state, bundles, props } = this;
    const { canary, retentionDays, ceilingPerSecond, targets, dev } = props;
    const allowPrivateTargets = dev?.allowPrivateTargets ?? false;
    return { state, bundles, canary, retentionDays, ceilingPerSecond, allowPrivateTargets, targets };
  }

  private catchUnrouted(groups: TypesByGroup): Rule[] {
    const { bus, unrouted, undeliverable } = this.state;
    const all = new Map([...groups, [OPERATIONAL_GROUP, Object.keys(OPERATIONAL_TYPES)]]);
    return unroutedPatterns(all).map(
      (eventPattern, index) =>
        new Rule(this, `Unrouted${index + 1}`, {
          eventBus: bus,
          eventPattern,
          targets: [toQueue(unrouted, { undeliverable, fairBy: '$.detail.tenant' })],
        }),
    );
  }

  private ingestProps(): IngestProps {
    const { state, bundles, props } = this;
    const { canary, retentionDays, ingestPerSecond, auth } = props;
    return { state, bundles, canary, retentionDays, ingestPerSecond, auth };
  }

  private makeInbound(): StageFunction<'inbound'> | undefined {
    const { state, props } = this;
    const { inboundSources: sources } = props;
    return state.inbound && makeInbound(this, 'Inbound', { ...this.ingestProps(), queues: state.inbound, sources });
  }

  private makeDeferred(): StageFunction<'deliver'> {
    const { deferred } = this.state;
    const deliver = makeDeliver(this, 'Deferred', { ...this.deliverProps(), retries: deferred });
    work(deliver, deferred, { batchSize: 10, maxConcurrency: this.props.deferredConcurrency });
    return deliver;
  }

  private makeSweep(): StageFunction<'sweep'> {
    const { state, bundles, props } = this;
    const { canary, retentionDays, ceilingPerSecond } = props;
    const sweep = makeSweep(this, 'Sweep', { state, bundles, canary, retentionDays, ceilingPerSecond });
    // One job a call: a walk may take as long as a call can.
    work(sweep, state.sweeps, { batchSize: 1, maxConcurrency: SWEEP_CONCURRENCY });
    tickEveryMinute(this, 'EveryMinute', state);
    return sweep;
  }

  private makeControlPlane(): StageFunction<'api'> {
    const { bundles, props } = this;
    const { tables, adminKey, dataKey, sweeps } = this.state;
    const api = new StageFunction(this, 'ControlPlane', {
      stage: 'api',
      bundles,
      canary: props.canary,
      environment: {
        CONTROL_TABLE: tables.control.tableName,
        FLOW_TABLE: tables.flow.tableName,
        SWEEPS_QUEUE_URL: sweeps.queueUrl,
        AUTH: authVariable(props.auth),
        ADMIN_KEY_SECRET: adminKey.arn,
        DATA_KEY: dataKey.keyArn,
        ALLOW_PRIVATE_TARGETS: String(props.dev?.allowPrivateTargets ?? false),
        TARGETS: targetsVariable(props.targets),
        CATALOGUE_ACCESS: props.catalogueAccess,
        RETENTION_DAYS: String(props.retentionDays),
      },
    });
    for (const table of [tables.control, tables.flow]) {
      allow(api, table, ['GetItem', 'Query', 'PutItem', 'UpdateItem', 'DeleteItem', 'BatchWriteItem']);
    }
    sweeps.grant(api, 'sqs:SendMessage');
    dataKey.grant(api, 'kms:GenerateDataKey', 'kms:Decrypt');
    return api;
  }

  private makePortal(): StageFunction<'portal'> | undefined {
    const { bundles, props } = this;
    const { canary, auth, portalFrames: frames } = props;
    return auth === 'keys' ? makePortal(this, 'Portal', { bundles, canary, frames }) : undefined;
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
  const props: Chosen = { ...DEFAULTS, ...chosen, throttles: throttlesOf(given.throttles) };
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
  checkRate('ceilingPerSecond', props.ceilingPerSecond, LEAST_CEILING);
  checkRate('ingestPerSecond', props.ingestPerSecond, 0);
  checkFrames(props.portalFrames);
  return props;
}

function checkRate(name: string, rate: number, least: number): void {
  if (Number.isFinite(rate) && rate >= least) return;
  throw new BadSetting(`${name} must be a number of at least ${least}: ${rate}`);
}

/** Beside the templates, where CDK picks the assets up. */
const bundleFolder = (scope: Construct): string => {
  const assembly = CdkStage.of(scope);
  if (!assembly) throw new Error('EventFanout must be made inside an App.');
  return resolve(assembly.assetOutdir, 'bundles');
};
