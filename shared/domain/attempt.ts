import * as z from 'zod';
import { WAITING_FOR } from './delivery.ts';
import type { Outcome } from './outcome.ts';
import { DEATHS, type Next } from './retry.ts';

/** One HTTP request of a delivery, as it is kept and shown. */
export const Attempt = z.object({
  event_id: z.string(),
  event_type: z.string(),
  subscription_id: z.string(),
  delivery_id: z.string(),
  run: z.number().int(),
  attempt: z.number().int(),
  at: z.iso.datetime(),
  outcome: z.enum(['accepted', 'rejected', 'unreachable', 'blocked']),
  status: z.number().optional(),
  /** Why no answer came, from the closed list in docs/wire-contract.md. */
  reason: z.string().optional(),
  duration_ms: z.number(),
  response_excerpt: z.string().optional(),
  next: z.enum(['done', 'wait', 'dead']),
  next_at: z.iso.datetime().optional(),
  /** What the next attempt waits for, where there is one. */
  waits_for: z.enum(WAITING_FOR).optional(),
  /** It probed an open circuit: the schedule does not count it. */
  probe: z.literal(true).optional(),
  /** Why the delivery was given up, where this attempt was its last. */
  died: z.enum(DEATHS).optional(),
});
export type Attempt = z.infer<typeof Attempt>;

/** What the outcome and the decision say in an attempt's record. */
export function verdict(
  outcome: Outcome,
  next: Next,
): Pick<Attempt, 'outcome' | 'duration_ms' | 'next'> & Partial<Attempt> {
  return {
    outcome: outcome.kind,
    duration_ms: outcome.duration_ms,
    ...('status' in outcome && { status: outcome.status }),
    ...('reason' in outcome && { reason: outcome.reason }),
    ...('response_excerpt' in outcome && { response_excerpt: outcome.response_excerpt }),
    next: next.kind,
    ...(next.kind === 'wait' && { next_at: new Date(next.notBefore).toISOString(), waits_for: next.why }),
    ...(next.kind === 'dead' && { died: next.because }),
  };
}
