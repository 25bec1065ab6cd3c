import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { eventsIn } from '../../shared/store/events.ts';
import { startDynalite, type DynamoDb } from '../support/dynamodb.ts';
import { later, make } from '../support/make.ts';

let dynalite: DynamoDb;
beforeAll(async () => {
  dynalite = await startDynalite();
});
afterEach(() => dynalite.leaveAlone());
afterAll(() => dynalite.close());

const many = (count: number) =>
  Array.from({ length: count }, (_, i) => ({
    event: make.event({ event_id: `evt_${String(i).padStart(3, '0')}`, accepted_at: later(i) }),
    matched: { at: later(1), subscriptions: ['sub_1'] },
  }));

test('an event that is not in the timeline is not known to be matched: match comes again for it', async () => {
  const table = await dynalite.open();
  const events = eventsIn(table, 14);
  for (const { event } of many(3)) await events.open(event);
  // As where one partition of the timeline has more to take than it can.
  dynalite.meddle((call, pass) =>
    JSON.stringify(call.input).includes('TIME#')
      ? Promise.resolve({ status: 400, output: { __type: 'com.amazon.coral.validate#ValidationException' } })
      : pass(call.input),
  );
  await expect(events.close(many(3))).rejects.toThrow();
  dynalite.leaveAlone();
  expect((await table.scan()).filter(({ pk }) => !String(pk).startsWith('OPEN#'))).toEqual([]);
  expect(await Array.fromAsync(events.overdue(new Date(later(60)), new Date(later(60))))).toHaveLength(3);
});

test('a walk through the timeline reads hardly more of it than it needs', async () => {
  const table = await dynalite.open();
  const events = eventsIn(table, 14);
  await events.close(many(400));
  let read = 0;
  dynalite.meddle(async (call, pass) => {
    const reply = await pass(call.input);
    if (call.operation === 'Query') read += (reply.output as { Count: number }).Count;
    return reply;
  });
  let seen = 0;
  let after: string | undefined;
  do {
    const page = await events.timeline('acme', { from: later(0), to: later(300), after, limit: 100 });
    seen += page.events.length;
    after = page.after;
  } while (after !== undefined);
  expect(seen).toBe(300);
  expect(read).toBeLessThan(3 * seen);
});
