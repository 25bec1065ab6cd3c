import { createHash } from 'node:crypto';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2, Handler } from 'aws-lambda';
import { checkFrames } from '../../infra/portal.ts';
import { buildPortalPage } from '../../infra/portal-page.ts';
import { Synthesis, target } from './synthesis.ts';

const stack = new Synthesis({ stage: 'dev', portalFrames: 'https://app.example.com,https://admin.example.com' });
const closed = new Synthesis({ stage: 'dev' });
const jwt = new Synthesis({ stage: 'dev', auth: { jwt: { issuer: 'https://id.example.com', audience: ['hooks'] } } });
afterAll(() => {
  for (const synthesis of [stack, closed, jwt]) synthesis.remove();
});

const lambdaOf = (synthesis: Synthesis) =>
  synthesis
    .all('AWS::Lambda::Function')
    .find(({ Properties }) => Properties.Environment.Variables['POWERTOOLS_SERVICE_NAME'] === 'portal');

const routesOf = (synthesis: Synthesis): string[] =>
  synthesis.all('AWS::ApiGatewayV2::Route').map(({ Properties }) => Properties.RouteKey);

describe('the function of the portal', () => {
  test('has a right to its own log and to nothing else', () => {
    const role = target(lambdaOf(stack)?.Properties.Role);
    const policies = stack
      .all('AWS::IAM::Policy')
      .filter(({ Properties }) => Properties.Roles.map(target).includes(role));
    const actions = policies
      .flatMap(({ Properties }) => Properties.PolicyDocument.Statement)
      .flatMap(({ Action }) => Action);
    expect(actions.sort()).toEqual(['logs:CreateLogStream', 'logs:PutLogEvents']);
  });

  test('is there where there are sessions that lead to it, and nowhere else', () => {
    expect(routesOf(stack)).toContain('GET /portal');
    expect(routesOf(jwt)).not.toContain('GET /portal');
    expect(lambdaOf(jwt)).toBeUndefined();
  });

  test('is the same whatever events there are: no catalogue lies beside it', () => {
    const lambda = lambdaOf(stack);
    if (lambda === undefined) throw new Error('there is no portal');
    expect(() => stack.code(lambda, 'catalogue.mjs')).toThrow('ENOENT');
  });
});

test.each([
  ['those who are named', stack, 'https://app.example.com https://admin.example.com'],
  ['nobody unless he is named', closed, "'none'"],
])('in a frame it is shown by %s', (_, synthesis, ancestors) => {
  expect(lambdaOf(synthesis)?.Properties.Environment.Variables['FRAME_ANCESTORS']).toBe(ancestors);
});

test.each([
  'https://app.example.com/',
  'https://app.example.com/path',
  'http://app.example.com',
  'https://*',
  'https://*.example.com',
  'https://a;sandbox',
  'ftp://localhost',
  '*',
  "'self'",
  'app.example.com',
  '',
])('a frame of %j is refused', (frame) => {
  expect(() => checkFrames([frame])).toThrow('portalFrames must be origins');
});

test('a frame on the own machine may be plain http, for whoever builds his page', () => {
  expect(() => checkFrames(['http://localhost:3000'])).not.toThrow();
});

describe('the page as the function answers it', () => {
  let handler: (headers?: Record<string, string>) => Promise<APIGatewayProxyStructuredResultV2>;
  const { html, etag } = buildPortalPage();

  beforeAll(async () => {
    const lambda = lambdaOf(stack);
    if (lambda === undefined) throw new Error('there is no portal');
    process.env['FRAME_ANCESTORS'] = 'https://app.example.com';
    const { handler: deployed } = (await import(stack.codePath(lambda, 'index.mjs'))) as {
      handler: Handler<Pick<APIGatewayProxyEventV2, 'headers'>, APIGatewayProxyStructuredResultV2>;
    };
    handler = async (headers = {}) =>
      (await deployed({ headers }, {} as never, () => undefined)) as APIGatewayProxyStructuredResultV2;
  });

  test('is HTML, and smaller for whoever takes gzip', async () => {
    const plain = await handler();
    expect(plain).toMatchObject({ statusCode: 200, body: html });
    expect(plain.headers).toMatchObject({ 'content-type': 'text/html; charset=utf-8', etag, vary: 'accept-encoding' });
    const zipped = await handler({ 'accept-encoding': 'gzip, deflate, br' });
    expect(zipped).toMatchObject({ statusCode: 200, isBase64Encoded: true });
    expect(zipped.headers).toMatchObject({ ...plain.headers, 'content-encoding': 'gzip' });
    const bytes = Buffer.from(zipped.body ?? '', 'base64');
    expect(gunzipSync(bytes).toString()).toBe(html);
    expect(bytes.length).toBeLessThan(html.length / 2);
  });

  test('is not sent again to whoever has it', async () => {
    expect(await handler({ 'if-none-match': etag })).toMatchObject({ statusCode: 304, headers: { etag } });
    expect(await handler({ 'if-none-match': '"another"' })).toMatchObject({ statusCode: 200 });
  });

  test('lets nothing run but its own script and style, and talks to nobody but the API', async () => {
    const { headers, body } = await handler();
    const policy = new Map(
      String(headers?.['content-security-policy'])
        .split('; ')
        .map((part) => {
          const [name = '', ...sources] = part.split(' ');
          return [name, sources.join(' ')];
        }),
    );
    const hashOf = (tag: string): string => {
      const [, text = ''] = new RegExp(`<${tag}[^>]*>([^]*?)</${tag}>`).exec(String(body)) ?? [];
      return `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
    };
    expect(Object.fromEntries(policy)).toEqual({
      'default-src': "'none'",
      'script-src': hashOf('script'),
      'style-src': hashOf('style'),
      'connect-src': "'self'",
      'img-src': 'data:',
      'base-uri': "'none'",
      'form-action': "'none'",
      'frame-ancestors': 'https://app.example.com',
      'require-trusted-types-for': "'script'",
      'trusted-types': "'none'",
    });
    expect(headers).toMatchObject({ 'referrer-policy': 'no-referrer', 'x-content-type-options': 'nosniff' });
    expect(String(body).match(/<(script|style|link|img|iframe)\b[^>]*>/g)).toEqual([
      '<link rel="icon" href="data:,">',
      '<style>',
      '<script type="module">',
    ]);
  });
});

test('the page is the same whenever it is built', () => {
  expect(buildPortalPage()).toEqual(buildPortalPage());
});
