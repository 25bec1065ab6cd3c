import { expect, test } from '@jest/globals';
import * as z from 'zod';
import { defineCatalogue } from '../../shared/catalogue/define.ts';
import { OPERATIONAL_GROUP, OPERATIONAL_TYPES } from '../../shared/catalogue/operational.ts';
import { Job } from '../../shared/domain/job.ts';

const type = (group: string) => ({
  group,
  description: 'x',
  schema: z.looseObject({}),
  sample: {},
  sampleSource: 'completed' as const,
  nameSource: 'proposed' as const,
});

test.each(Object.keys(OPERATIONAL_TYPES))('no catalogue can define %s', (name) => {
  const catalogue = { groups: { Order: { description: 'x' } }, eventTypes: { [name]: type('Order') } };
  expect(() => defineCatalogue(catalogue)).toThrow(`event type ${name}: the name is that of a notice of ours`);
});

test('no catalogue can define their group', () => {
  const catalogue = { groups: { [OPERATIONAL_GROUP]: { description: 'x' } }, eventTypes: {} };
  expect(() => defineCatalogue(catalogue)).toThrow(`group ${OPERATIONAL_GROUP}: the name is that of our own notices`);
});

test('names that are only like them are free', () => {
  const eventTypes = { 'Subscription.Renewed': type('Operation'), 'Subscription.Disabled.Again': type('Operation') };
  const catalogue = { groups: { Operation: { description: 'x' } }, eventTypes };
  expect(defineCatalogue(catalogue)).toBe(catalogue);
});

test.each(Object.entries(OPERATIONAL_TYPES))(
  'the sweep can be asked to tell of %s, with data such as its sample',
  (event_type, { sample }) => {
    const notice = {
      v: 1,
      kind: 'notice',
      tenant: 't_1',
      subscription_id: 'sub_1',
      id: 'x',
      event_type,
      at: '2026-03-04T09:00:00.000Z',
      data: sample,
    };
    expect(Job.parse(notice)).toEqual(notice);
  },
);
