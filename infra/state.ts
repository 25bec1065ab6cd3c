import { Stack, Validations, type RemovalPolicy } from 'aws-cdk-lib';
import { EventBus, type CfnEventBus } from 'aws-cdk-lib/aws-events';
import { Effect, PolicyDocument, PolicyStatement, StarPrincipal } from 'aws-cdk-lib/aws-iam';
import { Key } from 'aws-cdk-lib/aws-kms';
import { Secret, type CfnSecret } from 'aws-cdk-lib/aws-secretsmanager';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { LaneQueues } from './lane-queues.ts';
import { EVENT_SOURCE } from './patterns.ts';
import { letRulesSend, makeLastQueue } from './queue.ts';
import { Tables } from './table.ts';

export interface StateProps {
  /** What the deployment is called; names that must be known before they are made start with it. */
  name: string;
  /** The names of all lanes. */
  lanes: readonly string[];
  /** For how many days the events' table can be put back to any second; 0: not at all. */
  eventRecoveryDays: number;
  /** RETAIN, or DESTROY, which also lifts the tables' protection against deletion. */
  removalPolicy: RemovalPolicy;
}

/**
 * Whatever holds something: tables, keys, the bus and every queue, for queues hold events that were accepted. It knows
 * nothing of functions, so that a deploy of code never touches it, and it can stand in a stack of its own.
 */
export class State extends Construct {
  readonly tables: Tables;
  /** Wraps the data key of each tenant. */
  readonly dataKey: Key;
  /** The key for everything, made with the stack. Its value is in no template, no output and no variable. */
  readonly adminKey: AdminKey;
  readonly bus: EventBus;
  /** What EventBridge tried to hand over until it gave up. */
  readonly undeliverable: Queue;
  /** Events that no lane took: kept, and each is a fault of ours. */
  readonly unrouted: Queue;
  /** Runs of the sweep that failed, with their errors. */
  readonly failedSweeps: Queue;
  /** By the lane's name. */
  readonly lanes: ReadonlyMap<string, LaneQueues>;
  /** The one rule of the default bus, whose name must be known before it is made. */
  readonly scheduleName: string;
  /** The path of the roles that may publish under our source. */
  readonly publisherPath: string;

  constructor(scope: Construct, id: string, props: StateProps) {
    super(scope, id);
    const { name, removalPolicy, lanes } = props;
    this.scheduleName = `${name}-every-minute`;
    this.publisherPath = `/event-fanout/${name}/publishers/`;

    this.tables = new Tables(this, 'Tables', props);
    this.dataKey = new Key(this, 'DataKey', {
      description: 'Wraps the data key of each tenant, which signing secrets and header values are encrypted with.',
      alias: `${name}-data`,
      enableKeyRotation: true,
      removalPolicy,
    });
    this.adminKey = new AdminKey(this, 'AdminKey', removalPolicy);

    this.bus = this.makeBus(`${name}-events`, removalPolicy);
    this.undeliverable = makeLastQueue(this, 'Undeliverable', { removalPolicy });
    this.unrouted = makeLastQueue(this, 'Unrouted', { removalPolicy });
    this.failedSweeps = makeLastQueue(this, 'FailedSweeps', { removalPolicy });
    const rules = [this.ruleArn(`${name}-events/*`)];
    letRulesSend(this.unrouted, rules);
    letRulesSend(this.undeliverable, [...rules, this.ruleArn(this.scheduleName)]);
    this.lanes = new Map(
      lanes.map((lane) => [lane, new LaneQueues(this, `Lane-${lane}`, { lane, rules, removalPolicy })]),
    );
  }

  /**
   * The lanes trust whatever carries our source, so nobody else may put that on the bus, whatever rights over buses other
   * roles of the account have. The publishers are known by their path: their ARNs belong to a stack that comes later.
   */
  private makeBus(eventBusName: string, removalPolicy: RemovalPolicy): EventBus {
    const bus = new EventBus(this, 'Bus', { eventBusName });
    bus.applyRemovalPolicy(removalPolicy);
    const publishers = this.arn({
      service: 'iam',
      region: '',
      resource: 'role',
      resourceName: `${this.publisherPath.slice(1)}*`,
    });
    const statement = new PolicyStatement({
      sid: 'OnlyPublishersUseOurSource',
      effect: Effect.DENY,
      principals: [new StarPrincipal()],
      actions: ['events:PutEvents'],
      resources: [this.arn({ service: 'events', resource: 'event-bus', resourceName: eventBusName })],
      conditions: {
        'ForAnyValue:StringEquals': { 'events:source': EVENT_SOURCE },
        ArnNotLike: { 'aws:PrincipalArn': publishers },
      },
    });
    (bus.node.defaultChild as CfnEventBus).policy = new PolicyDocument({ statements: [statement] });
    return bus;
  }

  private ruleArn(resourceName: string): string {
    return this.arn({ service: 'events', resource: 'rule', resourceName });
  }

  private arn(parts: { service: string; resource: string; resourceName: string; region?: string }): string {
    return Stack.of(this).formatArn(parts);
  }
}

/** The first admin key of the API. */
export class AdminKey extends Secret {
  /** The whole ARN. Its `Id` and not its `Ref`, which is the same on AWS and the mere name elsewhere. */
  readonly arn: string;

  constructor(scope: Construct, id: string, removalPolicy: RemovalPolicy) {
    super(scope, id, {
      description: 'The first admin key of the API.',
      generateSecretString: { excludePunctuation: true, passwordLength: 48 },
      removalPolicy,
    });
    this.arn = (this.node.defaultChild as CfnSecret).attrId;
    Validations.of(this).acknowledge({
      id: 'AwsSolutions::AwsSolutions-SMG4',
      reason:
        'People and programs hold this key, so changing it on a timer would lock them out. It is changed with put-secret-value, and daily work uses scoped keys with an expiry of their own.',
    });
  }
}
