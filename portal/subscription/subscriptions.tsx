import { usePages } from '../ask.ts';
import { Table, Time } from '../parts.tsx';
import { linkTo } from '../places.ts';
import { pathOf, useSession } from '../session.ts';
import { StateBadge } from './state.tsx';

const MOST_TYPES_SHOWN = 3;

const spelled = (wish: string): string => (wish === '*' ? 'all events' : wish.replace(/^group:(.*)/, 'all of $1'));

function typesIn(wishes: readonly string[]): string {
  const shown = wishes.slice(0, MOST_TYPES_SHOWN).map(spelled).join(', ');
  const rest = wishes.length - MOST_TYPES_SHOWN;
  return rest > 0 ? `${shown} and ${rest} more` : shown;
}

/** All of the tenant, newest first. */
export function Subscriptions() {
  const { api, tenant, may } = useSession();
  const pages = usePages(
    (cursor) => api.GET('/v1/tenants/{tenant}/subscriptions', { params: { ...pathOf(tenant, {}), query: { cursor } } }),
    [],
  );
  return (
    <>
      <div class="row">
        <h1>Subscriptions</h1>
        {may('subscriptions:write') && (
          <a class="button primary" href={linkTo('subscriptions', 'new')}>
            New subscription
          </a>
        )}
      </div>
      <Table
        pages={pages}
        keyOf={({ id }) => id}
        none="There is none yet. A subscription says which events go to which address."
        columns={[
          {
            title: 'Name',
            of: ({ id, name, url, method }) => (
              <>
                <a href={linkTo('subscriptions', id)}>{name}</a>
                <small class="url">
                  {method} {url}
                </small>
              </>
            ),
          },
          { title: 'Events', of: ({ event_types }) => typesIn(event_types) },
          { title: 'State', of: (one) => <StateBadge of={one} /> },
          { title: 'Made', of: ({ created_at }) => <Time at={created_at} /> },
        ]}
      />
    </>
  );
}
