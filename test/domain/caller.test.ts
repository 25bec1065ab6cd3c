import { describe, expect, test } from '@jest/globals';
import { Auth, keyOfClaims, keyOfIdentity, type Claims } from '../../shared/domain/caller.ts';

const now = new Date('2026-03-04T05:06:07.000Z');
const jwt = (claims: Claims, scopePrefix = '') => keyOfClaims(claims, { by: 'jwt', scopePrefix }, now);

describe('who a token speaks for', () => {
  test('is in its claims', () => {
    const claims = {
      sub: 'billing',
      scope: 'events:write events:read',
      fanout_tenant: 'acme',
      iat: '1772600000',
      exp: '1772603600',
    };
    expect(jwt(claims)).toEqual({
      id: 'jwt:billing',
      name: 'jwt:billing',
      scopes: ['events:write', 'events:read'],
      tenant: 'acme',
      created_at: '2026-03-04T04:53:20.000Z',
      expires_at: '2026-03-04T05:53:20.000Z',
      sha256: '',
    });
  });

  test.each<[string, Claims, unknown]>([
    ['fanout_tenant', { fanout_tenant: 'acme' }, 'acme'],
    ['tenant', { tenant: 'acme' }, 'acme'],
    ['fanout_tenant rather than tenant', { fanout_tenant: 'acme', tenant: 'other' }, 'acme'],
    ['*, which is all', { fanout_tenant: '*' }, null],
    ['none, which is no tenant at all and not every one', {}, ''],
    ['a name that is none', { fanout_tenant: 'a b' }, ''],
    ['nothing', { fanout_tenant: '' }, ''],
    ['two of them', { fanout_tenant: '[acme other]' }, ''],
    ['a list', { fanout_tenant: ['acme'], tenant: true }, ''],
  ])('sees the tenant that it names: %s', (_, claims, tenant) => {
    expect(jwt({ ...claims, scope: 'events:write' }).tenant).toBe(tenant);
  });

  test.each<[string, Claims, string, string[]]>([
    ['ours alone', { scope: 'openid events:write profile' }, '', ['events:write']],
    ['a list, as the gateway writes it', { scope: '[events:write events:read]' }, '', ['events:write', 'events:read']],
    ['with the prefix', { scope: 'webhooks/events:write other/admin events:read' }, 'webhooks/', ['events:write']],
    ['none', {}, '', []],
    ['what every object has', { scope: 'constructor' }, '', []],
  ])('may do what its scopes say: %s', (_, claims, prefix, scopes) => {
    expect(jwt({ ...claims, tenant: 'acme' }, prefix).scopes).toEqual(scopes);
  });

  test.each<[string, Claims, string[], string | null]>([
    ['no tenant', {}, ['admin', 'events:read'], null],
    ['all of them', { tenant: '*' }, ['admin', 'events:read'], null],
    ['one', { tenant: 'acme' }, ['events:read'], 'acme'],
    ['one that is none', { tenant: 'a b' }, ['events:read'], ''],
  ])('is an admin for all tenants or none: a token that names %s', (_, claims, scopes, tenant) => {
    expect(jwt({ ...claims, scope: 'admin events:read' })).toMatchObject({ scopes, tenant });
  });

  test.each<[Claims, string]>([
    [{ sub: 'a', client_id: 'b' }, 'jwt:a'],
    [{ client_id: 'b' }, 'jwt:b'],
    [{}, 'jwt:'],
    [{ sub: 'x'.repeat(5_000) }, `jwt:${'x'.repeat(252)}`],
  ])('%j is called %s', (claims, id) => {
    expect(jwt(claims).id).toBe(id);
  });

  test('began when it says, or now', () => {
    expect(jwt({ iat: 'yesterday' })).toMatchObject({ created_at: now.toISOString(), expires_at: null });
  });
});

const ROLE = 'arn:aws:iam::123456789012:role/services/billing';
const USER = 'arn:aws:iam::123456789012:user/people/ann';
const callers = [
  { arn: ROLE, scopes: ['events:write' as const], tenant: 'acme' },
  { arn: USER, scopes: ['admin' as const], tenant: null },
];
const iam = (arn: string) => keyOfIdentity(arn, { by: 'iam', callers }, now);

describe('who signed a request', () => {
  test.each([
    ['a session of a role', 'arn:aws:sts::123456789012:assumed-role/billing/i-0abc', ['events:write'], 'acme'],
    ['a user', USER, ['admin'], null],
    ['a role of another account', 'arn:aws:sts::210987654321:assumed-role/billing/x', [], ''],
    ['a role of another name', 'arn:aws:sts::123456789012:assumed-role/billing-2/billing', [], ''],
    ['a user named like a role', 'arn:aws:iam::123456789012:user/billing', [], ''],
    ['a session named like a role', 'arn:aws:sts::123456789012:assumed-role/other/role/billing', [], ''],
    ['a role of another partition', 'arn:aws-cn:sts::123456789012:assumed-role/billing/x', [], ''],
    ['the account itself', 'arn:aws:iam::123456789012:root', [], ''],
    ['a federated user', 'arn:aws:sts::123456789012:federated-user/billing', [], ''],
    ['nobody', '', [], ''],
  ])('%s', (_, arn, scopes, tenant) => {
    expect(iam(arn)).toMatchObject({ id: arn, scopes, tenant });
  });
});

describe('how callers are known', () => {
  test.each([
    ['by keys', { by: 'keys' }],
    ['by tokens', { by: 'jwt', scopePrefix: 'webhooks/' }],
    ['by IAM', { by: 'iam', callers }],
  ])('%s', (_, auth) => {
    expect(Auth.parse(auth)).toEqual(auth);
  });

  test.each([
    ['something else', { by: 'name' }],
    ['nobody', { by: 'iam', callers: [] }],
    ['a session', { by: 'iam', callers: [{ ...callers[0], arn: 'arn:aws:sts::123456789012:assumed-role/billing/x' }] }],
    ['everybody', { by: 'iam', callers: [{ ...callers[0], arn: '*' }] }],
    ['a scope that there is not', { by: 'iam', callers: [{ ...callers[0], scopes: ['events:*'] }] }],
    ['no scope', { by: 'iam', callers: [{ ...callers[0], scopes: [] }] }],
    ['an admin of one tenant', { by: 'iam', callers: [{ ...callers[1], tenant: 'acme' }] }],
    ['a member that nobody knows', { by: 'iam', callers: [{ ...callers[0], tennant: 'acme' }] }],
    ['one role twice', { by: 'iam', callers: [callers[0], { ...callers[0], arn: ROLE.replace('services/', '') }] }],
  ])('not by %s', (_, auth) => {
    expect(Auth.safeParse(auth).success).toBe(false);
  });
});
