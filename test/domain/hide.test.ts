import { expect, test } from '@jest/globals';
import { withoutValues } from '../../shared/domain/hide.ts';

test.each([
  ['a value', 'got k-12345678, thanks', ['k-12345678'], 'got ***, thanks'],
  ['a value wherever it stands', 'k-12345678k-12345678', ['k-12345678'], '******'],
  ['a token without its scheme', '{"token":"abcdef123"}', ['Bearer abcdef123'], '{"token":"***"}'],
  ['a value as JSON spells it', String.raw`{"x":"a\"b\\cdef"}`, [String.raw`a"b\cdef`], '{"x":"***"}'],
  ['the longer of two first', 'secret-one-two', ['secret-one', 'secret-one-two'], '***'],
  ['what the cut left of it', '{"x-api-key":"k-1234', ['k-12345678'], '{"x-api-key":"***'],
  ['nothing where there is nothing', 'all is well', ['k-12345678'], 'all is well'],
  ['nothing so short that it tells nothing', 'a 1 and a 2', ['1', '2'], 'a 1 and a 2'],
])('hides %s', (_, excerpt, values, shown) => {
  expect(withoutValues(excerpt, values)).toBe(shown);
});
