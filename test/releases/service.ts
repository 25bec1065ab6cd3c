import { ingestOne, type Receipt } from '../../lambdas/ingest/ingest.ts';
import { signedPost } from '../../shared/wire/signed-post.ts';
import type { Outcome } from '../../shared/domain/outcome.ts';
import { writeAll, type Item } from '../../shared/store/database.ts';
import { openControlPlane } from '../support/control-plane.ts';
import type { DynamoDb } from '../support/dynamodb.ts';
import type { TestKms } from '../support/kms.ts';
import { startPipeline } from '../support/pipeline.ts';
import { ACCEPTED, openStores } from '../support/stage-world.ts';

/** One request as it left for a subscriber. */
export interface Sent {
  method: string;
  url: string;
  headers: Record<string, string>;
  body: string;
}

/** A post as its publisher repeats it. */
export interface Post {
  tenant: string;
  text: string;
}

/** What stands in the tables at a moment. */
export interface Standing {
  at?: string;
  control?: readonly Item[];
  flow?: readonly Item[];
}

/**
 * The whole service on one pair of tables: control plane, stages, queues and real signatures. Subscribers are functions, and
 * whoever is given no answer accepts.
 */
export async function openService(dynamo: DynamoDb, kms: TestKms, { at, control = [], flow = [] }: Standing = {}) {
  const stores = await openStores(dynamo, at);
  await writeAll(
    stores.control,
    control.map((put) => ({ put })),
  );
  await writeAll(
    stores.flow,
    flow.map((put) => ({ put })),
  );
  const plane = await openControlPlane(dynamo, kms, stores);
  const pipeline = await startPipeline(dynamo, {}, stores);

  const requests: Sent[] = [];
  const answers = new Map<string, (Outcome | Error)[]>();
  const poster = {
    async post({ method, url, headers, body }: Omit<Sent, 'body'> & { body: Buffer | string }): Promise<Outcome> {
      const answer = answers.get(new URL(url).hostname)?.shift() ?? ACCEPTED;
      if (answer instanceof Error) throw answer;
      requests.push({ method, url, headers, body: String(body) });
      return answer;
    },
    close: async () => {},
  };
  pipeline.worlds.deliver.post = signedPost(plane.world.vault, { poster, newSpan: () => Buffer.alloc(8, 1) });

  return {
    ...pipeline,
    call: plane.call,
    /** Every request that got an answer. */
    requests,
    /** What a host answers, request by request; an error is a fault of ours, and no answer. */
    answers,
    publish: ({ tenant, text }: Post): Promise<Receipt> => ingestOne(text, { tenant }, pipeline.worlds.ingest),
  };
}
export type Service = Awaited<ReturnType<typeof openService>>;
