import type { Job } from '../../shared/domain/job.ts';
import type { Outcome } from '../../shared/domain/outcome.ts';
import type { AccessKeys } from '../../shared/store/access-keys.ts';
import type { Attempts } from '../../shared/store/attempts.ts';
import type { EraseDelivery } from '../../shared/store/erase-delivery.ts';
import type { Events } from '../../shared/store/events.ts';
import type { FigureStore } from '../../shared/store/figures.ts';
import type { HealthStore } from '../../shared/store/health.ts';
import type { KeyUse } from '../../shared/store/key-use.ts';
import type { HeldList } from '../../shared/store/held.ts';
import type { MadeOnce } from '../../shared/store/made-once.ts';
import type { Rates } from '../../shared/store/rates.ts';
import type { Replays } from '../../shared/store/replays.ts';
import type { Shelf } from '../../shared/store/shelf.ts';
import type { Subscriptions } from '../../shared/store/subscriptions.ts';
import type { Tenants } from '../../shared/store/tenants.ts';
import type { Vault } from '../../shared/store/vault.ts';
import type { AddressPolicy } from '../../shared/wire/address-guard.ts';
import type { Sending } from '../../shared/wire/signed-post.ts';

/** What the control plane touches outside. */
export interface World {
  now(): Date;
  /** Bytes of chance. */
  random(count: number): Buffer;
  subscriptions: Subscriptions;
  events: Pick<Events, 'find' | 'matched' | 'ofMoment' | 'ofTenant' | 'erase'>;
  /** Takes away what one delivery of an erased event left behind. */
  eraseDelivery: EraseDelivery;
  attempts: Pick<
    Attempts,
    | 'ofDelivery'
    | 'ofSubscription'
    | 'letterOf'
    | 'deadLetters'
    | 'allDeadLetters'
    | 'acknowledge'
    | 'cancel'
    | 'isCancelled'
  >;
  shelf: Pick<Shelf, 'waiting' | 'find' | 'remove'>;
  replays: Pick<Replays, 'create' | 'find' | 'list' | 'finish'>;
  held: Pick<HeldList, 'list' | 'all'>;
  figures: Pick<FigureStore, 'ofSubscription' | 'ofTenant'>;
  health: Pick<HealthStore, 'answered'>;
  once: MadeOnce;
  rates: Pick<Rates, 'test'>;
  /** Signs and sends. What the subscriber does is the outcome. */
  post(sending: Sending): Promise<Outcome>;
  /** Ends in so many milliseconds. */
  deadline(ms: number): AbortSignal;
  /** Asks the sweep for something, in so many seconds. */
  ask(job: Job, delay: number): Promise<void>;
  accessKeys: AccessKeys;
  keyUse: Pick<KeyUse, 'last' | 'forget'>;
  tenants: Pick<Tenants, 'enter' | 'find' | 'list' | 'noteGone' | 'beginErasure'>;
  vault: Vault;
  /** Why nothing may be sent to this URL, or undefined. */
  refuseUrl(url: string): Promise<string | undefined>;
  /** Where subscribers may be. */
  policy: Pick<AddressPolicy, 'targets' | 'ports' | 'allow'>;
  note(what: string, line: Record<string, string | number | boolean | null>): void;
}
