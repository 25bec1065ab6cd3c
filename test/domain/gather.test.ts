import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { gather } from '../../shared/domain/gather.ts';

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
