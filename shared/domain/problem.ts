/** One wrong place of a request: a JSON Pointer into its body, or the name of a query parameter. */
export type Fault = { pointer: string; detail: string } | { parameter: string; detail: string };

/** A body can be wrong in a hundred thousand places; nobody reads more than these, and an answer has a size that it must not pass. */
const MOST_FAULTS = 20;
const LONGEST_POINTER = 1024;

/** The same place or, where naming that takes too long, the one around it: names in a body are as long as their writer likes. */
function shortPointer(pointer: string): string {
  if (pointer.length <= LONGEST_POINTER) return pointer;
  return pointer.slice(0, Math.max(0, pointer.lastIndexOf('/', LONGEST_POINTER)));
}

const shortFault = (fault: Fault): Fault =>
  'pointer' in fault ? { ...fault, pointer: shortPointer(fault.pointer) } : fault;

/**
 * A refusal, written for the caller: `code` is stable and for programs, `message` says what to do and is for people.
 * Anything else that is thrown is our own failure and never shown.
 */
export class Problem extends Error {
  readonly status: number;
  readonly code: string;
  readonly faults: readonly Fault[];
  /** Headers the answer carries besides, as `allow` or `retry-after`. */
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    status: number,
    code: string,
    detail: string,
    more: { faults?: readonly Fault[]; headers?: Record<string, string> } = {},
  ) {
    super(detail);
    this.status = status;
    this.code = code;
    this.faults = (more.faults ?? []).slice(0, MOST_FAULTS).map(shortFault);
    this.headers = more.headers ?? {};
  }
}

const TITLES: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  409: 'Conflict',
  412: 'Precondition Failed',
  413: 'Content Too Large',
  415: 'Unsupported Media Type',
  422: 'Unprocessable Content',
  429: 'Too Many Requests',
  500: 'Internal Server Error',
};

/** The RFC 9457 document of a refusal, as `application/problem+json` shows it. */
export const problemDocument = (problem: Problem, requestId: string): Record<string, unknown> => ({
  type: `urn:event-fanout:problem:${problem.code}`,
  title: TITLES[problem.status] ?? 'Error',
  status: problem.status,
  code: problem.code,
  detail: problem.message,
  ...(problem.faults.length > 0 && { errors: problem.faults }),
  request_id: requestId,
});

/** Every refusal there is. */
export const problems = {
  malformedJson: (why: string) => new Problem(400, 'malformed_json', `The body is not JSON in UTF-8: ${why}.`),
  badQuery: (parameter: string, detail: string) =>
    new Problem(400, 'bad_query', `The query parameter ${parameter} is wrong: ${detail}.`, {
      faults: [{ parameter, detail }],
    }),
  badCursor: () =>
    new Problem(400, 'bad_cursor', 'This cursor is not one that this list gave out. Start again without it.', {
      faults: [{ parameter: 'cursor', detail: 'not a cursor of this list' }],
    }),
  unauthorized: () =>
    new Problem(401, 'unauthorized', 'Send a valid key as "Authorization: Bearer <key>".', {
      headers: { 'www-authenticate': 'Bearer realm="event-fanout"' },
    }),
  missingScope: (scope: string) => new Problem(403, 'missing_scope', `This key lacks the scope ${scope}.`),
  notFound: () => new Problem(404, 'not_found', 'There is nothing here, or nothing that this key may see.'),
  noSuchEventType: (type: string, near: string | undefined) =>
    new Problem(
      404,
      'not_found',
      `There is no event type ${type}.${near === undefined ? '' : ` Did you mean ${near}?`}`,
    ),
  methodNotAllowed: (allow: readonly string[]) =>
    new Problem(405, 'method_not_allowed', `This address answers ${allow.join(', ')}.`, {
      headers: { allow: allow.join(', ') },
    }),
  idempotencyConflict: (eventId: string) =>
    new Problem(409, 'event_id_conflict', `Another event was accepted as ${eventId}. Give this one an id of its own.`),
  eventErased: () =>
    new Problem(409, 'event_erased', 'This event was erased: there is nothing left of it that could be sent.'),
  tenantHasKeys: (count: number) =>
    new Problem(
      409,
      'tenant_has_keys',
      `This tenant still has ${count} keys, expired ones included. Delete them first.`,
    ),
  tenantBeingErased: () =>
    new Problem(409, 'tenant_being_erased', 'This tenant is being erased. Nothing of it is taken until that is over.'),
  lastAdminKey: () => new Problem(409, 'last_admin_key', 'This is the last admin key. Make another one first.'),
  conflict: (detail: string) => new Problem(409, 'conflict', detail),
  stale: () => new Problem(412, 'stale', 'It was changed meanwhile. Read it again and repeat the change.'),
  tooLarge: (limit: string) => new Problem(413, 'too_large', `The limit is ${limit}.`),
  notJson: (expected: string) => new Problem(415, 'unsupported_media_type', `Send the body as ${expected}.`),
  invalid: (faults: readonly Fault[]) =>
    new Problem(422, 'invalid', `The request is not valid: ${faults[0]?.detail ?? 'see errors'}.`, { faults }),
  duplicateMember: (pointer: string) =>
    new Problem(422, 'duplicate_member', `The member ${shortPointer(pointer)} stands twice in its object.`, {
      faults: [{ pointer, detail: 'stands twice in its object' }],
    }),
  nestingTooDeep: (pointer: string) =>
    new Problem(422, 'nesting_too_deep', 'Data may be nested 100 levels deep at most.', {
      faults: [{ pointer, detail: 'is nested more than 100 levels deep' }],
    }),
  unknownEventType: (type: string, nearest: string | undefined) =>
    new Problem(
      422,
      'unknown_event_type',
      `There is no event type ${type}.${nearest === undefined ? '' : ` Did you mean ${nearest}?`}`,
      {
        faults: [
          {
            pointer: '/event_type',
            detail: nearest === undefined ? 'is unknown' : `is unknown; the nearest is ${nearest}`,
          },
        ],
      },
    ),
  schemaMismatch: (type: string, faults: readonly Fault[]) =>
    new Problem(422, 'schema_mismatch', `The data is not that of a ${type}.`, { faults }),
  urlRefused: (detail: string) =>
    new Problem(422, 'url_refused', detail, {
      faults: [{ pointer: '/url', detail: 'is not an address that may be sent to' }],
    }),
  rateLimited: (seconds: number) =>
    new Problem(429, 'rate_limited', `This tenant posts faster than it may. Post again in ${seconds} s.`, {
      headers: { 'retry-after': String(seconds) },
    }),
  testedTooOften: (seconds: number) =>
    new Problem(
      429,
      'tested_too_often',
      `A subscription is tested ten times a minute at most. Try again in ${seconds} s.`,
      {
        headers: { 'retry-after': String(seconds) },
      },
    ),
  internal: () => new Problem(500, 'internal', 'Something failed on our side. It is safe to send the request again.'),
} as const;
