import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import openapiTS, { astToString } from 'openapi-typescript';
import { format } from 'prettier';
import { anyOpenApiDocument } from '../support/documents.ts';

const FILE = 'client/schema.ts';
const HEAD = "/* Made of the API's own description: `npm run client` writes it, and a test compares. */\n\n";

type Json = Record<string, unknown>;
const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Examples are for readers, and whatever is refused is a problem document. */
function forTypes(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(forTypes);
  if (!isObject(value)) return value;
  const { example: _example, examples: _examples, links: _links, responses, ...rest } = value;
  const shown = Object.fromEntries(Object.entries(rest).map(([name, one]) => [name, forTypes(one)]));
  if (!isObject(responses)) return shown;
  const [success = ''] = Object.keys(responses).filter((status) => status.startsWith('2'));
  const content = { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } };
  const { headers: _headers, ...answer } = forTypes(responses[success]) as Json;
  return { ...shown, responses: { [success]: answer, default: { description: 'Refused.', content } } };
}

test("the client's types are those of the API", async () => {
  const nodes = await openapiTS(JSON.stringify(forTypes(anyOpenApiDocument)), {
    alphabetize: true,
    defaultNonNullable: false,
  });
  const made = await format(HEAD + astToString(nodes), { parser: 'typescript', printWidth: 120, singleQuote: true });
  if (process.env['WRITE_CLIENT'] === '1') writeFileSync(FILE, made);
  expect(existsSync(FILE) ? readFileSync(FILE, 'utf8') : '').toBe(made);
}, 60_000);
