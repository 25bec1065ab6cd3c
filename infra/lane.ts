import { Duration, Validations, type RemovalPolicy } from 'aws-cdk-lib';
import { Rule, type IEventBus } from 'aws-cdk-lib/aws-events';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { Function as Lambda } from 'aws-cdk-lib/aws-lambda';
import { SqsEventSource } from 'aws-cdk-lib/aws-lambda-event-sources';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import type { Stage } from '../shared/runtime/env.ts';
import type { Bundles } from './bundle.ts';
import { routedPatterns } from './patterns.ts';
import { makeLastQueue, makeQueue, toQueue } from './queue.ts';
import { StageFunction, timeoutOf } from './stage-function.ts';
import { allow, type Tables } from './table.ts';

/** How many batches of a queue are worked on at a time. */
export interface LaneConcurrency {
  events: number;
  deliveries: number;
  retries: number;
}

export interface LaneProps {
  bus: IEventBus;
  tables: Tables;
  /** Opens the data keys, under which signing secrets and header values lie in the control table. */
  dataKey: IKey;
  bundles: Bundles;
  /** What this lane carries, spelled out. */
  eventTypes: readonly string[];
  /** Takes what EventBridge could not put into the events queue. */
  undeliverable: Queue;
  concurrency: LaneConcurrency;
  retentionDays: number;
  allowPrivateTargets: boolean;
  removalPolicy: RemovalPolicy;
}

/**
 * One lane: bus -> events -> match -> deliveries -> deliver, which sends to retries what it has to try again, with a dead
 * queue behind all three. Its queues and functions are its own, so that a mass import of guests never delays an invoice.
 */
export class Lane extends Construct {
  readonly rules: Rule[];
  readonly events: Queue;
  readonly deliveries: Queue;
  readonly retries: Queue;
  /** What failed five times in our own code; a subscriber that is down does not end here. */
  readonly dead: Queue;
  readonly match: Lambda;
  readonly deliver: Lambda;

  constructor(scope: Construct, id: string, props: LaneProps) {
    super(scope, id);
    this.dead = makeLastQueue(this, 'Dead', { removalPolicy: props.removalPolicy });
    this.events = this.queueFor('match', 'Events', props);
    this.deliveries = this.queueFor('deliver', 'Deliveries', props);
    this.retries = this.queueFor('deliver', 'Retries', props);

    this.rules = routedPatterns(props.eventTypes).map(
      (eventPattern, index) =>
        new Rule(this, `Rule${index + 1}`, {
          eventBus: props.bus,
          eventPattern,
          targets: [toQueue(this.events, props.undeliverable)],
        }),
    );

    this.match = this.makeMatch(props);
    work(this.match, this.events, props.concurrency.events);

    this.deliver = this.makeDeliver(props);
    work(this.deliver, this.deliveries, props.concurrency.deliveries);
    work(this.deliver, this.retries, props.concurrency.retries);

    Validations.of(this).acknowledge({
      id: 'Serverless::Serverless-LambdaEventSourceMappingDestination',
      reason:
        'Destinations are for streams. What a queue cannot get worked on goes to the dead queue, by its redrive policy.',
    });
  }

  private makeMatch({ tables, bundles, retentionDays }: LaneProps): Lambda {
    const match = new StageFunction(this, 'Match', {
      stage: 'match',
      bundles,
      environment: {
        CONTROL_TABLE: tables.control.tableName,
        FLOW_TABLE: tables.flow.tableName,
        DELIVERIES_QUEUE_URL: this.deliveries.queueUrl,
        RETENTION_DAYS: String(retentionDays),
      },
    });
    allow(match, tables.control, ['Query']);
    allow(match, tables.flow, ['GetItem', 'Query', 'BatchWriteItem']);
    this.deliveries.grant(match, 'sqs:SendMessage');
    return match;
  }

  private makeDeliver({ tables, bundles, dataKey, allowPrivateTargets, retentionDays }: LaneProps): Lambda {
    const deliver = new StageFunction(this, 'Deliver', {
      stage: 'deliver',
      bundles,
      environment: {
        CONTROL_TABLE: tables.control.tableName,
        FLOW_TABLE: tables.flow.tableName,
        RETRIES_QUEUE_URL: this.retries.queueUrl,
        DATA_KEY: dataKey.keyArn,
        ALLOW_PRIVATE_TARGETS: String(allowPrivateTargets),
        RETENTION_DAYS: String(retentionDays),
      },
    });
    allow(deliver, tables.control, ['GetItem']);
    allow(deliver, tables.flow, ['GetItem', 'PutItem', 'BatchWriteItem']);
    dataKey.grant(deliver, 'kms:Decrypt');
    this.retries.grant(deliver, 'sqs:SendMessage');
    return deliver;
  }

  /** A message stays hidden for six time-outs of its worker, as Lambda asks: a throttled batch is then not handed out twice. */
  private queueFor(worker: Stage, id: string, { removalPolicy }: LaneProps): Queue {
    return makeQueue(this, id, {
      removalPolicy,
      visibilityTimeout: Duration.seconds(6 * timeoutOf(worker).toSeconds()),
      deadLetterQueue: { queue: this.dead, maxReceiveCount: 5 },
    });
  }
}

/** `maxConcurrency` and not the function's own limit: a throttled receive counts as one of the five that a message has. */
function work(worker: Lambda, queue: Queue, maxConcurrency: number): void {
  worker.addEventSource(new SqsEventSource(queue, { batchSize: 10, reportBatchItemFailures: true, maxConcurrency }));
}
