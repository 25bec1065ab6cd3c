import * as z from 'zod';
import catalogue from '#catalogue';
import { nearest } from '../../shared/domain/nearest.ts';
import { problems } from '../../shared/domain/problem.ts';
import type { Answer, Request, Route } from '../../shared/runtime/http.ts';
import type { World } from './world.ts';

type EventType = (typeof catalogue.eventTypes)[string];

const shown = (name: string, type: EventType): Record<string, unknown> => ({
  event_type: name,
  group: type.group,
  description: type.description,
  schema: z.toJSONSchema(type.schema, { target: 'draft-2020-12', unrepresentable: 'any' }),
  sample: type.sample,
  sample_source: type.sampleSource,
  name_source: type.nameSource,
});

const types = Object.entries(catalogue.eventTypes);

async function listTypes(): Promise<Answer> {
  return { status: 200, body: { items: types.map(([name, type]) => shown(name, type)), next_cursor: null } };
}

async function oneType({ params: { type: name = '' } }: Request): Promise<Answer> {
  const type = Object.hasOwn(catalogue.eventTypes, name) ? catalogue.eventTypes[name] : undefined;
  if (type === undefined) throw problems.noSuchEventType(name, nearest(name, Object.keys(catalogue.eventTypes)));
  return { status: 200, body: shown(name, type) };
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
  { method: 'GET', path: '/v1/event-types', needs: 'open', answer: listTypes },
  { method: 'GET', path: '/v1/event-types/{type}', needs: 'open', answer: oneType },
  { method: 'GET', path: '/v1/event-groups', needs: 'open', answer: listGroups },
];
