import { join } from 'node:path';
import { shellQuoted, type AdminKey } from './data-dir.ts';
import { writeSample, type Sample } from './samples.ts';
import type { Settings } from './settings.ts';

/** Where PutEvents is answered, and for which buses. */
export interface Bus {
  endpoint: string;
  names: readonly string[];
}

export interface Announcement {
  url: string;
  /** How long the start took. */
  seconds: string;
  tenant: string;
  adminKey: AdminKey;
  samples: readonly Sample[];
  /** Where the samples are written. */
  folder: string;
  inboxUrl: string;
  bus: Bus;
  settings: Settings;
}

/** Says that it runs, and prints a line of curl for each of the first steps. Every line stands for itself and can be pasted. */
export function announce(announcement: Announcement): void {
  const { url, seconds, tenant, adminKey, samples, folder, inboxUrl, settings } = announcement;
  const eventId = `hello-${Date.now().toString(36)}`;
  const files = samples.map((sample) => writeSample(folder, sample, eventId));
  const base = `${url}/v1/tenants/${tenant}`;
  const curl = `curl -sS -H "authorization: Bearer ${adminKey.inShell}" -H 'content-type: application/json'`;
  const { allowPrivate, dataDir } = settings;
  const target = allowPrivate ? inboxUrl : 'https://example.com/inbox';
  const lines = [
    '',
    `event-fanout listening on ${url} (after ${seconds} s)`,
    `  admin key   ${adminKey.where}`,
    `  data        ${dataDir === undefined ? 'nothing is kept' : `${dataDir}, what the functions print in ${join(dataDir, 'logs')}`}`,
    `  inbox       ${inboxUrl}, a subscriber whose arrivals show here`,
    ...busLines(announcement),
    '',
    allowPrivate
      ? '1. Subscribe the inbox'
      : '1. Subscribe (private targets are off: name a public https URL of yours)',
    `${curl} ${base}/subscriptions -d '${JSON.stringify({ url: target, event_types: ['*'], method: 'POST' })}'`,
    '',
    '2. Post an event (posted again it is a duplicate; without its event_id, each post is a new event)',
    `${curl} ${base}/events -d @${shellQuoted(files[0] ?? '')}`,
    '',
    '3. See what became of it',
    `${curl} ${base}/events/${eventId}/deliveries`,
    '',
    '4. Or see it in a browser, as somebody of that tenant would: open the `url` of the answer',
    `${curl} ${base}/portal-session -d '{}'`,
    '',
    'Ctrl-C stops it.',
    '',
  ];
  console.log(lines.join('\n'));
}

/** Nobody else has to know that there is a bus. */
const busLines = ({ bus, settings: { inboundSources } }: Announcement): string[] =>
  inboundSources.length === 0
    ? []
    : [`  bus         ${bus.endpoint}, PutEvents on ${bus.names.join()} under ${inboundSources.join(' or ')}`];
