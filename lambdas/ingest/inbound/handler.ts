import middy from '@middy/core';
import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { FromService } from '../../../shared/domain/inbound.ts';
import { batchOf } from '../../../shared/runtime/batch.ts';
import { takeInbound } from './inbound.ts';
import { world } from './live-world.ts';

export const handler = middy<SQSEvent, SQSBatchResponse>().handler(
  batchOf(FromService, (records) => takeInbound(records, world)),
);
