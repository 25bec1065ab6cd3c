import { describe, expect, test } from '@jest/globals';
import { Problem, problemDocument, problems, type Fault } from '../../shared/domain/problem.ts';

/** Every refusal by its name, with what programs know it by. */
const all: [name: string, status: number, code: string, problem: Problem, errors?: readonly Fault[]][] = [
  ['malformedJson', 400, 'malformed_json', problems.malformedJson('it ends too early')],
  [
    'badQuery',
    400,
    'bad_query',
    problems.badQuery('limit', 'must be a number'),
    [{ parameter: 'limit', detail: 'must be a number' }],
  ],
  [
    'badCursor',
    400,
    'bad_cursor',
    problems.badCursor(),
    [{ parameter: 'cursor', detail: 'not a cursor of this list' }],
  ],
  ['unauthorized', 401, 'unauthorized', problems.unauthorized()],
  ['missingScope', 403, 'missing_scope', problems.missingScope('admin')],
  ['notFound', 404, 'not_found', problems.notFound()],
  ['noSuchEventType', 404, 'not_found', problems.noSuchEventType('Gest.Created', 'Guest.Created')],
  ['methodNotAllowed', 405, 'method_not_allowed', problems.methodNotAllowed(['GET', 'DELETE'])],
  ['idempotencyConflict', 409, 'event_id_conflict', problems.idempotencyConflict('evt_1')],
  ['eventErased', 409, 'event_erased', problems.eventErased()],
  ['tenantHasKeys', 409, 'tenant_has_keys', problems.tenantHasKeys(2)],
  ['tenantBeingErased', 409, 'tenant_being_erased', problems.tenantBeingErased()],
  ['rateLimited', 429, 'rate_limited', problems.rateLimited(3)],
  ['testedTooOften', 429, 'tested_too_often', problems.testedTooOften(6)],
  ['lastAdminKey', 409, 'last_admin_key', problems.lastAdminKey()],
  ['conflict', 409, 'conflict', problems.conflict('A replay is still running.')],
  ['stale', 412, 'stale', problems.stale()],
  ['tooLarge', 413, 'too_large', problems.tooLarge('256 KiB')],
  ['notJson', 415, 'unsupported_media_type', problems.notJson('application/json')],
  [
    'invalid',
    422,
    'invalid',
    problems.invalid([{ pointer: '/url', detail: 'must be a string' }]),
    [{ pointer: '/url', detail: 'must be a string' }],
  ],
  [
    'duplicateMember',
    422,
    'duplicate_member',
    problems.duplicateMember('/data/id'),
    [{ pointer: '/data/id', detail: 'stands twice in its object' }],
  ],
  [
    'nestingTooDeep',
    422,
    'nesting_too_deep',
    problems.nestingTooDeep('/data/a'),
    [{ pointer: '/data/a', detail: 'is nested more than 100 levels deep' }],
  ],
  [
    'unknownEventType',
    422,
    'unknown_event_type',
    problems.unknownEventType('Gest.Created', 'Guest.Created'),
    [{ pointer: '/event_type', detail: 'is unknown; the nearest is Guest.Created' }],
  ],
  [
    'schemaMismatch',
    422,
    'schema_mismatch',
    problems.schemaMismatch('Guest.Created', [{ pointer: '/data/id', detail: 'must be a string' }]),
    [{ pointer: '/data/id', detail: 'must be a string' }],
  ],
  ['internal', 500, 'internal', problems.internal()],
  [
    'urlRefused',
    422,
    'url_refused',
    problems.urlRefused('The URL must be public.'),
    [{ pointer: '/url', detail: 'is not an address that may be sent to' }],
  ],
];

test('this is the whole list of refusals', () => {
  expect(all.map(([name]) => name).toSorted()).toEqual(Object.keys(problems).toSorted());
});

describe.each(all)('the refusal %s', (_, status, code, problem, errors) => {
  const document = problemDocument(problem, 'req_1');

  test(`is a ${status} ${code}`, () => {
    expect(document).toMatchObject({ status, code, type: `urn:event-fanout:problem:${code}`, request_id: 'req_1' });
  });

  test('says to people what is wrong, in a sentence', () => {
    expect(document.detail).toMatch(/^\S.*[.?]$/);
  });

  test('has the title of its status', () => {
    expect(document.title).toMatch(/^[A-Z][A-Za-z ]+$/);
    expect(document.title).not.toBe('Error');
  });

  test(`names ${errors === undefined ? 'no errors' : 'what is at fault'}`, () => {
    expect(document.errors).toEqual(errors);
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

test('a refused method names the others in its sentence as well', () => {
  expect(problems.methodNotAllowed(['GET', 'PUT']).message).toBe('This address answers GET, PUT.');
});

test.each([
  ['with the nearest', 'Guest.Created', 'There is no event type Gest. Did you mean Guest.Created?'],
  ['without one', undefined, 'There is no event type Gest.'],
])('an unknown event type is answered %s', (_, near, detail) => {
  expect(problems.unknownEventType('Gest', near).message).toBe(detail);
  expect(problems.noSuchEventType('Gest', near).message).toBe(detail);
});

test('an unknown event type without a nearest one is at fault all the same', () => {
  expect(problems.unknownEventType('Gest', undefined).faults).toEqual([
    { pointer: '/event_type', detail: 'is unknown' },
  ]);
});

test('what is not valid says so by its first fault, and without one points to the errors', () => {
  const faults = ['must be a string', 'must not be empty'].map((detail) => ({ pointer: '/a', detail }));
  expect(problems.invalid(faults).message).toBe('The request is not valid: must be a string.');
  expect(problems.invalid([]).message).toBe('The request is not valid: see errors.');
});

test('a status without a title of its own still has one', () => {
  expect(problemDocument(new Problem(418, 'teapot', 'No coffee.'), 'r').title).toBe('Error');
});
