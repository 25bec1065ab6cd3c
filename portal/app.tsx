import { useEffect, useMemo, useState } from 'preact/hooks';
import { useAnswer } from './ask.ts';
import { Event } from './events/event.tsx';
import { Events } from './events/events.tsx';
import { EventType } from './events/event-type.tsx';
import { EventTypes } from './events/event-types.tsx';
import { Refused, Waiting } from './parts.tsx';
import { linkTo, usePlace, type Place } from './places.ts';
import { apiWith, forgetToken, SessionContext, useSession, type Session } from './session.ts';
import { NewSubscription } from './subscription/form.tsx';
import { Subscription } from './subscription/subscription.tsx';
import { Subscriptions } from './subscription/subscriptions.tsx';

/** The whole page, for the session of a token. */
export function App({ token }: { token: string | undefined }) {
  const [hasEnded, setEnded] = useState(token === undefined);
  const end = (): void => {
    forgetToken();
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
  const { data: me, refusal } = useAnswer(() => api.GET('/v1/me'), [token]);
  useEndAt(me?.expires_at ?? undefined, onEnd);
  if (me === undefined) return <main>{refusal === undefined ? <Waiting /> : <Refused refusal={refusal} />}</main>;
  if (me.tenant === null) return <Ended wasOpen={false} />;
  const { tenant, scopes } = me;
  const session: Session = { api, tenant, may: (scope) => scopes.includes(scope) };
  return (
    <SessionContext.Provider value={session}>
      <Frame expiresAt={me.expires_at} />
    </SessionContext.Provider>
  );
}

/** Nobody should write a form for a session that is over. */
function useEndAt(expiresAt: string | undefined, onEnd: () => void): void {
  useEffect(() => {
    if (expiresAt === undefined) return undefined;
    const timer = setTimeout(onEnd, Math.max(Date.parse(expiresAt) - Date.now(), 0));
    return () => clearTimeout(timer);
  }, [expiresAt]);
}

const SECTIONS = [
  { name: 'subscriptions', label: 'Subscriptions', scope: 'subscriptions:read' },
  { name: 'events', label: 'Events', scope: 'events:read' },
  { name: 'event-types', label: 'Event types', scope: undefined },
] as const;

function Frame({ expiresAt }: { expiresAt: string | null }) {
  const { tenant, may } = useSession();
  const place = usePlace();
  const sections = SECTIONS.filter(({ scope }) => scope === undefined || may(scope));
  const here = sections.some(({ name }) => name === place[0]) ? place : [sections[0]?.name ?? ''];
  return (
    <>
      <header>
        <strong>Webhooks</strong>
        <span class="tenant">{tenant}</span>
        <nav>
          {sections.map(({ name, label }) => (
            <a key={name} href={linkTo(name)} aria-current={name === here[0] ? 'page' : undefined}>
              {label}
            </a>
          ))}
        </nav>
        {expiresAt !== null && <TimeLeft until={expiresAt} />}
      </header>
      <main>
        <Section place={here} />
      </main>
    </>
  );
}

function TimeLeft({ until }: { until: string }) {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), WHOLE_MINUTE_MS / 4);
    return () => clearInterval(timer);
  }, []);
  const minutes = Math.max(Math.ceil((Date.parse(until) - now) / WHOLE_MINUTE_MS), 0);
  return <span class="quiet">{minutes === 1 ? 'last minute of this session' : `${minutes} minutes left`}</span>;
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
