import catalogue from '#catalogue';
import { knownWishes } from '../../shared/domain/interest.ts';

/** All that a subscription's `event_types` may name. */
export const wishes: ReadonlySet<string> = knownWishes(
  new Map(Object.entries(catalogue.eventTypes).map(([type, { group }]) => [type, group])),
);
