import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import * as z from 'zod';
// First of ours: its logger must be made before anything says that tests are to be quiet.
import { note, noteFailure } from '../../shared/runtime/log.ts';
import { problems } from '../../shared/domain/problem.ts';
import type { Route } from '../../shared/runtime/http.ts';
import { callerOf } from '../support/http-event.ts';

let printed: string;
beforeEach(() => {
  printed = '';
  for (const stream of [process.stdout, process.stderr]) {
    jest.spyOn(stream, 'write').mockImplementation((text) => {
      printed += String(text);
      return true;
    });
  }
});
afterEach(() => void jest.restoreAllMocks());

const lines = (): Record<string, unknown>[] =>
  printed
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));

test('what a caller chose makes no line of its own', () => {
  const forged = '/v1\n{"level":"ERROR","message":"forged"}\r\n\u2028\u0085\0';
  note('request', { path: forged });
  noteFailure('request.failed', new Error(forged), { route: forged });
  expect(lines()).toMatchObject([
    { level: 'INFO', message: 'request', path: forged },
    { level: 'ERROR', message: 'request.failed', route: forged },
  ]);
});

const schema = z.looseObject({ fails: z.boolean() });
const routes: Route<object>[] = [
  {
    operation: {
      id: 'fail',
      tag: 'Service',
      method: 'POST',
      path: '/v1/tenants/{tenant}/subscriptions',
      needs: 'subscriptions:write',
      summary: '',
      body: { schema, examples: {} },
      answer: { status: 200, description: '', schema: z.looseObject({}) },
    },
    async answer(request) {
      const { fails } = request.body(schema);
      if (fails) throw new Error('the table is throttled');
      return { status: 200, body: { secret: 'hush-answer' } };
    },
  },
];

test('the lines of a request hold nothing of its key, headers, query, body or answer', async () => {
  const key = { id: 'key_1', name: '', scopes: ['admin' as const], tenant: null, expires_at: null, created_at: '', sha256: '' }; // prettier-ignore
  const call = callerOf(routes, {
    key: 'hush-key',
    world: {},
    authenticate: async (bearer) => {
      if (bearer === 'hush-key') return key;
      throw problems.unauthorized();
    },
  });
  const path = '/v1/tenants/acme/subscriptions?token=hush-query';
  const headers = { 'x-api-key': 'hush-header' };
  const post = (body: unknown, more = {}) => call('POST', path, { headers, body, ...more });
  const replies = [
    await post({ fails: false, secret: 'hush-body' }),
    await post({ fails: true, secret: 'hush-body' }),
    await post({ fails: 'hush-body' }),
    await post('hush-body'),
    await post({}, { key: 'hush-other' }),
  ];
  expect(replies.map(({ status }) => status)).toEqual([200, 500, 422, 400, 401]);
  expect(lines().filter(({ message }) => message === 'request')).toHaveLength(5);
  expect(printed).toContain('the table is throttled');
  expect(printed).not.toContain('hush');
});
