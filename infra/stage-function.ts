import { Duration, RemovalPolicy, Validations } from 'aws-cdk-lib';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Architecture, Code, Function as Lambda, Runtime, type IFunction } from 'aws-cdk-lib/aws-lambda';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import type { EnvironmentOf, Stage } from '../shared/runtime/env.ts';
import type { Bundles } from './bundle.ts';
import { Canary, type CanaryTraffic } from './canary.ts';

/** How long a stage may take and how large its functions are. */
const SIZES: Record<Stage, { seconds: number; megabytes: number }> = {
  ingest: { seconds: 10, megabytes: 512 },
  inbound: { seconds: 30, megabytes: 512 },
  match: { seconds: 30, megabytes: 512 },
  deliver: { seconds: 60, megabytes: 512 },
  sweep: { seconds: 60, megabytes: 512 },
  api: { seconds: 15, megabytes: 512 },
  portal: { seconds: 5, megabytes: 256 },
};

export const timeoutOf = (stage: Stage): Duration => Duration.seconds(SIZES[stage].seconds);

export interface StageFunctionProps<S extends Stage> {
  stage: S;
  bundles: Bundles;
  /** Every variable that the stage reads, and no other. */
  environment: EnvironmentOf<S>;
  /** How new code takes over; without it, at once. */
  canary: CanaryTraffic | undefined;
  /** Of its role; some are known by it. Default: `/`. */
  rolePath?: string;
}

/**
 * The function of a stage, and the only way to make a Lambda here. Its role is its own and starts with nothing but the
 * right to write its own log; whoever makes it grants what the stage touches.
 */
export class StageFunction<S extends Stage> extends Lambda {
  /** What is to be called: the function, or the alias that leads to the code it is trusted with. */
  readonly live: IFunction;

  constructor(
    scope: Construct,
    id: string,
    { stage, bundles, environment, canary, rolePath = '/' }: StageFunctionProps<S>,
  ) {
    super(scope, id, {
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      code: Code.fromAsset(bundles.folders[stage]),
      handler: 'index.handler',
      timeout: timeoutOf(stage),
      memorySize: SIZES[stage].megabytes,
      // Explicit, because the role that CDK makes by itself holds an AWS managed policy that may write every log.
      role: new Role(scope, `${id}Role`, {
        path: rolePath,
        assumedBy: new ServicePrincipal('lambda.amazonaws.com'),
      }),
      // Lines are no state: they go with the stack.
      logGroup: new LogGroup(scope, `${id}Log`, {
        retention: RetentionDays.ONE_MONTH,
        removalPolicy: RemovalPolicy.DESTROY,
      }),
      environment: {
        ...environment,
        LOG_LEVEL: 'INFO',
        POWERTOOLS_SERVICE_NAME: stage,
        NODE_OPTIONS: '--enable-source-maps',
      },
    });
    this.logGroup.grantWrite(this);
    this.live = canary
      ? new Canary(scope, `${id}Canary`, { lambda: this, log: this.logGroup, traffic: canary }).alias
      : this;
    Validations.of(this).acknowledge(
      {
        id: 'Serverless::Serverless-LambdaDLQ',
        reason:
          'A dead letter queue of a function is for asynchronous calls. HTTP tells its caller, and queues redrive by themselves.',
      },
      {
        id: 'Serverless::Serverless-LambdaTracing',
        reason:
          'One event is followed through all stages by its traceparent and event_id, which every log line carries. X-Ray would add a price to each delivery and a permission on all resources to each role.',
      },
    );
  }
}
