import { useState } from 'preact/hooks';
import { useAnswer, usePages } from '../ask.ts';
import { Refresh, Table, Time } from '../parts.tsx';
import { goTo, linkTo } from '../places.ts';
import { pathOf, useSession } from '../session.ts';

/** All of the tenant, newest first. */
export function Events() {
  const { api, tenant } = useSession();
  const { data: types } = useAnswer(() => api.GET('/v1/event-types'), []);
  const [type, setType] = useState('');
  const [id, setId] = useState('');
  const find = (event: SubmitEvent): void => {
    event.preventDefault();
    goTo('events', id.trim());
  };
  const pages = usePages(
    (cursor) =>
      api.GET('/v1/tenants/{tenant}/events', {
        params: { ...pathOf(tenant, {}), query: { cursor, ...(type !== '' && { type }) } },
      }),
    [type],
  );
  return (
    <>
      <h1>Events</h1>
      <div class="row">
        <label>
          Type{' '}
          <select value={type} onChange={({ currentTarget }) => setType(currentTarget.value)}>
            <option value="">all</option>
            {types?.items.map(({ event_type }) => (
              <option key={event_type}>{event_type}</option>
            ))}
          </select>
        </label>
        <Refresh pages={pages} />
        <form class="row" onSubmit={find}>
          <label>
            Id <input required value={id} onInput={({ currentTarget }) => setId(currentTarget.value)} />
          </label>
          <button>Find</button>
        </form>
      </div>
      <Table
        pages={pages}
        keyOf={({ event_id }) => event_id}
        none="There is none, or none that is still kept."
        columns={[
          { title: 'Accepted', of: ({ accepted_at }) => <Time at={accepted_at} /> },
          { title: 'Type', of: ({ event_type }) => event_type },
          {
            title: 'Event',
            of: ({ event_id }) => (
              <a href={linkTo('events', event_id)}>
                <code>{event_id}</code>
              </a>
            ),
          },
          { title: 'Subscriptions', of: ({ matched }) => matched ?? '…' },
        ]}
      />
    </>
  );
}
