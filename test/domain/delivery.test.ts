import { describe, expect, test } from '@jest/globals';
import { asDoubtful, DeliveryMessage } from '../../shared/domain/delivery.ts';
import { make } from '../support/make.ts';

const steps = (count: number) =>
  Array.from({ length: count }, (_, i) => make.deliveryStep({ subscription_id: `sub_${i}` }));

describe('a message', () => {
  test.each([
    ['one delivery', make.message()],
    ['twenty-five deliveries', make.message({ deliveries: steps(25) })],
    [
      'a later attempt and its moment',
      make.message({ deliveries: [make.deliveryStep({ attempt: 7, not_before: 1 })] }),
    ],
    ['a replay', make.message({ deliveries: [make.deliveryStep({ run: 2 })] })],
  ])('carries %s', (_, message) => {
    expect(DeliveryMessage.parse(JSON.parse(JSON.stringify(message)))).toEqual(message);
  });

  test.each([
    ['no delivery', make.message({ deliveries: [] })],
    ['twenty-six deliveries', make.message({ deliveries: steps(26) })],
    ['half an attempt', make.message({ deliveries: [make.deliveryStep({ attempt: 1.5 })] })],
    ['half a run', make.message({ deliveries: [make.deliveryStep({ run: 1.5 })] })],
    ['attempt 0', make.message({ deliveries: [make.deliveryStep({ attempt: 0 })] })],
    ['run 0', make.message({ deliveries: [make.deliveryStep({ run: 0 })] })],
    ['another version', { ...make.message(), v: 2 }],
    ['no event', { ...make.message(), event: undefined }],
  ])('does not carry %s', (_, message) => {
    expect(DeliveryMessage.safeParse(message).success).toBe(false);
  });
});

test('a message that is sent again is in doubt, and the one that was sent is left as it is', () => {
  const sent = { body: make.message(), group: 'acme', delay: 3 };
  const again = asDoubtful(sent);
  expect(again).toEqual({ ...sent, body: { ...sent.body, event: { ...sent.body.event, doubt: true } } });
  expect(sent.body.event.doubt).toBeUndefined();
});
