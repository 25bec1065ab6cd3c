/** How many single-character edits turn one word into the other (Levenshtein), upper and lower case alike. */
function distance(from: string, to: string): number {
  const [a, b] = [from.toLowerCase(), to.toLowerCase()];
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}

const LONGEST_COMPARED = 200;

/** The word most like `wanted`, or undefined when there is nothing to choose from. */
export function nearest(wanted: string, words: readonly string[]): string | undefined {
  const word = wanted.slice(0, LONGEST_COMPARED);
  return words
    .map((candidate) => ({ candidate, edits: distance(word, candidate) }))
    .toSorted((a, b) => a.edits - b.edits)[0]?.candidate;
}
