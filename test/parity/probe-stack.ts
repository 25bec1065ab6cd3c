import { fileURLToPath } from 'node:url';
import { App, CfnOutput, Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { HttpApi, HttpMethod } from 'aws-cdk-lib/aws-apigatewayv2';
import { HttpLambdaIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations';
import { EventBus, Rule, type EventPattern, type IRuleTarget } from 'aws-cdk-lib/aws-events';
import { SqsQueue } from 'aws-cdk-lib/aws-events-targets';
import { ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Code, Function as Lambda, Runtime } from 'aws-cdk-lib/aws-lambda';
import { SqsEventSource, type SqsEventSourceProps } from 'aws-cdk-lib/aws-lambda-event-sources';
import { Queue, type QueueProps } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import { DETAIL_PATTERNS } from './detail-patterns.ts';
import { HIDDEN_SECONDS } from './target.ts';

export const BUS = 'probe';
export const SOURCE = 'probe';

/** What a queue is called where it is deployed, and the local runner takes that name too. */
export const queueNamed = (name: string): string => `probe-${name}`;

type Mapped = { queue?: Partial<QueueProps>; mapping?: SqsEventSourceProps };

const reporting: Mapped = { mapping: { reportBatchItemFailures: true } };

/** Queues that drive the worker: one for each case, so that none has to tell its messages from another's. */
export const MAPPED = {
  'some-fail': reporting,
  'all-fail': reporting,
  'unknown-id': reporting,
  'good-id-and-unknown-id': reporting,
  'empty-id': reporting,
  'null-id': reporting,
  'id-of-another-name': reporting,
  'no-object': reporting,
  'no-list': reporting,
  'no-failures': reporting,
  'null-failures': reporting,
  'null-answer': reporting,
  'empty-answer': reporting,
  throws: reporting,
  'not-reporting': {},
  'batches-of-two': { mapping: { batchSize: 2, reportBatchItemFailures: true } },
  records: reporting,
  attributes: reporting,
  'groups-sent': reporting,
  delays: reporting,
} satisfies Record<string, Mapped>;

export const MOST_RECEIVES = 3;

/** A small app of everything that event-fanout is made of. What its functions do is said by whoever calls them. */
export class ProbeStack extends Stack {
  constructor(scope: Construct, id: string) {
    super(scope, id);
    const worker = scripted(this, 'Worker', HIDDEN_SECONDS);
    const hanging = scripted(this, 'Hanging', HIDDEN_SECONDS / 2);
    for (const [name, given] of Object.entries<Mapped>(MAPPED)) drive(worker, name, given);
    drive(hanging, 'hangs', reporting);
    makeQueue(this, 'refused');
    const deadLetterQueue = { queue: makeQueue(this, 'dead'), maxReceiveCount: MOST_RECEIVES };
    drive(worker, 'receives', { ...reporting, queue: { deadLetterQueue } });

    serve(this, scripted(this, 'Api', 10), hanging);
    publish(this);
  }
}

const scripted = (scope: Construct, id: string, seconds: number): Lambda =>
  new Lambda(scope, id, {
    runtime: Runtime.NODEJS_24_X,
    code: Code.fromAsset(fileURLToPath(new URL('probe-function', import.meta.url))),
    handler: 'index.handler',
    timeout: Duration.seconds(seconds),
  });

const makeQueue = (scope: Construct, name: string, props: Partial<QueueProps> = {}): Queue =>
  new Queue(scope, `Queue-${name}`, {
    queueName: queueNamed(name),
    removalPolicy: RemovalPolicy.DESTROY,
    ...props,
  });

function drive(worker: Lambda, name: string, { queue, mapping }: Mapped): void {
  const made = makeQueue(Stack.of(worker), name, { visibilityTimeout: Duration.seconds(HIDDEN_SECONDS), ...queue });
  worker.addEventSource(new SqsEventSource(made, mapping));
}

function serve(stack: Stack, handler: Lambda, hanging: Lambda): void {
  const integration = new HttpLambdaIntegration('Handler', handler);
  const api = new HttpApi(stack, 'HttpApi', { defaultIntegration: integration });
  api.addRoutes({ path: '/things/{thing}/parts/{part}', methods: [HttpMethod.GET, HttpMethod.PUT], integration });
  api.addRoutes({ path: '/files/{path+}', integration });
  api.addRoutes({ path: '/hanging', integration: new HttpLambdaIntegration('Hanging', hanging) });
  new CfnOutput(stack, 'ApiUrl', { value: api.apiEndpoint });
}

function publish(stack: Stack): void {
  const bus = new EventBus(stack, 'Bus', { eventBusName: BUS });
  const route = (name: string, eventPattern: EventPattern, target: IRuleTarget): Rule =>
    new Rule(stack, `Rule-${name}`, { eventBus: bus, eventPattern, targets: [target] });

  for (const [name, pattern] of Object.entries(DETAIL_PATTERNS))
    route(name, { detailType: ['Pattern'], detail: { ...pattern } }, new SqsQueue(makeQueue(stack, `matched-${name}`)));
  const envelopes = makeQueue(stack, 'envelopes');
  route('envelopes', { source: [SOURCE], detailType: ['Envelope'] }, new SqsQueue(envelopes));
  const groups = makeQueue(stack, 'groups');
  route('groups', { detailType: ['Group'] }, new SqsQueue(groups, { messageGroupId: '$.detail.tenant' }));
  const undeliverable = makeQueue(stack, 'undeliverable');
  undeliverable.grantSendMessages(new ServicePrincipal('events.amazonaws.com'));
  route('nowhere', { detailType: ['Nowhere'] }, toNowhere(stack, undeliverable));
}

/** A queue that was never made. */
const toNowhere = (stack: Stack, undeliverable: Queue): IRuleTarget => ({
  bind: () => ({
    arn: stack.formatArn({ service: 'sqs', resource: queueNamed('nowhere') }),
    deadLetterConfig: { arn: undeliverable.queueArn },
    retryPolicy: { maximumRetryAttempts: 0 },
  }),
});

/** @param outdir where to; without it CDK's own choice */
export function makeProbe(outdir?: string): App {
  const app = new App({ analyticsReporting: false, ...(outdir !== undefined && { outdir }) });
  new ProbeStack(app, 'Probe');
  return app;
}

if (import.meta.main) makeProbe().synth();
