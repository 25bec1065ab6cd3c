import { describe, expect, test } from '@jest/globals';
import type { Attempt } from '../../shared/domain/attempt.ts';
import { attemptsIn, type Attempts, type Listed } from '../../shared/store/attempts.ts';
import { readRange } from '../../shared/store/database.ts';
import type { StepOf } from '../../shared/store/keys.ts';
import type { TestTable } from '../support/dynamodb.ts';
import { later, make } from '../support/make.ts';

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
    const letter = { event: make.event(), subscriptionId: 'sub_1', deliveryId: 'dlv_1', at: later(9) } as const;

    test('says what died, when and why, and holds no data', async () => {
      const { attempts, table } = await open();
      await attempts.bury({ ...letter, reason: 'exhausted' });
      const { items } = await readRange(table, { pk: 'DEAD#acme#sub_1' });
      expect(items).toEqual([
        expect.objectContaining({
          tenant: 'acme',
          event_id: 'evt_1',
          event_type: 'Guest.Created',
          subscription_id: 'sub_1',
          delivery_id: 'dlv_1',
          accepted_at: make.event().accepted_at,
          died_at: later(9),
          reason: 'exhausted',
        }),
      ]);
      expect(items[0]).not.toHaveProperty('body');
    });

    test('is one for each delivery, however often it dies', async () => {
      const { attempts, table } = await open();
      await attempts.bury({ ...letter, reason: 'exhausted' });
      await attempts.bury({ ...letter, reason: 'gone' });
      await attempts.bury({ ...letter, event: make.event({ event_id: 'evt_2' }), reason: 'gone' });
      const { items } = await readRange(table, { pk: 'DEAD#acme#sub_1' });
      expect(items.map(({ event_id, reason }) => [event_id, reason])).toEqual([
        ['evt_1', 'gone'],
        ['evt_2', 'gone'],
      ]);
    });

    test('is kept for the retention from its death on', async () => {
      const { attempts, table, clock } = await open();
      await attempts.bury({ ...letter, at: later(RETENTION_SECONDS), reason: 'retention' });
      clock.advance(RETENTION_SECONDS * 2);
      expect((await readRange(table, { pk: 'DEAD#acme#sub_1' })).items).toHaveLength(1);
      clock.advance(1);
      expect((await readRange(table, { pk: 'DEAD#acme#sub_1' })).items).toEqual([]);
    });

    test('tells why a delivery died, and nothing of any other', async () => {
      const { attempts } = await open();
      await attempts.bury({ ...letter, reason: 'expired' });
      expect(await attempts.deathOf(make.event(), 'sub_1')).toBe('expired');
      expect(await attempts.deathOf(make.event(), 'sub_2')).toBeUndefined();
      expect(await attempts.deathOf(make.event({ event_id: 'evt_2' }), 'sub_1')).toBeUndefined();
      expect(await attempts.deathOf(make.event({ tenant: 'other' }), 'sub_1')).toBeUndefined();
      expect(await attempts.deathOf(make.event({ accepted_at: later(1) }), 'sub_1')).toBeUndefined();
    });
  });
};
