import { setTimeout as pause } from 'node:timers/promises';
import { itemsOf, type Call } from './client.ts';
import type { Json } from './json.ts';
import type { Sample } from './samples.ts';

export interface DemoOptions {
  call: Call;
  tenant: string;
  samples: readonly Sample[];
  inboxUrl: string;
  /** How many; may be Infinity. */
  events: number;
  signal: AbortSignal;
  print(line: string): void;
}

/** Subscribes the inbox with each verb, and posts the samples in turn, one a second. */
export async function runDemo(options: DemoOptions): Promise<void> {
  const { call, tenant, samples, events, signal, print } = options;
  await subscribe(options);
  for (let sent = 0; sent < events && !signal.aborted; sent += 1) {
    const sample = samples[sent % samples.length];
    if (!sample) return;
    const { event_type, data } = sample;
    const { event_id } = await call('POST', `/v1/tenants/${tenant}/events`, { event_type, data });
    print(`posted   ${event_type.padEnd(28)} ${String(event_id)}`);
    await pause(1000, undefined, { signal }).catch(() => {});
  }
  if (!signal.aborted) print(`Those were ${events} events. The API and the inbox stay open until Ctrl-C.`);
}

/** A demo that was here before left its subscriptions; only the inbox may have another port now. */
async function subscribe({ call, tenant, samples, inboxUrl, print }: DemoOptions): Promise<void> {
  const path = `/v1/tenants/${tenant}/subscriptions`;
  const everyOther = samples.filter((_, at) => at % 2 === 0).map(({ group }) => `group:${group}`);
  const wanted = { POST: ['*'], PUT: everyOther, PATCH: [samples[0]?.event_type] };
  const existing = new Map(itemsOf(await call('GET', path)).map((item): [unknown, Json] => [item['name'], item]));
  for (const [method, event_types] of Object.entries(wanted)) {
    const name = `demo ${method}`;
    const found = existing.get(name);
    if (!found) await call('POST', path, { name, url: inboxUrl, method, event_types });
    else if (found['url'] !== inboxUrl) await call('PATCH', `${path}/${String(found['id'])}`, { url: inboxUrl });
    print(`demo: ${method.padEnd(5)} ${inboxUrl} wants ${event_types.join(', ')}`);
  }
}
