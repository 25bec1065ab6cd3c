/**
 * Patterns of the probe's rules, for the detail alone. None has a `null` in it: CloudFormation refuses templates that hold one.
 * https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html
 */
export const DETAIL_PATTERNS = {
  exact: { state: ['open', 'new'] },
  empty: { note: [''] },
  present: { note: [{ exists: true }] },
  missing: { note: [{ exists: false }] },
  boolean: { paid: [true] },
  number: { amount: [100] },
  numeric: { amount: [{ numeric: ['>', 0, '<=', 100] }] },
  prefix: { state: [{ prefix: 'o' }] },
  suffix: { state: [{ suffix: 'n' }] },
  'ignore-case': { state: [{ 'equals-ignore-case': 'OPEN' }] },
  wildcard: { state: [{ wildcard: 'o*n' }] },
  'anything-but': { state: [{ 'anything-but': ['closed', 'new'] }] },
  'anything-but-prefix': { state: [{ 'anything-but': { prefix: 'cl' } }] },
  nested: { customer: { address: { city: ['Oslo'] } } },
  'nested-missing': { customer: { address: [{ exists: false }] } },
  array: { tags: ['vip'] },
  'array-missing': { tags: [{ exists: false }] },
  elements: { lines: { sku: ['A1'], quantity: [{ numeric: ['>', 5] }] } },
  or: { $or: [{ state: ['open'] }, { amount: [{ numeric: ['>', 500] }] }] },
  'and-or': { paid: [true], $or: [{ tags: ['vip'] }, { note: [{ exists: true }] }] },
} as const;

export type PatternName = keyof typeof DETAIL_PATTERNS;
