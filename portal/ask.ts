import { useCallback, useEffect, useState } from 'preact/hooks';
import type { Problem } from '../client/client.ts';

/** What the typed client answers. */
export interface Said<T> {
  data?: T | undefined;
  error?: unknown;
  response: Pick<Response, 'ok' | 'status'>;
}

/** Why there is no answer: the API's own words, or ours where it could not be reached. */
export type Refusal = Pick<Problem, 'detail' | 'errors'> & Partial<Pick<Problem, 'code'>>;

const UNREACHABLE: Refusal = { detail: 'The service cannot be reached. Try again in a moment.' };

/** What stands before the API, or fails in front of it, says nothing that anybody could use. */
const isProblem = (error: unknown): error is Problem =>
  typeof error === 'object' && error !== null && 'detail' in error && typeof error.detail === 'string';

function refusalOf({ error, response: { status } }: Said<unknown>): Refusal {
  if (isProblem(error)) return error;
  if (status === 429) return { detail: 'There are too many requests at the moment. Try again in a while.' };
  return { detail: `The service does not answer as it should (${status}). Try again in a moment.` };
}

/** Never throws. */
async function settled<T>(asking: Promise<Said<T>>): Promise<{ data?: T | undefined; refusal?: Refusal }> {
  try {
    const said = await asking;
    return said.response.ok ? { data: said.data } : { refusal: refusalOf(said) };
  } catch {
    return { refusal: UNREACHABLE };
  }
}

export interface Answer<T> {
  /** Undefined until it is there; an older one while it is asked for again. */
  data: T | undefined;
  refusal: Refusal | undefined;
  again(): void;
}

/** Asks when it is shown, and whenever one of `inputs` is another. */
export function useAnswer<T>(ask: () => Promise<Said<T>>, inputs: readonly unknown[]): Answer<T> {
  const [answer, setAnswer] = useState<{ data?: T | undefined; refusal?: Refusal }>({});
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    let isCurrent = true;
    void settled(ask()).then(({ data, refusal }) => {
      if (isCurrent) setAnswer((before) => (refusal === undefined ? { data } : { data: before.data, refusal }));
    });
    return () => {
      isCurrent = false;
    };
  }, [turn, ...inputs]);
  return { data: answer.data, refusal: answer.refusal, again: () => setTurn(turn + 1) };
}

export interface Page<T> {
  items: T[];
  next_cursor: string | null;
}

export interface Pages<T> {
  /** Undefined until the first page is there. */
  items: T[] | undefined;
  refusal: Refusal | undefined;
  busy: boolean;
  /** Asks for the next page; undefined at the end. */
  more: (() => void) | undefined;
  /** Begins anew. */
  again(): void;
}

/** A page of a filtered list may be empty and still go on: so many are looked through at a time. */
const MOST_EMPTY_PAGES = 10;

async function nextPage<T>(
  ask: (cursor?: string) => Promise<Said<Page<T>>>,
  from?: string,
): Promise<{ data?: Page<T> | undefined; refusal?: Refusal }> {
  let answer = await settled(ask(from));
  for (let seen = 1; seen < MOST_EMPTY_PAGES; seen++) {
    const { data } = answer;
    if (data === undefined || data.items.length > 0 || data.next_cursor === null) return answer;
    answer = await settled(ask(data.next_cursor));
  }
  return answer;
}

interface Gathered<T> {
  /** Which list it is of. */
  of?: string;
  items?: T[];
  cursor?: string | undefined;
  refusal?: Refusal | undefined;
}

/** A list, page by page. It begins anew whenever one of `inputs` is another. */
export function usePages<T>(
  ask: (cursor?: string) => Promise<Said<Page<T>>>,
  inputs: readonly (string | undefined)[],
): Pages<T> {
  const list = inputs.join(' ');
  const [gathered, setGathered] = useState<Gathered<T>>({});
  const { items, cursor, refusal } = gathered.of === list ? gathered : {};
  const [wanted, setWanted] = useState<{ of: string; from?: string }>({ of: list });
  const [busy, setBusy] = useState(true);
  const from = wanted.of === list ? wanted.from : undefined;
  useEffect(() => {
    let isCurrent = true;
    setBusy(true);
    void nextPage(ask, from).then(({ data, refusal }) => {
      if (!isCurrent) return;
      setBusy(false);
      setGathered((last) => {
        const before = last.of === list ? last : {};
        if (data === undefined) return { ...before, of: list, refusal };
        const items = from === undefined ? data.items : [...(before.items ?? []), ...data.items];
        return { of: list, items, cursor: data.next_cursor ?? undefined };
      });
    });
    return () => {
      isCurrent = false;
    };
  }, [wanted, list]);
  return {
    items,
    refusal,
    busy,
    more: cursor === undefined ? undefined : () => setWanted({ of: list, from: cursor }),
    again: () => setWanted({ of: list }),
  };
}

export interface Action<T> {
  busy: boolean;
  refusal: Refusal | undefined;
  /** Lets go of the refusal. */
  forget(): void;
  /** Asks, one at a time, and tells `then` of what came back. */
  run(ask: () => Promise<Said<T>>, then?: (data: T | undefined) => void): void;
}

/** Something that is done by a button. */
export function useAction<T = unknown>(): Action<T> {
  const [busy, setBusy] = useState(false);
  const [refusal, setRefusal] = useState<Refusal>();
  const run = useCallback((ask: () => Promise<Said<T>>, then?: (data: T | undefined) => void) => {
    setBusy(true);
    setRefusal(undefined);
    void settled(ask()).then(({ data, refusal }) => {
      setBusy(false);
      setRefusal(refusal);
      if (refusal === undefined) then?.(data);
    });
  }, []);
  return { busy, refusal, forget: () => setRefusal(undefined), run };
}
