import { afterAll, beforeAll } from '@jest/globals';
import { startDynalite, type DynamoDb } from '../support/dynamodb.ts';
import { accessKeysContract } from './access-keys.contract.ts';
import { attemptsContract } from './attempts.contract.ts';
import { databaseContract } from './database.contract.ts';
import { keyUseContract } from './key-use.contract.ts';
import { eventsContract } from './events.contract.ts';
import { subscriptionsContract } from './subscriptions.contract.ts';
import { tenantsContract } from './tenants.contract.ts';
import { vaultContract } from './vault.contract.ts';

let dynalite: DynamoDb;
beforeAll(async () => {
  dynalite = await startDynalite();
});
afterAll(() => dynalite.close());

const contracts = [
  databaseContract,
  eventsContract,
  attemptsContract,
  subscriptionsContract,
  accessKeysContract,
  keyUseContract,
  vaultContract,
  tenantsContract,
];
for (const contract of contracts) contract('dynalite', () => dynalite.open());
