import * as z from 'zod';
import { KeyPatch, NewKey, SCOPES } from '../domain/key.ts';
import { Moment, named, pageOf, type Operation } from './operation.ts';

const ALL = '/v1/keys';
const ONE = `${ALL}/{id}`;

const members = {
  id: z.string(),
  name: z.string(),
  scopes: z.array(z.enum(SCOPES)),
  tenant: z.string().nullable().describe('The one tenant that it sees; null for all.'),
  expires_at: z.string().nullable(),
  created_at: Moment,
  last_used_at: Moment.nullable().describe('To the minute; null where it never was.'),
};
const Key = named('Key', z.object(members));

const EXAMPLE = {
  id: 'key_06h2n4qb80r6t9v3w5x7y1z2kc',
  name: 'billing',
  scopes: ['events:write'],
  tenant: 'acme',
  expires_at: null,
  created_at: '2026-03-04T09:00:00.000Z',
  last_used_at: null,
} as const;

const there = { id: '$response.body#/id' };

export const createKey = {
  id: 'createKey',
  tag: 'Keys',
  method: 'POST',
  path: ALL,
  needs: 'admin',
  summary: 'Make an access key',
  description: 'The key is in this answer alone.',
  body: {
    schema: named('NewKey', NewKey),
    examples: { 'For a publisher': { name: 'billing', scopes: ['events:write'], tenant: 'acme' } },
  },
  answer: {
    status: 201,
    description: 'The key.',
    schema: named(
      'KeyWithText',
      z.object({ ...members, key: z.string().describe('What to send; it is not shown again.') }),
    ),
    example: { ...EXAMPLE, key: 'key_06h2n4qb80r6t9v3w5x7y1z2kc.l0ngS3cr3tT3xt' },
    headers: ['location', 'cache-control'],
    links: {
      get: { operation: 'getKey', parameters: there },
      change: { operation: 'updateKey', parameters: there },
      delete: { operation: 'deleteKey', parameters: there },
    },
  },
  refusals: ['tenantBeingErased'],
} as const satisfies Operation;

export const listKeys = {
  id: 'listKeys',
  tag: 'Keys',
  method: 'GET',
  path: ALL,
  needs: 'admin',
  summary: 'List access keys, newest first',
  pages: 'yes',
  answer: {
    status: 200,
    description: 'A page of them.',
    schema: named('KeyPage', pageOf(Key)),
    example: { items: [EXAMPLE], next_cursor: null },
  },
} as const satisfies Operation;

const SHOWN = { status: 200, description: 'The key, without its text.', schema: Key, example: EXAMPLE } as const;

export const getKey = {
  id: 'getKey',
  tag: 'Keys',
  method: 'GET',
  path: ONE,
  needs: 'admin',
  summary: 'Show an access key',
  answer: SHOWN,
} as const satisfies Operation;

export const updateKey = {
  id: 'updateKey',
  tag: 'Keys',
  method: 'PATCH',
  path: ONE,
  needs: 'admin',
  summary: 'Change an access key',
  body: {
    schema: named('KeyPatch', KeyPatch),
    mergePatch: 'accepted',
    examples: { 'It ends with the year': { expires_at: '2026-12-31T23:59:59Z' } },
  },
  answer: SHOWN,
  refusals: ['lastAdminKey'],
} as const satisfies Operation;

export const deleteKey = {
  id: 'deleteKey',
  tag: 'Keys',
  method: 'DELETE',
  path: ONE,
  needs: 'admin',
  summary: 'Delete an access key',
  description: 'It holds at once for whatever is written, and within 30 s for what is read.',
  answer: { status: 204, description: 'Deleted.' },
  refusals: ['lastAdminKey'],
} as const satisfies Operation;

export const getMe = {
  id: 'getMe',
  tag: 'Keys',
  method: 'GET',
  path: '/v1/me',
  needs: 'any',
  summary: 'Show the key that asks',
  answer: SHOWN,
} as const satisfies Operation;
