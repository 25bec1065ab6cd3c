import type { Queue } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import type { Bundles } from './bundle.ts';
import type { CanaryTraffic } from './canary.ts';
import { StageFunction } from './stage-function.ts';
import type { State } from './state.ts';
import { allow } from './table.ts';
import { targetsVariable, type Targets } from './targets.ts';

/** What every function that delivers is made with. */
export interface DeliverProps {
  state: State;
  bundles: Bundles;
  canary: CanaryTraffic | undefined;
  retentionDays: number;
  /** Requests a second to a subscription that names no rate of its own. */
  ceilingPerSecond: number;
  allowPrivateTargets: boolean;
  targets: Targets;
}

/**
 * A function of the stage `deliver`: each lane has one, and one is of no lane.
 *
 * @param retries where it sends what has to wait for up to 15 minutes
 */
export function makeDeliver(
  scope: Construct,
  id: string,
  { retries, ...props }: DeliverProps & { retries: Queue },
): StageFunction<'deliver'> {
  const { tables, dataKey, deferred, sweeps } = props.state;
  const deliver = new StageFunction(scope, id, {
    stage: 'deliver',
    bundles: props.bundles,
    canary: props.canary,
    environment: {
      CONTROL_TABLE: tables.control.tableName,
      FLOW_TABLE: tables.flow.tableName,
      RETRIES_QUEUE_URL: retries.queueUrl,
      DEFERRED_QUEUE_URL: deferred.queueUrl,
      SWEEPS_QUEUE_URL: sweeps.queueUrl,
      DATA_KEY: dataKey.keyArn,
      CEILING_PER_SECOND: String(props.ceilingPerSecond),
      ALLOW_PRIVATE_TARGETS: String(props.allowPrivateTargets),
      TARGETS: targetsVariable(props.targets),
      RETENTION_DAYS: String(props.retentionDays),
    },
  });
  allow(deliver, tables.control, ['GetItem', 'PutItem']);
  allow(deliver, tables.flow, ['GetItem', 'Query', 'PutItem', 'UpdateItem', 'DeleteItem', 'BatchWriteItem']);
  dataKey.grant(deliver, 'kms:Decrypt');
  for (const queue of new Set([retries, deferred, sweeps])) queue.grant(deliver, 'sqs:SendMessage');
  return deliver;
}
