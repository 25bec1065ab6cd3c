import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import type { TravellingEvent } from '../domain/event.ts';
import { asciiJson } from '../domain/json-text.ts';
import { sendInCalls, type Entry } from './calls.ts';

/** EventBridge takes 1 MB a call and counts a little beside the detail. */
const LIMITS = { entries: 10, bytes: 900_000 };

/** As with queues, whatever is sent a second time is marked, so the client does not do it unseen. */
export const openBus = (): EventBridgeClient => new EventBridgeClient({ maxAttempts: 1 });

export interface Bus {
  /** Puts events on the bus; answers those it did not take. */
  publish(events: readonly TravellingEvent[]): Promise<TravellingEvent[]>;
  /** Puts a notice on the bus for rules that others make. @throws where the bus does not take it */
  tell(notice: { type: string; detail: object }): Promise<void>;
}

/** The event bus. `source` is the one that the lanes' rules trust. */
export interface BusProps {
  name: string;
  source: string;
  /** Told why a call failed or an entry was refused. */
  report(error: unknown): void;
}

export function busNamed(client: EventBridgeClient, { name, source, report }: BusProps): Bus {
  async function send(entries: readonly Entry<TravellingEvent>[]): Promise<TravellingEvent[]> {
    const { Entries: answers = [] } = await client.send(
      new PutEventsCommand({
        Entries: entries.map(({ item, text }) => ({
          EventBusName: name,
          Source: source,
          DetailType: item.type,
          Detail: text,
        })),
      }),
    );
    return entries.flatMap(({ item }, i) => {
      const answer = answers[i];
      if (answer?.EventId !== undefined) return [];
      report(new Error(`${answer?.ErrorCode ?? 'refused'}: ${answer?.ErrorMessage ?? ''}`));
      return [item];
    });
  }

  return {
    async tell({ type, detail }) {
      const entry = { EventBusName: name, Source: source, DetailType: type, Detail: asciiJson(detail) };
      const { Entries: [answer] = [] } = await client.send(new PutEventsCommand({ Entries: [entry] }));
      if (answer?.EventId === undefined) throw new Error(`${answer?.ErrorCode ?? 'refused'}: ${type}`);
    },

    publish: (events) =>
      sendInCalls<TravellingEvent>(events, {
        limits: LIMITS,
        textOf: asciiJson,
        send,
        inDoubt: (event) => ({ ...event, doubt: true }),
        report,
      }),
  };
}
