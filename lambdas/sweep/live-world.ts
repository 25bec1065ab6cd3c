import { environment } from '../../shared/runtime/env.ts';
import { note, noteFailure } from '../../shared/runtime/log.ts';
import { openDatabase } from '../../shared/store/database.ts';
import { eventsIn } from '../../shared/store/events.ts';
import { busNamed, openBus } from '../../shared/wire/bus.ts';
import type { World } from './sweep.ts';

const env = environment('sweep');
const now = (): Date => new Date();
const events = eventsIn({ db: openDatabase(), name: env.FLOW_TABLE, now }, env.RETENTION_DAYS);
const bus = busNamed(openBus(), {
  name: env.BUS_NAME,
  source: env.EVENT_SOURCE,
  report: (error) => noteFailure('event.not_published', error),
});

export const world: World = { ...events, now, publish: bus.publish, note, noteFailure };
