import { App, CfnOutput, Stack, Tags, Validations } from 'aws-cdk-lib';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import { AwsSolutionsChecks, ServerlessChecks } from 'cdk-nag';
import cdkJson from '../cdk.json' with { type: 'json' };
import { BadSetting } from './bad-setting.ts';
import { EventFanout } from './event-fanout.ts';
import { readSettings } from './settings.ts';

/**
 * The app as CDK's context asks for it: `cdk synth -c stage=dev`, or the same by hand, which needs no CLI:
 * `CDK_OUTDIR=cdk.out CDK_CONTEXT_JSON='{"stage":"dev"}' node infra/app.ts`.
 *
 * Two stacks: what holds something, and what works on it. A deploy of code leaves the first alone.
 *
 * The feature flags are read from cdk.json here as well, so that both ways give the same template.
 *
 * @param outdir where to; without it CDK's own choice: CDK_OUTDIR, or else a new folder for temporary files
 */
export function makeApp(context: Record<string, unknown> = {}, outdir?: string): App {
  const app = new App({
    context: { ...cdkJson.context, ...context },
    ...(outdir !== undefined && { outdir }),
    autoSynth: false,
    analyticsReporting: false,
  });
  const { stage, stackName, ...props } = readSettings(app.node.getAllContext() as Record<string, unknown>);
  const terminationProtection = stage === 'prod';
  const stateIn = new Stack(app, 'EventFanoutState', {
    stackName: `${stackName}-State`,
    description: 'event-fanout: tables, keys, the bus and the queues. Deploys of code leave it alone.',
    terminationProtection,
  });
  const stack = new Stack(app, 'EventFanout', {
    stackName,
    description: 'event-fanout: the HTTP API, the functions and the rules.',
    terminationProtection,
  });
  tell(new EventFanout(stack, 'EventFanout', { ...props, stateIn }));
  Tags.of(app).add('event-fanout:stage', stage);
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app), new ServerlessChecks(app));
  return app;
}

/** What whoever deploys and runs it needs next. Never the key itself. */
function tell({ state, api }: EventFanout): void {
  const command = `aws secretsmanager get-secret-value --secret-id ${state.adminKey.arn} --query SecretString --output text`;
  const outputs = {
    ApiUrl: api.url,
    AdminKeySecretArn: state.adminKey.arn,
    AdminKeyCommand: command,
    BusName: state.bus.eventBusName,
    NoticesTopicArn: state.notices.topicArn,
    ...(api.domainTarget !== undefined && { DomainTarget: api.domainTarget }),
  };
  for (const [name, value] of Object.entries(outputs)) new CfnOutput(Stack.of(api), name, { value });
  for (const [lane, queues] of state.lanes) {
    const { events, deliveries, retries, dead } = queues;
    const value = urlsOf(events, deliveries, retries, dead);
    new CfnOutput(Stack.of(state), `QueuesOf${lane}`, { value, description: WHAT_QUEUES });
  }
  const { inbound } = state;
  if (inbound !== undefined) {
    const value = urlsOf(inbound.events, inbound.dead);
    new CfnOutput(Stack.of(state), 'InboundQueues', { value, description: WHAT_INBOUND });
  }
  const value = urlsOf(state.deferred, state.deferredDead);
  new CfnOutput(Stack.of(state), 'DeferredQueues', { value, description: WHAT_DEFERRED });
}

const WHAT_QUEUES = 'The events, deliveries, retries and dead queue of a lane.';
const WHAT_INBOUND = 'The queue of what other services put on the bus, and its dead queue.';
const WHAT_DEFERRED = 'The queue of what comes late or takes long, and its dead queue.';

const urlsOf = (...queues: Queue[]): string => queues.map(({ queueUrl }) => queueUrl).join(' ');

if (import.meta.main) {
  try {
    makeApp().synth();
  } catch (error) {
    if (!(error instanceof BadSetting)) throw error;
    console.error(error.message);
    process.exitCode = 1;
  }
}
