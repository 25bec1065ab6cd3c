import { postEvent, postEvents } from '../../shared/contract/events.ts';
import type { Operation } from '../../shared/contract/operation.ts';
import type { Route } from '../../shared/runtime/http.ts';
import { routes as accessKeys } from './access-keys.ts';
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
import { serviceRoutes } from './service.ts';
import { routes as subscriptions } from './subscriptions.ts';
import { routes as tenants } from './tenants.ts';
import { routes as tests } from './tests.ts';
import { routes as waiting } from './waiting.ts';
import type { World } from './world.ts';

/** What the gateway sends to ingest. Every other method on their paths comes here. */
export const INGEST: readonly Operation[] = [postEvent, postEvents];

/** All that the control plane answers; every change leaves its line. */
export const routes: readonly Route<World>[] = [
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
  ...accessKeys,
  ...portalSessions,
  ...overview,
  ...tenants,
  ...eventTypes,
  ...serviceRoutes(() => [...INGEST, ...routes.map(({ operation }) => operation)]),
].map(audited);
