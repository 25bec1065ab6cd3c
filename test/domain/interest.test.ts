import { OPERATIONAL_GROUP, OPERATIONAL_TYPES } from '../../shared/catalogue/operational.ts';
import { describe, expect, test } from '@jest/globals';
import { interestsIn, knownWishes, takes } from '../../shared/domain/interest.ts';

const FREEZE = { type: 'Guest.Membership.Freeze', group: 'GuestMembership' };
const CREATED = { type: 'Guest.Created', group: 'Guest' };
const REDEEMED = { type: 'Guestpass.redeemed', group: 'GuestPackage' };
const PLAIN = { type: 'shipped', group: 'Order' };

describe('a wish', () => {
  test.each([
    ['an exact type takes it', 'Guest.Created', CREATED, true],
    ['an exact type takes no other', 'Guest.Created', FREEZE, false],
    ['a prefix takes what is one level below', 'Guest.*', CREATED, true],
    ['a prefix takes what is two levels below', 'Guest.*', FREEZE, true],
    ['a longer prefix takes what is below it', 'Guest.Membership.*', FREEZE, true],
    ['a longer prefix takes nothing beside it', 'Guest.Membership.*', CREATED, false],
    ['a prefix ends at a dot, not inside a word', 'Guest.*', REDEEMED, false],
    ['a prefix takes no type that is only its own name', 'shipped.*', PLAIN, false],
    ['a prefix does not take its own dot away', 'Guest.Created.*', CREATED, false],
    ['a group takes what belongs to it, whatever it is called', 'group:GuestPackage', REDEEMED, true],
    ['a group takes nothing else, whatever it is called', 'group:Guest', FREEZE, false],
    ['a group is no prefix', 'group:Guest.*', CREATED, false],
    ['the star takes everything', '*', REDEEMED, true],
    ['the star takes a type without a dot', '*', PLAIN, true],
    ['capitals count', 'guest.created', CREATED, false],
    ['a star in the middle means nothing', 'Guest.*.Freeze', FREEZE, false],
    ['a star inside a word means nothing', 'Guest*', CREATED, false],
    ['a group needs its prefix', 'GuestPackage', REDEEMED, false],
  ])('%s', (_, wish, event, expected) => {
    expect(takes([wish], event)).toBe(expected);
  });

  test('among others is enough', () => {
    expect(takes(['Invoice.Closed', 'group:Class', 'Guest.Created'], CREATED)).toBe(true);
    expect(takes(['Invoice.Closed', 'group:Class'], CREATED)).toBe(false);
    expect(takes([], CREATED)).toBe(false);
  });
});

test('an event is looked for under every wish that takes it, the narrowest first', () => {
  expect(interestsIn(FREEZE.type, FREEZE.group)).toEqual([
    'Guest.Membership.Freeze',
    'Guest.Membership.*',
    'Guest.*',
    'group:GuestMembership',
    '*',
  ]);
  expect(interestsIn('shipped', 'Order')).toEqual(['shipped', 'group:Order', '*']);
});

test('the wishes of a catalogue are its types, their prefixes, its groups, the star and our own notices', () => {
  const groupOf = new Map([CREATED, FREEZE, PLAIN].map(({ type, group }) => [type, group]));
  expect([...knownWishes(groupOf)].toSorted()).toEqual(
    [
      '*',
      'Guest.*',
      'Guest.Created',
      'Guest.Membership.*',
      'Guest.Membership.Freeze',
      'group:Guest',
      'group:GuestMembership',
      'group:Order',
      'shipped',
      ...Object.keys(OPERATIONAL_TYPES),
    ].toSorted(),
  );
});

test('what the service tells of itself is named exactly, and is not meant by whoever wants everything', () => {
  const notice = { type: 'Subscription.Disabled', group: OPERATIONAL_GROUP };
  expect(interestsIn(notice.type, notice.group)).toEqual(['Subscription.Disabled']);
  expect(takes(['Subscription.Disabled'], notice)).toBe(true);
  expect(takes(['*', 'Subscription.*', `group:${OPERATIONAL_GROUP}`], notice)).toBe(false);
});
