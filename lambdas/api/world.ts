import type { AccessKeys } from '../../shared/store/access-keys.ts';
import type { Attempts } from '../../shared/store/attempts.ts';
import type { Events } from '../../shared/store/events.ts';
import type { Subscriptions } from '../../shared/store/subscriptions.ts';
import type { Vault } from '../../shared/store/vault.ts';

/** What the control plane touches outside. */
export interface World {
  now(): Date;
  /** Bytes of chance. */
  random(count: number): Buffer;
  subscriptions: Subscriptions;
  events: Pick<Events, 'find' | 'matched'>;
  attempts: Pick<Attempts, 'ofDelivery' | 'ofSubscription' | 'deathOf'>;
  accessKeys: AccessKeys;
  vault: Vault;
  /** Why nothing may be sent to this URL, or undefined. */
  refuseUrl(url: string): Promise<string | undefined>;
  note(what: string, line: Record<string, string | number | boolean | null>): void;
}
