import type { RefObject } from 'preact';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { useAnswer } from './ask.ts';
import { Event } from './events/event.tsx';
import { Events } from './events/events.tsx';
import { EventType } from './events/event-type.tsx';
import { EventTypes } from './events/event-types.tsx';
import { NotYet } from './parts.tsx';
import { linkTo, usePlace, type Place } from './places.ts';
import { apiWith, forgetToken, SessionContext, useSession, type Session } from './session.ts';
import { NewSubscription } from './subscription/form.tsx';
import { Subscription } from './subscription/subscription.tsx';
import { Subscriptions } from './subscription/subscriptions.tsx';

/** The whole page, for the session of a token. */
export function App({ token }: { token: string | undefined }) {
  const [hasEnded, setEnded] = useState(token === undefined);
  const end = (): void => {
    if (token !== undefined) forgetToken(token);
    setEnded(true);
  };
  return hasEnded || token === undefined ? <Ended wasOpen={token !== undefined} /> : <Open token={token} onEnd={end} />;
}

const Ended = ({ wasOpen }: { wasOpen: boolean }) => (
  <main class="ended">
    <h1>{wasOpen ? 'This session is over' : 'This page needs a link of its own'}</h1>
    <p>
      Go back to where you came from, and open the page from there once more. Links to it are made for a short while,
      and for one person.
    </p>
  </main>
);

const WHOLE_MINUTE_MS = 60_000;

function Open({ token, onEnd }: { token: string; onEnd: () => void }) {
  const api = useMemo(() => apiWith(token, onEnd), [token]);
  const { data, refusal } = useAnswer(async () => {
    const { data: me, error, response } = await api.GET('/v1/me');
    return { data: me && { me, endsAt: endOf(me.expires_at, response) }, error, response };
  }, [token]);
  useEndAt(data?.endsAt, onEnd);
  if (data === undefined)
    return (
      <main>
        <NotYet refusal={refusal} />
      </main>
    );
  const { me, endsAt } = data;
  if (me.tenant === null) return <Ended wasOpen={false} />;
  const { tenant, scopes } = me;
  const session: Session = { api, tenant, may: (scope) => scopes.includes(scope) };
  return (
    <SessionContext.Provider value={session}>
      <Frame endsAt={endsAt} />
    </SessionContext.Provider>
  );
}

/** By this machine's clock, however wrong it is: what counts is how long it lasts by the service's. */
function endOf(expiresAt: string | null, { headers }: Response): number {
  const serverNow = Date.parse(headers.get('date') ?? '');
  const lasts = Date.parse(expiresAt ?? '') - (Number.isNaN(serverNow) ? Date.now() : serverNow);
  return Number.isNaN(lasts) ? Infinity : Date.now() + lasts;
}

/** Nobody should write a form for a session that is over. */
function useEndAt(endsAt: number | undefined, onEnd: () => void): void {
  useEffect(() => {
    if (endsAt === undefined || endsAt === Infinity) return undefined;
    const timer = setTimeout(onEnd, Math.max(endsAt - Date.now(), 0));
    return () => clearTimeout(timer);
  }, [endsAt]);
}

const SECTIONS = [
  { name: 'subscriptions', label: 'Subscriptions', scope: 'subscriptions:read' },
  { name: 'events', label: 'Events', scope: 'events:read' },
  { name: 'event-types', label: 'Event types', scope: undefined },
] as const;

function Frame({ endsAt }: { endsAt: number }) {
  const { tenant, may } = useSession();
  const place = usePlace();
  const main = useArrival(place);
  const sections = SECTIONS.filter(({ scope }) => scope === undefined || may(scope));
  const here = sections.some(({ name }) => name === place[0]) ? place : [sections[0]?.name ?? ''];
  return (
    <>
      <header>
        <strong>Webhooks</strong>
        <span class="tenant">{tenant}</span>
        <nav aria-label="Sections">
          {sections.map(({ name, label }) => (
            <a key={name} href={linkTo(name)} aria-current={name === here[0] ? 'page' : undefined}>
              {label}
            </a>
          ))}
        </nav>
        {endsAt !== Infinity && <TimeLeft until={endsAt} />}
      </header>
      <main ref={main} tabIndex={-1}>
        <Section place={here} />
      </main>
    </>
  );
}

/** Who goes to another place is there: its name is in the title, and keys and screen readers go on from it. */
function useArrival(place: Place): RefObject<HTMLElement | null> {
  const main = useRef<HTMLElement>(null);
  const where = place.join('/');
  const last = useRef(where);
  useEffect(() => {
    document.title = ['Webhooks', ...place].join(' · ');
    if (last.current !== where) main.current?.focus();
    last.current = where;
  }, [where]);
  return main;
}

function TimeLeft({ until }: { until: number }) {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), WHOLE_MINUTE_MS / 4);
    return () => clearInterval(timer);
  }, []);
  const minutes = Math.round((until - now) / WHOLE_MINUTE_MS);
  return <span class="quiet">{minutes <= 1 ? 'last minute of this session' : `${minutes} minutes left`}</span>;
}

function Section({ place: [section, id, ...rest] }: { place: Place }) {
  switch (section) {
    case 'events':
      return id === undefined ? <Events /> : <Event key={id} id={id} />;
    case 'event-types':
      return id === undefined ? <EventTypes /> : <EventType key={id} type={id} />;
    default:
      if (id === undefined) return <Subscriptions />;
      return id === 'new' ? <NewSubscription /> : <Subscription key={id} id={id} tab={rest[0] ?? 'attempts'} />;
  }
}
