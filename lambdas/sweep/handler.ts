import middy from '@middy/core';
import type { Context } from 'aws-lambda';
import { world } from './live-world.ts';
import { sweep } from './sweep.ts';

/** Once a minute. */
export const handler = middy<unknown, void>().handler((_tick: unknown, context: Context) =>
  sweep(world, () => context.getRemainingTimeInMillis()),
);
