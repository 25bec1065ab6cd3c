import { Duration, Validations, type RemovalPolicy } from 'aws-cdk-lib';
import type { IRuleTarget } from 'aws-cdk-lib/aws-events';
import { SqsQueue } from 'aws-cdk-lib/aws-events-targets';
import { Queue, QueueEncryption, type QueueProps } from 'aws-cdk-lib/aws-sqs';
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
 * What makes a rule put its events into a queue, fair by tenant. EventBridge tries for as long as it can, 24 hours; what
 * it could not place then goes to `undeliverable`, whose policy its owner writes: CDK's own way adds a statement for
 * each rule, and a queue's policy holds 20. https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-policies.html
 */
export const toQueue = (queue: Queue, undeliverable: Queue): IRuleTarget => ({
  bind: (rule, id) => ({
    ...new SqsQueue(queue, {
      messageGroupId: '$.detail.tenant',
      retryAttempts: 185,
      maxEventAge: Duration.hours(24),
    }).bind(rule, id),
    deadLetterConfig: { arn: undeliverable.queueArn },
  }),
});
