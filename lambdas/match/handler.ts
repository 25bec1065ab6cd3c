import middy from '@middy/core';
import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import * as z from 'zod';
import { TravellingEvent } from '../../shared/domain/event.ts';
import { batchOf } from '../../shared/runtime/batch.ts';
import { world } from './live-world.ts';
import { match } from './match.ts';

/** What a rule's target gets: EventBridge's envelope, whose `detail` is the event. */
const FromBus = z.object({ detail: TravellingEvent }).transform(({ detail }) => detail);

export const handler = middy<SQSEvent, SQSBatchResponse>().handler(
  batchOf(FromBus, (records) => match(records, world)),
);
