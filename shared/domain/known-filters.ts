import { filterView, type EventFacts } from './event.ts';
import { compilePattern, matches, type Pattern } from './filter.ts';

const MOST_KNOWN = 1_000;
const known = new Map<string, Pattern>();

/**
 * The filter that a subscription keeps as JSON text, ready for use. The same text is compiled once a process: match meets it
 * with every event, and compiling costs several times what matching does.
 */
export function filterIn(text: string): Pattern {
  const found = known.get(text);
  if (found !== undefined) return found;
  const pattern = compilePattern(JSON.parse(text));
  if (known.size >= MOST_KNOWN) known.delete(known.keys().next().value ?? '');
  known.set(text, pattern);
  return pattern;
}

/** Whether a subscription's filter takes the event, whose data is that text. */
export const passes = (filter: Record<string, unknown> | null, event: EventFacts, data: string): boolean =>
  filter === null || matches(filterIn(JSON.stringify(filter)), filterView(event, JSON.parse(data)));
