const STRUCTURE = /"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s"{}[\],:]+/g;

/**
 * JSON on lines of its own, token for token as it was sent: a number of forty digits stays one, which parsing would round.
 *
 * @param text valid JSON
 */
export function indented(text: string): string {
  const tokens = text.match(STRUCTURE) ?? [];
  let depth = 0;
  let shown = '';
  const line = (): string => `\n${'  '.repeat(depth)}`;
  for (const [i, token] of tokens.entries()) {
    const [before, next] = [tokens[i - 1], tokens[i + 1]];
    if (token === '}' || token === ']') {
      depth -= 1;
      shown += before === '{' || before === '[' ? token : line() + token;
    } else if (token === '{' || token === '[') {
      depth += 1;
      shown += token + (next === '}' || next === ']' ? '' : line());
    } else if (token === ',') {
      shown += token + line();
    } else {
      shown += token === ':' ? ': ' : token;
    }
  }
  return shown;
}
