import type { Schemas } from '../../client/client.ts';

/** What a filter holds is for the API to judge. */
export type Subscription = Omit<Schemas['Subscription'], 'filter'> & { filter: object | null };
type NewSubscription = Schemas['NewSubscription'];
type Patch = Schemas['SubscriptionPatch'];

export const METHODS = ['POST', 'PUT', 'PATCH'] as const;
export const FORMATS = ['envelope', 'standard', 'cloudevents', 'cloudevents-binary'] as const;
export const SIGNINGS = ['v1', 'v1a'] as const;
export const RETRIES = ['standard', 'svix', 'zenoti'] as const;

/** A subscription as a form has it: texts where people write. */
export interface Draft {
  name: string;
  description: string;
  url: string;
  method: NonNullable<NewSubscription['method']>;
  event_types: string[];
  format: NonNullable<NewSubscription['format']>;
  signing: NonNullable<NewSubscription['signing']>;
  /** JSON; empty for none. */
  filter: string;
  timeout_seconds: string;
  /** Empty for the deployment's ceiling. */
  rate_limit_per_second: string;
  /** A preset's name, or seconds with spaces or commas between them. */
  retry: string;
  /** `name: value`, a line each; nobody shows a value once it is set, and an empty one takes the header away. */
  headers: string;
}

export const BLANK: Draft = {
  name: '',
  description: '',
  url: '',
  method: 'POST',
  event_types: [],
  format: 'envelope',
  signing: 'v1',
  filter: '',
  timeout_seconds: '15',
  rate_limit_per_second: '',
  retry: 'standard',
  headers: '',
};

export const draftOf = (one: Subscription): Draft => ({
  name: one.name,
  description: one.description,
  url: one.url,
  method: one.method,
  event_types: one.event_types,
  format: one.format,
  signing: one.signing,
  filter: one.filter === null ? '' : JSON.stringify(one.filter, null, 2),
  timeout_seconds: String(one.timeout_seconds),
  rate_limit_per_second: one.rate_limit_per_second === null ? '' : String(one.rate_limit_per_second),
  retry: typeof one.retry === 'string' ? one.retry : one.retry.delays_seconds.join(' '),
  headers: '',
});

export class BadDraft extends Error {}

/** @throws BadDraft, in words for whoever wrote it */
export function filterIn(text: string): NonNullable<NewSubscription['filter']> | null {
  if (text.trim() === '') return null;
  try {
    return JSON.parse(text) as NonNullable<NewSubscription['filter']>;
  } catch (error) {
    throw new BadDraft(`The filter is not JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function retryIn(text: string): NonNullable<NewSubscription['retry']> {
  const preset = RETRIES.find((name) => name === text.trim());
  return (
    preset ?? {
      delays_seconds: text
        .split(/[\s,]+/)
        .filter((word) => word !== '')
        .map(Number),
    }
  );
}

function headersIn(text: string): Record<string, string | null> {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  return Object.fromEntries(
    lines.map((line) => {
      const at = line.indexOf(':');
      if (at < 1) throw new BadDraft(`"${line}" is no header: write it as name: value.`);
      const value = line.slice(at + 1).trim();
      return [line.slice(0, at).trim().toLowerCase(), value === '' ? null : value];
    }),
  );
}

const numberIn = (text: string): number | null => (text.trim() === '' ? null : Number(text));

/** Whatever both requests have in the same form. */
const membersOf = (draft: Draft) => ({
  description: draft.description,
  url: draft.url.trim(),
  method: draft.method,
  event_types: draft.event_types,
  format: draft.format,
  signing: draft.signing,
  filter: filterIn(draft.filter),
  timeout_seconds: Number(draft.timeout_seconds),
  rate_limit_per_second: numberIn(draft.rate_limit_per_second),
  retry: retryIn(draft.retry),
});

/** @throws BadDraft */
export function wishOf(draft: Draft): NewSubscription {
  const headers = Object.entries(headersIn(draft.headers)).filter(
    (entry): entry is [string, string] => entry[1] !== null,
  );
  return {
    ...membersOf(draft),
    ...(draft.name.trim() !== '' && { name: draft.name.trim() }),
    ...(headers.length > 0 && { headers: Object.fromEntries(headers) }),
  };
}

const isSame = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

/** Only what was changed: somebody else may have changed the rest. @throws BadDraft */
export function changesOf(before: Draft, draft: Draft): Patch {
  const [was, is] = [membersOf(before), membersOf(draft)];
  const changed = Object.entries(is).filter(([name, value]) => !isSame(value, was[name as keyof typeof was]));
  const headers = headersIn(draft.headers);
  return {
    ...Object.fromEntries(changed),
    ...(draft.name !== before.name && { name: draft.name.trim() === '' ? null : draft.name.trim() }),
    ...(Object.keys(headers).length > 0 && { headers }),
  };
}
