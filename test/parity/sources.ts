/** Where it is said, or was recorded, what AWS does. */

const DOCS = 'https://docs.aws.amazon.com';
/** Recordings that others made against AWS itself; LocalStack's are dated, and aws-lambda-dotnet is AWS's own. */
const DOTNET = 'https://github.com/aws/aws-lambda-dotnet/blob/2fdb7687a01acff3afd970dd16e201abd4a8d3ad';
const LOCALSTACK =
  'https://github.com/localstack/localstack/blob/8b9a79f05846835cf4dff63ab7eefdde9df83783/tests/aws/services';

export const HTTP_PAYLOAD = `${DOCS}/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html`;
export const HTTP_CORS = `${DOCS}/apigateway/latest/developerguide/http-api-cors.html`;
export const HTTP_FAILURE = `${DOCS}/apigateway/latest/developerguide/http-api-troubleshooting-lambda.html`;
export const HTTP_REQUEST_RECORDED =
  'https://github.com/hotsock/voker/blob/59c7289ac4c579691e5eb05e8ede5f75fe601846/vokerhttp/testdata/apigwv2-request.json';
export const HTTP_GET_RECORDED =
  'https://github.com/awslabs/aws-lambda-rust-runtime/blob/056adeab51c442629c57e8c79ed35db5223088d4/lambda-http/tests/data/apigw_v2_proxy_request_minimal.json';
export const HTTP_ANSWER_RECORDED = `${DOTNET}/Tools/LambdaTestTool-v2/tests/Amazon.Lambda.TestTool.IntegrationTests/InvokeResponseExtensionsIntegrationTests.cs`;
export const HTTP_PATH_RECORDED = 'https://github.com/middleapi/standard-server/pull/93';
export const HTTP_LIST_IN_HEADERS = 'https://github.com/CodeGenieApp/serverless-express/issues/355';

export const PUT_EVENTS_ENTRY = `${DOCS}/eventbridge/latest/APIReference/API_PutEventsRequestEntry.html`;
export const PUT_EVENTS_REQUEST = `${DOCS}/eventbridge/latest/APIReference/API_PutEvents.html`;
export const PUT_EVENTS_RECORDED = `${LOCALSTACK}/events/test_events.snapshot.json`;
export const RULE_DEAD_LETTERS = `${DOCS}/eventbridge/latest/userguide/eb-rule-dlq.html`;
export const RULE_GROUPS = `${DOCS}/eventbridge/latest/APIReference/API_SqsParameters.html`;

export const BATCH_ANSWERS = `${DOCS}/lambda/latest/dg/services-sqs-errorhandling.html`;
export const SQS_RECORD_RECORDED = `${LOCALSTACK}/lambda_/event_source_mapping/test_lambda_integration_sqs.snapshot.json`;
export const SQS_SEND = `${DOCS}/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html`;
export const SQS_RECORDED = `${LOCALSTACK}/sqs/test_sqs.snapshot.json`;
