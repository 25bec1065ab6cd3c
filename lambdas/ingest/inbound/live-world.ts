import { randomBytes } from 'node:crypto';
import { environment } from '../../../shared/runtime/env.ts';
import { openDatabase } from '../../../shared/store/database.ts';
import { openQueues, passOnTo } from '../../../shared/wire/queue.ts';
import { worldOf } from '../world-of.ts';
import type { World } from './inbound.ts';

const env = environment('inbound');
const sqs = openQueues();
const refuse = passOnTo(sqs, env.INBOUND_DEAD_QUEUE_URL);

export const world: World = {
  ...worldOf(env, { db: openDatabase(), now: () => new Date(), random: randomBytes }),
  chance: () => Math.random(),
  refuse: (text, attributes) => refuse(text, { attributes }),
  postpone: passOnTo(sqs, env.INBOUND_QUEUE_URL),
};
