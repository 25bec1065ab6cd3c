import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { request as httpRequest, type IncomingMessage, type OutgoingHttpHeaders } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import {
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  ListQueuesCommand,
  PurgeQueueCommand,
  SQSClient,
  type Message,
} from '@aws-sdk/client-sqs';
import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import { urlOf } from '../../deploy/cdk.ts';
import { ACCOUNT, REGION } from '../../local/aws/identity.ts';
import { startEmulators } from '../../local/emulators.ts';
import { Logs } from '../../local/logs.ts';
import { startRunner } from '../../local/runner.ts';
import { clientsOf } from '../support/aws-clients.ts';
import { receive } from '../support/emulators.ts';
import { makeProbe, queueNamed } from './probe-stack.ts';
import { openRecorder, type Script } from './recorder.ts';
import { TARGET } from './target.ts';

export interface Asking {
  method?: string;
  /** As it is to stand in the request, with its query. */
  path: string;
  /** Several values of one name are sent as several headers. */
  headers?: OutgoingHttpHeaders;
  body?: string | Buffer;
  /** What the function does; by default it answers 204. */
  script?: Script;
}

export interface Answered {
  status: number;
  headers: IncomingMessage['headersDistinct'];
  body: Buffer;
  /** What the function got; undefined when it was not called. */
  event: APIGatewayProxyEventV2 | undefined;
}

/** A running probe. */
export interface Probe {
  sqs: SQSClient;
  events: EventBridgeClient;
  queueUrl(name: string): string;
  /** How many cases may run at once: cold starts count against a function's time-out where processes are started for them. */
  atOnce: number;
  ask(asking: Asking): Promise<Answered>;
  close(): Promise<void>;
}

/** Takes what is visible in a queue, at most ten messages; waits for the first one when told to. */
export async function take({ sqs, queueUrl }: Probe, queue: string, WaitTimeSeconds = 0): Promise<Message[]> {
  const QueueUrl = queueUrl(queue);
  const messages = await receive(sqs, QueueUrl, WaitTimeSeconds);
  for (const { ReceiptHandle } of messages) await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }));
  return messages;
}

/** Nothing is in it, held, or delayed. */
export async function isEmpty({ sqs, queueUrl }: Probe, queue: string): Promise<boolean> {
  const asked = new GetQueueAttributesCommand({ QueueUrl: queueUrl(queue), AttributeNames: ['All'] });
  const { Attributes = {} } = await sqs.send(asked);
  const counts = Object.entries(Attributes).filter(([name]) => name.startsWith('ApproximateNumberOfMessages'));
  return counts.every(([, count]) => count === '0');
}

/** What the SDK calls an error. */
export const nameOf = (error: unknown): string => (error instanceof Error ? error.name : String(error));

export const openProbe = (): Promise<Probe> => (TARGET === 'local' ? playProbe() : reachProbe());

async function playProbe(): Promise<Probe> {
  const assembly = mkdtempSync(join(tmpdir(), 'probe-'));
  makeProbe(assembly).synth();
  const emulators = await startEmulators({ dataDir: undefined });
  const listening = { host: '127.0.0.1', port: 0 };
  const silent = { logs: new Logs({ dir: undefined }), report: () => {} };
  const runner = await startRunner({ ...listening, ...silent, emulators, assembly, adminKey: '' });
  const { sqs, events } = clientsOf(emulators.endpoints);
  return {
    sqs,
    events,
    // All of them start an environment each, which on two busy cores takes seconds.
    atOnce: 6,
    queueUrl: (name) => `${emulators.endpoints.sqs}/${ACCOUNT}/${queueNamed(name)}`,
    ask: (asking) => ask(`http://127.0.0.1:${runner.port}`, asking),
    async close() {
      await runner.stop();
      await emulators.stop();
      rmSync(assembly, { recursive: true });
    },
  };
}

async function reachProbe(): Promise<Probe> {
  const { AWS_ENDPOINT_URL: endpoint = '', PROBE_API_URL: apiUrl = '' } = process.env;
  const sqs = new SQSClient({ region: REGION, useQueueUrlAsEndpoint: false });
  const events = new EventBridgeClient({ region: REGION });
  await purge(sqs);
  return {
    sqs,
    events,
    atOnce: 4,
    queueUrl: (name) => `${endpoint}/${ACCOUNT}/${queueNamed(name)}`,
    ask: (asking) => ask(urlOf(endpoint, apiUrl), asking),
    async close() {
      sqs.destroy();
      events.destroy();
    },
  };
}

/** What a run that failed has left behind would come to functions whose recorder is gone. */
async function purge(sqs: SQSClient): Promise<void> {
  const { QueueUrls = [] } = await sqs.send(new ListQueuesCommand({ QueueNamePrefix: queueNamed('') }));
  await Promise.all(QueueUrls.map((QueueUrl) => sqs.send(new PurgeQueueCommand({ QueueUrl }))));
}

async function ask(base: string, { path, method = 'GET', headers = {}, body, script }: Asking): Promise<Answered> {
  const recorder = await openRecorder<APIGatewayProxyEventV2>(() => script ?? { returns: { statusCode: 204 } });
  const { protocol, hostname, port, pathname } = new URL(base);
  const open = protocol === 'https:' ? httpsRequest : httpRequest;
  const request = open({
    hostname,
    port,
    path: pathname.replace(/^\/$/, '') + path, // spelled as it is: a URL object would tidy it up
    method,
    headers: { 'X-Recorder': recorder.url, ...headers },
  });
  request.end(body);
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  const answered = {
    status: response.statusCode ?? 0,
    headers: response.headersDistinct,
    body: await buffer(response),
  };
  await recorder.close();
  return { ...answered, event: recorder.events[0] };
}
