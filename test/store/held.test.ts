import { afterAll, beforeAll } from '@jest/globals';
import { startDynalite, type DynamoDb } from '../support/dynamodb.ts';
import { heldContract } from './held.contract.ts';

let dynalite: DynamoDb;
beforeAll(async () => {
  dynalite = await startDynalite();
});
afterAll(() => dynalite.close());

heldContract('dynalite', () => dynalite.open());
