import { RemovalPolicy, Validations } from 'aws-cdk-lib';
import { AttributeType, BillingMode, Table, type ITable } from 'aws-cdk-lib/aws-dynamodb';
import type { IGrantable } from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';

/** An operation on items, as `dynamodb:` actions are called. */
export type ItemAction =
  'GetItem' | 'Query' | 'PutItem' | 'UpdateItem' | 'DeleteItem' | 'BatchGetItem' | 'BatchWriteItem';

export interface TablesProps {
  /** For how many days, at most 35, `flow` can be put back to any second; 0: not at all. */
  eventRecoveryDays: number;
  removalPolicy: RemovalPolicy;
}

/**
 * The two tables. `control` holds what people entered (keys, subscriptions, interest) and can be put back to any second
 * of the last 35 days; `flow` holds what passes through (events, bodies, markers, attempts, shelf) and forgets by itself.
 */
export class Tables extends Construct {
  readonly control: Table;
  readonly flow: Table;

  constructor(scope: Construct, id: string, { eventRecoveryDays, removalPolicy }: TablesProps) {
    super(scope, id);
    const common = {
      partitionKey: { name: 'pk', type: AttributeType.STRING },
      sortKey: { name: 'sk', type: AttributeType.STRING },
      billingMode: BillingMode.PAY_PER_REQUEST,
      deletionProtection: removalPolicy !== RemovalPolicy.DESTROY,
      removalPolicy,
    };
    this.control = new Table(this, 'Control', {
      ...common,
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
    });
    this.flow = new Table(this, 'Flow', {
      ...common,
      timeToLiveAttribute: 'expires_at',
      ...(eventRecoveryDays > 0 && {
        pointInTimeRecoverySpecification: {
          pointInTimeRecoveryEnabled: true,
          recoveryPeriodInDays: eventRecoveryDays,
        },
      }),
    });
    if (eventRecoveryDays === 0) {
      Validations.of(this.flow).acknowledge({
        id: 'AwsSolutions::AwsSolutions-DDB3',
        reason:
          'Events are kept for the retention only and can be erased before; a point-in-time backup would be a second copy of them that outlives both. eventRecoveryDays turns it on.',
      });
    }
  }
}

/** Lets a function do exactly these operations on the items of a table. */
export function allow(grantee: IGrantable, table: ITable, actions: readonly ItemAction[]): void {
  table.grant(grantee, ...actions.map((action) => `dynamodb:${action}`));
}
