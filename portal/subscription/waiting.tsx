import type { Schemas } from '../../client/client.ts';
import { useAction, usePages } from '../ask.ts';
import { AskFirst, EventLink, Refresh, Refused, Table, Time } from '../parts.tsx';
import { pathOf, useSession } from '../session.ts';
import type { PartProps } from './subscription.tsx';

const WAITS_FOR: Readonly<Record<NonNullable<Schemas['Delivery']['waiting_for']>, string>> = {
  schedule: 'the next retry',
  retry_after: 'the time that the endpoint asked for',
  circuit: 'the endpoint to answer again',
  paused: 'the subscription to be enabled',
  rate_limit: 'its turn under the rate limit',
};

/** Deliveries that are to be made later. */
export function WaitingDeliveries({ subscription: { id } }: PartProps) {
  const { api, tenant, may } = useSession();
  const { busy, refusal, run } = useAction();
  const pages = usePages(
    (cursor) =>
      api.GET('/v1/tenants/{tenant}/subscriptions/{id}/waiting', {
        params: { ...pathOf(tenant, { id }), query: { cursor } },
      }),
    [],
  );
  const one = (delivery: string) => ({ params: pathOf(tenant, { id, delivery }) });
  const sendAll = (): void =>
    run(
      () => api.POST('/v1/tenants/{tenant}/subscriptions/{id}/release', { params: pathOf(tenant, { id }) }),
      pages.again,
    );
  const send = (delivery: string): void =>
    run(
      () => api.POST('/v1/tenants/{tenant}/subscriptions/{id}/waiting/{delivery}/release', one(delivery)),
      pages.again,
    );
  const cancel = (delivery: string): void =>
    run(() => api.DELETE('/v1/tenants/{tenant}/subscriptions/{id}/waiting/{delivery}', one(delivery)), pages.again);
  const mayWrite = may('subscriptions:write');
  return (
    <>
      <div class="row">
        {mayWrite && (
          <button type="button" disabled={busy} onClick={sendAll}>
            Send all now
          </button>
        )}
        <Refresh pages={pages} />
      </div>
      <Refused refusal={refusal} />
      <Table
        pages={pages}
        keyOf={({ delivery_id }) => delivery_id}
        none="Nothing waits."
        columns={[
          { title: 'Event', of: ({ event_id, event_type }) => <EventLink id={event_id}>{event_type}</EventLink> },
          { title: 'Waits for', of: ({ waiting_for }) => (waiting_for === undefined ? '' : WAITS_FOR[waiting_for]) },
          { title: 'Not before', of: ({ due_at }) => due_at !== undefined && <Time at={due_at} /> },
          { title: 'Attempts', of: ({ attempts }) => attempts },
          {
            title: '',
            of: ({ delivery_id, event_type }) =>
              mayWrite && (
                <div class="row end">
                  <button type="button" class="small" disabled={busy} onClick={() => send(delivery_id)}>
                    Send now
                  </button>
                  <AskFirst label="Cancel it" disabled={busy} onYes={() => cancel(delivery_id)}>
                    This {event_type} is not delivered to this subscription.
                  </AskFirst>
                </div>
              ),
          },
        ]}
      />
    </>
  );
}
