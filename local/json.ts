/** What others wrote is read and not trusted: a surprise says what it is, instead of turning into "undefined" further on. */
export type Json = Record<string, unknown>;

export const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

export function object(value: unknown): Json {
  if (isObject(value)) return value;
  throw new Error(`${JSON.stringify(value)} is not an object`);
}

export function list(value: unknown): unknown[] {
  if (Array.isArray(value)) return value;
  throw new Error(`${JSON.stringify(value)} is not a list`);
}

export function text(value: unknown): string {
  if (typeof value === 'string') return value;
  throw new Error(`${JSON.stringify(value)} is not a text`);
}

/** fauxqs refuses a body with characters beyond the basic plane; escaped, it is the same JSON. */
export const asciiJson = (value: unknown): string =>
  JSON.stringify(value).replace(/[\u007f-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
