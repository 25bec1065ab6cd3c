import { OPERATIONAL_GROUP } from '../../shared/catalogue/operational.ts';
import { contentHash, travelling, type AcceptedEvent, type TravellingEvent } from '../../shared/domain/event.ts';
import type { Job } from '../../shared/domain/job.ts';
import { isOfErased } from '../../shared/domain/tenancy.ts';
import type { Interest } from '../../shared/store/subscriptions.ts';
import type { Tenant } from '../../shared/store/tenants.ts';

export type Notice = Extract<Job, { kind: 'notice' }>;

export interface NoticeWorld {
  now(): Date;
  tenant(tenant: string): Promise<Tenant | undefined>;
  interested(tenant: string, event: { type: string; group: string }): Promise<Interest[]>;
  accept(event: AcceptedEvent): Promise<boolean>;
  open(event: AcceptedEvent): Promise<boolean>;
  isMatched(tenant: string, eventId: string): Promise<boolean>;
  /** Answers what the bus did not take. */
  publish(events: readonly TravellingEvent[]): Promise<TravellingEvent[]>;
  /** Puts it on the bus for the operators' own rules, and on their topic. Throws where one of them does not take it. */
  tellOperators(notice: OperatorsNotice): Promise<void>;
  note(what: string, line: Record<string, string>): void;
}

/** What operators get: on the bus as `detail`, on the topic as the message. */
export interface OperatorsNotice {
  type: Notice['event_type'];
  detail: Record<string, unknown>;
}

function eventOf({ tenant, id, event_type: type, at, data }: Notice): AcceptedEvent {
  const body = JSON.stringify(data);
  const event_id = `${type.replace('.', '-')}-${id}`;
  return {
    tenant,
    event_id,
    type,
    group: OPERATIONAL_GROUP,
    accepted_at: at,
    sha256: contentHash(type, body),
    timestamp: at,
    schema: 'v1',
    resource: type.split('.')[0] ?? null,
    body,
  };
}

/** Nobody gets it who has the name of its tenant since that was erased. */
const isWanted = async (event: AcceptedEvent, world: NoticeWorld): Promise<boolean> =>
  !(await isOfErased(event, world)) && (await world.interested(event.tenant, event)).length > 0;

/**
 * Tells of something that happened to a subscription: operators always, and subscribers who named it, for whom it is an event like
 * any other. Done twice, it tells operators twice and subscribers once.
 */
export async function tell(notice: Notice, world: NoticeWorld): Promise<void> {
  const { tenant, event_type: type, subscription_id } = notice;
  await world.tellOperators({ type, detail: { tenant, at: notice.at, ...notice.data } });
  const event = eventOf(notice);
  if (await isWanted(event, world)) {
    const isNew = await world.accept(event);
    await world.open(event);
    if (isNew || !(await world.isMatched(tenant, event.event_id))) {
      // What the bus does not take now is published from its marker.
      await world.publish([isNew ? travelling(event) : { ...travelling(event), doubt: true }]);
    }
  }
  world.note('notice.told', { tenant, event_type: type, subscription_id });
}
