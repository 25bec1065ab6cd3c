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
  /** A preset's name, seconds with spaces or commas between them, or `none`. */
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
  retry: typeof one.retry === 'string' ? one.retry : one.retry.delays_seconds.join(' ') || NO_RETRIES,
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

/** Of somebody who wants a failed delivery to be given up at once. */
const NO_RETRIES = 'none';

/** Null for the default. @throws BadDraft */
function retryIn(text: string): NonNullable<NewSubscription['retry']> | null {
  const word = text.trim();
  if (word === '') return null;
  if (word === NO_RETRIES) return { delays_seconds: [] };
  const preset = RETRIES.find((name) => name === word);
  return preset ?? { delays_seconds: word.split(/[\s,]+/).map((wait) => numberIn(wait, 'Retries')) };
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

/** @throws BadDraft */
function numberIn(text: string, label: string): number {
  const number = Number(text);
  if (text.trim() === '' || !Number.isFinite(number)) throw new BadDraft(`${label}: "${text}" is no number.`);
  return number;
}

/** Null for the default. @throws BadDraft */
const numberOrDefault = (text: string, label: string): number | null =>
  text.trim() === '' ? null : numberIn(text, label);

/** Whatever both requests have in the same form. */
const membersOf = (draft: Draft) => ({
  description: draft.description,
  url: draft.url.trim(),
  method: draft.method,
  event_types: draft.event_types,
  format: draft.format,
  signing: draft.signing,
  filter: filterIn(draft.filter),
  timeout_seconds: numberOrDefault(draft.timeout_seconds, 'Time-out'),
  rate_limit_per_second: numberOrDefault(draft.rate_limit_per_second, 'Requests a second'),
  retry: retryIn(draft.retry),
});

/** @throws BadDraft */
export function wishOf(draft: Draft): NewSubscription {
  const headers = Object.entries(headersIn(draft.headers)).filter(
    (entry): entry is [string, string] => entry[1] !== null,
  );
  const { url, event_types, ...optional } = membersOf(draft);
  // What is left to the default is left out: null is for changes.
  const chosen = Object.entries(optional).filter(([, value]) => value !== null);
  return {
    url,
    event_types,
    ...Object.fromEntries(chosen),
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
