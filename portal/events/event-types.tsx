import { useAnswer } from '../ask.ts';
import { NotYet } from '../parts.tsx';
import { linkTo } from '../places.ts';
import { useSession } from '../session.ts';

/** The catalogue, by group. */
export function EventTypes() {
  const { api } = useSession();
  const { data: groups, refusal } = useAnswer(() => api.GET('/v1/event-groups'), []);
  if (groups === undefined) return <NotYet refusal={refusal} />;
  return (
    <>
      <h1>Event types</h1>
      {groups.items.map(({ group, description, event_types }) => (
        <section key={group}>
          <h2>{group}</h2>
          <p class="quiet">{description}</p>
          <ul class="names">
            {event_types.map((type) => (
              <li key={type}>
                <a href={linkTo('event-types', type)}>{type}</a>
              </li>
            ))}
          </ul>
        </section>
      ))}
    </>
  );
}
