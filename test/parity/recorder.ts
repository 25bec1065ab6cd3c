import { startInbox } from '../support/subscriber.ts';

/** What a function of the probe is to do: return this (nothing at all without it), throw, or take longer than it may. */
export type Script = { returns?: unknown } | { throws: string } | { hangs: true };

/** Where functions of the probe bring what they get. */
export interface Recorder<E> {
  url: string;
  /** In the order of arrival. */
  events: E[];
  close(): Promise<void>;
}

/** @param script what the function does with an event; `nth` counts from 1 */
export async function openRecorder<E>(script: (event: E, nth: number) => Script): Promise<Recorder<E>> {
  const events: E[] = [];
  const inbox = await startInbox((_, response) => {
    const event = JSON.parse(String(inbox.requests.at(-1)?.body)) as E;
    const count = events.push(event);
    response.end(JSON.stringify(script(event, count)));
  });
  return { url: inbox.url, events, close: inbox.close };
}
