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
}

type Values = string | string[] | Record<string, unknown>;

/** As much of each kind of resource as the tests look at. */
export interface Kinds {
  'AWS::Events::Rule': {
    EventPattern?: unknown;
    ScheduleExpression?: string;
    Targets: {
      Arn: unknown;
      DeadLetterConfig?: { Arn: unknown };
      RetryPolicy: object;
      SqsParameters?: { MessageGroupId: string };
    }[];
  };
  'AWS::SQS::Queue': {
    VisibilityTimeout?: number;
    MessageRetentionPeriod: number;
    SqsManagedSseEnabled: boolean;
    RedrivePolicy?: { deadLetterTargetArn: unknown; maxReceiveCount: number };
  };
  'AWS::SQS::QueuePolicy': { PolicyDocument: { Statement: Statement[] }; Queues: unknown[] };
  'AWS::Lambda::Function': {
    Code: { S3Key: string };
    Environment: { Variables: Record<string, unknown> };
    Role: unknown;
    Runtime: string;
    Timeout: number;
    LoggingConfig: { LogGroup: unknown };
  };
  'AWS::Lambda::EventSourceMapping': {
    EventSourceArn: unknown;
    FunctionName: unknown;
    FunctionResponseTypes: string[];
    BatchSize: number;
    ScalingConfig: { MaximumConcurrency: number };
  };
  'AWS::IAM::Role': { ManagedPolicyArns?: unknown; Policies?: unknown };
  'AWS::IAM::Policy': { PolicyDocument: { Statement: Statement[] }; Roles: unknown[] };
  'AWS::DynamoDB::Table': { DeletionProtectionEnabled: boolean };
  'AWS::ApiGatewayV2::Route': { RouteKey: string; Target: unknown };
  'AWS::ApiGatewayV2::Integration': { IntegrationUri: unknown; PayloadFormatVersion: string };
}

export interface Statement {
  Effect: 'Allow' | 'Deny';
  Action: string | string[];
  Resource: Values | Values[];
  Condition?: unknown;
}

/** What synthesis leaves behind, as those who deploy or run it see it: a template, and a folder with each function's code. */
export class Synthesis {
  readonly template: { Resources: Record<string, Resource<unknown>>; Outputs: Record<string, { Value: unknown }> };
  private readonly folder = mkdtempSync(join(tmpdir(), 'fanout-synth-'));

  constructor(context: Record<string, unknown>) {
    makeApp(context, this.folder).synth();
    this.template = JSON.parse(readFileSync(join(this.folder, 'EventFanout.template.json'), 'utf8'));
  }

  all<T extends keyof Kinds>(type: T): Resource<Kinds[T]>[] {
    return Object.entries(this.template.Resources)
      .filter(([, resource]) => resource.Type === type)
      .map(([id, resource]) => ({ ...(resource as Resource<Kinds[T]>), id }));
  }

  /** A file of a function's code. */
  code(lambda: Resource<Kinds['AWS::Lambda::Function']>, file: string): Buffer {
    return readFileSync(join(this.folder, `asset.${lambda.Properties.Code.S3Key.replace('.zip', '')}`, file));
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** The resource that a `Ref` or `Fn::GetAtt` anywhere in a value points at. */
export function target(value: unknown): string {
  const id = /"(?:Ref|Fn::GetAtt)":\[?"((?!AWS::)[^"]+)"/.exec(JSON.stringify(value))?.[1];
  if (id === undefined) throw new Error(`points at nothing: ${JSON.stringify(value)}`);
  return id;
}

/** A logical id as a person would say it: `EventFanoutLaneallDead53B99361` is `LaneallDead`. */
export const nameOf = (id: string): string => id.replace(/^EventFanout/, '').replace(/[0-9A-F]{8}$/, '');

export const list = <T>(value: T | T[]): T[] => (Array.isArray(value) ? value : [value]);
