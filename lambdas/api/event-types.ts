import * as z from 'zod';
import catalogue from '#catalogue';
import { getEventType, listEventGroups, listEventTypes } from '../../shared/contract/catalogue.ts';
import { nearest } from '../../shared/domain/nearest.ts';
import { problems } from '../../shared/domain/problem.ts';
import type { Answer, Request, Route } from '../../shared/runtime/http.ts';
import type { World } from './world.ts';

const types = Object.entries(catalogue.eventTypes);

/** Made when first asked for, and once: the schemas of all types together are some 200 KB of JSON. */
const shownTypes = new Map<string, Record<string, unknown>>();

function shown(name: string): Record<string, unknown> | undefined {
  const known = shownTypes.get(name);
  const type = Object.hasOwn(catalogue.eventTypes, name) ? catalogue.eventTypes[name] : undefined;
  if (known !== undefined || type === undefined) return known;
  const made = {
    event_type: name,
    group: type.group,
    description: type.description,
    schema: z.toJSONSchema(type.schema, { target: 'draft-2020-12', unrepresentable: 'any' }),
    sample: type.sample,
    sample_source: type.sampleSource,
    name_source: type.nameSource,
  };
  shownTypes.set(name, made);
  return made;
}

async function listTypes(): Promise<Answer> {
  return { status: 200, body: { items: types.map(([name]) => shown(name)), next_cursor: null } };
}

async function oneType({ params: { type: name = '' } }: Request): Promise<Answer> {
  const type = shown(name);
  if (type === undefined) throw problems.noSuchEventType(name, nearest(name, Object.keys(catalogue.eventTypes)));
  return { status: 200, body: type };
}

async function listGroups(): Promise<Answer> {
  const items = Object.entries(catalogue.groups).map(([group, { description }]) => ({
    group,
    description,
    event_types: types.filter(([, type]) => type.group === group).map(([name]) => name),
  }));
  return { status: 200, body: { items, next_cursor: null } };
}

export const routes: readonly Route<World>[] = [
  { operation: listEventTypes, answer: listTypes },
  { operation: getEventType, answer: oneType },
  { operation: listEventGroups, answer: listGroups },
];
