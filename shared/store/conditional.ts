import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { DeleteCommand } from '@aws-sdk/lib-dynamodb';
import type { ItemKey, Table } from './database.ts';

/** The answer of a write, or undefined where its condition failed. */
export async function unlessRefused<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof ConditionalCheckFailedException) return undefined;
    throw error;
  }
}

/** Removes the item where `only` holds; `:it` in it stands for the value. */
export const removeIf = (
  { db, name: TableName }: Table,
  Key: ItemKey,
  { only, it }: { only: string; it: unknown },
): Promise<unknown> =>
  unlessRefused(
    db.send(new DeleteCommand({ TableName, Key, ConditionExpression: only, ExpressionAttributeValues: { ':it': it } })),
  );
