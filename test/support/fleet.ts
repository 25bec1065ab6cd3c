import type * as z from 'zod';
import { batchOf, type WorkOn } from '../../shared/runtime/batch.ts';
import type { InMemoryQueue } from './in-memory-queue.ts';
import { eventOf } from './pipeline.ts';
import type { VirtualTime } from './virtual-time.ts';

export interface FunctionProps<T> {
  schema: z.ZodType<T>;
  /** What the code of a new environment makes of a batch. */
  open(): WorkOn<T>;
  /** How many environments stand ready from the start, and how long a new one takes to start. */
  warm: number;
  coldMs: number;
}

/** A Lambda function: each invocation has an environment to itself, and environments are used again. */
export class LambdaFunction<T> {
  readonly #props: FunctionProps<T>;
  readonly #time: VirtualTime;
  readonly #idle: WorkOn<T>[] = [];
  #made = 0;

  constructor(time: VirtualTime, props: FunctionProps<T>) {
    this.#time = time;
    this.#props = props;
  }

  async invoke(queue: InMemoryQueue, batchSize: number): Promise<void> {
    const held = queue.receive(batchSize);
    if (held.length === 0) return;
    const work = this.#idle.pop() ?? (await this.#start());
    try {
      const { batchItemFailures } = await batchOf(this.#props.schema, work)(eventOf(held), {
        getRemainingTimeInMillis: () => 60_000,
      });
      const again = new Set(batchItemFailures.map(({ itemIdentifier }) => itemIdentifier));
      for (const { id } of held) if (!again.has(id)) queue.remove(id);
    } finally {
      this.#idle.push(work);
    }
  }

  async #start(): Promise<WorkOn<T>> {
    this.#made += 1;
    if (this.#made > this.#props.warm) await this.#time.sleep(this.#props.coldMs);
    return this.#props.open();
  }
}

export interface MappingProps {
  queue: InMemoryQueue;
  batchSize: number;
  maxConcurrency: number;
}

/** Five batches at a time to begin with, and so many more a minute while more is waiting: https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html */
const FIRST_CONCURRENCY = 5;
const MORE_A_MINUTE = 300;
/** How often a queue is asked. */
const POLL_MS = 10;

/** An event source mapping: the batches of one queue that are at work. */
class Mapping {
  readonly #lambda: Pick<LambdaFunction<unknown>, 'invoke'>;
  readonly #props: MappingProps;
  #allowed: number;
  #running = 0;
  #grewAt = -Infinity;

  constructor(lambda: Pick<LambdaFunction<unknown>, 'invoke'>, props: MappingProps) {
    this.#lambda = lambda;
    this.#props = props;
    this.#allowed = Math.min(FIRST_CONCURRENCY, props.maxConcurrency);
  }

  poll(now: number): void {
    const { queue, batchSize, maxConcurrency } = this.#props;
    const isDue = (): boolean => queue.nextAt <= now;
    if (this.#running >= this.#allowed && isDue() && now - this.#grewAt >= 60_000 / MORE_A_MINUTE) {
      this.#allowed = Math.min(this.#allowed + 1, maxConcurrency);
      this.#grewAt = now;
    }
    while (this.#running < this.#allowed && isDue()) {
      this.#running += 1;
      void this.#lambda.invoke(queue, batchSize).finally(() => (this.#running -= 1));
    }
  }
}

/** Lets functions work on queues, from now on. */
export function mapQueues(
  time: VirtualTime,
  mappings: readonly (MappingProps & { lambda: Pick<LambdaFunction<unknown>, 'invoke'> })[],
): void {
  const made = mappings.map(({ lambda, ...props }) => new Mapping(lambda, props));
  const poll = (): void => {
    for (const mapping of made) mapping.poll(time.now().getTime());
    time.after(POLL_MS, poll);
  };
  poll();
}
