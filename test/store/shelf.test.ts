import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { travelling } from '../../shared/domain/event.ts';
import { shelfIn, type Resting } from '../../shared/store/shelf.ts';
import { startDynalite, type DynamoDb } from '../support/dynamodb.ts';
import { later, make } from '../support/make.ts';
import { shelfContract } from './shelf.contract.ts';

let dynalite: DynamoDb;
beforeAll(async () => {
  dynalite = await startDynalite();
});
afterEach(() => dynalite.leaveAlone());
afterAll(() => dynalite.close());

shelfContract('dynalite', () => dynalite.open());

function resting(seconds: number, event_id = 'evt_1'): Resting {
  const { body: _body, ...event } = travelling(make.event({ event_id }));
  const due = Date.parse(later(seconds));
  return { event, step: make.deliveryStep({ not_before: due }), due, why: 'schedule' };
}
const many = (count: number): Resting[] => Array.from({ length: count }, (_, i) => resting(10, `evt_${i}`));

/** The calls that were made, each with the sort keys it names. */
function watch(): string[][] {
  const calls: string[][] = [];
  dynalite.meddle(async (call, pass) => {
    calls.push([call.operation, ...(JSON.stringify(call.input).match(/"sk":\{"S":"[^"]+/g) ?? [])]);
    return pass(call.input);
  });
  return calls;
}

describe('both items of a delivery', () => {
  test('go in one call, and never in two, however many share it', async () => {
    const shelf = shelfIn(await dynalite.open(), 14);
    const calls = watch();
    await Promise.all([shelf.expect(resting(5)), ...many(60).map(shelf.rest), shelf.over(make.step(), 0)]);
    expect(calls.length).toBeLessThanOrEqual(6);
    for (const { event } of many(60)) {
      const naming = calls.filter((call) => call.some((sk) => sk.includes(`#${event.event_id}#0001`)));
      const holding = naming.filter((call) => call.some((sk) => sk.includes(`#sub_1#${event.event_id}#`)));
      expect(holding).toHaveLength(1);
      expect(holding[0]?.filter((sk) => sk.includes(`#${event.event_id}#0001`)).length).toBeGreaterThanOrEqual(2);
    }
  });

  test('are given to the table again where it takes one of them only', async () => {
    const table = await dynalite.open();
    const shelf = shelfIn(table, 14);
    dynalite.meddle(async (call, pass) => {
      if (call.operation !== 'BatchWriteItem') return pass(call.input);
      const [[name, requests] = ['', []]] = Object.entries(call.input['RequestItems'] as Record<string, unknown[]>);
      await pass({ RequestItems: { [name]: requests.slice(0, 1) } });
      const left = requests.slice(1);
      return { status: 200, output: { UnprocessedItems: left.length > 0 ? { [name]: left } : {} } };
    });
    await shelf.rest(resting(10));
    dynalite.leaveAlone();
    expect(await table.scan()).toHaveLength(2);
  });

  test('are not there where it is said that they are not', async () => {
    const table = await dynalite.open();
    const shelf = shelfIn(table, 14);
    dynalite.meddle(async () => ({
      status: 400,
      output: { __type: 'com.amazon.coral.validate#ValidationException', message: 'no such thing' },
    }));
    await expect(shelf.rest(resting(10))).rejects.toThrow('no such thing');
    await expect(shelf.isDue(0, new Date())).rejects.toThrow('no such thing');
    await expect(shelf.waiting({ tenant: 'acme', subscriptionId: 'sub_1' }, { limit: 1 })).rejects.toThrow();
    dynalite.leaveAlone();
    expect(await table.scan()).toEqual([]);
  });

  test('are there again when the answer got lost and the delivery comes once more', async () => {
    const table = await dynalite.open();
    const shelf = shelfIn(table, 14);
    let lost = false;
    dynalite.meddle(async (call, pass) => {
      const reply = await pass(call.input);
      if (lost) return reply;
      lost = true;
      return undefined;
    });
    await shelf.rest(resting(10));
    expect(await table.scan()).toHaveLength(2);
  });
});

test('to ask whether anything is due reads one item, and its keys alone', async () => {
  const table = await dynalite.open();
  const shelf = shelfIn(table, 14);
  await Promise.all(many(60).map(shelf.rest));
  const inputs: unknown[] = [];
  dynalite.meddle(async (call, pass) => {
    inputs.push(call.input);
    return pass(call.input);
  });
  await shelf.isDue(3, new Date(later(60)));
  expect(inputs).toEqual([
    expect.objectContaining({ Limit: 2, ConsistentRead: false, ProjectionExpression: '#pk, #sk, #a0' }),
  ]);
});

test('one that can be read by nobody is told to whoever runs this, where no other ear is given', async () => {
  const table = await dynalite.open();
  const shelf = shelfIn(table, 14);
  await shelf.rest(resting(10));
  for (const item of await table.scan()) await table.put({ ...item, event: null });
  const warning = jest.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
  expect(await Array.fromAsync(shelf.all({ tenant: 'acme', subscriptionId: 'sub_1' }))).toEqual([]);
  expect(warning.mock.calls).toEqual([
    [
      expect.stringMatching(/^item WAIT#acme#sub_1#\d .* makes no sense$/),
      { detail: expect.stringContaining('expected object') },
    ],
  ]);
  warning.mockRestore();
});
