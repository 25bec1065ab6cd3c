import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import { App, Stack } from 'aws-cdk-lib';
import { EventFanout, type EventFanoutProps } from '../../infra/event-fanout.ts';
import { readTemplate } from '../../local/template.ts';
import { wire } from '../../local/wiring.ts';
import { Auth } from '../../shared/domain/caller.ts';
import { operations } from '../support/documents.ts';
import { Synthesis, target } from './synthesis.ts';

const ROLE = 'arn:aws:iam::123456789012:role/billing';
const scratch = mkdtempSync(join(tmpdir(), 'fanout-auth-'));
const keys = new Synthesis({ stage: 'dev' });
const jwt = new Synthesis({
  stage: 'dev',
  auth: { jwt: { issuer: 'https://id.example.com', audience: ['hooks'], scopePrefix: 'webhooks/' } },
});
const iam = new Synthesis({ stage: 'dev', auth: { iam: { [ROLE]: { scopes: ['events:write'], tenant: 'acme' } } } });
afterAll(() => {
  for (const synthesis of [keys, jwt, iam]) synthesis.remove();
  rmSync(scratch, { recursive: true, force: true });
});

const OPEN = operations.filter(({ needs }) => needs === 'open').map(({ method, path }) => `${method} ${path}`);

const authorizationOf = (stack: Synthesis): Record<string, string> =>
  Object.fromEntries(
    stack
      .all('AWS::ApiGatewayV2::Route')
      .map(({ Properties: { RouteKey, AuthorizationType = 'NONE' } }) => [RouteKey, AuthorizationType]),
  );

/** What the functions that serve HTTP are told, as they read it. */
const told = (stack: Synthesis): unknown[] =>
  stack
    .all('AWS::Lambda::Function')
    .map(({ Properties }) => Properties.Environment.Variables['AUTH'])
    .filter((text) => typeof text === 'string')
    .map((text) => Auth.parse(JSON.parse(text)));

describe.each([
  ['keys', keys, 'NONE', { by: 'keys' }],
  ['tokens', jwt, 'JWT', { by: 'jwt', scopePrefix: 'webhooks/' }],
  ['IAM', iam, 'AWS_IAM', { by: 'iam', callers: [{ arn: ROLE, scopes: ['events:write'], tenant: 'acme' }] }],
])('where callers are known by %s', (_, stack, type, auth) => {
  test('the gateway asks for it on every route but the open ones', () => {
    const routes = authorizationOf(stack);
    for (const key of OPEN) expect([key, routes[key]]).toEqual([key, 'NONE']);
    expect(routes['GET /portal']).toBe(stack === keys ? 'NONE' : undefined);
    const others = Object.entries(routes).filter(([key]) => !OPEN.includes(key) && key !== 'GET /portal');
    expect(others.map(([key]) => key).sort()).toEqual([
      '$default',
      'POST /v1/tenants/{tenant}/events',
      'POST /v1/tenants/{tenant}/events/batch',
    ]);
    expect(new Set(others.map(([, authorization]) => authorization))).toEqual(new Set([type]));
  });

  test('the functions are told so, and may read the admin key only where there are keys', () => {
    expect(told(stack)).toEqual([auth, auth]);
    const rights = JSON.stringify(stack.all('AWS::IAM::Policy'));
    expect(rights.includes('secretsmanager:GetSecretValue')).toBe(stack === keys);
  });

  test('every check passes, and no route is without an authorizer for want of a reason', () => {
    const { pluginReports } = stack.report;
    expect(pluginReports.map(({ conclusion }) => conclusion)).toEqual(['success', 'success']);
    const places = pluginReports.flatMap(({ suppressedViolations = [] }) =>
      suppressedViolations.filter(({ ruleName }) => ruleName === 'AwsSolutions-APIG4'),
    );
    const expected = stack === keys ? 1 : OPEN.length;
    expect(new Set(places.map(({ acknowledgedAt }) => acknowledgedAt)).size).toBe(expected);
  });
});

test('a token is for this API, and of this issuer', () => {
  const [authorizer, ...others] = jwt.all('AWS::ApiGatewayV2::Authorizer');
  expect([authorizer?.Properties, others]).toMatchObject([
    {
      AuthorizerType: 'JWT',
      IdentitySource: ['$request.header.Authorization'],
      JwtConfiguration: { Audience: ['hooks'], Issuer: 'https://id.example.com' },
    },
    [],
  ]);
  const named = jwt
    .all('AWS::ApiGatewayV2::Route')
    .flatMap(({ Properties: { AuthorizerId } }) => (AuthorizerId === undefined ? [] : [target(AuthorizerId)]));
  expect(named).toEqual([authorizer?.id, authorizer?.id, authorizer?.id]);
});

test.each([
  ['tokens', jwt],
  ['IAM', iam],
])('the local runner, which can verify nothing, refuses to play %s', (_, stack) => {
  const places = { queueUrl: (name: string) => `http://127.0.0.1:9/000000000000/${name}`, environment: {} };
  expect(() => wire(readTemplate(stack.folder), places)).toThrow(
    /has an authorizer, which the local runner does not know: the setting auth must be keys/,
  );
  expect(() => wire(readTemplate(keys.folder), places)).not.toThrow();
});

const make = (props: EventFanoutProps): EventFanout =>
  new EventFanout(new Stack(new App({ outdir: scratch }), 'Stack'), 'EventFanout', { lanes: 'one', ...props });

test.each<[string, EventFanoutProps['auth'], string]>([
  [
    'an issuer without TLS',
    { jwt: { issuer: 'http://id.example.com', audience: ['a'] } },
    'auth.jwt.issuer must be an https URL',
  ],
  ['tokens for anybody', { jwt: { issuer: 'https://id.example.com', audience: [] } }, 'auth.jwt.audience must name'],
  ['nobody', { iam: {} }, 'auth: callers'],
  [
    'what is no role',
    { iam: { billing: { scopes: ['admin'] } } },
    'auth: callers.0.arn must be the ARN of a role or a user',
  ],
  [
    'an admin of one tenant',
    { iam: { [ROLE]: { scopes: ['admin'], tenant: 'acme' } } },
    'auth: callers.0.tenant must be null',
  ],
  [
    'a misspelt tenant, which would be all',
    { iam: { [ROLE]: { scopes: ['events:write'], tennant: 'acme' } as never } },
    'auth: callers.0',
  ],
  ['a misspelt prefix', { jwt: { issuer: 'https://a.b', audience: ['a'], prefix: 'x/' } as never }, 'auth: '],
  [
    'more callers than a function can be told',
    { iam: Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`${ROLE}-${i}`, { scopes: ['events:write'] }])) },
    'auth.iam names more callers than the functions can be told.',
  ],
])('%s is refused', (_, auth, reason) => {
  expect(() => make({ auth: auth! })).toThrow(reason);
});
