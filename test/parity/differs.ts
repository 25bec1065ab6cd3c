import { expect, test } from '@jest/globals';
import { TARGET } from './target.ts';

/**
 * A case in which the emulator is known not to do what AWS does. The local runner has to do what AWS does; a newer emulator
 * that does so too makes the case fail, and then it becomes a plain test.
 *
 * @param known `source` says how AWS's behaviour is known: its documentation, the SDK's model, or a recording
 * @param observe answers what the target does
 */
export function differs(
  name: string,
  known: { aws: unknown; emulator: unknown; source: string },
  observe: () => Promise<unknown>,
): void {
  test(`${name}, on AWS but not on the emulator`, async () => {
    expect(await observe()).toEqual(TARGET === 'local' ? known.aws : known.emulator);
  });
}

/** A case in which the two differ and nobody has said what AWS does, or has shown it: nothing may rely on either. */
export function undecided(
  name: string,
  known: { ours: unknown; emulator: unknown },
  observe: () => Promise<unknown>,
): void {
  test(`${name} (undecided)`, async () => {
    expect(await observe()).toEqual(TARGET === 'local' ? known.ours : known.emulator);
  });
}

/** A difference of ours that stays, where the emulator does what AWS does. `because` says why nothing here can suffer from it. */
export function leftOut(
  name: string,
  known: { aws: unknown; ours: unknown; source: string; because: string },
  observe: () => Promise<unknown>,
): void {
  test(`${name} (not in the local runner)`, async () => {
    expect(await observe()).toEqual(TARGET === 'local' ? known.ours : known.aws);
  });
}
