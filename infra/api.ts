import { RemovalPolicy, Stack, Validations } from 'aws-cdk-lib';
import { AccessLogFormat } from 'aws-cdk-lib/aws-apigateway';
import {
  DomainName,
  HttpApi,
  HttpMethod,
  HttpNoneAuthorizer,
  LogGroupLogDestination,
  SecurityPolicy,
  type CfnRoute,
  type CfnStage,
  type HttpRoute,
  type HttpStage,
} from 'aws-cdk-lib/aws-apigatewayv2';
import { HttpLambdaIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations';
import { Certificate } from 'aws-cdk-lib/aws-certificatemanager';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { authorizerFor, type Auth } from './auth.ts';
import { byRoute, settingsOf, type Throttles } from './throttles.ts';

/** A name of your own for the API. */
export interface Domain {
  /** For example `hooks.example.com`. */
  name: string;
  /** ARN of a certificate for it, in the region of the deployment. */
  certificateArn: string;
}

export interface ApiProps {
  /** Takes the posted events. */
  ingest: IFunction;
  /** Takes every other request, those for paths that do not exist included, so that it can answer in the API's own form. */
  controlPlane: IFunction;
  /** Serves the page of portal sessions, where there are any. */
  portal: IFunction | undefined;
  domain: Domain | undefined;
  throttles: Throttles;
  auth: Auth;
  catalogueAccess: CatalogueAccess;
}

/** Whether what events there are is for anybody to see. */
export type CatalogueAccess = 'open' | 'key';

const INGEST_PATHS = ['/v1/tenants/{tenant}/events', '/v1/tenants/{tenant}/events/batch'];

const PORTAL_PATH = '/portal';

const CATALOGUE_PATHS = ['/asyncapi.json', '/v1/event-types', '/v1/event-types/{type}', '/v1/event-groups'];

/** What anybody may ask for without a key. The control plane answers it as well: a route of its own gives it a limit of its own. */
export const openPaths = (access: CatalogueAccess): string[] => [
  '/healthz',
  '/openapi.json',
  ...(access === 'open' ? CATALOGUE_PATHS : []),
];

/** The HTTP API. Keys are checked in the functions, not here. */
export class Api extends Construct {
  /** Where callers reach it. */
  readonly url: string;
  /** What the record of the own domain has to name, an alias or a CNAME. */
  readonly domainTarget: string | undefined;

  constructor(
    scope: Construct,
    id: string,
    { ingest, controlPlane, portal, domain, throttles, auth, catalogueAccess }: ApiProps,
  ) {
    super(scope, id);
    const toControlPlane = new HttpLambdaIntegration('ControlPlane', controlPlane);
    const http = new HttpApi(this, 'Http', {
      apiName: Stack.of(this).stackName,
      createDefaultStage: false,
      defaultIntegration: toControlPlane,
      defaultAuthorizer: authorizerFor(auth),
    });
    const toIngest = new HttpLambdaIntegration('Ingest', ingest);
    const posting = INGEST_PATHS.flatMap((path) =>
      http.addRoutes({ path, methods: [HttpMethod.POST], integration: toIngest }),
    );
    const openTo = (integration: HttpLambdaIntegration, paths: readonly string[]): HttpRoute[] =>
      paths.flatMap((path) =>
        http.addRoutes({ path, methods: [HttpMethod.GET], integration, authorizer: new HttpNoneAuthorizer() }),
      );
    const open = openTo(toControlPlane, openPaths(catalogueAccess));
    if (portal !== undefined) open.push(...openTo(new HttpLambdaIntegration('Portal', portal), [PORTAL_PATH]));
    const domainName = domain && this.makeDomain(domain);
    const stage = this.makeStage(http, domainName);
    throttle(stage, { posting, open }, throttles);
    this.url = domainName ? stage.domainUrl : stage.url;
    this.domainTarget = domainName?.regionalDomainName;
    // With keys there is one reason for all routes. Without, those that need nobody have theirs, and any other one must have an authorizer.
    if (auth === 'keys') Validations.of(http).acknowledge({ id: NO_AUTHORIZER, reason: CHECKED_IN_FUNCTIONS });
    else for (const route of open) Validations.of(route).acknowledge({ id: NO_AUTHORIZER, reason: NEEDS_NOBODY });
  }

  private makeDomain({ name, certificateArn }: Domain): DomainName {
    return new DomainName(this, 'Domain', {
      domainName: name,
      certificate: Certificate.fromCertificateArn(this, 'Certificate', certificateArn),
      securityPolicy: SecurityPolicy.TLS_1_2,
    });
  }

  private makeStage(http: HttpApi, domainName: DomainName | undefined): HttpStage {
    const log = new LogGroup(this, 'AccessLog', {
      retention: RetentionDays.ONE_MONTH,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    const stage = http.addStage('Stage', {
      autoDeploy: true,
      accessLogSettings: { destination: new LogGroupLogDestination(log), format: ACCESS_LOG_LINE },
      ...(domainName && { domainMapping: { domainName } }),
    });
    return stage;
  }
}

const NO_AUTHORIZER = 'AwsSolutions::AwsSolutions-APIG4';
const CHECKED_IN_FUNCTIONS =
  'The functions check the key of every request. The cached answer of an authorizer would hold for other routes and scopes, could not be taken back at once, and would not be a problem document.';
const NEEDS_NOBODY =
  'Whether it is up, and what events there are, anybody may ask; all other routes have the authorizer of this deployment.';

/** The limit of the stage is for whatever has none of its own: `$default`, and so the control plane. */
function throttle(
  stage: HttpStage,
  { posting, open }: Record<'posting' | 'open', readonly HttpRoute[]>,
  throttles: Throttles,
): void {
  const made = stage.node.defaultChild as CfnStage;
  made.defaultRouteSettings = settingsOf(throttles.controlPlane);
  made.routeSettings = { ...byRoute(keysOf(posting), throttles.ingest), ...byRoute(keysOf(open), throttles.open) };
  // API Gateway refuses the settings of a route that is not there yet.
  stage.node.addDependency(...posting, ...open);
}

/** As `GET /healthz`. */
const keysOf = (routes: readonly HttpRoute[]): string[] =>
  routes.map((route) => (route.node.defaultChild as CfnRoute).routeKey);

/** Who called what, and how it went; neither headers nor bodies, for they hold keys and payloads. */
const ACCESS_LOG_LINE = AccessLogFormat.custom(
  JSON.stringify({
    requestId: '$context.requestId',
    time: '$context.requestTimeEpoch',
    ip: '$context.identity.sourceIp',
    method: '$context.httpMethod',
    path: '$context.path',
    route: '$context.routeKey',
    status: '$context.status',
    bytes: '$context.responseLength',
    ms: '$context.responseLatency',
    error: '$context.integrationErrorMessage',
  }),
);
