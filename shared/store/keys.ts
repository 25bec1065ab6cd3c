import { createHash } from 'node:crypto';
import type { EventFacts } from '../domain/event.ts';
import type { ItemKey } from './database.ts';

/*
 * The whole key design. Ids hold no `#`, so no id can reach into another's part of a key.
 *
 * control table
 *   SUB#tenant                  subscription                   the subscription itself
 *   INT#tenant#wish             subscription#interest          wants events of this wish (a type, X.*, group:G, *)
 *   KEY#key                     key                            an access key
 *   KEYS                        key                            the list of them; !admins is the set of admin keys
 *   KEYS#tenant                 key                            the list of those that are bound to the tenant
 *   DEK#tenant                  dek                            the tenant's wrapped data key
 * flow table
 *   EV#tenant#event             head                           the event and its data
 *   EV#tenant#event             matched#nnnn                   when match was done with it, and whom it found
 *   OPEN#nn                     accepted_at#tenant#event       accepted and not yet matched
 *   AT#tenant#subscription#n    accepted_at#event#run#attempt  an attempt, or the claim to it
 *   DEAD#tenant#subscription#n  accepted_at#event              a dead letter
 *   DEADS#nn                    accepted_at#tenant#subscription#event  the same letter, in the list of those of all tenants
 *   TIME#tenant#n               accepted_at#event              a matched event in the order of time: what a walk reads
 *   SHELF#nn                    due#tenant#subscription#event#run  a delivery that rests until then
 *   WAIT#tenant#subscription#n  due#event#run                  a delivery that waits, wherever: what is listed and released
 *   HEALTH#tenant#subscription  health                         its failures since it answered last
 *   HEALTH#tenant#subscription  lease#nn                       the right to one request to it while it is suspect
 *   TROUBLE#n                   tenant#subscription            one of some copies of the list of those in trouble
 *   USED#key                    use                            when an access key was used last
 *   RATE#tenant#subscription    rate                           its next free moment
 *   RATE#tenant#                ingest                         when the tenant may post its next event
 *   RATE#tenant#subscription    test                           when the subscription may be tested again
 *   ONCE#tenant                 kind#key                       what a caller's Idempotency-Key stands for, for a day
 *   REPLAY#tenant#subscription  replay                         a catch-up or replay, with how far it is
 *   RUNNING                     tenant#subscription#replay     one that is under way
 *   HELD                        tenant#subscription            one that is held
 *   TENANT#tenant               tenant                         that there is such a tenant, and its erasure
 *   TENANT#tenant               gone#subscription              one that was deleted, for as long as anything of it may be left
 *   TENANTS#n                   tenant                         the list of tenants
 *   ERASING                     tenant                         one whose erasure is under way
 *
 * What holds a tenant's name is taken away with it: whatever is added here is added in erase-tenant.ts.
 *   COUNT#nn                    moment#hash                    what one batch counted, until it is folded
 *   FOLD                        fold                           how far that is folded
 *   STAT#tenant#subscription    hour                           a subscription's figures of an hour
 *   USE#tenant                  day                            a tenant's figures of a day
 */

/** Spread over partitions by a hash, so that no single one takes all the writes of a busy moment. */
const shardOf = (text: string, shards: number): number =>
  createHash('sha1').update(text).digest().readUInt16BE() % shards;

export const MARKER_SHARDS = 16;
/** A partition takes 1,000 writes a second; a subscription's own ceiling is 100 deliveries a second by default. */
export const ATTEMPT_SHARDS = 4;

export const DEAD_SHARDS = 4;
/** Of all tenants together: an outage of a big subscriber buries thousands in a moment. */
export const ALL_DEAD_SHARDS = 16;
export const TIME_SHARDS = 8;
export const SHELF_SHARDS = 16;
export const WAIT_SHARDS = 4;
export const COUNT_SHARDS = 16;
/** Each of them is read once a second by a part of the environments at work. */
export const TROUBLE_COPIES = 4;
export const TENANT_SHARDS = 4;

type Of = Pick<EventFacts, 'tenant' | 'event_id' | 'accepted_at'>;

interface OfSubscription {
  tenant: string;
  subscriptionId: string;
}

export interface StepOf {
  event: Of;
  subscriptionId: string;
  run: number;
  attempt: number;
}

const padded = (count: number): string => String(count).padStart(4, '0');

export const keys = {
  subscriptionPartition: (tenant: string): string => `SUB#${tenant}`,
  subscription: (tenant: string, id: string): ItemKey => ({ pk: keys.subscriptionPartition(tenant), sk: id }),
  interestPartition: (tenant: string, wish: string): string => `INT#${tenant}#${wish}`,
  interest: (tenant: string, wish: string, by: { subscription: string; interest: string }): ItemKey => ({
    pk: keys.interestPartition(tenant, wish),
    sk: `${by.subscription}#${by.interest}`,
  }),
  accessKey: (id: string): ItemKey => ({ pk: `KEY#${id}`, sk: 'key' }),
  accessKeyListed: (id: string): ItemKey => ({ pk: 'KEYS', sk: id }),
  listedAccessKeys: { pk: 'KEYS', prefix: 'key_' },
  tenantKeysPartition: (tenant: string): string => `KEYS#${tenant}`,
  accessKeyOfTenant: (tenant: string, id: string): ItemKey => ({ pk: keys.tenantKeysPartition(tenant), sk: id }),
  admins: { pk: 'KEYS', sk: '!admins' } satisfies ItemKey,
  dataKey: (tenant: string): ItemKey => ({ pk: `DEK#${tenant}`, sk: 'dek' }),

  eventPartition: (tenant: string, eventId: string): string => `EV#${tenant}#${eventId}`,
  head: (tenant: string, eventId: string): ItemKey => ({ pk: keys.eventPartition(tenant, eventId), sk: 'head' }),
  matchedOf: (tenant: string, eventId: string): { pk: string; prefix: string } => ({
    pk: keys.eventPartition(tenant, eventId),
    prefix: 'matched#',
  }),
  matched: (event: Of, part: number): ItemKey => {
    const { pk, prefix } = keys.matchedOf(event.tenant, event.event_id);
    return { pk, sk: `${prefix}${padded(part)}` };
  },
  markerPartition: (shard: number): string => `OPEN#${String(shard).padStart(2, '0')}`,
  marker: (event: Of): ItemKey => ({
    pk: keys.markerPartition(shardOf(event.event_id, MARKER_SHARDS)),
    sk: `${event.accepted_at}#${event.tenant}#${event.event_id}`,
  }),
  attemptPartition: (tenant: string, subscriptionId: string, shard: number): string =>
    `AT#${tenant}#${subscriptionId}#${shard}`,
  attemptsOf: (event: Of, subscriptionId: string): { pk: string; prefix: string } => ({
    pk: keys.attemptPartition(event.tenant, subscriptionId, shardOf(event.event_id, ATTEMPT_SHARDS)),
    prefix: `${event.accepted_at}#${event.event_id}#`,
  }),
  attempt: ({ event, subscriptionId, run, attempt }: StepOf): ItemKey => {
    const { pk, prefix } = keys.attemptsOf(event, subscriptionId);
    return { pk, sk: `${prefix}${padded(run)}#${padded(attempt)}` };
  },
  deadLetterPartition: (tenant: string, subscriptionId: string, shard: number): string =>
    `DEAD#${tenant}#${subscriptionId}#${shard}`,
  deadLetter: (event: Of, subscriptionId: string): ItemKey => ({
    pk: keys.deadLetterPartition(event.tenant, subscriptionId, shardOf(event.event_id, DEAD_SHARDS)),
    sk: `${event.accepted_at}#${event.event_id}`,
  }),
  allDeadPartition: (shard: number): string => `DEADS#${String(shard).padStart(2, '0')}`,
  deadLetterOfAll: ({ tenant, event_id, accepted_at }: Of, subscriptionId: string): ItemKey => ({
    pk: keys.allDeadPartition(shardOf(`${subscriptionId}${event_id}`, ALL_DEAD_SHARDS)),
    sk: `${accepted_at}#${tenant}#${subscriptionId}#${event_id}`,
  }),
  /** Where 0.1.0 kept them, all in one partition; they are read for as long as they last. */
  earlierDeadLetterPartition: (tenant: string, subscriptionId: string): string => `DEAD#${tenant}#${subscriptionId}`,
  earlierDeadLetter: (event: Of, subscriptionId: string): ItemKey => ({
    pk: keys.earlierDeadLetterPartition(event.tenant, subscriptionId),
    sk: `${event.accepted_at}#${event.event_id}`,
  }),
  timePartition: (tenant: string, shard: number): string => `TIME#${tenant}#${shard}`,
  time: (event: Of): ItemKey => ({
    pk: keys.timePartition(event.tenant, shardOf(event.event_id, TIME_SHARDS)),
    sk: `${event.accepted_at}#${event.event_id}`,
  }),
  shelfPartition: (shard: number): string => `SHELF#${String(shard).padStart(2, '0')}`,
  /** `due` is RFC 3339 UTC with milliseconds. */
  shelved: ({ event, subscriptionId, run }: Omit<StepOf, 'attempt'>, due: string): ItemKey => ({
    pk: keys.shelfPartition(shardOf(`${subscriptionId}${event.event_id}`, SHELF_SHARDS)),
    sk: `${due}#${event.tenant}#${subscriptionId}#${event.event_id}#${padded(run)}`,
  }),
  waitingPartition: (tenant: string, subscriptionId: string, shard: number): string =>
    `WAIT#${tenant}#${subscriptionId}#${shard}`,
  /** Where all that waits of one event stands. */
  waitingPartitionOf: ({ tenant, subscriptionId }: OfSubscription, eventId: string): string =>
    keys.waitingPartition(tenant, subscriptionId, shardOf(eventId, WAIT_SHARDS)),
  waiting: ({ event, subscriptionId, run }: Omit<StepOf, 'attempt'>, due: string): ItemKey => ({
    pk: keys.waitingPartitionOf({ tenant: event.tenant, subscriptionId }, event.event_id),
    sk: `${due}#${event.event_id}#${padded(run)}`,
  }),
  healthPartition: (tenant: string, subscriptionId: string): string => `HEALTH#${tenant}#${subscriptionId}`,
  health: ({ tenant, subscriptionId }: OfSubscription): ItemKey => ({
    pk: keys.healthPartition(tenant, subscriptionId),
    sk: 'health',
  }),
  leasesOf: ({ tenant, subscriptionId }: OfSubscription): { pk: string; prefix: string } => ({
    pk: keys.healthPartition(tenant, subscriptionId),
    prefix: 'lease#',
  }),
  lease: (of: OfSubscription, slot: number): ItemKey => {
    const { pk, prefix } = keys.leasesOf(of);
    return { pk, sk: `${prefix}${String(slot).padStart(2, '0')}` };
  },
  troublePartition: (copy: number): string => `TROUBLE#${copy}`,
  trouble: ({ tenant, subscriptionId }: OfSubscription, copy: number): ItemKey => ({
    pk: keys.troublePartition(copy),
    sk: `${tenant}#${subscriptionId}`,
  }),
  rate: (tenant: string, subscriptionId: string): ItemKey => ({ pk: `RATE#${tenant}#${subscriptionId}`, sk: 'rate' }),
  testRate: (tenant: string, subscriptionId: string): ItemKey => ({ ...keys.rate(tenant, subscriptionId), sk: 'test' }),
  ingestRate: (tenant: string): ItemKey => ({ pk: `RATE#${tenant}#`, sk: 'ingest' }),
  keyUse: (id: string): ItemKey => ({ pk: `USED#${id}`, sk: 'use' }),
  madeOncePartition: (tenant: string): string => `ONCE#${tenant}`,
  madeOnce: (tenant: string, kind: string, key: string): ItemKey => ({
    pk: keys.madeOncePartition(tenant),
    sk: `${kind}#${key}`,
  }),
  replayPartition: (tenant: string, subscriptionId: string): string => `REPLAY#${tenant}#${subscriptionId}`,
  countPartition: (shard: number): string => `COUNT#${String(shard).padStart(2, '0')}`,
  /** What was counted in that moment, RFC 3339 UTC with milliseconds, in the call that wrote this item among others. */
  count: (moment: string, { pk, sk }: ItemKey): ItemKey => {
    const hash = createHash('sha1').update(`${pk} ${sk}`).digest('hex').slice(0, 16);
    return { pk: keys.countPartition(shardOf(hash, COUNT_SHARDS)), sk: `${moment}#${hash}` };
  },
  fold: { pk: 'FOLD', sk: 'fold' } satisfies ItemKey,
  statPartition: (tenant: string, subscriptionId: string): string => `STAT#${tenant}#${subscriptionId}`,
  usePartition: (tenant: string): string => `USE#${tenant}`,
  /** `at` is an hour of a subscription, or without one a day of its tenant. */
  figure: ({ tenant, subscriptionId, at }: Partial<OfSubscription> & { tenant: string; at: string }): ItemKey => ({
    pk: subscriptionId === undefined ? keys.usePartition(tenant) : keys.statPartition(tenant, subscriptionId),
    sk: at,
  }),
  running: { pk: 'RUNNING' },
  held: { pk: 'HELD' },
  tenantPartition: (tenant: string): string => `TENANT#${tenant}`,
  tenant: (tenant: string): ItemKey => ({ pk: keys.tenantPartition(tenant), sk: 'tenant' }),
  goneOf: (tenant: string): { pk: string; prefix: string } => ({ pk: keys.tenantPartition(tenant), prefix: 'gone#' }),
  gone: (tenant: string, subscriptionId: string): ItemKey => {
    const { pk, prefix } = keys.goneOf(tenant);
    return { pk, sk: `${prefix}${subscriptionId}` };
  },
  tenantsPartition: (shard: number): string => `TENANTS#${shard}`,
  tenantListed: (tenant: string): ItemKey => ({
    pk: keys.tenantsPartition(shardOf(tenant, TENANT_SHARDS)),
    sk: tenant,
  }),
  erasing: { pk: 'ERASING' },
} as const;
