import * as z from 'zod';
import { keyOfClaims, keyOfIdentity, type Auth } from '../domain/caller.ts';
import type { Key } from '../domain/key.ts';
import { problems } from '../domain/problem.ts';
import type { Authenticate } from './http.ts';

/** https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html */
const WithClaims = z.object({
  authorizer: z.object({ jwt: z.object({ claims: z.record(z.string(), z.unknown()) }) }),
});
const WithIdentity = z.object({ authorizer: z.object({ iam: z.object({ userArn: z.string() }) }) });

/**
 * Takes the gateway's word for who asks. Where it has none, nobody is let in: the function is then called by something that has no
 * authorizer before it.
 */
export const byGateway =
  (auth: Exclude<Auth, { by: 'keys' }>, now: () => Date): Authenticate =>
  async (_bearer, _as, context): Promise<Key> => {
    if (auth.by === 'jwt') {
      const found = WithClaims.safeParse(context).data;
      if (found !== undefined) return keyOfClaims(found.authorizer.jwt.claims, auth, now());
    } else {
      const found = WithIdentity.safeParse(context).data;
      if (found !== undefined) return keyOfIdentity(found.authorizer.iam.userArn, auth, now());
    }
    throw problems.unauthorized();
  };
