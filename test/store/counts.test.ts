import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { attemptsIn } from '../../shared/store/attempts.ts';
import { eventsIn } from '../../shared/store/events.ts';
import { startDynalite, type DynamoDb, type Meddler, type TestTable } from '../support/dynamodb.ts';
import { AT, make } from '../support/make.ts';
import { countsContract } from './counts.contract.ts';
import { figuresContract } from './figures.contract.ts';

let dynalite: DynamoDb;
beforeAll(async () => {
  dynalite = await startDynalite();
});
afterEach(() => dynalite.leaveAlone());
afterAll(() => dynalite.close());

countsContract('dynalite', () => dynalite.open());
figuresContract('dynalite', () => dynalite.open());

const isCount = (request: unknown): boolean => JSON.stringify(request).includes('COUNT#');

/** The table takes no count: where there is other work it names the counts as unprocessed, else it refuses the call or the item. */
const withoutCounts =
  (alone: 'unprocessed' | 'refused'): Meddler =>
  async (call, pass) => {
    if (call.operation !== 'BatchWriteItem') return pass(call.input);
    const [[name, requests] = ['', []]] = Object.entries(call.input['RequestItems'] as Record<string, unknown[]>);
    const others = requests.filter((request) => !isCount(request));
    if (others.length > 0) await pass({ RequestItems: { [name]: others } });
    else if (alone === 'refused') {
      const type = 'com.amazonaws.dynamodb.v20120810#ValidationException';
      return { status: 400, output: { __type: type, message: 'too hot' } };
    }
    const left = requests.filter(isCount);
    return { status: 200, output: { UnprocessedItems: left.length > 0 ? { [name]: left } : {} } };
  };

describe.each(['unprocessed', 'refused'] as const)('counts that the table does not take (%s)', (alone) => {
  const kinds = async (table: TestTable): Promise<string[]> =>
    [...new Set((await table.scan()).map(({ pk }) => String(pk).split('#')[0]!))].toSorted();

  test('keep no attempt from being recorded, and are told of once', async () => {
    const table = await dynalite.open();
    const lost: Error[] = [];
    const attempts = attemptsIn(table, 14, { uncounted: (error) => void lost.push(error) });
    dynalite.meddle(withoutCounts(alone));
    await Promise.all([1, 2, 3].map((attempt) => attempts.record(make.step({ attempt }), make.attempt({ attempt }))));
    dynalite.leaveAlone();
    expect(await attempts.ofDelivery(make.event(), 'sub_1')).toHaveLength(3);
    expect(lost).toHaveLength(1);
    expect(await kinds(table)).toEqual(['AT']);
  });

  test('keep no event from being closed', async () => {
    const table = await dynalite.open();
    const lost: Error[] = [];
    const events = eventsIn(table, 14, { uncounted: (error) => void lost.push(error) });
    await events.open(make.event());
    dynalite.meddle(withoutCounts(alone));
    await events.close([{ event: make.event(), matched: { at: AT, subscriptions: ['sub_1'] } }]);
    dynalite.leaveAlone();
    expect(await kinds(table)).toEqual(['EV', 'TIME']);
    expect(lost).toHaveLength(1);
  });
});

test('a count that the table takes at the second time is kept', async () => {
  const table = await dynalite.open();
  const attempts = attemptsIn(table, 14);
  let calls = 0;
  dynalite.meddle((call, pass) => (++calls === 1 ? withoutCounts('unprocessed')(call, pass) : pass(call.input)));
  await attempts.record(make.step(), make.attempt());
  dynalite.leaveAlone();
  expect((await table.scan()).filter(isCount)).toHaveLength(1);
});

test('an attempt that the table does not take fails, though its count is taken', async () => {
  const attempts = attemptsIn(await dynalite.open(), 14);
  dynalite.meddle(async (call, pass) => {
    const [[name, requests] = ['', []]] = Object.entries(call.input['RequestItems'] as Record<string, unknown[]>);
    const counts = requests.filter(isCount);
    if (counts.length > 0) await pass({ RequestItems: { [name]: counts } });
    return { status: 200, output: { UnprocessedItems: { [name]: requests.filter((one) => !isCount(one)) } } };
  });
  await expect(attempts.record(make.step(), make.attempt())).rejects.toThrow('1 items were not written');
});
