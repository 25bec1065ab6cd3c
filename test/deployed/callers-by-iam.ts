import { ACCOUNT, REGION, type Ministack } from '../../deploy/ministack.ts';
import type { Deployment } from '../../deploy/cdk.ts';
import { run } from '../../deploy/program.ts';

const roleArn = (role: string): string => `arn:aws:iam::${ACCOUNT}:role/services/${role}`;
const NORTH = '/v1/tenants/north/events';
const SOUTH = '/v1/tenants/south/events';

export const SETTINGS_OF_IAM = [
  '-c',
  `auth=${JSON.stringify({ iam: { [roleArn('billing')]: { scopes: ['events:write'], tenant: 'north' } } })}`,
];

/** Roles, and whether IAM lets them call APIs. The setting names `billing` alone. */
const ROLES = { billing: 'yes', stranger: 'yes', nobody: 'no' } as const;

/** What is asked by whom, and what must come of it. */
type Case = [request: string, by: Credentials | undefined, expected: RegExp];

function casesOf({ billing, stranger, nobody }: Record<keyof typeof ROLES, Credentials>): Case[] {
  return [
    [`POST ${NORTH}`, billing, /^202 .*"duplicate":false/],
    ['GET /v1/me', billing, /^200 .*assumed-role\/billing\/a-session".*"events:write".*"north"/],
    [`POST ${SOUTH}`, billing, /^404 .*"code":"not_found"/],
    [`GET ${NORTH}`, billing, /^403 .*"code":"/],
    [`POST ${NORTH}`, stranger, /^404 .*"code":"not_found"/],
    [`POST ${NORTH}`, nobody, /^403 .*execute-api:Invoke/],
    [`POST ${NORTH}`, { ...billing, SecretAccessKey: 'guessed' }, /^403 .*signature/],
    [`POST ${NORTH}`, undefined, /^403 .*Forbidden/],
    ['GET /healthz', undefined, /^200 /],
  ];
}

/** Signs requests for several roles. @throws Error that says where one of them is taken for somebody else */
export async function expectSignatures(deployment: Deployment, ministack: Ministack): Promise<void> {
  const roles = await makeRoles(ministack);
  const base = deployment.output('ApiUrl').replace(/\/$/, '');
  for (const [request, by, expected] of casesOf(roles)) {
    const [method = '', path = ''] = request.split(' ');
    const answer = await ask(ministack, { method, url: base + path, by });
    if (!expected.test(answer)) throw new Error(`${request} is answered ${answer}, and not ${String(expected)}`);
  }
  await removeRoles(ministack);
}

interface Credentials {
  AccessKeyId: string;
  SecretAccessKey: string;
  SessionToken: string;
}

const policy = (statement: object): string =>
  JSON.stringify({ Version: '2012-10-17', Statement: [{ Effect: 'Allow', ...statement }] });
const AssumeRolePolicyDocument = policy({ Principal: { AWS: ACCOUNT }, Action: 'sts:AssumeRole' });
const MAY_CALL = policy({ Action: 'execute-api:Invoke', Resource: `arn:aws:execute-api:${REGION}:${ACCOUNT}:*` });
const PolicyName = 'call';

async function makeRoles(ministack: Ministack): Promise<Record<keyof typeof ROLES, Credentials>> {
  const made: [string, Credentials][] = [];
  for (const [RoleName, may] of Object.entries(ROLES)) {
    await act(ministack, 'iam', { Action: 'CreateRole', RoleName, Path: '/services/', AssumeRolePolicyDocument });
    const grant = { Action: 'PutRolePolicy', RoleName, PolicyName, PolicyDocument: MAY_CALL };
    if (may === 'yes') await act(ministack, 'iam', grant);
    const session = { Action: 'AssumeRole', RoleArn: roleArn(RoleName), RoleSessionName: 'a-session' };
    made.push([RoleName, credentialsIn(await act(ministack, 'sts', session))]);
  }
  return Object.fromEntries(made) as Record<keyof typeof ROLES, Credentials>;
}

function credentialsIn(xml: string): Credentials {
  const [AccessKeyId = '', SecretAccessKey = '', SessionToken = ''] = [
    'AccessKeyId',
    'SecretAccessKey',
    'SessionToken',
  ].map((name) => new RegExp(`<${name}>(.*?)</${name}>`).exec(xml)?.[1]);
  return { AccessKeyId, SecretAccessKey, SessionToken };
}

async function removeRoles(ministack: Ministack): Promise<void> {
  for (const [RoleName, may] of Object.entries(ROLES)) {
    if (may === 'yes') await act(ministack, 'iam', { Action: 'DeleteRolePolicy', RoleName, PolicyName });
    await act(ministack, 'iam', { Action: 'DeleteRole', RoleName });
  }
}

/** Not by the aws CLI, each of whose starts takes a second. */
async function act({ client, environment }: Ministack, service: string, form: Record<string, string>): Promise<string> {
  const { accessKeyId, secretAccessKey } = client.credentials;
  const body = new URLSearchParams({ ...form, Version: service === 'iam' ? '2010-05-08' : '2011-06-15' }).toString();
  const signing = ['--aws-sigv4', `aws:amz:${REGION}:${service}`, '--user', `${accessKeyId}:${secretAccessKey}`];
  return run({ command: 'curl', args: ['-sS', '--fail', ...signing, '-d', body, client.endpoint], environment });
}

/** By curl, which can sign; it answers `status body`. */
async function ask(
  { environment }: Ministack,
  { method, url, by }: { method: string; url: string; by: Credentials | undefined },
): Promise<string> {
  const body = ['-H', 'content-type: application/json', '-d', '{"event_type":"Guest.Created","data":{"id":"g1"}}'];
  const signing = by && [
    ...['--aws-sigv4', `aws:amz:${REGION}:execute-api`, '--user', `${by.AccessKeyId}:${by.SecretAccessKey}`],
    ...['-H', `x-amz-security-token: ${by.SessionToken}`],
  ];
  const args = ['-sS', '-X', method, ...(method === 'POST' ? body : []), ...(signing ?? []), '-w', '\n%{http_code}'];
  const lines = (await run({ command: 'curl', args: [...args, url], environment })).split('\n');
  return `${lines.at(-1)} ${lines.slice(0, -1).join(' ')}`;
}
