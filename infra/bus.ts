import { Stack, type RemovalPolicy } from 'aws-cdk-lib';
import { EventBus, type CfnEventBus, type IEventBus } from 'aws-cdk-lib/aws-events';
import { Effect, Grant, PolicyDocument, PolicyStatement, StarPrincipal, type IGrantable } from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';
import { EVENT_SOURCE, OPERATIONS_SOURCE } from './patterns.ts';

export interface BusProps {
  eventBusName: string;
  /** The path of the roles that may publish under our sources. */
  publisherPath: string;
  removalPolicy: RemovalPolicy;
}

/**
 * The lanes trust whatever carries our sources, so nobody else may put those on the bus, whatever rights over buses other
 * roles of the account have. The publishers are known by their path: their ARNs belong to a stack that comes later.
 */
export function makeBus(scope: Construct, id: string, props: BusProps): EventBus {
  const { eventBusName, publisherPath, removalPolicy } = props;
  const stack = Stack.of(scope);
  const bus = new EventBus(scope, id, { eventBusName });
  bus.applyRemovalPolicy(removalPolicy);
  const publishers = stack.formatArn({
    service: 'iam',
    region: '',
    resource: 'role',
    resourceName: `${publisherPath.slice(1)}*`,
  });
  const statement = new PolicyStatement({
    sid: 'OnlyPublishersUseOurSource',
    effect: Effect.DENY,
    principals: [new StarPrincipal()],
    actions: ['events:PutEvents'],
    resources: [stack.formatArn({ service: 'events', resource: 'event-bus', resourceName: eventBusName })],
    conditions: {
      'ForAnyValue:StringEquals': { 'events:source': [EVENT_SOURCE, OPERATIONS_SOURCE] },
      ArnNotLike: { 'aws:PrincipalArn': publishers },
    },
  });
  (bus.node.defaultChild as CfnEventBus).policy = new PolicyDocument({ statements: [statement] });
  return bus;
}

/**
 * Under these sources only, in each entry of a call. No role but those of publishers is given ours, which is what lets the lanes trust
 * them.
 */
export const letPublish = (grantee: IGrantable, bus: IEventBus, sources: readonly string[]): Grant =>
  Grant.addToPrincipal({
    grantee,
    actions: ['events:PutEvents'],
    resourceArns: [bus.eventBusArn],
    conditions: { 'ForAllValues:StringEquals': { 'events:source': sources } },
  });
