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

  test('hears that there is nothing any more, and so does everybody after', async () => {
    const { look, lookNow, answers, asked } = open({ a: 'old' });
    await look('a');
    answers.a = undefined;
    expect([await lookNow('a'), await look('a')]).toEqual([undefined, undefined]);
    expect(asked).toEqual(['a', 'a', 'a']);
  });

  test('has it kept from then on, and not from the look before', async () => {
    const { look, lookNow, clock, asked } = open({ a: 'x' });
    await look('a');
    clock.advance(9);
    await lookNow('a');
    clock.advance(9);
    await look('a');
    expect(asked).toEqual(['a', 'a']);
  });

  test('fails where the look-up fails, and leaves no answer that others would get', async () => {
    const { look, lookNow, answers } = open({ a: 'old' });
    await look('a');
    answers.a = new Error('throttled');
    await expect(lookNow('a')).rejects.toThrow('throttled');
    answers.a = 'new';
    expect(await look('a')).toBe('new');
  });

  test.each<[string, (answer: PromiseWithResolvers<string | undefined>) => void]>([
    ['finds nothing', ({ resolve }) => resolve(undefined)],
    ['fails', ({ reject }) => reject(new Error('throttled'))],
  ])('keeps his answer where an earlier look %s later', async (_, end) => {
    const answers = [Promise.withResolvers<string | undefined>(), Promise.withResolvers<string | undefined>()];
    let asked = 0;
    const known = lately(() => answers[asked++]!.promise, { keyOf: String, now: () => 0, keptMs: 10_000 });
    const [slow, quick] = [known.lately('a'), known.now('a')];
    answers[1]!.resolve('made a moment ago');
    await quick;
    end(answers[0]!);
    await Promise.allSettled([slow]);
    expect(await known.lately('a')).toBe('made a moment ago');
    expect(asked).toBe(2);
  });
});
