import { once } from 'node:events';

/** What one step of the check made of itself: its message says which, and its cause why. */
export class StepFailed extends Error {
  override readonly name = 'StepFailed';
}

/**
 * Does one step of the check, after a line that names it.
 *
 * @param seconds when it counts as failed; `work` is told by its signal, and not waited for any longer
 * @throws StepFailed
 */
export async function step<T>(title: string, seconds: number, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  console.log(`\n=== ${title} (${timeOfDay()})`);
  const signal = AbortSignal.timeout(seconds * 1_000);
  const late = once(signal, 'abort').then(() => {
    throw new Error(`It was not done after ${seconds} s.`);
  });
  try {
    return await Promise.race([work(signal), late]);
  } catch (cause) {
    throw new StepFailed(title, { cause });
  }
}

export const tell = (line: string): void => console.log(`    ${line}`);

/** In UTC, as `.ci/run` prints it. */
export const timeOfDay = (): string => new Date().toISOString().slice(11, 19);
