import middy from '@middy/core';
import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { DeliveryMessage } from '../../shared/domain/delivery.ts';
import { batchOf } from '../../shared/runtime/batch.ts';
import { deliver } from './deliver.ts';
import { world } from './live-world.ts';

export const handler = middy<SQSEvent, SQSBatchResponse>().handler(
  batchOf(DeliveryMessage, (records) => deliver(records, world)),
);
