import { Duration, Validations, type RemovalPolicy } from 'aws-cdk-lib';
import type { IRuleTarget } from 'aws-cdk-lib/aws-events';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Queue, QueueEncryption, type IQueue, type QueueProps } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';

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

/** A queue that no function reads: what is in it waits for a person. */
export function makeLastQueue(scope: Construct, id: string, props: OurQueueProps): Queue {
  const queue = makeQueue(scope, id, props);
  const reason =
    'This is where messages end: nothing receives from it but an operator, so there is nothing to redrive.';
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

/**
 * What makes a rule put its events into a queue, fair by tenant. EventBridge tries for as long as it can, 24 hours; what
 * it could not place then goes to `undeliverable`. Both queues must let the rule send.
 */
export const toQueue = (queue: IQueue, undeliverable: IQueue): IRuleTarget => ({
  bind: () => ({
    arn: queue.queueArn,
    sqsParameters: { messageGroupId: '$.detail.tenant' },
    retryPolicy: { maximumRetryAttempts: 185, maximumEventAgeInSeconds: Duration.hours(24).toSeconds() },
    deadLetterConfig: { arn: undeliverable.queueArn },
  }),
});
