import { seeded, type Seeded } from './seeded.ts';

/**
 * The same rounds each time, so that no change is blamed for what another one did: `FUZZ_SEED=$RANDOM FUZZ_TIMES=50 npm test -- test/fuzz`
 * looks further, with a seed of one's own and so many times as much.
 */
const { FUZZ_SEED = '1', FUZZ_TIMES = '1' } = process.env;
export const SEED = Number(FUZZ_SEED);

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
