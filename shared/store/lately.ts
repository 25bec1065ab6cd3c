/** How long an answer may be used again, and by what name it is known. `now` is milliseconds. */
export interface Keeping<Key> {
  keyOf(key: Key): string;
  now(): number;
  keptMs: number;
}

const MOST_KEPT = 10_000;

/**
 * A look-up whose answers are used again for a while. That nothing was found is never kept: what was made a moment ago must
 * be found now.
 */
export function lately<Key, Value>(
  find: (key: Key) => Promise<Value | undefined>,
  { keyOf, now, keptMs }: Keeping<Key>,
) {
  const kept = new Map<string, { value: Promise<Value | undefined>; until: number }>();

  return (key: Key): Promise<Value | undefined> => {
    const name = keyOf(key);
    const known = kept.get(name);
    if (known !== undefined && known.until > now()) return known.value;
    const value = find(key);
    kept.delete(name);
    if (kept.size >= MOST_KEPT) kept.delete(kept.keys().next().value ?? '');
    kept.set(name, { value, until: now() + keptMs });
    value.then(
      (found) => found === undefined && kept.delete(name),
      () => kept.delete(name),
    );
    return value;
  };
}
