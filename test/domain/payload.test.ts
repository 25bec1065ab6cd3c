import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { CloudEvent, HTTP } from 'cloudevents';
import type { AcceptedEvent } from '../../shared/domain/event.ts';
import { payloadOf, type Format } from '../../shared/domain/payload.ts';
import { make } from '../support/make.ts';

/** Data in which every token would change, or move, if somebody parsed and printed it. */
const EXACT = String.raw`{"z":820982911946154508,"a":199.00,"10":1.0e2,"9":-0,"u":"\u0041\/🚀","__proto__":{"x":1E400}}`;

const textOf = (format: Format, event: AcceptedEvent): string => payloadOf(format, event, 'dlv_1').text;

describe("the subscriber's envelope", () => {
  test('has the data as it was posted, token for token', () => {
    const event = make.event({ event_id: 'e-1', timestamp: '2022-03-11T14:59:50.8745837Z', body: EXACT });
    expect(textOf('envelope', event)).toBe(
      '{"id":"dlv_1","event_id":"e-1","event_schema":"v1","event_resource":"Guest","event_type":"Guest.Created",' +
        `"event_timestamp":"2022-03-11T14:59:50.8745837Z","data":${EXACT}}`,
    );
  });

  test('has the members of the published ones, in their order', () => {
    const names = Object.keys(JSON.parse(readFileSync('test/fixtures/zenoti/Guest.Created.json', 'utf8')));
    expect(Object.keys(JSON.parse(textOf('envelope', make.event())))).toEqual(names);
  });

  test('says null where there is no resource', () => {
    expect(JSON.parse(textOf('envelope', make.event({ resource: null })))).toMatchObject({ event_resource: null });
  });

  test('is JSON whatever stands in the members around the data', () => {
    const odd = make.event({ schema: '"}\n', resource: '\\","data":{}', body: '{}' });
    expect(JSON.parse(textOf('envelope', odd))).toMatchObject({
      event_schema: '"}\n',
      event_resource: '\\","data":{}',
      data: {},
    });
  });
});

test('the payload of Standard Webhooks is type, timestamp and the data as it was posted', () => {
  const event = make.event({ type: 'Invoice.Closed', timestamp: '2022-03-11T14:59:50Z', body: EXACT });
  expect(textOf('standard', event)).toBe(
    `{"type":"Invoice.Closed","timestamp":"2022-03-11T14:59:50Z","data":${EXACT}}`,
  );
});

describe.each(['cloudevents', 'cloudevents-binary'] as const)('as %s an event', (format) => {
  /** What the reference library makes of it. */
  function read(event: AcceptedEvent) {
    const { text, headers } = payloadOf(format, event, 'dlv_1');
    const found = HTTP.toEvent({ headers, body: text });
    if (Array.isArray(found)) throw new Error('one was sent');
    // What it makes of headers and body, it validates as it would an event of its own.
    return new CloudEvent<unknown>(found);
  }

  test('is one that the reference library finds valid, with everything that it says', () => {
    const event = make.event({ timestamp: '2022-03-11T14:59:50.8745837Z', body: '{"id":"g1"}' });
    const found = read(event);
    expect(found.validate()).toBe(true);
    expect(found).toMatchObject({
      specversion: '1.0',
      id: 'dlv_1',
      source: '/tenants/acme',
      type: 'Guest.Created',
      dataschema: 'urn:event-fanout:event-type:Guest.Created:v1',
      eventid: event.event_id,
      data: { id: 'g1' },
    });
    expect(Date.parse(String(found.time))).toBe(Date.parse('2022-03-11T14:59:50.874Z'));
  });

  test('has the data as it was posted, token for token', () => {
    expect(textOf(format, make.event({ body: EXACT }))).toContain(EXACT);
  });

  test('is valid whatever the type and schema are called', () => {
    const odd = make.event({ type: 'Gäst "neu" 100 %', schema: 'v 1/ü', body: '{}' });
    const { headers } = payloadOf(format, odd, 'dlv_1');
    for (const value of Object.values(headers)) expect(value).toMatch(/^[\x20-\x7e]+$/);
    expect(read(odd).validate()).toBe(true);
  });
});

test('a binary CloudEvent is the data and nothing else, and says the rest in headers', () => {
  const { text, headers } = payloadOf('cloudevents-binary', make.event({ body: EXACT }), 'dlv_1');
  expect(text).toBe(EXACT);
  expect(headers).toMatchObject({ 'content-type': 'application/json', 'ce-specversion': '1.0', 'ce-id': 'dlv_1' });
  const odd = make.event({ type: 'Gäst "100 %"' });
  expect(payloadOf('cloudevents-binary', odd, 'd').headers['ce-type']).toBe('G%C3%A4st%20%22100%20%25%22');
});
