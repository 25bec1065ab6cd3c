import { describe, expect, test } from '@jest/globals';
import type { AcceptedEvent } from '../../shared/domain/event.ts';
import { readRange } from '../../shared/store/database.ts';
import { eventsIn, type Events, type OpenMarker } from '../../shared/store/events.ts';
import type { TestTable } from '../support/dynamodb.ts';
import { AT, later, make } from '../support/make.ts';

const RETENTION_DAYS = 14;
const RETENTION_SECONDS = RETENTION_DAYS * 86_400;

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
      const sizes = (await table.scan()).map(
        ({ subscriptions }) => Array.isArray(subscriptions) && subscriptions.length,
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
