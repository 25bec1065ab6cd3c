import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { ReceiveMessageCommand, SQSClient, type Message } from '@aws-sdk/client-sqs';
import type { Deployment } from '../../deploy/cdk.ts';
import type { Ministack } from '../../deploy/ministack.ts';
import { callerOf } from '../support/api.ts';
import { startInbox } from '../support/subscriber.ts';
import { until } from '../support/until.ts';

/** Of a service that puts its events on the bus: the check deploys with it. */
export const SOURCE = 'my.orders';

const TENANT = 'by-bus';
const DATA = '{"id":"g1","price":199.00}';

/** A good one, a bad one, and one of a service that nobody has let in. */
const ENTRIES = [
  { Source: SOURCE, detail: { tenant: TENANT, event_id: 'good', data: DATA } },
  { Source: SOURCE, detail: { tenant: TENANT, event_id: 'bad', data: { id: 7 } } },
  { Source: 'my.shop', detail: { tenant: TENANT, event_id: 'other', data: DATA } },
];

/** Resolves when the good one has reached its subscriber, and the bad one lies in the dead queue with its error. */
export async function expectTakenFromBus(ministack: Ministack, deployment: Deployment, withinMs: number) {
  const inbox = await startInbox();
  const api = callerOf(deployment);
  await api.subscribe(TENANT, { url: inbox.url, event_types: ['Guest.*'] });
  await put(ministack, deployment.output('BusName'));

  const [request] = await inbox.waitFor(1, withinMs);
  const text = request!.body.toString();
  if (!text.includes(`"event_id":"good"`) || !text.includes(`"data":${DATA}`)) throw new Error(`It got ${text}`);
  const { Body, MessageAttributes } = await deadLetter(ministack, deployment, withinMs);
  const code = MessageAttributes?.['ERROR_CODE']?.StringValue;
  if (!Body?.includes('"bad"') || code !== 'schema_mismatch') throw new Error(`The dead queue has ${code}: ${Body}`);
  for (const id of ['bad', 'other']) {
    const { status } = await api.get(`/v1/tenants/${TENANT}/events/${id}`);
    if (status !== 404) throw new Error(`${id} was accepted.`);
  }
  await inbox.close();
}

async function put({ client }: Ministack, EventBusName: string): Promise<void> {
  const events = new EventBridgeClient(client);
  const Entries = ENTRIES.map(({ Source, detail }) => ({
    EventBusName,
    Source,
    DetailType: 'Guest.Created',
    Detail: JSON.stringify(detail),
  }));
  const { FailedEntryCount } = await events.send(new PutEventsCommand({ Entries }));
  if (FailedEntryCount !== 0) throw new Error(`The bus refuses ${FailedEntryCount} of ${Entries.length} events.`);
}

async function deadLetter({ client }: Ministack, deployment: Deployment, withinMs: number): Promise<Message> {
  const queues = new SQSClient(client);
  const QueueUrl = deployment
    .output('InboundQueues')
    .split(' ')
    .find((url) => url.includes('Dead'));
  const take = async (): Promise<Message | undefined> => {
    const { Messages = [] } = await queues.send(
      new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 1, MessageAttributeNames: ['All'] }),
    );
    return Messages[0];
  };
  return until(take, withinMs);
}
