import { describe, expect, test } from '@jest/globals';
import { shownAttempt, shownDelivery, type Known } from '../../shared/domain/delivery-view.ts';
import { deliveryId } from '../../shared/domain/id.ts';
import { AT, later, make } from '../support/make.ts';

const known = (changes: Partial<Known> = {}): Known => ({
  event: make.event(),
  subscriptionId: 'sub_1',
  subscription: make.subscription(),
  attempts: [],
  letter: undefined,
  isCancelled: false,
  isWanted: true,
  ...changes,
});

const delivered = make.attempt({ outcome: 'accepted', next: 'done' });
const failed = make.attempt({ outcome: 'rejected', status: 500, next: 'wait', next_at: later(5) });
const died = make.attempt({ outcome: 'rejected', status: 410, next: 'dead', died: 'gone' });
const paused = make.subscription({ status: 'paused' });
const disabled = make.subscription({ status: 'disabled' });
const open = { ...make.subscription(), held: { since: AT, at: AT, reason: 'circuit' as const } };

describe('a delivery', () => {
  test.each<[string, Partial<Known>, Record<string, unknown>]>([
    ['is pending before its first attempt', {}, { state: 'pending' }],
    ['is delivered', { attempts: [delivered] }, { state: 'delivered' }],
    ['is delivered at last', { attempts: [failed, delivered] }, { state: 'delivered' }],
    [
      'waits for its next attempt',
      { attempts: [failed] },
      { state: 'waiting', waiting_for: 'schedule', due_at: later(5) },
    ],
    ['is dead, for a reason', { attempts: [failed, died] }, { state: 'dead', reason: 'gone' }],
    [
      'lives again when it is replayed',
      { attempts: [died, make.attempt({ run: 2, next: 'done' })] },
      { state: 'delivered' },
    ],
    ['waits where the subscription is paused', { subscription: paused }, { state: 'waiting', waiting_for: 'paused' }],
    [
      'waits for no schedule where the subscription is paused',
      { subscription: paused, attempts: [failed] },
      { state: 'waiting', waiting_for: 'paused' },
    ],
    ['is missed where the subscription is disabled', { subscription: disabled }, { state: 'missed' }],
    [
      'waits on for its death where the subscription was disabled in the middle',
      { subscription: disabled, attempts: [failed] },
      { state: 'waiting', waiting_for: 'schedule', due_at: later(5) },
    ],
    [
      'was missed where the subscription was disabled at the time',
      { subscription: make.subscription({ gaps: [{ from: AT, to: later(1) }] }) },
      { state: 'missed' },
    ],
    ['waits behind an open circuit', { subscription: open }, { state: 'waiting', waiting_for: 'circuit' }],
    [
      'is on its way where the circuit opened after it',
      { subscription: make.subscription({ ...open, held: { ...open.held, since: later(1) } }) },
      { state: 'pending' },
    ],
    [
      'waits for what the subscriber asked for',
      { attempts: [{ ...failed, waits_for: 'retry_after' }] },
      { state: 'waiting', waiting_for: 'retry_after', due_at: later(5) },
    ],
    [
      'waits where it is listed as waiting',
      { attempts: [failed], waiting: { why: 'rate_limit', due: Date.parse(later(60)) } },
      { state: 'waiting', waiting_for: 'rate_limit', due_at: later(60) },
    ],
    ['is cancelled where somebody took it back', { attempts: [failed], isCancelled: true }, { state: 'cancelled' }],
    [
      'is dead by a letter that no attempt knows of',
      { attempts: [failed], letter: { run: 1, reason: 'fault' } },
      { state: 'dead', reason: 'fault' },
    ],
    [
      'is not dead by the letter of an earlier run',
      { attempts: [died, { ...failed, run: 2 }], letter: { run: 1, reason: 'gone' } },
      { state: 'waiting', waiting_for: 'schedule', due_at: later(5) },
    ],
    ['is cancelled where the subscription is deleted', { subscription: undefined }, { state: 'cancelled' }],
    ['is cancelled in the middle', { subscription: undefined, attempts: [failed] }, { state: 'cancelled' }],
    [
      'stays delivered without its subscription',
      { subscription: undefined, attempts: [delivered] },
      { state: 'delivered' },
    ],
    ['stays delivered when it is disabled', { subscription: disabled, attempts: [delivered] }, { state: 'delivered' }],
    ['stays dead when it is paused', { subscription: paused, attempts: [died] }, { state: 'dead', reason: 'gone' }],
  ])('%s', (_, changes, expected) => {
    const { state, waiting_for, due_at, reason } = shownDelivery(known(changes));
    expect({ state, waiting_for, due_at, reason }).toEqual({
      waiting_for: undefined,
      due_at: undefined,
      reason: undefined,
      ...expected,
    });
  });

  test('is shown with its ids and its first and last attempt', () => {
    const attempts = [
      make.attempt({
        attempt: 1,
        at: AT,
        outcome: 'unreachable',
        reason: 'dns_failed',
        next: 'wait',
        next_at: later(5),
      }),
      make.attempt({ attempt: 2, at: later(6) }),
    ];
    expect(shownDelivery(known({ attempts }))).toEqual({
      delivery_id: deliveryId({ tenant: 'acme', eventId: 'evt_1', acceptedAt: AT, subscriptionId: 'sub_1' }),
      event_id: 'evt_1',
      event_type: 'Guest.Created',
      subscription_id: 'sub_1',
      state: 'delivered',
      attempts: 2,
      first_at: AT,
      last_at: later(6),
      last: shownAttempt(make.attempt({ attempt: 2, at: later(6) })),
    });
  });

  test('without an attempt has neither a first nor a last', () => {
    expect(shownDelivery(known())).toMatchObject({ attempts: 0, first_at: null, last_at: null });
    expect(shownDelivery(known())).not.toHaveProperty('last');
  });

  test('shows nothing of the data', () => {
    const event = make.event({ body: '{"name":"Zoë"}' });
    expect(JSON.stringify(shownDelivery(known({ event, attempts: [failed] })))).not.toContain('Zoë');
  });
});

test('an attempt is shown without the run and the death, which the delivery tells', () => {
  const { run: _run, died: _died, ...shown } = died;
  expect(shownAttempt(died)).toEqual(shown);
});
