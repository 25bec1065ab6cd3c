import { readFileSync } from 'node:fs';
import { parseSync } from '@swc/core';

/* The titles of a file's tests, as they stand in its source: read from its syntax, so that a comment is no test. */

interface Node {
  type: string;
  callee?: unknown;
  arguments?: { expression: Node }[];
  object?: unknown;
  property?: { value?: string };
  value?: unknown;
}

const isNode = (value: unknown): value is Node => typeof value === 'object' && value !== null && 'type' in value;

function* nodesIn(value: unknown): Generator<Node> {
  if (typeof value !== 'object' || value === null) return;
  if (isNode(value)) yield value;
  for (const inner of Object.values(value)) yield* nodesIn(inner);
}

/** Whether this is `test`, `describe`, or either of them `.each(...)`: what is skipped or still to do holds nothing. */
function isTest(callee: unknown): boolean {
  if (!isNode(callee)) return false;
  if (callee.type === 'Identifier') return callee.value === 'test' || callee.value === 'describe';
  if (callee.type === 'CallExpression') return isTest(callee.callee);
  return callee.type === 'MemberExpression' && callee.property?.value === 'each' && isTest(callee.object);
}

/** @param file path from the root of the project */
export function titlesIn(file: string): Set<string> {
  const source = readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8');
  const titles = [...nodesIn(parseSync(source, { syntax: 'typescript', target: 'es2024' }))]
    .filter(({ type, callee }) => type === 'CallExpression' && isTest(callee))
    .map((call) => call.arguments?.[0]?.expression)
    .filter((title) => title?.type === 'StringLiteral')
    .map((title) => String(title?.value));
  return new Set(titles);
}
