import { useAction, useAnswer } from '../ask.ts';
import { AskFirst, NotYet, Refused, Tabs } from '../parts.tsx';
import { goTo, linkTo } from '../places.ts';
import { pathOf, useSession } from '../session.ts';
import { Attempts } from './attempts.tsx';
import { DeadLetters } from './dead-letters.tsx';
import type { Subscription as Shown } from './draft.ts';
import { EditSubscription } from './form.tsx';
import { Replays } from './replays.tsx';
import { Secret } from './secret.tsx';
import { StateBadge, StateMeaning } from './state.tsx';
import { LastDay } from './last-day.tsx';
import { TestNow } from './test-now.tsx';
import { WaitingDeliveries } from './waiting.tsx';

const TABS = [
  { name: 'attempts', label: 'Attempts', Part: Attempts },
  { name: 'waiting', label: 'Waiting', Part: WaitingDeliveries },
  { name: 'dead-letters', label: 'Dead letters', Part: DeadLetters },
  { name: 'replays', label: 'Replays', Part: Replays },
  { name: 'test', label: 'Test', needs: 'subscriptions:write', Part: TestNow },
  { name: 'secret', label: 'Secret', needs: 'subscriptions:write', Part: Secret },
  { name: 'settings', label: 'Settings', needs: 'subscriptions:write', Part: EditSubscription },
] as const;

export interface PartProps {
  subscription: Shown;
  /** For `If-Match`: the version that is shown. */
  etag: string | undefined;
  /** It was changed: read it again. */
  onChange(): void;
}

/** One subscription: how it is, and whatever can be done with it. */
export function Subscription({ id, tab }: { id: string; tab: string }) {
  const { api, tenant, may } = useSession();
  const { data, refusal, again } = useAnswer(async () => {
    const { data, error, response } = await api.GET('/v1/tenants/{tenant}/subscriptions/{id}', {
      params: pathOf(tenant, { id }),
    });
    const etag = response.headers.get('etag') ?? undefined;
    return { data: data && { subscription: data, etag }, error, response };
  }, [id]);
  if (data === undefined) return <NotYet refusal={refusal} />;

  const { subscription, etag } = data;
  const tabs = TABS.filter((one) => !('needs' in one) || may(one.needs));
  const { Part } = tabs.find(({ name }) => name === tab) ?? TABS[0];
  return (
    <>
      <Refused refusal={refusal} />
      <div class="row">
        <h1>{subscription.name}</h1>
        <StateBadge of={subscription} />
        <span class="fill" />
        {may('subscriptions:write') && <Deeds subscription={subscription} etag={etag} onChange={again} />}
      </div>
      <p class="url">
        {subscription.method} {subscription.url}
      </p>
      {subscription.description !== '' && <p>{subscription.description}</p>}
      <StateMeaning of={subscription} />
      <LastDay id={id} />
      <Tabs
        here={tab}
        tabs={tabs.map(({ name, label }) => ({ name, label, href: linkTo('subscriptions', id, name) }))}
      />
      <Part key={id} subscription={subscription} etag={etag} onChange={again} />
    </>
  );
}

type Status = Shown['status'];

function Deeds({ subscription: { id, name, status }, onChange }: PartProps) {
  const { api, tenant } = useSession();
  const { busy, refusal, run } = useAction();
  const params = pathOf(tenant, { id });
  const become = (status: Status): void =>
    run(() => api.PATCH('/v1/tenants/{tenant}/subscriptions/{id}', { params, body: { status } }), onChange);
  const leave = (): void =>
    run(
      () => api.DELETE('/v1/tenants/{tenant}/subscriptions/{id}', { params }),
      () => goTo('subscriptions'),
    );
  return (
    <div class="row">
      {status === 'enabled' ? (
        <button type="button" disabled={busy} onClick={() => become('paused')}>
          Pause
        </button>
      ) : (
        <button type="button" class="primary" disabled={busy} onClick={() => become('enabled')}>
          Enable
        </button>
      )}
      {status !== 'disabled' && (
        <AskFirst label="Disable" disabled={busy} onYes={() => become('disabled')}>
          Nothing more is sent to <b>{name}</b>, and what happens meanwhile is missed. It can be replayed later.
        </AskFirst>
      )}
      <AskFirst label="Delete" disabled={busy} onYes={leave}>
        <b>{name}</b> is deleted with its secret, and what waits for it is cancelled.
      </AskFirst>
      <Refused refusal={refusal} />
    </div>
  );
}
