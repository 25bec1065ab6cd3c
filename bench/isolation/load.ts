import { setTimeout as pause } from 'node:timers/promises';
import { Pool } from 'undici';
import { seeded } from '../../test/support/seeded.ts';
import type { Target } from '../../test/support/api.ts';
import { clock } from './clock.ts';

/** Events of one type that are posted at a steady rate. */
export interface Stream {
  tenant: string;
  event_type: string;
  data: unknown;
  perSecond: number;
  /** So many are posted by one request. */
  together: number;
}

/** An event of the timetable. Times are by `clock`. */
export interface Posted {
  eventId: string;
  stream: Stream;
  /** When it was to be posted, whatever held it up. */
  due: number;
  /** The answer's status; undefined while there is none, 0 where there was none. */
  status?: number;
}

export interface Load {
  readonly events: readonly Posted[];
  /** Posts no more, and resolves when all is answered. */
  stop(): Promise<void>;
}

let loads = 0;

/** Posts by the timetable and waits for no answer. Each event comes at a random moment of its own share of time: evenly, and never in step. */
export function startLoad({ url, adminKey }: Target, streams: readonly Stream[]): Load {
  const pool = new Pool(url, { connections: 256 });
  const headers = { authorization: `Bearer ${adminKey}`, 'content-type': 'application/json' };
  const name = `${process.pid.toString(36)}-${(loads++).toString(36)}`;
  const events: Posted[] = [];
  const answers = new Set<Promise<void>>();
  let isStopped = false;

  async function post({ tenant, event_type, data }: Stream, events: readonly Posted[]): Promise<void> {
    const bodies = events.map(({ eventId: event_id }) => ({ event_id, event_type, data }));
    const isAlone = bodies.length === 1;
    const path = `/v1/tenants/${tenant}/events${isAlone ? '' : '/batch'}`;
    const body = JSON.stringify(isAlone ? bodies[0] : { events: bodies });
    const status = await pool.request({ method: 'POST', path, headers, body }).then(
      async ({ statusCode, body: answer }) => {
        await answer.dump();
        return statusCode;
      },
      () => 0,
    );
    for (const event of events) event.status = status;
  }

  async function follow(stream: Stream, seed: number): Promise<void> {
    const { perSecond, together } = stream;
    const chance = seeded(seed);
    const from = clock();
    const share = (1_000 * together) / perSecond;
    for (let n = 0; !isStopped; n++) {
      const due = from + share * (n + chance.below(1_000) / 1_000);
      if (due > clock()) await pause(due - clock());
      const posted = Array.from({ length: together }, (_, i) => ({
        eventId: `${name}-${seed}-${n}-${i}`,
        stream,
        due,
      }));
      events.push(...posted);
      const answer = post(stream, posted).finally(() => answers.delete(answer));
      answers.add(answer);
    }
  }

  const following = streams.filter(({ perSecond }) => perSecond > 0).map(follow);
  return {
    events,
    async stop() {
      isStopped = true;
      await Promise.all(following);
      await Promise.all(answers);
      await pool.close();
    },
  };
}
