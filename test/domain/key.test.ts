import { describe, expect, test } from '@jest/globals';
import {
  authorize,
  FIRST_KEY_ID,
  hashOf,
  idInKey,
  isLive,
  Key,
  KeyPatch,
  keyText,
  NewKey,
  sameHash,
  SCOPES,
  shownKey,
} from '../../shared/domain/key.ts';
import { faultsOf } from '../../shared/runtime/parse.ts';
import { AT, later, make } from '../support/make.ts';

const ID = 'key_01kjvktdcj0000000000000001';
const TEXT = keyText(ID, Buffer.alloc(32, 0xfb));

describe("a key's text", () => {
  test('names the key, and then its secret', () => {
    expect(TEXT).toBe(`${ID}.${'-_v7'.repeat(10)}-_s`);
    expect(idInKey(TEXT)).toBe(ID);
  });

  test.each([
    ['empty', ''],
    ['an id alone', ID],
    ['an id and a dot', `${ID}.`],
    ['a secret alone', TEXT.slice(ID.length + 1)],
    ['an id with another prefix', TEXT.replace('key_', 'sub_')],
    ['an id that is too short', TEXT.replace('key_0', 'key_')],
    ['an id that is too long', TEXT.replace('key_', 'key_0')],
    ['an id in capitals', TEXT.replace(ID, `key_${ID.slice(4).toUpperCase()}`)],
    ['an id that reaches into another key', TEXT.replace('key_01', 'key_#1')],
    ['a secret that is too short', TEXT.slice(0, -1)],
    ['a secret that is too long', `${TEXT}A`],
    ['a secret in the other alphabet', TEXT.replace('-', '+')],
    ['a line feed at the end', `${TEXT}\n`],
    ['white space in front', ` ${TEXT}`],
    ['the first key by its id', `${FIRST_KEY_ID}.${'A'.repeat(43)}`],
    ['any other text of twenty characters', 'correct-horse-battery'],
  ])('has no id when it is %s', (_, text) => {
    expect(idInKey(text)).toBeUndefined();
  });
});

describe('a hash', () => {
  test('is that of the text, and tells texts apart', () => {
    // echo -n key | openssl dgst -sha256 -binary | base64, in the alphabet of URLs
    expect(hashOf('key')).toBe('LHDhK3oGRvkiefQnx7OOczTY5Tic_xZ6HcMOc_gmtoM');
    expect(sameHash(hashOf('key'), hashOf('key'))).toBe(true);
    expect(sameHash(hashOf('key'), hashOf('Key'))).toBe(false);
  });

  test.each([
    ['', 'a'],
    ['short', 'a much longer one that is no hash'],
  ])('is compared with %j and %j, whatever their lengths', (a, b) => {
    expect(sameHash(a, b)).toBe(false);
    expect(sameHash(b, b)).toBe(true);
  });
});

describe('a key', () => {
  test.each([
    ['never expires', null, true],
    ['expires in a millisecond', '2026-03-04T05:06:07.891Z', true],
    ['expires now', AT, false],
    ['expired a year ago', '2025-03-04T05:06:07Z', false],
    ['expires later, in another zone', '2026-03-04T00:06:08-05:00', true],
    ['expired already, in another zone', '2026-03-04T06:06:07+01:00', false],
    ['expires at a time that nobody can read', 'soon', false],
  ])('that %s', (_, expires_at, live) => {
    expect(isLive(make.accessKey({ expires_at }), new Date(AT))).toBe(live);
  });

  test('is shown without its hash', () => {
    const key = make.accessKey({ id: ID, name: 'ci', tenant: 'acme', expires_at: later(1) });
    expect(shownKey(key, later(2))).toEqual({
      id: ID,
      name: 'ci',
      scopes: ['events:write'],
      tenant: 'acme',
      expires_at: later(1),
      created_at: AT,
      last_used_at: later(2),
    });
  });
});

describe('whether a key may do something', () => {
  const answer = (key: Parameters<typeof authorize>[0], wanted: Parameters<typeof authorize>[1]): unknown => {
    try {
      authorize(key, wanted);
      return 'may';
    } catch (error) {
      return error;
    }
  };
  const notFound = { status: 404, code: 'not_found' };
  const missing = { status: 403, code: 'missing_scope' };
  const bound = make.accessKey({ tenant: 'acme', scopes: ['events:read'] });
  const free = make.accessKey({ tenant: null, scopes: ['events:read', 'events:write'] });
  const admin = make.accessKey({ tenant: null, scopes: ['admin'] });

  test.each([
    ['its tenant, its scope', bound, { scope: 'events:read', tenant: 'acme' }],
    ['any tenant where it is bound to none', free, { scope: 'events:write', tenant: 'other' }],
    ['what belongs to no tenant', bound, { scope: 'events:read' }],
    ['everything for an admin', admin, { scope: 'subscriptions:write', tenant: 'other' }],
    ['what needs an admin for an admin', admin, { scope: 'admin' }],
  ] as const)('yes: %s', (_, key, wanted) => {
    expect(answer(key, wanted)).toBe('may');
  });

  test.each([
    ['another tenant does not exist', bound, { scope: 'events:read', tenant: 'other' }, notFound],
    ['and is not there before its scope is missing', bound, { scope: 'admin', tenant: 'other' }, notFound],
    ['a tenant that starts the same is another', bound, { scope: 'events:read', tenant: 'acme2' }, notFound],
    ['a scope is missing in its own tenant', bound, { scope: 'events:write', tenant: 'acme' }, missing],
    ['to read is not to write', bound, { scope: 'subscriptions:read', tenant: 'acme' }, missing],
    ['all other scopes are no admin', free, { scope: 'admin' }, missing],
  ] as const)('no: %s', (_, key, wanted, problem) => {
    expect(answer(key, wanted)).toMatchObject(problem);
  });

  test('these are the scopes that keys are made with', () => {
    expect(SCOPES).toEqual(['events:write', 'events:read', 'subscriptions:read', 'subscriptions:write', 'admin']);
  });

  test.each(SCOPES)('a missing %s is named', (scope) => {
    const key = make.accessKey({ scopes: [] });
    expect(answer(key, { scope })).toMatchObject({ message: `This key lacks the scope ${scope}.` });
  });
});

describe('a key as it is kept', () => {
  test.each([
    ['bound to a tenant, with an end', make.accessKey({ tenant: 'acme', expires_at: later(1) })],
    ['bound to none, without an end', make.accessKey({ tenant: null, expires_at: null })],
  ])('reads back the same: %s', (_, key) => {
    expect(Key.parse({ ...key, pk: 'KEY#1', sk: 'key', v: 1 })).toEqual(key);
  });

  test('is the first one by this id, which stands in tables', () => {
    expect(FIRST_KEY_ID).toBe('key_first');
  });
});

describe('the body of a new key', () => {
  test.each([
    ['the least there is', { name: 'ci', scopes: ['events:write'] }],
    ['the shortest name', { name: 'x', scopes: ['events:write'] }],
    ['the longest name', { name: 'x'.repeat(256), scopes: ['events:write'] }],
    ['every scope', { name: 'all', scopes: [...SCOPES] }],
    ['a tenant', { name: 'ci', scopes: ['events:read'], tenant: 'acme' }],
    ['an admin of no tenant', { name: 'boss', scopes: ['admin'], tenant: null }],
    ['an end', { name: 'ci', scopes: ['events:read'], expires_at: '2027-01-01T00:00:00Z' }],
    ['an end in another zone', { name: 'ci', scopes: ['events:read'], expires_at: '2027-01-01T00:00:00.5+05:30' }],
    ['no end', { name: 'ci', scopes: ['events:read'], expires_at: null }],
  ])('may be %s', (_, body) => {
    expect(NewKey.safeParse(body).error).toBeUndefined();
  });

  test.each([
    ['no name', { scopes: ['admin'] }, '/name'],
    ['an empty name', { name: '', scopes: ['admin'] }, '/name'],
    ['a name that is too long', { name: 'x'.repeat(257), scopes: ['admin'] }, '/name'],
    ['no scope', { name: 'ci', scopes: [] }, '/scopes'],
    ['a scope that there is not', { name: 'ci', scopes: ['admin', 'root'] }, '/scopes/1'],
    ['a tenant that cannot be', { name: 'ci', scopes: ['events:read'], tenant: 'a b' }, '/tenant'],
    ['an admin of a tenant', { name: 'ci', scopes: ['events:read', 'admin'], tenant: 'acme' }, '/tenant'],
    ['an end that is no time', { name: 'ci', scopes: ['admin'], expires_at: 'tomorrow' }, '/expires_at'],
    ['an end without a zone', { name: 'ci', scopes: ['admin'], expires_at: '2027-01-01T00:00:00' }, '/expires_at'],
    ['a member that nobody knows', { name: 'ci', scopes: ['admin'], sha256: 'x' }, '/sha256'],
    ['no object', 'ci', ''],
  ])('may not be %s', (_, body, pointer) => {
    const { error } = NewKey.safeParse(body);
    expect(error && faultsOf(error).map((fault) => 'pointer' in fault && fault.pointer)).toEqual([pointer]);
  });
});

describe('a change of a key', () => {
  test.each([
    {},
    { name: 'x' },
    { name: 'x'.repeat(256) },
    { scopes: ['admin'] },
    { expires_at: null },
    { expires_at: '2027-01-01T00:00:00+01:00' },
  ])('may be %j', (body) => {
    expect(KeyPatch.safeParse(body).error).toBeUndefined();
  });

  test.each([
    { tenant: 'other' },
    { id: ID },
    { key: TEXT },
    { scopes: [] },
    { name: null },
    { name: '' },
    { name: 'x'.repeat(257) },
    { expires_at: 'never' },
  ])('may not be %j', (body) => {
    expect(KeyPatch.safeParse(body).success).toBe(false);
  });
});

test('a key with a scope of a later release can be read, and does here what is known here', () => {
  const item = { ...make.accessKey(), scopes: ['events:read', 'events:dream'] };
  expect(Key.parse(item)).toEqual(make.accessKey({ scopes: ['events:read'] }));
});
