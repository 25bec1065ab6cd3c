import type { Schemas } from '../../client/client.ts';
import { useAction, usePages } from '../ask.ts';
import { AskFirst, EventLink, Refresh, Refused, Table, Time } from '../parts.tsx';
import { linkTo } from '../places.ts';
import { pathOf, useSession } from '../session.ts';
import type { PartProps } from './subscription.tsx';

type DeadLetter = Schemas['DeadLetter'];

const REASONS: Readonly<Record<DeadLetter['reason'], string>> = {
  exhausted: 'every retry failed',
  expired: 'it waited too long for the endpoint',
  gone: 'the endpoint said that it is gone (410)',
  subscription_disabled: 'the subscription was disabled',
  retention: 'the event is no longer kept',
  fault: 'we failed at it, not the endpoint',
};

const lastOf = ({ last }: DeadLetter): string =>
  last === undefined ? '' : `${last.outcome}, ${last.status ?? last.reason ?? ''}`;

/** What was given up. */
export function DeadLetters({ subscription: { id } }: PartProps) {
  const { api, tenant, may } = useSession();
  const { busy, refusal, run } = useAction();
  const pages = usePages(
    (cursor) =>
      api.GET('/v1/tenants/{tenant}/subscriptions/{id}/dead-letters', {
        params: { ...pathOf(tenant, { id }), query: { cursor } },
      }),
    [],
  );
  const one = (delivery: string) => ({ params: pathOf(tenant, { id, delivery }) });
  const replay = (delivery: string): void =>
    run(
      () => api.POST('/v1/tenants/{tenant}/subscriptions/{id}/dead-letters/{delivery}/replay', one(delivery)),
      pages.again,
    );
  const acknowledge = (delivery: string): void =>
    run(
      () => api.DELETE('/v1/tenants/{tenant}/subscriptions/{id}/dead-letters/{delivery}', one(delivery)),
      pages.again,
    );
  return (
    <>
      <p class="row">
        <Refresh pages={pages} />
        <span class="quiet">
          To send many of them once more, start a replay of{' '}
          <a href={linkTo('subscriptions', id, 'replays')}>what was given up</a>.
        </span>
      </p>
      <Refused refusal={refusal} />
      <Table
        pages={pages}
        keyOf={({ delivery_id }) => delivery_id}
        none="Nothing was given up."
        columns={[
          { title: 'Event', of: ({ event_id, event_type }) => <EventLink id={event_id}>{event_type}</EventLink> },
          { title: 'Accepted', of: ({ accepted_at }) => <Time at={accepted_at} /> },
          { title: 'Given up', of: ({ died_at }) => <Time at={died_at} /> },
          { title: 'Because', of: ({ reason }) => REASONS[reason] },
          { title: 'Last attempt', of: lastOf },
          {
            title: '',
            of: ({ delivery_id, event_type }) =>
              may('subscriptions:write') && (
                <div class="row end">
                  <button type="button" class="small" disabled={busy} onClick={() => replay(delivery_id)}>
                    Send again
                  </button>
                  <AskFirst label="Dismiss" disabled={busy} onYes={() => acknowledge(delivery_id)}>
                    This {event_type} leaves the list and is not sent again.
                  </AskFirst>
                </div>
              ),
          },
        ]}
      />
    </>
  );
}
