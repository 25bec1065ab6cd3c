import { useState } from 'preact/hooks';
import type { Schemas } from '../../client/client.ts';
import { useAnswer } from '../ask.ts';
import { NotYet } from '../parts.tsx';
import { useSession } from '../session.ts';
import { NOTICES } from './notices.ts';

interface PickerProps {
  /** As a subscription names them: exact types, `X.*`, `group:G` or `*`. */
  wishes: readonly string[];
  onChange(wishes: string[]): void;
}

const EVERYTHING = '*';

const wishFor = (group: string): string => `group:${group}`;

/** Chooses event types by hand, by group, or by what somebody types. */
export function EventTypePicker({ wishes, onChange }: PickerProps) {
  const { api } = useSession();
  const { data, refusal } = useAnswer(() => api.GET('/v1/event-groups'), []);
  if (data === undefined) return <NotYet refusal={refusal} />;

  const has = (wish: string): boolean => wishes.includes(wish);
  const set = (wish: string, isWanted: boolean): void =>
    onChange(isWanted ? [...wishes, wish] : wishes.filter((one) => one !== wish));
  const groups = data.items;
  const offered = new Set([
    ...Object.keys(NOTICES),
    EVERYTHING,
    ...groups.flatMap(({ group, event_types }) => [wishFor(group), ...event_types]),
  ]);
  return (
    <fieldset>
      <legend>Events</legend>
      <label class="check">
        <input
          type="checkbox"
          checked={has(EVERYTHING)}
          onChange={({ currentTarget }) => set(EVERYTHING, currentTarget.checked)}
        />
        All events, those that come to be later as well
      </label>
      {!has(EVERYTHING) && (
        <>
          {groups.map((group) => (
            <Group key={group.group} group={group} wishes={wishes} set={set} />
          ))}
          <Others wishes={wishes.filter((wish) => !offered.has(wish))} set={set} />
        </>
      )}
      <h3>Notices about subscriptions</h3>
      {Object.entries(NOTICES).map(([type, meaning]) => (
        <label key={type} class="check">
          <input
            type="checkbox"
            checked={has(type)}
            onChange={({ currentTarget }) => set(type, currentTarget.checked)}
          />
          {meaning}
        </label>
      ))}
    </fieldset>
  );
}

type EventGroup = Schemas['EventGroupList']['items'][number];

interface GroupProps {
  group: EventGroup;
  wishes: readonly string[];
  set(wish: string, isWanted: boolean): void;
}

/** Whether a pattern such as `Guest.*` takes the type already. */
const isTakenBy = (type: string, wish: string): boolean => wish.endsWith('.*') && type.startsWith(wish.slice(0, -1));

function Group({ group: { group, description, event_types }, wishes, set }: GroupProps) {
  const whole = wishes.includes(wishFor(group));
  const others = (type: string): boolean => whole || wishes.some((wish) => isTakenBy(type, wish));
  const isWanted = (type: string): boolean => others(type) || wishes.includes(type);
  const count = event_types.filter(isWanted).length;
  // Only to begin with: it must not close under the hand of whoever takes the last one away.
  const [isOpen] = useState(count > 0);
  return (
    <details open={isOpen}>
      <summary>
        {group} <span class="quiet">{count === 0 ? '' : `${count} of ${event_types.length}`}</span>
      </summary>
      <p class="quiet">{description}</p>
      <label class="check">
        <input
          type="checkbox"
          checked={whole}
          onChange={({ currentTarget }) => set(wishFor(group), currentTarget.checked)}
        />
        The whole group, with what comes to be in it later
      </label>
      {event_types.map((type) => (
        <label key={type} class="check">
          <input
            type="checkbox"
            disabled={others(type)}
            checked={isWanted(type)}
            onChange={({ currentTarget }) => set(type, currentTarget.checked)}
          />
          {type}
        </label>
      ))}
    </details>
  );
}

function Others({ wishes, set }: Omit<GroupProps, 'group'>) {
  const [text, setText] = useState('');
  const add = (): void => {
    if (text.trim() === '') return;
    set(text.trim(), true);
    setText('');
  };
  /** It stands in a form, which Enter would send without it. */
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key !== 'Enter') return;
    event.preventDefault();
    add();
  };
  return (
    <div class="row">
      {wishes.map((wish) => (
        <button key={wish} type="button" class="small" title="Take it away" onClick={() => set(wish, false)}>
          {wish} ×
        </button>
      ))}
      <input
        aria-label="Another pattern"
        placeholder="Invoice.*"
        value={text}
        onInput={({ currentTarget }) => setText(currentTarget.value)}
        onKeyDown={onKeyDown}
        onBlur={add}
      />
      <button type="button" class="small" onClick={add}>
        Add
      </button>
    </div>
  );
}
