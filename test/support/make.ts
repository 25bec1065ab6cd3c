import type { Attempt } from '../../shared/domain/attempt.ts';
import type { DeliveryMessage, DeliveryStep } from '../../shared/domain/delivery.ts';
import { contentHash, travelling, type AcceptedEvent } from '../../shared/domain/event.ts';
import type { Key } from '../../shared/domain/key.ts';
import type { Subscription } from '../../shared/domain/subscription.ts';
import type { StepOf } from '../../shared/store/keys.ts';

/** The moment when everything here happened, unless a test says otherwise. */
export const AT = '2026-03-04T05:06:07.890Z';

/** A moment so many seconds after (or before) `AT`. */
export const later = (seconds: number): string => new Date(Date.parse(AT) + seconds * 1000).toISOString();

/** A clock that moves when it is told to. */
export interface Clock {
  now(): Date;
  /** So many seconds from where it stands. */
  advance(seconds: number): void;
}

function clock(from = AT): Clock {
  let time = Date.parse(from);
  return { now: () => new Date(time), advance: (seconds) => (time += seconds * 1000) };
}

function event(changes: Partial<AcceptedEvent> = {}): AcceptedEvent {
  const made: Omit<AcceptedEvent, 'sha256'> = {
    tenant: 'acme',
    event_id: 'evt_1',
    type: 'Guest.Created',
    group: 'Guest',
    accepted_at: AT,
    timestamp: '2026-03-04T05:06:00.1234567Z',
    schema: 'v1',
    resource: 'Guest',
    traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
    body: '{"id":"g1","price":199.00}',
    ...changes,
  };
  return { sha256: contentHash(made.type, made.body), ...made };
}

const subscription = (changes: Partial<Subscription> = {}): Subscription => ({
  tenant: 'acme',
  id: 'sub_1',
  name: 'crm.example',
  description: '',
  event_types: ['Guest.Created'],
  method: 'POST',
  url: 'https://crm.example/hooks',
  filter: null,
  format: 'envelope',
  signing: 'v1',
  timeout_seconds: 15,
  rate_limit_per_second: null,
  retry: 'standard',
  status: 'enabled',
  header_names: [],
  sealed_secrets: ['c2VhbGVk'],
  disabled_reason: null,
  pauses: [],
  gaps: [],
  runs: 1,
  created_at: AT,
  updated_at: AT,
  version: 1,
  interest: 'itr_1',
  ...changes,
});

/** A step as the stores know it. */
const step = (changes: Partial<StepOf> = {}): StepOf => ({
  event: event(),
  subscriptionId: 'sub_1',
  run: 1,
  attempt: 1,
  ...changes,
});

/** A step as messages carry it. */
const deliveryStep = (changes: Partial<DeliveryStep> = {}): DeliveryStep => ({
  subscription_id: 'sub_1',
  run: 1,
  attempt: 1,
  ...changes,
});

const message = (changes: Partial<DeliveryMessage> = {}): DeliveryMessage => ({
  v: 1,
  event: travelling(event()),
  deliveries: [deliveryStep()],
  ...changes,
});

const attempt = (changes: Partial<Attempt> = {}): Attempt => ({
  event_id: 'evt_1',
  event_type: 'Guest.Created',
  subscription_id: 'sub_1',
  delivery_id: 'dlv_1',
  run: 1,
  attempt: 1,
  at: AT,
  outcome: 'accepted',
  status: 200,
  duration_ms: 12,
  next: 'done',
  ...changes,
});

const accessKey = (changes: Partial<Key> = {}): Key => ({
  id: 'key_01kjxqbbmj0000000000000001',
  name: 'a key',
  scopes: ['events:write'],
  tenant: null,
  expires_at: null,
  created_at: AT,
  sha256: 'nobody knows the text of this key',
  ...changes,
});

/** Whole, valid values: a test names the members it is about, and no others. */
export const make = { clock, event, subscription, step, deliveryStep, message, attempt, accessKey };
