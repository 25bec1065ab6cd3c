import { randomBytes } from 'node:crypto';
import { environment } from '../../shared/runtime/env.ts';
import { byGateway } from '../../shared/runtime/gateway-auth.ts';
import { notingUse } from '../../shared/runtime/http.ts';
import { noteFailure } from '../../shared/runtime/log.ts';
import { accessKeysIn } from '../../shared/store/access-keys.ts';
import { keyUseIn } from '../../shared/store/key-use.ts';
import { openDatabase } from '../../shared/store/database.ts';
import { openSecrets, secretFrom } from '../../shared/wire/secret.ts';
import { worldOf } from './world-of.ts';

const env = environment('ingest');
const db = openDatabase();
const now = (): Date => new Date();

const accessKeys = accessKeysIn(
  { db, name: env.CONTROL_TABLE, now },
  secretFrom(openSecrets(), { arn: env.ADMIN_KEY_SECRET, now: () => Date.now() }),
);
const byKey = notingUse(accessKeys.authenticate, {
  note: keyUseIn({ db, name: env.FLOW_TABLE, now }).note,
  report: (error) => noteFailure('key.use_not_noted', error),
});
export const authenticate = env.AUTH.by === 'keys' ? byKey : byGateway(env.AUTH, now);

export const world = worldOf(env, { db, now, random: randomBytes });
