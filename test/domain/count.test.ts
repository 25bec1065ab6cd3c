import { describe, expect, test } from '@jest/globals';
import { OPERATIONAL_GROUP } from '../../shared/catalogue/operational.ts';
import { countedOf, Counts, countsOf, Folding, type Counted } from '../../shared/domain/count.ts';
import { make } from '../support/make.ts';

const of = (tenant: string, subscriptionId: string | undefined, sums: Record<string, number>): Counted => ({
  tenant,
  ...(subscriptionId !== undefined && { subscriptionId }),
  sums,
});

/** As it is when it comes out of the table again. */
const kept = (...counted: Counted[]): Counts => Counts.parse(JSON.parse(JSON.stringify(countsOf(counted))));

describe('what a batch counted is kept', () => {
  test('by tenant and subscription, each once', () => {
    expect(
      kept(
        of('acme', 'sub_1', { accepted: 1 }),
        of('acme', 'sub_2', { rejected: 1 }),
        of('acme', 'sub_1', { accepted: 1, ms: 7 }),
        of('other', 'sub_1', { accepted: 1 }),
        of('acme', undefined, { events: 1 }),
        of('acme', undefined, { events: 1 }),
      ),
    ).toEqual({
      acme: { itself: { events: 2 }, subscriptions: { sub_1: { accepted: 2, ms: 7 }, sub_2: { rejected: 1 } } },
      other: { subscriptions: { sub_1: { accepted: 1 } } },
    });
  });

  test('whatever a tenant is called', () => {
    const counts = kept(of('constructor', 'sub_1', { dead: 1 }), of('toString', undefined, { events: 1 }));
    expect(Object.entries(counts)).toEqual([
      ['constructor', { subscriptions: { sub_1: { dead: 1 } } }],
      ['toString', { itself: { events: 1 } }],
    ]);
  });

  test('of nothing as nothing', () => {
    expect(kept()).toEqual({});
  });
});

test('an event counts for its tenant, with the deliveries it makes', () => {
  expect(countedOf(make.event(), 3)).toEqual({ tenant: 'acme', sums: { events: 1, deliveries: 3 } });
});

test('what we tell of ourselves is no event that anybody posted, and its deliveries are deliveries', () => {
  expect(countedOf(make.event({ group: OPERATIONAL_GROUP }), 2).sums).toEqual({ deliveries: 2 });
});

describe('folded', () => {
  const folded = (...batches: [string, ...Counted[]][]) => {
    const folding = new Folding();
    for (const [moment, ...counted] of batches) folding.take(kept(...counted), moment);
    return folding.growths;
  };

  test('it grows the hours of subscriptions and the days of tenants, each once', () => {
    const growths = folded(
      ['2026-03-04T05:06:07.890Z', of('acme', 'sub_1', { accepted: 1, ms: 5 }), of('acme', undefined, { events: 1 })],
      ['2026-03-04T05:59:59.999Z', of('acme', 'sub_1', { rejected: 2, ms: 7 })],
      ['2026-03-04T06:00:00.000Z', of('acme', 'sub_1', { accepted: 1, ms: 1 })],
      ['2026-03-05T00:00:00.000Z', of('acme', 'sub_2', { blocked: 1 }), of('other', undefined, { events: 1 })],
    );
    expect(growths).toHaveLength(6);
    expect(growths).toEqual(
      expect.arrayContaining([
        { ...of('acme', 'sub_1', { accepted: 1, rejected: 2, ms: 12 }), at: '2026-03-04T05' },
        { ...of('acme', 'sub_1', { accepted: 1, ms: 1 }), at: '2026-03-04T06' },
        { ...of('acme', undefined, { events: 1, attempts: 4 }), at: '2026-03-04' },
        { ...of('acme', 'sub_2', { blocked: 1 }), at: '2026-03-05T00' },
        { ...of('acme', undefined, { attempts: 1 }), at: '2026-03-05' },
        { ...of('other', undefined, { events: 1 }), at: '2026-03-05' },
      ]),
    );
  });

  test('a delivery that dies without an attempt is dead, and its tenant made none', () => {
    expect(folded(['2026-03-04T05:06:07.890Z', of('acme', 'sub_1', { dead: 1 })])).toEqual([
      { ...of('acme', 'sub_1', { dead: 1 }), at: '2026-03-04T05' },
    ]);
  });
});
