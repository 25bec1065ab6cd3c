import type { ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { Schemas } from '../../client/client.ts';
import { useAction, type Action, type Refusal } from '../ask.ts';
import { Copyable, Field, Refused } from '../parts.tsx';
import { linkTo } from '../places.ts';
import { pathOf, useSession } from '../session.ts';
import {
  BadDraft,
  BLANK,
  changesOf,
  draftOf,
  FORMATS,
  METHODS,
  RETRIES,
  SIGNINGS,
  wishOf,
  type Draft,
  type Subscription,
} from './draft.ts';
import { EventTypePicker } from './event-types.tsx';
import { TryFilter } from './try-filter.tsx';
import type { PartProps } from './subscription.tsx';

type MadeSubscription = Pick<Schemas['SubscriptionWithSecret'], 'id' | 'name' | 'secret' | 'signing'>;

/** A click too many makes no second subscription; what was changed since is another one. */
function useOnce(): (body: object) => string {
  const last = useRef({ text: '', key: '' });
  return (body) => {
    const text = JSON.stringify(body);
    if (last.current.text !== text) {
      const bytes = crypto.getRandomValues(new Uint8Array(16));
      last.current = { text, key: Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('') };
    }
    return last.current.key;
  };
}

/** Makes a subscription, and shows its secret once it is there. */
export function NewSubscription() {
  const { api, tenant } = useSession();
  const onceFor = useOnce();
  const [made, setMade] = useState<MadeSubscription>();
  const action = useAction<MadeSubscription>();
  if (made !== undefined) return <Made of={made} />;
  return (
    <>
      <h1>New subscription</h1>
      <Form
        initial={BLANK}
        action={action}
        button="Subscribe"
        send={(draft) => {
          const body = wishOf(draft);
          const params = { ...pathOf(tenant, {}), header: { 'Idempotency-Key': onceFor(body) } };
          action.run(() => api.POST('/v1/tenants/{tenant}/subscriptions', { params, body }), setMade);
        }}
      />
    </>
  );
}

const Made = ({ of: { id, name, secret, signing } }: { of: MadeSubscription }) => (
  <>
    <h1>{name} is subscribed</h1>
    {signing === 'v1a' ? (
      <p>
        Requests are signed with this secret. Receivers need the public key, which stands{' '}
        <a href={linkTo('subscriptions', id, 'secret')}>beside it</a>.
      </p>
    ) : (
      <p>Give this secret to whoever receives the requests: signatures are verified with it.</p>
    )}
    <Copyable text={secret} />
    <p>
      <a class="button primary" href={linkTo('subscriptions', id, 'test')}>
        Send a test
      </a>{' '}
      <a class="button" href={linkTo('subscriptions', id)}>
        Go to it
      </a>
    </p>
  </>
);

/** The form begins anew with what is read then. */
function useBeginning(subscription: Subscription) {
  const [beginning, setBeginning] = useState({ turn: 0, draft: draftOf(subscription) });
  const beginWith = (one: Subscription): void => setBeginning(({ turn }) => ({ turn: turn + 1, draft: draftOf(one) }));
  return { ...beginning, beginWith };
}

/**
 * Changes what was changed in the form, unless somebody else was faster. What happens to the subscription beside it, that it is paused
 * for instance, leaves alone what is written here.
 */
export function EditSubscription({ subscription, etag, onChange }: PartProps) {
  const { api, tenant } = useSession();
  const action = useAction<Subscription>();
  const { turn, draft: initial, beginWith } = useBeginning(subscription);
  const [said, setSaid] = useState('');
  const awaited = useRef(false);
  useEffect(() => {
    if (awaited.current) beginWith(subscription);
    awaited.current = false;
  }, [etag]);
  const { id, header_names } = subscription;
  const isStale = action.refusal?.code === 'stale';
  const readAgain = (): void => {
    awaited.current = true;
    action.forget();
    onChange();
  };
  return (
    <>
      <Form
        key={turn}
        initial={initial}
        headerNames={header_names}
        action={action}
        button="Save"
        send={(draft) => {
          const body = changesOf(initial, draft);
          if (Object.keys(body).length === 0) return setSaid('Nothing was changed.');
          const params = { ...pathOf(tenant, { id }), header: { 'If-Match': etag } };
          setSaid('');
          action.run(
            () => api.PATCH('/v1/tenants/{tenant}/subscriptions/{id}', { params, body }),
            (saved) => {
              setSaid('Saved.');
              if (saved !== undefined) beginWith(saved);
              onChange();
            },
          );
        }}
      />
      <p role="status">{said}</p>
      {isStale && (
        <button type="button" onClick={readAgain}>
          Read it again, without my changes
        </button>
      )}
    </>
  );
}

interface FormProps {
  initial: Draft;
  /** Of headers that are set already. */
  headerNames?: readonly string[];
  action: Pick<Action<never>, 'busy' | 'refusal'>;
  button: string;
  /** @throws BadDraft */
  send(draft: Draft): void;
}

function Form({ initial, headerNames = [], action, button, send }: FormProps) {
  const [draft, setDraft] = useState(initial);
  const [fault, setFault] = useState<Refusal>();
  // Only to begin with: it must not close under the hand of whoever empties the filter.
  const [hasFilter] = useState(draft.filter !== '');
  const change = (members: Partial<Draft>): void => setDraft((before) => ({ ...before, ...members }));
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    setFault(undefined);
    try {
      send(draft);
    } catch (error) {
      if (!(error instanceof BadDraft)) throw error;
      setFault({ detail: error.message });
    }
  };
  return (
    <form class="form" onSubmit={submit}>
      <div class="row bottom">
        <Choice label="Method" of={METHODS} value={draft.method} onChange={(method) => change({ method })} />
        <Field label="URL">
          <input
            type="url"
            required
            class="wide"
            placeholder="https://"
            value={draft.url}
            onInput={({ currentTarget }) => change({ url: currentTarget.value })}
          />
        </Field>
      </div>
      <Text label="Name" hint="By default the host of the URL." of="name" draft={draft} change={change} />
      <EventTypePicker wishes={draft.event_types} onChange={(event_types) => change({ event_types })} />
      <details open={hasFilter}>
        <summary>Filter</summary>
        <Field label="Only events that match" hint="An EventBridge event pattern over the envelope, in JSON.">
          <textarea
            rows={5}
            spellcheck={false}
            placeholder={'{"data": {"center_id": ["c1"]}}'}
            value={draft.filter}
            onInput={({ currentTarget }) => change({ filter: currentTarget.value })}
          />
        </Field>
        <TryFilter filter={draft.filter} types={draft.event_types} />
      </details>
      <details>
        <summary>How it is sent</summary>
        <Choice label="Format" of={FORMATS} value={draft.format} onChange={(format) => change({ format })} />
        <Choice
          label="Signature"
          of={SIGNINGS}
          value={draft.signing}
          labels={{ v1: 'v1 (HMAC-SHA256)', v1a: 'v1a (Ed25519)' }}
          onChange={(signing) => change({ signing })}
        />
        <Text
          label="Time-out in seconds"
          hint="1 to 30; 15 if it is empty."
          of="timeout_seconds"
          draft={draft}
          change={change}
        />
        <Text
          label="Requests a second, at most"
          hint="0.1 to 1000; empty for the limit that holds for everybody."
          of="rate_limit_per_second"
          draft={draft}
          change={change}
        />
        <Text
          label="Retries"
          hint={`${RETRIES.join(', ')}, the waits in seconds (10 60 600), or none.`}
          of="retry"
          draft={draft}
          change={change}
        />
        <Field
          label="Headers"
          hint={
            headerNames.length === 0
              ? 'A line each, as name: value.'
              : `Set: ${headerNames.join(', ')}. A line without a value takes one away.`
          }
        >
          <textarea
            rows={3}
            spellcheck={false}
            placeholder="x-api-key: k-123"
            value={draft.headers}
            onInput={({ currentTarget }) => change({ headers: currentTarget.value })}
          />
        </Field>
        <Text label="Description" of="description" draft={draft} change={change} />
      </details>
      <Refused refusal={fault ?? action.refusal} />
      <div class="row">
        <button class="primary" disabled={action.busy || draft.event_types.length === 0}>
          {action.busy ? 'Sending …' : button}
        </button>
        {draft.event_types.length === 0 && <span class="quiet">Choose at least one event.</span>}
      </div>
    </form>
  );
}

/** The members that people write as text. */
type TextMember = { [M in keyof Draft]: string extends Draft[M] ? M : never }[keyof Draft];

interface TextProps {
  label: string;
  hint?: ComponentChildren;
  of: TextMember;
  draft: Draft;
  change(members: Partial<Draft>): void;
}

const Text = ({ label, hint, of, draft, change }: TextProps) => (
  <Field label={label} hint={hint}>
    <input value={draft[of]} onInput={({ currentTarget }) => change({ [of]: currentTarget.value })} />
  </Field>
);

interface ChoiceProps<T extends string> {
  label: string;
  of: readonly T[];
  value: T;
  labels?: Readonly<Record<T, string>>;
  onChange(value: T): void;
}

const Choice = <T extends string>({ label, of, value, labels, onChange }: ChoiceProps<T>) => (
  <Field label={label}>
    <select
      value={value}
      onChange={({ currentTarget }) => onChange(of.find((one) => one === currentTarget.value) ?? value)}
    >
      {of.map((one) => (
        <option key={one} value={one}>
          {labels?.[one] ?? one}
        </option>
      ))}
    </select>
  </Field>
);
