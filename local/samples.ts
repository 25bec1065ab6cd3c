import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { itemsOf, type Call } from './client.ts';

/** An event of the catalogue, ready to be posted. */
export interface Sample {
  event_type: string;
  group: string;
  data: unknown;
}

/** One for each event group of the catalogue that is served, the best known first. */
export async function samplesOf(call: Call): Promise<Sample[]> {
  const groups = new Map<string, Sample>();
  for (const item of itemsOf(await call('GET', '/v1/event-types'))) {
    const sample = { event_type: String(item['event_type']), group: String(item['group']), data: item['sample'] };
    if (!groups.has(sample.group) || sample.event_type === FIRST) groups.set(sample.group, sample);
  }
  return [...groups.values()].sort((a, b) => Number(b.event_type === FIRST) - Number(a.event_type === FIRST));
}

const FIRST = 'Guest.Created';

/** Writes the event as a file for `curl -d @file`, and gives the path. */
export function writeSample(folder: string, { event_type, data }: Sample, event_id: string): string {
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `${event_type}.json`);
  const event = { event_id, event_type, event_timestamp: new Date().toISOString(), data };
  writeFileSync(file, JSON.stringify(event, null, 2));
  return file;
}
