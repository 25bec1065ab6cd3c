import { describe, expect, test } from '@jest/globals';
import { BLANK, changesOf, draftOf, wishOf, type Draft, type Subscription } from '../../portal/subscription/draft.ts';
import { NOTICES } from '../../portal/subscription/notices.ts';
import { OPERATIONAL_TYPES } from '../../shared/catalogue/operational.ts';
import { NewSubscription, SubscriptionPatch } from '../../shared/domain/subscription.ts';

const filled = (changes: Partial<Draft> = {}): Draft => ({
  ...BLANK,
  url: 'https://crm.example.com/hooks',
  event_types: ['Guest.*'],
  ...changes,
});

const there: Subscription = {
  id: 'sub_1',
  name: 'CRM',
  description: '',
  url: 'https://crm.example.com/hooks',
  method: 'POST',
  event_types: ['Guest.*'],
  filter: { data: { center_id: ['c1'] } },
  header_names: ['x-a'],
  format: 'envelope',
  signing: 'v1',
  timeout_seconds: 15,
  rate_limit_per_second: 5,
  retry: { delays_seconds: [10, 60] },
  status: 'enabled',
  disabled_reason: null,
  circuit: { state: 'closed', since: '2026-03-04T05:06:07.890Z' },
  created_at: '2026-03-04T05:06:07.890Z',
  updated_at: '2026-03-04T05:06:07.890Z',
};

describe('a new subscription', () => {
  test('leaves to the service what is left blank', () => {
    const wish = wishOf(filled({ timeout_seconds: '', retry: '' }));
    expect(NewSubscription.parse(wish)).toEqual({
      url: 'https://crm.example.com/hooks',
      event_types: ['Guest.*'],
      description: '',
      method: 'POST',
      format: 'envelope',
      signing: 'v1',
    });
  });

  test('says what was written, in the form that the service takes', () => {
    const wish = wishOf(
      filled({
        name: ' CRM ',
        filter: '{"data": {"center_id": ["c1"]}}',
        timeout_seconds: '20',
        rate_limit_per_second: '2.5',
        retry: '10, 60 600',
        headers: 'X-Api-Key: k: 1\n\nx-b: 2',
      }),
    );
    expect(NewSubscription.parse(wish)).toMatchObject({
      name: 'CRM',
      filter: { data: { center_id: ['c1'] } },
      timeout_seconds: 20,
      rate_limit_per_second: 2.5,
      retry: { delays_seconds: [10, 60, 600] },
      headers: { 'x-api-key': 'k: 1', 'x-b': '2' },
    });
  });

  test.each(['standard', 'svix', 'zenoti'])('may have the preset %s', (retry) => {
    expect(wishOf(filled({ retry }))).toMatchObject({ retry });
  });

  test('may do without retries, which a blank does not mean', () => {
    expect(wishOf(filled({ retry: 'none' }))).toMatchObject({ retry: { delays_seconds: [] } });
  });
});

/** JSON makes null of what is no number, and null means the default: a limit would be gone. */
test.each([
  [{ rate_limit_per_second: '1,000' }, 'Requests a second'],
  [{ rate_limit_per_second: 'many' }, 'Requests a second'],
  [{ timeout_seconds: '20s' }, 'Time-out'],
  [{ retry: '10 soon' }, 'Retries'],
  [{ filter: '{' }, 'The filter is not JSON'],
  [{ headers: 'x-api-key k-123' }, 'is no header'],
])('%j is refused before it is sent', (changes, fault) => {
  expect(() => wishOf(filled(changes))).toThrow(fault);
  expect(() => changesOf(draftOf(there), { ...draftOf(there), ...changes })).toThrow(fault);
});

describe('a change', () => {
  const before = draftOf(there);
  const change = (changes: Partial<Draft>) => SubscriptionPatch.parse(changesOf(before, { ...before, ...changes }));

  test('is nothing where nothing was changed', () => {
    expect(change({})).toEqual({});
  });

  test.each<[Partial<Draft>, object]>([
    [{ name: 'ERP' }, { name: 'ERP' }],
    [{ name: '' }, { name: null }],
    [{ filter: '' }, { filter: null }],
    [{ rate_limit_per_second: '' }, { rate_limit_per_second: null }],
    [{ timeout_seconds: '' }, { timeout_seconds: null }],
    [{ retry: '' }, { retry: null }],
    [{ retry: 'none' }, { retry: { delays_seconds: [] } }],
    [{ event_types: ['*'] }, { event_types: ['*'] }],
    [{ headers: 'x-a:\nx-b: 2' }, { headers: { 'x-a': null, 'x-b': '2' } }],
  ])('%j is that and nothing else', (changes, patch) => {
    expect(change(changes)).toEqual(patch);
  });
});

test('a subscription without retries is shown as one', () => {
  expect(draftOf({ ...there, retry: { delays_seconds: [] } }).retry).toBe('none');
});

test('the notices that can be chosen are all that there are', () => {
  expect(Object.keys(NOTICES).toSorted()).toEqual(Object.keys(OPERATIONAL_TYPES).toSorted());
});
