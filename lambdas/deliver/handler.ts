import middy from '@middy/core';
import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { DeliveryMessage } from '../../shared/domain/delivery.ts';
import { batchOf } from '../../shared/runtime/batch.ts';
import { deliver } from './deliver.ts';
import { world } from './live-world.ts';

/** What is left of the function's time when requests are cut off: enough to put them back and to settle the others. */
const SPARE_MS = 8_000;

export const handler = middy<SQSEvent, SQSBatchResponse>().handler(
  batchOf(DeliveryMessage, (records, remainingMs) =>
    deliver(records, world, AbortSignal.timeout(Math.max(remainingMs() - SPARE_MS, 0))),
  ),
);
