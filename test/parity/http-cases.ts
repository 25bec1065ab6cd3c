import { expect, test } from '@jest/globals';
import { ACCOUNT } from '../../local/aws/identity.ts';
import { differs, undecided } from './differs.ts';
import type { Answered, Asking, Probe } from './probe.ts';
import {
  HTTP_ANSWER_RECORDED,
  HTTP_CORS,
  HTTP_FAILURE,
  HTTP_GET_RECORDED,
  HTTP_LIST_IN_HEADERS,
  HTTP_PATH_RECORDED,
  HTTP_PAYLOAD,
  HTTP_REQUEST_RECORDED,
} from './sources.ts';

/** What a function behind an HTTP API gets (payload format 2.0). */
export function requestCases({ ask }: Probe): void {
  const received = async (asking: Asking) => (await ask(asking)).event;

  test.each([
    ['GET', '/things/7/parts/a', 'GET /things/{thing}/parts/{part}', { thing: '7', part: 'a' }],
    ['PUT', '/things/7/parts/a', 'PUT /things/{thing}/parts/{part}', { thing: '7', part: 'a' }],
    ['GET', '/things/a%20b/parts/%C3%A4', 'GET /things/{thing}/parts/{part}', { thing: 'a b', part: 'ä' }],
    ['DELETE', '/files/a/b%20c', 'ANY /files/{path+}', { path: 'a/b c' }],
  ])('%s %s takes %s, with decoded parameters', async (method, path, routeKey, pathParameters) => {
    const event = await received({ method, path });
    expect(event).toMatchObject({ routeKey, pathParameters, requestContext: { routeKey, http: { method } } });
  });

  test.each([
    ['POST', '/things/7/parts/a'],
    ['GET', '/things/7/parts/a/'],
    ['GET', '/things//parts/a'],
    ['GET', '/Things/7/parts/a'],
    ['GET', '/files'],
    ['GET', '/'],
  ])('%s %s takes no route but $default', async (method, path) => {
    expect(await received({ method, path })).toMatchObject({ version: '2.0', routeKey: '$default', rawPath: path });
  });

  test.each([
    ['/x/a%20b', '/x/a b'],
    ['/x/%C3%A4/%F0%9F%98%8A', '/x/ä/😊'],
    ['/x/a%23b', '/x/a#b'],
    ['/x/a+b', '/x/a+b'],
    ['/x//y', '/x//y'],
    ['/x/', '/x/'],
  ])('the path %s arrives as %s', async (path, rawPath) => {
    expect(await received({ path })).toMatchObject({ rawPath, requestContext: { http: { path: rawPath } } });
  });

  differs(
    'a path is cut at an encoded question mark',
    { aws: '/x/a', emulator: '/x/a?b', source: HTTP_PATH_RECORDED },
    async () => (await received({ path: '/x/a%3Fb' }))?.rawPath,
  );
  undecided(
    'an encoded percent sign in a path',
    { ours: '/x/a%b', emulator: '/x/a%25b' },
    async () => (await received({ path: '/x/a%25b' }))?.rawPath,
  );
  undecided(
    'an encoded slash in a path parameter',
    { ours: 'GET /things/{thing}/parts/{part}', emulator: '$default' },
    async () => (await received({ path: '/things/7%2F8/parts/a' }))?.routeKey,
  );
  undecided(
    'a path with two slashes in front',
    { ours: '$default', emulator: 'GET /things/{thing}/parts/{part}' },
    async () => (await received({ path: '//things/7/parts/a' }))?.routeKey,
  );

  test('the query arrives as it was sent, and decoded; what comes twice is joined', async () => {
    const query = 'repeat=one&plus=a+b&repeat=two&encoded=a%2Bb&empty=&%C3%A4=%26';
    const event = await received({ path: `/x?${query}` });
    expect(event?.rawQueryString).toBe(query);
    expect(event?.queryStringParameters).toEqual({ repeat: 'one,two', plus: 'a b', encoded: 'a+b', empty: '', ä: '&' });
  });

  test('the names of headers are lower case', async () => {
    const headers = { 'X-One': 'A', 'content-TYPE': 'text/Plain' };
    const event = await received({ path: '/x', headers });
    expect(event?.headers).toMatchObject({ 'x-one': 'A', 'content-type': 'text/Plain' });
  });
  differs(
    'a header that comes twice is joined by a comma',
    { aws: 'first,second', emulator: 'first, second', source: HTTP_REQUEST_RECORDED },
    async () => (await received({ path: '/x', headers: { 'X-Two': ['first', 'second'] } }))?.headers['x-two'],
  );
  differs(
    'cookies stand beside the headers and not in them',
    {
      aws: { cookies: ['one=1', 'two=2'], header: undefined },
      emulator: { cookies: undefined, header: 'one=1; two=2' },
      source: HTTP_REQUEST_RECORDED,
    },
    async () => {
      const event = await received({ path: '/x', headers: { Cookie: 'one=1; two=2' } });
      return { cookies: event?.cookies, header: event?.headers['cookie'] };
    },
  );
  differs(
    'a request without a body has a length all the same, a trace, and says where it came from',
    {
      aws: {
        'content-length': '0',
        'x-amzn-trace-id': expect.stringMatching(/^Root=1-[0-9a-f]{8}-[0-9a-f]{24}$/),
        'x-forwarded-for': '127.0.0.1',
        'x-forwarded-port': expect.stringMatching(/^\d+$/),
        'x-forwarded-proto': expect.stringMatching(/^https?$/),
      },
      emulator: { 'x-forwarded-proto': 'https' },
      source: HTTP_GET_RECORDED,
    },
    async (): Promise<unknown> => {
      const { headers = {} } = (await received({ path: '/x' })) ?? {};
      const added = Object.entries(headers).filter(([name]) => /^x-(amzn|forwarded)-|^content-length$/.test(name));
      return Object.fromEntries(added);
    },
  );

  test('what a request lacks is absent', async () => {
    const event = await received({ path: '/x' });
    expect(event).toMatchObject({ rawQueryString: '', isBase64Encoded: false });
    for (const member of ['body', 'cookies', 'queryStringParameters', 'stageVariables'])
      expect(event).not.toHaveProperty(member);
  });
  differs(
    'path parameters are absent where the route has none',
    { aws: false, emulator: true, source: HTTP_GET_RECORDED },
    async () => 'pathParameters' in ((await received({ path: '/x' })) ?? {}),
  );

  test('the context says who asked what and when', async () => {
    const before = Date.now();
    const event = await received({ path: '/x', method: 'POST', headers: { 'User-Agent': 'probe/1' } });
    expect(event?.requestContext).toMatchObject({
      accountId: ACCOUNT,
      apiId: expect.stringMatching(/./),
      domainName: expect.stringMatching(/./),
      http: { method: 'POST', path: '/x', protocol: 'HTTP/1.1', sourceIp: '127.0.0.1', userAgent: 'probe/1' },
      requestId: expect.stringMatching(/./),
      routeKey: '$default',
      stage: '$default',
      time: expect.stringMatching(/^\d\d\/[A-Z][a-z]{2}\/\d{4}:\d\d:\d\d:\d\d \+0000$/),
    });
    const { timeEpoch = 0, time = '' } = event?.requestContext ?? {};
    expect(timeEpoch).toBeGreaterThanOrEqual(before);
    expect(Date.parse(time.replace(':', ' '))).toBe(Math.floor(timeEpoch / 1000) * 1000);
  });
  differs(
    "the context has the domain's first part",
    { aws: true, emulator: false, source: HTTP_PAYLOAD },
    async () => 'domainPrefix' in ((await received({ path: '/x' }))?.requestContext ?? {}),
  );

  const GREETING = 'grüß λ 😊';
  test.each([
    ['application/json', false],
    ['application/json; charset=utf-8', false],
    ['text/plain', false],
    ['text/csv', false],
    ['application/xml', false],
    ['application/javascript', false],
    ['application/problem+json', true],
    ['application/x-www-form-urlencoded', true],
    ['application/octet-stream', true],
    [undefined, true],
  ])('a body of the type %s is in base64: %s', async (type, isBase64Encoded) => {
    const headers = type === undefined ? {} : { 'Content-Type': type };
    const event = await received({ method: 'POST', path: '/x', headers, body: GREETING });
    const body = isBase64Encoded ? Buffer.from(GREETING).toString('base64') : GREETING;
    expect(event).toMatchObject({ body, isBase64Encoded });
  });
  undecided(
    'JSON that is not UTF-8',
    {
      ours: { body: Buffer.from([0x22, 0xff, 0x22]).toString('base64'), isBase64Encoded: true },
      emulator: { body: '"\ufffd"', isBase64Encoded: false },
    },
    async () => {
      const headers = { 'Content-Type': 'application/json' };
      const event = await received({ method: 'POST', path: '/x', headers, body: Buffer.from([0x22, 0xff, 0x22]) });
      return { body: event?.body, isBase64Encoded: event?.isBase64Encoded };
    },
  );

  test('HEAD reaches the function, and its body reaches nobody', async () => {
    const script = { returns: { statusCode: 200, headers: { 'x-count': '3' }, body: 'hello' } };
    const { event, status, headers, body } = await ask({ method: 'HEAD', path: '/x', script });
    expect(event?.requestContext.http.method).toBe('HEAD');
    expect({ status, count: headers['x-count'], body: String(body) }).toEqual({ status: 200, count: ['3'], body: '' });
  });
  differs(
    'without a CORS configuration OPTIONS is a request like others',
    { aws: 'OPTIONS', emulator: undefined, source: HTTP_CORS },
    async () => (await ask({ method: 'OPTIONS', path: '/x' })).event?.requestContext.http.method,
  );
}

/** What a caller gets for what a function does. */
export function answerCases({ ask }: Probe): void {
  const answered = (returns: unknown): Promise<Answered> => ask({ path: '/x', script: { returns } });
  const seen = ({ status, headers, body }: Answered) => ({
    status,
    type: headers['content-type']?.join(),
    body: String(body),
  });
  const FAILURE = { status: 500, type: 'application/json', body: '{"message":"Internal Server Error"}' };

  test('status, headers and body are passed on', async () => {
    const headers = { 'Content-Type': 'application/problem+json', 'X-Other': 'a,b', location: '/x/1' };
    const answer = await answered({ statusCode: 422, headers, body: '{"ä":1}' });
    expect(seen(answer)).toEqual({ status: 422, type: 'application/problem+json', body: '{"ä":1}' });
    expect(answer.headers).toMatchObject({ 'x-other': ['a,b'], location: ['/x/1'] });
    expect(answer.headers['apigw-requestid']).toHaveLength(1);
  });

  test('a body in base64 is decoded', async () => {
    const { body } = await answered({ statusCode: 200, body: 'AP8=', isBase64Encoded: true });
    expect(body).toEqual(Buffer.from([0, 255]));
  });

  test('each cookie becomes a header of its own', async () => {
    const { headers } = await answered({ statusCode: 200, cookies: ['a=1; HttpOnly', 'b=2'] });
    expect(headers['set-cookie']).toEqual(['a=1; HttpOnly', 'b=2']);
  });

  // https://github.com/CodeGenieApp/serverless-express/issues/388
  test('a cookie among the headers comes after those', async () => {
    const { headers } = await answered({ statusCode: 200, cookies: ['a=1'], headers: { 'Set-Cookie': 'b=2' } });
    expect(headers['set-cookie']).toEqual(['a=1', 'b=2']);
  });

  differs(
    'a body of no stated type is text',
    {
      aws: expect.stringMatching(/^text\/plain; ?charset=utf-8$/i),
      emulator: 'application/json',
      source: HTTP_ANSWER_RECORDED,
    },
    async () => seen(await answered({ statusCode: 200, body: 'hello' })).type,
  );

  test.each([
    ['a text', 'hello', 'hello'],
    ['a text of no characters', '', ''],
    ['a text with quotes in it', 'say "a"', 'say "a"'],
    ['a number', 42, '42'],
    ['true', true, 'true'],
  ])('%s without a status is the body of a 200', async (_, returns, body) => {
    expect(seen(await answered(returns))).toEqual({ status: 200, type: 'application/json', body });
  });
  for (const [what, returns, aws, emulator] of [
    ['an object', { a: 1, b: 'x' }, '{"a":1,"b":"x"}', '{"a": 1, "b": "x"}'],
    ['a list', [1, 2], '[1,2]', '[1, 2]'],
  ] as const)
    differs(
      `${what} without a status is the body of a 200 as the function wrote it`,
      { aws, emulator, source: HTTP_ANSWER_RECORDED },
      async () => String((await answered(returns)).body),
    );
  undecided('nothing without a status', { ours: 'null', emulator: '' }, async () =>
    String((await answered(null)).body),
  );

  test.each([
    ['404', 404],
    [0, 500],
    [null, 500],
    ['soon', 500],
    [1000, 500],
  ])('a status code of %p is a %p', async (statusCode, status) => {
    expect((await answered({ statusCode, body: 'x' })).status).toBe(status);
  });
  differs(
    'a status code of 200.5 is a failure',
    { aws: FAILURE.status, emulator: 200, source: HTTP_ANSWER_RECORDED },
    async () => (await answered({ statusCode: 200.5, body: 'x' })).status,
  );

  // As AWS's own library for Go writes them: https://github.com/aws/aws-lambda-go/blob/main/events/apigw.go
  test('headers and cookies may be null', async () => {
    const returns = { statusCode: 200, headers: null, multiValueHeaders: null, cookies: null, body: 'x' };
    expect(await answered(returns)).toMatchObject({ status: 200, body: Buffer.from('x') });
  });
  test('a number may be a header', async () => {
    expect((await answered({ statusCode: 200, headers: { 'x-count': 3 } })).headers['x-count']).toEqual(['3']);
  });
  undecided('a truth as a header', { ours: ['true'], emulator: ['True'] }, async () => {
    const { headers } = await answered({ statusCode: 200, headers: { 'x-truth': true } });
    return headers['x-truth'];
  });
  undecided('a body that is null', { ours: 200, emulator: 500 }, async () => {
    const { status } = await answered({ statusCode: 200, body: null });
    return status;
  });

  differs(
    'a header that is a list is a failure',
    { aws: 500, emulator: 200, source: HTTP_LIST_IN_HEADERS },
    async () => (await answered({ statusCode: 200, headers: { 'x-a': ['1', '2'] } })).status,
  );
  for (const [what, returns, emulator] of [
    ['a body that is an object', { statusCode: 200, body: { a: 1 } }, 200],
    ['a header that is an object', { statusCode: 200, headers: { 'x-a': { b: 1 } } }, 200],
    ['cookies that are a text', { statusCode: 200, cookies: 'a=1' }, 200],
  ] as const)
    undecided(what, { ours: 500, emulator }, async () => (await answered(returns)).status);

  for (const [what, path, script, emulator] of [
    ['throws', '/x', { throws: 'secret' }, 'secret'],
    ['takes too long', '/hanging', { hangs: true }, 'Task timed out after'],
  ] as const)
    differs(
      `a function that ${what} is a failure without a reason`,
      {
        aws: FAILURE,
        emulator: {
          ...FAILURE,
          status: 502,
          body: expect.stringContaining(`"errorMessage": "${emulator}`) as unknown,
        },
        source: HTTP_FAILURE,
      },
      async () => seen(await ask({ path, script })),
    );
}
