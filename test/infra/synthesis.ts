import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeApp } from '../../infra/app.ts';

export interface Resource<P> {
  id: string;
  Type: string;
  Properties: P;
  DependsOn?: string[];
  DeletionPolicy?: string;
  UpdateReplacePolicy?: string;
}

type Values = string | string[] | Record<string, unknown>;

/** As much of each kind of resource as the tests look at. */
export interface Kinds {
  'AWS::Events::Rule': {
    Name?: string;
    EventPattern?: unknown;
    ScheduleExpression?: string;
    Targets: {
      Arn: unknown;
      DeadLetterConfig?: { Arn: unknown };
      RetryPolicy: object;
      Input?: string;
      SqsParameters?: { MessageGroupId: string };
    }[];
  };
  'AWS::SQS::Queue': {
    VisibilityTimeout?: number;
    MessageRetentionPeriod: number;
    SqsManagedSseEnabled: boolean;
    RedrivePolicy?: { deadLetterTargetArn: unknown; maxReceiveCount: number };
    Tags: Tag[];
  };
  'AWS::SQS::QueuePolicy': { PolicyDocument: { Statement: Statement[] }; Queues: unknown[] };
  'AWS::SNS::Topic': { KmsMasterKeyId?: string };
  'AWS::SNS::TopicPolicy': { PolicyDocument: { Statement: Statement[] }; Topics: unknown[] };
  'AWS::Lambda::Function': {
    Code: { S3Key: string };
    Environment: { Variables: Record<string, unknown> };
    Role: unknown;
    Runtime: string;
    Timeout: number;
    Tags: Tag[];
    LoggingConfig: { LogGroup: unknown };
  };
  'AWS::Lambda::EventSourceMapping': {
    EventSourceArn: unknown;
    FunctionName: unknown;
    FunctionResponseTypes: string[];
    BatchSize: number;
    ScalingConfig: { MaximumConcurrency: number };
  };
  'AWS::IAM::Role': {
    AssumeRolePolicyDocument: { Statement: Statement[] };
    ManagedPolicyArns?: unknown;
    Policies?: unknown;
    Path?: string;
    Tags: Tag[];
  };
  'AWS::IAM::Policy': { PolicyDocument: { Statement: Statement[] }; Roles: unknown[] };
  'AWS::DynamoDB::Table': {
    DeletionProtectionEnabled: boolean;
    PointInTimeRecoverySpecification?: { PointInTimeRecoveryEnabled: boolean; RecoveryPeriodInDays?: number };
  };
  'AWS::Events::EventBus': { Name: string; Policy: { Statement: Statement[] } };
  'AWS::KMS::Key': { KeyPolicy: { Statement: Statement[] } };
  'AWS::Lambda::Permission': { Action: string; FunctionName: unknown; Principal: string; SourceArn: unknown };
  'AWS::Lambda::Alias': { Name: string; FunctionName: unknown };
  'AWS::CodeDeploy::DeploymentGroup': {
    DeploymentConfigName: string;
    AlarmConfiguration: { Enabled: boolean; Alarms: { Name: unknown }[] };
    AutoRollbackConfiguration: { Enabled: boolean; Events: string[] };
  };
  'AWS::CloudWatch::Alarm': { MetricName: string; Threshold: number };
  'AWS::Logs::MetricFilter': { FilterPattern: string; LogGroupName: unknown };
  'AWS::Logs::LogGroup': { RetentionInDays?: number };
  'AWS::ApiGatewayV2::DomainName': { DomainName: string };
  'AWS::ApiGatewayV2::ApiMapping': { DomainName: unknown; Stage: string };
  'AWS::ApiGatewayV2::Stage': { DefaultRouteSettings: object; RouteSettings: Record<string, object> };
  'AWS::ApiGatewayV2::Route': { RouteKey: string; Target: unknown; AuthorizationType?: string; AuthorizerId?: unknown };
  'AWS::ApiGatewayV2::Authorizer': {
    AuthorizerType: string;
    IdentitySource: string[];
    JwtConfiguration: { Audience: string[]; Issuer: string };
  };
  'AWS::ApiGatewayV2::Integration': { IntegrationUri: unknown; PayloadFormatVersion: string };
}

export interface Tag {
  Key: string;
  Value: string;
}

export interface Statement {
  Effect: 'Allow' | 'Deny';
  Principal?: Values;
  Action: string | string[];
  Resource: Values | Values[];
  Condition?: unknown;
}

export interface Template {
  Resources: Record<string, Resource<unknown>>;
  Outputs: Record<string, { Value: unknown }>;
}

/** What synthesis leaves behind, as those who deploy or run it see it: two templates, and a folder with each function's code. */
export class Synthesis {
  /** What holds something. */
  readonly state: Template;
  /** What works on it. */
  readonly work: Template;
  /** Both as one, with a reference from one to the other written as if they were. */
  readonly template: Template;
  readonly manifest: Manifest;
  /** What the checks say of it, with what is acknowledged. */
  readonly report: Report;
  readonly folder = mkdtempSync(join(tmpdir(), 'fanout-synth-'));

  constructor(context: Record<string, unknown>) {
    makeApp(context, this.folder).synth();
    const read = (file: string): unknown => JSON.parse(readFileSync(join(this.folder, file), 'utf8'));
    this.state = read('EventFanoutState.template.json') as Template;
    this.work = read('EventFanout.template.json') as Template;
    this.manifest = read('manifest.json') as Manifest;
    this.report = read('validation-report.json') as Report;
    this.template = joined(this.state, this.work);
  }

  all<T extends keyof Kinds>(type: T): Resource<Kinds[T]>[] {
    return Object.entries(this.template.Resources)
      .filter(([, resource]) => resource.Type === type)
      .map(([id, resource]) => ({ ...(resource as Resource<Kinds[T]>), id }));
  }

  /** A file of a function's code. */
  code(lambda: Resource<Kinds['AWS::Lambda::Function']>, file: string): Buffer {
    return readFileSync(this.codePath(lambda, file));
  }

  codePath(lambda: Resource<Kinds['AWS::Lambda::Function']>, file: string): string {
    return join(this.folder, `asset.${lambda.Properties.Code.S3Key.replace('.zip', '')}`, file);
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

interface Manifest {
  artifacts: Record<string, { type: string; properties?: { terminationProtection?: boolean } }>;
  /** What would have to be looked up in an account. */
  missing?: unknown;
}

interface Report {
  pluginReports: {
    pluginName: string;
    conclusion: string;
    /** Findings that somebody acknowledged, with the reason and the path of the construct where that stands. */
    suppressedViolations?: { ruleName: string; reason: string; acknowledgedAt: string }[];
  }[];
}

function joined(state: Template, work: Template): Template {
  const resolved = (_: string, value: unknown): unknown => {
    if (typeof value !== 'object' || value === null || !('Fn::GetStackOutput' in value)) return value;
    const { OutputName } = value['Fn::GetStackOutput'] as { OutputName: string };
    return state.Outputs[OutputName]?.Value;
  };
  const { Resources, Outputs } = JSON.parse(JSON.stringify(work), resolved) as Template;
  return { Resources: { ...state.Resources, ...Resources }, Outputs: { ...state.Outputs, ...Outputs } };
}

/** The resources that each `Ref` and `Fn::GetAtt` in a value points at, in their order. */
export const targets = (value: unknown): string[] =>
  [...JSON.stringify(value).matchAll(/"(?:Ref|Fn::GetAtt)":\[?"((?!AWS::)[^"]+)"/g)].map(([, id = '']) => id);

/** The first of them. */
export function target(value: unknown): string {
  const [id] = targets(value);
  if (id === undefined) throw new Error(`points at nothing: ${JSON.stringify(value)}`);
  return id;
}

/** A logical id as a person would say it: `EventFanoutLaneallDead53B99361` is `LaneallDead`. */
export const nameOf = (id: string): string => id.replace(/^EventFanout/, '').replace(/[0-9A-F]{8}$/, '');

export const list = <T>(value: T | T[]): T[] => (Array.isArray(value) ? value : [value]);
