import { expectAsPromised } from './as-promised.ts';
import { operations } from './documents.ts';

/** Where a running system answers, and the key that may do everything. */
export interface Target {
  url: string;
  adminKey: string;
}

export interface Reply {
  status: number;
  headers: Headers;
  text: string;
  /** The body read as JSON; undefined where there is none. */
  body: any; // eslint-disable-line @typescript-eslint/no-explicit-any -- tests look into it as they like
}

export interface Call {
  /** An object is sent as JSON, a string or bytes as they are. */
  body?: unknown;
  key?: string | null;
  headers?: Record<string, string>;
}

const textOf = (body: unknown): string | Uint8Array<ArrayBuffer> =>
  typeof body === 'string' ? body : body instanceof Uint8Array ? new Uint8Array(body) : JSON.stringify(body);

/** Not by `expect`, which only jest has: not everything that calls the API runs in it. */
function bodyOf({ status, text, body }: Reply, expected: number): Reply['body'] {
  if (status !== expected) throw new Error(`The API answers ${status} and not ${expected}: ${text}`);
  return body;
}

/**
 * A caller of the HTTP API, and of nothing else: what it can do, anybody can. It throws where an answer is not one that the contract
 * shows.
 */
export function callerOf(target: Target) {
  async function call(
    method: string,
    path: string,
    { body, key = target.adminKey, headers = {} }: Call = {},
  ): Promise<Reply> {
    const response = await fetch(target.url + path, {
      method,
      headers: {
        ...(key !== null && { authorization: `Bearer ${key}` }),
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body !== undefined && { body: textOf(body) }),
    });
    const text = await response.text();
    const { status, headers: got } = response;
    const reply = { status, headers: got, text, body: text === '' ? undefined : JSON.parse(text) };
    // The client takes `..` out of a path, and it is the rest that was asked for.
    const asked = new URL(target.url + path).pathname;
    expectAsPromised(operations, { method, path: asked }, { ...reply, header: (name) => got.get(name) });
    return reply;
  }

  return {
    call,
    get: (path: string, more?: Call) => call('GET', path, more),
    post: (path: string, body: unknown, more?: Call) => call('POST', path, { body, ...more }),
    patch: (path: string, body: unknown, more?: Call) => call('PATCH', path, { body, ...more }),
    remove: (path: string, more?: Call) => call('DELETE', path, more),

    /** Makes a subscription and answers it with its secret. */
    async subscribe(tenant: string, wish: Record<string, unknown>): Promise<{ id: string; secret: string }> {
      const reply = await call('POST', `/v1/tenants/${tenant}/subscriptions`, { body: wish });
      return bodyOf(reply, 201);
    },

    /** Posts an event and answers its receipt. */
    async publish(
      tenant: string,
      event: unknown,
    ): Promise<{ event_id: string; duplicate: boolean; accepted_at: string }> {
      const reply = await call('POST', `/v1/tenants/${tenant}/events`, { body: event });
      return bodyOf(reply, 202);
    },
  };
}

export type Caller = ReturnType<typeof callerOf>;
