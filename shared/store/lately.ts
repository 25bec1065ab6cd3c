/** How long an answer may be used again, and by what name it is known. `now` is milliseconds. */
export interface Keeping<Key> {
  keyOf(key: Key): string;
  now(): number;
  keptMs: number;
}

/** `lately` answers what may be as old as that; `now` looks, and everybody profits from it. */
export interface Lately<Key, Value> {
  lately(key: Key): Promise<Value | undefined>;
  now(key: Key): Promise<Value | undefined>;
}

const MOST_KEPT = 10_000;

/**
 * A look-up whose answers are used again for a while. That nothing was found is never kept: what was made a moment ago must
 * be found now.
 */
export function lately<Key, Value>(
  find: (key: Key) => Promise<Value | undefined>,
  { keyOf, now, keptMs }: Keeping<Key>,
): Lately<Key, Value> {
  const kept = new Map<string, { value: Promise<Value | undefined>; until: number }>();

  function look(key: Key): Promise<Value | undefined> {
    const name = keyOf(key);
    const value = find(key);
    kept.delete(name);
    if (kept.size >= MOST_KEPT) kept.delete(kept.keys().next().value ?? '');
    const entry = { value, until: now() + keptMs };
    kept.set(name, entry);
    // A later look may stand there by then, and is not ours to take away.
    const forget = (): void => {
      if (kept.get(name) === entry) kept.delete(name);
    };
    value.then((found) => {
      if (found === undefined) forget();
    }, forget);
    return value;
  }

  return {
    lately(key) {
      const known = kept.get(keyOf(key));
      return known !== undefined && known.until > now() ? known.value : look(key);
    },
    now: look,
  };
}
