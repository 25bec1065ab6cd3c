import { describe, expect, test } from '@jest/globals';
import { acceptedAtOf, deliveryId, EventId, newId, TenantId } from '../../shared/domain/id.ts';
import { AT, later } from '../support/make.ts';

describe('a tenant', () => {
  test.each(['a', 'A', '7', 'acme', 'Acme_Inc-2', 'a-', 'a_', 'a'.repeat(64), '7e0c5c0e-0000-4000-8000-00000000000d'])(
    'may be called %j',
    (name) => expect(TenantId.safeParse(name).success).toBe(true),
  );

  test.each(['', '-a', '_a', 'a b', 'a.b', 'a/b', 'a#b', 'a:b', 'a\n', 'é', '!deployment', 'a'.repeat(65), 7, null])(
    'may not be called %j',
    (name) => expect(TenantId.safeParse(name).success).toBe(false),
  );
});

describe('an event id', () => {
  test.each(['a', '-', '_', ':', '622b63e600000fa4e0db6557', 'order:7-1_b', 'a'.repeat(128)])('may be %j', (id) =>
    expect(EventId.safeParse(id).success).toBe(true),
  );

  test.each(['', 'a.b', 'a b', 'a#b', 'a/b', 'é', 'a\n', 'a'.repeat(129), 7])('may not be %j', (id) =>
    expect(EventId.safeParse(id).success).toBe(false),
  );
});

describe('a made id', () => {
  const zeros = Buffer.alloc(10);

  test('is its prefix, 10 characters of time and 16 of chance', () => {
    const random = Buffer.from('00112233445566778899', 'hex');
    expect(newId('sub', new Date(AT), random)).toBe('sub_01kjvktdcj008j4ct4ank7f24s');
    expect(newId('evt', new Date(0), zeros)).toBe(`evt_${'0'.repeat(26)}`);
  });

  test.each([
    ['a millisecond', AT, '2026-03-04T05:06:07.891Z'],
    ['a second', AT, later(1)],
    ['a century', AT, '2126-03-04T05:06:07.890Z'],
    ['the change to another leading character', '2004-11-03T19:53:47.775Z', '2004-11-03T19:53:47.776Z'],
  ])('sorts behind one that is %s older, whatever the chance', (_, earlier, at) => {
    const ids = [newId('sub', new Date(earlier), Buffer.alloc(10, 0xff)), newId('sub', new Date(at), zeros)];
    expect(ids.toSorted()).toEqual(ids);
  });

  test('has a character for every five bits of chance', () => {
    const bits = Array.from({ length: 80 }, (_, bit) => {
      const bytes = Buffer.alloc(10);
      bytes[bit >> 3] = 1 << (bit & 7);
      return newId('key', new Date(AT), bytes);
    });
    expect(new Set(bits).size).toBe(80);
  });

  test('takes no more than ten bytes of chance', () => {
    const more = Buffer.concat([zeros, Buffer.alloc(22, 0xff)]);
    expect(newId('sub', new Date(AT), more)).toBe(newId('sub', new Date(AT), zeros));
  });
});

describe('the id of a delivery', () => {
  const of = { tenant: 'acme', eventId: 'evt_1', subscriptionId: 'sub_1', acceptedAt: AT };

  test('is the same for ever: subscribers know deliveries by it, from one release to the next', () => {
    expect(deliveryId(of)).toBe('dlv_01kjvktdcj9mdmwd93jqgehpy7');
  });

  test('sorts by when the event was accepted', () => {
    const ids = [deliveryId(of), deliveryId({ ...of, acceptedAt: later(1) })];
    expect(ids.toSorted()).toEqual(ids);
  });

  test.each([
    ['tenant', { tenant: 'other' }],
    ['event', { eventId: 'evt_2' }],
    ['subscription', { subscriptionId: 'sub_2' }],
    ['way of cutting the same characters into names', { tenant: 'acmeevt', eventId: '_1' }],
  ])('is another for another %s', (_, changes) => {
    expect(deliveryId({ ...of, ...changes }).slice(-16)).not.toBe(deliveryId(of).slice(-16));
  });

  test('shows nothing that the caller chose, and has no dot', () => {
    const id = deliveryId({ ...of, tenant: 'acmeacme', eventId: 'secretsecret' });
    expect(id).toMatch(/^dlv_[0-9a-hjkmnp-tv-z]{26}$/);
    expect(id).not.toMatch(/acme|secret/);
  });

  test.each([AT, '1970-01-01T00:00:00.000Z', '2004-11-03T19:53:47.775Z', '2126-03-04T05:06:07.999Z'])(
    'tells that the event was accepted at %s',
    (acceptedAt) => {
      expect(acceptedAtOf(deliveryId({ ...of, acceptedAt }))).toBe(acceptedAt);
    },
  );

  test.each([
    ['nothing', ''],
    ['the id of something else', `evt_${'0'.repeat(26)}`],
    ['too short', `dlv_${'0'.repeat(25)}`],
    ['too long', `dlv_${'0'.repeat(27)}`],
    ['in capitals', `dlv_${'A'.repeat(26)}`],
    ['with a character that stands for another', `dlv_${'o'.repeat(26)}`],
    ['with a line below it', `dlv_${'0'.repeat(26)}\n`],
  ])('tells nothing where it is %s', (_, id) => {
    expect(acceptedAtOf(id)).toBeUndefined();
  });

  test('may name a time that no event has, and does not break by it', () => {
    expect(acceptedAtOf(`dlv_${'z'.repeat(26)}`)).toMatch(/Z$/);
  });
});
