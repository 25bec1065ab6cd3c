import { describe, expect, test } from '@jest/globals';
import { Problem, problemDocument, problems } from '../../shared/domain/problem.ts';

const all: [name: string, problem: Problem][] = [
  ['malformedJson', problems.malformedJson('it ends too early')],
  ['badQuery', problems.badQuery('limit', 'must be a whole number from 1 to 100')],
  ['badCursor', problems.badCursor()],
  ['unauthorized', problems.unauthorized()],
  ['missingScope', problems.missingScope('admin')],
  ['notFound', problems.notFound()],
  ['noSuchEventType', problems.noSuchEventType('Gest.Created', 'Guest.Created')],
  ['methodNotAllowed', problems.methodNotAllowed(['GET', 'DELETE'])],
  ['idempotencyConflict', problems.idempotencyConflict('evt_1')],
  ['lastAdminKey', problems.lastAdminKey()],
  ['stale', problems.stale()],
  ['tooLarge', problems.tooLarge('256 KiB')],
  ['notJson', problems.notJson('application/json')],
  ['invalid', problems.invalid([{ pointer: '/url', detail: 'must be a string' }])],
  ['duplicateMember', problems.duplicateMember('/data/id')],
  ['nestingTooDeep', problems.nestingTooDeep('/data/a')],
  ['unknownEventType', problems.unknownEventType('Gest.Created', 'Guest.Created')],
  ['schemaMismatch', problems.schemaMismatch('Guest.Created', [{ pointer: '/data/id', detail: 'must be a string' }])],
  ['urlRefused', problems.urlRefused('The URL must be public.')],
];

test('this is the whole list of refusals', () => {
  expect(all.map(([name]) => name).toSorted()).toEqual(Object.keys(problems).toSorted());
});

describe.each(all)('the refusal %s', (_, problem) => {
  const document = problemDocument(problem, 'req_1');

  test('says what is wrong, to programs and to people', () => {
    expect(document).toMatchObject({
      type: `urn:event-fanout:problem:${problem.code}`,
      status: problem.status,
      code: expect.stringMatching(/^[a-z]+(_[a-z]+)*$/),
      detail: expect.stringMatching(/^\S.*[.?]$/),
      request_id: 'req_1',
    });
  });

  test('has the title of its status', () => {
    expect(document.title).not.toBe('Error');
    expect(document.title).toMatch(/^[A-Z][A-Za-z ]+$/);
  });

  test('names no errors where it has none', () => {
    expect('errors' in document).toBe(problem.faults.length > 0);
  });
});

test('the document of a refusal has these members in this order', () => {
  const fault = { pointer: '/data/id', detail: 'must be a string' };
  expect(JSON.stringify(problemDocument(problems.schemaMismatch('Guest.Created', [fault]), 'req_7'))).toBe(
    '{"type":"urn:event-fanout:problem:schema_mismatch","title":"Unprocessable Content","status":422,' +
      '"code":"schema_mismatch","detail":"The data is not that of a Guest.Created.",' +
      '"errors":[{"pointer":"/data/id","detail":"must be a string"}],"request_id":"req_7"}',
  );
});

test.each([
  ['a refused key says how to send one', problems.unauthorized(), 'www-authenticate', 'Bearer realm="event-fanout"'],
  ['a refused method says which are answered', problems.methodNotAllowed(['GET', 'PUT']), 'allow', 'GET, PUT'],
])('%s', (_, problem, header, value) => {
  expect(problem.headers).toEqual({ [header]: value });
});

test.each([
  ['with the nearest', 'Guest.Created', 'There is no event type Gest. Did you mean Guest.Created?'],
  ['without one', undefined, 'There is no event type Gest.'],
])('an unknown event type is answered %s', (_, near, detail) => {
  expect(problems.unknownEventType('Gest', near).message).toBe(detail);
  expect(problems.noSuchEventType('Gest', near).message).toBe(detail);
});

test('a status without a title of its own still has one', () => {
  expect(problemDocument(new Problem(418, 'teapot', 'No coffee.'), 'r').title).toBe('Error');
});
