import { App, CfnOutput, RemovalPolicy, Stack, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks, ServerlessChecks } from 'cdk-nag';
import cdkJson from '../cdk.json' with { type: 'json' };
import { BadSetting } from './bad-setting.ts';
import { EventFanout } from './event-fanout.ts';
import { readSettings } from './settings.ts';

/**
 * The app as CDK's context asks for it: `cdk synth -c stage=dev`, or the same by hand, which needs no CLI:
 * `CDK_OUTDIR=cdk.out CDK_CONTEXT_JSON='{"stage":"dev"}' node infra/app.ts`.
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
  const { stage, stackName, ...settings } = readSettings(app.node.getAllContext() as Record<string, unknown>);
  const stack = new Stack(app, 'EventFanout', { stackName, terminationProtection: stage === 'prod' });
  const dev = stage === 'dev' ? ({ lanes: 'one', removalPolicy: RemovalPolicy.DESTROY } as const) : {};
  tell(new EventFanout(stack, 'EventFanout', { ...settings, ...dev }));
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app), new ServerlessChecks(app));
  return app;
}

/** What whoever deploys needs next. Never the key itself. */
function tell(fanout: EventFanout): void {
  const stack = Stack.of(fanout);
  const arn = fanout.adminKey.secretArn;
  const command = `aws secretsmanager get-secret-value --secret-id ${arn} --query SecretString --output text`;
  new CfnOutput(stack, 'ApiUrl', { value: fanout.apiUrl });
  new CfnOutput(stack, 'AdminKeySecretArn', { value: arn });
  new CfnOutput(stack, 'AdminKeyCommand', { value: command });
  new CfnOutput(stack, 'BusName', { value: fanout.bus.eventBusName });
}

if (import.meta.main) {
  try {
    makeApp().synth();
  } catch (error) {
    if (!(error instanceof BadSetting)) throw error;
    console.error(error.message);
    process.exitCode = 1;
  }
}
