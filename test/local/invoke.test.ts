import { writeFileSync } from 'node:fs';
import { afterAll, afterEach, expect, test } from '@jest/globals';
import { Pool, type FunctionSpec, type PoolOptions } from '../../local/invoke.ts';
import { makeBundle, removeBundles } from '../support/bundle.ts';
import { until } from '../support/until.ts';

const pools: Pool[] = [];
afterEach(() => Promise.all(pools.splice(0).map((pool) => pool.stop())));
afterAll(removeBundles);

/** A function with this source; what it prints is collected. */
function open(source: string, spec: Partial<FunctionSpec> = {}, options: Partial<PoolOptions> = {}) {
  const lines: string[] = [];
  const usual = { name: 'stage', arn: 'arn:stage', code: makeBundle(source), handler: 'index.handler' };
  const limits = { timeoutSeconds: 5, memoryMb: 256, env: {} };
  const pool = new Pool({ ...usual, ...limits, ...spec }, { write: (line) => lines.push(line), ...options });
  pools.push(pool);
  return { pool, lines };
}

const COUNTING = `let calls = 0; const id = Math.random();
  export const handler = async () => ({ id, calls: ++calls });`;

test('a handler gets the event and the context that Lambda would give it', async () => {
  const { pool } = open(
    `export const handler = async (event, context) => ({ event, context, left: context.getRemainingTimeInMillis() });`,
    {
      name: 'deliver',
      arn: 'arn:aws:lambda:us-east-1:000000000000:function:deliver',
      memoryMb: 512,
      timeoutSeconds: 3,
    },
  );
  expect(await pool.invoke({ a: [1, null] })).toEqual({
    event: { a: [1, null] },
    context: {
      awsRequestId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      functionName: 'deliver',
      functionVersion: '$LATEST',
      invokedFunctionArn: 'arn:aws:lambda:us-east-1:000000000000:function:deliver',
      memoryLimitInMB: '512',
      logGroupName: '/aws/lambda/deliver',
      logStreamName: 'local',
      callbackWaitsForEmptyEventLoop: true,
    },
    left: expect.any(Number),
  });
});

test('the remaining time counts down from the time-out', async () => {
  const source = `export const handler = async (_, context) => context.getRemainingTimeInMillis();`;
  const left = Number(await open(source, { timeoutSeconds: 3 }).pool.invoke({}));
  expect(left).toBeGreaterThan(0);
  expect(left).toBeLessThanOrEqual(3000);
});

test('a handler that returns nothing answers null', async () => {
  expect(await open(`export const handler = async () => {};`).pool.invoke({})).toBeNull();
});

test('a function sees the variables of the template and none of the runner', async () => {
  process.env['RUNNERS_OWN'] = 'secret';
  const { pool } = open(`export const handler = async () => ({ ...process.env });`, { env: { FLOW_TABLE: 'flow' } });
  expect(await pool.invoke({})).toEqual({ FLOW_TABLE: 'flow' });
});

test('a variable that a function changes stays in its own environment', async () => {
  const { pool } = open(`export const handler = async () => { process.env.LEFT_BEHIND = 'here'; };`);
  await pool.invoke({});
  expect(process.env['LEFT_BEHIND']).toBeUndefined();
});

test('the bundle resolves its own imports', async () => {
  const code = makeBundle(`import types from '#catalogue'; export const handler = async () => types;`, {
    'catalogue.mjs': `export default ['Guest.Created'];`,
    'package.json': JSON.stringify({ type: 'module', imports: { '#catalogue': './catalogue.mjs' } }),
  });
  expect(await open('', { code }).pool.invoke({})).toEqual(['Guest.Created']);
});

test('an environment is used again, so that what the first invocation built is still there', async () => {
  const { pool } = open(COUNTING);
  const answers = [await pool.invoke({}), await pool.invoke({}), await pool.invoke({})];
  expect(answers).toMatchObject([{ calls: 1 }, { calls: 2 }, { calls: 3 }]);
});

const ONE_AT_A_TIME = `let inside = 0;
  export const handler = async () => {
    inside += 1;
    await new Promise((resolve) => setTimeout(resolve, 20));
    return inside--;
  };`;

test('an environment serves one invocation at a time', async () => {
  const { pool } = open(ONE_AT_A_TIME, {}, { mostEnvironments: 2 });
  expect(await Promise.all(Array.from({ length: 10 }, () => pool.invoke({})))).toEqual(Array(10).fill(1));
});

/** Ends when two invocations run at once: each leaves a file for the other, as environments have no memory in common. */
const MEETING = `export const handler = async ({ name, other }) => {
    const { existsSync, writeFileSync } = await import('node:fs');
    writeFileSync(name, '');
    while (!existsSync(other)) await new Promise((resolve) => setTimeout(resolve, 5));
    return 'met';
  };`;

test('invocations that come at the same time get environments of their own', async () => {
  const { pool } = open(MEETING);
  const [a, b] = [`${makeBundle('')}/a`, `${makeBundle('')}/b`];
  const meeting = Promise.all([pool.invoke({ name: a, other: b }), pool.invoke({ name: b, other: a })]);
  expect(await meeting).toEqual(['met', 'met']);
});

test('invocations that end soon share an environment, however many come at once', async () => {
  const { pool } = open(COUNTING);
  const answers = await Promise.all(Array.from({ length: 50 }, () => pool.invoke({})));
  expect(answers).toMatchObject(answers.map((_, at) => ({ calls: at + 1 })));
});

const HELD = `const id = Math.random();
  export const handler = async ({ until }) => {
    const { existsSync } = await import('node:fs');
    while (until !== undefined && !existsSync(until)) await new Promise((resolve) => setTimeout(resolve, 5));
    return id;
  };`;

test('while an invocation is held up, others stand by before anybody waits for them', async () => {
  const { pool } = open(HELD);
  const end = `${makeBundle('')}/end`;
  const held = pool.invoke({ until: end });
  await until(() => Promise.resolve(pool.idle === 2));
  writeFileSync(end, '');
  await held;
  expect(pool.idle).toBe(3);
});

test('environments that stand ready are there before the first invocation, and take turns', async () => {
  const { pool } = open(COUNTING, {}, { standing: 3 });
  await pool.warm();
  expect(pool.idle).toBe(3);
  const answers = [];
  for (let n = 0; n < 6; n++) answers.push(await pool.invoke({}));
  expect(answers).toMatchObject([1, 1, 1, 2, 2, 2].map((calls) => ({ calls })));
});

test('beyond the most environments, invocations wait in line', async () => {
  const { pool } = open(COUNTING, {}, { mostEnvironments: 1 });
  const answers = await Promise.all([pool.invoke({}), pool.invoke({}), pool.invoke({})]);
  expect(answers).toMatchObject([{ calls: 1 }, { calls: 2 }, { calls: 3 }]);
});

test('an environment that was idle for long is ended', async () => {
  const { pool } = open(COUNTING, {}, { idleMs: 1 });
  const first = await pool.invoke({});
  const second = await until(async () => {
    const answer = await pool.invoke({});
    return JSON.stringify(answer).includes('"calls":1}') && answer;
  });
  expect(second).not.toEqual(first);
});

test('what a handler throws is the failure, with its own name and stack', async () => {
  const { pool, lines } = open(`export const handler = async () => { throw new TypeError('no such table'); };`);
  await expect(pool.invoke({})).rejects.toMatchObject({ name: 'TypeError', message: 'no such table' });
  expect(lines.join('\n')).toMatch(/TypeError: no such table[^]*index\.mjs/);
});

test('a handler that throws keeps its environment', async () => {
  const { pool } = open(
    `let calls = 0; export const handler = async () => { if (++calls === 1) throw 'odd'; return calls; };`,
  );
  await expect(pool.invoke({})).rejects.toMatchObject({ name: 'string', message: 'odd' });
  expect(await pool.invoke({})).toBe(2);
});

test('an invocation that takes too long is killed, in the middle of whatever it does', async () => {
  const source = `let calls = 0; export const handler = async (event) => { calls += 1; if (event === 'hang') for (;;); return calls; };`;
  const { pool, lines } = open(source, { timeoutSeconds: 0.2 });
  await expect(pool.invoke('hang')).rejects.toMatchObject({
    name: 'Sandbox.Timedout',
    message: 'Task timed out after 0.20 seconds',
  });
  expect(lines).toEqual(['Sandbox.Timedout: Task timed out after 0.20 seconds']);
  expect(await pool.invoke('work')).toBe(1); // in a new environment
});

test.each([
  ['exits', `process.exit(3)`, { name: 'Runtime.ExitError', message: 'Runtime exited with status 3' }],
  [
    'throws where nobody catches',
    `setImmediate(() => { throw new RangeError('boom'); })`,
    { name: 'RangeError', message: 'boom' },
  ],
  ['leaves a rejection alone', `void Promise.reject(new Error('lost'))`, { name: 'Error', message: 'lost' }],
])('an environment that %s fails its invocation and is replaced', async (_, crash, failure) => {
  const source = `let calls = 0;
    export const handler = async (event) => {
      calls += 1;
      if (event !== 'crash') return calls;
      ${crash};
      await new Promise(() => {});
    };`;
  const { pool } = open(source);
  expect(await pool.invoke('work')).toBe(1);
  await expect(pool.invoke('crash')).rejects.toMatchObject(failure);
  expect(await pool.invoke('work')).toBe(1);
});

test('one that crashes between invocations fails nobody', async () => {
  const source = `export const handler = async (event) => { if (event === 'fuse') setImmediate(() => process.exit(1)); return process.pid; };`;
  const { pool } = open(source);
  await pool.invoke('fuse');
  await until(async () => (await pool.invoke('work').catch(() => undefined)) === process.pid);
});

test('those in line are served although the only environment crashed', async () => {
  const { pool } = open(
    `export const handler = async (event) => (event === 'crash' ? process.exit(1) : event);`,
    {},
    { mostEnvironments: 1 },
  );
  const [crash, work] = await Promise.allSettled([pool.invoke('crash'), pool.invoke('work')]);
  expect(crash.status).toBe('rejected');
  expect(work).toEqual({ status: 'fulfilled', value: 'work' });
});

test.each([
  ['that throws while it loads', `throw new Error('no DATA_KEY');`, 'no DATA_KEY'],
  ['without the handler', `export const other = 1;`, 'exports no function named handler'],
])('a bundle %s fails each invocation, not the runner', async (_, source, reason) => {
  const { pool } = open(source);
  await expect(pool.invoke({})).rejects.toThrow(reason);
  await expect(pool.invoke({})).rejects.toThrow(reason);
});

test('a result that is no JSON is a failure', async () => {
  const { pool } = open(`export const handler = async () => ({ big: 1n });`);
  await expect(pool.invoke({})).rejects.toThrow('BigInt');
});

test('each line that a function prints arrives as one', async () => {
  const { pool, lines } = open(
    `export const handler = async () => { console.log('one\\ntwo'); console.error('three'); };`,
  );
  await pool.invoke({});
  await until(() => lines.length === 3);
  expect(lines.toSorted()).toEqual(['one', 'three', 'two']);
});

test('stop lets a running invocation end', async () => {
  const source = `export const handler = async () => { await new Promise((r) => setTimeout(r, 100)); return 'done'; };`;
  const { pool } = open(source);
  const running = pool.invoke({});
  let stopped = false;
  const stopping = pool.stop().then(() => (stopped = true));
  expect(await running).toBe('done');
  expect(stopped).toBe(false);
  await stopping;
});
