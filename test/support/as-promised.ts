import { isDeepStrictEqual } from 'node:util';
import type { Operation } from '../../shared/contract/operation.ts';
import { EXAMPLES, ProblemDocument, refusalsOf } from '../../shared/contract/refusals.ts';

interface Answered {
  status: number;
  header(name: string): string | null | undefined;
  /** The body read as JSON; undefined where there is none. */
  body: unknown;
}

const segments = (path: string): string[] => (path.split('?')[0] ?? '').split('/');

function isAt(template: string, path: string): boolean {
  const [wanted, given] = [segments(template), segments(path)];
  return wanted.length === given.length && wanted.every((part, i) => part.startsWith('{') || part === given[i]);
}

/** Several where one path fits two templates, as `/events/batch` does. */
const operationsAt = (operations: readonly Operation[], method: string, path: string): Operation[] =>
  operations.filter((operation) => operation.method === method && isAt(operation.path, path));

function faultIn(operation: Operation, { status, header, body }: Answered): string | undefined {
  const { schema, headers = [] } = operation.answer;
  if (status === operation.answer.status) {
    const missing = ['x-request-id', ...headers].find((name) => (header(name) ?? '') === '');
    if (missing !== undefined) return `it lacks the header ${missing}`;
    if (schema === undefined) return body === undefined ? undefined : 'it has a body';
    const read = schema.safeParse(body);
    if (!read.success) return read.error.message;
    // What the schema does not name is dropped when it is read.
    return isDeepStrictEqual(read.data, body)
      ? undefined
      : `it has members that nobody promised: ${JSON.stringify(body)}`;
  }
  const document = ProblemDocument.safeParse(body);
  if (!document.success) return `it is no problem document: ${JSON.stringify(body)}`;
  const codes = (refusalsOf(operation).get(status) ?? []).map((refusal) => EXAMPLES[refusal].code);
  return codes.includes(document.data.code) ? undefined : `nobody promised ${status} ${document.data.code}`;
}

/** Fails where an answer is not one that the contract shows for what was asked. */
export function expectAsPromised(
  operations: readonly Operation[],
  { method, path }: { method: string; path: string },
  answered: Answered,
): void {
  const there = operationsAt(operations, method, path);
  const faults = there.map((operation) => faultIn(operation, answered));
  if (there.length > 0 && faults.every((fault) => fault !== undefined)) {
    throw new Error(`${method} ${path} answers ${answered.status} against its contract: ${faults.join('; ')}`);
  }
}
