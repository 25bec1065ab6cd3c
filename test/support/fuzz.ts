import { seeded, type Seeded } from './seeded.ts';

/** `FUZZ_SEED=123 npm test -- test/fuzz` runs again what failed; `FUZZ_TIMES=50` runs so many times as much. */
const { FUZZ_SEED, FUZZ_TIMES = '1' } = process.env;
export const SEED = FUZZ_SEED === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(FUZZ_SEED);

/** Runs so many rounds, each with chance of its own. What fails names its seed, which is the first round of a run that is given it. */
export async function fuzz(rounds: number, run: (chance: Seeded, round: number) => unknown): Promise<void> {
  for (let round = 0; round < rounds * Number(FUZZ_TIMES); round++) {
    const seed = SEED + round;
    try {
      await run(seeded(seed), round);
    } catch (cause) {
      throw new Error(`FUZZ_SEED=${seed} (round ${round} of ${SEED}): ${String(cause)}`, { cause });
    }
  }
}
