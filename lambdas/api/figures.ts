import { getStats } from '../../shared/contract/deliveries.ts';
import { getUsage } from '../../shared/contract/tenants.ts';
import {
  bySteps,
  days,
  hours,
  nameOf,
  totalOf,
  wholeSteps,
  type Step,
  type Steps,
} from '../../shared/domain/figure-range.ts';
import { shownStats, shownUsage } from '../../shared/domain/figures.ts';
import { problems } from '../../shared/domain/problem.ts';
import type { Answer, Request, Route } from '../../shared/runtime/http.ts';
import { queryIn } from '../../shared/runtime/paging.ts';
import { subscriptionIn } from './found.ts';
import type { World } from './world.ts';

/** Nobody looks at more points than these at once. */
const LONGEST = { hour: { ms: days(31), text: '31 days' }, day: { ms: days(400), text: '400 days' } };

interface Asked {
  from?: string | undefined;
  to?: string | undefined;
  step: Step;
}

/** The stretch that is asked for, in whole steps. @throws Problem 400 */
function stepsIn({ from, to, step }: Asked, { now, span }: { now: Date; span: number }): Steps {
  const end = to === undefined ? now.getTime() : Date.parse(to);
  const start = from === undefined ? end - span : Date.parse(from);
  if (start >= end) throw problems.badQuery('from', 'must be before to');
  const { ms, text } = LONGEST[step];
  if (end - start > ms) throw problems.badQuery('from', `must be at most ${text} before to`);
  return wholeSteps({ step, from: start, to: end });
}

const rfc3339 = (at: number): string => new Date(at).toISOString();

/** What was counted of a subscription, hour by hour or day by day. */
async function stats(request: Request, world: World): Promise<Answer> {
  const asked = queryIn(request, getStats.query);
  const steps = stepsIn(asked, { now: world.now(), span: hours(24) });
  const { tenant, id: subscriptionId } = await subscriptionIn(request, world);
  // Kept by hour, whatever the step.
  const stretch = { from: nameOf('hour', steps.from), to: nameOf('hour', steps.to) };
  const all = bySteps(await world.figures.ofSubscription({ tenant, subscriptionId }, stretch), steps);
  const body = {
    from: rfc3339(steps.from),
    to: rfc3339(steps.to),
    step: steps.step,
    items: all.map(({ at, sums }) => ({ at: rfc3339(at), ...shownStats(sums) })),
    totals: shownStats(totalOf(all)),
  };
  return { status: 200, body };
}

/** Today and the 29 days before. */
const USUAL_DAYS = days(29);

/** What a tenant used, day by day. A tenant that never was used nothing. */
async function usage(request: Request, world: World): Promise<Answer> {
  const steps = stepsIn({ ...queryIn(request, getUsage.query), step: 'day' }, { now: world.now(), span: USUAL_DAYS });
  const { tenant = '' } = request.params;
  const stretch = { from: nameOf('day', steps.from), to: nameOf('day', steps.to) };
  const all = bySteps(await world.figures.ofTenant(tenant, stretch), steps);
  const body = {
    tenant,
    from: rfc3339(steps.from),
    to: rfc3339(steps.to),
    items: all.map(({ at, sums }) => ({ day: nameOf('day', at), ...shownUsage(sums) })),
    totals: shownUsage(totalOf(all)),
  };
  return { status: 200, body };
}

export const routes: readonly Route<World>[] = [
  { operation: getStats, answer: stats },
  { operation: getUsage, answer: usage },
];
