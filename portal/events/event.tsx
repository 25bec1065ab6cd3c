import type { Schemas } from '../../client/client.ts';
import { Outcome } from '../attempt.tsx';
import { useAction, useAnswer, usePages } from '../ask.ts';
import { indented } from '../json-text.ts';
import {
  AskFirst,
  Badge,
  NotYet,
  Refresh,
  Refused,
  SubscriptionLink,
  Table,
  Time,
  Verbatim,
  type Tone,
} from '../parts.tsx';
import { pathOf, useSession } from '../session.ts';

type Delivery = Schemas['Delivery'];

const TONES: Readonly<Record<Delivery['state'], Tone>> = {
  pending: 'wait',
  waiting: 'wait',
  delivered: 'good',
  dead: 'bad',
  missed: 'off',
  cancelled: 'off',
};

/** An event as it was accepted, and what became of it. */
export function Event({ id }: { id: string }) {
  const { api, tenant } = useSession();
  const { data, refusal } = useAnswer(async () => {
    const params = pathOf(tenant, { id });
    // As text: parsing would round long numbers, and subscribers get every token as it was posted.
    const said = await api.GET('/v1/tenants/{tenant}/events/{id}', { params, parseAs: 'text' });
    const { data: text, error, response } = said;
    return { data: text === undefined ? text : { text, event: JSON.parse(text) as Schemas['Event'] }, error, response };
  }, [id]);
  if (data === undefined) return <NotYet refusal={refusal} />;
  const { text, event } = data;
  return (
    <>
      <h1>{event.event_type}</h1>
      <p>
        <code>{event.event_id}</code>, accepted <Time at={event.accepted_at} />
        {event.erased_at !== undefined && (
          <>
            , erased <Time at={event.erased_at} />
          </>
        )}
      </p>
      <h2>Deliveries</h2>
      <Deliveries id={id} />
      <h2>As it was accepted</h2>
      <Verbatim label="The event" text={indented(text)} />
    </>
  );
}

function Deliveries({ id }: { id: string }) {
  const { api, tenant, may } = useSession();
  const { busy, refusal, run } = useAction();
  const pages = usePages(
    (cursor) =>
      api.GET('/v1/tenants/{tenant}/events/{id}/deliveries', {
        params: { ...pathOf(tenant, { id }), query: { cursor } },
      }),
    [id],
  );
  const replay = (subscription_id: string): void =>
    run(
      () =>
        api.POST('/v1/tenants/{tenant}/events/{id}/replay', {
          params: pathOf(tenant, { id }),
          body: { subscription_id },
        }),
      pages.again,
    );
  return (
    <>
      <div class="row">
        <Refresh pages={pages} />
      </div>
      <Refused refusal={refusal} />
      <Table
        pages={pages}
        keyOf={({ delivery_id }) => delivery_id}
        none="No subscription wanted it."
        columns={[
          {
            title: 'Subscription',
            of: ({ subscription_id }) => <SubscriptionLink id={subscription_id} />,
          },
          { title: 'State', of: ({ state }) => <Badge tone={TONES[state]}>{state}</Badge> },
          { title: 'Attempts', of: ({ attempts }) => attempts },
          { title: 'Last', of: ({ last }) => last !== undefined && <Outcome of={last} /> },
          { title: 'At', of: ({ last_at }) => last_at !== null && <Time at={last_at} /> },
          {
            title: '',
            of: ({ subscription_id }) =>
              may('subscriptions:write') && (
                <AskFirst label="Send again" isDanger={false} disabled={busy} onYes={() => replay(subscription_id)}>
                  It is sent once more, whatever became of it, with the same <code>webhook-id</code>.
                </AskFirst>
              ),
          },
        ]}
      />
    </>
  );
}
