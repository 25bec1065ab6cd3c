import { Duration } from 'aws-cdk-lib';
import { Rule, RuleTargetInput, Schedule } from 'aws-cdk-lib/aws-events';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';
import type { Bundles } from './bundle.ts';
import { letPublish } from './bus.ts';
import type { CanaryTraffic } from './canary.ts';
import { EVENT_SOURCE, OPERATIONS_SOURCE } from './patterns.ts';
import { StageFunction } from './stage-function.ts';
import type { State } from './state.ts';
import { allow } from './table.ts';

export interface SweepProps {
  state: State;
  bundles: Bundles;
  canary: CanaryTraffic | undefined;
  retentionDays: number;
  ceilingPerSecond: number;
}

/** The function that looks after all that is late: it does the jobs of the queue `sweeps`. */
export function makeSweep(scope: Construct, id: string, props: SweepProps): StageFunction<'sweep'> {
  const { state, bundles, canary, retentionDays, ceilingPerSecond } = props;
  const { tables, bus, notices, sweeps, deferred, undeliverable, dead, publisherPath } = state;
  const sweep = new StageFunction(scope, id, {
    stage: 'sweep',
    bundles,
    canary,
    rolePath: publisherPath,
    environment: {
      CONTROL_TABLE: tables.control.tableName,
      FLOW_TABLE: tables.flow.tableName,
      BUS_NAME: bus.eventBusName,
      EVENT_SOURCE,
      OPERATIONS_SOURCE,
      NOTICES_TOPIC: notices.topicArn,
      SWEEPS_QUEUE_URL: sweeps.queueUrl,
      DEFERRED_QUEUE_URL: deferred.queueUrl,
      UNDELIVERABLE_QUEUE_URL: undeliverable.queueUrl,
      DEAD_QUEUE_URLS: dead.map(({ queueUrl }) => queueUrl).join(' '),
      RETENTION_DAYS: String(retentionDays),
      CEILING_PER_SECOND: String(ceilingPerSecond),
    },
  });
  allow(sweep, tables.control, ['GetItem', 'Query', 'PutItem', 'BatchWriteItem']);
  allow(sweep, tables.flow, ['GetItem', 'Query', 'PutItem', 'UpdateItem', 'DeleteItem', 'BatchWriteItem']);
  letPublish(sweep, bus, [EVENT_SOURCE, OPERATIONS_SOURCE]);
  // Not by `grantPublish`, which would add rights over the topic's key: AWS's own needs none.
  sweep.addToRolePolicy(new PolicyStatement({ actions: ['sns:Publish'], resources: [notices.topicArn] }));
  for (const queue of [sweeps, deferred]) queue.grant(sweep, 'sqs:SendMessage');
  for (const queue of [undeliverable, ...dead]) queue.grant(sweep, 'sqs:ReceiveMessage', 'sqs:DeleteMessage');
  return sweep;
}

/** The job that finds out what is due. A constant: what a rule sends by itself is an event of its own. */
const TICK = { v: 1, kind: 'tick' };

/** Asks the sweep every minute what is due. A missed minute is made good by the next one. */
export const tickEveryMinute = (scope: Construct, id: string, state: State): Rule =>
  new Rule(scope, id, {
    ruleName: state.scheduleName,
    schedule: Schedule.rate(Duration.minutes(1)),
    targets: [
      {
        bind: () => ({
          arn: state.sweeps.queueArn,
          input: RuleTargetInput.fromObject(TICK),
          retryPolicy: { maximumRetryAttempts: 0, maximumEventAgeInSeconds: Duration.minutes(1).toSeconds() },
          deadLetterConfig: { arn: state.undeliverable.queueArn },
        }),
      },
    ],
  });
