import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from '@jest/globals';
import { HELP, readSettings } from '../../local/settings.ts';
import { startAndEnd, startSystem } from '../support/running-system.ts';
import { until } from '../support/until.ts';

const folders: string[] = [];
function makeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'start-'));
  folders.push(folder);
  return folder;
}
afterAll(() => folders.forEach((folder) => rmSync(folder, { recursive: true, force: true })));

describe('settings', () => {
  const KEY = 'a-key-of-20-letters-';

  test('without any, everything has its default', () => {
    expect(readSettings([], {})).toEqual({
      host: '127.0.0.1',
      port: 4000,
      dataDir: join(process.cwd(), '.fanout'),
      adminKey: undefined,
      allowPrivate: true,
      catalogue: undefined,
      inboundSources: [],
      printLogs: false,
      environments: undefined,
      demoEvents: undefined,
    });
  });

  test.each([
    ['PORT', { PORT: '0' }, { port: 0 }],
    [
      'an empty variable, which counts as none',
      { PORT: '', HOST: '', FANOUT_ADMIN_KEY: '' },
      { port: 4000, host: '127.0.0.1' },
    ],
    ['memory', { FANOUT_DATA: ':memory:' }, { dataDir: undefined }],
    ['a folder', { FANOUT_DATA: '/tmp/x' }, { dataDir: '/tmp/x' }],
    ['a key', { FANOUT_ADMIN_KEY: KEY }, { adminKey: KEY }],
    ['no private targets', { FANOUT_ALLOW_PRIVATE: '0' }, { allowPrivate: false }],
    ['sources', { FANOUT_INBOUND_SOURCES: 'com.a,com.b' }, { inboundSources: ['com.a', 'com.b'] }],
    ['environments that stand ready', { FANOUT_ENVIRONMENTS: '12' }, { environments: 12 }],
    ['another loopback address', { HOST: '127.0.0.2' }, { allowPrivate: true }],
    ['the loopback address of IPv6', { HOST: '::1' }, { allowPrivate: true }],
    ['a host that others reach', { HOST: '0.0.0.0' }, { allowPrivate: false }],
    ['such a host and a clear wish', { HOST: '0.0.0.0', FANOUT_ALLOW_PRIVATE: '1' }, { allowPrivate: true }],
    ['a name, which may be anything', { HOST: '127.example.com' }, { allowPrivate: false }],
  ])('%s', (_, environment, expected) => {
    expect(readSettings([], environment)).toMatchObject(expected);
  });

  test.each([
    [['--demo'], { demoEvents: Infinity }],
    [['--demo=12'], { demoEvents: 12 }],
    [['--logs', '--demo'], { printLogs: true, demoEvents: Infinity }],
  ])('%p', (args, expected) => {
    expect(readSettings(args, {})).toMatchObject(expected);
  });

  test('--help asks for help and nothing else', () => {
    expect(readSettings(['--help'], { PORT: 'nonsense' })).toBeUndefined();
  });
});

const GUARD = fileURLToPath(new URL('../../local/start.mjs', import.meta.url));

describe('what cannot be is said in one line', () => {
  test.each([
    ['an unknown flag', {}, ['--fast'], "Unknown option '--fast'. There are --demo, --demo=N, --logs and --help."],
    ['an argument', {}, ['here'], "Unexpected argument 'here'. There are --demo, --demo=N, --logs and --help."],
    ['a demo of no number', {}, ['--demo=many'], '--demo=many: give a number of events, or --demo alone.'],
    ['a port that is none', { PORT: '65536' }, [], 'PORT is 65536, which is no port.'],
    [
      'a short key',
      { FANOUT_ADMIN_KEY: 'nineteen-characters' },
      [],
      'FANOUT_ADMIN_KEY needs 20 or more visible ASCII characters, without spaces.',
    ],
    [
      'a key with a space',
      { FANOUT_ADMIN_KEY: 'twenty characters and more' },
      [],
      'FANOUT_ADMIN_KEY needs 20 or more visible ASCII characters, without spaces.',
    ],
    ['no environments', { FANOUT_ENVIRONMENTS: '0' }, [], 'FANOUT_ENVIRONMENTS is 0: 1 to 40.'],
    ['a switch that is neither', { FANOUT_ALLOW_PRIVATE: 'yes' }, [], 'FANOUT_ALLOW_PRIVATE is yes: 0 or 1.'],
    [
      'a catalogue that is not there',
      { FANOUT_CATALOGUE: '/nowhere.ts' },
      [],
      'FANOUT_CATALOGUE: there is no file /nowhere.ts.',
    ],
    ['a foreign host', { HOST: '203.0.113.7' }, [], 'HOST is 203.0.113.7, which is no address of this machine.'],
    [
      'a demo without private targets',
      { FANOUT_ALLOW_PRIVATE: '0' },
      ['--demo'],
      '--demo sends to this machine, so private targets must be allowed: FANOUT_ALLOW_PRIVATE=1.',
    ],
  ])('%s', async (_, env, args, message) => {
    const { code, stderr } = await startAndEnd({ FANOUT_DATA: ':memory:', ...env }, args);
    expect(stderr).toBe(`event-fanout: ${message}\n`);
    expect(code).toBe(1);
  });

  test('a data folder that is a file', async () => {
    const file = join(makeFolder(), 'file');
    writeFileSync(file, '');
    const { code, stderr } = await startAndEnd({ FANOUT_DATA: file });
    expect([code, stderr]).toEqual([1, `event-fanout: FANOUT_DATA: ${file} is not a folder.\n`]);
  });

  test('a port that is taken', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = Object(server.address());
    const { code, stderr } = await startAndEnd({ FANOUT_DATA: ':memory:', PORT: String(port) });
    expect([code, stderr]).toEqual([
      1,
      `event-fanout: Port ${port} of 127.0.0.1 is taken: end what uses it, or choose another PORT.\n`,
    ]);
    server.close();
  });

  test('a catalogue that is none, in the words of the build', async () => {
    const catalogue = join(makeFolder(), 'catalogue.ts');
    writeFileSync(catalogue, 'export default { groups: {} };');
    const { code, stderr } = await startAndEnd({ FANOUT_DATA: ':memory:', FANOUT_CATALOGUE: catalogue });
    const reason = 'The default export of the catalogue must be { groups, eventTypes }.';
    expect([code, stderr]).toEqual([1, `event-fanout: The app could not be built:\n${reason}\n`]);
  }, 60_000);

  test('an old Node, which could not even read the rest', async () => {
    const older = `data:text/javascript,Object.defineProperty(process, 'versions', { value: { node: '24.8.0' } })`;
    const child = spawn(process.execPath, ['--import', older, GUARD], { stdio: ['ignore', 'ignore', 'pipe'] });
    const said = Buffer.concat(await child.stderr.toArray()).toString();
    expect(said).toMatch(
      /^event-fanout needs Node 24\.9 or newer, and this is v[\d.]+: run "npm ci", which brings its own\.\n$/,
    );
    if (child.exitCode === null) await once(child, 'exit');
    expect(child.exitCode).toBe(1);
  });
});

test('--help prints the help and starts nothing', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [GUARD, '--help']);
  expect(stdout).toBe(`${HELP}\n`);
});

describe('a system that keeps its state', () => {
  const dataDir = makeFolder();

  test('the printed lines work when they are pasted, one after the other', async () => {
    const system = await startSystem({ dataDir });
    expect((await fetch(`${system.url}/healthz`)).status).toBe(200);
    const [subscribe = '', post = '', look = '', portal = '', ...others] = system
      .output()
      .split('\n')
      .filter((line) => line.startsWith('curl '));
    expect(others).toEqual([]);

    const paste = async (line: string): Promise<unknown> =>
      JSON.parse((await promisify(execFile)('sh', ['-c', line])).stdout);
    expect(await paste(subscribe)).toMatchObject({ method: 'POST', event_types: ['*'] });
    expect(await paste(post)).toMatchObject({ event_type: 'Guest.Created', duplicate: false });
    const answer = await until(async () => {
      const found = await paste(look);
      return JSON.stringify(found).includes('"state":"delivered"') && found;
    });
    expect(answer).toMatchObject({
      items: [{ event_type: 'Guest.Created', attempts: 1, last: { outcome: 'accepted' } }],
    });
    await until(() => / arrived +POST +Guest\.Created .* signature verified\n/.test(system.output()));
    expect(await paste(post)).toMatchObject({ duplicate: true });
    const { url } = (await paste(portal)) as { url: string };
    expect((await fetch(url)).headers.get('content-type')).toMatch('text/html');
    await system.stop();
  }, 90_000);

  test('the admin key is made once, is for its owner only, and is not printed', async () => {
    const file = join(dataDir, 'admin-key');
    const key = readFileSync(file, 'utf8');
    const system = await startSystem({ dataDir });
    expect(readFileSync(file, 'utf8')).toBe(key);
    expect(system.output()).not.toContain('Building'); // nothing has changed since the first start
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(key.length).toBeGreaterThanOrEqual(20);
    expect(system.output()).not.toContain(key);
    expect(system.output()).toContain(file);

    const second = await startAndEnd({ FANOUT_DATA: dataDir });
    expect([second.code, second.stderr.split('\n').length]).toEqual([1, 2]);
    expect(second.stderr).toContain(`${dataDir} is in use (process ${system.pid})`);
    await system.stop();
  }, 90_000);

  test('each function has a file of its lines', () => {
    const log = readFileSync(join(dataDir, 'logs/EventFanoutControlPlane.log'), 'utf8');
    expect(log).toContain('"path":"/healthz"');
  });
});

test('a system in memory leaves nothing behind, and prints the key that nobody could find otherwise', async () => {
  const system = await startSystem({ env: { FANOUT_ADMIN_KEY: '' }, args: ['--logs'] });
  const [, key = ''] = /admin key +(\S{20,}) \(for this run only/.exec(system.output()) ?? [];
  const headers = { authorization: `Bearer ${key}` };
  expect((await fetch(`${system.url}/v1/tenants/demo/subscriptions`, { headers })).status).toBe(200);
  const [, sample = ''] = / -d @(\S+)/.exec(system.output()) ?? [];
  expect(existsSync(sample)).toBe(true);
  await until(() => / EventFanoutControlPlane +\{.*"path":"\/healthz"/.test(system.output()));
  await system.stop();
  expect(existsSync(sample)).toBe(false);
}, 90_000);

test('the demo fills the inbox through all three verbs', async () => {
  const system = await startSystem({ args: ['--demo=1'] });
  for (const verb of ['POST', 'PUT', 'PATCH']) {
    await until(() => new RegExp(` arrived +${verb} +Guest\\.Created .* signature verified\n`).test(system.output()));
  }
  await system.stop();
}, 90_000);

test('SIGTERM lets a running attempt end, and its outcome is kept', async () => {
  const dataDir = makeFolder();
  const { promise: mayAnswer, resolve: letAnswer } = Promise.withResolvers<void>();
  const { promise: asked, resolve: ask } = Promise.withResolvers<void>();
  const subscriber = createServer((_, response) => {
    ask();
    void mayAnswer.then(() => response.end());
  }).listen(0, '127.0.0.1');
  await once(subscriber, 'listening');
  const { port } = Object(subscriber.address());

  const system = await startSystem({ dataDir });
  const post = (path: string, body: object) => callAs(system, path, { method: 'POST', body: JSON.stringify(body) });
  await post('subscriptions', { url: `http://127.0.0.1:${port}/`, event_types: ['*'] });
  await post('events', { event_id: 'e1', event_type: 'Guest.Created', data: { id: 'g1' } });
  await asked;
  const stopped = system.stop();
  await until(() => system.output().includes('Stopping'));
  letAnswer();
  await stopped;
  subscriber.close();

  const again = await startSystem({ dataDir });
  expect(await callAs(again, 'events/e1/deliveries')).toMatchObject({ items: [{ state: 'delivered', attempts: 1 }] });
  await again.stop();
}, 120_000);

test('when npm is killed, which passes nothing on, it ends as well', async () => {
  const npm = `require('node:child_process').spawn(process.execPath, [process.env.GUARD], { stdio: 'inherit' })`;
  const { PATH, HOME } = process.env;
  const env = { PATH, HOME, GUARD, npm_lifecycle_event: 'start', PORT: '0', FANOUT_DATA: ':memory:' };
  const parent = spawn(process.execPath, ['-e', npm], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  const printed: Buffer[] = [];
  parent.stdout.on('data', (chunk: Buffer) => printed.push(chunk));
  const output = (): string => Buffer.concat(printed).toString();

  await until(() => output().includes('listening on'), 60_000);
  parent.kill('SIGKILL');
  await once(parent.stdout, 'end'); // only when the last process that could print is gone
  expect(output()).toContain('Stopping');
}, 90_000);

async function callAs(
  { url, adminKey }: { url: string; adminKey: string },
  path: string,
  init: RequestInit = {},
): Promise<unknown> {
  const headers = { authorization: `Bearer ${adminKey}`, 'content-type': 'application/json' };
  return (await fetch(`${url}/v1/tenants/t1/${path}`, { ...init, headers })).json();
}
