import { Tags, Validations } from 'aws-cdk-lib';
import { Rule } from 'aws-cdk-lib/aws-events';
import { SqsEventSource } from 'aws-cdk-lib/aws-lambda-event-sources';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import type { Bundles } from './bundle.ts';
import type { CanaryTraffic } from './canary.ts';
import { LANE_TAG, type LaneQueues } from './lane-queues.ts';
import { routedPatterns } from './patterns.ts';
import { toQueue } from './queue.ts';
import { StageFunction } from './stage-function.ts';
import type { State } from './state.ts';
import { allow } from './table.ts';

/** How many batches of a queue are worked on at a time. */
export interface LaneConcurrency {
  events: number;
  deliveries: number;
  retries: number;
}

export interface LaneProps {
  name: string;
  queues: LaneQueues;
  state: State;
  bundles: Bundles;
  /** What this lane carries, spelled out; none while it is drained. */
  eventTypes: readonly string[];
  laneConcurrency: LaneConcurrency;
  retentionDays: number;
  allowPrivateTargets: boolean;
  canary: CanaryTraffic | undefined;
}

/**
 * One lane: bus -> events -> match -> deliveries -> deliver, which sends to retries what it has to try again, with a dead
 * queue behind all three. Its queues and functions are its own, so that a mass import of guests never delays an invoice.
 */
export class Lane extends Construct {
  readonly rules: Rule[];
  readonly match: StageFunction<'match'>;
  readonly deliver: StageFunction<'deliver'>;

  constructor(scope: Construct, id: string, props: LaneProps) {
    super(scope, id);
    const { name, queues, state, laneConcurrency } = props;
    this.rules = routedPatterns(props.eventTypes).map(
      (eventPattern, index) =>
        new Rule(this, `Rule${index + 1}`, {
          eventBus: state.bus,
          eventPattern,
          targets: [toQueue(queues.events, state.undeliverable)],
        }),
    );

    this.match = this.makeMatch(props);
    work(this.match, queues.events, laneConcurrency.events);

    this.deliver = this.makeDeliver(props);
    work(this.deliver, queues.deliveries, laneConcurrency.deliveries);
    work(this.deliver, queues.retries, laneConcurrency.retries);

    Tags.of(this).add(LANE_TAG, name);
    Validations.of(this).acknowledge({
      id: 'Serverless::Serverless-LambdaEventSourceMappingDestination',
      reason:
        'Destinations are for streams. What a queue cannot get worked on goes to the dead queue, by its redrive policy.',
    });
  }

  private makeMatch({ state: { tables }, queues, retentionDays, bundles, canary }: LaneProps): StageFunction<'match'> {
    const match = new StageFunction(this, 'Match', {
      stage: 'match',
      bundles,
      canary,
      environment: {
        CONTROL_TABLE: tables.control.tableName,
        FLOW_TABLE: tables.flow.tableName,
        DELIVERIES_QUEUE_URL: queues.deliveries.queueUrl,
        RETENTION_DAYS: String(retentionDays),
      },
    });
    allow(match, tables.control, ['Query']);
    allow(match, tables.flow, ['GetItem', 'Query', 'BatchWriteItem']);
    queues.deliveries.grant(match, 'sqs:SendMessage');
    return match;
  }

  private makeDeliver(props: LaneProps): StageFunction<'deliver'> {
    const { state, queues, bundles, canary } = props;
    const { tables, dataKey } = state;
    const deliver = new StageFunction(this, 'Deliver', {
      stage: 'deliver',
      bundles,
      canary,
      environment: {
        CONTROL_TABLE: tables.control.tableName,
        FLOW_TABLE: tables.flow.tableName,
        RETRIES_QUEUE_URL: queues.retries.queueUrl,
        DATA_KEY: dataKey.keyArn,
        ALLOW_PRIVATE_TARGETS: String(props.allowPrivateTargets),
        RETENTION_DAYS: String(props.retentionDays),
      },
    });
    allow(deliver, tables.control, ['GetItem']);
    allow(deliver, tables.flow, ['GetItem', 'PutItem', 'BatchWriteItem']);
    dataKey.grant(deliver, 'kms:Decrypt');
    queues.retries.grant(deliver, 'sqs:SendMessage');
    return deliver;
  }
}

/** `maxConcurrency` and not the function's own limit: a throttled receive counts as one of the five that a message has. */
function work({ live }: StageFunction<'match' | 'deliver'>, queue: IQueue, maxConcurrency: number): void {
  live.addEventSource(new SqsEventSource(queue, { batchSize: 10, reportBatchItemFailures: true, maxConcurrency }));
}
