import { expect, test } from '@jest/globals';
import { z } from 'zod';
import { type Catalogue, defineCatalogue, type EventType } from '../../shared/catalogue/define.ts';

const type = (changes: Partial<EventType> = {}): EventType => ({
  group: 'Order',
  description: 'An order left the warehouse.',
  schema: z.looseObject({ id: z.string(), lines: z.array(z.looseObject({ count: z.number() })).optional() }),
  sample: { id: 'o_1' },
  sampleSource: 'completed',
  nameSource: 'proposed',
  ...changes,
});

const withTypes = (eventTypes: Catalogue['eventTypes']): Catalogue => ({
  groups: { Order: { description: 'Orders.' }, Returns_2: { description: 'What comes back.', resource: null } },
  eventTypes,
});

test('a catalogue without a fault comes back as it is', () => {
  const catalogue = withTypes({
    'Order.Shipped': type(),
    'Order.line_2.Added': type(),
    shipped: type({ group: 'Returns_2' }),
  });
  expect(defineCatalogue(catalogue)).toBe(catalogue);
});

test.each([
  '',
  '.',
  'Order.',
  '.Shipped',
  'Order..Shipped',
  'Order.Ship ped',
  'Order-Shipped',
  'Order.*',
  'Ördér',
  'Order\n',
])('a type cannot be called %j', (name) => {
  expect(() => defineCatalogue(withTypes({ [name]: type() }))).toThrow(
    `event type "${name}": a name is letters, digits and _, with dots between the words`,
  );
});

test.each(['', 'Order.Line', 'Order Line', 'group:Order', 'Größe', 'Order\n'])(
  'a group cannot be called %j',
  (name) => {
    const catalogue = {
      groups: { [name]: { description: 'Orders.' } },
      eventTypes: { Shipped: type({ group: name }) },
    };
    expect(() => defineCatalogue(catalogue)).toThrow(`group "${name}": a name is letters, digits and _`);
  },
);

test.each(['order', 'Invoice', 'toString', ''])('a type cannot belong to %j, which nobody declared', (group) => {
  expect(() => defineCatalogue(withTypes({ 'Order.Shipped': type({ group }) }))).toThrow(
    `event type Order.Shipped: group "${group}" is not declared; declared are Order, Returns_2`,
  );
});

test.each([
  ['a member is missing', {}, 'data.id: Invalid input: expected string, received undefined'],
  [
    'a member deep inside is wrong',
    { id: 'o_1', lines: [{ count: '2' }] },
    'data.lines.0.count: Invalid input: expected number, received string',
  ],
  ['it is no object', null, 'data: Invalid input: expected object, received null'],
])('a sample that its own schema refuses is refused: %s', (_, sample, fault) => {
  expect(() => defineCatalogue(withTypes({ 'Order.Shipped': type({ sample }) }))).toThrow(
    `event type Order.Shipped: its schema refuses its sample: ${fault}`,
  );
});

test('every fault is told at once', () => {
  const catalogue = withTypes({
    'Order Shipped': type({ group: 'Orders', sample: {} }),
    'Order.Packed': type({ sample: 1 }),
  });
  const tell = () => defineCatalogue({ ...catalogue, groups: { ...catalogue.groups, 'a b': { description: 'Bad.' } } });
  expect(tell).toThrow(
    [
      'The catalogue is not valid:',
      'group "a b": a name is letters, digits and _',
      'event type Order Shipped: group "Orders" is not declared; declared are Order, Returns_2, a b',
      'event type "Order Shipped": a name is letters, digits and _, with dots between the words',
      'event type Order Shipped: its schema refuses its sample: data.id: Invalid input: expected string, received undefined',
      'event type Order.Packed: its schema refuses its sample: data: Invalid input: expected object, received number',
    ].join('\n- '),
  );
});
