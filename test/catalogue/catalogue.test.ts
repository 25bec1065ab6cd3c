import { describe, expect, test } from '@jest/globals';
import * as z from 'zod';
import { faultsOf } from '../../shared/runtime/parse.ts';
import catalogue from '#catalogue';
import type { EventType } from '../../shared/catalogue/define.ts';
import { members, type Path, published, publishedFile, withMember, withoutMember } from '../support/published.ts';

const LISTED = {
  Invoice: ['Invoice.Closed'],
  Guest: ['Guest.Created', 'Guest.Updated', 'Guest.Deleted'],
  Class: [
    'Class.Schedule.Created',
    'Class.Schedule.Updated',
    'Class.Schedule.Cancelled',
    'Class.Schedule.Deleted',
    'Class.Booking.Created',
    'Class.Booking.Cancelled',
    'Class.Booking.Deleted',
    'Class.Booking.Approved',
    'Class.Booking.NoShow',
    'Class.Booking.Rejected',
  ],
  GuestMembership: [
    'Guest.Membership.Created',
    'Guest.Membership.Freeze',
    'Guest.Membership.Unfreeze',
    'Guest.Membership.Cancelled',
    'Guest.Membership.Reinstate',
  ],
  GuestPackage: [
    'Guest.Package.Creation',
    'Guest.Package.Redemption',
    'Guest.Package.RedemptionReversal',
    'Guest.Package.StatusUpdate',
    'Guest.Package.ValidityUpdate',
  ],
  Appointment: ['Appointment.Started', 'Appointment.Completed', 'Appointment.Feedback.Created'],
  AppointmentGroup: ['AppointmentGroup.Created', 'AppointmentGroup.Status'],
  Employee: ['Employee.Deleted', 'Employee.Created', 'Employee.Updated'],
};

const UNLISTED = {
  Guest: ['Guest.OptedIn', 'Guest.OptedOut', 'Guest.Merged'],
  GuestMembership: ['Guestpass.redeemed'],
  AppointmentGroup: ['AppointmentGroup.Updated', 'AppointmentGroup.Delete'],
};

const named = (groups: Record<string, string[]>) =>
  Object.entries(groups).flatMap(([group, names]) => names.map((name) => ({ name, group })));

const types = Object.entries(catalogue.eventTypes).map(([name, type]) => ({ name, ...type }));

function typeNamed(name: string): EventType {
  const type = catalogue.eventTypes[name];
  if (type === undefined) throw new Error(`no type ${name}`);
  return type;
}

/** Where the schema finds fault: nowhere, if it accepts. */
/** As a publisher is told: through what turns a schema's issues into pointers. */
const faultsIn = (name: string, data: unknown): { pointer: string; detail: string }[] => {
  const { error } = typeNamed(name).schema.safeParse(data);
  return error === undefined ? [] : faultsOf(error).filter((fault) => 'pointer' in fault);
};

const faults = (name: string, data: unknown): string[] =>
  faultsIn(name, data).map(({ pointer }) => pointer.slice(1).replaceAll('/', '.'));

const ACCEPTED: string[] = [];

describe('what is in it', () => {
  test('the eight groups', () => {
    expect(Object.keys(catalogue.groups).sort()).toEqual(Object.keys(LISTED).sort());
  });

  test('the 32 types of the provider’s list and six others, each in its group', () => {
    const expected = [...named(LISTED), ...named(UNLISTED)];
    const byName = (a: { name: string }, b: { name: string }) => a.name.localeCompare(b.name);
    expect(named(LISTED)).toHaveLength(32);
    expect(types).toHaveLength(38);
    expect(types.map(({ name, group }) => ({ name, group })).sort(byName)).toEqual(expected.sort(byName));
  });

  test('a group’s resource is the one that the published envelopes name', () => {
    const resources = Object.entries(catalogue.groups).map(([group, { resource }]) => [group, resource]);
    expect(Object.fromEntries(resources)).toEqual({
      Invoice: 'Invoice',
      Guest: 'Guest',
      Class: 'Class',
      GuestMembership: 'Guest',
      GuestPackage: 'Guest',
      Appointment: 'Appointment',
      AppointmentGroup: 'AppointmentGroup',
      Employee: 'Employee',
    });
  });

  test('everything is described', () => {
    const described = [...types, ...Object.values(catalogue.groups)].map(({ description }) => description);
    for (const description of described) expect(description).toMatch(/^[A-Z].{10,}\.$/);
  });

  test('a name is called proposed where no document shows it', () => {
    const proposed = types.filter(({ nameSource }) => nameSource === 'proposed').map(({ name }) => name);
    expect(proposed.sort()).toEqual([
      'Appointment.Completed',
      'Appointment.Feedback.Created',
      'Appointment.Started',
      'AppointmentGroup.Delete',
      'AppointmentGroup.Updated',
      'Class.Booking.Approved',
      'Class.Booking.Rejected',
      'Guest.Membership.Cancelled',
      'Guest.Membership.Freeze',
      'Guest.Membership.Reinstate',
      'Guest.Membership.Unfreeze',
      'Guest.Merged',
      'Guest.Package.Creation',
      'Guest.Package.Redemption',
      'Guest.Package.RedemptionReversal',
      'Guest.Package.StatusUpdate',
      'Guest.Package.ValidityUpdate',
    ]);
  });

  test('a sample is called completed where the published one is cut off, a template or missing', () => {
    const completed = types.filter(({ sampleSource }) => sampleSource === 'completed').map(({ name }) => name);
    expect(completed.sort()).toEqual([
      'AppointmentGroup.Delete',
      'Guest.Membership.Created',
      'Guest.Merged',
      'Guest.OptedIn',
      'Guest.OptedOut',
      'Guest.Package.Creation',
      'Invoice.Closed',
    ]);
  });

  test.each(types.filter(({ sampleSource }) => sampleSource === 'published'))(
    'the sample of $name is what was published',
    ({ name, sample }) => {
      const publications = published.filter(({ type }) => type === name).map(({ data }) => data);
      expect(publications).toContainEqual(sample);
    },
  );

  test.each(types)('the sample of $name passes', ({ name, sample }) => {
    expect(faults(name, sample)).toEqual(ACCEPTED);
  });
});

describe('what was published', () => {
  test('is all here', () => {
    expect(published).toHaveLength(37);
  });

  test.each(published)('$file is accepted', ({ type, data }) => {
    expect(faults(type, data)).toEqual(ACCEPTED);
  });
});

/** The members without which an event names nothing. `*` is each element of a list. */
function identity(name: string): string[] {
  if (name === 'Invoice.Closed') return ['invoice', 'invoice.id', 'invoice.appointments.*.id'];
  if (name === 'Appointment.Feedback.Created') return ['appointment_group_id'];
  if (name.startsWith('Appointment')) return ['appointment_group_id', 'appointments.*.id'];
  if (name.startsWith('Class.Schedule.')) return ['sesion_id'];
  if (name.startsWith('Class.Booking.')) return ['session_id'];
  if (name.startsWith('Guest.Membership.')) return ['user_membership_id'];
  if (name.startsWith('Guest.Package.')) return ['user_package_id'];
  return ['id'];
}

const spell = (path: Path): string => path.map((step) => (typeof step === 'number' ? '*' : step)).join('.');
const isIdentity = (name: string, path: Path): boolean => identity(name).includes(spell(path));

/** The provider's spellings of "none", as they stand in what it published. */
const NONE = [null, '', -1, '0', '0001-01-01T00:00:00', '00000000-0000-0000-0000-000000000000'];

describe('what may be absent', () => {
  test.each(published)('every member of $file but its identity, in every spelling', ({ type, data }) => {
    for (const { path } of members(data).filter(({ path }) => !isIdentity(type, path))) {
      expect({ path, faults: faults(type, withoutMember(data, path)) }).toEqual({ path, faults: ACCEPTED });
      for (const none of NONE) {
        const changed = withMember(data, path, none);
        expect({ path, none, faults: faults(type, changed) }).toEqual({ path, none, faults: ACCEPTED });
      }
    }
  });
});

describe('what may not', () => {
  const required = types.flatMap(({ name, sample }) =>
    members(sample)
      .filter(({ path }) => isIdentity(name, path))
      .map(({ path }) => ({ name, path, at: path.join('.'), sample })),
  );

  test('each type has an identity', () => {
    expect(new Set(required.map(({ name }) => name)).size).toBe(38);
  });

  test.each(required)('$name without $at is refused there', ({ name, path, at, sample }) => {
    expect(faults(name, withoutMember(sample, path))).toEqual([at]);
    expect(faults(name, withMember(sample, path, null))).toEqual([at]);
    expect(faults(name, withMember(sample, path, ''))).toEqual([at]);
    expect(faults(name, withMember(sample, path, false))).toEqual([at]);
  });

  test.each(types)('$name with data that is no object is refused', ({ name }) => {
    for (const data of [undefined, null, '', 'text', 1, true, [], [{}]]) expect(faults(name, data)).toEqual(['']);
  });
});

describe('scalar types', () => {
  /** Seen, or to be expected, both as a string and as a number. */
  const EITHER = new Set(['number', 'country_code', '_id']);
  const isTyped = (value: unknown): boolean =>
    ['string', 'number', 'boolean'].includes(typeof value) && !NONE.some((none) => none === value);

  function wrongValues(name: string, value: unknown): unknown[] {
    if (typeof value === 'boolean') return ['true', 1, {}];
    if (EITHER.has(name)) return [true, {}];
    return typeof value === 'number' ? ['12', 'many', true] : [12, true, ['text']];
  }

  const completed = types.filter(({ sampleSource }) => sampleSource === 'completed');
  const samples = completed.map(({ name, sample }) => ({ file: `the sample of ${name}`, type: name, data: sample }));

  test.each([...published, ...samples])('$file is held to its scalar types, member by member', ({ type, data }) => {
    for (const { path, value } of members(data).filter(({ value }) => isTyped(value))) {
      for (const wrong of wrongValues(String(path.at(-1)), value)) {
        const found = faults(type, withMember(data, path, wrong));
        expect({ path, wrong, found }).toEqual({ path, wrong, found: [path.join('.')] });
      }
    }
  });
});

const phone = (value: unknown) =>
  withMember(typeNamed('Guest.Created').sample, ['personal_info', 'mobile_phone'], value);
const added = (name: string, path: Path, value: unknown) => withMember(typeNamed(name).sample, path, value);

test.each([
  ['a member nobody has seen', 'Guest.Created', added('Guest.Created', ['loyalty'], { tier: 'gold' })],
  ['a member nobody has seen, deeper', 'Invoice.Closed', added('Invoice.Closed', ['invoice', 'guest', 'age'], 41)],
  [
    'the e-mail by its other name',
    'Invoice.Closed',
    added('Invoice.Closed', ['invoice', 'guest', 'email'], 'a@b.example'),
  ],
  [
    'a refund’s negative amount',
    'Invoice.Closed',
    added('Invoice.Closed', ['invoice', 'total_price', 'sum_total'], -488.5),
  ],
  ['an id beyond 2^53', 'Guest.Created', added('Guest.Created', ['_id'], JSON.parse('820982911946154508'))],
  [
    'a session beyond 2^53',
    'Class.Booking.Created',
    added('Class.Booking.Created', ['session_id'], JSON.parse('9007199254740993')),
  ],
  ['a number with an exponent', 'Guest.Created', added('Guest.Created', ['_id'], JSON.parse('1.0e21'))],
  ['no phone', 'Guest.Created', phone(undefined)],
  ['a phone that is null', 'Guest.Created', phone(null)],
  ['a phone that is a string', 'Guest.Created', phone('+1 5550100000')],
  ['a phone with a code', 'Guest.Created', phone({ phone_code: '+1', number: '5550100000' })],
  ['a phone with a country', 'Guest.Created', phone({ country_code: 1, number: '5550100000' })],
  ['a phone with an integer for a number', 'Guest.Created', phone({ country_code: 91, number: 5550100000 })],
  ['the first shape of feedback', 'Appointment.Feedback.Created', publishedFile('Appointment.Feedback.Created.v1')],
  ['the second shape of feedback', 'Appointment.Feedback.Created', publishedFile('Appointment.Feedback.Created.v2')],
  ['a group left without appointments', 'AppointmentGroup.Updated', publishedFile('AppointmentGroup.Updated.emptied')],
  ['an upper-case guid', 'Guest.Created', added('Guest.Created', ['id'], 'FEED0001-0000-4000-8000-000000000001')],
  ['an id that is no guid', 'Guest.Created', added('Guest.Created', ['id'], 'g-1')],
  [
    'a time with seven digits',
    'Guest.Created',
    added('Guest.Created', ['created_date'], '2022-03-11T14:59:50.8745837Z'),
  ],
  ['a time without a zone', 'Guest.Created', added('Guest.Created', ['created_date'], '2022-03-11T14:59:50')],
  ['a time with a space', 'Guest.Created', added('Guest.Created', ['created_date'], '2022-03-01 20:00:00.000')],
])('%s is accepted', (_, name, data) => {
  expect(faults(name, data)).toEqual(ACCEPTED);
});

test.each([
  ['an invoice beside its wrapper', 'Invoice.Closed', { id: 'i_1' }, ['invoice']],
  ['a phone that is a number', 'Guest.Created', phone(5550100000), ['personal_info.mobile_phone']],
  ['a phone whose number is a yes', 'Guest.Created', phone({ number: true }), ['personal_info.mobile_phone.number']],
  [
    'a guest that is a string',
    'Invoice.Closed',
    added('Invoice.Closed', ['invoice', 'guest'], 'Alex'),
    ['invoice.guest'],
  ],
  [
    'a list that is an object',
    'Invoice.Closed',
    added('Invoice.Closed', ['invoice', 'invoice_items'], {}),
    ['invoice.invoice_items'],
  ],
  [
    'an item that is a string',
    'Invoice.Closed',
    added('Invoice.Closed', ['invoice', 'invoice_items', 1], 'x'),
    ['invoice.invoice_items.1'],
  ],
  [
    'a rating in words',
    'Appointment.Feedback.Created',
    added('Appointment.Feedback.Created', ['rating_value'], 'good'),
    ['rating_value'],
  ],
  [
    'a rating in words, in the first shape',
    'Appointment.Feedback.Created',
    withMember(publishedFile('Appointment.Feedback.Created.v1'), ['rating_value', 'service'], 'good'),
    ['rating_value.service'],
  ],
  ['a session by the booking’s spelling', 'Class.Schedule.Created', { session_id: 89604 }, ['sesion_id']],
  ['a booking by the session’s spelling', 'Class.Booking.Created', { sesion_id: 89607 }, ['session_id']],
  [
    'two faults, both',
    'Guest.Created',
    { _id: 'x', personal_info: { is_minor: 'no' } },
    ['id', '_id', 'personal_info.is_minor'],
  ],
])('%s is refused, with the place', (_, name, data, places) => {
  expect(faults(name, data)).toEqual(places);
});

test('a refusal says what was expected, as it would without the spellings of none', () => {
  const { sample } = typeNamed('Employee.Created');
  expect(faultsIn('Employee.Created', withMember(sample, ['personal_info', 'gender'], 'female'))).toEqual([
    { pointer: '/personal_info/gender', detail: 'Invalid input: expected number, received string' },
  ]);
});

describe('as JSON Schema', () => {
  const Shown = z.looseObject({ $schema: z.string(), type: z.string(), required: z.array(z.string()) });
  const shown = (name: string) => z.toJSONSchema(typeNamed(name).schema);

  test.each(types)('$name is an open object that requires its identity', ({ name }) => {
    const { $schema, type, required } = Shown.parse(shown(name));
    expect($schema).toBe('https://json-schema.org/draft/2020-12/schema');
    expect(type).toBe('object');
    expect(required).toEqual(identity(name).filter((member) => !member.includes('.') && required.includes(member)));
    expect(required).not.toHaveLength(0);
  });

  test.each(types)('$name has no word that only zod knows, and refuses no added member', ({ name }) => {
    const words = JSON.stringify(shown(name)).match(
      /"(format|pattern|additionalProperties":false|not|allOf|\$ref|\$defs)"/g,
    );
    expect(words).toBeNull();
  });

  test.each(published)('$file is judged by it as by the catalogue', ({ type, data }) => {
    const judge = z.fromJSONSchema(JSON.parse(JSON.stringify(shown(type))));
    expect(judge.safeParse(data).success).toBe(true);
    for (const { path } of members(data)) {
      for (const other of [...NONE, true, 'text', 12, {}, []]) {
        const changed = withMember(data, path, other);
        const verdict = judge.safeParse(changed).success;
        expect({ path, other, verdict }).toEqual({ path, other, verdict: faults(type, changed).length === 0 });
      }
    }
  });

  test.each([
    ['Class.Schedule.Created', 'sesion_id'],
    ['Class.Schedule.Created', 'num_occurences'],
    ['Appointment.Started', 'serviceduration_in_miutes'],
    ['Appointment.Started', 'TherapistId'],
    ['AppointmentGroup.Created', 'center_Name'],
    ['Guest.Created', 'recieve_lp_stmt'],
    ['Guest.Membership.Created', 'frequncy'],
    ['Guest.Membership.Created', 'transfered'],
    ['Guest.Membership.Created', 'is_dicount_only_membership'],
    ['Guest.Membership.Created', 'T&C'],
    ['Employee.Created', 'is_elgible_for_additional_commision_bonus'],
  ])('%s keeps the provider’s spelling %s', (name, member) => {
    expect(JSON.stringify(shown(name))).toContain(`"${member}":`);
  });

  test.each(published)('every member of $file is named in it', ({ type, data }) => {
    const text = JSON.stringify(shown(type));
    for (const { path } of members(data)) expect(text).toContain(`"${String(path.at(-1))}":`);
  });
});

test('StatusUpdate and ValidityUpdate are told apart by their type alone', () => {
  expect(typeNamed('Guest.Package.StatusUpdate').schema).toBe(typeNamed('Guest.Package.ValidityUpdate').schema);
});
