/** What an endpoint does to those who call it. */
export type Behaviour = 'works' | 'hangs' | 'flaps' | 'refuses connections';

export interface Troublemaker {
  /** In the table. */
  name: string;
  behaviour: Behaviour;
  tenant: string;
  event_types: readonly string[];
}

export interface Case {
  name: string;
  about: string;
  /** Posted in every stretch, beside what the healthy subscribers get, who want none of it. */
  beside: { tenant: string; event_type: string; perSecond: number };
  troublemakers: readonly Troublemaker[];
}

export const TENANT = 'here';
const ELSEWHERE = 'elsewhere';

/** What the healthy subscribers want. */
export const HEALTHY_TYPES = ['Guest.Created', 'Guest.Updated', 'Guest.Deleted', 'Guest.OptedOut', 'Invoice.Closed'];
export const PER_SECOND_A_TYPE = 1;
/** Of a group of theirs, so that it shares their lane however those are planned. */
const OTHER_TYPE = 'Guest.Membership.Freeze';
const FLOOD = 50;

const mixed: Case = {
  name: 'mixed',
  about: `one hangs, one is dead, one works for 2 s and fails for 2 s, one is flooded ${FLOOD} times as fast`,
  beside: { tenant: TENANT, event_type: OTHER_TYPE, perSecond: FLOOD * PER_SECOND_A_TYPE },
  troublemakers: [
    { name: 'hung', behaviour: 'hangs', tenant: TENANT, event_types: HEALTHY_TYPES },
    { name: 'dead', behaviour: 'refuses connections', tenant: TENANT, event_types: HEALTHY_TYPES },
    { name: 'flapping', behaviour: 'flaps', tenant: TENANT, event_types: HEALTHY_TYPES },
    { name: 'flooded', behaviour: 'works', tenant: TENANT, event_types: [OTHER_TYPE] },
  ],
};

/** One that hangs in the healthy ones' tenant gets events of theirs first: it shares messages with them until it is known. */
function hungHere(perSecond: number): Case {
  const shared = HEALTHY_TYPES.slice(0, perSecond / PER_SECOND_A_TYPE);
  return {
    name: `hung-${perSecond}`,
    about: `one hangs, at ${perSecond} events a second`,
    beside: { tenant: TENANT, event_type: OTHER_TYPE, perSecond: perSecond - shared.length * PER_SECOND_A_TYPE },
    troublemakers: [{ name: 'hung', behaviour: 'hangs', tenant: TENANT, event_types: [...shared, OTHER_TYPE] }],
  };
}

const hungElsewhere = (perSecond: number): Case => ({
  name: `elsewhere-${perSecond}`,
  about: `one of another tenant hangs, at ${perSecond} events a second`,
  beside: { tenant: ELSEWHERE, event_type: OTHER_TYPE, perSecond },
  troublemakers: [{ name: 'hung', behaviour: 'hangs', tenant: ELSEWHERE, event_types: [OTHER_TYPE] }],
});

const RATES = [3, 10, 20, 100];

export const CASES: readonly [Case, ...Case[]] = [mixed, ...RATES.map(hungHere), ...RATES.map(hungElsewhere)];
