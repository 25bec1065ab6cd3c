import { list, object, type Json } from './json.ts';

/** Calls the HTTP API with the admin key, as any caller would; throws on every answer but a 2xx. */
export type Call = (method: string, path: string, body?: unknown) => Promise<Json>;

export const clientOf =
  (url: string, adminKey: string): Call =>
  async (method, path, body) => {
    const headers = { authorization: `Bearer ${adminKey}`, 'content-type': 'application/json' };
    const response = await fetch(url + path, {
      method,
      headers,
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path} answers ${response.status}: ${text}`);
    return object(text === '' ? {} : JSON.parse(text));
  };

/** The items of a list, as far as its first page goes. */
export const itemsOf = ({ items = [] }: Json): Json[] => list(items).map(object);
