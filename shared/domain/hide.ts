const HIDDEN = '***';
/** What is shorter tells nothing, and hiding it would spoil every excerpt that has a 1 in it. */
const SHORTEST = 6;

/** A value, its parts (a token without the word Bearer), and each as JSON spells it. The longest first, as it may hold the others. */
function spellings(value: string): string[] {
  const parts = [value, ...value.split(/[\s,;=]+/)].filter((part) => part.length >= SHORTEST);
  const all = parts.flatMap((part) => [part, JSON.stringify(part).slice(1, -1)]);
  return [...new Set(all)].toSorted((a, b) => b.length - a.length);
}

/** Of a text that was cut, how much at its end may be the beginning of what stands behind the cut. */
function cutOff(text: string, spelling: string): number {
  const most = Math.min(text.length, spelling.length - 1);
  for (let length = most; length >= SHORTEST; length--) if (text.endsWith(spelling.slice(0, length))) return length;
  return 0;
}

/** An excerpt of what a subscriber answered, without what we sent him in confidence: some endpoints repeat every header they get. */
export function withoutValues(excerpt: string, values: readonly string[]): string {
  const all = values.flatMap(spellings).toSorted((a, b) => b.length - a.length);
  const hidden = all.reduce((text, spelling) => text.replaceAll(spelling, HIDDEN), excerpt);
  const end = Math.max(0, ...all.map((spelling) => cutOff(hidden, spelling)));
  return end === 0 ? hidden : hidden.slice(0, -end) + HIDDEN;
}
