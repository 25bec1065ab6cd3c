import * as z from 'zod';
import { SESSION_SCOPES } from '../domain/portal-session.ts';
import { Moment, named, type Operation } from './operation.ts';

const ONE = '/v1/tenants/{tenant}';

export const createPortalSession = {
  id: 'createPortalSession',
  tag: 'Tenants',
  method: 'POST',
  path: `${ONE}/portal-session`,
  needs: 'admin',
  summary: 'Let somebody of a tenant in for a while',
  description:
    'The token is a key of that tenant alone. It makes no keys, posts no events, and cannot be taken back before its time is over. In the URL it stands behind the `#`, so that no server writes it into a log.',
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
    status: 201,
    description: 'The session.',
    schema: named('PortalSession', z.object({ url: z.string(), token: z.string(), expires_at: Moment })),
    example: {
      url: 'https://hooks.example.com/portal#token=pst_eyJ0ZW5hbnQiOiJhY21lIn0~c2lnbmF0dXJl',
      token: 'pst_eyJ0ZW5hbnQiOiJhY21lIn0~c2lnbmF0dXJl',
      expires_at: '2026-03-04T09:15:00.000Z',
    },
    headers: ['cache-control'],
  },
} as const satisfies Operation;
