import { describe, expect, test } from '@jest/globals';
import { lately } from '../../shared/store/lately.ts';
import { make } from '../support/make.ts';

/** A look-up that is told what it finds, and counts how often it is asked. */
function open(answers: Record<string, string | Error | undefined>) {
  const clock = make.clock();
  const asked: string[] = [];
  const find = async (key: { id: string }): Promise<string | undefined> => {
    asked.push(key.id);
    const answer = answers[key.id];
    if (answer instanceof Error) throw answer;
    return answer;
  };
  const known = lately(find, { keyOf: ({ id }) => id, now: () => clock.now().getTime(), keptMs: 10_000 });
  return {
    clock,
    asked,
    look: (id: string) => known.lately({ id }),
    lookNow: (id: string) => known.now({ id }),
    answers,
  };
}

describe('an answer', () => {
  test('is used again for as long as it is kept, and no longer', async () => {
    const { look, asked, clock, answers } = open({ a: 'old' });
    expect(await look('a')).toBe('old');
    answers.a = 'new';
    clock.advance(9.999);
    expect(await look('a')).toBe('old');
    expect(asked).toEqual(['a']);
    clock.advance(0.001);
    expect(await look('a')).toBe('new');
    clock.advance(9.999);
    expect(await look('a')).toBe('new');
    expect(asked).toEqual(['a', 'a']);
  });

  test('is not kept longer by being asked for', async () => {
    const { look, asked, clock } = open({ a: 'x' });
    for (let i = 0; i < 4; i++) {
      await look('a');
      clock.advance(5);
    }
    expect(asked).toEqual(['a', 'a']);
  });

  test('is shared by all who ask while it is on its way', async () => {
    const { look, asked } = open({ a: 'x' });
    expect(await Promise.all([look('a'), look('a'), look('a')])).toEqual(['x', 'x', 'x']);
    expect(asked).toEqual(['a']);
  });

  test('is that of its own key', async () => {
    const { look, asked } = open({ a: 'x', b: 'y' });
    expect([await look('a'), await look('b'), await look('a')]).toEqual(['x', 'y', 'x']);
    expect(asked).toEqual(['a', 'b']);
  });

  test('that there is nothing is not kept', async () => {
    const { look, answers } = open({});
    expect(await look('a')).toBeUndefined();
    answers.a = 'made a moment ago';
    expect(await look('a')).toBe('made a moment ago');
  });

  test('that failed is not kept, and fails whoever asked', async () => {
    const { look, answers } = open({ a: new Error('throttled') });
    await expect(look('a')).rejects.toThrow('throttled');
    answers.a = 'x';
    expect(await look('a')).toBe('x');
  });
});

test('no more than ten thousand answers are kept: the oldest goes', async () => {
  const { look, asked } = open(Object.fromEntries(Array.from({ length: 10_001 }, (_, i) => [String(i), 'x'])));
  for (let i = 0; i < 10_000; i++) await look(String(i));
  asked.length = 0;
  await look('0');
  await look('10000');
  await look('1');
  await look('0');
  expect(asked).toEqual(['10000', '0']);
});

describe('who must know it as it is now', () => {
  test('has it looked up, and all who ask later profit', async () => {
    const { look, lookNow, answers, asked } = open({ a: 'old' });
    expect(await look('a')).toBe('old');
    answers.a = 'new';
    expect([await lookNow('a'), await look('a')]).toEqual(['new', 'new']);
    expect(asked).toEqual(['a', 'a']);
  });
});
