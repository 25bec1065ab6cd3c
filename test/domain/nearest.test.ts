import { expect, test } from '@jest/globals';
import { nearest } from '../../shared/domain/nearest.ts';
import { seeded } from '../support/seeded.ts';

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

/** The number of edits as it is defined, character by character. */
function edits(a: string, b: string): number {
  if (a === '' || b === '') return a.length + b.length;
  const [restA, restB] = [a.slice(1), b.slice(1)];
  if (a[0] === b[0]) return edits(restA, restB);
  return 1 + Math.min(edits(restA, restB), edits(restA, b), edits(a, restB));
}

test('no other word is nearer than the one that is found', () => {
  for (let seed = 1; seed <= 200; seed++) {
    const chance = seeded(seed);
    const word = (): string => Array.from({ length: chance.below(7) }, () => chance.pick(['a', 'b', 'c'])).join('');
    const [wanted, words] = [word(), Array.from({ length: 5 }, word)];
    const found = nearest(wanted, words) ?? 'none';
    const fewest = Math.min(...words.map((each) => edits(wanted, each)));
    expect({ seed, wanted, words, found, edits: edits(wanted, found) }).toEqual({
      seed,
      wanted,
      words,
      found,
      edits: fewest,
    });
  }
});

test('of two that are as near, the first is taken', () => {
  expect(nearest('b', ['a', 'c'])).toBe('a');
  expect(nearest('b', ['c', 'a'])).toBe('c');
});

test('among no words there is none', () => {
  expect(nearest('Guest.Created', [])).toBeUndefined();
});

test('a megabyte is compared by its first 200 characters', () => {
  const start = 'x'.repeat(200);
  expect(nearest(start.repeat(5_000), [`${start}x`, start, start.slice(1)])).toBe(start);
});
