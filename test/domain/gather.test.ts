import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { gather, shared } from '../../shared/domain/gather.ts';

beforeEach(() => void jest.useFakeTimers());
afterEach(() => void jest.useRealTimers());

/** Keeps the groups it is handed, and answers what `failing` says. */
function recorder(failing: (group: readonly string[]) => Promise<readonly number[]> = async () => []) {
  const groups: string[][] = [];
  const handle = (group: readonly string[]): Promise<readonly number[]> => {
    groups.push([...group]);
    return failing(group);
  };
  return { groups, handle };
}

const settled = (promises: Promise<void>[]): Promise<string[]> =>
  Promise.allSettled(promises).then((results) =>
    results.map((result) => (result.status === 'fulfilled' ? 'done' : String(result.reason))),
  );

describe('items that come at about the same time', () => {
  test('share one call, in their order', async () => {
    const { groups, handle } = recorder();
    const send = gather<string>({ most: 10, handle });
    const sent = ['a', 'b', 'c'].map(send);
    expect(groups).toEqual([]);
    jest.advanceTimersByTime(3);
    expect(await settled(sent)).toEqual(['done', 'done', 'done']);
    expect(groups).toEqual([['a', 'b', 'c']]);
  });

  test('do not wait for company when they are as many as fit', async () => {
    const { groups, handle } = recorder();
    const send = gather<string>({ most: 2, handle });
    expect(await settled(['a', 'b', 'c', 'd'].map(send))).toEqual(['done', 'done', 'done', 'done']);
    expect(groups).toEqual([
      ['a', 'b'],
      ['c', 'd'],
    ]);
  });

  test('wait from the first one on, however many come after it', () => {
    const { groups, handle } = recorder();
    const send = gather<string>({ most: 10, handle });
    void send('a');
    jest.advanceTimersByTime(2);
    void send('b');
    jest.advanceTimersByTime(1);
    expect(groups).toEqual([['a', 'b']]);
  });

  test('do not hurry those that come after a full group', () => {
    const { groups, handle } = recorder();
    const send = gather<string>({ most: 2, handle });
    void send('a');
    jest.advanceTimersByTime(2);
    void send('b');
    void send('c');
    jest.advanceTimersByTime(2);
    expect(groups).toEqual([['a', 'b']]);
    jest.advanceTimersByTime(1);
    expect(groups).toEqual([['a', 'b'], ['c']]);
  });

  test('form the next group while the last one is still being handled', async () => {
    const { groups, handle } = recorder(() => new Promise(() => {}));
    const send = gather<string>({ most: 1, handle });
    void send('a');
    void send('b');
    expect(groups).toEqual([['a'], ['b']]);
  });
});

describe('an item', () => {
  test('fails alone when it alone was not taken', async () => {
    const { handle } = recorder(async (group) => [group.indexOf('b')]);
    const send = gather<string>({ most: 3, handle });
    expect(await settled(['a', 'b', 'c'].map(send))).toEqual(['done', 'Error: it was not taken', 'done']);
  });

  test('fails with all others of its group when the call fails', async () => {
    const { handle } = recorder(async () => {
      throw new Error('throttled');
    });
    const send = gather<string>({ most: 2, handle });
    expect(await settled(['a', 'b'].map(send))).toEqual(['Error: throttled', 'Error: throttled']);
  });

  test('fails with the call that fails before it begins', async () => {
    const handle = (): never => {
      throw new Error('no client');
    };
    expect(await settled([gather<string>({ most: 1, handle })('a')])).toEqual(['Error: no client']);
  });

  test('does not pay for the group before its own', async () => {
    const { handle } = recorder(async (group) => {
      if (group.includes('a')) throw new Error('throttled');
      return [];
    });
    const send = gather<string>({ most: 1, handle });
    expect(await settled(['a', 'b'].map(send))).toEqual(['Error: throttled', 'done']);
  });

  test('is not done before its call has answered', async () => {
    let answer = (_failed: readonly number[]): void => {};
    const send = gather<string>({ most: 1, handle: () => new Promise((resolve) => (answer = resolve)) });
    let done = false;
    const sent = send('a').then(() => (done = true));
    await Promise.resolve();
    expect(done).toBe(false);
    answer([]);
    await sent;
    expect(done).toBe(true);
  });
});

describe('items of one key that come at about the same time', () => {
  interface Counted {
    of: string;
    n: number;
  }

  /** Adds up what shares a meeting, and keeps what was met. */
  function opened(handle = async (items: readonly Counted[]) => items.reduce((sum, { n }) => sum + n, 0)) {
    const met: Counted[][] = [];
    const count = shared<Counted, number>({
      keyOf: ({ of }) => of,
      waitMs: 20,
      handle(items) {
        met.push([...items]);
        return handle(items);
      },
    });
    return { met, count: (of: string, n: number) => count({ of, n }) };
  }

  test('are handled as one, in their order, and share what comes of it', async () => {
    const { met, count } = opened();
    const all = [count('a', 1), count('a', 2), count('a', 3)];
    expect(met).toEqual([]);
    jest.advanceTimersByTime(20);
    expect(await Promise.all(all)).toEqual([6, 6, 6]);
    expect(met).toEqual([[1, 2, 3].map((n) => ({ of: 'a', n }))]);
  });

  test('do not meet those of another', async () => {
    const { count } = opened();
    const all = [count('a', 1), count('b', 10), count('a', 2), count('b', 20)];
    jest.advanceTimersByTime(20);
    expect(await Promise.all(all)).toEqual([3, 30, 3, 30]);
  });

  test('wait from the first one on, however many come after it', async () => {
    const { met, count } = opened();
    const first = count('a', 1);
    jest.advanceTimersByTime(19);
    void count('a', 2);
    await Promise.resolve();
    expect(met).toEqual([]);
    jest.advanceTimersByTime(1);
    expect(await first).toBe(3);
  });

  test('meet anew while those before are still being handled', async () => {
    const answers: ((sum: number) => void)[] = [];
    const { met, count } = opened(() => new Promise((answer) => answers.push(answer)));
    const first = count('a', 1);
    await jest.advanceTimersByTimeAsync(20);
    const second = count('a', 2);
    await jest.advanceTimersByTimeAsync(20);
    expect(met).toEqual([[{ of: 'a', n: 1 }], [{ of: 'a', n: 2 }]]);
    answers[1]?.(22);
    answers[0]?.(11);
    expect(await Promise.all([first, second])).toEqual([11, 22]);
  });

  test('fail together, and those after them do not', async () => {
    let fails = true;
    const { count } = opened(async () => {
      if (fails) throw new Error('throttled');
      return 7;
    });
    const all = Promise.allSettled([count('a', 1), count('a', 2)]);
    await jest.advanceTimersByTimeAsync(20);
    expect((await all).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    fails = false;
    const next = count('a', 3);
    await jest.advanceTimersByTimeAsync(20);
    expect(await next).toBe(7);
  });

  test('fail where handling fails before it begins', async () => {
    const count = shared<string, number>({
      keyOf: (text) => text,
      waitMs: 20,
      handle() {
        throw new Error('no client');
      },
    });
    const failed = expect(count('a')).rejects.toThrow('no client');
    await jest.advanceTimersByTimeAsync(20);
    await failed;
  });
});
