import createClient, { type Client } from 'openapi-fetch';
import type { components, paths } from './schema.ts';

/** By the names that `/openapi.json` gives them. */
export type Schemas = components['schemas'];
export type Problem = Schemas['Problem'];
export type Api = Client<paths>;

/** The HTTP API with the types of its own description. @param url as `https://hooks.example.com`, without a slash at its end */
export const apiAt = (url: string, key: string): Api =>
  createClient<paths>({ baseUrl: url, headers: { authorization: `Bearer ${key}` } });
