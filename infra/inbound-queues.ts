import type { RemovalPolicy } from 'aws-cdk-lib';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { letRulesSend, makeLastQueue, makeWorkedQueue } from './queue.ts';

export interface InboundQueuesProps {
  /** The rules that may put events here, as `aws:SourceArn` patterns. */
  rules: readonly string[];
  removalPolicy: RemovalPolicy;
}

/** The queues of what other services of the account put on the bus. */
export class InboundQueues extends Construct {
  /** What nobody has checked yet. */
  readonly events: Queue;
  /**
   * What was refused, what failed five times, and what EventBridge could not hand over. The sweep never reads it, and must not: it
   * publishes what it finds in `undeliverable` as an event of ours, and a publisher could write his so that it looks like one.
   */
  readonly dead: Queue;

  constructor(scope: Construct, id: string, { rules, removalPolicy }: InboundQueuesProps) {
    super(scope, id);
    this.dead = makeLastQueue(this, 'Dead', { removalPolicy });
    this.events = makeWorkedQueue(this, 'Events', { worker: 'inbound', dead: this.dead, removalPolicy });
    for (const queue of [this.events, this.dead]) letRulesSend(queue, rules);
  }
}
