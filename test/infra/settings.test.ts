import { spawnSync } from 'node:child_process';
import { expect, test } from '@jest/globals';
import { readSettings } from '../../infra/settings.ts';

test('without a word it is production', () => {
  expect(readSettings({})).toEqual({ stage: 'prod', stackName: 'EventFanout' });
});

test('dev has one lane, and lets go of everything', () => {
  const dev = { stage: 'dev', stackName: 'EventFanout-dev', lanes: 'one', dev: { allowPrivateTargets: false } };
  expect(readSettings({ stage: 'dev' })).toEqual(dev);
  expect(readSettings({ stage: 'dev', lanes: 'per-group' })).toEqual({ ...dev, lanes: 'per-group' });
});

test('all can be chosen, as text or as JSON', () => {
  const chosen = {
    stage: 'dev',
    stackName: 'Mine',
    catalogue: import.meta.filename,
    drainingLanes: 'Guest,Class',
    inboundSources: 'com.acme.billing,com.acme.crm',
    portalFrames: 'https://app.example.com,https://admin.example.com',
    canary: 'LINEAR_10PERCENT_EVERY_1MINUTE',
    catalogueAccess: 'key',
    domainName: 'hooks.example.com',
    certificateArn: 'arn:aws:acm:us-east-1:000000000000:certificate/1',
  };
  const lanes = { sales: ['Invoice', 'Guest'] };
  const auth = { jwt: { issuer: 'https://id.example.com', audience: ['hooks'] } };
  const throttles = { open: { perSecond: 0.5, burst: 10 } };
  const targets = { targetPorts: '8080,9443', targetAllow: '10.1.0.0/16', targetDeny: '203.0.113.0/24,2001:db8::/32' };
  const { domainName: name, certificateArn, ...plain } = chosen;
  const settings = {
    ...plain,
    lanes,
    retentionDays: 30,
    eventRecoveryDays: 7,
    ceilingPerSecond: 2.5,
    ingestPerSecond: 0,
    throttles,
    auth,
    drainingLanes: ['Guest', 'Class'],
    inboundSources: ['com.acme.billing', 'com.acme.crm'],
    portalFrames: ['https://app.example.com', 'https://admin.example.com'],
    targets: { ports: [8080, 9443], allow: ['10.1.0.0/16'], deny: ['203.0.113.0/24', '2001:db8::/32'] },
    domain: { name, certificateArn },
    dev: { allowPrivateTargets: true },
  };
  const asText = {
    retentionDays: '30',
    eventRecoveryDays: '7',
    ceilingPerSecond: '2.5',
    ingestPerSecond: '0',
    allowPrivateTargets: 'true',
  };
  const plans = { lanes: JSON.stringify(lanes), throttles: JSON.stringify(throttles), auth: JSON.stringify(auth) };
  expect(readSettings({ ...chosen, ...targets, ...asText, ...plans })).toEqual(settings);
  const asJson = {
    retentionDays: 30,
    eventRecoveryDays: 7,
    ceilingPerSecond: 2.5,
    ingestPerSecond: 0,
    allowPrivateTargets: true,
  };
  expect(readSettings({ ...chosen, ...targets, ...asJson, lanes, throttles, auth })).toEqual(settings);
});

test('a dev stack does not take the place of the production stack', () => {
  expect(readSettings({ stage: 'dev' }).stackName).not.toBe(readSettings({}).stackName);
});

test("the names of CDK's own context pass", () => {
  const context = {
    '@aws-cdk/core:explicitStackTags': true,
    'aws:cdk:enable-path-metadata': true,
    'cli-telemetry': false,
  };
  expect(() => readSettings(context)).not.toThrow();
});

test.each([
  [{ stage: 'staging' }, 'stage must be prod or dev, not "staging".'],
  [{ allowPrivateTargets: 'yes', stage: 'dev' }, 'allowPrivateTargets must be true or false, not "yes".'],
  [{ allowPrivateTargets: 'true' }, 'allowPrivateTargets=true needs stage=dev.'],
  [{ allowPrivateTargets: 'true', stage: 'prod' }, 'allowPrivateTargets=true needs stage=dev.'],
  [{ catalogueAccess: 'nobody' }, 'catalogueAccess must be open or key, not "nobody".'],
  [{ retentionDays: '2 weeks' }, 'retentionDays must be a whole number, not "2 weeks".'],
  [{ retentionDays: '-14' }, 'retentionDays must be a whole number, not "-14".'],
  [{ catalogue: 'no/such/file.ts' }, 'catalogue: there is no file no/such/file.ts.'],
  [{ lanes: 'two' }, 'lanes must be per-group, one, or JSON such as {"sales":["Invoice"]}, not "two".'],
  [{ lanes: '{"sales":"Invoice"}' }, 'lanes must be per-group, one, or JSON'],
  [{ throttles: '50' }, 'throttles must be JSON such as {"ingest":{"perSecond":2000,"burst":4000}}, not "50".'],
  [{ throttles: { ingest: { perSecond: 5 } } }, 'throttles must be JSON'],
  [{ throttles: { ingest: { perSecond: '5', burst: 5 } } }, 'throttles must be JSON'],
  [{ throttles: { api: { perSecond: 5, burst: 5 } } }, 'throttles must be JSON'],
  [
    { auth: 'none' },
    'auth must be keys, or JSON such as {"jwt":{"issuer":"https://...","audience":["..."]}}, not "none".',
  ],
  [{ auth: { jwt: { issuer: 'https://id.example.com' } } }, 'auth must be keys, or JSON'],
  [{ auth: { jwt: { issuer: 'https://id.example.com', audience: 'hooks' } } }, 'auth must be keys, or JSON'],
  [{ auth: { jwt: { issuer: 'https://id.example.com', audience: [] }, iam: {} } }, 'auth must be keys, or JSON'],
  [{ auth: { iam: [] } }, 'auth must be keys, or JSON'],
  [{ canary: 'FAST' }, 'canary must be CANARY_10PERCENT_5MINUTES or'],
  [{ domainName: 'hooks.example.com' }, 'domainName and certificateArn go together.'],
  [{ eventRecoveryDays: 'all' }, 'eventRecoveryDays must be a whole number, not "all".'],
  [{ ceilingPerSecond: 'fast' }, 'ceilingPerSecond must be a number, not "fast".'],
  [{ ingestPerSecond: '-1' }, 'ingestPerSecond must be a number, not "-1".'],
  [{ retentiondays: '14' }, 'There is no setting retentiondays'],
])('%j is refused', (context, reason) => {
  expect(() => readSettings(context)).toThrow(reason);
});

test('whoever starts it wrong reads one line', () => {
  const env = { ...process.env, CDK_CONTEXT_JSON: '{"stage":"dev","retentionDays":"4"}' };
  const { status, stdout, stderr } = spawnSync(process.execPath, ['infra/app.ts'], { env, encoding: 'utf8' });
  expect({ status, stdout, stderr }).toEqual({
    status: 1,
    stdout: '',
    stderr: 'retentionDays must be a whole number of at least 5: 4\n',
  });
});
