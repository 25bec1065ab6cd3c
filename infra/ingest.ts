import { Rule } from 'aws-cdk-lib/aws-events';
import type { Construct } from 'constructs';
import { authVariable, type Auth } from './auth.ts';
import type { Bundles } from './bundle.ts';
import { letPublish } from './bus.ts';
import type { CanaryTraffic } from './canary.ts';
import type { InboundQueues } from './inbound-queues.ts';
import { INBOUND_CONCURRENCY } from './lane-plan.ts';
import { EVENT_SOURCE, inboundPatterns } from './patterns.ts';
import { toQueue, work } from './queue.ts';
import { StageFunction } from './stage-function.ts';
import type { State } from './state.ts';
import { allow } from './table.ts';

/** What every function that accepts events is made with. */
export interface IngestProps {
  state: State;
  bundles: Bundles;
  canary: CanaryTraffic | undefined;
  retentionDays: number;
  /** Events a second that a tenant may post; 0: as many as it likes. */
  ingestPerSecond: number;
  auth: Auth;
}

/** The function that takes events over HTTP. Whoever makes it lets it read the admin key. */
export function makeIngest(scope: Construct, id: string, props: IngestProps): StageFunction<'ingest'> {
  const { state, bundles, canary } = props;
  const { tables, adminKey, publisherPath: rolePath } = state;
  const ingest = new StageFunction(scope, id, {
    stage: 'ingest',
    bundles,
    canary,
    rolePath,
    environment: {
      ...variablesOf(props),
      CONTROL_TABLE: tables.control.tableName,
      AUTH: authVariable(props.auth),
      ADMIN_KEY_SECRET: adminKey.arn,
    },
  });
  allow(ingest, tables.control, ['GetItem']);
  letAccept(ingest, state);
  return ingest;
}

export interface InboundProps extends IngestProps {
  queues: InboundQueues;
  /** Of the services whose events are taken. */
  sources: readonly string[];
}

/** Takes what other services put on the bus through ingest: rule -> inbound queue -> the checks of a post -> the bus, as ours. */
export function makeInbound(scope: Construct, id: string, props: InboundProps): StageFunction<'inbound'> {
  const { state, bundles, canary, queues, sources } = props;
  const inbound = new StageFunction(scope, id, {
    stage: 'inbound',
    bundles,
    canary,
    rolePath: state.publisherPath,
    environment: {
      ...variablesOf(props),
      INBOUND_QUEUE_URL: queues.events.queueUrl,
      INBOUND_DEAD_QUEUE_URL: queues.dead.queueUrl,
    },
  });
  letAccept(inbound, state);
  for (const queue of [queues.events, queues.dead]) queue.grant(inbound, 'sqs:SendMessage');
  work(inbound, queues.events, { batchSize: 10, maxConcurrency: INBOUND_CONCURRENCY });
  inboundPatterns(sources).forEach(
    (eventPattern, index) =>
      new Rule(scope, `${id}Rule${index + 1}`, {
        eventBus: state.bus,
        eventPattern,
        // Fair by source: a tenant's name is not checked yet, and one that is no group of SQS's would not get as far as a refusal.
        targets: [toQueue(queues.events, { undeliverable: queues.dead, fairBy: '$.source' })],
      }),
  );
  return inbound;
}

const variablesOf = ({ state: { tables, bus }, retentionDays, ingestPerSecond }: IngestProps) => ({
  FLOW_TABLE: tables.flow.tableName,
  BUS_NAME: bus.eventBusName,
  EVENT_SOURCE,
  RETENTION_DAYS: String(retentionDays),
  INGEST_PER_SECOND: String(ingestPerSecond),
});

function letAccept(stage: StageFunction<'ingest' | 'inbound'>, { tables, bus }: State): void {
  allow(stage, tables.flow, ['GetItem', 'Query', 'PutItem', 'UpdateItem']);
  letPublish(stage, bus, [EVENT_SOURCE]);
}
