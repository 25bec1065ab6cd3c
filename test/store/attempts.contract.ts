import { describe, expect, test } from '@jest/globals';
import type { Attempt } from '../../shared/domain/attempt.ts';
import { attemptsIn, type Attempts, type Listed } from '../../shared/store/attempts.ts';
import { readRange, type Item } from '../../shared/store/database.ts';
import type { StepOf } from '../../shared/store/keys.ts';
import type { TestTable } from '../support/dynamodb.ts';
import { AT, later, make } from '../support/make.ts';

const RETENTION_DAYS = 14;
const RETENTION_SECONDS = RETENTION_DAYS * 86_400;
const OF = { tenant: 'acme', subscriptionId: 'sub_1' };

/** What a step's attempt looks like in the lists: made as soon as its event was accepted. */
const attemptOf = ({ event, subscriptionId, run, attempt }: StepOf): Attempt =>
  make.attempt({ event_id: event.event_id, subscription_id: subscriptionId, run, attempt, at: event.accepted_at });

const acceptedAfter = (seconds: number, event_id: string) => make.event({ event_id, accepted_at: later(seconds) });

/** First attempts of events that were accepted one by one, and now and then several in the same millisecond. */
const firstAttempts = (count: number, from = 0): StepOf[] =>
  Array.from({ length: count }, (_, i) => {
    const n = from + i;
    return make.step({ event: acceptedAfter(n - (n % 3), `evt_${String(n).padStart(3, '0')}`) });
  });

const record = (attempts: Attempts, steps: readonly StepOf[]): Promise<unknown> =>
  Promise.all(steps.map((step) => attempts.record(step, attemptOf(step))));

/** Without what was counted beside them. */
const keptLetters = async (table: TestTable): Promise<Item[]> =>
  (await table.scan()).filter(({ pk }) => String(pk).startsWith('DEAD#'));

/** All pages, one after the other, until there is no other. */
async function pagesOf(attempts: Attempts, limit: number, more: Partial<Listed> = {}): Promise<string[][]> {
  const pages: string[][] = [];
  let after: string | undefined;
  do {
    const page = await attempts.ofSubscription({ ...OF, ...more }, { limit, after });
    pages.push(page.attempts.map(({ event_id }) => event_id));
    after = page.after;
    if (pages.length > 100) throw new Error('the pages have no end');
  } while (after !== undefined);
  return pages;
}

/** The newest event first, and of one millisecond the one with the highest id. */
const newestFirst = (steps: readonly StepOf[]): string[] => steps.map(({ event }) => event.event_id).toReversed();

export const attemptsContract = (backend: string, openTable: () => Promise<TestTable>) => {
  const open = async () => {
    const table = await openTable();
    return { table, clock: table.clock, attempts: attemptsIn(table, RETENTION_DAYS) };
  };

  describe(`what a subscriber answered on ${backend}`, () => {
    test('can be taken away from all attempts of a delivery, and nothing else is', async () => {
      const { attempts } = await open();
      const steps = [
        make.step({ attempt: 1 }),
        make.step({ attempt: 2 }),
        make.step({ run: 2 }),
        make.step({ subscriptionId: 'sub_2' }),
        make.step({ event: make.event({ event_id: 'evt_2' }) }),
      ];
      const told = steps.map((step) => ({ ...attemptOf(step), response_excerpt: 'no such guest: Zoe' }));
      await Promise.all(steps.map((step, i) => attempts.record(step, told[i]!)));
      await attempts.claim(make.step({ attempt: 3 }), { now: new Date(AT), seconds: 30 });
      const blanked = steps.slice(0, 3).map(attemptOf);

      expect(await attempts.blank(make.event(), 'sub_1')).toEqual(told.slice(0, 3));
      expect(await attempts.ofDelivery(make.event(), 'sub_1')).toEqual(blanked);
      expect(await attempts.blank(make.event(), 'sub_1')).toEqual(blanked);
      expect(await attempts.ofDelivery(make.event(), 'sub_2')).toEqual([told[3]]);
      expect(await attempts.ofDelivery(make.event({ event_id: 'evt_2' }), 'sub_1')).toEqual([told[4]]);
      const claim = attempts.claim(make.step({ attempt: 3 }), { now: new Date(AT), seconds: 30 });
      expect(await claim).toMatchObject({ kind: 'held' });
    });
  });

  describe(`a claim to an attempt on ${backend}`, () => {
    test('is given to one of many who ask at once, and the others hear until when', async () => {
      const { attempts, clock } = await open();
      const lease = { now: clock.now(), seconds: 25 };
      const claims = await Promise.all(Array.from({ length: 8 }, () => attempts.claim(make.step(), lease)));
      const until = clock.now().getTime() + 25_000;
      expect(claims.toSorted((a, b) => (a.kind < b.kind ? 1 : -1))).toEqual([
        { kind: 'ours' },
        ...Array.from({ length: 7 }, () => ({ kind: 'held', until })),
      ]);
    });

    test('holds until the lease ends, and then goes to the next who asks', async () => {
      const { attempts, clock } = await open();
      const claim = () => attempts.claim(make.step(), { now: clock.now(), seconds: 25 });
      const until = clock.now().getTime() + 25_000;
      await claim();
      clock.advance(24.999);
      expect(await claim()).toEqual({ kind: 'held', until });
      clock.advance(0.001);
      expect(await claim()).toEqual({ kind: 'ours' });
      expect(await claim()).toEqual({ kind: 'held', until: until + 25_000 });
    });

    test('that ran out is given to one of many as well', async () => {
      const { attempts, clock } = await open();
      await attempts.claim(make.step(), { now: clock.now(), seconds: 25 });
      clock.advance(60);
      const lease = { now: clock.now(), seconds: 25 };
      const claims = await Promise.all(Array.from({ length: 8 }, () => attempts.claim(make.step(), lease)));
      expect(claims.filter(({ kind }) => kind === 'ours')).toHaveLength(1);
    });

    test('is never given for an attempt that is settled, however long ago', async () => {
      const { attempts, clock } = await open();
      await attempts.claim(make.step(), { now: clock.now(), seconds: 25 });
      await attempts.record(make.step(), make.attempt());
      for (const seconds of [0, 25, 3_600, RETENTION_SECONDS * 2]) {
        clock.advance(seconds);
        expect(await attempts.claim(make.step(), { now: clock.now(), seconds: 25 })).toEqual({ kind: 'settled' });
      }
    });

    test('is not given for an attempt that was made without one', async () => {
      const { attempts, clock } = await open();
      await attempts.record(make.step(), make.attempt({ outcome: 'unreachable', next: 'wait' }));
      expect(await attempts.claim(make.step(), { now: clock.now(), seconds: 25 })).toEqual({ kind: 'settled' });
    });

    test.each<[string, StepOf]>([
      ['attempt', make.step({ attempt: 2 })],
      ['run', make.step({ run: 2 })],
      ['subscription', make.step({ subscriptionId: 'sub_2' })],
      ['event', make.step({ event: make.event({ event_id: 'evt_2' }) })],
      ['tenant', make.step({ event: make.event({ tenant: 'other' }) })],
      ['event of that id, after the first is forgotten', make.step({ event: make.event({ accepted_at: later(1) }) })],
    ])('says nothing of another %s', async (_, other) => {
      const { attempts, clock } = await open();
      const lease = { now: clock.now(), seconds: 25 };
      await attempts.claim(make.step(), lease);
      expect(await attempts.claim(other, lease)).toEqual({ kind: 'ours' });
      await attempts.record(make.step(), make.attempt());
      expect(await attempts.claim(other, lease)).toMatchObject({ kind: 'held' });
    });

    test('is no attempt, and is replaced by the one it was for', async () => {
      const { attempts, clock } = await open();
      await attempts.claim(make.step(), { now: clock.now(), seconds: 25 });
      expect(await attempts.ofDelivery(make.event(), 'sub_1')).toEqual([]);
      expect(await pagesOf(attempts, 10)).toEqual([[]]);
      await attempts.record(make.step(), make.attempt());
      expect(await attempts.ofDelivery(make.event(), 'sub_1')).toEqual([make.attempt()]);
      expect(await pagesOf(attempts, 10)).toEqual([['evt_1']]);
    });
  });

  describe(`the attempts of a delivery on ${backend}`, () => {
    const attempt: Attempt = make.attempt({
      outcome: 'rejected',
      status: 503,
      response_excerpt: 'Zoë 🚀\n\u0000',
      duration_ms: 12.5,
      next: 'wait',
      next_at: later(5),
    });

    test('come back as they were recorded', async () => {
      const { attempts } = await open();
      const last = make.attempt({
        attempt: 2,
        outcome: 'blocked',
        reason: 'address_not_allowed',
        next: 'dead',
        died: 'exhausted',
      });
      await attempts.record(make.step(), attempt);
      await attempts.record(make.step({ attempt: 2 }), last);
      expect(await attempts.ofDelivery(make.event(), 'sub_1')).toEqual([attempt, last]);
    });

    test('come in the order of their runs and numbers', async () => {
      const { attempts } = await open();
      const steps = [
        [2, 1],
        [1, 10],
        [1, 2],
        [10, 1],
        [1, 1],
        [1, 9],
      ].map(([run = 0, n = 0]) => make.step({ run, attempt: n }));
      await record(attempts, steps);
      const found = await attempts.ofDelivery(make.event(), 'sub_1');
      expect(found.map((each) => [each.run, each.attempt])).toEqual([
        [1, 1],
        [1, 2],
        [1, 9],
        [1, 10],
        [2, 1],
        [10, 1],
      ]);
    });

    test('are those of no other delivery', async () => {
      const { attempts } = await open();
      const others = [
        make.step({ event: make.event({ event_id: 'evt_10' }) }),
        make.step({ event: make.event({ event_id: 'evt_1:1' }) }),
        make.step({ event: make.event({ tenant: 'acme2' }) }),
        make.step({ subscriptionId: 'sub_10' }),
      ];
      await record(attempts, [make.step(), ...others]);
      expect(await attempts.ofDelivery(make.event(), 'sub_1')).toEqual([make.attempt()]);
    });

    test('are forgotten when the retention is over, each by its own time', async () => {
      const { attempts, clock } = await open();
      const late = make.attempt({ attempt: 2, at: later(86_400) });
      await attempts.record(make.step(), attempt);
      await attempts.record(make.step({ attempt: 2 }), late);
      clock.advance(RETENTION_SECONDS);
      expect(await attempts.ofDelivery(make.event(), 'sub_1')).toEqual([attempt, late]);
      clock.advance(1);
      expect(await attempts.ofDelivery(make.event(), 'sub_1')).toEqual([late]);
      clock.advance(86_400);
      expect(await attempts.ofDelivery(make.event(), 'sub_1')).toEqual([]);
    });
  });

  describe(`the attempts of a subscription on ${backend}`, () => {
    test.each([1, 2, 7, 30, 59, 60, 100])(
      'are all there in pages of %i, newest first, none of them twice',
      async (limit) => {
        const { attempts } = await open();
        const steps = firstAttempts(60);
        await record(attempts, steps);
        const pages = await pagesOf(attempts, limit);
        expect(pages.flat()).toEqual(newestFirst(steps));
        expect(pages.map(({ length }) => length)).toEqual(
          Array.from({ length: Math.ceil(60 / limit) }, (_, page) => Math.min(limit, 60 - page * limit)),
        );
      },
    );

    test('lie in more than one partition', async () => {
      const { attempts, table } = await open();
      await record(attempts, firstAttempts(40));
      const counts = await Promise.all(
        [0, 1, 2, 3].map(async (shard) => (await readRange(table, { pk: `AT#acme#sub_1#${shard}` })).items.length),
      );
      expect(counts.reduce((sum, count) => sum + count, 0)).toBe(40);
      expect(Math.min(...counts)).toBeGreaterThan(0);
    });

    test('stay where they are in the pages while new ones arrive', async () => {
      const { attempts } = await open();
      const steps = firstAttempts(40);
      await record(attempts, steps);
      const arrivals = [firstAttempts(9, 60), firstAttempts(9, 69), firstAttempts(9, 78)];
      const seen: string[] = [];
      let after: string | undefined;
      do {
        const page = await attempts.ofSubscription(OF, { limit: 9, after });
        seen.push(...page.attempts.map(({ event_id }) => event_id));
        await record(attempts, arrivals.shift() ?? []);
        after = page.after;
      } while (after !== undefined);
      expect(seen).toEqual(newestFirst(steps));
    });

    test('come attempt by attempt where an event took several, the last one first', async () => {
      const { attempts } = await open();
      await record(
        attempts,
        [1, 2, 3].map((attempt) => make.step({ attempt })),
      );
      const { attempts: found } = await attempts.ofSubscription(OF, { limit: 10 });
      expect(found.map(({ attempt }) => attempt)).toEqual([3, 2, 1]);
    });

    test('are all there among claims that fill whole pages', async () => {
      const { attempts, clock } = await open();
      const steps = firstAttempts(20);
      await record(attempts, steps);
      const claims = firstAttempts(20, 60).map((step) => attempts.claim(step, { now: clock.now(), seconds: 25 }));
      await Promise.all(claims);
      expect((await pagesOf(attempts, 3)).flat()).toEqual(newestFirst(steps));
    });

    test('are those of no other subscription', async () => {
      const { attempts } = await open();
      const others = [make.step({ subscriptionId: 'sub_10' }), make.step({ event: make.event({ tenant: 'other' }) })];
      await record(attempts, [make.step(), ...others]);
      expect((await pagesOf(attempts, 10)).flat()).toEqual(['evt_1']);
    });

    test.each([
      ['from a moment on', { from: later(10) }, 12, 60],
      ['up to a moment, and not at it', { to: later(30) }, 0, 30],
      ['between two moments', { from: later(9), to: later(51) }, 9, 51],
      [
        'whatever the zone they are told in',
        { from: '2026-03-04T06:06:16.89+01:00', to: '2026-03-04T00:06:58.89-05:00' },
        9,
        51,
      ],
      ['of no time at all', { from: later(9), to: later(9) }, 9, 9],
      ['of a time that ends before it begins', { from: later(51), to: later(9) }, 0, 0],
      ['of a time when there was nothing', { from: later(600) }, 0, 0],
    ])('are listed %s', async (_, range, first, end) => {
      const { attempts } = await open();
      const steps = firstAttempts(60);
      await record(attempts, steps);
      expect((await pagesOf(attempts, 7, range)).flat()).toEqual(newestFirst(steps.slice(first, end)));
    });

    test('are none before the first', async () => {
      const { attempts } = await open();
      expect(await attempts.ofSubscription(OF, { limit: 10 })).toEqual({ attempts: [], after: undefined });
    });

    test('end where the retention ends, though older ones are still there', async () => {
      const { attempts, clock } = await open();
      const steps = firstAttempts(60);
      await record(attempts, steps);
      clock.advance(RETENTION_SECONDS + 30);
      expect((await pagesOf(attempts, 4)).flat()).toEqual(newestFirst(steps.slice(30)));
    });

    test('come to an end when all of them have expired and are still there', async () => {
      const { attempts, clock } = await open();
      await record(attempts, firstAttempts(60));
      clock.advance(RETENTION_SECONDS + 61);
      expect((await pagesOf(attempts, 4)).flat()).toEqual([]);
    });

    test('are all there when the retention was longer once, and newer ones have expired before older ones', async () => {
      const { attempts, clock, table } = await open();
      const [old, young] = [firstAttempts(30), firstAttempts(60, 30)];
      await record(attemptsIn(table, RETENTION_DAYS * 2), old);
      await record(attempts, young);
      clock.advance(RETENTION_SECONDS + 91);
      expect((await pagesOf(attempts, 4)).flat()).toEqual(newestFirst(old));
    });
  });

  describe(`a dead letter on ${backend}`, () => {
    const letter = {
      event: make.event(),
      subscriptionId: 'sub_1',
      deliveryId: 'dlv_1',
      run: 1,
      kind: 'delivery',
      at: later(9),
    } as const;
    const whom = { tenant: 'acme', subscriptionId: 'sub_1' };

    test('says what died, when and why, and holds no data', async () => {
      const { attempts } = await open();
      const last = { outcome: 'rejected', status: 500, at: later(8), attempt: 10 };
      await attempts.bury({ ...letter, reason: 'exhausted', last });
      const items = await lettersOf(attempts);
      expect(items).toEqual([
        expect.objectContaining({
          tenant: 'acme',
          event_id: 'evt_1',
          event_type: 'Guest.Created',
          subscription_id: 'sub_1',
          delivery_id: 'dlv_1',
          accepted_at: make.event().accepted_at,
          died_at: later(9),
          run: 1,
          kind: 'delivery',
          reason: 'exhausted',
          last,
        }),
      ]);
      expect(items[0]).not.toHaveProperty('body');
    });

    test('is one for each delivery, however often it dies', async () => {
      const { attempts } = await open();
      await attempts.bury({ ...letter, reason: 'exhausted' });
      await attempts.bury({ ...letter, reason: 'gone' });
      await attempts.bury({ ...letter, event: make.event({ event_id: 'evt_2' }), reason: 'gone' });
      expect((await lettersOf(attempts)).map(({ event_id, reason }) => [event_id, reason])).toEqual([
        ['evt_2', 'gone'],
        ['evt_1', 'gone'],
      ]);
    });

    test('is kept for the retention from its death on', async () => {
      const { attempts, clock } = await open();
      await attempts.bury({ ...letter, at: later(RETENTION_SECONDS), reason: 'retention' });
      clock.advance(RETENTION_SECONDS * 2);
      expect(await lettersOf(attempts)).toHaveLength(1);
      expect(await attempts.letterOf(letter.event, 'sub_1')).toBeDefined();
      clock.advance(1);
      expect(await lettersOf(attempts)).toEqual([]);
      expect(await attempts.letterOf(letter.event, 'sub_1')).toBeUndefined();
    });

    test('tells why a delivery died, and nothing of any other', async () => {
      const { attempts } = await open();
      await attempts.bury({ ...letter, reason: 'expired', run: 2 });
      expect(await attempts.letterOf(make.event(), 'sub_1')).toMatchObject({ reason: 'expired', run: 2 });
      expect(await attempts.letterOf(make.event(), 'sub_2')).toBeUndefined();
      expect(await attempts.letterOf(make.event({ event_id: 'evt_2' }), 'sub_1')).toBeUndefined();
      expect(await attempts.letterOf(make.event({ tenant: 'other' }), 'sub_1')).toBeUndefined();
      expect(await attempts.letterOf(make.event({ accepted_at: later(1) }), 'sub_1')).toBeUndefined();
    });

    test('goes when somebody acknowledges it, once', async () => {
      const { attempts } = await open();
      await attempts.bury({ ...letter, reason: 'expired' });
      expect(await attempts.acknowledge(make.event(), 'sub_2')).toBe(false);
      expect(await attempts.acknowledge(make.event(), 'sub_1')).toBe(true);
      expect(await attempts.acknowledge(make.event(), 'sub_1')).toBe(false);
      expect(await lettersOf(attempts)).toEqual([]);
    });

    test('is found page by page, the newest event first, whatever shard it is in', async () => {
      const { attempts } = await open();
      const ids = Array.from({ length: 23 }, (_, i) => `evt_${String(i).padStart(2, '0')}`);
      for (const [i, event_id] of ids.entries()) {
        const event = make.event({ event_id, accepted_at: later(Math.floor(i / 2)) });
        await attempts.bury({ ...letter, event, reason: 'exhausted' });
      }
      const seen: string[] = [];
      let after: string | undefined;
      do {
        const page = await attempts.deadLetters(whom, { limit: 5, after });
        expect(page.letters.length).toBeLessThanOrEqual(5);
        seen.push(...page.letters.map(({ event_id }) => event_id));
        after = page.after;
      } while (after !== undefined);
      expect(seen).toEqual(ids.toReversed());
    });

    test('that 0.1.0 wrote is found as well, until it is acknowledged', async () => {
      const { attempts, table } = await open();
      const event = make.event({ event_id: 'evt_old', accepted_at: later(-60) });
      await attempts.bury({ ...letter, event, reason: 'gone' });
      const [item] = await keptLetters(table);
      const { run: _run, kind: _kind, ...earlier } = item!;
      await table.put({ ...earlier, pk: 'DEAD#acme#sub_1' });
      expect(await attempts.acknowledge(event, 'sub_1')).toBe(true);
      await table.put({ ...earlier, pk: 'DEAD#acme#sub_1' });
      await attempts.bury({ ...letter, reason: 'exhausted' });

      const old = { event_id: 'evt_old', run: 1, kind: 'delivery', reason: 'gone' };
      expect(await attempts.letterOf(event, 'sub_1')).toMatchObject(old);
      expect(await lettersOf(attempts)).toMatchObject([{ event_id: 'evt_1' }, old]);
      const all = { from: later(-3_600), to: later(60) };
      expect((await attempts.lettersBetween(whom, all)).get('evt_old')).toMatchObject(old);
      expect(await attempts.acknowledge(event, 'sub_1')).toBe(true);
      expect(await lettersOf(attempts)).toMatchObject([{ event_id: 'evt_1' }]);
    });

    test.each([1, 2, 100])(
      'that 0.1.0 wrote is replaced by the one of a later death, in pages of %i',
      async (limit) => {
        const { attempts, table } = await open();
        for (const event_id of ['evt_1', 'evt_2', 'evt_3']) {
          await attempts.bury({ ...letter, event: make.event({ event_id }), reason: 'exhausted' });
        }
        for (const item of await keptLetters(table))
          await table.put({ ...item, pk: 'DEAD#acme#sub_1', reason: 'gone' });
        const event = make.event({ event_id: 'evt_2' });

        expect(await attempts.letterOf(event, 'sub_1')).toMatchObject({ reason: 'exhausted' });
        const seen: string[] = [];
        let after: string | undefined;
        do {
          const page = await attempts.deadLetters(whom, { limit, after });
          seen.push(...page.letters.map(({ event_id, reason }) => `${event_id} ${reason}`));
          after = page.after;
        } while (after !== undefined);
        expect(seen).toEqual(['evt_3 exhausted', 'evt_2 exhausted', 'evt_1 exhausted']);
        const between = await attempts.lettersBetween(whom, { from: AT, to: later(1) });
        expect(Array.from(between.values(), ({ reason }) => reason)).toEqual(['exhausted', 'exhausted', 'exhausted']);

        expect(await attempts.acknowledge(event, 'sub_1')).toBe(true);
        expect(await attempts.letterOf(event, 'sub_1')).toBeUndefined();
        expect((await lettersOf(attempts)).map(({ event_id }) => event_id)).toEqual(['evt_3', 'evt_1']);
      },
    );

    test.each([
      ['from a moment on', { from: later(10) }, ['evt_2', 'evt_1']],
      ['up to a moment, and not at it', { to: later(10) }, ['evt_0']],
      ['of no time at all', { from: later(10), to: later(10) }, []],
    ])('is listed %s', async (_, range, expected) => {
      const { attempts } = await open();
      for (const i of [0, 1, 2]) {
        const event = make.event({ event_id: `evt_${i}`, accepted_at: later(i * 10) });
        await attempts.bury({ ...letter, event, reason: 'gone' });
      }
      const { letters } = await attempts.deadLetters({ ...whom, ...range }, { limit: 10 });
      expect(letters.map(({ event_id }) => event_id)).toEqual(expected);
    });

    test('of a stretch of time is found by its event', async () => {
      const { attempts } = await open();
      for (const i of [0, 1, 2]) {
        const event = make.event({ event_id: `evt_${i}`, accepted_at: later(i) });
        await attempts.bury({ ...letter, event, reason: 'gone' });
      }
      const found = await attempts.lettersBetween(whom, { from: later(0), to: later(2) });
      expect([...found.keys()].toSorted()).toEqual(['evt_0', 'evt_1']);
    });

    const lettersOf = async (attempts: Attempts) => (await attempts.deadLetters(whom, { limit: 100 })).letters;
  });

  describe(`the attempts of a stretch of time on ${backend}`, () => {
    test('are found by their events, those of each in the order of their runs and numbers', async () => {
      const { attempts } = await open();
      const steps = firstAttempts(30);
      await record(attempts, steps);
      const again = [
        [2, 1],
        [1, 2],
        [1, 10],
      ].map(([run = 0, attempt = 0]) => make.step({ event: steps[12]!.event, run, attempt }));
      await record(attempts, again);
      const found = await attempts.attemptsBetween(OF, { from: later(9), to: later(21) });
      expect([...found.keys()].toSorted()).toEqual(steps.slice(9, 21).map(({ event }) => event.event_id));
      expect(found.get('evt_012')?.map((tried) => ('attempt' in tried ? [tried.run, tried.attempt] : []))).toEqual([
        [1, 1],
        [1, 2],
        [1, 10],
        [2, 1],
      ]);
    });

    test('are no claims, and those of no other subscription', async () => {
      const { attempts, clock } = await open();
      await attempts.claim(make.step(), { now: clock.now(), seconds: 25 });
      await record(attempts, [
        make.step({ subscriptionId: 'sub_10' }),
        make.step({ event: make.event({ tenant: 'o' }) }),
      ]);
      expect(await attempts.attemptsBetween(OF, { from: later(-9), to: later(9) })).toEqual(new Map());
    });
  });

  describe(`an attempt that will not be made, on ${backend}`, () => {
    const step = make.step({ attempt: 2 });
    const lease = { now: new Date(AT), seconds: 25 };

    test('is settled: nobody can claim it, and no list shows it', async () => {
      const { attempts } = await open();
      await attempts.record(make.step(), make.attempt({ next: 'wait', next_at: later(5) }));
      expect(await attempts.cancel(step, new Date(AT))).toBe(true);
      expect(await attempts.claim(step, lease)).toEqual({ kind: 'settled' });
      expect(await attempts.ofDelivery(step.event, 'sub_1')).toHaveLength(1);
      expect(await attempts.isCancelled(step.event, 'sub_1')).toBe(true);
    });

    test('may be cancelled twice, and while somebody holds the claim to it', async () => {
      const { attempts } = await open();
      await attempts.claim(step, lease);
      expect(await attempts.cancel(step, new Date(AT))).toBe(true);
      expect(await attempts.cancel(step, new Date(AT))).toBe(true);
      expect(await attempts.isCancelled(step.event, 'sub_1')).toBe(true);
      expect(await attempts.isCancelled(step.event, 'sub_2')).toBe(false);
    });

    test('is a thing of the past once the delivery is made again', async () => {
      const { attempts } = await open();
      await attempts.cancel(step, new Date(AT));
      await attempts.record(make.step({ run: 2 }), make.attempt({ run: 2 }));
      expect(await attempts.isCancelled(step.event, 'sub_1')).toBe(false);
    });

    test('was made already, where one was', async () => {
      const { attempts } = await open();
      await attempts.record(step, make.attempt({ attempt: 2 }));
      expect(await attempts.cancel(step, new Date(AT))).toBe(false);
      expect(await attempts.isCancelled(step.event, 'sub_1')).toBe(false);
    });

    test('is known to a walk', async () => {
      const { attempts } = await open();
      await attempts.record(make.step(), make.attempt({ next: 'wait', next_at: later(5) }));
      await attempts.cancel(step, new Date(AT));
      const whom = { tenant: 'acme', subscriptionId: 'sub_1' };
      const found = await attempts.attemptsBetween(whom, { from: AT, to: later(1) });
      expect(found.get('evt_1')?.map(({ next }) => next)).toEqual(['wait', 'cancelled']);
      expect(await attempts.attemptsBetween(whom, { from: later(1), to: later(2) })).toEqual(new Map());
    });
  });
};
