import { useState } from 'preact/hooks';
import type { Schemas } from '../../client/client.ts';
import { useAction, useAnswer, type Refusal } from '../ask.ts';
import { Badge, Field, Refused } from '../parts.tsx';
import { useSession } from '../session.ts';
import { BadDraft, filterIn } from './draft.ts';

/** An event as filters see it. */
const envelopeOf = ({ event_type, sample }: Pick<Schemas['EventType'], 'event_type' | 'sample'>) => ({
  event_id: 'evt-1',
  event_type,
  event_schema: 'v1',
  event_resource: event_type.split('.')[0],
  event_timestamp: '2026-03-04T05:06:07.890Z',
  data: sample,
});

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
  const sample = first && JSON.stringify(envelopeOf(first), null, 2);
  const [written, setWritten] = useState<string>();
  const [judged, setJudged] = useState<{ filter: string; event: string; matches: boolean | undefined }>();
  const [fault, setFault] = useState<Refusal>();
  const { busy, refusal, run } = useAction<{ matches: boolean }>();
  const event = written ?? sample ?? '';
  // It is of what was judged, and of nothing that was written since.
  const verdict = judged?.filter === filter && judged.event === event ? judged.matches : undefined;
  const judge = (): void => {
    setFault(undefined);
    try {
      const body = { filter: filterIn(filter) ?? {}, event: JSON.parse(event) as Record<string, never> };
      run(
        () => api.POST('/v1/filter-test', { body: body as never }),
        (said) => setJudged({ filter, event, matches: said?.matches }),
      );
    } catch (error) {
      const detail = error instanceof BadDraft ? error.message : `The event is not JSON: ${String(error)}`;
      setFault({ detail });
    }
  };
  return (
    <>
      <Field label="Try it on this event">
        <textarea
          rows={6}
          spellcheck={false}
          value={event}
          onInput={({ currentTarget }) => setWritten(currentTarget.value)}
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
