import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { stat } from 'node:fs/promises';
import { request } from 'node:http';
import { createInterface } from 'node:readline';
import { DatabaseSync } from 'node:sqlite';
import { text } from 'node:stream/consumers';
import { afterEach, describe, expect, test } from '@jest/globals';
import { GetItemCommand, PutItemCommand, QueryCommand } from '@aws-sdk/client-dynamodb';
import {
  ChangeMessageVisibilityCommand,
  GetQueueAttributesCommand,
  SendMessageBatchCommand,
  SendMessageCommand,
} from '@aws-sdk/client-sqs';
import type { Deed, Said } from '../support/queue-victim.ts';
import { countOf, drain, emulatorBench, receive, type Started } from '../support/emulators.ts';
import { listeningAddresses } from '../support/listening-addresses.ts';

const bench = emulatorBench();
afterEach(bench.cleanUp);

const send = async ({ sqs }: Started, QueueUrl: string, MessageBody: string, DelaySeconds = 0) =>
  sqs.send(new SendMessageCommand({ QueueUrl, MessageBody, DelaySeconds }));

describe('a queue that is kept on disk', () => {
  test('shows a message again when its visibility time-out is over, and counts on through a restart, save the one that it ended', async () => {
    const folder = await bench.folder();
    const spec = { name: 'events', attributes: { VisibilityTimeout: '1' } };
    const first = await bench.start(folder);
    const { url } = first.ensureQueue(spec);
    await send(first, url, 'hello');

    const [taken] = await receive(first.sqs, url);
    const [again] = await receive(first.sqs, url, 5);
    expect([taken, again].map((message) => message && countOf(message))).toEqual([1, 2]);

    await first.stop();
    const second = await bench.start(folder);
    const messages = await receive(second.sqs, second.ensureQueue(spec).url);
    expect(messages.map(countOf)).toEqual([2]);
  });

  test('takes a message back at once when its visibility is set to 0, and counts on through a restart', async () => {
    const folder = await bench.folder();
    const spec = { name: 'events', attributes: {} };
    const first = await bench.start(folder);
    const { url: QueueUrl } = first.ensureQueue(spec);
    await send(first, QueueUrl, 'hello');

    const [taken] = await receive(first.sqs, QueueUrl);
    const handBack = { QueueUrl, ReceiptHandle: taken?.ReceiptHandle, VisibilityTimeout: 0 };
    await first.sqs.send(new ChangeMessageVisibilityCommand(handBack));
    await first.stop();

    const second = await bench.start(folder);
    const messages = await receive(second.sqs, second.ensureQueue(spec).url);
    expect(messages.map(countOf)).toEqual([2]);
  });

  test('counts no receive twice whose process died, however often it did', async () => {
    const folder = await bench.folder();
    for (let lives = 0; lives < 4; lives++) {
      const emulators = await bench.start(folder);
      const { url, dead } = queueWithDead(emulators);
      if (lives === 0) await send(emulators, url, 'survivor');
      expect((await receive(emulators.sqs, url, 5)).map(countOf)).toEqual([lives === 0 ? 1 : 2]);
      expect(await receive(emulators.sqs, dead)).toEqual([]);
      await emulators.stop();
    }
  });

  test('moves a message to the dead queue after its last receive, where it survives a restart', async () => {
    const folder = await bench.folder();
    const first = await bench.start(folder);
    const { url, dead } = queueWithDead(first);
    await send(first, url, 'poison');

    for (let at = 0; at < 2; at++) expect(await receive(first.sqs, url, 5)).toHaveLength(1);
    await receive(first.sqs, url, 2); // this receive finds it received too often
    const letters = await receive(first.sqs, dead);
    expect(letters).toMatchObject([{ Body: 'poison' }]);
    expect(letters.map(countOf)).toEqual([3]); // as on AWS, where the move is no receive

    await first.stop();
    const second = await bench.start(folder);
    const reopened = queueWithDead(second);
    expect(await receive(second.sqs, reopened.url)).toEqual([]);
    expect(await receive(second.sqs, reopened.dead)).toMatchObject([{ Body: 'poison' }]);
  });

  test('keeps a message that cannot be moved to the dead queue', async () => {
    const folder = await bench.folder();
    const first = await bench.start(folder);
    const { url } = queueWithDead(first);
    await send(first, url, 'poison');
    for (let at = 0; at < 2; at++) expect(await receive(first.sqs, url, 5)).toHaveLength(1);

    const disk = new DatabaseSync(`${folder}/queues/fauxqs.db`);
    disk.exec(`CREATE TRIGGER full BEFORE INSERT ON sqs_messages BEGIN SELECT RAISE(ABORT, 'no space'); END`);
    expect(await receive(first.sqs, url, 2)).toEqual([]); // the move was tried, and failed half-way
    disk.exec('DROP TRIGGER full');
    disk.close();

    await first.stop();
    const second = await bench.start(folder);
    const reopened = queueWithDead(second);
    expect(await receive(second.sqs, reopened.url)).toEqual([]);
    expect(await receive(second.sqs, reopened.dead)).toMatchObject([{ Body: 'poison' }]);
  });

  test('keeps a delay through a restart', async () => {
    const folder = await bench.folder();
    const spec = { name: 'retries', attributes: {} };
    const first = await bench.start(folder);
    const sentAt = Date.now();
    await send(first, first.ensureQueue(spec).url, 'later', 2);
    await first.stop();

    const second = await bench.start(folder);
    const messages = await receive(second.sqs, second.ensureQueue(spec).url, 10);
    expect(messages.map(({ Body }) => Body)).toEqual(['later']);
    expect(Date.now() - sentAt).toBeGreaterThanOrEqual(1_990);
  });

  test('takes new attributes when it is declared again, and keeps its messages', async () => {
    const emulators = await bench.start(await bench.folder());
    const { url: QueueUrl } = emulators.ensureQueue({
      name: 'q',
      attributes: { VisibilityTimeout: '60', DelaySeconds: '0' },
    });
    await send(emulators, QueueUrl, 'hello');

    emulators.ensureQueue({ name: 'q', attributes: { DelaySeconds: '5' } });
    const { Attributes } = await emulators.sqs.send(
      new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['All'] }),
    );
    expect(Attributes).toMatchObject({ DelaySeconds: '5', VisibilityTimeout: '30', ApproximateNumberOfMessages: '1' });
  });

  const queueWithDead = (emulators: Started) => {
    const dead = emulators.ensureQueue({ name: 'dead', attributes: {} });
    const RedrivePolicy = JSON.stringify({ deadLetterTargetArn: dead.arn, maxReceiveCount: 2 });
    const { url } = emulators.ensureQueue({ name: 'work', attributes: { VisibilityTimeout: '1', RedrivePolicy } });
    return { url, dead: dead.url };
  };
});

describe('a message that is sent', () => {
  test('keeps its group, also in a batch and through a restart', async () => {
    const folder = await bench.folder();
    const first = await bench.start(folder);
    const spec = { name: 'work', attributes: {} };
    const { url: QueueUrl } = first.ensureQueue(spec);
    await first.sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: 'x', MessageGroupId: 'a' }));
    const Entries = ['b', undefined, 'c'].map((MessageGroupId, at) => ({
      Id: String(at),
      MessageBody: 'x',
      MessageGroupId,
    }));
    await first.sqs.send(new SendMessageBatchCommand({ QueueUrl, Entries }));
    await first.stop();

    const second = await bench.start(folder);
    const messages = await receive(second.sqs, second.ensureQueue(spec).url);
    expect(messages.map(({ Attributes }) => Attributes?.MessageGroupId)).toEqual(['a', 'b', undefined, 'c']);
  });

  test.each([
    ['a delay of more than 900 seconds', { DelaySeconds: 901 }, 'DelaySeconds must be >= 0 and <= 900.'],
    ['a group with a space in it', { MessageGroupId: 'a b' }, 'alphanumeric and punctuation characters'],
    ['a group of 129 characters', { MessageGroupId: 'a'.repeat(129) }, '1 to 128 in length'],
  ])('is refused with %s', async (_, given, reason) => {
    const emulators = await bench.start();
    const { url: QueueUrl } = emulators.ensureQueue({ name: 'work', attributes: {} });
    const sending = emulators.sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: 'x', ...given }));
    await expect(sending).rejects.toMatchObject({
      name: 'InvalidParameterValue',
      message: expect.stringContaining(reason),
    });
    expect(await receive(emulators.sqs, QueueUrl)).toEqual([]);
  });

  test('may wait for 900 seconds in a group of 128 characters', async () => {
    const emulators = await bench.start();
    const { url: QueueUrl } = emulators.ensureQueue({ name: 'work', attributes: {} });
    const most = { DelaySeconds: 900, MessageGroupId: '~'.repeat(128) };
    const sending = emulators.sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: 'x', ...most }));
    await expect(sending).resolves.toMatchObject({ MessageId: expect.any(String) });
  });
});

describe('a process that is killed', () => {
  test('loses nothing that was acknowledged, and what it held is visible at once', async () => {
    const folder = await bench.folder();
    const did = await killWhileWorking(folder);
    const emulators = await bench.start(folder);
    const { url } = emulators.ensureQueue({ name: 'work', attributes: { VisibilityTimeout: '600' } });
    const left = new Map((await drain(emulators.sqs, url)).map((message) => [idIn(message.Body), countOf(message)]));
    const stored = await emulators.dynamodb.send(new QueryCommand(wholePartition));

    expect([...did.queued].filter((id) => !left.has(id) && !did.deleting.has(id))).toEqual([]);
    expect([...did.deleted].filter((id) => left.has(id))).toEqual([]);
    expect(did.stored.isSubsetOf(new Set(stored.Items?.map(({ sk }) => sk?.S)))).toBe(true);
    const held = [...did.received].filter((id) => !did.deleting.has(id));
    expect(held.length).toBeGreaterThan(10);
    expect(new Set(held.map((id) => left.get(id)))).toEqual(new Set([2]));
  });

  test('while making a table leaves one that can be used', async () => {
    const folder = await bench.folder();
    const child = spawn(process.execPath, ['test/support/half-made-table.ts', `${folder}/tables`, 'flow']);
    const [, signal] = await once(child, 'exit');
    expect(signal).toBe('SIGKILL');

    const emulators = await bench.start(folder);
    await emulators.ensureTable({ name: 'flow' });
    await emulators.dynamodb.send(new PutItemCommand({ TableName: 'flow', Item: { pk: { S: 'a' }, sk: { S: 'b' } } }));
  });

  const wholePartition = {
    TableName: 'flow',
    KeyConditionExpression: 'pk = :all',
    ExpressionAttributeValues: { ':all': { S: 'all' } },
  };
  const idIn = (body = ''): string => (JSON.parse(body) as { detail: { id: string } }).detail.id;

  /** Answers what the process had said before it was killed, at its fiftieth receive. */
  async function killWhileWorking(folder: string): Promise<Record<Deed, Set<string>>> {
    const child = spawn(process.execPath, ['test/support/queue-victim.ts', folder], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const said: Said[] = [];
    for await (const line of createInterface(child.stdout)) {
      said.push(JSON.parse(line) as Said);
      if (said.filter(({ deed }) => deed === 'received').length === 50) child.kill('SIGKILL');
    }
    const ids = (wanted: Deed) => new Set(said.filter(({ deed }) => deed === wanted).map(({ id }) => id));
    return {
      queued: ids('queued'),
      received: ids('received'),
      deleting: ids('deleting'),
      deleted: ids('deleted'),
      stored: ids('stored'),
    };
  }
});

describe('a table', () => {
  test('keeps its items through a restart and does not mind being declared again', async () => {
    const folder = await bench.folder();
    const Key = { pk: { S: 'a' }, sk: { S: 'b' } };
    const first = await bench.start(folder);
    await first.ensureTable({ name: 'control' });
    await first.dynamodb.send(new PutItemCommand({ TableName: 'control', Item: { ...Key, n: { N: '1' } } }));
    await first.stop();

    const second = await bench.start(folder);
    await second.ensureTable({ name: 'control' });
    const { Item } = await second.dynamodb.send(new GetItemCommand({ TableName: 'control', Key }));
    expect(Item).toEqual({ ...Key, n: { N: '1' } });
  });

  test('survives clients that hang up half-way', async () => {
    const emulators = await bench.start();
    await emulators.ensureTable({ name: 'flow' });
    const headers = { 'content-length': '1000', expect: '100-continue' };
    for (let at = 0; at < 5; at++) {
      const sending = request(emulators.endpoints.dynamodb, { method: 'POST', headers }).on('error', () => {});
      await once(sending, 'continue'); // so the emulator waits for the body now
      sending.destroy();
      await emulators.dynamodb.send(
        new PutItemCommand({ TableName: 'flow', Item: { pk: { S: 'a' }, sk: { S: 'b' } } }),
      );
    }
  });
});

describe('a data folder', () => {
  test('belongs to one set of emulators at a time', async () => {
    const folder = await bench.folder();
    const first = await bench.start(folder);
    await expect(bench.start(folder)).rejects.toThrow(`The data folder ${folder} is in use (process ${process.pid})`);
    await first.stop();
    await bench.start(folder);
  });

  test('is refused to a second process, which says who has it', async () => {
    const folder = await bench.folder();
    await bench.start(folder);
    const child = spawn(process.execPath, ['test/support/queue-victim.ts', folder], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    const complaint = await text(child.stderr);
    expect(complaint).toContain(`The data folder ${folder} is in use (process ${process.pid})`);
  });

  test('shows its key to its owner alone', async () => {
    const folder = await bench.folder();
    await bench.start(folder);
    expect((await stat(`${folder}/kms.key`)).mode & 0o777).toBe(0o600);
  });
});

describe('the listeners', () => {
  test('are on the loopback address and nowhere else', async () => {
    const before = await listeningAddresses();
    const { endpoints } = await bench.start(await bench.folder());
    const opened = (await listeningAddresses()).filter((address) => !before.includes(address));
    expect(opened.toSorted()).toEqual(
      Object.values(endpoints)
        .map((url) => new URL(url).host)
        .toSorted(),
    );
    expect(opened.every((address) => address.startsWith('127.0.0.1:'))).toBe(true);
  });

  test('do not talk to web pages, whose browser would let them read the answer', async () => {
    const { endpoints } = await bench.start();
    const statuses = Object.values(endpoints).map(async (url) => {
      const response = await fetch(url, { method: 'OPTIONS', headers: { origin: 'http://evil.example' } });
      return response.status;
    });
    expect(await Promise.all(statuses)).toEqual([403, 403, 403]);
  });
});

describe('stop', () => {
  test('lets a long poll answer and does not wait for its end', async () => {
    const emulators = await bench.start(await bench.folder());
    const { url } = emulators.ensureQueue({ name: 'idle', attributes: {} });
    const startedAt = Date.now();
    const poll = receive(emulators.sqs, url, 20);
    await receive(emulators.sqs, url); // behind the poll, so the poll has arrived
    await emulators.stop();
    expect(await poll).toEqual([]);
    expect(Date.now() - startedAt).toBeLessThan(10_000);
  });

  test('keeps every message that was acknowledged while it ran', async () => {
    const folder = await bench.folder();
    const first = await bench.start(folder);
    const { url } = first.ensureQueue({ name: 'busy', attributes: {} });
    const sending = Array.from({ length: 40 }, (_, at) => send(first, url, `m${at}`));
    await sending[0];
    await first.stop();
    const sent = (await Promise.allSettled(sending)).filter(({ status }) => status === 'fulfilled');

    const second = await bench.start(folder);
    const found = await drain(second.sqs, second.ensureQueue({ name: 'busy', attributes: {} }).url);
    expect(sent.length).toBeGreaterThan(0);
    expect(found.length).toBeGreaterThanOrEqual(sent.length);
  });
});
