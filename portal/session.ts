import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import { apiAt, type Api, type Schemas } from '../client/client.ts';

const KEPT_AS = 'event-fanout.portal-session';

/**
 * The token of the link, which leaves the address bar at once: whoever copies the address or looks at the history does not get it.
 * It is kept for this tab alone, so that the page can be loaded again.
 */
export function takeToken(): string | undefined {
  const given = new URLSearchParams(location.hash.slice(1)).get('token') ?? undefined;
  if (given === undefined) return kept();
  history.replaceState(null, '', `${location.pathname}${location.search}#/`);
  keep(given);
  return given;
}

/** In a frame of another site the browser may keep nothing for us; the session then lasts until the page is left. */
function keep(token: string): void {
  try {
    sessionStorage.setItem(KEPT_AS, token);
  } catch {
    return;
  }
}

function kept(): string | undefined {
  try {
    return sessionStorage.getItem(KEPT_AS) ?? undefined;
  } catch {
    return undefined;
  }
}

/** Whatever was kept since is another session's. */
export function forgetToken(token: string): void {
  try {
    if (sessionStorage.getItem(KEPT_AS) === token) sessionStorage.removeItem(KEPT_AS);
  } catch {
    return;
  }
}

/** Beside the page, whatever a proxy has put before both of them. */
const apiUrl = (): string => location.origin + location.pathname.replace(/\/portal\/?$/, '');

/** @param onEnd is called when the API knows the session no more */
export function apiWith(token: string, onEnd: () => void): Api {
  const api = apiAt(apiUrl(), token);
  api.use({
    onResponse: ({ response }) => {
      if (response.status === 401) onEnd();
    },
  });
  return api;
}

export type Scope = Schemas['Key']['scopes'][number];

export interface Session {
  api: Api;
  tenant: string;
  may(scope: Scope): boolean;
}

export const SessionContext = createContext<Session | undefined>(undefined);

export function useSession(): Session {
  const session = useContext(SessionContext);
  if (session === undefined) throw new Error('there is no session around this');
  return session;
}

/** What stands in the path of most requests. */
export const pathOf = <T extends object>(tenant: string, more: T): { path: { tenant: string } & T } => ({
  path: { tenant, ...more },
});
