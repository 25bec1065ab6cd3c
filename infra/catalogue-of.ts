import { createRequire } from 'node:module';
import type { Catalogue } from '../shared/catalogue/define.ts';
import { operationalFaults } from '../shared/catalogue/operational.ts';
import { BadSetting } from './bad-setting.ts';
import type { TypesByGroup } from './patterns.ts';

/**
 * What a catalogue holds, read from the bundled module itself: the rules are then made from the very file that the
 * functions judge events by.
 *
 * @param file the bundled module
 * @throws where its default export is not a catalogue, uses a name of ours, or leaves a lane with nothing to carry
 */
export function typesByGroup(file: string): TypesByGroup {
  const { groups, eventTypes } = load(file);
  const [fault] = operationalFaults({ groups, eventTypes });
  if (fault !== undefined) throw new BadSetting(`The catalogue cannot have the ${fault}.`);
  const found = new Map(Object.keys(groups).map((group): [string, string[]] => [group, []]));
  for (const [type, { group }] of Object.entries(eventTypes)) {
    const types = found.get(group);
    if (!types)
      throw new BadSetting(`Event type ${type} of the catalogue names the group ${group}, which is not declared.`);
    types.push(type);
  }
  for (const [group, types] of found) {
    if (types.length === 0) throw new BadSetting(`Group ${group} of the catalogue has no event type.`);
  }
  return found;
}

/** Synchronous, as constructs are. A module that awaits at its top level cannot be loaded so, and says so. */
function load(file: string): Catalogue {
  const module: unknown = createRequire(import.meta.url)(file);
  const candidate = isObject(module) ? module['default'] : undefined;
  if (!isCatalogue(candidate))
    throw new BadSetting('The default export of the catalogue must be { groups, eventTypes }.');
  return candidate;
}

const isCatalogue = (value: unknown): value is Catalogue =>
  isObject(value) && isObject(value['groups']) && isObject(value['eventTypes']);

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;
