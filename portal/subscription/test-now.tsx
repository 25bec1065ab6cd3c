import { useState } from 'preact/hooks';
import type { Schemas } from '../../client/client.ts';
import { Outcome } from '../attempt.tsx';
import { useAction, useAnswer } from '../ask.ts';
import { Field, Refused, Verbatim } from '../parts.tsx';
import { pathOf, useSession } from '../session.ts';
import type { PartProps } from './subscription.tsx';

/** Sends a sample and shows the whole attempt. */
export function TestNow({ subscription: { id } }: PartProps) {
  const { api, tenant } = useSession();
  const { data: types } = useAnswer(() => api.GET('/v1/event-types'), []);
  const [type, setType] = useState('');
  const [attempt, setAttempt] = useState<Schemas['Attempt']>();
  const { busy, refusal, run } = useAction<Schemas['Attempt']>();
  const send = (event: SubmitEvent): void => {
    event.preventDefault();
    run(
      () =>
        api.POST('/v1/tenants/{tenant}/subscriptions/{id}/test', {
          params: pathOf(tenant, { id }),
          body: type === '' ? {} : { event_type: type },
        }),
      setAttempt,
    );
  };
  return (
    <>
      <form class="row bottom" onSubmit={send}>
        <Field label="A sample of">
          <select value={type} onChange={({ currentTarget }) => setType(currentTarget.value)}>
            <option value="">one that it subscribes to</option>
            {types?.items.map(({ event_type }) => (
              <option key={event_type}>{event_type}</option>
            ))}
          </select>
        </Field>
        <button class="primary" disabled={busy}>
          {busy ? 'Sending …' : 'Send it now'}
        </button>
      </form>
      <Refused refusal={refusal} />
      {attempt !== undefined && (
        <section aria-live="polite">
          <p>
            <Outcome of={attempt} /> after {attempt.duration_ms} ms, a {attempt.event_type}.
          </p>
          {attempt.response_excerpt !== undefined && (
            <Verbatim label="What the endpoint said" text={attempt.response_excerpt} />
          )}
        </section>
      )}
    </>
  );
}
