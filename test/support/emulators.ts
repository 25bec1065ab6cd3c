import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DeleteMessageCommand, ReceiveMessageCommand, type Message, type SQSClient } from '@aws-sdk/client-sqs';
import { startEmulators, type Emulators } from '../../local/emulators.ts';
import { clientsOf } from './aws-clients.ts';

export type Started = Emulators & ReturnType<typeof clientsOf>;

/** Starts emulators with clients for them; `cleanUp` stops what is still running and removes the folders. */
export function emulatorBench() {
  const running = new Set<Emulators>();
  const folders: string[] = [];
  return {
    async folder(): Promise<string> {
      const folder = await mkdtemp(join(tmpdir(), 'emulators-'));
      folders.push(folder);
      return folder;
    },
    async start(dataDir?: string): Promise<Started> {
      const emulators = await startEmulators({ dataDir });
      running.add(emulators);
      return { ...emulators, ...clientsOf(emulators.endpoints) };
    },
    async cleanUp(): Promise<void> {
      for (const emulators of running) await emulators.stop();
      running.clear();
      for (const folder of folders.splice(0)) await rm(folder, { recursive: true });
    },
  };
}

const everything = { MessageSystemAttributeNames: ['All' as const], MessageAttributeNames: ['All'] };

/** At most ten messages; waits for the first one when told to. */
export async function receive(sqs: SQSClient, QueueUrl: string, WaitTimeSeconds = 0): Promise<Message[]> {
  const poll = { QueueUrl, MaxNumberOfMessages: 10, WaitTimeSeconds, ...everything };
  return (await sqs.send(new ReceiveMessageCommand(poll))).Messages ?? [];
}

/** Takes all that is visible now out of the queue. */
export async function drain(sqs: SQSClient, QueueUrl: string): Promise<Message[]> {
  const found: Message[] = [];
  for (let batch = await receive(sqs, QueueUrl); batch.length > 0; batch = await receive(sqs, QueueUrl)) {
    found.push(...batch);
    for (const { ReceiptHandle } of batch) await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }));
  }
  return found;
}

export const countOf = ({ Attributes }: Message): number => Number(Attributes?.ApproximateReceiveCount);
