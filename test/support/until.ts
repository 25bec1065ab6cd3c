import { setTimeout as pause } from 'node:timers/promises';

type Falsy = false | null | undefined;

/** Resolves to what `condition` gives as soon as that is truthy (a test waits for things, never for time); throws when it takes too long. */
export async function until<T>(condition: () => T | Falsy | Promise<T | Falsy>, withinMs = 10_000): Promise<T> {
  const giveUpAt = Date.now() + withinMs;
  for (;;) {
    const value = await condition();
    if (value) return value;
    if (Date.now() > giveUpAt) throw new Error(`still not so after ${withinMs} ms: ${condition.toString()}`);
    await pause(5);
  }
}
