import { readFileSync, writeFileSync } from 'node:fs';
import { expect } from '@jest/globals';

/* Some parts of docs/ are made from the code. `npm run docs` writes them; without it, a test compares. */

export const row = (...cells: readonly (string | number)[]): string => `| ${cells.join(' | ')} |`;

export const table = (head: readonly string[], rows: readonly string[]): string =>
  [row(...head), row(...head.map(() => '---')), ...rows].join('\n');

/** The document with each made part in its place, between the comments that name it. */
const filled = (document: string, parts: Readonly<Record<string, string>>): string =>
  Object.entries(parts).reduce(
    (text, [name, made]) =>
      text.replace(
        new RegExp(`(<!-- made: ${name} -->\n)[^]*?(<!-- end -->)`),
        (_, before: string, after: string) => `${before}\n${made}\n\n${after}`,
      ),
    document,
  );

/** Prettier pads the columns of tables; what they say is the same. */
const unpadded = (text: string): string => text.replaceAll(/ +/g, ' ').replaceAll(/-{3,}/g, '---');

/** Fails where a document of docs/ has not these parts, by their names, as they are made now. */
export function expectMade(document: string, parts: Readonly<Record<string, string>>): void {
  const file = new URL(`../../docs/${document}`, import.meta.url);
  const text = readFileSync(file, 'utf8');
  for (const name of Object.keys(parts)) expect(text).toContain(`<!-- made: ${name} -->\n`);
  const wanted = filled(text, parts);
  if (process.env['WRITE_DOCS'] === '1') writeFileSync(file, wanted);
  else expect(unpadded(text)).toBe(unpadded(wanted));
}
