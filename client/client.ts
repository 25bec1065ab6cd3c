import createClient, { type Client } from 'openapi-fetch';
import type { components, paths } from './schema.ts';

export type Problem = components['schemas']['Problem'];
export type Api = Client<paths>;

/** The HTTP API with the types of its own description. @param url as `https://hooks.example.com`, without a slash at its end */
export const apiAt = (url: string, key: string): Api =>
  createClient<paths>({ baseUrl: url, headers: { authorization: `Bearer ${key}` } });
