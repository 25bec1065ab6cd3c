import { Tags } from 'aws-cdk-lib';
import { Rule } from 'aws-cdk-lib/aws-events';
import { Construct } from 'constructs';
import { makeDeliver, type DeliverProps } from './deliver.ts';
import { LANE_TAG, type LaneQueues } from './lane-queues.ts';
import { routedPatterns } from './patterns.ts';
import { toQueue, work } from './queue.ts';
import { StageFunction } from './stage-function.ts';
import { allow } from './table.ts';

/** How many batches of a queue are worked on at a time. */
export interface LaneConcurrency {
  events: number;
  deliveries: number;
  retries: number;
}

export interface LaneProps extends DeliverProps {
  name: string;
  queues: LaneQueues;
  /** What this lane carries, spelled out; none while it is drained. */
  eventTypes: readonly string[];
  laneConcurrency: LaneConcurrency;
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
          targets: [toQueue(queues.events, { undeliverable: state.undeliverable, fairBy: '$.detail.tenant' })],
        }),
    );

    this.match = this.makeMatch(props);
    this.deliver = makeDeliver(this, 'Deliver', { ...props, retries: queues.retries });
    const batchSize = 10;
    work(this.match, queues.events, { batchSize, maxConcurrency: laneConcurrency.events });
    work(this.deliver, queues.deliveries, { batchSize, maxConcurrency: laneConcurrency.deliveries });
    work(this.deliver, queues.retries, { batchSize, maxConcurrency: laneConcurrency.retries });

    Tags.of(this).add(LANE_TAG, name);
  }

  private makeMatch({ state, queues, retentionDays, bundles, canary }: LaneProps): StageFunction<'match'> {
    const { tables, deferred } = state;
    const match = new StageFunction(this, 'Match', {
      stage: 'match',
      bundles,
      canary,
      environment: {
        CONTROL_TABLE: tables.control.tableName,
        FLOW_TABLE: tables.flow.tableName,
        DELIVERIES_QUEUE_URL: queues.deliveries.queueUrl,
        DEFERRED_QUEUE_URL: deferred.queueUrl,
        RETENTION_DAYS: String(retentionDays),
      },
    });
    allow(match, tables.control, ['Query']);
    allow(match, tables.flow, ['GetItem', 'Query', 'BatchWriteItem']);
    for (const queue of [queues.deliveries, deferred]) queue.grant(match, 'sqs:SendMessage');
    return match;
  }
}
