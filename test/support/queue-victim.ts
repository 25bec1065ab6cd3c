/**
 * A process to be killed: `node queue-victim.ts <data folder>` publishes, sends, stores, receives and deletes without end. It prints
 * one JSON line for every deed the emulators have said yes to, and one before each deletion, whose answer a kill may swallow.
 */
import { PutItemCommand } from '@aws-sdk/client-dynamodb';
import { PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { DeleteMessageCommand, ReceiveMessageCommand, SendMessageCommand } from '@aws-sdk/client-sqs';
import { startEmulators } from '../../local/emulators.ts';
import { clientsOf } from './aws-clients.ts';

export type Deed = 'queued' | 'stored' | 'received' | 'deleting' | 'deleted';
export interface Said {
  deed: Deed;
  id: string;
}

const say = (deed: Deed, id: string): void => console.log(JSON.stringify({ deed, id } satisfies Said));

setTimeout(() => process.exit(1), 60_000).unref(); // should nobody kill it

const emulators = await startEmulators({ dataDir: process.argv[2] });
const { sqs, events, dynamodb } = clientsOf(emulators.endpoints);
const { url: QueueUrl, arn: queueArn } = emulators.ensureQueue({
  name: 'work',
  attributes: { VisibilityTimeout: '600' },
});
await emulators.ensureTable({ name: 'flow' });
emulators.setRules([{ name: 'all', busName: 'bus', pattern: { source: ['test'] }, targets: [{ queueArn }] }]);

async function publish(id: string): Promise<void> {
  const entry = { EventBusName: 'bus', Source: 'test', DetailType: 'work', Detail: JSON.stringify({ id }) };
  await events.send(new PutEventsCommand({ Entries: [entry] }));
  say('queued', id);
}

async function send(id: string): Promise<void> {
  await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: JSON.stringify({ detail: { id } }) }));
  say('queued', id);
}

async function store(id: string): Promise<void> {
  await dynamodb.send(new PutItemCommand({ TableName: 'flow', Item: { pk: { S: 'all' }, sk: { S: id } } }));
  say('stored', id);
}

async function take(toDelete: boolean): Promise<void> {
  const { Messages = [] } = await sqs.send(new ReceiveMessageCommand({ QueueUrl }));
  for (const { Body = '', ReceiptHandle } of Messages) {
    const { id } = (JSON.parse(Body) as { detail: { id: string } }).detail;
    say('received', id);
    if (!toDelete) continue;
    say('deleting', id);
    await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }));
    say('deleted', id);
  }
}

for (let round = 0; ; round++) {
  await Promise.all([publish(`p${round}`), send(`s${round}`), store(`i${round}`), take(round % 2 === 0)]);
}
