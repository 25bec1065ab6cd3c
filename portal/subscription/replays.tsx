import { useState } from 'preact/hooks';
import type { Schemas } from '../../client/client.ts';
import { useAction, usePages } from '../ask.ts';
import { AskFirst, Badge, Field, Refresh, Refused, Table, Time, type Tone } from '../parts.tsx';
import { pathOf, useSession } from '../session.ts';
import type { PartProps } from './subscription.tsx';

type Replay = Schemas['Replay'];

const TONES: Readonly<Record<Replay['state'], Tone>> = {
  running: 'wait',
  done: 'good',
  cancelled: 'off',
  failed: 'bad',
};

/** Replays and catch-ups with their progress, and the way to start one. */
export function Replays({ subscription: { id } }: PartProps) {
  const { api, tenant, may } = useSession();
  const { busy, refusal, run } = useAction();
  const pages = usePages(
    (cursor) =>
      api.GET('/v1/tenants/{tenant}/subscriptions/{id}/replays', {
        params: { ...pathOf(tenant, { id }), query: { cursor } },
      }),
    [],
  );
  const cancel = (replay: string): void =>
    run(
      () =>
        api.DELETE('/v1/tenants/{tenant}/subscriptions/{id}/replays/{replay}', {
          params: pathOf(tenant, { id, replay }),
        }),
      pages.again,
    );
  return (
    <>
      {may('subscriptions:write') && <NewReplay id={id} onStart={pages.again} />}
      <div class="row">
        <Refresh pages={pages} />
      </div>
      <Refused refusal={refusal} />
      <Table
        pages={pages}
        keyOf={({ replay_id }) => replay_id}
        none="There was none yet."
        columns={[
          {
            title: 'Kind',
            of: ({ kind, only }) => (kind === 'catch_up' ? 'Catch-up' : `Replay (${ONLY[only]})`),
          },
          { title: 'State', of: ({ state }) => <Badge tone={TONES[state]}>{state}</Badge> },
          { title: 'From', of: ({ from }) => <Time at={from} /> },
          { title: 'Until', of: ({ to }) => <Time at={to} /> },
          {
            title: 'Progress',
            of: ({ matched, sent, delivered, dead }) =>
              `${matched} found, ${sent} sent, ${delivered} delivered, ${dead} given up`,
          },
          {
            title: '',
            of: ({ replay_id, state }) =>
              state === 'running' &&
              may('subscriptions:write') && (
                <AskFirst label="Stop" disabled={busy} onYes={() => cancel(replay_id)}>
                  It sends nothing more. What was sent already is delivered.
                </AskFirst>
              ),
          },
        ]}
      />
    </>
  );
}

const ONLY = { dead: 'what was given up', missed: 'what was missed', all: 'everything' } as const;
type Only = keyof typeof ONLY;

/** As an input of the browser has it: local, without a zone. */
const inputOf = (at: Date): string =>
  new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);

const HOUR_MS = 3_600_000;

function NewReplay({ id, onStart }: { id: string; onStart: () => void }) {
  const { api, tenant } = useSession();
  const { busy, refusal, run } = useAction();
  const [only, setOnly] = useState<Only>('dead');
  const [from, setFrom] = useState(() => inputOf(new Date(Date.now() - 24 * HOUR_MS)));
  const [to, setTo] = useState('');
  const start = (event: SubmitEvent): void => {
    event.preventDefault();
    run(
      () =>
        api.POST('/v1/tenants/{tenant}/subscriptions/{id}/replay', {
          params: pathOf(tenant, { id }),
          body: {
            only,
            from: new Date(from).toISOString(),
            ...(to !== '' && { to: new Date(to).toISOString() }),
          },
        }),
      onStart,
    );
  };
  return (
    <form class="row bottom" onSubmit={start}>
      <Field label="Send again">
        <select value={only} onChange={({ currentTarget }) => setOnly(currentTarget.value as Only)}>
          {Object.entries(ONLY).map(([value, label]) => (
            <option key={value} value={value}>
              {label}
            </option>
          ))}
        </select>
      </Field>
      <Field label="accepted from">
        <input
          type="datetime-local"
          required
          value={from}
          onInput={({ currentTarget }) => setFrom(currentTarget.value)}
        />
      </Field>
      <Field label="until (now)">
        <input type="datetime-local" value={to} onInput={({ currentTarget }) => setTo(currentTarget.value)} />
      </Field>
      <button class="primary" disabled={busy}>
        Start the replay
      </button>
      <Refused refusal={refusal} />
    </form>
  );
}
