import type { Schemas } from '../client/client.ts';
import { Badge, Time, Verbatim, type Tone } from './parts.tsx';

type Attempt = Schemas['Attempt'];

const OUTCOMES: Readonly<Record<Attempt['outcome'], { tone: Tone; label: string }>> = {
  accepted: { tone: 'good', label: 'Accepted' },
  rejected: { tone: 'bad', label: 'Rejected' },
  unreachable: { tone: 'bad', label: 'Unreachable' },
  blocked: { tone: 'bad', label: 'Not allowed' },
};

const spelled = (reason: string): string => reason.replaceAll('_', ' ');

export function Outcome({ of: { outcome, status, reason } }: { of: Pick<Attempt, 'outcome' | 'status' | 'reason'> }) {
  const { tone, label } = OUTCOMES[outcome];
  return (
    <>
      <Badge tone={tone}>{label}</Badge> {status ?? (reason === undefined ? '' : spelled(reason))}
    </>
  );
}

const NEXT: Readonly<Record<Attempt['next'], string>> = { done: 'done', wait: 'tried again', dead: 'given up' };

export const Next = ({ of: { next, next_at } }: { of: Attempt }) => (
  <>
    {NEXT[next]} {next === 'wait' && next_at !== undefined && <Time at={next_at} />}
  </>
);

/** What the endpoint said, as far as it is kept. */
export const Said = ({ of: { response_excerpt } }: { of: Attempt }) =>
  response_excerpt === undefined || response_excerpt === '' ? (
    <span class="quiet">nothing</span>
  ) : (
    <details>
      <summary>{response_excerpt.slice(0, 40)}</summary>
      <Verbatim label="What the endpoint said" text={response_excerpt} />
    </details>
  );
