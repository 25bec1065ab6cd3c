import { Tags, type RemovalPolicy } from 'aws-cdk-lib';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { letRulesSend, makeLastQueue, makeWorkedQueue } from './queue.ts';

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
    const dead = makeLastQueue(this, 'Dead', { removalPolicy });
    this.dead = dead;
    this.events = makeWorkedQueue(this, 'Events', { worker: 'match', dead, removalPolicy });
    this.deliveries = makeWorkedQueue(this, 'Deliveries', { worker: 'deliver', dead, removalPolicy });
    this.retries = makeWorkedQueue(this, 'Retries', { worker: 'deliver', dead, removalPolicy });
    letRulesSend(this.events, rules);
    Tags.of(this).add(LANE_TAG, lane);
  }
}

/** On all that belongs to one lane. */
export const LANE_TAG = 'event-fanout:lane';
