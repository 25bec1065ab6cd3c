import { describe, expect, test } from '@jest/globals';
import { ATTEMPT_SHARDS, keys, MARKER_SHARDS } from '../../shared/store/keys.ts';
import { AT, later, make } from '../support/make.ts';

describe('what stands in a table is found by the same key for ever', () => {
  const by = { subscription: 'sub_1', interest: 'itr_1' };
  test.each([
    ['a subscription', keys.subscription('acme', 'sub_1'), 'SUB#acme', 'sub_1'],
    ['interest in a type', keys.interest('acme', 'Guest.Created', by), 'INT#acme#Guest.Created', 'sub_1#itr_1'],
    ['interest in everything', keys.interest('acme', '*', by), 'INT#acme#*', 'sub_1#itr_1'],
    ['an access key', keys.accessKey('key_1'), 'KEY#key_1', 'key'],
    ['an access key in the list', keys.accessKeyListed('key_1'), 'KEYS', 'key_1'],
    ['the admin keys', keys.admins, 'KEYS', '!admins'],
    ["a tenant's data key", keys.dataKey('acme'), 'DEK#acme', 'dek'],
    ['an event', keys.head('acme', 'evt_1'), 'EV#acme#evt_1', 'head'],
    ['what match found', keys.matched(make.event(), 12), 'EV#acme#evt_1', 'matched#0012'],
    ['an open marker', keys.marker(make.event()), 'OPEN#06', `${AT}#acme#evt_1`],
    ['an attempt', keys.attempt(make.step({ run: 2, attempt: 10 })), 'AT#acme#sub_1#2', `${AT}#evt_1#0002#0010`],
    ['a dead letter', keys.deadLetter(make.event(), 'sub_1'), 'DEAD#acme#sub_1#2', `${AT}#evt_1`],
    ['an event in the order of time', keys.time(make.event()), 'TIME#acme#6', `${AT}#evt_1`],
    ['what rests', keys.shelved(make.step(), AT), 'SHELF#05', `${AT}#acme#sub_1#evt_1#0001`],
    ['what waits', keys.waiting(make.step(), AT), 'WAIT#acme#sub_1#2', `${AT}#evt_1#0001`],
    ['a rate', keys.rate('acme', 'sub_1'), 'RATE#acme#sub_1', 'rate'],
    ["a tenant's budget", keys.ingestRate('acme'), 'RATE#acme#', 'ingest'],
  ])('%s', (_, key, pk, sk) => {
    expect(key).toEqual({ pk, sk });
  });
});

describe('partitions share the load', () => {
  const events = Array.from({ length: 2_000 }, (_, i) => make.event({ event_id: `evt_${i}` }));

  /** How many of the events go to each partition, the smallest number first. */
  const spread = (partitionOf: (event: (typeof events)[number]) => string): number[] => {
    const counts = new Map<string, number>();
    for (const event of events) counts.set(partitionOf(event), (counts.get(partitionOf(event)) ?? 0) + 1);
    return [...counts.values()].toSorted((a, b) => a - b);
  };

  test.each([
    ['open markers', MARKER_SHARDS, (event: (typeof events)[number]) => keys.marker(event).pk],
    ['attempts', ATTEMPT_SHARDS, (event: (typeof events)[number]) => keys.attempt(make.step({ event })).pk],
  ])('of %s', (_, shards, partitionOf) => {
    const counts = spread(partitionOf);
    expect(counts).toHaveLength(shards);
    expect(Math.min(...counts)).toBeGreaterThan((0.7 * events.length) / shards);
  });

  test('and an event stays in its own, whenever it was accepted', () => {
    const again = make.event({ accepted_at: later(86_400) });
    expect(keys.marker(again).pk).toBe(keys.marker(make.event()).pk);
  });
});
