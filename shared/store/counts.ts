import { GetCommand, PutCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import * as z from 'zod';
import { Counts, countsOf, type Counted } from '../domain/count.ts';
import { unlessRefused } from './conditional.ts';
import { readAll, writeAll, type Along, type ItemKey, type Table } from './database.ts';
import { COUNT_SHARDS, keys } from './keys.ts';
import { readable, warn, type Report } from './readable.ts';

/** It is folded within minutes. Longer than somebody needs who finds the sweep at a standstill, no count names its tenant. */
const KEPT_SECONDS = 3 * 86_400;

/**
 * Makes the item that holds what a call's writes count for, to go along with them; `first` is the key of one of them. Whoever repeats a
 * write counts again: these are attempts that were made. A count that is lost fails nothing, for a delivery is worth more than its figure.
 *
 * @param lost hears of counts that were not kept
 */
export const countingIn =
  (table: Table, lost: Report = warn) =>
  (counted: readonly Counted[], first: ItemKey | undefined): Along | undefined => {
    if (first === undefined) return undefined;
    const now = table.now();
    const expires_at = Math.ceil(now.getTime() / 1000) + KEPT_SECONDS;
    return { put: { ...keys.count(now.toISOString(), first), v: 1, counts: countsOf(counted), expires_at }, lost };
  };

/**
 * What a batch counts, gathered until its last record so that it is one item: its attempts end one by one, and each of them is written
 * when it does. Whoever dies before that takes his counts with him. Where no records are expected, counts go along at once.
 */
export function tallyIn(table: Table, lost?: Report) {
  const itemOf = countingIn(table, lost);
  let counted: Counted[] = [];
  let first: ItemKey | undefined;
  let expected = 0;

  /** All of it, to go along with a call; undefined where more is expected. */
  function take(): Along | undefined {
    if (expected > 0) return undefined;
    const along = itemOf(counted, first);
    counted = [];
    first = undefined;
    return along;
  }

  return {
    take,
    /** So many records are about to come, or fewer. */
    expect: (records: number): void => void (expected = records),
    recorded: (): void => void (expected = Math.max(expected - 1, 0)),
    /** Counts what is written under that key. */
    add(one: Counted, key: ItemKey): void {
      counted.push(one);
      first ??= key;
    },
    /** Resolves when what has not gone along is kept, or lost. No more is expected. */
    async keep(): Promise<void> {
      expected = 0;
      await writeAll(table, [], take());
    },
  };
}

/** What is folded at once: all that was counted from one moment on and before another. Each has a number, the later ones higher ones. */
const Window = z.object({ number: z.number(), from_at: z.string(), to_at: z.string() });
export type Window = z.infer<typeof Window>;

/** A window of one minute is the rule. After a standstill it may be longer, and must still fit into the time and memory of one job. */
const LONGEST_WINDOW_MS = 2 * 60_000;
const NOTHING_FOLDED: Window = { number: 0, from_at: '', to_at: '' };
const MOMENT_CHARS = '2026-03-04T05:06:07.890Z'.length;

const momentIn = (position: string): string => position.slice(0, MOMENT_CHARS);

export type CountStore = ReturnType<typeof countsIn>;

/** What batches have counted and is to be folded, and how far it is. */
export function countsIn(table: Table, report: Report = warn) {
  const { db, name: TableName } = table;
  const partitions = Array.from({ length: COUNT_SHARDS }, (_, shard) => keys.countPartition(shard));

  async function latest(): Promise<Window> {
    const { Item } = await db.send(new GetCommand({ TableName, Key: keys.fold, ConsistentRead: true }));
    return Item === undefined ? NOTHING_FOLDED : Window.parse(Item);
  }

  async function firstIn(pk: string, from: string): Promise<string | undefined> {
    for await (const { sk } of readAll(table, { pk, from, limit: 1, only: [], consistent: 'yes' })) return String(sk);
    return undefined;
  }

  /** The moment of the first count from that moment on. */
  async function firstFrom(from: string): Promise<string | undefined> {
    const firsts = await Promise.all(partitions.map((pk) => firstIn(pk, from)));
    const [first] = firsts.flatMap((position) => position ?? []).toSorted();
    return first && momentIn(first);
  }

  /** False where somebody else did, or has gone further. */
  async function open(window: Window): Promise<boolean> {
    const put = new PutCommand({
      TableName,
      Item: { ...keys.fold, v: 1, ...window },
      ConditionExpression: 'attribute_not_exists(pk) OR #number = :before',
      ExpressionAttributeNames: { '#number': 'number' },
      ExpressionAttributeValues: { ':before': window.number - 1 },
    });
    return (await unlessRefused(db.send(put))) !== undefined;
  }

  return {
    /**
     * The window that is open, or else the next one, of what was counted before then; undefined where there is nothing, or where
     * somebody else has just opened it. Nothing may be counted in it any more, so that whoever folds it finds the same.
     */
    async nextWindow(before: Date): Promise<Window | undefined> {
      const { number, from_at, to_at } = await latest();
      if (from_at < to_at) return { number, from_at, to_at };
      const first = await firstFrom(to_at);
      if (first === undefined || first >= before.toISOString()) return undefined;
      const end = Math.min(before.getTime(), Date.parse(first) + LONGEST_WINDOW_MS);
      const window = { number: number + 1, from_at: to_at, to_at: new Date(end).toISOString() };
      return (await open(window)) ? window : undefined;
    },

    /** What was counted in it, each with its moment. */
    async *counted({ from_at: from, to_at: after }: Window): AsyncGenerator<{ counts: Counts; moment: string }> {
      for (const pk of partitions) {
        // Backwards, for so a range ends at both ends.
        const range = { pk, from, after, order: 'newest', consistent: 'yes' } as const;
        for await (const item of readAll(table, range)) {
          const counts = readable(z.object({ counts: Counts }), item, report)?.counts;
          if (counts !== undefined) yield { counts, moment: momentIn(String(item.sk)) };
        }
      }
    },

    /** All of it is added up. Harmless where somebody else has said so, or has gone further. */
    async folded({ number }: Window): Promise<void> {
      const update = new UpdateCommand({
        TableName,
        Key: keys.fold,
        UpdateExpression: 'SET from_at = to_at',
        ConditionExpression: '#number = :number',
        ExpressionAttributeNames: { '#number': 'number' },
        ExpressionAttributeValues: { ':number': number },
      });
      await unlessRefused(db.send(update));
    },
  };
}
