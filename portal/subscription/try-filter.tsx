import { useState } from 'preact/hooks';
import { useAction, useAnswer, type Refusal } from '../ask.ts';
import { Badge, Field, Refused } from '../parts.tsx';
import { useSession } from '../session.ts';
import { BadDraft, filterIn } from './draft.ts';

interface TryFilterProps {
  /** As it is written. */
  filter: string;
  /** That the subscription names: a sample of the first exact one is offered. */
  types: readonly string[];
}

/** Judges the filter on an event, before it is saved. */
export function TryFilter({ filter, types }: TryFilterProps) {
  const { api } = useSession();
  const { data } = useAnswer(() => api.GET('/v1/event-types'), []);
  const first = data?.items.find(({ event_type }) => types.includes(event_type)) ?? data?.items[0];
  const sample = first && JSON.stringify({ event_type: first.event_type, data: first.sample }, null, 2);
  const [written, setWritten] = useState<string>();
  const [verdict, setVerdict] = useState<boolean>();
  const [fault, setFault] = useState<Refusal>();
  const { busy, refusal, run } = useAction<{ matches: boolean }>();
  const event = written ?? sample ?? '';
  const judge = (): void => {
    setFault(undefined);
    setVerdict(undefined);
    try {
      const body = { filter: filterIn(filter) ?? {}, event: JSON.parse(event) as Record<string, never> };
      run(
        () => api.POST('/v1/filter-test', { body: body as never }),
        (said) => setVerdict(said?.matches),
      );
    } catch (error) {
      const detail = error instanceof BadDraft ? error.message : `The event is not JSON: ${String(error)}`;
      setFault({ title: 'Not tried', detail });
    }
  };
  return (
    <>
      <Field label="Try it on this event">
        <textarea
          rows={6}
          spellcheck={false}
          value={event}
          onInput={({ currentTarget }) => {
            setWritten(currentTarget.value);
            setVerdict(undefined);
          }}
        />
      </Field>
      <div class="row">
        <button type="button" disabled={busy || filter.trim() === ''} onClick={judge}>
          Try
        </button>
        {verdict !== undefined && (
          <Badge tone={verdict ? 'good' : 'off'}>{verdict ? 'It matches' : 'It does not match'}</Badge>
        )}
      </div>
      <Refused refusal={fault ?? refusal} />
    </>
  );
}
