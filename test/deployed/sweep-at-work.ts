import { DynamoDBClient, ListTablesCommand } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient, GetCommand } from '@aws-sdk/lib-dynamodb';
import type { Deployment } from '../../deploy/cdk.ts';
import type { Ministack } from '../../deploy/ministack.ts';
import type { AcceptedEvent } from '../../shared/domain/event.ts';
import type { Table } from '../../shared/store/database.ts';
import { eventsIn } from '../../shared/store/events.ts';
import { keys } from '../../shared/store/keys.ts';
import { callerOf } from '../support/api.ts';
import { make } from '../support/make.ts';
import { startInbox, type Inbox } from '../support/subscriber.ts';
import { until } from '../support/until.ts';

/** What waits for the sweep: events that were accepted minutes ago, and markers that they are not matched yet. */
export interface Planted {
  table: Table;
  inbox: Inbox;
  /** Was never published. */
  forgotten: AcceptedEvent;
  /** Has a marker and is no more itself. */
  lost: AcceptedEvent;
  /** Will be published again in vain, for no lane takes its type. */
  unroutable: AcceptedEvent;
}

const TENANT = 'swept';

/** Leaves the table as a crash between the accepting and the publishing of an event does, and worse. */
export async function plant(ministack: Ministack, deployment: Deployment): Promise<Planted> {
  const table = await flowTable(ministack);
  const inbox = await startInbox();
  await callerOf(deployment).subscribe(TENANT, { url: inbox.url, event_types: ['*'] });

  const accepted_at = new Date(Date.now() - 3 * 60_000).toISOString();
  const forgotten = make.event({ tenant: TENANT, event_id: 'forgotten', accepted_at, timestamp: accepted_at });
  const lost = { ...forgotten, event_id: 'lost' };
  const unroutable = { ...forgotten, event_id: 'unroutable', type: 'Guest.Unheard' };
  const events = eventsIn(table, 14);
  await Promise.all([events.accept(forgotten), events.accept(unroutable)]);
  await Promise.all([forgotten, lost, unroutable].map((event) => events.open(event)));
  return { table, inbox, forgotten, lost, unroutable };
}

async function flowTable({ client }: Ministack): Promise<Table> {
  const plain = new DynamoDBClient(client);
  const { TableNames = [] } = await plain.send(new ListTablesCommand());
  const name = TableNames.find((one) => one.includes('Flow'));
  if (name === undefined) throw new Error(`Which of these is the flow table? ${TableNames.join(', ')}`);
  return { db: DynamoDBDocumentClient.from(plain), name, now: () => new Date() };
}

/** Resolves when the forgotten event is delivered, its marker and that of the lost one are gone, and the third is put off. */
export async function expectSwept(planted: Planted, withinMs: number): Promise<void> {
  const { table, inbox, forgotten, lost, unroutable } = planted;
  const markerOf = async (event: AcceptedEvent) =>
    (await table.db.send(new GetCommand({ TableName: table.name, Key: keys.marker(event), ConsistentRead: true })))
      .Item;

  const [request] = await inbox.waitFor(1, withinMs);
  const { event_id } = JSON.parse(request!.body.toString());
  if (event_id !== forgotten.event_id) throw new Error(`The subscriber got ${event_id}.`);
  await until(async () => !(await markerOf(forgotten)) && !(await markerOf(lost)), withinMs);
  await until(async () => (await markerOf(unroutable))?.tries > 0, withinMs);
  await inbox.close();
}
