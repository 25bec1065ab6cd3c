import { expect, test } from '@jest/globals';
import { indented } from '../../portal/json-text.ts';

test.each([
  ['{"a":1,"b":[true,null]}'],
  ['{"number":820982911946154508123456789,"price":199.00,"small":1e-400}'],
  ['{"empty":{},"none":[],"text":"{\\"not\\": [1, 2]}, \\\\"}'],
  ['[]'],
  ['"text"'],
  ['-0.10'],
])('%s has the same tokens on lines of its own', (text) => {
  const shown = indented(text);
  expect(shown.replaceAll(/\n */g, '').replaceAll('": ', '":')).toBe(text.replaceAll('": ', '":'));
  expect(JSON.parse(shown)).toEqual(JSON.parse(text));
});

test('it looks as printed JSON does', () => {
  const value = { a: 1, b: [1, { c: '' }], d: {}, e: [] };
  expect(indented(JSON.stringify(value))).toBe(JSON.stringify(value, null, 2));
});
