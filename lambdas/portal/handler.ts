import middy from '@middy/core';
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import { environment } from '../../shared/runtime/env.ts';
import { page } from './page.ts';

const { FRAME_ANCESTORS } = environment('portal');

/** Nothing but this very script and style runs, nobody else is talked to, and only those who are named may show it in a frame. */
const POLICY = [
  "default-src 'none'",
  `script-src '${page.scriptHash}'`,
  `style-src '${page.styleHash}'`,
  "connect-src 'self'",
  'img-src data:',
  "base-uri 'none'",
  "form-action 'none'",
  `frame-ancestors ${FRAME_ANCESTORS}`,
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join('; ');

const HEADERS = {
  'cache-control': 'public, max-age=300',
  'content-security-policy': POLICY,
  etag: page.etag,
  // The token is in the fragment, which no referrer has; nobody needs to know of the tenant's page either.
  'referrer-policy': 'no-referrer',
  'strict-transport-security': 'max-age=31536000',
  'x-content-type-options': 'nosniff',
  vary: 'accept-encoding',
};
const SHOWN = { ...HEADERS, 'content-type': 'text/html; charset=utf-8' };

/** Serves the page that portal sessions lead to. It is the same for everybody, and has no right to anything. */
export const handler = middy<APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2>().handler(
  async ({ headers }) => {
    if (headers['if-none-match'] === page.etag) return { statusCode: 304, headers: HEADERS };
    return /\bgzip\b/.test(headers['accept-encoding'] ?? '')
      ? {
          statusCode: 200,
          headers: { ...SHOWN, 'content-encoding': 'gzip' },
          body: page.gzipped,
          isBase64Encoded: true,
        }
      : { statusCode: 200, headers: SHOWN, body: page.html };
  },
);
