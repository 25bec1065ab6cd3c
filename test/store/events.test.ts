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

/** The call after so many that go well, and all behind it, find nobody: the process died there. */
async function dyingAfter(calls: number, act: () => Promise<unknown>): Promise<'died' | 'ended'> {
  let made = 0;
  dynalite.meddle(async (call, pass) =>
    made++ < calls
      ? pass(call.input)
      : { status: 400, output: { __type: 'com.amazon.coral.validate#ValidationException', message: 'died' } },
  );
  const end = await act().then(
    () => 'ended' as const,
    () => 'died' as const,
  );
  dynalite.leaveAlone();
  return end;
}

test.each([0, 1, 2, 3, 4, 5])(
  'whoever dies after %i calls of closing leaves nothing that nobody finds',
  async (calls) => {
    const table = await dynalite.open();
    const events = eventsIn(table, 14);
    const all = many(40);
    for (const { event } of all) await events.open(event);
    expect(await dyingAfter(calls, () => events.close(all))).toBe('died');

    const left = await table.scan();
    const idsIn = (prefix: string): Set<string> =>
      new Set(left.flatMap(({ pk, sk }) => (String(pk).startsWith(prefix) ? String(sk).split('#').at(-1)! : [])));
    const [timed, open] = [idsIn('TIME#'), idsIn('OPEN#')];
    const matched = new Set(left.flatMap(({ pk }) => /^EV#acme#(.+)$/.exec(String(pk))?.[1] ?? []));
    const closed = all.map(({ event }) => event.event_id).filter((id) => !open.has(id));
    expect([...matched].filter((id) => !timed.has(id))).toEqual([]);
    expect(closed.filter((id) => !matched.has(id))).toEqual([]);

    // And its message comes again.
    await events.close(all);
    expect(await Array.fromAsync(events.overdue(new Date(later(600)), new Date(later(600))))).toEqual([]);
    const page = await events.timeline('acme', { from: later(0), to: later(60), limit: 100 });
    expect(page.events).toHaveLength(40);
  },
);

test('events are closed in calls of twenty-five writes, of which each event needs three', async () => {
  const events = eventsIn(await dynalite.open(), 14);
  let calls = 0;
  dynalite.meddle(async (call, pass) => {
    calls += 1;
    return pass(call.input);
  });
  await events.close(many(40));
  expect(calls).toBe(Math.ceil(40 / 25) + Math.ceil(80 / 25));
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
