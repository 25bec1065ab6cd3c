import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import * as z from 'zod';
import { contentHash, filterView, PostedEvent, travelling, TravellingEvent } from '../../shared/domain/event.ts';
import { asciiJson } from '../../shared/domain/json-text.ts';
import { payloadOf } from '../../shared/domain/payload.ts';
import { faultsOf } from '../../shared/runtime/parse.ts';
import { make } from '../support/make.ts';

/** Data in which every token would change, or move, if somebody parsed and printed it. */
const EXACT = String.raw`{"z":820982911946154508,"a":199.00,"10":1.0e2,"9":-0,"u":"\u0041\/🚀","__proto__":{"x":1E400}}`;

function parse(text: string): object {
  const value: object = JSON.parse(text);
  return value;
}
const readFixture = (file: string): object => parse(readFileSync(`test/fixtures/zenoti/${file}`, 'utf8'));
const published = z
  .array(z.object({ file: z.string(), shape: z.enum(['envelope', 'data']) }))
  .parse(readFixture('index.json'));

describe('what a publisher posts', () => {
  test.each([
    ['a type and data', { event_type: 'Guest.Created', data: {} }],
    [
      'a whole envelope',
      {
        event_type: 'Guest.Created',
        data: { a: [1] },
        event_id: '622b63e600000fa4e0db6557',
        event_timestamp: '2022-03-11T14:59:50.8745837Z',
        event_schema: 'v1',
        event_resource: 'Guest',
        id: '622b63e600000fa4e0db6558',
      },
    ],
    [
      'one whose members are as long as they can be',
      {
        event_type: 'x'.repeat(256),
        data: {},
        event_schema: 'x'.repeat(64),
        event_resource: 'x'.repeat(256),
        id: 'x'.repeat(256),
      },
    ],
    [
      'one whose members are as short as they can be',
      { event_type: 'x', data: {}, event_schema: 'x', event_resource: '', id: '' },
    ],
    ['an envelope without a resource', { event_type: 'a', data: {}, event_resource: null }],
    ['a timestamp in another zone', { event_type: 'a', data: {}, event_timestamp: '2022-03-11T14:59:50+05:30' }],
    ['a timestamp of whole seconds', { event_type: 'a', data: {}, event_timestamp: '2022-03-11T14:59:50Z' }],
  ])('may be %s', (_, body) => {
    expect(PostedEvent.safeParse(body).error).toBeUndefined();
  });

  test('may be any envelope that the provider has published', () => {
    const envelopes = published.filter(({ shape }) => shape === 'envelope');
    expect(envelopes.length).toBeGreaterThan(10);
    const refused = envelopes.filter(({ file }) => !PostedEvent.safeParse(readFixture(file)).success);
    expect(refused).toEqual([]);
  });

  test.each([
    ['nothing', {}, ['/event_type', '/data']],
    ['an empty type', { event_type: '', data: {} }, ['/event_type']],
    ['a type that is too long', { event_type: 'x'.repeat(257), data: {} }, ['/event_type']],
    ['data that is a list', { event_type: 'a', data: [] }, ['/data']],
    ['data that is null', { event_type: 'a', data: null }, ['/data']],
    ['data that is text', { event_type: 'a', data: '{}' }, ['/data']],
    ['an id with a dot', { event_type: 'a', data: {}, event_id: 'a.b' }, ['/event_id']],
    ['an id that is a number', { event_type: 'a', data: {}, event_id: 7 }, ['/event_id']],
    ['a timestamp that is a word', { event_type: 'a', data: {}, event_timestamp: 'now' }, ['/event_timestamp']],
    ['a timestamp that is a number', { event_type: 'a', data: {}, event_timestamp: '7' }, ['/event_timestamp']],
    ['a timestamp in prose', { event_type: 'a', data: {}, event_timestamp: 'March 7, 2022' }, ['/event_timestamp']],
    [
      'a timestamp without a zone',
      { event_type: 'a', data: {}, event_timestamp: '2022-03-11T14:59:50' },
      ['/event_timestamp'],
    ],
    [
      'a day that there is not',
      { event_type: 'a', data: {}, event_timestamp: '2022-02-30T00:00:00Z' },
      ['/event_timestamp'],
    ],
    ['a schema that is too long', { event_type: 'a', data: {}, event_schema: 'x'.repeat(65) }, ['/event_schema']],
    [
      'a resource that is too long',
      { event_type: 'a', data: {}, event_resource: 'x'.repeat(257) },
      ['/event_resource'],
    ],
    ["a call's id that is too long", { event_type: 'a', data: {}, id: 'x'.repeat(257) }, ['/id']],
    ['an empty schema', { event_type: 'a', data: {}, event_schema: '' }, ['/event_schema']],
    ['a resource that is a number', { event_type: 'a', data: {}, event_resource: 1 }, ['/event_resource']],
    ['members that nobody knows', { event_type: 'a', data: {}, tenant: 'x', 'a/b': 1 }, ['/tenant', '/a~1b']],
    ['a list', [], ['']],
  ])('may not be %s', (_, body, pointers) => {
    const { error } = PostedEvent.safeParse(body);
    expect(error && faultsOf(error).map((fault) => 'pointer' in fault && fault.pointer)).toEqual(pointers);
  });
});

describe('what makes two posts of one id the same', () => {
  test('is the type and the text of the data', () => {
    const sha256 = createHash('sha256').update('Guest.Created\n{"a":1}').digest('base64url');
    expect(contentHash('Guest.Created', '{"a":1}')).toBe(sha256);
  });

  test.each([
    ['another type', 'Guest.Updated', '{"a":1}'],
    ['another value', 'Guest.Created', '{"a":2}'],
    ['another spelling of a number', 'Guest.Created', '{"a":1.0}'],
    ['a text that moved into the type', 'Guest.Created\n{"a":1', '}'],
  ])('%s makes it another', (_, type, body) => {
    expect(contentHash(type, body)).not.toBe(contentHash('Guest.Created', '{"a":1}'));
  });
});

test('a filter sees the envelope without the id of the delivery', () => {
  const event = make.event({ resource: null });
  const { id: _, ...envelope } = JSON.parse(payloadOf('envelope', event, 'dlv_1').text);
  expect(filterView(event, JSON.parse(event.body))).toEqual(envelope);
});

describe('an event on its way', () => {
  const ofLength = (length: number, char = 'x'): string => `{"a":"${char.repeat(length)}"}`;
  /** In ASCII JSON: two quotes, `{"a":""}` with four of its own quotes escaped, and the characters. */
  const AROUND = 2 + 8 + 4;

  test.each([
    ['is carried up to 64 KiB', ofLength(64 * 1024 - AROUND), true],
    ['stays behind one byte later', ofLength(64 * 1024 - AROUND + 1), false],
    ['is measured as it travels, where é is six characters', ofLength(10_920, 'é'), true],
    ['and stays behind by that measure', ofLength(10_921, 'é'), false],
  ])('its data %s', (_, body, travels) => {
    const event = make.event({ body });
    const { body: _body, ...facts } = event;
    expect(travelling(event)).toEqual(travels ? { v: 1, ...facts, body } : { v: 1, ...facts });
  });

  test.each([
    ['with its data', make.event({ body: EXACT })],
    ['without a resource or a trace', make.event({ resource: null, traceparent: undefined })],
    ['without its data', make.event({ body: ofLength(64 * 1024) })],
  ])('arrives as it left, %s', (_, event) => {
    for (const left of [travelling(event), { ...travelling(event), doubt: true } as const]) {
      expect(TravellingEvent.parse(JSON.parse(asciiJson(left)))).toEqual(left);
    }
  });

  test.each([
    ['another version', { v: 2 }],
    ['a doubt that is none', { doubt: false }],
    ['a tenant that cannot be', { tenant: 'a#b' }],
    ['an id that cannot be', { event_id: 'a#b' }],
    ['a moment that is no time', { accepted_at: 'now' }],
  ])('is not one with %s', (_, changes) => {
    expect(TravellingEvent.safeParse({ ...travelling(make.event()), ...changes }).success).toBe(false);
  });
});
