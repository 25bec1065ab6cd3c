import type { KeyObject } from 'node:crypto';
import { withoutValues } from '../domain/hide.ts';
import type { Outcome } from '../domain/outcome.ts';
import type { Payload } from '../domain/payload.ts';
import { signingKey, webhookHeaders } from '../domain/sign.ts';
import type { Subscription } from '../domain/subscription.ts';
import { VERSION } from '../domain/version.ts';
import type { Poster } from './post.ts';

/** One request to a subscriber. */
export interface Sending {
  subscription: Subscription;
  /** The `webhook-id`. */
  id: string;
  payload: Payload;
  traceparent: string | undefined;
  at: Date;
  /** Ends the request when the function's own time is nearly over; it then rejects. */
  signal: AbortSignal;
}

/** Opens what is sealed for a subscription. */
export interface Opener {
  open(place: { tenant: string; subscription: string; field: 'headers' | 'secret' }, sealed: string): Promise<string>;
}

/** What a subscription's requests need opened: asked for again when the subscription changes. */
interface Opened {
  version: number;
  /** The current secret's first. */
  keys: readonly KeyObject[];
  /** Until when the others sign as well, in milliseconds since 1970. */
  othersUntil: number;
  headers: Record<string, string>;
}

const MOST_OPENED = 10_000;
const FOR_EVER = '9999-12-31T23:59:59.999Z';
const USER_AGENT = `event-fanout/${VERSION}`;

/** The child of the publisher's trace: same trace, a parent of our own. `span` is 8 random bytes. */
const traceHeader = (traceparent: string | undefined, span: Buffer): Record<string, string> =>
  traceparent === undefined
    ? {}
    : { traceparent: `${traceparent.slice(0, 36)}${span.toString('hex')}${traceparent.slice(52)}` };

/** What the subscriber answered is kept and shown; what he was told in confidence is not. */
function confided(outcome: Outcome, values: readonly string[]): Outcome {
  if (!('response_excerpt' in outcome) || outcome.response_excerpt === undefined) return outcome;
  return { ...outcome, response_excerpt: withoutValues(outcome.response_excerpt, values) };
}

/** Signs and sends. Opened secrets stay in this process's memory, and nowhere else. */
export function signedPost(
  vault: Opener,
  { poster, newSpan }: { poster: Poster; newSpan: () => Buffer },
): (sending: Sending) => Promise<Outcome> {
  const opened = new Map<string, Opened>();

  async function open(subscription: Subscription): Promise<Opened> {
    const { tenant, id, version } = subscription;
    const known = opened.get(`${tenant} ${id}`);
    if (known?.version === version) return known;
    const place = { tenant, subscription: id } as const;
    const secrets = await Promise.all(
      subscription.sealed_secrets.map((sealed) => vault.open({ ...place, field: 'secret' }, sealed)),
    );
    const headers =
      subscription.sealed_headers === undefined
        ? '{}'
        : await vault.open({ ...place, field: 'headers' }, subscription.sealed_headers);
    const fresh: Opened = {
      version,
      keys: secrets.map(signingKey),
      othersUntil: Date.parse(subscription.previous_expires_at ?? FOR_EVER),
      headers: JSON.parse(headers) as Record<string, string>,
    };
    if (opened.size >= MOST_OPENED) opened.delete(opened.keys().next().value ?? '');
    opened.set(`${tenant} ${id}`, fresh);
    return fresh;
  }

  return async ({ subscription, id, payload, traceparent, at, signal }) => {
    const { keys: all, othersUntil, headers } = await open(subscription);
    const keys = at.getTime() < othersUntil ? all : all.slice(0, 1);
    const outcome = await poster.post({
      method: subscription.method,
      url: subscription.url,
      signal,
      timeoutMs: subscription.timeout_seconds * 1000,
      body: Buffer.from(payload.text),
      headers: {
        ...headers,
        ...payload.headers,
        'user-agent': USER_AGENT,
        ...traceHeader(traceparent, newSpan()),
        ...webhookHeaders({ id, at, body: payload.text, keys }),
      },
    });
    return confided(outcome, Object.values(headers));
  };
}
