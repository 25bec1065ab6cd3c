import type { MiddlewareObj } from '@middy/core';
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import { Problem, problemDocument, problems } from '../domain/problem.ts';
import { note, noteFailure } from './log.ts';

const answered = (problem: Problem, requestId: string): APIGatewayProxyStructuredResultV2 => ({
  statusCode: problem.status,
  headers: { 'content-type': 'application/problem+json', 'x-request-id': requestId, ...problem.headers },
  body: JSON.stringify(problemDocument(problem, requestId)),
});

/** The only place where an error turns into an HTTP answer, and the one wide line of every request. */
export const showProblems = (): MiddlewareObj<APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2> => ({
  after: ({ event, response }) => {
    noteRequest(event, response?.statusCode ?? 200);
  },
  onError: (request) => {
    const { event, error } = request;
    const { requestId } = event.requestContext;
    if (!(error instanceof Problem))
      noteFailure('request.failed', error, { request_id: requestId, route: event.routeKey });
    const problem = error instanceof Problem ? error : problems.internal();
    request.response = answered(problem, requestId);
    noteRequest(event, problem.status, problem.code);
  },
});

const noteRequest = ({ requestContext }: APIGatewayProxyEventV2, status: number, code?: string): void => {
  const { requestId, http } = requestContext;
  note('request', { request_id: requestId, method: http.method, path: http.path, status, code });
};
