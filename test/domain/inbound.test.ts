import { describe, expect, test } from '@jest/globals';
import { comesAgainIn, postIn, reasonsOf } from '../../shared/domain/inbound.ts';
import { Problem, problems } from '../../shared/domain/problem.ts';

/** EventBridge's envelope, as text. */
const envelope = (detail: string, type = '"Guest.Created"'): string =>
  `{"version":"0","id":"7bf73129-1428-4cd3-a780-95db273d1602","detail-type":${type},"source":"com.acme.crm","resources":[],"detail":${detail}}`;

function refusal(text: string): Problem {
  try {
    postIn(text);
  } catch (error) {
    if (error instanceof Problem) return error;
    throw error;
  }
  throw new Error('it was taken');
}

describe('the post that an event on the bus stands for', () => {
  test('has its members token for token, its tenant beside it, and the detail-type as its event type', () => {
    const detail =
      '{ "tenant": "acme", "event_id":"e1", "data": { "id":"g1", "price": 199.00, "big":820982911946154508 } }';
    expect(postIn(envelope(detail))).toEqual({
      tenant: 'acme',
      text: '{"event_id":"e1","data":{ "id":"g1", "price": 199.00, "big":820982911946154508 },"event_type":"Guest.Created"}',
    });
  });

  test('may name its type as well, if it is the same', () => {
    const detail = '{"event_type":"Guest.Cre\\u0061ted","tenant":"acme","data":{}}';
    expect(JSON.parse(postIn(envelope(detail)).text)).toEqual({ event_type: 'Guest.Created', data: {} });
  });

  test('has the text of data that came as a string in the place of the string', () => {
    const data = JSON.stringify('{"id":"g1",\n"price":199.00}');
    const { text } = postIn(envelope(`{"tenant":"acme","data":${data}}`));
    expect(text).toBe('{"data":{"id":"g1",\n"price":199.00},"event_type":"Guest.Created"}');
  });

  test.each([
    ['no tenant', '{"data":{}}', '/tenant'],
    ['a tenant that is none', '{"tenant":"the big one","data":{}}', '/tenant'],
    ['a tenant that is no text', '{"tenant":{"a":1},"data":{}}', '/tenant'],
    ['another type than the detail-type', '{"tenant":"acme","event_type":"Guest.Merged","data":{}}', '/event_type'],
    ['a type that is no text', '{"tenant":"acme","event_type":[],"data":{}}', '/event_type'],
    ['a member that stands twice', '{"tenant":"acme","data":{},"d\\u0061ta":{}}', '/data'],
    ['a string that holds no JSON', '{"tenant":"acme","data":"{id: 1}"}', '/data'],
    ['a string that holds nothing', '{"tenant":"acme","data":""}', '/data'],
    [
      'a string that brings members of its own',
      `{"tenant":"acme","data":${JSON.stringify('{},"event_id":"e9"')}}`,
      '/data',
    ],
    ['half a character in the string', `{"tenant":"acme","data":"{\\"id\\":\\"\\ud83d\\"}"}`, '/data'],
  ])('is refused with %s', (_, detail, pointer) => {
    expect(refusal(envelope(detail))).toMatchObject({ status: 422, faults: [{ pointer }] });
  });
});

describe('a dead letter', () => {
  test('says what was wrong, and where', () => {
    const problem = problems.schemaMismatch('Guest.Created', [{ pointer: '/data/id', detail: 'must be a string' }]);
    expect(reasonsOf(problem)).toEqual({
      ERROR_CODE: 'schema_mismatch',
      ERROR_MESSAGE: 'The data is not that of a Guest.Created.',
      ERROR_PLACES: '[{"pointer":"/data/id","detail":"must be a string"}]',
    });
  });

  test('says it in characters that every queue takes, and briefly, whatever was posted', () => {
    expect(reasonsOf(problems.unknownEventType('Zoë\u0000😀', undefined))).toMatchObject({
      ERROR_MESSAGE: 'There is no event type Zo????.',
      ERROR_PLACES: '[{"pointer":"/event_type","detail":"is unknown"}]',
    });
    const reasons = reasonsOf(problems.duplicateMember(`/${'x'.repeat(100_000)}`));
    expect(Object.values(reasons).join('').length).toBeLessThan(2_000);
    expect(JSON.stringify(reasons)).not.toContain('xx');
  });
});

test.each([
  [3, 0, 3],
  [3, 0.999, 32],
  [10_000, 0.5, 900],
])(
  'a message whose tenant may post in %d s comes again then or up to half a minute later',
  (after, chance, seconds) => {
    expect(comesAgainIn(problems.rateLimited(after), chance)).toBe(seconds);
  },
);
