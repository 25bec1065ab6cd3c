import { shared } from '../../shared/domain/gather.ts';
import type { Health, healthIn, Whom } from '../../shared/store/health.ts';
import { troubledLately } from '../../shared/store/troubled.ts';
import { watchRequests } from './watch.ts';
import type { Failure, World } from './world.ts';

/** A success need not be told more often than this. */
const TOLD_EVERY_MS = 1_000;
const MOST_TOLD = 10_000;

export interface TroubleProps {
  health: ReturnType<typeof healthIn>;
  now(): Date;
  /** Calls back in so many milliseconds unless it is called off first. */
  after(ms: number, then: () => void): () => void;
  /** Failures of one subscription that come so close are counted by one write. */
  togetherMs: number;
  noteFailure: World['noteFailure'];
}

/** Of whom nothing could be learnt. */
const UNKNOWN: Health = { failures: 0, failingSince: undefined, suspect: false, open: false };

const nameOf = ({ tenant, subscriptionId }: Whom): string => `${tenant} ${subscriptionId}`;

/** Says something at most once a second about each subscription. */
function seldom(now: () => Date): (whom: Whom) => boolean {
  const told = new Map<string, number>();
  return (whom) => {
    const name = nameOf(whom);
    const at = now().getTime();
    if (at - (told.get(name) ?? -Infinity) < TOLD_EVERY_MS) return false;
    told.delete(name);
    if (told.size >= MOST_TOLD) told.delete(told.keys().next().value ?? '');
    told.set(name, at);
    return true;
  };
}

/** The verbs by which deliver knows who is in trouble and says so: nothing is written where everybody answers. */
export function openTrouble({
  health,
  now,
  after,
  togetherMs,
  noteFailure,
}: TroubleProps): Pick<
  World,
  'troubleOf' | 'watch' | 'failed' | 'answered' | 'recovered' | 'opened' | 'lease' | 'giveBack'
> {
  const list = troubledLately({
    read: health.troubled,
    now: () => now().getTime(),
    report: (error) => noteFailure('trouble.not_read', error, {}),
  });
  const mayTell = seldom(now);
  /** The request has been made: whatever keeps us from counting it must not make the subscriber get it a second time. */
  const orElse = <T>(counting: Promise<T>, otherwise: T): Promise<T> =>
    counting.catch((error: unknown) => {
      noteFailure('trouble.not_counted', error, {});
      return otherwise;
    });
  return {
    troubleOf: list.troubleOf,
    watch: watchRequests({
      after,
      async suspect(whom) {
        list.mark(whom.tenant, whom.subscriptionId);
        await orElse(health.suspected(whom, now()), undefined);
      },
    }),
    failed: shared<Failure, Awaited<ReturnType<typeof health.failed>>>({
      keyOf: ({ whom }) => nameOf(whom),
      waitMs: togetherMs,
      handle(failures) {
        const [first] = failures;
        if (first === undefined) throw new Error('nothing failed');
        const rests = failures.map(({ slowUntil }) => slowUntil ?? 0);
        const slowUntil = Math.max(...rests);
        const counted = { count: failures.length, at: now(), ...(slowUntil > 0 && { slowUntil }) };
        return orElse(health.failed(first.whom, counted), UNKNOWN);
      },
    }),
    async answered(whom, outcome) {
      if (mayTell(whom)) await orElse(health.answered(whom, outcome), undefined);
    },
    async recovered(whom, outcome) {
      await orElse(health.answered(whom, outcome), undefined);
    },
    opened: (whom, at) => orElse(health.opened(whom, at), undefined),
    lease: health.lease,
    giveBack: health.giveBack,
  };
}
