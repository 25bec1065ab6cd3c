/*
 * The language of event patterns as JSON Schema 2020-12: what `filter.ts` takes, for readers and generated clients. It is narrower in
 * three places that JSON Schema cannot say: ranges of `numeric`, IPv6 in `cidr`, and the limits of size, depth and branches.
 */

const TEXT = { type: 'string' } as const;
const OCTET = '(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])';
const WILDCARD = { type: 'string', pattern: '^\\*?(?:(?:[^*\\\\]|\\\\[*\\\\])+\\*?)*$' } as const;

const operator = (name: string, operand: object) => ({
  type: 'object',
  title: name,
  required: [name],
  properties: { [name]: operand },
  additionalProperties: false,
});

const some = (items: object) => ({ type: 'array', minItems: 1, items });
const oneOrSome = (item: object) => ({ anyOf: [item, some(item)] });
const orInAnyCase = { anyOf: [TEXT, operator('equals-ignore-case', TEXT)] };
const NOT_EMPTY = { type: 'string', minLength: 1 } as const;

const OPERATORS = [
  operator('prefix', orInAnyCase),
  operator('suffix', orInAnyCase),
  operator('equals-ignore-case', TEXT),
  operator('wildcard', WILDCARD),
  operator('exactly', TEXT),
  operator('exists', { type: 'boolean' }),
  operator('cidr', { type: 'string', pattern: `^${OCTET}(?:\\.${OCTET}){3}/(?:[12]?[0-9]|3[01])$` }),
  operator('numeric', {
    type: 'array',
    description: 'A comparison as ["<", 5]; a range as [">=", 0, "<", 10] is taken as well.',
    items: { type: ['string', 'number'] },
    prefixItems: [{ enum: ['=', '<', '<=', '>', '>='] }, { type: 'number' }],
    minItems: 2,
    maxItems: 2,
  }),
  operator('anything-but', {
    anyOf: [
      oneOrSome(TEXT),
      oneOrSome({ type: 'number' }),
      operator('prefix', oneOrSome(NOT_EMPTY)),
      operator('suffix', oneOrSome(NOT_EMPTY)),
      operator('equals-ignore-case', oneOrSome(TEXT)),
      operator('wildcard', oneOrSome(WILDCARD)),
    ],
  }),
];

/** Keywords for the schema of a filter. `self` is where it stands, for a pattern holds patterns. */
export const filterKeywords = (self: string) => ({
  minProperties: 1,
  properties: {
    $or: { type: 'array', minItems: 2, items: { $ref: self }, description: 'One of these at least.' },
  },
  additionalProperties: {
    anyOf: [
      { $ref: self },
      some({ anyOf: [TEXT, { type: 'number' }, { type: 'boolean' }, { type: 'null' }, ...OPERATORS] }),
    ],
  },
});
