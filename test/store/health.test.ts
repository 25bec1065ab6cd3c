import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { healthIn, type HealthStore } from '../../shared/store/health.ts';
import { startDynalite, type Call, type DynamoDb, type TestTable } from '../support/dynamodb.ts';
import { later } from '../support/make.ts';
import { healthContract } from './health.contract.ts';

let dynalite: DynamoDb;
beforeAll(async () => {
  dynalite = await startDynalite();
});
afterEach(() => dynalite.leaveAlone());
afterAll(() => dynalite.close());

healthContract('dynalite', () => dynalite.open());

const WHOM = { tenant: 'acme', subscriptionId: 'sub_1' };
const at = (seconds: number): Date => new Date(later(seconds));
const ENTRY = { ...WHOM, suspect: false, open: false, slowUntil: 0 };

interface Opened {
  table: TestTable;
  health: HealthStore;
}

async function open(): Promise<Opened & { copies(): Promise<unknown[]> }> {
  const table = await dynalite.open();
  let tokens = 0;
  const from = (copy: number) => healthIn(table, { copy, token: () => `token-${++tokens}` });
  return { table, health: from(0), copies: () => Promise.all([0, 1, 2, 3].map((copy) => from(copy).troubled())) };
}

const everywhere = (...entries: unknown[]): unknown[] => [0, 1, 2, 3].map(() => entries);
const fails = ({ health }: Opened, seconds: number) => health.failed(WHOM, { count: 1, at: at(seconds) });
const answers = ({ health }: Opened, seconds: number, inTime: 'yes' | 'no' = 'yes') =>
  health.answered(WHOM, { at: at(seconds), inTime });

/** What was asked of the table while `act` ran. */
async function callsOf(act: () => Promise<unknown>): Promise<string[]> {
  const calls: string[] = [];
  dynalite.meddle(async (call, pass) => {
    calls.push(call.operation);
    return pass(call.input);
  });
  await act();
  dynalite.leaveAlone();
  return calls;
}

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

const isCopy = ({ operation, input }: Call): boolean =>
  operation === 'PutItem' && JSON.stringify(input['Item']).includes('TROUBLE#');

/** Holds back the copies that are written from now on, until it is told to let them go. */
function holdCopies(): { held: Promise<void>; release: () => void } {
  const all = Promise.withResolvers<void>();
  const gate = Promise.withResolvers<void>();
  let waiting = 0;
  dynalite.meddle(async (call, pass) => {
    if (isCopy(call)) {
      if (++waiting === 4) all.resolve();
      await gate.promise;
    }
    return pass(call.input);
  });
  return { held: all.promise, release: gate.resolve };
}

describe('what the list costs', () => {
  const WRITE = 'UpdateItem';
  const LISTED = ['PutItem', 'PutItem', 'PutItem', 'PutItem', 'UpdateItem'];

  test('is paid at the first failure, and not at the twentieth', async () => {
    const it = await open();
    expect(await callsOf(() => fails(it, 0))).toEqual([WRITE, ...LISTED]);
    for (let n = 1; n < 20; n++) expect(await callsOf(() => fails(it, n))).toEqual([WRITE]);
  });

  test('is paid when a suspicion begins, and when it ends', async () => {
    const it = await open();
    expect(await callsOf(() => it.health.suspected(WHOM, at(0)))).toEqual([WRITE, WRITE, ...LISTED]);
    expect(await callsOf(() => it.health.suspected(WHOM, at(1)))).toEqual([WRITE]);
    expect(await callsOf(() => fails(it, 2))).toEqual([WRITE]);
    expect(await callsOf(() => answers(it, 3, 'no'))).toEqual([WRITE]);
    expect(await callsOf(() => answers(it, 4))).toEqual([WRITE, WRITE, ...LISTED]);
    expect(await callsOf(() => answers(it, 5))).toEqual([WRITE]);
  });

  test('is paid for a rest that is asked for, once for all who ask for the same', async () => {
    const it = await open();
    const slow = (seconds: number) =>
      it.health.failed(WHOM, { count: 1, at: at(seconds), slowUntil: at(60).getTime() });
    expect(await callsOf(() => slow(0))).toEqual([WRITE, WRITE, ...LISTED]);
    expect(await callsOf(() => slow(1))).toEqual([WRITE]);
  });

  test('is not paid for failures and answers by turns', async () => {
    const it = await open();
    await fails(it, 0);
    const calls = await callsOf(async () => {
      for (let n = 1; n < 6; n++) {
        await answers(it, n);
        await fails(it, n);
      }
    });
    expect(calls).toEqual(Array.from({ length: 10 }, () => WRITE));
  });

  test('is nothing for whom nothing is known', async () => {
    const it = await open();
    expect(await callsOf(() => answers(it, 0))).toEqual([WRITE]);
    expect(await it.table.scan()).toEqual([]);
  });
});

describe('a copy that is written late', () => {
  test('does not bring back a suspicion that is over', async () => {
    const it = await open();
    await fails(it, 0);
    const slow = holdCopies();
    const late = it.health.suspected(WHOM, at(1));
    await slow.held;
    dynalite.leaveAlone();
    await answers(it, 2);
    slow.release();
    await late;
    expect(await it.copies()).toEqual(everywhere(ENTRY));
    await fails(it, 3);
    expect(await it.copies()).toEqual(everywhere(ENTRY));
  });

  test('does not end a suspicion that has begun', async () => {
    const it = await open();
    await it.health.suspected(WHOM, at(0));
    const slow = holdCopies();
    const late = answers(it, 1);
    await slow.held;
    dynalite.leaveAlone();
    await it.health.suspected(WHOM, at(2));
    slow.release();
    await late;
    expect(await it.copies()).toEqual(everywhere({ ...ENTRY, suspect: true }));
  });

  test('does not make the next one think that it is shown what is not', async () => {
    const it = await open();
    await fails(it, 0);
    const slow = holdCopies();
    const late = it.health.suspected(WHOM, at(1));
    await slow.held;
    // Somebody closes what is open, has half of it listed, and dies; only then the late one goes on, to its end.
    dynalite.leaveAlone();
    expect(await dyingAfter(4, () => answers(it, 2))).toBe('died');
    slow.release();
    await late;
    await answers(it, 3);
    expect(await it.copies()).toEqual(everywhere(ENTRY));
  });

  test('after the subscription was taken off is found by the tick', async () => {
    const it = await open();
    const slow = holdCopies();
    const late = it.health.suspected(WHOM, at(0));
    await slow.held;
    dynalite.leaveAlone();
    await answers(it, 1);
    expect(await it.health.tidy(at(61))).toBe(1);
    slow.release();
    await late;
    expect(await it.copies()).toEqual(everywhere({ ...ENTRY, suspect: true }));
    expect(await it.health.tidy(at(121))).toBe(1);
    expect(await it.copies()).toEqual(everywhere());
    await fails(it, 130);
    expect(await it.copies()).toEqual(everywhere(ENTRY));
  });
});

/** So many calls go well before the process dies: up to all of them. */
const CALLS = [1, 2, 3, 4, 5, 6, 7];

describe('a process that dies in the middle', () => {
  type Act = (it: Opened, seconds: number) => Promise<unknown>;
  const suspects: Act = ({ health }, seconds) => health.suspected(WHOM, at(seconds));
  const slows: Act = ({ health }, seconds) =>
    health.failed(WHOM, { count: 1, at: at(seconds), slowUntil: at(60).getTime() });
  const answered: Act = (it, seconds) => answers(it, seconds);
  const befores = { 'nobody is known': async () => undefined, 'it fails': fails, 'it is suspect': suspects };
  const acts = {
    'a failure': fails,
    'a suspicion': suspects,
    'a rest that is asked for': slows,
    'an answer': answered,
  };
  const afters = { 'a failure': fails, 'a suspicion': suspects, 'an answer': answered };
  const cases = Object.entries<Act>(befores).flatMap(([state, before]) =>
    Object.entries<Act>(acts).flatMap(([name, act]) =>
      Object.entries<Act>(afters).map(([next, after]) => ({ state, before, name, act, next, after })),
    ),
  );

  /** What the list has to show, by the truth. */
  async function shouldShow(table: TestTable): Promise<unknown[]> {
    return (await table.scan())
      .filter(({ sk, wanted }) => sk === 'health' && wanted === true)
      .map((truth) => ({
        ...WHOM,
        suspect: truth.suspect_since !== undefined,
        open: truth.open_since !== undefined,
        slowUntil: truth.slow_until ?? 0,
      }));
  }

  test.each(cases)('at $name where $state leaves a list that $next puts right', async ({ before, act, after }) => {
    for (const calls of CALLS) {
      const it = await open();
      await before(it, 0);
      const end = await dyingAfter(calls, () => act(it, 1));
      await after(it, 2);
      const shown = everywhere(...(await shouldShow(it.table)));
      expect({ calls, copies: await it.copies() }).toEqual({ calls, copies: shown });
      if (end === 'ended') break;
    }
  });

  test('leaves a list that the tick puts right as well, where nothing more is heard of the subscription', async () => {
    for (const calls of CALLS.slice(2)) {
      const it = await open();
      await fails(it, 0);
      await dyingAfter(calls, () => suspects(it, 1));
      // It looks at another copy every minute, and which of them were written nobody knows.
      for (let minute = 1; minute <= 4; minute++) await it.health.tidy(at(minute * 60));
      expect({ calls, copies: await it.copies() }).toEqual({ calls, copies: everywhere({ ...ENTRY, suspect: true }) });
    }
  });

  test('takes off the list within four minutes whom it was taking off', async () => {
    for (const calls of CALLS) {
      const it = await open();
      await fails(it, 0);
      await answers(it, 1);
      const end = await dyingAfter(calls, () => it.health.tidy(at(61)));
      for (let minute = 2; minute <= 5; minute++) await it.health.tidy(at(minute * 60 + 1));
      expect({ calls, copies: await it.copies() }).toEqual({ calls, copies: everywhere() });
      await fails(it, 400);
      expect({ calls, copies: await it.copies() }).toEqual({ calls, copies: everywhere(ENTRY) });
      if (end === 'ended') break;
    }
  });
});

describe('a failure that comes while the subscription is taken off', () => {
  test.each([2, 3, 4, 5, 6])('at call %i is on the list afterwards', async (calls) => {
    const it = await open();
    await fails(it, 0);
    await answers(it, 1);
    let made = 0;
    let meanwhile: Promise<unknown> | undefined;
    dynalite.meddle(async (call, pass) => {
      if (++made === calls) {
        meanwhile = fails(it, 61);
        await meanwhile;
      }
      return pass(call.input);
    });
    await it.health.tidy(at(61));
    dynalite.leaveAlone();
    await meanwhile;
    await fails(it, 62);
    expect(await it.copies()).toEqual(everywhere(ENTRY));
  });
});

describe('a lease', () => {
  const ask = ({ health }: Opened) => health.lease(WHOM, { now: at(0), seconds: 25 });

  test('whose answer got lost is ours all the same, and takes no second place', async () => {
    const it = await open();
    let lost = false;
    dynalite.meddle(async (call, pass) => {
      const reply = await pass(call.input);
      if (lost || call.operation !== 'PutItem') return reply;
      lost = true;
      return undefined;
    });
    expect(await ask(it)).toMatchObject({ slot: 0 });
    dynalite.leaveAlone();
    expect(await it.table.scan()).toHaveLength(1);
  });

  test('is not asked for by writing where all are taken', async () => {
    const it = await open();
    await Promise.all(Array.from({ length: 10 }, () => ask(it)));
    expect(await callsOf(() => ask(it))).toEqual(['Query']);
  });

  test('is tried for in three places at most', async () => {
    const it = await open();
    const other = healthIn(it.table, { copy: 0, token: () => 'other' });
    // All of them go to somebody else between the look and the first try.
    let taken = false;
    const calls: string[] = [];
    dynalite.meddle(async (call, pass) => {
      const reply = await pass(call.input);
      calls.push(call.operation);
      if (call.operation === 'Query' && !taken) {
        taken = true;
        for (let i = 0; i < 10; i++) await other.lease(WHOM, { now: at(0), seconds: 25 });
        calls.length = 0;
      }
      return reply;
    });
    expect(await ask(it)).toBeUndefined();
    expect(calls).toEqual(['PutItem', 'PutItem', 'PutItem']);
  });

  test('costs a look, a write, and a write when it is given back', async () => {
    const it = await open();
    const calls = await callsOf(async () => {
      const lease = await ask(it);
      if (lease !== undefined) await it.health.giveBack(lease);
    });
    expect(calls).toEqual(['Query', 'PutItem', 'DeleteItem']);
  });
});

describe('a call that fails is no answer', () => {
  test.each<[string, (health: HealthStore) => Promise<unknown>]>([
    ['a failure is not counted', (health) => health.failed(WHOM, { count: 1, at: at(0) })],
    ['nobody is suspect', (health) => health.suspected(WHOM, at(0))],
    ['no answer is noted', (health) => health.answered(WHOM, { at: at(0), inTime: 'yes' })],
    ['the list is not empty', (health) => health.troubled()],
    ['nobody is taken off', (health) => health.tidy(at(0))],
    ['no lease is taken, and none is refused', (health) => health.lease(WHOM, { now: at(0), seconds: 25 })],
    ['no lease is given back', (health) => health.giveBack({ ...WHOM, slot: 0, token: 'x', until: at(25).getTime() })],
  ])('%s', async (_, act) => {
    const { health } = await open();
    expect(await dyingAfter(0, () => act(health))).toBe('died');
  });
});
