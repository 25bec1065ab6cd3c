import js from '@eslint/js';
import { createNodeResolver, importX } from 'eslint-plugin-import-x';
import tseslint from 'typescript-eslint';

/**
 * Who may import whom. Each folder lists what it may reach inside the repository and which packages it may use; everything
 * else is an error, so a new dependency is a decision and not an accident.
 */
const MAY_IMPORT = {
  'shared/domain': { ours: ['shared/domain', 'shared/catalogue/operational.ts'], packages: ['zod', 'node:crypto'] },
  'shared/catalogue': { ours: ['shared/catalogue'], packages: ['zod'] },
  'shared/contract': {
    ours: ['shared/contract', 'shared/domain', 'shared/catalogue/define.ts', 'shared/catalogue/operational.ts'],
    packages: ['zod'],
  },
  'shared/store': { ours: ['shared/domain', 'shared/store'], packages: ['zod', '@aws-sdk/', 'node:'] },
  'shared/wire': { ours: ['shared/domain', 'shared/wire'], packages: ['@aws-sdk/', 'undici', 'ipaddr.js', 'node:'] },
  'shared/runtime': {
    ours: ['shared/domain', 'shared/contract/operation.ts', 'shared/runtime'],
    packages: ['zod', '@middy/core', '@aws-lambda-powertools/', 'aws-lambda'],
  },
  ...Object.fromEntries(
    ['ingest', 'match', 'deliver', 'sweep', 'api', 'portal'].map((stage) => [
      `lambdas/${stage}`,
      {
        ours: [
          'shared/domain',
          'shared/contract',
          'shared/store',
          'shared/wire',
          'shared/runtime',
          'shared/catalogue',
          `lambdas/${stage}`,
        ],
        packages: ['zod', '@middy/core', 'aws-lambda', '#catalogue', 'node:crypto', 'node:timers'],
      },
    ]),
  ),
  infra: {
    ours: ['infra', 'shared/catalogue', 'shared/runtime/env.ts'],
    packages: ['aws-cdk-lib', 'constructs', 'cdk-nag', 'esbuild', 'zod', 'node:'],
  },
  local: {
    ours: ['local', 'shared/domain/filter.ts'],
    packages: ['aws-lambda', 'standardwebhooks', 'fauxqs', 'dynalite', '@aws-sdk/', 'node:'],
  },
  deploy: { ours: ['deploy'], packages: ['@aws-sdk/', 'node:'] },
  client: { ours: ['client'], packages: ['openapi-fetch'] },
  cli: { ours: ['cli', 'client'], packages: ['node:'] },
  portal: { ours: ['portal', 'client'], packages: ['preact'] },
};

const FOLDERS = ['shared', 'lambdas', 'infra', 'local', 'deploy', 'test', 'bench', 'client', 'cli', 'portal'];

const quoted = (text) => text.replaceAll(/[.*+?^${}()|[\]\\/]/g, '\\$&');
/** A package itself or anything below it; what ends in `/` or `:` is a family. */
const packagePattern = (name) => (/[/:]$/.test(name) ? quoted(name) : `${quoted(name)}(?:/|$)`);

const importRules = Object.entries(MAY_IMPORT).map(([folder, { ours, packages }]) => ({
  files: [`${folder}/**/*.{ts,tsx}`],
  rules: {
    'import-x/no-restricted-paths': [
      'error',
      {
        zones: FOLDERS.map((from) => ({
          target: `./${folder}`,
          from: `./${from}`,
          except: ours
            .filter((path) => path === from || path.startsWith(`${from}/`))
            .map((path) => `.${path.slice(from.length)}`),
          message: `${folder} may import ${ours.join(', ')} of this repository.`,
        })),
      },
    ],
    'no-restricted-imports': [
      'error',
      {
        patterns: [
          {
            regex: `^(?!\\.|${packages.map(packagePattern).join('|')})`,
            message: `${folder} may use ${packages.join(', ')}.`,
          },
        ],
      },
    ],
  },
}));

export default tseslint.config(
  { ignores: ['node_modules', 'cdk.out', '.fanout', 'coverage', 'client/schema.ts'] },
  js.configs.recommended,
  {
    files: ['**/*.{ts,tsx}'],
    extends: [tseslint.configs.strictTypeChecked],
    plugins: { 'import-x': importX },
    settings: { 'import-x/resolver-next': [createNodeResolver({ extensions: ['.ts', '.tsx', '.js', '.json'] })] },
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      'import-x/no-cycle': 'error',
      'import-x/no-unresolved': 'off',
      // Refusals and steps are thrown and awaited on purpose in these forms.
      '@typescript-eslint/require-await': 'off',
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/no-confusing-void-expression': 'off',
      // Stores and worlds are closures: their verbs have no `this` to lose.
      '@typescript-eslint/unbound-method': 'off',
      '@typescript-eslint/no-invalid-void-type': 'off',
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true, requireDefaultForNonUnion: false },
      ],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      'max-lines': ['error', { max: 400, skipBlankLines: true, skipComments: true }],
    },
  },
  {
    // Time and chance come in as values: a body that reads the clock cannot be tested at another time.
    files: ['shared/**/*.ts', 'lambdas/**/*.ts'],
    ignores: ['**/live-world.ts'],
    rules: {
      'no-restricted-syntax': [
        'error',
        {
          // That object drags every language's messages into a bundle: 450 KB where 85 would do.
          selector: "ImportDeclaration[source.value='zod'] > ImportSpecifier[imported.name='z']",
          message: "Write `import * as z from 'zod'`.",
        },
        {
          selector: "CallExpression[callee.object.name='Date'][callee.property.name='now']",
          message: 'Take the time as a value.',
        },
        { selector: "NewExpression[callee.name='Date'][arguments.length=0]", message: 'Take the time as a value.' },
        {
          selector: "CallExpression[callee.object.name='Math'][callee.property.name='random']",
          message: 'Take chance as a value.',
        },
      ],
    },
  },
  {
    files: ['test/**/*.ts'],
    rules: {
      '@typescript-eslint/no-dynamic-delete': 'off',
      '@typescript-eslint/no-non-null-assertion': 'off',
      // An answer's JSON is looked into as a caller would, and what it should be is what the test says.
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
      'max-lines': 'off',
    },
  },
  ...importRules,
  { files: ['**/*.js', '**/*.mjs'], languageOptions: { globals: { process: 'readonly', console: 'readonly' } } },
);
