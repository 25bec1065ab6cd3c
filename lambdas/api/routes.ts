import { postEvent, postEvents } from '../../shared/contract/events.ts';
import type { Operation } from '../../shared/contract/operation.ts';
import type { Auth } from '../../shared/domain/caller.ts';
import type { Route } from '../../shared/runtime/http.ts';
import { me, routes as accessKeys } from './access-keys.ts';
import { audited } from './audit.ts';
import { routes as deadLetters } from './dead-letters.ts';
import { routes as erasing } from './erasing.ts';
import { routes as eventTypes } from './event-types.ts';
import { routes as events } from './events.ts';
import { routes as figures } from './figures.ts';
import { routes as filters } from './filters.ts';
import { routes as overview } from './overview.ts';
import { routes as portalSessions } from './portal-sessions.ts';
import { routes as replays } from './replays.ts';
import { routes as secrets } from './secrets.ts';
import { asyncApiRoute, serviceRoutes } from './service.ts';
import { routes as subscriptions } from './subscriptions.ts';
import { routes as tenants } from './tenants.ts';
import { routes as tests } from './tests.ts';
import { routes as waiting } from './waiting.ts';
import type { World } from './world.ts';

/** What the gateway sends to ingest. Every other method on their paths comes here. */
export const INGEST: readonly Operation[] = [postEvent, postEvents];

/** What events there are. */
const ofCatalogue: readonly Route<World>[] = [...eventTypes, asyncApiRoute];

/** Where the gateway knows callers, there are no keys to look after, and nobody would take a portal session for one. */
const ofKeys: readonly Route<World>[] = [...accessKeys, ...portalSessions];

/** What is no part of the API, and answered by a function of its own. */
const PORTAL = { method: 'GET', path: '/portal' } as const;

export interface Served {
  /** How callers are known. */
  by: Auth['by'];
  /** Whether the catalogue needs a key. */
  catalogue: 'open' | 'key';
}

/** What other functions answer where it is served so. */
export const elsewhereWhere = ({ by }: Served): readonly Pick<Operation, 'method' | 'path'>[] =>
  by === 'keys' ? [...INGEST, PORTAL] : INGEST;

const withKey = ({ operation, answer }: Route<World>): Route<World> => ({
  operation: { ...operation, needs: 'any' },
  answer,
});

/** All that the control plane answers where it is served so; every change leaves its line. */
export function routesWhere({ by, catalogue }: Served): readonly Route<World>[] {
  const routes: readonly Route<World>[] = [
    ...subscriptions,
    ...secrets,
    ...filters,
    ...tests,
    ...waiting,
    ...deadLetters,
    ...replays,
    ...events,
    ...erasing,
    ...figures,
    ...(by === 'keys' ? ofKeys : []),
    me,
    ...overview,
    ...tenants,
    ...(catalogue === 'key' ? ofCatalogue.map(withKey) : ofCatalogue),
    ...serviceRoutes(() => [...INGEST, ...routes.map(({ operation }) => operation)], catalogue),
  ].map(audited);
  return routes;
}

export const routes = routesWhere({ by: 'keys', catalogue: 'open' });
