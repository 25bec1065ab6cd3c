import { Duration, Tags, type RemovalPolicy } from 'aws-cdk-lib';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import type { Stage } from '../shared/runtime/env.ts';
import { letRulesSend, makeLastQueue, makeQueue } from './queue.ts';
import { timeoutOf } from './stage-function.ts';

export interface LaneQueuesProps {
  /** The lane's name, which its resources are tagged with: a bill can be split by it. */
  lane: string;
  /** The rules that may put events here, as `aws:SourceArn` patterns. */
  rules: readonly string[];
  removalPolicy: RemovalPolicy;
}

/** The queues of one lane. They hold events that were accepted, so they are kept as the tables are. */
export class LaneQueues extends Construct {
  readonly events: Queue;
  readonly deliveries: Queue;
  readonly retries: Queue;
  /** What failed five times in our own code; a subscriber that is down does not end here. */
  readonly dead: Queue;

  constructor(scope: Construct, id: string, { lane, rules, removalPolicy }: LaneQueuesProps) {
    super(scope, id);
    this.dead = makeLastQueue(this, 'Dead', { removalPolicy });
    this.events = this.queueFor('match', 'Events', removalPolicy);
    this.deliveries = this.queueFor('deliver', 'Deliveries', removalPolicy);
    this.retries = this.queueFor('deliver', 'Retries', removalPolicy);
    letRulesSend(this.events, rules);
    Tags.of(this).add(LANE_TAG, lane);
  }

  /** A message stays hidden for six time-outs of its worker, as Lambda asks: a throttled batch is then not handed out twice. */
  private queueFor(worker: Stage, id: string, removalPolicy: RemovalPolicy): Queue {
    return makeQueue(this, id, {
      removalPolicy,
      visibilityTimeout: Duration.seconds(6 * timeoutOf(worker).toSeconds()),
      deadLetterQueue: { queue: this.dead, maxReceiveCount: 5 },
    });
  }
}

/** On all that belongs to one lane. */
export const LANE_TAG = 'event-fanout:lane';
