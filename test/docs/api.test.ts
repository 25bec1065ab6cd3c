import { test } from '@jest/globals';
import { format, type Options } from 'prettier';
import { fitted } from '../../shared/contract/openapi.ts';
import { pathParameters, TAGS, type Operation, type Refusal } from '../../shared/contract/operation.ts';
import { EXAMPLES, refusalsOf } from '../../shared/contract/refusals.ts';
import { openApiDocument, operations, ours } from '../support/documents.ts';
import { expectMade, row, table } from './made-parts.ts';

/** As the project's own formatting of this page makes it. */
const JSON_STYLE: Options = { parser: 'json', printWidth: 120 };

/** As one word of a shell. */
const quoted = (value: unknown): string => `'${JSON.stringify(value).replaceAll("'", String.raw`'\''`)}'`;

/** The path with an example in each place. */
const filled = ({ path }: Operation): string =>
  pathParameters(path).reduce(
    (filledSoFar, { name, example }) => filledSoFar.replace(`{${name}}`, fitted(example, ours)),
    path,
  );

const posted = openApiDocument as {
  paths: Record<
    string,
    { post?: { requestBody?: { content: Record<string, { examples: Record<string, { value: unknown }> }> } } }
  >;
};

/** Of what can be posted, the catalogue has the examples. */
function bodiesOf({ id, path, body }: Operation): [string, unknown][] {
  if (id !== 'postEvent') return Object.entries(fitted(body?.examples ?? {}, ours));
  const examples = posted.paths[path]?.post?.requestBody?.content['application/json']?.examples ?? {};
  const shortestFirst = Object.values(examples).toSorted((a, b) => quoted(a).length - quoted(b).length);
  return shortestFirst.slice(0, 1).map(({ value }) => ['An event', value]);
}

function commandFor(operation: Operation, body: unknown): string {
  const { method, needs } = operation;
  const parts = [
    'curl -sS',
    ...(method === 'GET' ? [] : [`-X ${method}`]),
    ...(needs === 'open' ? [] : ['-H "authorization: Bearer $FANOUT_KEY"']),
    ...(body === undefined ? [] : ["-H 'content-type: application/json'", `-d ${quoted(body)}`]),
    `"$FANOUT_URL${filled(operation)}"`,
  ];
  return ['```bash', parts.join(' \\\n  '), '```'].join('\n');
}

function questionOf({ query, pages, headers = [] }: Operation): string[] {
  const names = [...Object.keys(query?.shape ?? {}), ...(pages === undefined ? [] : ['limit', 'cursor'])];
  return [
    ...(names.length === 0 ? [] : [`Query: ${names.map((name) => `\`${name}\``).join(', ')}.`]),
    ...(headers.length === 0 ? [] : [`Headers: ${headers.map((name) => `\`${name}\``).join(', ')}.`]),
  ];
}

/** Every operation has these as far as they apply; they stand above all of them. */
const COMMON: readonly Refusal[] = [
  'unauthorized', 'missingScope', 'notFound', 'invalid', 'badQuery', 'badCursor', 'malformedJson', 'notJson', 'tooLarge', 'duplicateMember', 'internal',
]; // prettier-ignore

async function answersOf(operation: Operation): Promise<string> {
  const { status, description, example: general } = operation.answer;
  const example = general === undefined ? undefined : fitted(general, ours);
  const own = [...refusalsOf(operation)].flatMap(([at, refusals]) =>
    refusals.filter((name) => !COMMON.includes(name)).map((name) => `${at} \`${EXAMPLES[name].code}\``),
  );
  const shown =
    example === undefined ? [] : ['```json', (await format(JSON.stringify(example), JSON_STYLE)).trim(), '```'];
  const refused = own.length === 0 ? [] : [`Refusals of its own: ${[...new Set(own)].join(', ')}.`];
  return [`**${status}** ${description}`, shown.join('\n'), ...refused].filter((part) => part !== '').join('\n\n');
}

async function section(operation: Operation): Promise<string> {
  const { method, path, summary, description = '', needs } = operation;
  const bodies = bodiesOf(operation);
  const scope = needs === 'open' ? 'No key.' : needs === 'any' ? 'Any key.' : `Scope \`${needs}\`.`;
  return [
    `### ${summary}`,
    `\`${method} ${path}\` · ${scope} ${questionOf(operation).join(' ')}`.trim(),
    description,
    ...(bodies.length === 0
      ? [commandFor(operation, undefined)]
      : bodies.map(([what, body]) => (bodies.length > 1 ? `${what}:\n\n` : '') + commandFor(operation, body))),
    await answersOf(operation),
  ]
    .filter((part) => part !== '')
    .join('\n\n');
}

async function reference(): Promise<string> {
  const parts: string[] = [];
  for (const [tag, description] of Object.entries(TAGS)) {
    parts.push(`## ${tag}`, description);
    for (const operation of operations) if (operation.tag === tag) parts.push(await section(operation));
  }
  return parts.join('\n\n');
}

const refusals = Object.values(EXAMPLES)
  .toSorted((a, b) => a.status - b.status)
  .map(({ status, code, message }) => row(status, `\`${code}\``, message.replaceAll('|', '\\|')));

test('the reference of the API says what the contract says', async () => {
  expectMade('api.md', {
    refusals: table(['status', 'code', 'as in'], [...new Set(refusals)]),
    reference: await reference(),
  });
});
