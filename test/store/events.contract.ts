import { describe, expect, test } from '@jest/globals';
import type { AcceptedEvent } from '../../shared/domain/event.ts';
import { readRange } from '../../shared/store/database.ts';
import { eventsIn, type Events, type OpenMarker, type Placed } from '../../shared/store/events.ts';
import type { TestTable } from '../support/dynamodb.ts';
import { AT, later, make } from '../support/make.ts';

const RETENTION_DAYS = 14;
const RETENTION_SECONDS = RETENTION_DAYS * 86_400;

interface Stretch {
  from: string;
  to: string;
  after?: string;
}

const ids = (count: number): string[] => Array.from({ length: count }, (_, i) => `sub_${String(i).padStart(26, '0')}`);
const numbered = (count: number): AcceptedEvent[] =>
  Array.from({ length: count }, (_, i) => make.event({ event_id: `evt_${i}`, accepted_at: later(i) }));

const markerOf = ({ tenant, event_id, accepted_at }: AcceptedEvent, tries = 0): OpenMarker => ({
  tenant,
  eventId: event_id,
  acceptedAt: accepted_at,
  tries,
});

const close = (events: Events, event: AcceptedEvent, subscriptions: readonly string[] = []): Promise<void> =>
  events.close([{ event, matched: { at: later(1), subscriptions } }]);

export const eventsContract = (backend: string, openTable: () => Promise<TestTable>) => {
  const open = async () => {
    const table = await openTable();
    return { table, clock: table.clock, events: eventsIn(table, RETENTION_DAYS) };
  };
  /** The markers that are overdue, `seconds` after everything began. */
  const overdueAfter = (events: Events, seconds: number): Promise<OpenMarker[]> =>
    Array.fromAsync(events.overdue(new Date(later(seconds - 120)), new Date(later(seconds))));

  describe(`an accepted event on ${backend}`, () => {
    const bodies = ['first', 'second', 'third'].map((name) => `{"name":"${name}"}`);

    test('is the first of many that come with its id at once', async () => {
      const { events } = await open();
      const rivals = Array.from({ length: 10 }, (_, i) =>
        make.event({ body: `{"n":${i}}`, accepted_at: later(i / 1000) }),
      );
      const accepted = await Promise.all(rivals.map((event) => events.accept(event)));
      const winners = rivals.filter((_, i) => accepted[i]);
      expect(winners).toHaveLength(1);
      expect(await events.find('acme', 'evt_1')).toEqual(winners[0]);
    });

    test('is kept as it was posted, token for token', async () => {
      const { events } = await open();
      const body = String.raw`{"id":820982911946154508,"p":199.00,"n":[1.0e2,-0,1E400],"u":"\u0041🚀` + '\u2028é"}';
      const event = make.event({ body, resource: null, schema: 'v7' });
      await events.accept(event);
      expect(await events.find('acme', 'evt_1')).toEqual(event);
    });

    test('may be as large as events can be', async () => {
      const { events } = await open();
      const event = make.event({ body: `{"text":"${'é'.repeat(128 * 1024 - 16)}"}` });
      await events.accept(event);
      expect((await events.find('acme', 'evt_1'))?.body).toBe(event.body);
    });

    test('may come without a trace', async () => {
      const { events } = await open();
      const { traceparent: _, ...event } = make.event();
      await events.accept(event);
      expect(await events.find('acme', 'evt_1')).toEqual(event);
    });

    test('is found by its own tenant and id alone', async () => {
      const { events } = await open();
      await events.accept(make.event());
      expect(await events.find('other', 'evt_1')).toBeUndefined();
      expect(await events.find('acme', 'evt_2')).toBeUndefined();
      expect(await events.accept(make.event({ tenant: 'other' }))).toBe(true);
      expect(await events.accept(make.event({ event_id: 'evt_2' }))).toBe(true);
    });

    test('holds its id until the retention is over, and no longer', async () => {
      const { events, clock } = await open();
      const accept = (body: string | undefined, seconds: number) =>
        events.accept(make.event({ body: body ?? '', accepted_at: later(seconds) }));
      expect(await accept(bodies[0], 0)).toBe(true);
      expect(await accept(bodies[1], RETENTION_SECONDS - 1)).toBe(false);

      clock.advance(RETENTION_SECONDS);
      expect((await events.find('acme', 'evt_1'))?.body).toBe(bodies[0]);
      clock.advance(1.2);
      expect(await events.find('acme', 'evt_1')).toBeUndefined();

      expect(await accept(bodies[2], RETENTION_SECONDS + 1.2)).toBe(true);
      expect((await events.find('acme', 'evt_1'))?.body).toBe(bodies[2]);
    });

    test('is not there before it is accepted', async () => {
      const { events } = await open();
      expect(await events.find('acme', 'evt_1')).toBeUndefined();
    });
  });

  describe(`what match found, on ${backend}`, () => {
    test.each([0, 1, 999, 1_000, 1_001, 2_500])('is kept for %i subscriptions, in their order', async (count) => {
      const { events } = await open();
      await close(events, make.event(), ids(count));
      expect(await events.matched('acme', 'evt_1')).toEqual({ at: later(1), subscriptions: ids(count) });
      expect(await events.isMatched('acme', 'evt_1')).toBe(true);
    });

    test('is kept in parts that stay far below what an item may be', async () => {
      const { events, table } = await open();
      await close(events, make.event(), ids(2_500));
      const sizes = (await table.scan()).flatMap(({ subscriptions }) =>
        Array.isArray(subscriptions) ? [subscriptions.length] : [],
      );
      expect(sizes).toEqual([1_000, 1_000, 500]);
    });

    test('is unknown before match has been there, though the event is', async () => {
      const { events } = await open();
      await events.accept(make.event());
      await events.open(make.event());
      expect(await events.matched('acme', 'evt_1')).toBeUndefined();
      expect(await events.isMatched('acme', 'evt_1')).toBe(false);
    });

    test('is that of the event, not of one with a similar id', async () => {
      const { events } = await open();
      await close(events, make.event({ event_id: 'evt_10' }), ['sub_1']);
      await close(events, make.event({ tenant: 'other' }), ['sub_1']);
      expect(await events.isMatched('acme', 'evt_1')).toBe(false);
    });

    test('is written for many events at once', async () => {
      const { events } = await open();
      const found = numbered(12).map((event, i) => ({
        event,
        matched: { at: later(60), subscriptions: ids(i * 300) },
      }));
      await Promise.all(numbered(12).map((event) => events.open(event)));
      await events.close(found);
      const read = await Promise.all(numbered(12).map(({ tenant, event_id }) => events.matched(tenant, event_id)));
      expect(read).toEqual(found.map(({ matched }) => matched));
      expect(await overdueAfter(events, 3_600)).toEqual([]);
    });

    test('is written once for an event that stands twice in a batch', async () => {
      const { events } = await open();
      const matched = { at: later(1), subscriptions: ids(3) };
      await events.close([
        { event: make.event(), matched },
        { event: make.event(), matched },
      ]);
      expect(await events.matched('acme', 'evt_1')).toEqual(matched);
    });

    test('names everyone once, when match was there twice and found fewer the second time', async () => {
      const { events } = await open();
      await close(events, make.event(), ids(2_500));
      await close(events, make.event(), ids(2_500).slice(1_200));
      const { subscriptions = [] } = (await events.matched('acme', 'evt_1')) ?? {};
      expect(new Set(subscriptions).size).toBe(subscriptions.length);
      expect(subscriptions).toEqual(expect.arrayContaining(ids(2_500).slice(1_200)));
    });

    test('is forgotten with its event, and is not that of the next one with its id', async () => {
      const { events, clock } = await open();
      await events.accept(make.event());
      await close(events, make.event(), ids(2_500));
      clock.advance(RETENTION_SECONDS + 1.2);
      const next = make.event({ accepted_at: clock.now().toISOString() });
      await events.accept(next);
      expect(await events.matched('acme', 'evt_1')).toBeUndefined();
      expect(await events.isMatched('acme', 'evt_1')).toBe(false);
      await close(events, next, ['sub_7']);
      expect(await events.matched('acme', 'evt_1')).toEqual({ at: later(1), subscriptions: ['sub_7'] });
    });
  });

  describe(`the timeline of a tenant on ${backend}`, () => {
    /** Matched events, one a second, and now and then several in the same millisecond. */
    const matched = (count: number, from = 0): AcceptedEvent[] =>
      Array.from({ length: count }, (_, i) => {
        const n = from + i;
        const event_id = `evt_${String(n).padStart(3, '0')}`;
        return make.event({ event_id, accepted_at: later(n - (n % 3)) });
      });
    const enter = (events: Events, all: readonly AcceptedEvent[]): Promise<void> =>
      events.close(all.map((event) => ({ event, matched: { at: later(1), subscriptions: [] } })));
    const ALL = { from: later(-3_600), to: later(3_600) };
    const namesOf = (all: readonly { event_id: string }[]): string[] => all.map(({ event_id }) => event_id);

    /** All pages, one after the other, until there is no other. */
    async function pagesOf(events: Events, limit: number, { from, to, after: begin }: Stretch = ALL) {
      const pages: Placed[][] = [];
      let after = begin;
      do {
        const page = await events.timeline('acme', { from, to, after, limit });
        pages.push(page.events);
        after = page.after;
        if (pages.length > 200) throw new Error('the pages have no end');
      } while (after !== undefined);
      return pages;
    }

    test.each([2, 7, 20, 60, 100])('has every event once in pages of %i, the oldest first', async (limit) => {
      const { events } = await open();
      await enter(events, matched(60).toReversed());
      const pages = await pagesOf(events, limit);
      expect(namesOf(pages.flat())).toEqual(namesOf(matched(60)));
      expect(Math.max(...pages.map(({ length }) => length))).toBeLessThanOrEqual(limit);
    });

    test('says of each event what a walk must know, and where it stands', async () => {
      const { events } = await open();
      await close(events, make.event(), ids(1_001));
      expect((await pagesOf(events, 10)).flat()).toEqual([
        {
          tenant: 'acme',
          event_id: 'evt_1',
          type: 'Guest.Created',
          group: 'Guest',
          accepted_at: AT,
          matched: 1_001,
          position: `${AT}#evt_1`,
        },
      ]);
    });

    test.each<[string, Stretch, number, number]>([
      ['from a moment on, that one included', { from: later(9), to: later(3_600) }, 9, 60],
      ['up to a moment, that one not included', { from: later(-1), to: later(30) }, 0, 30],
      ['between two moments', { from: later(9), to: later(51) }, 9, 51],
      ['after a moment, as after a position', { ...ALL, after: later(9) }, 9, 60],
      ['after a position within a millisecond', { ...ALL, after: `${later(9)}#evt_010` }, 11, 60],
      ['of no time at all', { from: later(9), to: later(9) }, 0, 0],
      ['of a time when there was nothing', { from: later(600), to: later(900) }, 0, 0],
      ['after the end', { ...ALL, after: later(3_600) }, 0, 0],
    ])('is read %s', async (_, stretch, first, end) => {
      const { events } = await open();
      await enter(events, matched(60));
      expect(namesOf((await pagesOf(events, 7, stretch)).flat())).toEqual(namesOf(matched(60).slice(first, end)));
    });

    test('shows what comes while it is read, and what was there not twice', async () => {
      const { events } = await open();
      await enter(events, matched(30));
      const seen: string[] = [];
      let after: string | undefined;
      let comes = 30;
      do {
        const page = await events.timeline('acme', { ...ALL, after, limit: 8 });
        seen.push(...namesOf(page.events));
        after = page.after;
        if (comes < 60) await enter(events, matched(6, comes));
        comes += 6;
      } while (after !== undefined);
      expect(seen).toEqual(namesOf(matched(60)).slice(0, seen.length));
      expect(seen.length).toBeGreaterThanOrEqual(54);
    });

    test('is that of no other tenant', async () => {
      const { events } = await open();
      await enter(events, [make.event(), make.event({ tenant: 'acme2' }), make.event({ tenant: 'other' })]);
      expect((await pagesOf(events, 10)).flat().map(({ tenant }) => tenant)).toEqual(['acme']);
    });

    test('has no event before match was there', async () => {
      const { events } = await open();
      await events.accept(make.event());
      await events.open(make.event());
      expect((await pagesOf(events, 10)).flat()).toEqual([]);
    });

    test('ends where the retention ends, though older events are still there', async () => {
      const { events, clock } = await open();
      await enter(events, matched(60));
      clock.advance(RETENTION_SECONDS + 30);
      expect(namesOf((await pagesOf(events, 4)).flat())).toEqual(namesOf(matched(60).slice(30)));
    });

    test('is read without an event that nobody here can read', async () => {
      const { table } = await open();
      const reports: Error[] = [];
      const events = eventsIn(table, RETENTION_DAYS, { unreadable: (error) => void reports.push(error) });
      await enter(events, matched(6));
      const [unread] = (await table.scan()).filter(({ pk, event_id }) =>
        [String(pk).startsWith('TIME#'), event_id === 'evt_004'].every(Boolean),
      );
      const { group: _group, ...rest } = unread!;
      await table.put(rest);
      const names = namesOf(matched(6)).filter((name) => name !== 'evt_004');
      expect(namesOf((await pagesOf(events, 4)).flat())).toEqual(names);
      expect(namesOf(await events.ofMoment('acme', later(3)))).toHaveLength(2);
      expect(reports.length).toBeGreaterThanOrEqual(2);
    });

    test('tells which events were accepted in a millisecond', async () => {
      const { events } = await open();
      await enter(events, matched(9));
      await enter(events, [make.event({ tenant: 'other', accepted_at: later(3) })]);
      const found = await events.ofMoment('acme', later(3));
      expect(namesOf(found).toSorted()).toEqual(['evt_003', 'evt_004', 'evt_005']);
      expect(await events.ofMoment('acme', later(4))).toEqual([]);
    });
  });

  describe(`an erased event on ${backend}`, () => {
    const eraseAt = (events: Events, seconds = 60) => events.erase('acme', 'evt_1', new Date(later(seconds)));

    test('keeps its id, its hash and when it was accepted, and nothing of what it said', async () => {
      const { events, table } = await open();
      const event = make.event({ resource: 'Zoe' });
      await events.accept(event);
      const { tenant, event_id, type, group, accepted_at, sha256, schema } = event;
      const kept = { tenant, event_id, type, group, accepted_at, sha256, schema };
      const erased = { ...kept, timestamp: accepted_at, resource: null, erased_at: later(60) };
      expect(await eraseAt(events)).toEqual(erased);
      expect(await events.find('acme', 'evt_1')).toEqual(erased);
      expect(JSON.stringify(await table.scan())).not.toMatch(/g1|Zoe|05:06:00|0af7651916cd/);
      expect(await events.accept(event)).toBe(false);
    });

    test('was erased when it first was', async () => {
      const { events } = await open();
      await events.accept(make.event());
      const first = await eraseAt(events);
      expect(await eraseAt(events, 120)).toEqual(first);
    });

    test('goes when it would have gone, and its id is free', async () => {
      const { events, clock } = await open();
      await events.accept(make.event());
      await eraseAt(events);
      const over = RETENTION_SECONDS + 1;
      clock.advance(over);
      expect(await events.find('acme', 'evt_1')).toBeUndefined();
      expect(await eraseAt(events, over)).toBeUndefined();
      const next = make.event({ accepted_at: later(over) });
      expect(await events.accept(next)).toBe(true);
      expect(await events.find('acme', 'evt_1')).toEqual(next);
    });

    test('is none where there was none, and of one tenant alone', async () => {
      const { events, table } = await open();
      await events.accept(make.event({ tenant: 'other' }));
      expect(await eraseAt(events)).toBeUndefined();
      expect((await events.find('other', 'evt_1'))?.body).toBeDefined();
      expect(await table.scan()).toHaveLength(1);
    });

    test('that match has not seen is as one that nobody wanted', async () => {
      const { events } = await open();
      await events.accept(make.event());
      await events.open(make.event());
      await eraseAt(events);
      expect(await overdueAfter(events, 3_600)).toEqual([]);
      expect(await events.matched('acme', 'evt_1')).toEqual({ at: later(60), subscriptions: [] });
      expect((await events.ofTenant('acme', {}, { limit: 10 })).events).toMatchObject([
        { event_id: 'evt_1', matched: 0 },
      ]);
    });

    test('keeps whom match found, before it was erased or after', async () => {
      const { events } = await open();
      await events.accept(make.event());
      await close(events, make.event(), ids(1_200));
      await eraseAt(events);
      expect((await events.matched('acme', 'evt_1'))?.subscriptions).toHaveLength(1_200);
      await close(events, make.event(), ['sub_1']);
      expect((await events.matched('acme', 'evt_1'))?.subscriptions).toContain('sub_1');
      expect((await events.ofTenant('acme', {}, { limit: 10 })).events).toMatchObject([{ matched: 1 }]);
    });
  });

  describe(`an open marker on ${backend}`, () => {
    test('is written once, whoever tries', async () => {
      const { events } = await open();
      const written = await Promise.all(Array.from({ length: 8 }, () => events.open(make.event())));
      expect(written.filter(Boolean)).toHaveLength(1);
    });

    test('is closed by match', async () => {
      const { events } = await open();
      await events.open(make.event());
      expect(await overdueAfter(events, 121)).toEqual([markerOf(make.event())]);
      await close(events, make.event(), ids(2_500));
      expect(await overdueAfter(events, 3_600)).toEqual([]);
    });

    test('is overdue when its event was accepted before the moment asked for', async () => {
      const { events } = await open();
      await Promise.all(numbered(60).map((event) => events.open(event)));
      expect(await overdueAfter(events, 120)).toEqual([]);
      const overdue = await overdueAfter(events, 150);
      expect(overdue.map(({ eventId }) => eventId).toSorted()).toEqual(
        numbered(30)
          .map(({ event_id }) => event_id)
          .toSorted(),
      );
    });

    test('comes behind the older ones of its partition', async () => {
      const { events, table } = await open();
      const sameShard = numbered(12).map((event) => ({ ...event, event_id: 'evt_1' }));
      await Promise.all(sameShard.toReversed().map((event) => events.open(event)));
      const overdue = await overdueAfter(events, 3_600);
      expect(overdue.map(({ acceptedAt }) => acceptedAt)).toEqual(sameShard.map(({ accepted_at }) => accepted_at));
      expect(table.now()).toEqual(new Date(AT));
    });

    test('lies in one of many partitions', async () => {
      const { events, table } = await open();
      await Promise.all(numbered(60).map((event) => events.open(event)));
      const counts = await Promise.all(
        Array.from({ length: 16 }, async (_, shard) => {
          const { items } = await readRange(table, { pk: `OPEN#${String(shard).padStart(2, '0')}` });
          return items.length;
        }),
      );
      expect(counts.reduce((sum, count) => sum + count, 0)).toBe(60);
      expect(counts.filter((count) => count > 0).length).toBeGreaterThan(10);
    });

    test('never expires: what is accepted stays owed', async () => {
      const { events, clock } = await open();
      await events.open(make.event());
      clock.advance(RETENTION_SECONDS * 10);
      expect(await overdueAfter(events, RETENTION_SECONDS * 10)).toEqual([markerOf(make.event())]);
    });

    test('rests after it was published again, and counts how often that was', async () => {
      const { events } = await open();
      await events.open(make.event());
      await events.postpone(markerOf(make.event()), new Date(later(240)));
      expect(await overdueAfter(events, 239)).toEqual([]);
      expect(await overdueAfter(events, 240)).toEqual([markerOf(make.event(), 1)]);
      await events.postpone(markerOf(make.event(), 1), new Date(later(480)));
      expect(await overdueAfter(events, 479)).toEqual([]);
      expect(await overdueAfter(events, 480)).toEqual([markerOf(make.event(), 2)]);
    });

    test('does not keep others from being found while it rests', async () => {
      const { events } = await open();
      const [resting, due] = [make.event({ accepted_at: later(0) }), make.event({ accepted_at: later(1) })];
      await events.open(resting);
      await events.open(due);
      await events.postpone(markerOf(resting), new Date(later(3_600)));
      expect(await overdueAfter(events, 300)).toEqual([markerOf(due)]);
    });

    test('stays closed when it is postponed after match was there', async () => {
      const { events } = await open();
      await events.open(make.event());
      await close(events, make.event());
      await events.postpone(markerOf(make.event()), new Date(later(240)));
      expect(await overdueAfter(events, 3_600)).toEqual([]);
    });

    test('stays what it was when it is written again', async () => {
      const { events } = await open();
      await events.open(make.event());
      await events.postpone(markerOf(make.event()), new Date(later(240)));
      expect(await events.open(make.event())).toBe(false);
      expect(await overdueAfter(events, 3_600)).toEqual([markerOf(make.event(), 1)]);
    });

    test('can be forgotten, without the others', async () => {
      const { events } = await open();
      const [gone, left] = [make.event(), make.event({ event_id: 'evt_2' })];
      await events.open(gone);
      await events.open(left);
      await events.forget(markerOf(gone));
      await events.forget(markerOf(gone));
      expect(await overdueAfter(events, 3_600)).toEqual([markerOf(left)]);
    });
  });
};
