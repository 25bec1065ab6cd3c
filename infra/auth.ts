import { HttpNoneAuthorizer, type IHttpRouteAuthorizer } from 'aws-cdk-lib/aws-apigatewayv2';
import { HttpIamAuthorizer, HttpJwtAuthorizer } from 'aws-cdk-lib/aws-apigatewayv2-authorizers';
import { faultOfAuth, type environment, type EnvironmentOf } from '../shared/runtime/env.ts';
import { BadSetting } from './bad-setting.ts';

type Told = ReturnType<typeof environment<'api'>>['AUTH'];
type Scope = Extract<Told, { by: 'iam' }>['callers'][number]['scopes'][number];

/** Tokens of an issuer that speaks OpenID Connect. The claim `scope` has our scopes, `fanout_tenant` or `tenant` the tenant, or `*`. */
export interface JwtAuth {
  /** `https://...`, below which `/.well-known/openid-configuration` is found. */
  issuer: string;
  /** A token must be for one of these. */
  audience: readonly string[];
  /** What stands before our scopes in the claim, such as `webhooks/`; other words in there mean nothing. Default: nothing. */
  scopePrefix?: string;
}

/** By the ARN of a role or a user of IAM: what it may do, and the one tenant that it sees. Without a tenant, it sees all. */
export type IamAuth = Readonly<Record<string, { scopes: readonly Scope[]; tenant?: string }>>;

/** How callers of the API are known. */
export type Auth = 'keys' | { jwt: JwtAuth } | { iam: IamAuth };

/** Lambda holds 4 KB of variables, and there are others. */
const LONGEST_VARIABLE = 2_500;

/** What the functions are told. @throws where they could not read it, or the gateway could not do it */
export function authVariable(auth: Auth): EnvironmentOf<'api'>['AUTH'] {
  const text = JSON.stringify(told(auth));
  const fault = faultOfAuth(text);
  if (fault !== undefined) throw new BadSetting(`auth: ${fault}.`);
  if (text.length > LONGEST_VARIABLE)
    throw new BadSetting('auth.iam names more callers than the functions can be told.');
  return text;
}

function told(auth: Auth): object {
  if (auth === 'keys') return { by: 'keys' };
  if ('iam' in auth) {
    // Whatever else stands there goes along, and is refused: a misspelt tenant would be all tenants.
    const callers = Object.entries(auth.iam).map(([arn, caller]) => ({ arn, tenant: null, ...caller }));
    return { by: 'iam', callers };
  }
  const { issuer, audience, ...rest } = auth.jwt;
  if (!/^https:\/\/\S+$/.test(issuer)) throw new BadSetting(`auth.jwt.issuer must be an https URL: ${issuer}`);
  if (audience.length === 0) throw new BadSetting('auth.jwt.audience must name who the tokens are for.');
  return { by: 'jwt', scopePrefix: '', ...rest };
}

/** What the gateway asks for before it calls a function. */
export function authorizerFor(auth: Auth): IHttpRouteAuthorizer {
  if (auth === 'keys') return new HttpNoneAuthorizer();
  if ('iam' in auth) return new HttpIamAuthorizer();
  return new HttpJwtAuthorizer('Tokens', auth.jwt.issuer, { jwtAudience: [...auth.jwt.audience] });
}
