import type { Schemas } from '../../client/client.ts';
import { Badge, type Tone } from '../parts.tsx';

type Shown = Pick<Schemas['Subscription'], 'status' | 'circuit' | 'disabled_reason'>;

interface State {
  tone: Tone;
  label: string;
  /** What that means for events, where it needs saying. */
  meaning?: string;
}

/** The circuit matters only while the subscription is enabled. */
function stateOf({ status, circuit, disabled_reason }: Shown): State {
  if (status === 'disabled') {
    const why = disabled_reason === null ? '' : ` (${disabled_reason})`;
    return { tone: 'bad', label: 'Disabled', meaning: `Nothing is sent${why}. What it misses can be replayed.` };
  }
  if (status === 'paused')
    return { tone: 'off', label: 'Paused', meaning: 'Events are held, and sent oldest first once it is enabled.' };
  if (circuit.state === 'closed') return { tone: 'good', label: 'Enabled' };
  return {
    tone: 'wait',
    label: 'Failing',
    meaning: 'The endpoint failed again and again. Events are held until it answers; now and then one is tried.',
  };
}

export function StateBadge({ of }: { of: Shown }) {
  const { tone, label, meaning } = stateOf(of);
  return (
    <span title={meaning}>
      <Badge tone={tone}>{label}</Badge>
    </span>
  );
}

export function StateMeaning({ of }: { of: Shown }) {
  const { tone, meaning } = stateOf(of);
  return meaning === undefined ? null : <p class={`notice ${tone}`}>{meaning}</p>;
}
