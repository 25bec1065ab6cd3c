import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import packageJson from '../../package.json' with { type: 'json' };
import catalogue from '../../shared/catalogue/catalogue.ts';
import { list, Synthesis } from '../infra/synthesis.ts';
import { expectMade, row, table } from './made-parts.ts';
import { byLane, grantsIn, plain, rightsIn, withOneLane, type Line } from './rights.ts';
import { titlesIn } from './test-titles.ts';
import { readThreats } from './threats.ts';

// What is deployed without a word, and with the options that add roles.
const prod = new Synthesis({});
const canary = new Synthesis({
  lanes: 'one',
  canary: 'CANARY_10PERCENT_5MINUTES',
  inboundSources: 'com.acme.billing',
});
afterAll(() => [prod, canary].forEach((one) => one.remove()));

const [rights, grants] = [rightsIn(prod), grantsIn(prod)];

/** Rights that are wider than one action on one resource, and why they are there. */
const WIDE: Readonly<Record<string, string>> = {
  'iam::aws:policy/service-role/AWSCodeDeployRoleForLambdaLimited':
    'What AWS CodeDeploy needs to move aliases and to look at alarms. AWS writes this policy and keeps it in step with CodeDeploy. It is there with the setting `canary` only, once for each function, and no function has it.',
};

const acknowledged = [prod, canary].flatMap(({ report }) =>
  report.pluginReports.flatMap(({ suppressedViolations = [] }) => suppressedViolations),
);

/** `EventFanoutState/EventFanout/Lane-Guest/Dead` is `Lane-<group>/Dead`. */
const placeOf = (path: string): string =>
  path.replace(/^EventFanout(State)?\/EventFanout\//, '').replace(/^Lane-\w+/, 'Lane-<group>');

const rowsOfAcknowledged = (): string[] =>
  [...Map.groupBy(acknowledged, ({ ruleName, reason }) => row(`\`${ruleName}\``, reason)).values()].map((alike) => {
    const places = new Set(alike.map(({ acknowledgedAt }) => `\`${placeOf(acknowledgedAt)}\``));
    return row(`\`${alike[0]?.ruleName ?? ''}\``, [...places].join(', '), alike[0]?.reason ?? '');
  });

const rowsOf = (lines: readonly Line[]): string[] => withOneLane(lines).map((cells) => row(...cells));

test('the tables of the security page say what the templates do', () => {
  expectMade('security.md', {
    rights: table(['who', 'may', 'to', 'if'], rowsOf(rights)),
    grants: table(['on', 'says', 'who', 'what', 'if'], rowsOf(grants)),
    wide: table(
      ['right', 'why'],
      Object.entries(WIDE).map(([right, why]) => row(`\`${right}\``, why)),
    ),
    acknowledged: table(['rule', 'where', 'why we differ'], rowsOfAcknowledged()),
  });
});

test.each([
  ['rights of', rights],
  ['grants on', grants],
])('the %s each lane are those of any other, each to its own', (_, lines) => {
  const lanes = byLane(lines);
  const [first] = lanes.values();
  expect([...lanes.keys()].toSorted()).toEqual(Object.keys(catalogue.groups).toSorted());
  for (const lane of lanes.values()) expect(lane).toEqual(first);
});

test('no policy of the templates is left out of the tables', () => {
  const holders = Object.values(prod.template.Resources).filter(({ Properties }) =>
    JSON.stringify(Properties).includes('"Statement":'),
  );
  expect(new Set(holders.map(({ Type }) => Type))).toEqual(
    new Set([
      'AWS::IAM::Role',
      'AWS::IAM::Policy',
      'AWS::SQS::QueuePolicy',
      'AWS::SNS::TopicPolicy',
      'AWS::Events::EventBus',
      'AWS::KMS::Key',
    ]),
  );
  // Of roles, the tables show who may take them, and what stands in policies of their own.
  const inline = [prod, canary].flatMap((stack) =>
    stack.all('AWS::IAM::Role').map(({ Properties }) => Properties.Policies),
  );
  expect(inline.filter((policies) => policies !== undefined)).toEqual([]);
});

/** What a stack's roles may do that is wider than some actions on some resources: a wildcard, a negation, a managed policy. */
function wideRights(stack: Synthesis): string[] {
  const statements = stack
    .all('AWS::IAM::Policy')
    .flatMap(({ Properties }) => Properties.PolicyDocument.Statement)
    .map((statement) => JSON.stringify({ ...statement, Condition: undefined }));
  const managed = stack
    .all('AWS::IAM::Role')
    .flatMap(({ Properties: { ManagedPolicyArns = [] } }) => list(ManagedPolicyArns as unknown[]).map(plain));
  return [...statements.filter((text) => /\*|"Not(Action|Resource)"/.test(text)), ...managed];
}

test('no role may do anything to all of something without a reason', () => {
  expect(wideRights(prod)).toEqual([]);
  expect(new Set(wideRights(canary))).toEqual(new Set(Object.keys(WIDE)));
});

test('every check passes, and whatever is acknowledged has a reason that says why', () => {
  for (const { report } of [prod, canary]) {
    const conclusions = report.pluginReports.map(({ pluginName, conclusion }) => [pluginName, conclusion]);
    expect(conclusions).toEqual([
      ['AwsSolutions', 'success'],
      ['Serverless', 'success'],
    ]);
  }
  expect(acknowledged.length).toBeGreaterThan(0);
  expect(acknowledged.filter(({ reason }) => reason.length <= 40)).toEqual([]);
});

test('the access log names no header, no query and no body', () => {
  const stage = Object.values(prod.template.Resources).find(({ Type }) => Type === 'AWS::ApiGatewayV2::Stage');
  const { AccessLogSettings } = stage?.Properties as { AccessLogSettings: { Format: string } };
  expect(Object.values(JSON.parse(AccessLogSettings.Format) as object).toSorted()).toEqual([
    '$context.httpMethod',
    '$context.identity.sourceIp',
    '$context.integrationErrorMessage',
    '$context.path',
    '$context.requestId',
    '$context.requestTimeEpoch',
    '$context.responseLatency',
    '$context.responseLength',
    '$context.routeKey',
    '$context.status',
  ]);
});

test('every package is named by one version and locked by the hash of its content', () => {
  const { dependencies, devDependencies, overrides } = packageJson;
  const forced = Object.values(overrides).flatMap((one) => (typeof one === 'string' ? one : Object.values(one)));
  const named = [...Object.values({ ...dependencies, ...devDependencies }), ...forced];
  expect(named.filter((version) => !/^\d+\.\d+\.\d+$/.test(version))).toEqual([]);

  type Locked = Record<string, { integrity?: string; inBundle?: true }>;
  const { '': ours, ...locked }: Locked = JSON.parse(readFileSync('package-lock.json', 'utf8')).packages;
  // What is bundled is part of a package that has a hash.
  const isHashed = ({ integrity = '', inBundle }: Locked[string]): boolean =>
    inBundle ?? integrity.startsWith('sha512-');
  expect(ours).toMatchObject({ dependencies, devDependencies });
  expect(Object.keys(locked).filter((path) => !isHashed(locked[path]!))).toEqual([]);
  expect(readFileSync('.ci/run', 'utf8')).toContain('\nstep npm ci\n');
});

describe('the threats', () => {
  const threats = readThreats();

  /** Jest runs it, or one of its neighbours does so by importing it. */
  const isRun = (file: string): boolean =>
    file.endsWith('.test.ts') ||
    readdirSync(dirname(file))
      .filter((name) => name.endsWith('.test.ts'))
      .some((name) => readFileSync(`${dirname(file)}/${name}`, 'utf8').includes(`'./${basename(file)}'`));

  const isThere = ({ file, title }: { file: string; title: string }): boolean =>
    existsSync(file) && isRun(file) && titlesIn(file).has(title);

  test('are held by tests that are there, under the very titles', () => {
    const cited = threats.flatMap(({ line }) => ('tests' in line ? line.tests : []));
    expect(cited.length).toBeGreaterThan(30);
    expect(cited.filter((one) => !isThere(one))).toEqual([]);
  });

  test('are each held by a test, or open with a sentence of what is missing', () => {
    const vague = threats.filter(({ threat, holds, line }) =>
      'tests' in line ? !threat || !holds || line.tests.length === 0 : !/^[A-Z].{30,}\.$/.test(line.missing),
    );
    expect(vague).toEqual([]);
  });

  test('a title that is skipped, commented out or told in part is no test', () => {
    const titles = titlesIn('test/docs/security.test.ts');
    expect(titles).toContain('the threats');
    expect(titles).toContain('the %s each lane are those of any other, each to its own');
    // test('a comment', () => {});
    for (const none of ['a comment', 'the threat', 'AwsSolutions']) expect(titles).not.toContain(none);
  });
});
