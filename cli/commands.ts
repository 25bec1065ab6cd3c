import type { Api, Problem } from '../client/client.ts';

/** What a command has to say: the answer's body, if there is one, or why it was refused. */
export interface Said {
  data?: unknown;
  error?: Problem;
}

/** The words behind the command, in its order, with a body in JSON as the last one where it takes one. */
type Words = readonly string[];

export interface Command {
  /** As `TENANT SUBSCRIPTION BODY`; what ends in `?` may be left out. */
  takes: string;
  does: string;
  run(api: Api, words: Words): Promise<Said>;
}

/** What the caller wrote, for wherever a body is wanted: the API judges it. @throws SyntaxError */
const json = (text = '{}'): never => JSON.parse(text) as never;

const PAGE = 100;

/** Follows a list to its end. */
async function all(
  page: (cursor?: string) => Promise<Said & { data?: { items: unknown[]; next_cursor: string | null } }>,
) {
  const items: unknown[] = [];
  let cursor: string | undefined;
  do {
    const { data, error } = await page(cursor);
    if (data === undefined) return { error };
    items.push(...data.items);
    cursor = data.next_cursor ?? undefined;
  } while (cursor !== undefined);
  return { data: items };
}

const SUBSCRIPTIONS = '/v1/tenants/{tenant}/subscriptions';
const ONE = `${SUBSCRIPTIONS}/{id}` as const;
const EVENTS = '/v1/tenants/{tenant}/events';

const status = (word: 'enabled' | 'paused' | 'disabled', does: string): Command => ({
  takes: 'TENANT SUBSCRIPTION',
  does,
  run: (api, [tenant = '', id = '']) => api.PATCH(ONE, { params: { path: { tenant, id } }, body: { status: word } }),
});

/** By the words that name them. */
export const COMMANDS: Readonly<Record<string, Command>> = {
  me: { takes: '', does: 'shows the key that asks', run: (api) => api.GET('/v1/me') },
  tenants: {
    takes: '',
    does: 'lists the tenants',
    run: (api) => all((cursor) => api.GET('/v1/tenants', { params: { query: { limit: PAGE, cursor } } })),
  },
  usage: {
    takes: 'TENANT',
    does: 'counts what a tenant used in the last 30 days',
    run: (api, [tenant = '']) => api.GET('/v1/tenants/{tenant}/usage', { params: { path: { tenant } } }),
  },
  portal: {
    takes: 'TENANT',
    does: 'lets somebody of a tenant in for a quarter of an hour',
    run: (api, [tenant = '']) =>
      api.POST('/v1/tenants/{tenant}/portal-session', { params: { path: { tenant } }, body: {} }),
  },
  troubled: {
    takes: '',
    does: 'lists the subscriptions of all tenants whose circuit is open',
    run: (api) =>
      all((cursor) => api.GET('/v1/subscriptions', { params: { query: { circuit: 'open', limit: PAGE, cursor } } })),
  },
  'dead-letters': {
    takes: 'TENANT? SUBSCRIPTION?',
    does: 'lists what was given up, of one subscription, or without one of all tenants',
    run: (api, [tenant, id]) =>
      tenant === undefined || id === undefined
        ? all((cursor) => api.GET('/v1/dead-letters', { params: { query: { limit: PAGE, cursor } } }))
        : all((cursor) =>
            api.GET(`${ONE}/dead-letters`, { params: { path: { tenant, id }, query: { limit: PAGE, cursor } } }),
          ),
  },
  subscriptions: {
    takes: 'TENANT',
    does: 'lists the subscriptions of a tenant',
    run: (api, [tenant = '']) =>
      all((cursor) => api.GET(SUBSCRIPTIONS, { params: { path: { tenant }, query: { limit: PAGE, cursor } } })),
  },
  subscribe: {
    takes: 'TENANT BODY',
    does: 'makes a subscription',
    run: (api, [tenant = '', body]) => api.POST(SUBSCRIPTIONS, { params: { path: { tenant } }, body: json(body) }),
  },
  show: {
    takes: 'TENANT SUBSCRIPTION',
    does: 'shows a subscription',
    run: (api, [tenant = '', id = '']) => api.GET(ONE, { params: { path: { tenant, id } } }),
  },
  change: {
    takes: 'TENANT SUBSCRIPTION BODY',
    does: 'changes a subscription',
    run: (api, [tenant = '', id = '', body]) => api.PATCH(ONE, { params: { path: { tenant, id } }, body: json(body) }),
  },
  pause: status('paused', 'holds a subscription; its events are caught up later'),
  enable: status('enabled', 'lets a subscription have its events again'),
  disable: status('disabled', 'stops a subscription; its events are missed, and can be replayed'),
  unsubscribe: {
    takes: 'TENANT SUBSCRIPTION',
    does: 'deletes a subscription',
    run: (api, [tenant = '', id = '']) => api.DELETE(ONE, { params: { path: { tenant, id } } }),
  },
  test: {
    takes: 'TENANT SUBSCRIPTION TYPE?',
    does: 'sends a sample now and shows the attempt',
    run: (api, [tenant = '', id = '', event_type]) =>
      api.POST(`${ONE}/test`, { params: { path: { tenant, id } }, body: { event_type } }),
  },
  attempts: {
    takes: 'TENANT SUBSCRIPTION',
    does: 'shows the last 100 attempts at a subscription',
    run: (api, [tenant = '', id = '']) =>
      api.GET(`${ONE}/attempts`, { params: { path: { tenant, id }, query: { limit: PAGE } } }),
  },
  stats: {
    takes: 'TENANT SUBSCRIPTION',
    does: 'counts what was sent in the last 24 hours',
    run: (api, [tenant = '', id = '']) => api.GET(`${ONE}/stats`, { params: { path: { tenant, id } } }),
  },
  release: {
    takes: 'TENANT SUBSCRIPTION',
    does: 'sends all that waits now',
    run: (api, [tenant = '', id = '']) => api.POST(`${ONE}/release`, { params: { path: { tenant, id } } }),
  },
  replay: {
    takes: 'TENANT SUBSCRIPTION BODY',
    does: 'sends a stretch of time once more: {"from", "to"?, "only"?}',
    run: (api, [tenant = '', id = '', body]) =>
      api.POST(`${ONE}/replay`, { params: { path: { tenant, id } }, body: json(body) }),
  },
  post: {
    takes: 'TENANT BODY',
    does: 'posts an event',
    run: (api, [tenant = '', body]) => api.POST(EVENTS, { params: { path: { tenant } }, body: json(body) }),
  },
  event: {
    takes: 'TENANT EVENT',
    does: 'shows an event',
    run: (api, [tenant = '', id = '']) => api.GET(`${EVENTS}/{id}`, { params: { path: { tenant, id } } }),
  },
  deliveries: {
    takes: 'TENANT EVENT',
    does: 'lists the deliveries of an event',
    run: (api, [tenant = '', id = '']) =>
      all((cursor) =>
        api.GET(`${EVENTS}/{id}/deliveries`, { params: { path: { tenant, id }, query: { limit: PAGE, cursor } } }),
      ),
  },
  erase: {
    takes: 'TENANT EVENT',
    does: 'erases an event',
    run: (api, [tenant = '', id = '']) => api.DELETE(`${EVENTS}/{id}`, { params: { path: { tenant, id } } }),
  },
  keys: {
    takes: '',
    does: 'lists the access keys',
    run: (api) => all((cursor) => api.GET('/v1/keys', { params: { query: { limit: PAGE, cursor } } })),
  },
  'make-key': {
    takes: 'BODY',
    does: 'makes an access key: {"name", "scopes", "tenant"?}',
    run: (api, [body]) => api.POST('/v1/keys', { body: json(body) }),
  },
  'delete-key': {
    takes: 'KEY',
    does: 'deletes an access key',
    run: (api, [id = '']) => api.DELETE('/v1/keys/{id}', { params: { path: { id } } }),
  },
};
