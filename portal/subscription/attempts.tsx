import { useState } from 'preact/hooks';
import { Next, Outcome, Said } from '../attempt.tsx';
import { usePages } from '../ask.ts';
import { EventLink, Refresh, Table, Time } from '../parts.tsx';
import { pathOf, useSession } from '../session.ts';
import type { PartProps } from './subscription.tsx';

const OUTCOMES = ['accepted', 'rejected', 'unreachable', 'blocked'] as const;
type Wanted = (typeof OUTCOMES)[number] | undefined;

/** Every request that was made, newest first. */
export function Attempts({ subscription: { id } }: PartProps) {
  const { api, tenant } = useSession();
  const [outcome, setOutcome] = useState<Wanted>();
  const pages = usePages(
    (cursor) =>
      api.GET('/v1/tenants/{tenant}/subscriptions/{id}/attempts', {
        params: { ...pathOf(tenant, { id }), query: { cursor, outcome } },
      }),
    [outcome],
  );
  return (
    <>
      <div class="row">
        <label>
          Outcome{' '}
          <select
            value={outcome ?? ''}
            onChange={({ currentTarget }) => setOutcome(OUTCOMES.find((one) => one === currentTarget.value))}
          >
            <option value="">all</option>
            {OUTCOMES.map((one) => (
              <option key={one}>{one}</option>
            ))}
          </select>
        </label>
        <Refresh pages={pages} />
      </div>
      <Table
        pages={pages}
        keyOf={({ delivery_id, attempt, at }) => `${delivery_id} ${attempt} ${at}`}
        none={outcome === undefined ? 'Nothing was sent yet.' : `No attempt was ${outcome}.`}
        columns={[
          { title: 'When', of: ({ at }) => <Time at={at} /> },
          {
            title: 'Event',
            of: ({ event_id, event_type, test }) =>
              test ? (
                <>
                  {event_type} <small>test</small>
                </>
              ) : (
                <EventLink id={event_id}>{event_type}</EventLink>
              ),
          },
          { title: 'Attempt', of: ({ attempt, probe }) => (probe ? `${attempt} (probe)` : attempt) },
          { title: 'Outcome', of: (one) => <Outcome of={one} /> },
          { title: 'Took', of: ({ duration_ms }) => `${duration_ms} ms` },
          { title: 'Answer', of: (one) => <Said of={one} /> },
          { title: 'Then', of: (one) => <Next of={one} /> },
        ]}
      />
    </>
  );
}
