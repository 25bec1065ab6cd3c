import { useAnswer } from '../ask.ts';
import { NotYet, Verbatim } from '../parts.tsx';
import { useSession } from '../session.ts';

/** What an event of this type looks like. */
export function EventType({ type }: { type: string }) {
  const { api } = useSession();
  const { data, refusal } = useAnswer(() => api.GET('/v1/event-types/{type}', { params: { path: { type } } }), [type]);
  if (data === undefined) return <NotYet refusal={refusal} />;
  return (
    <>
      <h1>{data.event_type}</h1>
      <p>{data.description}</p>
      <p class="quiet">
        {data.group}
        {data.name_source === 'proposed' && '; its name is ours'}
        {data.sample_source === 'completed' && '; we filled in some of the sample'}
      </p>
      <h2>Sample of its data</h2>
      <Verbatim label="The sample" text={JSON.stringify(data.sample, null, 2)} />
      <h2>Schema of its data</h2>
      <Verbatim label="The schema" text={JSON.stringify(data.schema, null, 2)} />
    </>
  );
}
