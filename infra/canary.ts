import { Duration, RemovalPolicy, Validations } from 'aws-cdk-lib';
import { TreatMissingData, type Alarm, type Metric } from 'aws-cdk-lib/aws-cloudwatch';
import { LambdaApplication, LambdaDeploymentConfig, LambdaDeploymentGroup } from 'aws-cdk-lib/aws-codedeploy';
import { Alias, type Function as Lambda } from 'aws-cdk-lib/aws-lambda';
import { FilterPattern, MetricFilter, type ILogGroup } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';

/** How traffic moves to new code, as CodeDeploy calls it. */
export const CANARY_TRAFFIC = [
  'CANARY_10PERCENT_5MINUTES',
  'CANARY_10PERCENT_10MINUTES',
  'CANARY_10PERCENT_15MINUTES',
  'CANARY_10PERCENT_30MINUTES',
  'LINEAR_10PERCENT_EVERY_1MINUTE',
  'LINEAR_10PERCENT_EVERY_2MINUTES',
  'LINEAR_10PERCENT_EVERY_3MINUTES',
  'LINEAR_10PERCENT_EVERY_10MINUTES',
] as const;
export type CanaryTraffic = (typeof CANARY_TRAFFIC)[number];

export interface CanaryProps {
  lambda: Lambda;
  log: ILogGroup;
  traffic: CanaryTraffic;
}

/**
 * A function's alias, to which new code comes by and by, and from which it is taken back when one of its alarms goes off.
 * Two releases are at work meanwhile: messages and items carry a version, and either release reads the other's.
 */
export class Canary extends Construct {
  readonly alias: Alias;

  constructor(scope: Construct, id: string, { lambda, log, traffic }: CanaryProps) {
    super(scope, id);
    // The version before stays: that is what a roll-back goes to.
    lambda.currentVersion.applyRemovalPolicy(RemovalPolicy.RETAIN);
    this.alias = new Alias(this, 'Live', { aliasName: 'live', version: lambda.currentVersion });
    const group = new LambdaDeploymentGroup(this, 'Rollout', {
      application: new LambdaApplication(this, 'Application'),
      alias: this.alias,
      deploymentConfig: LambdaDeploymentConfig[traffic],
      alarms: [
        this.alarm('Throws', this.alias.metricErrors({ period: Duration.minutes(1), statistic: 'Sum' })),
        this.alarm('Faults', this.faultsIn(log)),
      ],
      autoRollback: { failedDeployment: true, stoppedDeployment: true, deploymentInAlarm: true },
    });
    Validations.of(group).acknowledge({
      id: 'AwsSolutions::AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/AWSCodeDeployRoleForLambdaLimited]',
      reason:
        "CodeDeploy's own managed policy: it may look at alarms and move aliases, and AWS keeps it in step with CodeDeploy.",
    });
  }

  /** A handler that answers 500, or gives one message of a batch back, ends well for Lambda: only its log tells. */
  private faultsIn(log: ILogGroup): Metric {
    const lines = new MetricFilter(this, 'ErrorLines', {
      logGroup: log,
      filterPattern: FilterPattern.stringValue('$.level', '=', 'ERROR'),
      metricValue: '1',
      metricNamespace: 'event-fanout',
      metricName: `faults-${this.node.addr}`,
    });
    return lines.metric({ period: Duration.minutes(1), statistic: 'Sum' });
  }

  /** One is enough: this alarm counts only while code is rolled out, and a roll-back for nothing costs a deploy. */
  private alarm(id: string, metric: Metric): Alarm {
    return metric.createAlarm(this, id, {
      threshold: 1,
      evaluationPeriods: 1,
      // No lines and no calls: nothing went wrong.
      treatMissingData: TreatMissingData.NOT_BREACHING,
    });
  }
}
