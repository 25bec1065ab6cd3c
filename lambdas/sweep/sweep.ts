import type { Job } from '../../shared/domain/job.ts';
import type { Received } from '../../shared/runtime/batch.ts';
import { eraseEvent, type EraseWorld } from './erase.ts';
import { eraseTenant, type EraseTenantWorld } from './erase-tenant.ts';
import { fold, type FoldWorld } from './fold.ts';
import { lookAfterHeld, type HeldWorld } from './held.ts';
import { republishOverdue, type MarkersWorld } from './markers.ts';
import { tell, type NoticeWorld } from './notice.ts';
import { redrive, type RedriveWorld } from './redrive.ts';
import { resend, type ResendWorld } from './resend.ts';
import { release, sendDue, type ShelfWorld } from './shelf.ts';
import { tick, type TickWorld } from './tick.ts';
import { walk, type WalkWorld } from './walk.ts';

/** What sweep touches outside: what each of its jobs does. */
export type World = TickWorld &
  MarkersWorld &
  ShelfWorld &
  FoldWorld &
  ResendWorld &
  WalkWorld &
  HeldWorld &
  NoticeWorld &
  RedriveWorld &
  EraseWorld &
  EraseTenantWorld;

function work(job: Job, world: World, remainingMs: () => number): Promise<unknown> {
  switch (job.kind) {
    case 'tick':
      return tick(world);
    case 'markers':
      return republishOverdue(world, remainingMs);
    case 'shelf':
      return sendDue(job.shard, world, remainingMs);
    case 'fold':
      return fold(world, remainingMs);
    case 'release':
      return release(job, world, remainingMs);
    case 'resend':
      return resend(job, world);
    case 'walk':
      return walk(job, world, remainingMs);
    case 'held':
      return lookAfterHeld(job, world, remainingMs);
    case 'notice':
      return tell(job, world);
    case 'redrive':
      return redrive(job.queue, world);
    case 'erase':
      return eraseEvent(job, world, remainingMs);
    case 'erase_tenant':
      return eraseTenant(job, world, remainingMs);
  }
}

/**
 * Does what it is asked for. Every job may be done twice, and by two at once.
 *
 * @returns the ids of the messages whose job failed, for a reason of ours
 */
export async function sweep(
  records: readonly Received<Job>[],
  world: World,
  remainingMs: () => number,
): Promise<Set<string>> {
  const failed = new Set<string>();
  for (const { id, message } of records) {
    try {
      await work(message, world, remainingMs);
    } catch (error) {
      world.noteFailure('job.failed', error, { kind: message.kind, message_id: id });
      failed.add(id);
    }
  }
  return failed;
}
