import Sequencer from '@jest/test-sequencer';

/** The longest first. Of some, most is waiting: the others fill it. */
const LONG = ['local/crash-at-random', 'stages/crash-outage', 'stages/crash', 'stages/erase-tenant', 'stages/outage'];

const placeOf = ({ path }) => {
  const place = LONG.findIndex((name) => path.endsWith(`/test/${name}.test.ts`));
  return place < 0 ? LONG.length : place;
};

/**
 * A fresh clone knows no times of earlier runs, and jest would begin with the largest files: of the two longest tests, which are small
 * ones, one would run alone in the end. Plain JavaScript, because the types of what it extends are not those of what node imports.
 */
export default class LongestFirst extends Sequencer {
  async sort(tests) {
    return (await super.sort(tests)).toSorted((a, b) => placeOf(a) - placeOf(b));
  }
}
