import { DAY_CHARS, HOUR_CHARS } from './count.ts';
import { plus, type Sums } from './figures.ts';

export type Step = 'hour' | 'day';

const HOUR_MS = 60 * 60_000;
const STEPS = {
  hour: { ms: HOUR_MS, chars: HOUR_CHARS },
  day: { ms: 24 * HOUR_MS, chars: DAY_CHARS },
} as const;

export const hours = (count: number): number => count * HOUR_MS;
export const days = (count: number): number => count * STEPS.day.ms;

/** A stretch of whole steps, in milliseconds since 1970. */
export interface Steps {
  step: Step;
  from: number;
  to: number;
}

/** The whole steps that hold the stretch, which may be all but the first and last of it. */
export function wholeSteps({ step, from, to }: Steps): Steps {
  const { ms } = STEPS[step];
  return { step, from: Math.floor(from / ms) * ms, to: Math.ceil(to / ms) * ms };
}

/** An hour or day as figures are named. */
export const nameOf = (step: Step, at: number): string => new Date(at).toISOString().slice(0, STEPS[step].chars);

/** The figures of each step of the stretch, in order, those without any included. They may be of smaller steps. */
export function bySteps(figures: ReadonlyMap<string, Sums>, { step, from, to }: Steps): { at: number; sums: Sums }[] {
  const { ms, chars } = STEPS[step];
  const found = new Map<string, Sums>();
  for (const [at, sums] of figures) {
    const name = at.slice(0, chars);
    found.set(name, plus(found.get(name) ?? {}, sums));
  }
  return Array.from({ length: (to - from) / ms }, (_, i) => {
    const at = from + i * ms;
    return { at, sums: found.get(nameOf(step, at)) ?? {} };
  });
}

export const totalOf = (all: readonly { sums: Sums }[]): Sums =>
  all.reduce<Sums>((sum, { sums }) => plus(sum, sums), {});
