import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { KMSClient } from '@aws-sdk/client-kms';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SQSClient } from '@aws-sdk/client-sqs';
import type { Emulators } from '../../local/emulators.ts';

/** The real SDK's clients, pointed at the emulators. */
export function clientsOf({ sqs, dynamodb, other }: Emulators['endpoints']) {
  const common = { region: 'us-east-1', credentials: { accessKeyId: 'local', secretAccessKey: 'local' } };
  return {
    sqs: new SQSClient({ ...common, endpoint: sqs, useQueueUrlAsEndpoint: false }),
    dynamodb: new DynamoDBClient({ ...common, endpoint: dynamodb }),
    events: new EventBridgeClient({ ...common, endpoint: other }),
    kms: new KMSClient({ ...common, endpoint: other }),
    secrets: new SecretsManagerClient({ ...common, endpoint: other }),
  };
}
