import { postEvent, postEvents } from '../../shared/contract/events.ts';
import { Problem, problemDocument } from '../../shared/domain/problem.ts';
import { idempotencyKeyIn, type Request, type Route } from '../../shared/runtime/http.ts';
import { ingestBatch, ingestOne, MOST_BATCH_BYTES, MOST_EVENT_BYTES, type Origin, type World } from './ingest.ts';

const TRACEPARENT = /^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/;

function originOf(request: Request): Origin {
  const { traceparent } = request.headers;
  return {
    tenant: request.params.tenant ?? '',
    traceparent: traceparent !== undefined && TRACEPARENT.test(traceparent) ? traceparent : undefined,
  };
}

export const routes: readonly Route<World>[] = [
  {
    operation: postEvent,
    async answer(request, world) {
      const origin = { ...originOf(request), idempotencyKey: idempotencyKeyIn(request) };
      return { status: 202, body: await ingestOne(request.text(MOST_EVENT_BYTES), origin, world) };
    },
  },
  {
    operation: postEvents,
    async answer(request, world) {
      const { results, ...counts } = await ingestBatch(request.text(MOST_BATCH_BYTES), originOf(request), world);
      const shown = results.map((result) =>
        'problem' in result && result.problem instanceof Problem
          ? { problem: problemDocument(result.problem, request.requestId) }
          : result,
      );
      return { status: 202, body: { ...counts, results: shown } };
    },
  },
];
