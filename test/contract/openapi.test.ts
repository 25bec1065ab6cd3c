import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, describe, expect, test } from '@jest/globals';
import { Parser } from '@asyncapi/parser';
import catalogue from '#catalogue';
import { OPERATIONAL_TYPES } from '../../shared/catalogue/operational.ts';
import * as z from 'zod';
import { EXAMPLES } from '../../shared/contract/refusals.ts';
import { problems } from '../../shared/domain/problem.ts';
import { VERSION } from '../../shared/domain/version.ts';
import { asyncApiDocument, openApiDocument, operations } from '../support/documents.ts';

const types = [...Object.keys(catalogue.eventTypes), ...Object.keys(OPERATIONAL_TYPES)];

const folder = mkdtempSync(join(tmpdir(), 'event-fanout-contract-'));
const file = join(folder, 'openapi.json');
writeFileSync(file, JSON.stringify(openApiDocument));
afterAll(() => rmSync(folder, { recursive: true }));

const run = (program: string, ...args: string[]): Promise<{ stdout: string }> =>
  promisify(execFile)(join('node_modules/.bin', program), args, {
    env: { ...process.env, REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true' },
  });

/** What the linter prints, however it ends. */
const printedBy = (program: string, ...args: string[]): Promise<string> =>
  run(program, ...args).then(
    ({ stdout }) => stdout,
    (failure: unknown) => z.object({ stdout: z.string() }).parse(failure).stdout,
  );

describe('/openapi.json', () => {
  test('is clean by the strict rules of redocly', async () => {
    const printed = await printedBy('redocly', 'lint', file, '--extends=recommended-strict', '--format=json');
    expect(JSON.parse(printed)).toMatchObject({ totals: { errors: 0, warnings: 0, ignored: 0 }, problems: [] });
  });

  test("is clean by spectral's rules for OpenAPI", async () => {
    const rules = join(folder, 'rules.json');
    writeFileSync(rules, '{"extends": ["spectral:oas"]}');
    expect(
      JSON.parse(await printedBy('spectral', 'lint', file, '--ruleset', rules, '--format=json', '--quiet')),
    ).toEqual([]);
  });

  test('has an example of every refusal there is', () => {
    expect(Object.keys(EXAMPLES).toSorted()).toEqual(Object.keys(problems).toSorted());
  });

  test('names every operation once, and links only to those that there are', () => {
    const ids = operations.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    const linked = operations.flatMap(({ answer }) =>
      Object.values(answer.links ?? {}).map(({ operation }) => operation),
    );
    expect(linked.filter((id) => !ids.includes(id))).toEqual([]);
  });

  test('says which release it is of', () => {
    expect(VERSION).toBe(JSON.parse(readFileSync('package.json', 'utf8')).version);
  });
});

describe('an operation', () => {
  test.each(operations.map((operation) => [operation.id, operation] as const))(
    '%s keeps to its own schemas',
    (_, operation) => {
      const { body, answer } = operation;
      for (const example of Object.values(body?.examples ?? {}))
        expect(body?.schema.safeParse(example).error).toBeUndefined();
      if (answer.schema === undefined) expect(answer.status).toBe(204);
      else expect(answer.schema.parse(answer.example)).toEqual(answer.example);
    },
  );
});

describe('/asyncapi.json', () => {
  test('is AsyncAPI 3 with a message for every type in every format', async () => {
    const { document, diagnostics } = await new Parser().parse(JSON.stringify(asyncApiDocument));
    // There is a later version of the language.
    expect(diagnostics.map(({ code }) => code)).toEqual(['asyncapi-latest-version']);
    expect(document?.allMessages()).toHaveLength(4 * types.length);
  });
});
