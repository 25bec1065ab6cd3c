import middy from '@middy/core';
import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { Job } from '../../shared/domain/job.ts';
import { batchOf } from '../../shared/runtime/batch.ts';
import { world } from './live-world.ts';
import { sweep } from './sweep.ts';

export const handler = middy<SQSEvent, SQSBatchResponse>().handler(
  batchOf(Job, (records, remainingMs) => sweep(records, world, remainingMs)),
);
