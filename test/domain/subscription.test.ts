import { describe, expect, test } from '@jest/globals';
import type * as z from 'zod';
import { secretText } from '../../shared/domain/sign.ts';
import {
  NewSubscription,
  shown,
  Subscription,
  SubscriptionPatch,
  withDefaults,
} from '../../shared/domain/subscription.ts';
import { faultsOf } from '../../shared/runtime/parse.ts';
import { AT, make } from '../support/make.ts';

const LEAST = { url: 'https://crm.example/hooks', event_types: ['Guest.*'] };

/** Where the value is at fault; nowhere when it is accepted. */
function pointers(schema: z.ZodType, value: unknown): unknown[] {
  const { error } = schema.safeParse(value);
  return error === undefined ? [] : faultsOf(error).map((fault) => 'pointer' in fault && fault.pointer);
}

const numbered = (count: number, value = 'v'): Record<string, string> =>
  Object.fromEntries(Array.from({ length: count }, (_, i) => [`x-${i}`, value]));
/** One header whose name and value have so many bytes together. */
const ofBytes = (bytes: number): Record<string, string> => ({ 'x-a': 'v'.repeat(bytes - 3) });
const secretOf = (bytes: number): string => secretText(Buffer.alloc(bytes, 7));

describe('members that a caller may set', () => {
  const accepted: [name: string, changes: Record<string, unknown>][] = [
    ['a URL, whatever it says', { url: 'not even a URL' }],
    ['an event type of one character', { event_types: ['x'] }],
    ['an event type of 256 characters', { event_types: ['x'.repeat(256)] }],
    ['a hundred event types', { event_types: Array<string>(100).fill('*') }],
    ['every method', { method: 'PUT' }],
    ['every other method', { method: 'PATCH' }],
    ['a name of one character', { name: 'x' }],
    ['a name of 256 characters', { name: 'x'.repeat(256) }],
    ['a description of 1,024 characters', { description: 'x'.repeat(1024) }],
    ['an empty description', { description: '' }],
    [
      'a filter of any depth',
      { filter: { data: { a: [{ prefix: 'x' }], $or: [{ b: [1] }, { c: [{ exists: false }] }] } } },
    ],
    ['no filter', { filter: null }],
    ['the payload of Standard Webhooks', { format: 'standard' }],
    ['a CloudEvent', { format: 'cloudevents' }],
    ['a CloudEvent in headers', { format: 'cloudevents-binary' }],
    ['the least time-out', { timeout_seconds: 1 }],
    ['the longest time-out', { timeout_seconds: 30 }],
    ['no rate of its own', { rate_limit_per_second: null }],
    ['the lowest rate', { rate_limit_per_second: 0.1 }],
    ['a rate with a fraction', { rate_limit_per_second: 2.5 }],
    ['the highest rate', { rate_limit_per_second: 1000 }],
    ['a preset', { retry: 'svix' }],
    ['an own schedule', { retry: { delays_seconds: [1, 60] } }],
    ['a pause', { status: 'paused' }],
    ['an end', { status: 'disabled' }],
    ['no headers', { headers: {} }],
    ['a key of its own', { headers: { Authorization: 'Bearer abc.def~ghi', 'x-api-key': '!~' } }],
    ['a header with every character that a name may have', { headers: { "aZ09!#$%&'*+-.^_`|~": 'v' } }],
    ['a header with spaces inside', { headers: { 'x-a': 'a  b c' } }],
    ['a header that only starts like one of ours', { headers: { hostile: 'v', 'x-webhook-id': 'v', center: 'v' } }],
    ['twenty headers', { headers: numbered(20) }],
    ['headers of 4 KiB', { headers: ofBytes(4096) }],
  ];
  test.each(accepted)('take %s', (_, changes) => {
    expect(pointers(NewSubscription, { ...LEAST, ...changes })).toEqual([]);
    expect(pointers(SubscriptionPatch, changes)).toEqual([]);
  });

  const refused: [name: string, changes: Record<string, unknown>, pointer: string][] = [
    ['a URL that is no text', { url: 7 }, '/url'],
    ['no event type', { event_types: [] }, '/event_types'],
    ['101 event types', { event_types: Array<string>(101).fill('*') }, '/event_types'],
    ['an empty event type', { event_types: ['*', ''] }, '/event_types/1'],
    ['an event type that is too long', { event_types: ['x'.repeat(257)] }, '/event_types/0'],
    ['event types that are no list', { event_types: '*' }, '/event_types'],
    ['GET', { method: 'GET' }, '/method'],
    ['a method in small letters', { method: 'post' }, '/method'],
    ['an empty name', { name: '' }, '/name'],
    ['a name of 257 characters', { name: 'x'.repeat(257) }, '/name'],
    ['a description of 1,025 characters', { description: 'x'.repeat(1025) }, '/description'],
    ['a filter that is a list', { filter: [] }, '/filter'],
    ['a filter that is text', { filter: '{}' }, '/filter'],
    ['a payload that there is not', { format: 'xml' }, '/format'],
    ['a signature that there is not', { signing: 'v2' }, '/signing'],
    ['no time', { timeout_seconds: 0 }, '/timeout_seconds'],
    ['more than half a minute', { timeout_seconds: 31 }, '/timeout_seconds'],
    ['half a second', { timeout_seconds: 1.5 }, '/timeout_seconds'],
    ['a time that is text', { timeout_seconds: '15' }, '/timeout_seconds'],
    ['a rate that is too low', { rate_limit_per_second: 0.09 }, '/rate_limit_per_second'],
    ['a rate that is too high', { rate_limit_per_second: 1001 }, '/rate_limit_per_second'],
    ['a rate that is text', { rate_limit_per_second: '10' }, '/rate_limit_per_second'],
    ['no rate at all', { rate_limit_per_second: 0 }, '/rate_limit_per_second'],
    ['a preset that there is not', { retry: 'never' }, '/retry'],
    ['a wait that is too long', { retry: { delays_seconds: [1, 86_401] } }, '/retry/delays_seconds/1'],
    ['a status that there is not', { status: 'open' }, '/status'],
    ['headers that are a list', { headers: [] }, '/headers'],
    ['a header name with a space', { headers: { 'x a': 'v' } }, '/headers/x a'],
    ['a header name with a colon', { headers: { 'x:a': 'v' } }, '/headers/x:a'],
    ['a header name with a line end', { headers: { 'x\r\na': 'v' } }, '/headers/x\r\na'],
    ['a header name beyond ASCII', { headers: { 'x-é': 'v' } }, '/headers/x-é'],
    ['an empty header name', { headers: { '': 'v' } }, '/headers/'],
    ['a header with a line end', { headers: { 'x-a': 'v\r\nx-b: w' } }, '/headers/x-a'],
    ['a header with a line end behind it', { headers: { 'x-a': 'v\n' } }, '/headers/x-a'],
    ['a header with a carriage return', { headers: { 'x-a': 'v\rw' } }, '/headers/x-a'],
    ['a header with a NUL', { headers: { 'x-a': 'v\0' } }, '/headers/x-a'],
    ['a header with a tab', { headers: { 'x-a': 'v\tw' } }, '/headers/x-a'],
    ['a header beyond ASCII', { headers: { 'x-a': 'é' } }, '/headers/x-a'],
    ['a header with the delete character', { headers: { 'x-a': 'v\x7f' } }, '/headers/x-a'],
    ['a header with a space in front', { headers: { 'x-a': ' v' } }, '/headers/x-a'],
    ['a header with a space behind', { headers: { 'x-a': 'v ' } }, '/headers/x-a'],
    ['an empty header', { headers: { 'x-a': '' } }, '/headers/x-a'],
    ['a header that is a number', { headers: { 'x-a': 1 } }, '/headers/x-a'],
    ['one header in two spellings', { headers: { 'X-A': 'v', 'x-a': 'w' } }, '/headers'],
  ];
  test.each(refused)('do not take %s', (_, changes, pointer) => {
    expect(pointers(NewSubscription, { ...LEAST, ...changes })).toEqual([pointer]);
    expect(pointers(SubscriptionPatch, changes)).toEqual([pointer]);
  });

  test.each([
    'Host', 'content-type', 'CONTENT-LENGTH', 'content-encoding', 'transfer-encoding', 'te', 'trailer', 'Connection',
    'keep-alive', 'proxy-connection', 'proxy-authorization', 'proxy-authenticate', 'upgrade', 'expect', 'User-Agent',
    'traceparent', 'tracestate', 'accept-encoding', 'cookie', 'webhook-id', 'Webhook-Signature', 'webhook-', 'ce-id', 'CE-type',
  ])('do not take the header %s, which is ours or that of one connection', (name) => {
    expect(pointers(NewSubscription, { ...LEAST, headers: { [name]: 'v' } })).toEqual([`/headers/${name}`]);
    expect(pointers(SubscriptionPatch, { headers: { [name]: 'v' } })).toEqual([`/headers/${name}`]);
  }); // prettier-ignore

  test('do not take more headers than are sent', () => {
    expect(pointers(NewSubscription, { ...LEAST, headers: numbered(21) })).toEqual(['/headers']);
    expect(pointers(NewSubscription, { ...LEAST, headers: ofBytes(4097) })).toEqual(['/headers']);
    expect(pointers(NewSubscription, { ...LEAST, headers: numbered(20, 'v'.repeat(202)) })).toEqual(['/headers']);
  });
});

describe('a new subscription', () => {
  test('is a URL and event types at least', () => {
    expect(pointers(NewSubscription, LEAST)).toEqual([]);
    expect(pointers(NewSubscription, {})).toEqual(['/event_types', '/url']);
    expect(pointers(NewSubscription, null)).toEqual(['']);
  });

  test.each([
    [23, ['/secret']],
    [24, []],
    [64, []],
    [65, ['/secret']],
  ])('may bring a secret: of %i bytes, the faults are %j', (bytes, faults) => {
    expect(pointers(NewSubscription, { ...LEAST, secret: secretOf(bytes) })).toEqual(faults);
  });

  test.each(['hunter2', 'whsec_', secretOf(32).slice(6), null])('may not bring %j as its secret', (secret) => {
    expect(pointers(NewSubscription, { ...LEAST, secret })).toEqual(['/secret']);
  });

  test.each([
    'id',
    'tenant',
    'version',
    'interest',
    'sealed_secrets',
    'header_names',
    'circuit',
    'created_at',
    'colour',
  ])('may not set %s', (name) => expect(pointers(NewSubscription, { ...LEAST, [name]: 'x' })).toEqual([`/${name}`]));

  test('tells all of its faults at once', () => {
    const body = {
      url: 1,
      event_types: ['a', ''],
      headers: { host: 'x', 'x-a': '\n' },
      retry: { delays_seconds: [-1] },
      a: 1,
      b: 2,
    };
    expect(pointers(NewSubscription, body).toSorted()).toEqual([
      '/a',
      '/b',
      '/event_types/1',
      '/headers/host',
      '/headers/x-a',
      '/retry/delays_seconds/0',
      '/url',
    ]);
  });

  test('has a default for everything else, and the host of its URL for a name', () => {
    expect(withDefaults(LEAST)).toEqual({
      ...LEAST,
      name: 'crm.example',
      description: '',
      method: 'POST',
      filter: null,
      format: 'envelope',
      signing: 'v1',
      timeout_seconds: 15,
      rate_limit_per_second: null,
      retry: 'standard',
      status: 'enabled',
    });
  });

  test.each([
    ['the port with it', 'https://crm.example:8443/a', 'crm.example:8443'],
    ['no port that goes without saying', 'https://crm.example:443/a', 'crm.example'],
    ['the host as it is dialled', 'https://CRM.Example/a', 'crm.example'],
    ['nothing, where nobody can read the URL', 'nonsense', ''],
  ])('is named after its URL: %s', (_, url, name) => {
    expect(withDefaults({ ...LEAST, url }).name).toBe(name);
  });

  test('keeps what its caller set', () => {
    const wish = {
      url: 'https://a.example/',
      event_types: ['*'],
      name: 'mine',
      description: 'd',
      method: 'PATCH',
      filter: { data: { a: [1] } },
      format: 'standard',
      signing: 'v1',
      timeout_seconds: 1,
      rate_limit_per_second: 0.1,
      retry: { delays_seconds: [] },
      status: 'paused',
    } as const;
    expect(withDefaults({ ...wish, event_types: [...wish.event_types], retry: { delays_seconds: [] } })).toEqual(wish);
  });
});

describe('a change of a subscription', () => {
  test.each([
    ['nothing', {}],
    ['the name', { name: null }],
    ['all that has a default', {
      description: null, method: null, filter: null, format: null, signing: null, timeout_seconds: null,
      rate_limit_per_second: null, retry: null, status: null, headers: null,
    }],
    ['one header', { headers: { 'x-api-key': null } }],
    ['some headers, and sets others', { headers: { 'x-a': null, 'x-b': 'v' } }],
  ])('may take back %s', (_, patch) => {
    expect(pointers(SubscriptionPatch, patch)).toEqual([]);
  }); // prettier-ignore

  test.each([
    ['its URL', { url: null }, '/url'],
    ['its event types', { event_types: null }, '/event_types'],
    ['a header that is ours', { headers: { host: null } }, '/headers/host'],
  ])('may not take back %s', (_, patch, pointer) => {
    expect(pointers(SubscriptionPatch, patch)).toEqual([pointer]);
  });

  test.each([
    'id',
    'tenant',
    'secret',
    'version',
    'interest',
    'sealed_secrets',
    'header_names',
    'disabled_reason',
    'circuit',
  ])('may not set %s', (name) => expect(pointers(SubscriptionPatch, { [name]: 'x' })).toEqual([`/${name}`]));

  test('gives defaults back for what it takes back', () => {
    const wish = withDefaults({
      ...LEAST,
      name: null,
      method: null,
      filter: null,
      retry: null,
      timeout_seconds: null,
      rate_limit_per_second: null,
    });
    expect(wish).toEqual(withDefaults(LEAST));
  });
});

describe('a subscription as callers see it', () => {
  const subscription = make.subscription({
    header_names: ['x-api-key'],
    sealed_headers: 'c2VhbGVkIGhlYWRlcnM=',
    sealed_secrets: ['c2VhbGVkIHNlY3JldA=='],
    interest: 'itr_7',
  });

  test('has these members', () => {
    expect(shown(subscription)).toEqual({
      id: 'sub_1',
      name: 'crm.example',
      description: '',
      event_types: ['Guest.Created'],
      method: 'POST',
      url: 'https://crm.example/hooks',
      filter: null,
      header_names: ['x-api-key'],
      format: 'envelope',
      signing: 'v1',
      timeout_seconds: 15,
      rate_limit_per_second: null,
      retry: 'standard',
      status: 'enabled',
      disabled_reason: null,
      circuit: { state: 'closed', since: AT },
      created_at: AT,
      updated_at: AT,
    });
  });

  test('has the rate that was set', () => {
    expect(shown(make.subscription({ rate_limit_per_second: 2.5 }))).toMatchObject({ rate_limit_per_second: 2.5 });
  });

  test('has nothing of what is sealed', () => {
    expect(JSON.stringify(shown(subscription))).not.toMatch(/seal|c2Vh|itr_|version/);
  });
});

describe('a subscription as it is kept', () => {
  test.each([
    [
      'with all there is',
      {
        filter: { data: { a: [1] } },
        sealed_headers: 'aGVhZGVycw==',
        retry: { delays_seconds: [0.5] },
        rate_limit_per_second: 0.1,
      },
    ],
    ['with as little as there can be', {}],
  ])('reads back the same %s', (_, changes) => {
    const subscription = make.subscription(changes);
    expect(Subscription.parse(JSON.parse(JSON.stringify(subscription)))).toEqual(subscription);
  });

  test.each([
    ['a rate limit in other words', { rate_limit_per_second: '5/s' }, { rate_limit_per_second: null }],
    ['a rate that nobody can keep', { rate_limit_per_second: 0 }, { rate_limit_per_second: null }],
    ['a rate lower than we take', { rate_limit_per_second: 0.05 }, { rate_limit_per_second: 0.05 }],
    ['a rate higher than we take', { rate_limit_per_second: 5000 }, { rate_limit_per_second: 5000 }],
    ['a schedule by another name', { retry: 'gentle' }, { retry: 'standard' }],
    ['a schedule with more to it', { retry: { delays_seconds: [1], jitter: 0 } }, { retry: 'standard' }],
    ['a name longer than we take', { name: 'x'.repeat(300) }, { name: 'x'.repeat(300) }],
    ['a member that we do not know', { later: true }, {}],
  ])('can be read though a later release wrote %s', (_, written, read) => {
    const item: unknown = { ...make.subscription(), ...written };
    expect(Subscription.parse(item)).toEqual({ ...make.subscription(), ...read });
  });

  test.each([{ signing: 'v2' }, { format: 'xml' }, { method: 'GET' }, { status: 'resting' }])(
    'fails with %j, for a wrong request is worse than a late one',
    (written) => {
      expect(Subscription.safeParse({ ...make.subscription(), ...written }).success).toBe(false);
    },
  );

  test.each([
    ['without a secret', { sealed_secrets: [] }],
    ['with half a version', { version: 1.5 }],
    ['with a moment that is no time', { created_at: 'now' }],
  ])('is none %s', (_, changes) => {
    expect(Subscription.safeParse(make.subscription(changes)).success).toBe(false);
  });
});
