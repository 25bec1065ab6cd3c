import { readFileSync } from 'node:fs';
import * as z from 'zod';

const folder = new URL('../fixtures/zenoti/', import.meta.url);
const textOf = (file: string): string => readFileSync(new URL(file, folder), 'utf8');
const read = (file: string): unknown => JSON.parse(textOf(file));

const Index = z.array(z.object({ file: z.string(), event_type: z.string(), shape: z.enum(['envelope', 'data']) }));
const Envelope = z.object({ data: z.unknown() });

/** Every payload the provider has published, by file; two types have two of them. */
export const published = Index.parse(read('index.json')).map(({ file, event_type, shape }) => ({
  file,
  type: event_type,
  data: shape === 'envelope' ? Envelope.parse(read(file)).data : read(file),
}));

/** What a publisher posts for a payload: the published envelope to the letter, or one made around the published data. */
export const postable = Index.parse(read('index.json')).map(({ file, event_type, shape }) => ({
  file,
  type: event_type,
  text: shape === 'envelope' ? textOf(file) : `{"event_type":"${event_type}","data":${textOf(file)}}`,
}));

export const publishedFile = (name: string): unknown => published.find(({ file }) => file === `${name}.json`)?.data;

export type Path = readonly (string | number)[];
type Container = Record<string | number, unknown>;

const isContainer = (value: unknown): value is Container => typeof value === 'object' && value !== null;

/** Every member of an object, at any depth, with its path. Elements of lists are entered and are no members themselves. */
export function members(value: unknown, path: Path = []): { path: Path; value: unknown }[] {
  if (Array.isArray(value)) return value.flatMap((element, at) => members(element, [...path, at]));
  if (!isContainer(value)) return [];
  return Object.entries(value).flatMap(([name, inner]) => [
    { path: [...path, name], value: inner },
    ...members(inner, [...path, name]),
  ]);
}

function copyAndFind(data: unknown, path: Path): { copy: unknown; parent: Container; name: string | number } {
  const copy = structuredClone(data);
  let parent = copy;
  for (const step of path.slice(0, -1)) parent = isContainer(parent) ? parent[step] : undefined;
  const name = path.at(-1);
  if (!isContainer(parent) || name === undefined) throw new Error(`no ${path.join('.')} in the data`);
  return { copy, parent, name };
}

/** The same data with one member replaced or added. */
export function withMember(data: unknown, path: Path, value: unknown): unknown {
  const { copy, parent, name } = copyAndFind(data, path);
  parent[name] = value;
  return copy;
}

/** The same data with one member gone. */
export function withoutMember(data: unknown, path: Path): unknown {
  const { copy, parent, name } = copyAndFind(data, path);
  delete parent[name];
  return copy;
}
