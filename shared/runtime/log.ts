import { Logger } from '@aws-lambda-powertools/logger';

const logger = new Logger();

/** One wide line per message, attempt or request. Ids, outcomes and figures only: never a payload, a secret, a header's value. */
export type Line = Readonly<Record<string, string | number | boolean | null | undefined>>;

export const note = (what: string, line: Line): void => logger.info(what, { ...line });

/** Something of ours failed. The line says what it was doing; the cause goes with it, and to nobody outside. */
export const noteFailure = (what: string, error: unknown, line: Line = {}): void =>
  logger.error(what, { ...line, error: error instanceof Error ? error : new Error(String(error)) });
