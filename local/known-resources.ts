import type { Json } from './json.ts';
import type { Resource } from './template.ts';

const QUEUE_ATTRIBUTES = [
  'DelaySeconds',
  'MaximumMessageSize',
  'MessageRetentionPeriod',
  'ReceiveMessageWaitTimeSeconds',
  'RedrivePolicy',
  'VisibilityTimeout',
];

/**
 * The types that do something here: the property that names a resource, those that are read, and those that mean nothing on one
 * machine. Any other property is an error.
 */
export const KNOWN: Record<string, { name?: string; reads: readonly string[]; ignores?: readonly string[] }> = {
  'AWS::SQS::Queue': {
    name: 'QueueName',
    reads: QUEUE_ATTRIBUTES,
    ignores: ['KmsDataKeyReusePeriodSeconds', 'KmsMasterKeyId', 'RedriveAllowPolicy', 'SqsManagedSseEnabled', 'Tags'],
  },
  'AWS::DynamoDB::Table': {
    name: 'TableName',
    reads: ['KeySchema'],
    // Nothing is deleted in the background: every read leaves out what has expired, so a lagging TTL and none are the same.
    ignores: [
      'AttributeDefinitions',
      'BillingMode',
      'DeletionProtectionEnabled',
      'PointInTimeRecoverySpecification',
      'SSESpecification',
      'Tags',
      'TimeToLiveSpecification',
    ],
  },
  'AWS::KMS::Key': {
    reads: [],
    ignores: ['Description', 'EnableKeyRotation', 'KeyPolicy', 'PendingWindowInDays', 'Tags'],
  },
  'AWS::SecretsManager::Secret': {
    name: 'Name',
    reads: [],
    ignores: ['Description', 'GenerateSecretString', 'KmsKeyId', 'Tags'],
  },
  'AWS::SNS::Topic': { name: 'TopicName', reads: [], ignores: ['DisplayName', 'KmsMasterKeyId', 'Tags'] },
  'AWS::Lambda::Function': {
    name: 'FunctionName',
    reads: ['Code', 'Environment', 'Handler', 'MemorySize', 'Timeout'],
    ignores: ['Architectures', 'Description', 'LoggingConfig', 'Role', 'Runtime', 'Tags', 'TracingConfig'],
  },
  'AWS::Lambda::EventSourceMapping': {
    reads: [
      'BatchSize',
      'Enabled',
      'EventSourceArn',
      'FunctionName',
      'FunctionResponseTypes',
      'MaximumBatchingWindowInSeconds',
      'ScalingConfig',
    ],
    ignores: ['MetricsConfig', 'Tags'],
  },
  'AWS::Events::EventBus': { name: 'Name', reads: [], ignores: ['Description', 'Policy', 'Tags'] },
  'AWS::Events::Rule': {
    name: 'Name',
    reads: ['EventBusName', 'EventPattern', 'ScheduleExpression', 'State', 'Targets'],
    ignores: ['Description', 'Tags'],
  },
  'AWS::ApiGatewayV2::Api': {
    reads: ['ProtocolType'],
    ignores: ['Description', 'DisableExecuteApiEndpoint', 'Name', 'Tags'],
  },
  'AWS::ApiGatewayV2::Integration': {
    reads: ['IntegrationType', 'IntegrationUri', 'PayloadFormatVersion'],
    ignores: ['ApiId'],
  },
  // Nobody here can verify a token or a signature: a route that has one is refused by name.
  'AWS::ApiGatewayV2::Authorizer': {
    reads: [],
    ignores: ['ApiId', 'AuthorizerType', 'IdentitySource', 'JwtConfiguration', 'Name'],
  },
  'AWS::ApiGatewayV2::Route': {
    reads: ['AuthorizationType', 'RouteKey', 'Target'],
    ignores: ['ApiId', 'AuthorizerId'],
  },
  // Nothing is throttled locally.
  'AWS::ApiGatewayV2::Stage': {
    reads: ['StageName'],
    ignores: [
      'AccessLogSettings',
      'ApiId',
      'AutoDeploy',
      'DefaultRouteSettings',
      'Description',
      'RouteSettings',
      'Tags',
    ],
  },
};

/** Types that do nothing here. One that is in neither list is an error, so that nothing in a template is left out unnoticed. */
const WITHOUT_MEANING = new Set([
  // Who may do what: there are no identities on one machine.
  'AWS::IAM::Policy',
  'AWS::IAM::Role',
  'AWS::Lambda::Permission',
  'AWS::SNS::TopicPolicy',
  'AWS::SQS::QueuePolicy',
  // What is watched, and where lines go: the terminal and the data folder serve for both.
  'AWS::CloudWatch::Alarm',
  'AWS::CloudWatch::CompositeAlarm',
  'AWS::CloudWatch::Dashboard',
  'AWS::Logs::LogGroup',
  'AWS::Logs::MetricFilter',
  // A second name for the key, which nothing here uses.
  'AWS::KMS::Alias',
  'AWS::CDK::Metadata',
]);

/** Throws on a type or a property that nobody has thought about. */
export function hasMeaning({ id, type, properties }: Resource): boolean {
  if (WITHOUT_MEANING.has(type)) return false;
  const known = KNOWN[type];
  if (!known) throw new Error(`${id} is a ${type}, which the local runner does not know`);
  const { name = [], reads, ignores = [] } = known;
  only(properties, [name, reads, ignores].flat(), `${id} (${type})`);
  return true;
}

export function only(properties: Json, names: readonly string[], where: string): void {
  const unknown = Object.keys(properties).find((name) => !names.includes(name));
  if (unknown !== undefined) throw new Error(`${where} has ${unknown}, which the local runner does not know`);
}
