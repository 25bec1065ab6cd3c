import * as z from 'zod';
import { SESSION_SCOPES } from '../domain/portal-session.ts';
import { count, Moment, named, pageOf, type Operation } from './operation.ts';

const ONE = '/v1/tenants/{tenant}';

export const createPortalSession = {
  id: 'createPortalSession',
  tag: 'Tenants',
  method: 'POST',
  path: `${ONE}/portal-session`,
  needs: 'admin',
  summary: 'Let somebody of a tenant in for a while',
  description:
    'The token is a key of that tenant alone. It makes no keys, and cannot be taken back before its time is over; the routes that take events do not know it (401). In the URL it stands behind the `#`, so that no server writes it into a log.',
  body: {
    schema: named(
      'NewPortalSession',
      z.strictObject({
        ttl_seconds: z.number().int().min(60).max(3600).default(900),
        scopes: z.array(z.enum(SESSION_SCOPES)).min(1).optional().describe('All of these by default.'),
      }),
    ),
    examples: { 'For a quarter of an hour': {}, 'Only to look': { scopes: ['events:read', 'subscriptions:read'] } },
  },
  answer: {
    status: 200,
    description: 'The session. Nothing is kept of it.',
    schema: named('PortalSession', z.object({ url: z.string(), token: z.string(), expires_at: Moment })),
    example: {
      url: 'https://hooks.example.com/portal#token=pst_eyJ0ZW5hbnQiOiJhY21lIn0~c2lnbmF0dXJl',
      token: 'pst_eyJ0ZW5hbnQiOiJhY21lIn0~c2lnbmF0dXJl',
      expires_at: '2026-03-04T09:15:00.000Z',
    },
    headers: ['cache-control'],
  },
  refusals: ['tenantBeingErased'],
} as const satisfies Operation;

const Erasure = named(
  'Erasure',
  z.object({
    state: z.literal('running'),
    started_at: Moment,
    events: count('How many are gone.'),
    subscriptions: count('How many are gone.'),
  }),
);

const listed = { tenant: z.string(), since: Moment.describe('When it was seen first.'), erasure: Erasure.nullable() };
const Tenant = named(
  'Tenant',
  z.object({ ...listed, subscriptions: count('How many it has.'), keys: count('How many are bound to it.') }),
);

const TENANT = {
  tenant: 'acme',
  since: '2026-03-04T09:00:00.000Z',
  subscriptions: 12,
  keys: 2,
  erasure: null,
} as const;

export const listTenants = {
  id: 'listTenants',
  tag: 'Tenants',
  method: 'GET',
  path: '/v1/tenants',
  needs: 'admin',
  summary: 'List the tenants, by name',
  description: 'There is one as soon as it has a key, a subscription or an event.',
  pages: 'yes',
  answer: {
    status: 200,
    description: 'A page of them.',
    schema: named('TenantPage', pageOf(named('ListedTenant', z.object(listed)))),
    example: { items: [{ tenant: 'acme', since: '2026-03-04T09:00:00.000Z', erasure: null }], next_cursor: null },
  },
} as const satisfies Operation;

export const getTenant = {
  id: 'getTenant',
  tag: 'Tenants',
  method: 'GET',
  path: ONE,
  needs: 'admin',
  summary: 'Show a tenant, and how far its erasure is',
  answer: { status: 200, description: 'The tenant.', schema: Tenant, example: TENANT },
} as const satisfies Operation;

export const eraseTenant = {
  id: 'eraseTenant',
  tag: 'Tenants',
  method: 'DELETE',
  path: ONE,
  needs: 'admin',
  summary: 'Erase a tenant with everything that is its',
  description:
    'Its keys are deleted first. It takes a quarter of an hour at least; meanwhile nothing is accepted for it, and afterwards there is no such tenant.',
  answer: {
    status: 202,
    description: 'It has begun, or was under way.',
    schema: Tenant,
    example: {
      ...TENANT,
      keys: 0,
      erasure: { state: 'running', started_at: '2026-03-04T09:00:00.000Z', events: 0, subscriptions: 0 },
    },
  },
  refusals: ['tenantHasKeys'],
} as const satisfies Operation;

const used = {
  events: count('Events that were accepted.'),
  deliveries: count('Subscriptions that wanted them, added up.'),
  attempts: count('Requests to subscribers.'),
};

export const getUsage = {
  id: 'getUsage',
  tag: 'Tenants',
  method: 'GET',
  path: `${ONE}/usage`,
  needs: 'admin',
  summary: 'Count what a tenant used, day by day',
  description: 'Some two minutes behind; days are UTC. The last 30 days, or 400 at most.',
  query: z.object({ from: Moment.optional(), to: Moment.optional() }),
  answer: {
    status: 200,
    description: 'Every day of it, oldest first.',
    schema: named(
      'Usage',
      z.object({
        tenant: z.string(),
        from: Moment,
        to: Moment,
        items: z.array(z.object({ day: z.iso.date(), ...used })),
        totals: z.object(used),
      }),
    ),
    example: {
      tenant: 'acme',
      from: '2026-03-04T00:00:00.000Z',
      to: '2026-03-05T00:00:00.000Z',
      items: [{ day: '2026-03-04', events: 100, deliveries: 240, attempts: 251 }],
      totals: { events: 100, deliveries: 240, attempts: 251 },
    },
  },
} as const satisfies Operation;
