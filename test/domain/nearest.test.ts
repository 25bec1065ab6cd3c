import { expect, test } from '@jest/globals';
import { nearest } from '../../shared/domain/nearest.ts';

const TYPES = ['Guest.Created', 'Guest.Updated', 'Guest.Deleted', 'Invoice.Closed', 'Guest.*', '*'];

test.each([
  ['the word itself', 'Invoice.Closed', 'Invoice.Closed'],
  ['one letter too few', 'Invoice.Close', 'Invoice.Closed'],
  ['one letter too many', 'Guest.Createdd', 'Guest.Created'],
  ['one letter wrong', 'Guest.Crested', 'Guest.Created'],
  ['a missing dot', 'InvoiceClosed', 'Invoice.Closed'],
  ['capitals and small letters mixed up', 'INVOICE.closed', 'Invoice.Closed'],
  ['letters that changed places', 'Guest.Udpated', 'Guest.Updated'],
  ['a forgotten star', 'Guest.', 'Guest.*'],
  ['nothing at all', '', '*'],
])('after %s the nearest is found', (_, wanted, expected) => {
  expect(nearest(wanted, TYPES)).toBe(expected);
});

test('of two that are as near, the first is taken', () => {
  expect(nearest('b', ['a', 'c'])).toBe('a');
  expect(nearest('b', ['c', 'a'])).toBe('c');
});

test('among no words there is none', () => {
  expect(nearest('Guest.Created', [])).toBeUndefined();
});

test('a megabyte is compared by its beginning', () => {
  expect(nearest(`Guest.Created${'x'.repeat(1_000_000)}`, ['x'.repeat(187), 'Guest.Created'])).toBe('x'.repeat(187));
});
