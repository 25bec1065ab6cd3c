import type { Schemas } from '../../client/client.ts';
import { useAnswer } from '../ask.ts';
import { NotYet } from '../parts.tsx';
import { pathOf, useSession } from '../session.ts';

type Step = Schemas['Stats']['items'][number];

const failedIn = ({ rejected, unreachable, blocked }: Omit<Step, 'at'>): number => rejected + unreachable + blocked;

const HEIGHT = 48;
const BAR = 10;
const GAP = 2;

/** What was sent in the last 24 hours, by the hour. */
export function LastDay({ id }: { id: string }) {
  const { api, tenant } = useSession();
  const { data, refusal } = useAnswer(
    () => api.GET('/v1/tenants/{tenant}/subscriptions/{id}/stats', { params: pathOf(tenant, { id }) }),
    [id],
  );
  if (data === undefined) return <NotYet refusal={refusal} />;
  const { totals, items } = data;
  return (
    <section class="day" aria-label="The last 24 hours">
      <dl>
        <Figure name="Delivered" value={totals.delivered} />
        <Figure name="Failed attempts" value={failedIn(totals)} />
        <Figure name="Given up" value={totals.dead} />
        <Figure name="Median answer" value={totals.duration_ms === null ? '–' : `${totals.duration_ms.p50} ms`} />
        <Figure name="Slowest 5 %" value={totals.duration_ms === null ? '–' : `${totals.duration_ms.p95} ms`} />
      </dl>
      <Chart steps={items} />
      <p class="quiet">The last 24 hours, some two minutes behind.</p>
    </section>
  );
}

const Figure = ({ name, value }: { name: string; value: number | string }) => (
  <div>
    <dt>{name}</dt>
    <dd>{typeof value === 'number' ? value.toLocaleString() : value}</dd>
  </div>
);

function Chart({ steps }: { steps: readonly Step[] }) {
  const most = Math.max(...steps.map((step) => step.accepted + failedIn(step)), 1);
  const heightOf = (count: number): number => (count / most) * HEIGHT;
  const width = steps.length * (BAR + GAP);
  return (
    <svg viewBox={`0 0 ${width} ${HEIGHT + 1}`} role="img" aria-label="Attempts by the hour" preserveAspectRatio="none">
      <line class="ground" x1={0} x2={width} y1={HEIGHT + 0.5} y2={HEIGHT + 0.5} />
      {steps.map((step, i) => {
        const [good, bad] = [heightOf(step.accepted), heightOf(failedIn(step))];
        const x = i * (BAR + GAP);
        return (
          <g key={step.at}>
            <title>
              {`${new Date(step.at).toLocaleString()}: ${step.accepted} accepted, ${failedIn(step)} failed attempts`}
            </title>
            <rect class="room" x={x} y={0} width={BAR} height={HEIGHT} />
            <rect class="good" x={x} y={HEIGHT - good} width={BAR} height={good} />
            <rect class="bad" x={x} y={HEIGHT - good - bad} width={BAR} height={bad} />
          </g>
        );
      })}
    </svg>
  );
}
