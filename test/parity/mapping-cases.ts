import { SendMessageBatchCommand } from '@aws-sdk/client-sqs';
import { expect, test } from '@jest/globals';
import type { SQSEvent, SQSRecord } from 'aws-lambda';
import { until } from '../support/until.ts';
import { differs, undecided } from './differs.ts';
import { isEmpty, type Probe } from './probe.ts';
import type { MAPPED } from './probe-stack.ts';
import { openRecorder, type Script } from './recorder.ts';
import { BATCH_ANSWERS } from './sources.ts';

/** How often each message came until the queue was empty. */
type Arrivals = Record<string, number>;

const LABELS = ['a', 'b', 'c'];
const ALL_AGAIN: Arrivals = { a: 2, b: 2, c: 2 };
const ALL_DONE: Arrivals = { a: 1, b: 1, c: 1 };

interface Case {
  queue: keyof typeof MAPPED | 'hangs';
  answer: string;
  script(event: SQSEvent): Script;
  aws: Arrivals;
  /** Where it differs. */
  emulator?: Arrivals;
}

const isFirst = ({ attributes }: SQSRecord): boolean => attributes.ApproximateReceiveCount === '1';
const labelOf = ({ body }: SQSRecord): string => JSON.parse(body).label;

/**
 * Sends three messages, and gives the batches in which they came. The function does what `script` says with those that it gets
 * for the first time, and answers nothing when they come again.
 */
async function batchesOf(probe: Probe, { queue, script }: Pick<Case, 'queue' | 'script'>): Promise<SQSRecord[][]> {
  const recorder = await openRecorder<SQSEvent>((event) => (event.Records.some(isFirst) ? script(event) : {}));
  const Entries = LABELS.map((label) => ({
    Id: label,
    MessageBody: JSON.stringify({ recorder: recorder.url, label }),
  }));
  await probe.sqs.send(new SendMessageBatchCommand({ QueueUrl: probe.queueUrl(queue), Entries }));
  await until(() => isEmpty(probe, queue), 40_000);
  await recorder.close();
  return recorder.events.map(({ Records }) => Records);
}

/** Which messages share a batch is for the queue to say, so no case depends on that. */
function arrivalsIn(batches: readonly SQSRecord[][]): Arrivals {
  const labels = batches.flat().map(labelOf);
  return Object.fromEntries(LABELS.map((label) => [label, labels.filter((each) => each === label).length]));
}

const failures = (...items: object[]): Script => ({ returns: { batchItemFailures: items } });
const idsOf = ({ Records }: SQSEvent, ...labels: string[]) =>
  Records.filter((record) => labels.includes(labelOf(record))).map(({ messageId }) => ({ itemIdentifier: messageId }));

/** Those with a known difference are documented: BATCH_ANSWERS lists what is a success and what a failure of the whole batch. */
const CASES: readonly Case[] = [
  {
    queue: 'some-fail',
    answer: 'names one message',
    script: (event) => failures(...idsOf(event, 'b')),
    aws: { a: 1, b: 2, c: 1 },
  },
  {
    queue: 'all-fail',
    answer: 'names all messages',
    script: (event) => failures(...idsOf(event, 'a', 'b', 'c')),
    aws: ALL_AGAIN,
  },
  {
    queue: 'unknown-id',
    answer: 'names an unknown id',
    script: () => failures({ itemIdentifier: 'x' }),
    aws: ALL_AGAIN,
    emulator: ALL_DONE,
  },
  {
    queue: 'good-id-and-unknown-id',
    answer: 'names a message and an unknown id',
    script: (event) => failures(...idsOf(event, 'a'), { itemIdentifier: 'x' }),
    aws: ALL_AGAIN,
    emulator: { a: 2, b: 1, c: 1 },
  },
  {
    queue: 'empty-id',
    answer: 'names an empty id',
    script: () => failures({ itemIdentifier: '' }),
    aws: ALL_AGAIN,
    emulator: ALL_DONE,
  },
  {
    queue: 'null-id',
    answer: 'names null',
    script: () => failures({ itemIdentifier: null }),
    aws: ALL_AGAIN,
    emulator: ALL_DONE,
  },
  {
    queue: 'id-of-another-name',
    answer: 'calls the ids otherwise',
    script: ({ Records }) => failures(...Records.map(({ messageId }) => ({ id: messageId }))),
    aws: ALL_AGAIN,
    emulator: ALL_DONE,
  },
  {
    queue: 'null-failures',
    answer: 'has null for failures',
    script: () => ({ returns: { batchItemFailures: null } }),
    aws: ALL_DONE,
    emulator: ALL_AGAIN,
  },
  {
    queue: 'no-list',
    answer: 'has a text for failures',
    script: () => ({ returns: { batchItemFailures: 'x' } }),
    aws: ALL_AGAIN,
  },
  { queue: 'no-failures', answer: 'names no message', script: () => failures(), aws: ALL_DONE },
  { queue: 'null-answer', answer: 'is null', script: () => ({ returns: null }), aws: ALL_DONE },
  { queue: 'empty-answer', answer: 'is an empty object', script: () => ({ returns: {} }), aws: ALL_DONE },
  { queue: 'throws', answer: 'is an error', script: () => ({ throws: 'no' }), aws: ALL_AGAIN },
  { queue: 'hangs', answer: 'does not come in time', script: () => ({ hangs: true }), aws: ALL_AGAIN },
  {
    queue: 'not-reporting',
    answer: 'names all messages, to a mapping that does not ask',
    script: (event) => failures(...idsOf(event, 'a', 'b', 'c')),
    aws: ALL_DONE,
  },
];

/** "Invalid JSON" is a failure, says the documentation, and does not say what valid JSON of another kind is. */
const NO_OBJECT: Case = {
  queue: 'no-object',
  answer: 'is a text',
  script: () => ({ returns: 'done' }),
  aws: ALL_AGAIN,
};

/** All cases are begun at once, as far as the probe bears it: most of their time they wait for a queue. */
function begin(probe: Probe, cases: readonly Case[]): Map<Case, Promise<Arrivals>> {
  const lanes = Array.from({ length: Math.min(probe.atOnce, cases.length) }, () => Promise.resolve<unknown>(undefined));
  return new Map(
    cases.map((each, nth) => {
      const lane = nth % lanes.length;
      const arrivals = (lanes[lane] ?? Promise.resolve()).then(async () => arrivalsIn(await batchesOf(probe, each)));
      lanes[lane] = arrivals.catch(() => {}); // its own test says why
      return [each, arrivals];
    }),
  );
}

/** What becomes of a batch, by what the function answers. */
export function mappingCases(probe: Probe): void {
  const begun = begin(probe, [...CASES, NO_OBJECT]);
  const observe = async (each: Case): Promise<Arrivals | undefined> => begun.get(each);
  for (const each of CASES) {
    const { answer, aws, emulator } = each;
    if (emulator) differs(`an answer that ${answer}`, { aws, emulator, source: BATCH_ANSWERS }, () => observe(each));
    else test(`an answer that ${answer}`, async () => expect(await observe(each)).toEqual(aws));
  }
  undecided(`an answer that ${NO_OBJECT.answer}`, { ours: ALL_AGAIN, emulator: ALL_DONE }, () => observe(NO_OBJECT));

  test('a batch is no larger than the mapping says', async () => {
    const batches = await batchesOf(probe, { queue: 'batches-of-two', script: () => ({}) });
    expect(arrivalsIn(batches)).toEqual(ALL_DONE);
    expect(Math.max(...batches.map(({ length }) => length))).toBeLessThanOrEqual(2);
  });
}
