import { Stack, Validations, type RemovalPolicy } from 'aws-cdk-lib';
import type { EventBus } from 'aws-cdk-lib/aws-events';
import { Key } from 'aws-cdk-lib/aws-kms';
import { Secret, type CfnSecret } from 'aws-cdk-lib/aws-secretsmanager';
import { Topic, type CfnTopic } from 'aws-cdk-lib/aws-sns';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { makeBus } from './bus.ts';
import { InboundQueues } from './inbound-queues.ts';
import { LaneQueues } from './lane-queues.ts';
import { letRulesSend, makeLastQueue, makeWorkedQueue } from './queue.ts';
import { Tables } from './table.ts';

export interface StateProps {
  /** What the deployment is called; names that must be known before they are made start with it. */
  name: string;
  /** The names of all lanes. */
  lanes: readonly string[];
  /** Services whose events are taken from the bus; without any, there is no queue for them. */
  inboundSources: readonly string[];
  /** For how many days the events' table can be put back to any second; 0: not at all. */
  eventRecoveryDays: number;
  /** RETAIN, or DESTROY, which also lifts the tables' protection against deletion. */
  removalPolicy: RemovalPolicy;
}

/**
 * Whatever holds something: tables, keys, the bus, the topic that people subscribed to, and every queue, for queues hold
 * events that were accepted. It knows nothing of functions, so that a deploy of code never touches it, and it can stand in a stack of its own.
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
  /** By the lane's name. */
  readonly lanes: ReadonlyMap<string, LaneQueues>;
  /** What other services put on the bus. */
  readonly inbound: InboundQueues | undefined;
  /** Deliveries that come late or take long, of all lanes: kept apart, so that they never stand before new ones. */
  readonly deferred: Queue;
  /** As a lane's: what failed five times in our own code. */
  readonly deferredDead: Queue;
  /** What the sweep is asked to do. */
  readonly sweeps: Queue;
  /** What it was asked for five times in vain. */
  readonly failedSweeps: Queue;
  /** Tells whoever subscribes to it what happened to a subscription. */
  readonly notices: Topic;
  /** The one rule of the default bus, whose name must be known before it is made. */
  readonly scheduleName: string;
  /** The path of the roles that may publish under our sources. */
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

    this.bus = makeBus(this, 'Bus', {
      eventBusName: `${name}-events`,
      publisherPath: this.publisherPath,
      removalPolicy,
    });
    this.undeliverable = makeLastQueue(this, 'Undeliverable', { removalPolicy });
    this.unrouted = makeLastQueue(this, 'Unrouted', { removalPolicy });
    const rules = [this.ruleArn(`${name}-events/*`)];
    const schedule = this.ruleArn(this.scheduleName);
    letRulesSend(this.unrouted, rules);
    letRulesSend(this.undeliverable, [...rules, schedule]);
    this.lanes = new Map(
      lanes.map((lane) => [lane, new LaneQueues(this, `Lane-${lane}`, { lane, rules, removalPolicy })]),
    );

    this.inbound =
      props.inboundSources.length === 0 ? undefined : new InboundQueues(this, 'Inbound', { rules, removalPolicy });

    this.deferredDead = makeLastQueue(this, 'DeferredDead', { removalPolicy });
    this.deferred = makeWorkedQueue(this, 'DeferredDeliveries', {
      worker: 'deliver',
      dead: this.deferredDead,
      removalPolicy,
    });
    this.failedSweeps = makeLastQueue(this, 'FailedSweeps', { removalPolicy });
    this.sweeps = makeWorkedQueue(this, 'Sweeps', { worker: 'sweep', dead: this.failedSweeps, removalPolicy });
    letRulesSend(this.sweeps, [schedule]);
    this.notices = this.makeNotices(removalPolicy);
  }

  /** What failed in our own code while it was on its way to a subscriber: of every lane, and of what is deferred. */
  get dead(): Queue[] {
    return [...[...this.lanes.values()].map(({ dead }) => dead), this.deferredDead];
  }

  /** Encrypted with the key that AWS keeps for topics: who may publish may use it, so it needs no rights of its own. */
  private makeNotices(removalPolicy: RemovalPolicy): Topic {
    const topic = new Topic(this, 'Notices', { displayName: 'event-fanout', enforceSSL: true });
    topic.applyRemovalPolicy(removalPolicy);
    (topic.node.defaultChild as CfnTopic).kmsMasterKeyId = 'alias/aws/sns';
    return topic;
  }

  private ruleArn(resourceName: string): string {
    return Stack.of(this).formatArn({ service: 'events', resource: 'rule', resourceName });
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
