import type { QueueSpec, Rule, TableSpec } from './emulators.ts';
import { arnOf } from './aws/identity.ts';
import type { Route } from './http-api.ts';
import type { FunctionSpec } from './invoke.ts';
import { list, object, text, type Json } from './json.ts';
import { hasMeaning, KNOWN, only } from './known-resources.ts';
import type { Mapping } from './loop.ts';
import { Refusal } from './settings.ts';
import { resolve, type Resource, type StandIns, type Template } from './template.ts';

/** The pipeline as the template says it, in the words of the parts that play it here. */
export interface Wiring {
  queues: QueueSpec[];
  tables: TableSpec[];
  /** Names of secrets whose values somebody has to bring. */
  secrets: string[];
  topics: string[];
  functions: FunctionSpec[];
  mappings: (Mapping & { functionName: string })[];
  rules: Rule[];
  schedules: Schedule[];
  routes: Route[];
}

/** Puts the same text into a queue again and again. */
export interface Schedule {
  name: string;
  queueUrl: string;
  everyMs: number;
  body: string;
}

/** What a template cannot say: where things listen on this machine. */
export interface Places {
  queueUrl(name: string): string;
  /** Variables that Lambda itself would set for every function. */
  environment: Record<string, string>;
}

/** Throws where the template says something that the local runner would not do: silence would be a second, wrong description. */
export function wire(template: Template, places: Places): Wiring {
  const resources = template.resources.filter(hasMeaning);
  const standIns = standInsFor(resources, template.output, places);
  const read = (type: string): Named[] =>
    resources.filter((resource) => resource.type === type).map((resource) => readResource(resource, standIns));

  const integrations = new Map(
    read('AWS::ApiGatewayV2::Integration').map((integration) => [integration.name, toIntegration(integration)]),
  );
  const rules = read('AWS::Events::Rule').filter(({ properties }) => properties['State'] !== 'DISABLED');
  read('AWS::ApiGatewayV2::Stage').forEach(checkStage);
  read('AWS::ApiGatewayV2::Api').forEach(checkApi);
  return {
    queues: read('AWS::SQS::Queue').map(toQueue),
    tables: read('AWS::DynamoDB::Table').map(toTable),
    secrets: read('AWS::SecretsManager::Secret').map(({ name }) => name),
    topics: read('AWS::SNS::Topic').map(({ name }) => name),
    functions: read('AWS::Lambda::Function').map((found) => toFunction(found, template, places)),
    mappings: read('AWS::Lambda::EventSourceMapping')
      .filter(isEnabled)
      .map((found) => toMapping(found, places)),
    rules: rules.filter(({ properties }) => 'EventPattern' in properties).map(toRule),
    schedules: rules
      .filter(({ properties }) => 'ScheduleExpression' in properties)
      .flatMap((found) => toSchedules(found, places)),
    routes: read('AWS::ApiGatewayV2::Route').map((found) => toRoute(found, integrations)),
  };
}

interface Named {
  name: string;
  properties: Json;
}

function readResource(resource: Resource, standIns: StandIns): Named {
  const { reads = [] } = KNOWN[resource.type] ?? {};
  const read = Object.entries(resource.properties).filter(([name]) => reads.includes(name));
  return { name: nameOf(resource, standIns), properties: object(resolve(Object.fromEntries(read), standIns)) };
}

/** A resource without a name of its own is called by its logical id, which stays the same from one start to the next. */
function nameOf({ id, type, properties }: Resource, standIns: StandIns): string {
  const property = KNOWN[type]?.name;
  return property !== undefined && property in properties ? text(resolve(properties[property], standIns)) : id;
}

/** The ARN's service and the start of its resource part, for the types that are referred to by ARN. */
const ARNS: Record<string, (name: string) => string> = {
  'AWS::SQS::Queue': (name) => arnOf('sqs', name),
  'AWS::DynamoDB::Table': (name) => arnOf('dynamodb', `table/${name}`),
  'AWS::KMS::Key': (name) => arnOf('kms', `key/${name}`),
  'AWS::SecretsManager::Secret': (name) => arnOf('secretsmanager', `secret:${name}`),
  'AWS::SNS::Topic': (name) => arnOf('sns', name),
  'AWS::Lambda::Function': (name) => arnOf('lambda', `function:${name}`),
  'AWS::Events::EventBus': (name) => arnOf('events', `event-bus/${name}`),
};

/** Those whose `Ref` is their ARN. */
const REFERRED_BY_ARN = ['AWS::SecretsManager::Secret', 'AWS::SNS::Topic'];

function standInsFor(resources: readonly Resource[], output: Template['output'], { queueUrl }: Places): StandIns {
  const byId = new Map(resources.map((resource) => [resource.id, resource]));
  const find = (id: string): { type: string; name: string } => {
    const resource = byId.get(id);
    if (!resource) throw new Error(`the template refers to ${id}, which has no stand-in here`);
    return { type: resource.type, name: nameOf(resource, standIns) };
  };
  const arn = ({ type, name }: { type: string; name: string }): string => {
    const make = ARNS[type];
    if (!make) throw new Error(`the template refers to the ARN of ${name}, and a ${type} has none here`);
    return make(name);
  };
  const standIns: StandIns = {
    ref(id) {
      const found = find(id);
      if (found.type === 'AWS::SQS::Queue') return queueUrl(found.name);
      return REFERRED_BY_ARN.includes(found.type) ? arn(found) : found.name;
    },
    attribute(id, attribute) {
      const found = find(id);
      if (attribute === 'Arn') return arn(found);
      if (attribute === 'Id' && found.type === 'AWS::SecretsManager::Secret') return arn(found);
      if (attribute === KNOWN[found.type]?.name) return found.name;
      throw new Error(`the template refers to ${attribute} of ${id}, which has no stand-in here`);
    },
    output,
  };
  return standIns;
}

const lastPart = (arnOrName: unknown): string => text(arnOrName).split(':').at(-1) ?? '';

const numberOf = (value: unknown, fallback: number): number => (value === undefined ? fallback : Number(value));

function toQueue({ name, properties }: Named): QueueSpec {
  const asText = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));
  const attributes = Object.entries(properties).map(([key, value]): [string, string] => [key, asText(value)]);
  return { name, attributes: Object.fromEntries(attributes) };
}

function toTable({ name, properties }: Named): TableSpec {
  const schema = list(properties['KeySchema']).map(object);
  const key = (type: string): string => text(schema.find(({ KeyType }) => KeyType === type)?.['AttributeName']);
  return { name, keys: [key('HASH'), key('RANGE')] };
}

function toFunction({ name, properties }: Named, template: Template, places: Places): FunctionSpec {
  const memoryMb = numberOf(properties['MemorySize'], 128);
  const variables = Object.entries(object(object(properties['Environment'] ?? {})['Variables'] ?? {}));
  return {
    name,
    arn: arnOf('lambda', `function:${name}`),
    code: template.assetFolder(text(object(properties['Code'])['S3Key'])),
    handler: text(properties['Handler']),
    timeoutSeconds: numberOf(properties['Timeout'], 3),
    memoryMb,
    env: {
      ...places.environment,
      AWS_LAMBDA_FUNCTION_NAME: name,
      AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(memoryMb),
      ...Object.fromEntries(variables.map(([key, value]) => [key, String(value)])),
    },
  };
}

const isEnabled = ({ properties }: Named): boolean => properties['Enabled'] !== false;

function toMapping({ name, properties }: Named, { queueUrl }: Places): Mapping & { functionName: string } {
  const queueArn = text(properties['EventSourceArn']);
  const scaling = object(properties['ScalingConfig'] ?? {});
  only(scaling, ['MaximumConcurrency'], name);
  return {
    functionName: lastPart(properties['FunctionName']),
    queueArn,
    queueUrl: queueUrl(lastPart(queueArn)),
    batchSize: numberOf(properties['BatchSize'], 10),
    windowSeconds: numberOf(properties['MaximumBatchingWindowInSeconds'], 0),
    maxConcurrency: numberOf(scaling['MaximumConcurrency'], 1000),
    reportsItemFailures: list(properties['FunctionResponseTypes'] ?? []).includes('ReportBatchItemFailures'),
  };
}

/** `RetryPolicy` is not read: a queue in this process takes a message or never will. */
const TARGET = ['Arn', 'DeadLetterConfig', 'Id', 'RetryPolicy'];

function toRule({ name, properties }: Named): Rule {
  const targets = list(properties['Targets']).map((item) => {
    const target = object(item);
    only(target, [...TARGET, 'SqsParameters'], name);
    const { MessageGroupId } = object(target['SqsParameters'] ?? {});
    const { Arn: deadLetterArn } = object(target['DeadLetterConfig'] ?? {});
    return {
      queueArn: text(target['Arn']),
      ...(MessageGroupId !== undefined && { messageGroupId: text(MessageGroupId) }),
      ...(deadLetterArn !== undefined && { deadLetterArn: text(deadLetterArn) }),
    };
  });
  return {
    name,
    busName: lastPart(properties['EventBusName'] ?? 'default'),
    pattern: properties['EventPattern'],
    targets,
  };
}

function toSchedules({ name, properties }: Named, { queueUrl }: Places): Schedule[] {
  const everyMs = periodOf(text(properties['ScheduleExpression']));
  return list(properties['Targets']).map((item) => {
    const target = object(item);
    only(target, [...TARGET, 'Input'], name);
    const { Arn: arn, Input: body } = target;
    if (!text(arn).startsWith(arnOf('sqs', '')) || body === undefined)
      throw new Error(`${name} puts no constant input into a queue, which is all that a schedule does here`);
    return { name, queueUrl: queueUrl(lastPart(arn)), everyMs, body: text(body) };
  });
}

const UNITS: Record<string, number> = { minute: 60_000, hour: 3_600_000, day: 86_400_000 };

function periodOf(expression: string): number {
  const [, count, unit = ''] = /^rate\((\d+) (minute|hour|day)s?\)$/.exec(expression) ?? [];
  const length = UNITS[unit];
  if (length === undefined)
    throw new Error(`the schedule ${expression} is not known to the local runner, only rates are`);
  return Number(count) * length;
}

function checkApi({ name, properties }: Named): void {
  if (properties['ProtocolType'] !== 'HTTP')
    throw new Error(`${name} is no HTTP API, which the local runner does not know`);
}

/** Any other stage would stand in front of every path. */
function checkStage({ name, properties }: Named): void {
  if (properties['StageName'] !== '$default')
    throw new Error(`${name} is not the stage $default, the only one played here`);
}

/** The name of the function behind it. */
function toIntegration({ name, properties }: Named): string {
  const isProxy = properties['IntegrationType'] === 'AWS_PROXY' && properties['PayloadFormatVersion'] === '2.0';
  if (!isProxy) throw new Error(`${name} is no Lambda proxy with payload format 2.0, the only kind played here`);
  return lastPart(properties['IntegrationUri']);
}

function toRoute({ name, properties }: Named, integrations: Map<string, string>): Route {
  const { AuthorizationType = 'NONE' } = properties;
  if (AuthorizationType !== 'NONE')
    throw new Refusal(
      `${name} has an authorizer, which the local runner does not know: the setting auth must be keys.`,
    );
  const functionName = integrations.get(text(properties['Target']).replace(/^integrations\//, ''));
  if (functionName === undefined) throw new Error(`${name} leads to no integration`);
  return { key: text(properties['RouteKey']), functionName };
}
