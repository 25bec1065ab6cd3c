import { Duration, Validations, type RemovalPolicy } from 'aws-cdk-lib';
import type { IRuleTarget } from 'aws-cdk-lib/aws-events';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { SqsEventSource } from 'aws-cdk-lib/aws-lambda-event-sources';
import { Queue, QueueEncryption, type IQueue, type QueueProps } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import type { Stage } from '../shared/runtime/env.ts';
import { timeoutOf, type StageFunction } from './stage-function.ts';

/** `removalPolicy`: queues hold events that were accepted, so they are kept as the tables are. */
type OurQueueProps = QueueProps & { removalPolicy: RemovalPolicy };

/** A queue as all of ours are: encrypted, reached over TLS only, and it keeps a message for as long as SQS can. */
export const makeQueue = (scope: Construct, id: string, props: OurQueueProps): Queue =>
  new Queue(scope, id, {
    encryption: QueueEncryption.SQS_MANAGED,
    enforceSSL: true,
    retentionPeriod: Duration.days(14),
    ...props,
  });

export interface WorkedQueueProps {
  /** The stage whose functions work on it. */
  worker: Stage;
  /** Takes what failed five times. */
  dead: IQueue;
  removalPolicy: RemovalPolicy;
}

/**
 * A queue that a function works on. A message stays hidden for six time-outs of its worker, as Lambda asks: a throttled
 * batch is then not handed out twice.
 */
export const makeWorkedQueue = (scope: Construct, id: string, props: WorkedQueueProps): Queue =>
  makeQueue(scope, id, {
    removalPolicy: props.removalPolicy,
    visibilityTimeout: Duration.seconds(6 * timeoutOf(props.worker).toSeconds()),
    deadLetterQueue: { queue: props.dead, maxReceiveCount: 5 },
  });

/** How many messages a call brings at most, and how many calls are under way at a time. */
export interface Work {
  batchSize: number;
  maxConcurrency: number;
}

/**
 * Has a function work on a queue. `maxConcurrency` and not the function's own limit: a throttled receive counts as one of
 * the five that a message has.
 */
export function work({ live }: StageFunction<Stage>, queue: IQueue, work: Work): void {
  live.addEventSource(new SqsEventSource(queue, { ...work, reportBatchItemFailures: true }));
  Validations.of(live).acknowledge({
    id: 'Serverless::Serverless-LambdaEventSourceMappingDestination',
    reason:
      'Destinations are for streams. What a queue cannot get worked on goes to the dead queue, by its redrive policy.',
  });
}

/** A queue that no mapping reads: what is in it waits for a person, or for the sweep where that can try it again. */
export function makeLastQueue(scope: Construct, id: string, props: OurQueueProps): Queue {
  const queue = makeQueue(scope, id, props);
  const reason =
    'This is where messages end: whoever receives from it looks at what failed elsewhere, so there is nothing to redrive.';
  Validations.of(queue).acknowledge(
    { id: 'AwsSolutions::AwsSolutions-SQS3', reason },
    { id: 'Serverless::Serverless-SQSRedrivePolicy', reason },
  );
  return queue;
}

/**
 * Lets EventBridge put messages into a queue on behalf of these rules. One statement for all of them, written here and not
 * by the rules: CDK's own way adds one for each rule, of which a queue's policy holds 20, and would make the stack that
 * keeps the queues depend on the one that keeps the rules.
 * https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-policies.html
 *
 * @param rules ARNs, which may end in `*`
 */
export function letRulesSend(queue: Queue, rules: readonly string[]): void {
  queue.addToResourcePolicy(
    new PolicyStatement({
      sid: 'OurRules',
      principals: [new ServicePrincipal('events.amazonaws.com')],
      actions: ['sqs:SendMessage'],
      resources: [queue.queueArn],
      conditions: { ArnLike: { 'aws:SourceArn': rules } },
    }),
  );
}

/** Where a rule's events go when they cannot go where they should, and whom the queue is fair to, as a path into the event. */
export interface Routing {
  undeliverable: IQueue;
  fairBy: '$.detail.tenant' | '$.source';
}

/**
 * What makes a rule put its events into a queue. EventBridge tries for as long as it can, 24 hours; what
 * it could not place then goes to `undeliverable`. Both queues must let the rule send.
 */
export const toQueue = (queue: IQueue, { undeliverable, fairBy }: Routing): IRuleTarget => ({
  bind: () => ({
    arn: queue.queueArn,
    sqsParameters: { messageGroupId: fairBy },
    retryPolicy: { maximumRetryAttempts: 185, maximumEventAgeInSeconds: Duration.hours(24).toSeconds() },
    deadLetterConfig: { arn: undeliverable.queueArn },
  }),
});
