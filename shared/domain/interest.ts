import { OPERATIONAL_GROUP, OPERATIONAL_TYPES } from '../catalogue/operational.ts';

/**
 * What a subscription's `event_types` mean. Four forms: an exact type, `X.*` for every type that starts with `X.` at any
 * depth, `group:G`, and `*`.
 */

/**
 * Every form that takes an event of this type and group: what match looks up, from the narrowest to the widest. What the service
 * tells about itself has one form only, its exact name: whoever wants all events does not mean that.
 */
export function interestsIn(type: string, group: string): string[] {
  if (group === OPERATIONAL_GROUP) return [type];
  const parts = type.split('.');
  const prefixes = parts.slice(1).map((_, i) => `${parts.slice(0, parts.length - 1 - i).join('.')}.*`);
  return [type, ...prefixes, `group:${group}`, '*'];
}

/** Whether a wish takes an event of this type and group. */
export const takes = (wishes: readonly string[], event: { type: string; group: string }): boolean => {
  const forms = new Set(interestsIn(event.type, event.group));
  return wishes.some((wish) => forms.has(wish));
};

/** All that a wish could have been meant to say, in a catalogue with these types (by name, each with its group). */
export function knownWishes(groupOf: ReadonlyMap<string, string>): Set<string> {
  const wishes = [...groupOf].flatMap(([type, group]) => interestsIn(type, group));
  return new Set([...wishes, ...Object.keys(OPERATIONAL_TYPES)]);
}
