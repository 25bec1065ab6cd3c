import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { SETTING_NAMES } from '../../infra/settings.ts';

/* The commands of docs/deploy.md are run by `npm run deploy:check`. */

const document = readFileSync(new URL('../../docs/deploy.md', import.meta.url), 'utf8');

test('every setting of a deployment stands in the table, and no other', () => {
  const [, table = ''] = /## Settings\n([^]*?)\n## /.exec(document) ?? [];
  const rows = table.split('\n').filter((line) => /^\| `/.test(line));
  const named = rows.flatMap((row) => [...(row.split('|')[1] ?? '').matchAll(/`(\w+)`/g)].map(([, name]) => name));
  expect(named.sort()).toEqual([...SETTING_NAMES].sort());
});
