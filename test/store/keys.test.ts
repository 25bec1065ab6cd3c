import { describe, expect, test } from '@jest/globals';
import type { ItemKey } from '../../shared/store/database.ts';
import {
  ATTEMPT_SHARDS,
  COUNT_SHARDS,
  DEAD_SHARDS,
  keys,
  MARKER_SHARDS,
  SHELF_SHARDS,
  TENANT_SHARDS,
  TIME_SHARDS,
  TROUBLE_COPIES,
  WAIT_SHARDS,
  type StepOf,
} from '../../shared/store/keys.ts';
import { AT, later, make } from '../support/make.ts';

const WHOM = { tenant: 'acme', subscriptionId: 'sub_1' };

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
    ['what a caller’s key stands for', keys.madeOnce('acme', 'sub', 'k1'), 'ONCE#acme', 'sub#k1'],
    ['that there is a tenant', keys.tenant('acme'), 'TENANT#acme', 'tenant'],
    ['a tenant in the list', keys.tenantListed('acme'), 'TENANTS#2', 'acme'],
    ['a subscription that was deleted', keys.gone('acme', 'sub_1'), 'TENANT#acme', 'gone#sub_1'],
    ['a key of a tenant', keys.accessKeyOfTenant('acme', 'key_1'), 'KEYS#acme', 'key_1'],
    ['the tests of a subscription', keys.testRate('acme', 'sub_1'), 'RATE#acme#sub_1', 'test'],
    ['an open marker', keys.marker(make.event()), 'OPEN#06', `${AT}#acme#evt_1`],
    ['an attempt', keys.attempt(make.step({ run: 2, attempt: 10 })), 'AT#acme#sub_1#2', `${AT}#evt_1#0002#0010`],
    ['a dead letter', keys.deadLetter(make.event(), 'sub_1'), 'DEAD#acme#sub_1#2', `${AT}#evt_1`],
    ['an event in the order of time', keys.time(make.event()), 'TIME#acme#6', `${AT}#evt_1`],
    ['a dead letter of 0.1.0', keys.earlierDeadLetter(make.event(), 'sub_1'), 'DEAD#acme#sub_1', `${AT}#evt_1`],
    ['what rests', keys.shelved(make.step(), AT), 'SHELF#05', `${AT}#acme#sub_1#evt_1#0001`],
    ['what waits', keys.waiting(make.step(), AT), 'WAIT#acme#sub_1#2', `${AT}#evt_1#0001`],
    ["a subscription's health", keys.health(WHOM), 'HEALTH#acme#sub_1', 'health'],
    ['a lease', keys.lease(WHOM, 7), 'HEALTH#acme#sub_1', 'lease#07'],
    ['a subscription in trouble', keys.trouble(WHOM, 3), 'TROUBLE#3', 'acme#sub_1'],
    ['a rate', keys.rate('acme', 'sub_1'), 'RATE#acme#sub_1', 'rate'],
    ['what a call counted', keys.count(AT, { pk: 'AT#acme#sub_1#2', sk: 'x' }), 'COUNT#06', `${AT}#13e4449b1df7c3d1`],
    ['how far counts are folded', keys.fold, 'FOLD', 'fold'],
    ['an hour of a subscription', keys.figure({ ...WHOM, at: '2026-03-04T05' }), 'STAT#acme#sub_1', '2026-03-04T05'],
    ['a day of a tenant', keys.figure({ tenant: 'acme', at: '2026-03-04' }), 'USE#acme', '2026-03-04'],
    ["a tenant's budget", keys.ingestRate('acme'), 'RATE#acme#', 'ingest'],
  ])('%s', (_, key, pk, sk) => {
    expect(key).toEqual({ pk, sk });
  });

  test.each([
    ['the subscriptions of a tenant', keys.subscriptionPartition('acme'), 'SUB#acme'],
    ['those who want a type', keys.interestPartition('acme', 'group:Guest'), 'INT#acme#group:Guest'],
    ['the access keys', keys.listedAccessKeys, { pk: 'KEYS', prefix: 'key_' }],
    ['all parts of what match found', keys.matchedOf('acme', 'evt_1'), { pk: 'EV#acme#evt_1', prefix: 'matched#' }],
    [
      'the attempts of a delivery',
      keys.attemptsOf(make.event(), 'sub_1'),
      { pk: 'AT#acme#sub_1#2', prefix: `${AT}#evt_1#` },
    ],
    ['a part of the open markers', keys.markerPartition(9), 'OPEN#09'],
    ['a part of the shelf', keys.shelfPartition(9), 'SHELF#09'],
    ['a part of the timeline', keys.timePartition('acme', 7), 'TIME#acme#7'],
    ['a part of what waits', keys.waitingPartition('acme', 'sub_1', 3), 'WAIT#acme#sub_1#3'],
    ['what waits of an event', keys.waitingPartitionOf(WHOM, 'evt_1'), 'WAIT#acme#sub_1#2'],
    ['the leases of a suspect', keys.leasesOf(WHOM), { pk: 'HEALTH#acme#sub_1', prefix: 'lease#' }],
    ['a copy of the list of those in trouble', keys.troublePartition(3), 'TROUBLE#3'],
    ['the replays of a subscription', keys.replayPartition('acme', 'sub_1'), 'REPLAY#acme#sub_1'],
    ['the replays under way', keys.running, { pk: 'RUNNING' }],
    ['those who are held', keys.held, { pk: 'HELD' }],
    ['a part of the tenants', keys.tenantsPartition(3), 'TENANTS#3'],
    ['those that are being erased', keys.erasing, { pk: 'ERASING' }],
  ])('and so are %s', (_, place, expected) => {
    expect(place).toEqual(expected);
  });

  test('in as many partitions as there were: with fewer of them, what stands in the others is not found', () => {
    expect({
      MARKER_SHARDS,
      ATTEMPT_SHARDS,
      DEAD_SHARDS,
      TIME_SHARDS,
      SHELF_SHARDS,
      WAIT_SHARDS,
      COUNT_SHARDS,
      TROUBLE_COPIES,
      TENANT_SHARDS,
    }).toEqual({
      MARKER_SHARDS: 16,
      ATTEMPT_SHARDS: 4,
      DEAD_SHARDS: 4,
      TIME_SHARDS: 8,
      SHELF_SHARDS: 16,
      WAIT_SHARDS: 4,
      COUNT_SHARDS: 16,
      TROUBLE_COPIES: 4,
      TENANT_SHARDS: 4,
    });
  });

  test('and by no other: no two things share a key, however alike their ids are', () => {
    const names = ['a', 'a-a', 'a_a', 'a-', 'A'];
    const all: ItemKey[] = names.flatMap((tenant) =>
      names.flatMap((subscriptionId) => [
        ...names.flatMap((event_id) => keysOf({ tenant, subscriptionId, event_id: `${event_id}:` })),
        ...[keys.health({ tenant, subscriptionId }), keys.lease({ tenant, subscriptionId }, 0)],
        ...[keys.trouble({ tenant, subscriptionId }, 0), keys.rate(tenant, subscriptionId)],
        ...[keys.figure({ tenant, subscriptionId, at: AT }), keys.figure({ tenant, at: subscriptionId })],
      ]),
    );
    expect(new Set(all.map(({ pk, sk }) => `${pk} ${sk}`)).size).toBe(all.length);
  });
});

function keysOf({ tenant, subscriptionId, event_id }: { tenant: string; subscriptionId: string; event_id: string }) {
  const event = make.event({ tenant, event_id });
  const of = { event, subscriptionId, run: 1 };
  return [
    keys.attempt({ ...of, attempt: 1 }),
    keys.deadLetter(event, subscriptionId),
    keys.earlierDeadLetter(event, subscriptionId),
    keys.shelved(of, AT),
    keys.waiting(of, AT),
  ];
}

describe('sort keys have the order of', () => {
  const stepOf = (changes: Partial<StepOf>): StepOf => make.step(changes);
  test.each([
    ['attempts', [1, 2, 10, 999].map((attempt) => keys.attempt(stepOf({ attempt })))],
    ['runs before attempts', [1, 2, 10].map((run) => keys.attempt(stepOf({ run, attempt: 11 - run })))],
    ['parts of what match found', [0, 9, 10, 100].map((part) => keys.matched(make.event(), part))],
    [
      'the moments when what waits is due',
      [-1, 0, 0.001, 1, 60, 86_400].map((seconds) => keys.waiting(make.step(), later(seconds))),
    ],
    [
      'the moments when what rests is due, whoever it is for',
      [-1, 0, 0.001, 1].map((seconds, i) => keys.shelved(stepOf({ subscriptionId: `sub_${9 - i}` }), later(seconds))),
    ],
    [
      'the moments when events were accepted',
      [-1, 0, 0.001, 1].map((seconds, i) =>
        keys.time(make.event({ event_id: `evt_${9 - i}`, accepted_at: later(seconds) })),
      ),
    ],
  ])('%s', (_, all) => {
    const sortKeys = all.map(({ sk }) => sk);
    expect(sortKeys.toSorted()).toEqual(sortKeys);
    expect(new Set(sortKeys).size).toBe(sortKeys.length);
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
    ['dead letters', DEAD_SHARDS, (event: (typeof events)[number]) => keys.deadLetter(event, 'sub_1').pk],
    ['a timeline', TIME_SHARDS, (event: (typeof events)[number]) => keys.time(event).pk],
    ['what waits', WAIT_SHARDS, (event: (typeof events)[number]) => keys.waiting(make.step({ event }), AT).pk],
    ['what batches count', COUNT_SHARDS, (event: (typeof events)[number]) => keys.count(AT, keys.marker(event)).pk],
    ['the shelf', SHELF_SHARDS, (event: (typeof events)[number]) => keys.shelved(make.step({ event }), AT).pk],
  ])('of %s', (_, shards, partitionOf) => {
    const counts = spread(partitionOf);
    expect(counts).toHaveLength(shards);
    expect(Math.min(...counts)).toBeGreaterThan((0.7 * events.length) / shards);
  });

  test('and an event stays in its own, whenever it was accepted', () => {
    const again = make.event({ accepted_at: later(86_400) });
    expect(keys.marker(again).pk).toBe(keys.marker(make.event()).pk);
  });

  test('and all that waits of an event is together, whatever its run and its time', () => {
    const { pk } = keys.waiting(make.step({ run: 3 }), later(86_400));
    expect(pk).toBe(keys.waiting(make.step(), AT).pk);
    expect(pk).toBe(keys.waitingPartitionOf(WHOM, 'evt_1'));
  });

  test('and an event that all want is spread over the shelf by who wants it', () => {
    const partitions = Array.from({ length: 2_000 }, (_, i) => {
      return keys.shelved(make.step({ subscriptionId: `sub_${i}` }), AT).pk;
    });
    expect(new Set(partitions).size).toBe(SHELF_SHARDS);
  });
});
